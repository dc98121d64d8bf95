"""`manage.py person …`: a person's rights, from a terminal. JSON on stdout, one sentence on stderr, exit 0, 1 or 2."""

import json
import sys
import time
import uuid
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Q

from conversations.models import Customer
from core import audit
from core.exceptions import NotAllowed
from core.terminal import OwnCommand
from privacy import services
from privacy.exceptions import NoSuchCustomer, PrivacyError
from privacy.models import Erasure

LONGEST_WAIT_SECONDS = 120.0
LOOK_SECONDS = 0.5


class Command(OwnCommand):
    """Finds, exports and erases a person; keeps and applies the list of who was erased."""

    help = "One customer: find, export, erase. Everybody erased: log, reapply."
    orders = ("find", "export", "erase", "log", "reapply")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One subcommand each."""
        orders = parser.add_subparsers(dest="order", required=True, metavar="|".join(self.orders))
        find = orders.add_parser("find", help="Find customers by a name, or an id of the platform.")
        find.add_argument("words", help="a part of the name, or the whole id")
        export = orders.add_parser("export", help="Write everything about a customer into a ZIP.")
        export.add_argument("id", help="the customer's public id or number")
        export.add_argument("--to", required=True, type=Path, help="the file to write")
        erase = orders.add_parser("erase", help="Erase a customer for good.")
        erase.add_argument("id", help="the customer's public id or number")
        erase.add_argument("--yes", action="store_true", help="erase without asking")
        for each in (export, erase):
            each.add_argument("--by", default="", help="the admin who asks (with FOUR_EYES=1)")
            each.add_argument("--agreed-by", default="", help="the second admin (with FOUR_EYES=1)")
        orders.add_parser("log", help="Print who was erased, as JSON lines to keep beside back-ups; they name nobody.")
        reapply = orders.add_parser("reapply", help="After restoring a back-up: erase again whom the log lists.")
        reapply.add_argument("file", type=Path, help="what `person log` printed")

    def handle(self, *_: object, **options: Any) -> None:
        """Do what was asked."""
        try:
            getattr(self, f"_{options['order']}")(options)
        except (PrivacyError, NotAllowed) as problem:
            raise CommandError(str(problem)) from problem

    def _find(self, options: dict[str, Any]) -> None:
        words = options["words"]
        found = Customer.objects.filter(Q(name__icontains=words) | Q(username__icontains=words) | Q(external_id=words))
        customers = [
            {"id": str(each.public_id), "number": each.pk, "platform": each.platform, "name": each.display_name}
            for each in found.order_by("-pk")[:50]
        ]
        self.stdout.write(json.dumps({"customers": customers}, indent=2))

    def _export(self, options: dict[str, Any]) -> None:
        customer = _customer(options["id"])
        by, agreed_by = services.two_admins(options["by"], options["agreed_by"])
        target: Path = options["to"]
        partial = target.with_name(f"{target.name}.part")
        rows = services.write_zip(customer, partial)
        partial.replace(target)
        agreed = {"agreed_by": agreed_by.pk} if agreed_by else {}
        audit.record(by, "person.exported", customer, reason="manage.py person export", after={"rows": rows, **agreed})
        self.stdout.write(json.dumps({"file": str(target), "rows": rows, "bytes": target.stat().st_size}))

    def _erase(self, options: dict[str, Any]) -> None:
        customer = _customer(options["id"])
        by, agreed_by = services.two_admins(options["by"], options["agreed_by"])
        if not options["yes"] and not _confirmed(customer):
            raise CommandError("Nothing was erased.")
        erasure = services.request_erasure(customer, by, agreed_by=agreed_by)
        self.stdout.write(json.dumps(_wait(erasure)))

    def _log(self, _: dict[str, Any]) -> None:
        for line in services.erasure_log():
            self.stdout.write(json.dumps(line))

    def _reapply(self, options: dict[str, Any]) -> None:
        again = []
        for line in options["file"].read_text().splitlines():
            entry = json.loads(line)
            erasure = services.erase_again(entry["account"], entry["subject"])
            if erasure is not None:
                again.append(_wait(erasure))
        self.stdout.write(json.dumps({"erased": again}))


def _customer(given: str) -> Customer:
    try:
        by_id = Q(pk=int(given)) if given.isdecimal() else Q(public_id=uuid.UUID(given))
    except ValueError as error:
        raise NoSuchCustomer(given) from error
    customer = Customer.objects.filter(by_id).first()
    if customer is None:
        raise NoSuchCustomer(given)
    return customer


def _confirmed(customer: Customer) -> bool:
    if not sys.stdin.isatty():
        raise CommandError("Say --yes to erase without being asked.")
    sys.stderr.write(f"Everything about {customer.display_name} on {customer.platform} goes for good. Write ERASE: ")
    return input().strip() == "ERASE"


def _wait(erasure: Erasure) -> dict[str, Any]:
    """Work until it is done; a message that is being sent right now is waited for."""
    ends = time.monotonic() + LONGEST_WAIT_SECONDS
    while not services.work_erasure(erasure.pk) and time.monotonic() < ends:
        time.sleep(LOOK_SECONDS)
    erasure.refresh_from_db()
    return {"erasure": str(erasure.public_id), "state": erasure.state, "rows": erasure.counts}
