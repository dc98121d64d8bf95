"""``manage.py restore``: make everything what it was when a back-up was made."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.terminal import OwnCommand
from supportagent.backups import restoring
from supportagent.backups.archive import NotPossible


class Command(OwnCommand):
    """Replaces the record, with nothing else running."""

    help = "Put a back-up back, with the product stopped. What was said since is asked of the platforms before anything is sent."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """``FILE``, ``--force`` and ``--erased``."""
        parser.add_argument("file", type=Path, help="what `manage.py backup` wrote")
        parser.add_argument("--force", action="store_true", help="replace the record that is here")
        parser.add_argument(
            "--erased", type=Path, help="whom to erase again: what `manage.py person log` printed since"
        )

    def handle(self, *_args: object, file: Path, force: bool, erased: Path | None, **_options: Any) -> None:
        """Put it back."""
        try:
            restored = restoring.restore(file, force=force, erased=erased)
        except NotPossible as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(json.dumps(asdict(restored)))
        self.stderr.write("Start the product: it asks the platforms what was said since, and then answers.")
