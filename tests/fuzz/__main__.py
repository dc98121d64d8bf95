"""``python -m tests.fuzz``: mutated bodies at the running door; ends with 1 if anything was not as it must be."""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any

import psycopg
import redis

from tests.fuzz.attack import MOST_GROWTH_MB, Result, attack
from tests.fuzz.served import Served, served

SHAPES = ("embedded", "services")


def main() -> int:
    """0 if all held, 1 if not."""
    arguments = _arguments()
    results = [_attacked(shape, arguments) for shape in _shapes(arguments)]
    return 1 if any(result.faults for result in results) else 0


def _shapes(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The shapes that were asked for; where none was, all that there is something to try on."""
    if arguments.shape:
        return SHAPES if arguments.shape == "both" else (arguments.shape,)
    if _answer(arguments.database_url, arguments.redis_url):
        return SHAPES
    sys.stdout.write("No PostgreSQL and Redis answer (make services-up): tried on the embedded shape alone.\n")
    return SHAPES[:1]


def _answer(database_url: str, redis_url: str) -> bool:
    if not (database_url and redis_url):
        return False
    try:
        psycopg.connect(database_url, connect_timeout=2).close()
        return bool(redis.Redis.from_url(redis_url, socket_connect_timeout=2).ping())
    except (psycopg.OperationalError, redis.ConnectionError):
        return False


def _attacked(shape: str, arguments: argparse.Namespace) -> Result:
    """What came of the attack on one shape, which is told as well."""
    services = shape == "services"
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
    return result


def _tell(product: Served, result: Result) -> None:
    lines = [
        f"{result.sent:,} bodies on {product.shape}: {result.seconds:.0f} s ({result.sent / result.seconds:.0f}/s), "
        f"all taken in {result.drained_after:.0f} s later",
        f"an answer takes {1000 * result.wait_of(0.5):.0f} ms at the median, {1000 * result.wait_of(0.99):.0f} ms at p99",
        *(
            f"{door}: {sum(answers.values()):,} bodies; " + _counted(answers, "{:,} x {}")
            for door, answers in result.answers.items()
        ),
        *(f"events of {platform}: " + _counted(states, "{:,} {}") for platform, states in result.states.items()),
        f"messages in the web chat: {result.chatted:,}",
        "reasons: " + ", ".join(f"{count:,} {reason}" for reason, count in result.reasons.most_common()),
        f"memory: {result.memory_before:.0f} MB after the warm-up, {result.memory_most:.0f} MB at most, "
        f"{result.memory_after:.0f} MB at the end, grown by {result.growth:.0f} MB (at most {MOST_GROWTH_MB:.0f})",
        f"errors in the logs: {len(result.errors)}",
        *result.failures,
        *result.errors[:10],
        "FAULTS: " + "; ".join(result.faults) if result.faults else "No fault.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _counted(counts: Mapping[Any, int], words: str) -> str:
    return ", ".join(words.format(count, name) for name, count in sorted(counts.items()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--bodies", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=inf, help="stop sending after so many, however few were sent")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shape", choices=[*SHAPES, "both"], default="")
    parser.add_argument("--database-url", default=os.environ.get("TEST_DATABASE_URL", ""), help="a PostgreSQL server")
    parser.add_argument("--redis-url", default=os.environ.get("TEST_REDIS_URL", ""))
    arguments = parser.parse_args()
    if arguments.shape in ("services", "both") and not (arguments.database_url and arguments.redis_url):
        parser.error("on services it needs --database-url and --redis-url (make services-up tells both)")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
