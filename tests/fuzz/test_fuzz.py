"""The fuzz, short enough for every run: `make fuzz` does a hundred thousand."""

from pathlib import Path

import pytest

from tests import environment
from tests.fuzz.attack import attack
from tests.fuzz.doors import doors
from tests.fuzz.mutations import Mutator
from tests.fuzz.served import served

BODIES = 1_200
WEBHOOKS = ("tiktok", "linkedin", "events")


def test_the_same_seed_makes_the_same_bodies() -> None:
    tried = doors(events_id="a", events_secret="whsec_YWJj", chat_key="b", chat_tokens=["c"])
    first, second, other = (Mutator(seed, tried) for seed in (7, 7, 8))

    made = [[mutator.attempt().body for _ in range(50)] for mutator in (first, second, other)]

    assert made[0] == made[1] != made[2]


@pytest.mark.timeout(900)  # the product starts, and beside other tests all of it takes long
@pytest.mark.xdist_group("products")
def test_no_mutated_body_breaks_the_door_or_what_is_behind_it(tmp_path: Path) -> None:
    with served(tmp_path, database_url=environment.DATABASE_URL, redis_url=environment.REDIS_URL) as product:
        result = attack(product, bodies=BODIES, seed=1)

    assert result.faults == [], result.failures + result.errors
    assert result.sent == BODIES
    # At each door both roads were walked: what is read, and what is set aside or refused.
    for door in WEBHOOKS:
        assert result.answers[door][200] > BODIES / 8
        assert result.states[door]["ingested"] > BODIES / 50
        assert result.states[door]["quarantined"] > BODIES / 50
    assert result.answers["web chat"][201] >= result.chatted > BODIES / 50
    assert result.answers["web chat"][422] > BODIES / 50
