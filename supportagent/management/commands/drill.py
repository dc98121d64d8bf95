"""``manage.py drill …``: the drill by its other door. It works on a copy of its own and never on this one's data."""

import os
import sys

from django.conf import settings

from core.terminal import OwnCommand


class Command(OwnCommand):
    """Becomes ``python -m drill`` with whatever else was said."""

    help = "Kill and starve a copy of the product while customers write, and judge it: crash, faults. See drill --help."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Hand the words on as they are: the drill reads them itself."""
        self.handle(*argv[2:])

    def handle(self, *words: object, **_options: object) -> None:
        """Let the drill take this process's place."""
        os.chdir(settings.BASE_DIR)
        os.execv(sys.executable, [sys.executable, "-m", "drill", *map(str, words)])  # noqa: S606
