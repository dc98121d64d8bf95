"""``python -m drill``: kill the product again and again while customers write, and show that nothing came of it."""

import argparse
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from drill.rig import DrillFailed, Rig
from drill.scenarios import SCENARIOS, Outcome, run


def main() -> int:
    """0 if every scenario held, 1 if one did not, 2 if the drill could not be carried out."""
    arguments = _arguments()
    outcomes: list[Outcome] = []
    try:
        for shape in arguments.shape:
            outcomes += _drill(shape, arguments)
    except DrillFailed as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return 0 if all(outcome.verdict.holds for outcome in outcomes) else 1


def _drill(shape: str, arguments: argparse.Namespace) -> list[Outcome]:
    services = shape == "services"
    with (
        tempfile.TemporaryDirectory(prefix="drill-", ignore_cleanup_errors=True) as folder,
        Rig(
            folder=Path(folder),
            database_url=arguments.database_url if services else "",
            redis_url=arguments.redis_url if services else "",
        ) as rig,
    ):
        outcomes = []
        for number, name in enumerate(arguments.scenario):
            outcome = run(
                rig,
                name,
                seconds=arguments.seconds,
                rate=arguments.rate,
                customers=arguments.customers,
                seed=arguments.seed + number,
            )
            _tell(outcome)
            outcomes.append(outcome)
        return outcomes


def _tell(outcome: Outcome) -> None:
    verdict = outcome.verdict
    found = {name: len(value) if isinstance(value, tuple) else value for name, value in asdict(verdict).items()}
    figures = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in found.items())
    word = "held" if verdict.holds else "BROKEN"
    sys.stdout.write(
        f"{word}: {outcome.scenario} ({outcome.shape}): kills {outcome.kills}, {figures}, "
        f"drained after {outcome.drained_after:.1f} s\n"
    )
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m drill", description=__doc__)
    parser.add_argument("--shape", nargs="+", choices=["embedded", "services"], default=["embedded"])
    parser.add_argument("--scenario", nargs="+", choices=sorted(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument("--seconds", type=float, default=20, help="how long customers write in each scenario")
    parser.add_argument("--rate", type=float, default=4, help="messages a second")
    parser.add_argument("--customers", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", default=os.environ.get("TEST_DATABASE_URL", ""), help="a PostgreSQL server")
    parser.add_argument("--redis-url", default=os.environ.get("TEST_REDIS_URL", ""))
    arguments = parser.parse_args()
    if "services" in arguments.shape and not (arguments.database_url and arguments.redis_url):
        parser.error("the services shape needs --database-url and --redis-url (make services-up tells both)")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
