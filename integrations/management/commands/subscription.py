"""`manage.py subscription …`: who is told what happens. JSON on stdout, one sentence on stderr, exit 0, 1 or 2."""

import json
from argparse import ArgumentParser
from typing import Any

from conversations.models import Fact
from core.exceptions import SecretUnreadable
from core.terminal import OwnCommand
from integrations import services
from integrations.exceptions import SubscriptionProblem
from integrations.models import Subscription
from integrations.services.subscriptions import find_subscription


class Command(OwnCommand):
    """Adds, lists and changes subscriptions to what happens."""

    help = "Outgoing webhooks: add, list, rotate, enable, disable, replay, remove."
    orders = ("add", "list", "rotate", "enable", "disable", "replay", "remove")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One subcommand each."""
        orders = parser.add_subparsers(dest="order", required=True, metavar="|".join(self.orders))
        add = orders.add_parser("add", help="Add a subscription; prints it with its secret, this once.")
        add.add_argument("--name", required=True, help="what staff call it")
        add.add_argument("--url", required=True, help="where the events are posted to")
        add.add_argument(
            "--event", action="append", default=[], help=f"repeatable; all without it: {', '.join(Fact.Kind.values)}"
        )
        orders.add_parser("list", help="List the subscriptions as JSON.")
        for order, what in (
            ("rotate", "Make a second valid secret and print it once."),
            ("enable", "Tell it again, beginning with what still waits."),
            ("disable", "Tell it nothing for now."),
            ("replay", "Send once more what was given up."),
            ("remove", "Tell it nothing any more."),
        ):
            each = orders.add_parser(order, help=what)
            each.add_argument("id", help="the subscription's number or public id")
            if order == "rotate":
                each.add_argument("--drop-old", action="store_true", help="make none; sign with the newer one alone")

    def handle(self, *_: object, **options: Any) -> None:
        """Do what was asked."""
        try:
            answer = self._do(options)
        except (SubscriptionProblem, SecretUnreadable) as problem:
            self.stderr.write(str(problem))
            raise SystemExit(1) from problem
        self.stdout.write(json.dumps(answer, ensure_ascii=False))

    def _do(self, options: dict[str, Any]) -> dict[str, object]:
        order: str = options["order"]
        if order == "add":
            made, secret = services.add_subscription(options["name"], options["url"], options["event"])
            return _shown(made) | {"secret": secret}
        if order == "list":
            return {"subscriptions": [_shown(each) for each in Subscription.objects.order_by("pk")]}
        subscription = find_subscription(options["id"])
        if order == "rotate":
            subscription, secret = services.change_secret(subscription, drop_old=options["drop_old"])
            return _shown(subscription) | ({"secret": secret} if secret else {})
        if order == "replay":
            return _shown(subscription) | {"replayed": services.replay_failed(subscription, None)}
        change = {
            "enable": services.enable_subscription,
            "disable": services.disable_subscription,
            "remove": services.remove_subscription,
        }[order]
        return _shown(change(subscription))


def _shown(subscription: Subscription) -> dict[str, object]:
    return {
        "id": subscription.pk,
        "public_id": str(subscription.public_id),
        "name": subscription.name,
        "url": subscription.url,
        "events": subscription.kinds,
        "state": subscription.state,
        "state_reason": subscription.state_reason,
        "failing_since": subscription.failing_since.isoformat() if subscription.failing_since else None,
    }
