"""``manage.py evaluate SUITE|FILE``: how good the embedded engine is."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from agent.evaluation.business import Workshop
from agent.evaluation.conversations import measure_conversations
from agent.evaluation.figures import Finding, percent
from agent.evaluation.files import find_file, measure_file
from agent.evaluation.own import MEASURES
from agent.evaluation.rows import FileProblem, read_suite
from core.terminal import OwnCommand

SUITES = {**MEASURES, "conversations": measure_conversations}
_MILLISECONDS = "latency_ms"


class Command(OwnCommand):
    """Measures with the code that answers customers. It asks no database, no network and no key."""

    help = "Measure the embedded engine on the product's own sets, or on a file of labelled rows."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """``SUITE|FILE``, ``--shots``, ``--json``."""
        parser.add_argument(
            "suite",
            metavar="SUITE|FILE",
            help=f"one of {', '.join(SUITES)}; or a JSON-lines file, or the name of one in EVAL_DATA_DIR",
        )
        parser.add_argument(
            "--shots", type=int, help="train rows of each label to fit from, instead of all; 0: none, the shipped heads"
        )
        parser.add_argument("--json", action="store_true", help="the figures as one JSON object")

    def handle(self, *_args: object, **options: Any) -> None:
        """Measure, and tell."""
        try:
            found = self._measure(options["suite"], options["shots"])
        except FileProblem as problem:
            raise CommandError(str(problem)) from problem
        if options["json"]:
            self.stdout.write(json.dumps(found.figures))
        else:
            self.stdout.write("\n".join(_laid_out(found)))

    def _measure(self, name: str, shots: int | None) -> Finding:
        if shots is not None and shots < 0:
            raise CommandError("--shots is how many train rows of each label there are to be: 0 or more.", returncode=2)
        workshop = Workshop(self.tell)
        if name in SUITES:
            if shots is not None:
                raise CommandError("--shots goes with a file that has train rows, not with a suite.", returncode=2)
            return SUITES[name](workshop)
        path = find_file(name)
        if path is None:
            raise CommandError(
                f"There is neither a suite nor a file “{name}”: write one of {', '.join(SUITES)}, the path of a "
                f"JSON-lines file, or the name of one in the folder that EVAL_DATA_DIR names.",
                returncode=2,
            )
        return measure_file(read_suite(path), workshop, shots)


def _laid_out(found: Finding) -> list[str]:
    lines: list[str] = []
    for name, value in found.figures.items():
        if name == _MILLISECONDS:
            latency = found.figures["latency_ms"]
            lines.append(f"{name:<18} {latency['p50']:>8} p50, {latency['p95']} p95 (of one processor)")
        elif isinstance(value, float):
            is_share = name not in {"ece", "oos_auroc", "gate_auroc", "mrr", "sentiment_r"}
            lines.append(f"{name:<18} {percent(value) if is_share else f'{value:.4f}':>8}")
        else:
            lines.append(f"{name:<18} {value!s:>8}")
    return [*lines, "", *found.lines] if found.lines else lines
