"""``manage.py drill …``: the drill by its other door. It works on a copy of its own and never on this one's data."""

import os
import sys

from django.conf import settings
from django.core.management.base import CommandError

from core.terminal import OwnCommand


class Command(OwnCommand):
    """Becomes ``python -m drill`` with whatever else was said."""

    help = "Kill and starve a copy of the product while customers write, and judge it: crash (also without a word), faults, mutants, list. See drill --help."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Hand the words on as they are: the drill reads them itself."""
        try:
            self.handle(*argv[2:])
        except CommandError as error:
            self._complain(str(error), code=1)

    def handle(self, *words: object, **_options: object) -> None:
        """Let the drill take this process's place. Raises CommandError where it did not come with this copy."""
        if not (settings.BASE_DIR / "drill").is_dir():
            raise CommandError("The drill is not in this copy, as in an image: run it from a checkout of the project.")
        os.chdir(settings.BASE_DIR)
        os.execv(sys.executable, [sys.executable, "-m", "drill", *(map(str, words) if words else ("crash",))])  # noqa: S606
