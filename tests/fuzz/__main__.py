"""``python -m tests.fuzz``: mutated bodies at the running door; ends with 1 if anything was not as it must be."""

import argparse
import os
import sys
import tempfile
from math import inf
from pathlib import Path

from tests.fuzz.attack import MOST_GROWTH_MB, Result, attack
from tests.fuzz.served import Served, served


def main() -> int:
    """0 if all held, 1 if not."""
    arguments = _arguments()
    services = arguments.shape == "services"
    with (
        tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as folder,
        served(
            Path(folder),
            database_url=arguments.database_url if services else "",
            redis_url=arguments.redis_url if services else "",
        ) as product,
    ):
        result = attack(product, bodies=arguments.bodies, seed=arguments.seed, most_seconds=60 * arguments.minutes)
        _tell(product, result)
    return 1 if result.faults else 0


def _tell(product: Served, result: Result) -> None:
    lines = [
        f"{result.sent:,} bodies on {product.shape}: {result.seconds:.0f} s ({result.sent / result.seconds:.0f}/s), "
        f"all taken in {result.drained_after:.0f} s later",
        f"an answer takes {1000 * result.wait_of(0.5):.0f} ms at the median, {1000 * result.wait_of(0.99):.0f} ms at p99",
        "answers: " + ", ".join(f"{count:,} x {status}" for status, count in sorted(result.statuses.items())),
        "events: " + ", ".join(f"{count:,} {state}" for state, count in sorted(result.states.items())),
        "reasons: " + ", ".join(f"{count:,} {reason}" for reason, count in result.reasons.most_common()),
        f"memory: {result.memory_before:.0f} MB after the warm-up, {result.memory_most:.0f} MB at most, "
        f"grown by {result.growth:.0f} MB (at most {MOST_GROWTH_MB:.0f})",
        f"errors in the logs: {len(result.errors)}",
        *result.failures,
        *result.errors[:10],
        "FAULTS: " + "; ".join(result.faults) if result.faults else "No fault.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--bodies", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=inf, help="stop sending after so many, however few were sent")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shape", choices=["embedded", "services"], default="embedded")
    parser.add_argument("--database-url", default=os.environ.get("TEST_DATABASE_URL", ""), help="a PostgreSQL server")
    parser.add_argument("--redis-url", default=os.environ.get("TEST_REDIS_URL", ""))
    arguments = parser.parse_args()
    if arguments.shape == "services" and not (arguments.database_url and arguments.redis_url):
        parser.error("the services shape needs --database-url and --redis-url (make services-up tells both)")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
