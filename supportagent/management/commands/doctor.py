"""``manage.py doctor``: what works and what does not, and what to do about it."""

import json
import sys
from dataclasses import asdict

from django.core.management.base import CommandParser

from core.terminal import OwnCommand
from supportagent import diagnosis


class Command(OwnCommand):
    """Tries everything and changes nothing."""

    help = "Try everything this needs and say what does not work. Exits with 1 if something does not."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """``--json``."""
        parser.add_argument("--json", action="store_true", help="the findings as JSON")

    def handle(self, *_args: object, **options: object) -> None:
        """Look, and tell."""
        findings = list(diagnosis.examine())
        if options["json"]:
            self.stdout.write(json.dumps({"findings": [asdict(finding) for finding in findings]}))
        else:
            for finding in findings:
                mark = "ok" if finding.ok else "BROKEN" if finding.is_fatal else "look"
                self.stdout.write(f"{mark:<7} {finding.name:<14} {finding.detail}")
        if not all(finding.ok for finding in findings):
            sys.exit(1)
