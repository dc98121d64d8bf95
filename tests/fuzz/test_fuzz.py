"""The fuzz, short enough for every run: `make fuzz` does a hundred thousand."""

from pathlib import Path

import pytest

from tests import environment
from tests.fuzz.attack import attack
from tests.fuzz.mutations import Mutator
from tests.fuzz.served import served

BODIES = 2_000


def test_the_same_seed_makes_the_same_bodies() -> None:
    first, second, other = Mutator(7), Mutator(7), Mutator(8)

    made = [[mutator.attempt().body for _ in range(50)] for mutator in (first, second, other)]

    assert made[0] == made[1] != made[2]


@pytest.mark.xdist_group("products")
def test_no_mutated_body_breaks_the_door_or_what_is_behind_it(tmp_path: Path) -> None:
    with served(tmp_path, database_url=environment.DATABASE_URL, redis_url=environment.REDIS_URL) as product:
        result = attack(product, bodies=BODIES, seed=1)

    assert result.faults == [], result.failures + result.errors
    assert result.sent == BODIES
    # Both roads were walked: what is read, and what is set aside.
    assert result.states["ingested"] > 100
    assert result.states["quarantined"] > 100
