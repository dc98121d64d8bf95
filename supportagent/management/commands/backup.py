"""``manage.py backup``: everything that must not be lost, in one file."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.terminal import OwnCommand
from supportagent.backups import archive


class Command(OwnCommand):
    """Copies the record as it is at one moment, while everything goes on."""

    help = "Write the database and the customers' pictures into one file, while everything goes on."

    def add_arguments(self, parser: CommandParser) -> None:
        """``FILE``."""
        parser.add_argument("file", type=Path, help="the file to write; it must not be there yet")

    def handle(self, *_args: object, file: Path, **_options: Any) -> None:
        """Write it."""
        if file.exists():
            raise CommandError(f"{file} is there already: name a file that is not.")
        try:
            manifest = archive.take(file)
        except archive.NotPossible as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(json.dumps({"file": str(file), "taken_at": manifest.taken_at, "bytes": file.stat().st_size}))
        self.stderr.write(
            "Keep the secrets apart from it (VAR_DIR/secrets.json, or SECRET_KEY and FIELD_ENCRYPTION_KEYS)."
        )
