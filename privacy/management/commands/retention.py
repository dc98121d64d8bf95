"""`manage.py retention`: let go of what is older than it may be, or count it."""

import json
from argparse import ArgumentParser
from typing import Any

from core.terminal import OwnCommand
from privacy import services


class Command(OwnCommand):
    """Prints how many rows of each table went, or would go, as JSON."""

    help = "Let go of rows that are older than RETENTION_…_DAYS. --dry-run counts them and changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to only count."""
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--seconds", type=int, default=600, help="for how long at most")

    def handle(self, *_: object, **options: Any) -> None:
        """Do it."""
        rows = services.count_old() if options["dry_run"] else services.apply_retention(seconds=options["seconds"])
        self.stdout.write(json.dumps({"dry_run": options["dry_run"], "rows": rows}, indent=2))
