"""``manage.py demo``: people, accounts and a web chat to try things with."""

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from core.terminal import OwnCommand
from supportagent import demo, first_rows


class Command(OwnCommand):
    """Loads the demo once; run again, it changes nothing."""

    help = "Load the demo's people and accounts, and print its logins. With --reset, start it over."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--reset``."""
        parser.add_argument(
            "--reset", action="store_true", help="first take the demo away, with all conversations of its accounts"
        )

    def handle(self, *_args: object, reset: bool, **_options: object) -> None:
        """Load it."""
        if "DEMO_PASSWORD" not in settings.OWN_SECRETS:
            raise CommandError("The demo is for trying things out: set DEMO=1 to have it on this database.")
        first_rows.ensure()
        if reset:
            demo.remove()
        demo.load()
        for username, role in demo.logins():
            self.stdout.write(f"{username}  {settings.OWN_SECRETS['DEMO_PASSWORD']}  ({role})")
