"""`manage.py account …`: the accounts, from a terminal. JSON on stdout, one sentence on stderr, exit 0, 1 or 2."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from core.exceptions import SecretUnreadable
from core.terminal import OwnCommand
from integrations import accounts, services
from integrations.exceptions import AccountProblem
from integrations.models import PlatformAccount
from integrations.new_accounts import NewAccount


class Command(OwnCommand):
    """Adds, lists, tests and changes accounts on the platforms."""

    help = "Accounts on the platforms: add, list, test, read-back, renew, rotate, pause, resume, remove."
    orders = ("add", "list", "test", "read-back", "renew", "rotate", "pause", "resume", "remove")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One subcommand each."""
        orders = parser.add_subparsers(dest="order", required=True, metavar="|".join(self.orders))
        add = orders.add_parser("add", help="Add an account; prints it as JSON.")
        add.add_argument("--platform", required=True, help="tiktok, linkedin, webchat or events")
        add.add_argument("--name", required=True, help="what staff call the account")
        for option, what in (
            (
                "external-id",
                "the account's id on the platform (TikTok: business_id; LinkedIn: the Page's urn:li:organization:…)",
            ),
            ("client-key", "the app's public key"),
            (
                "api-base",
                "everything up to the documented paths, where it is not the platform's own; events: where replies go",
            ),
            ("auth-base", "the same for the authorise page"),
            ("api-kind", "which of a platform's interfaces, where it has several (LinkedIn: comments or messages)"),
            ("team", "the team that answers"),
            ("greeting", "web chat: the words of welcome, in place of the product's own in five languages"),
        ):
            add.add_argument(f"--{option}", default="", help=what)
        _add_secrets(add)
        add.add_argument("--language", action="append", default=[], help="a language customers write in (repeatable)")
        add.add_argument(
            "--origin", action="append", default=[], help="a site that may embed the web chat (repeatable)"
        )
        add.add_argument(
            "--honours-key", action="store_true", help="events: a repeated webhook-id is taken for the same message"
        )
        add.add_argument(
            "--legacy-payloads",
            action="store_true",
            help="TikTok and LinkedIn messages: take the older open project's flat events with X-Signature too",
        )
        add.add_argument("--legacy-secret", default="", help="what they are signed with, where it is not --secret")
        for option, what in (("ask-name", "name"), ("ask-email", "e-mail address")):
            add.add_argument(
                f"--{option}",
                choices=PlatformAccount.Asked.values,
                default=PlatformAccount.Asked.OFF.value,
                help=f"web chat: ask visitors for their {what} before the first message",
            )
        add.add_argument("--simulated", action="store_true", help="the other end is the simulator, wherever it listens")
        orders.add_parser("list", help="List the accounts as JSON.")
        for order, what in (
            ("test", "Try an account for real; prints the checks as JSON."),
            ("read-back", "Take in now what no webhook brought; prints how many messages that were."),
            ("renew", "Put new secrets in the place of old ones."),
            ("rotate", "Make another valid secret of a signed webhook or a web chat and print it once."),
            ("pause", "Leave everything on this account to people."),
            ("resume", "Let the bot answer on this account."),
            ("remove", "Take nothing in and send nothing out through this account any more."),
        ):
            each = orders.add_parser(order, help=what)
            each.add_argument("id", help="the account's number or public id")
            if order == "renew":
                _add_secrets(each)
            if order == "read-back":
                each.add_argument(
                    "--hours", type=int, default=0, help="look back so far, and not only to the last look"
                )
            if order == "rotate":
                each.add_argument("--drop-old", action="store_true", help="make none; let the older one prove nothing")

    def handle(self, *_: object, **options: Any) -> None:
        """Do what was asked."""
        try:
            answer, ok = self._do(options)
        except (AccountProblem, SecretUnreadable) as problem:
            self.stderr.write(str(problem))
            raise SystemExit(1) from problem
        self.stdout.write(json.dumps(answer, ensure_ascii=False))
        if not ok:
            self.stderr.write("The account does not work; the checks say why.")
            raise SystemExit(1)

    def _do(self, options: dict[str, Any]) -> tuple[dict[str, object], bool]:
        order: str = options["order"]
        if order == "add":
            return accounts.with_secret(accounts.add_account(_new(options))), True
        if order == "list":
            everyone = PlatformAccount.objects.select_related("team").order_by("pk")
            return {"accounts": [accounts.listed(account) for account in everyone]}, True
        account = accounts.find(options["id"])
        if order == "test":
            return _tested(accounts.try_out(account))
        if order == "read-back":
            return {"id": account.pk, "read_back": services.read_back_one(account, hours=options["hours"])}, True
        if order == "rotate" and not options["drop_old"]:
            return accounts.with_secret(accounts.rotate_secret(account)), True
        if order == "rotate":
            account = accounts.drop_old_secret(account)
        elif order == "renew":
            account = accounts.renew_secrets(
                account,
                secret=options["secret"],
                access_token=options["access_token"],
                refresh_token=options["refresh_token"],
                expires_in=options["expires_in"],
                application_id=options["application_id"],
            )
        elif order == "remove":
            account = accounts.remove(account)
        else:
            account = accounts.set_bot(account, enabled=order == "resume")
        return accounts.listed(account), True


def _add_secrets(parser: ArgumentParser) -> None:
    for option, what in (
        ("secret", "the app's secret"),
        ("access-token", "the token to call with"),
        ("refresh-token", "the token to renew it with"),
    ):
        parser.add_argument(f"--{option}", default="", help=what)
    parser.add_argument(
        "--application-id", default="", help="LinkedIn: the app's number in the developer portal, to be notified by"
    )
    parser.add_argument("--expires-in", type=int, default=0, help="how many seconds the access token lives from now on")


def _new(options: dict[str, Any]) -> NewAccount:
    return NewAccount(
        platform=options["platform"],
        name=options["name"],
        external_id=options["external_id"],
        client_key=options["client_key"],
        secret=options["secret"],
        access_token=options["access_token"],
        refresh_token=options["refresh_token"],
        api_base=options["api_base"],
        auth_base=options["auth_base"],
        api_kind=options["api_kind"],
        team=options["team"],
        languages=tuple(options["language"]),
        origins=tuple(options["origin"]),
        simulated=options["simulated"],
        honours_key=options["honours_key"],
        legacy_payloads=options["legacy_payloads"],
        legacy_secret=options["legacy_secret"],
        greeting=options["greeting"],
        ask_name=options["ask_name"],
        ask_email=options["ask_email"],
        expires_in=options["expires_in"],
        application_id=options["application_id"],
    )


def _tested(verdict: accounts.Verdict) -> tuple[dict[str, object], bool]:
    answer: dict[str, object] = {
        "id": verdict.account.pk,
        "ok": verdict.ok,
        "state": verdict.account.state,
        "checks": [asdict(check) for check in verdict.checks],
    }
    return answer, verdict.ok
