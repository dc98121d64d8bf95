"""The search for a marker finds one wherever something can lie outside the tables. (The channel layer keeps nothing.)"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache

from agent.tasks import run_turn
from supportagent.celery import app as celery_app
from tests.conftest import RungBell
from tests.privacy.marker import places

MARKER = "hq3vtzkc61"


@pytest.fixture
def _nothing_stays() -> Iterator[None]:
    """What was put into Redis here is nothing that the next test finds."""
    yield
    with celery_app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        channel.queue_purge(celery_app.conf.task_default_queue)


def in_a_file() -> None:
    """Something exported."""
    folder = Path(settings.EXPORTS_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "export.csv").write_text(f"name\n{MARKER}\n")


def in_the_broker() -> None:
    """A task that would carry more than a number."""
    run_turn.apply_async((MARKER,))


def in_the_cache() -> None:
    """Something looked up before."""
    cache.set("somebody", {"name": MARKER})


@pytest.mark.django_db
def test_it_finds_what_lies_in_a_file() -> None:
    in_a_file()

    assert [Path(place).name for place in places(MARKER)] == ["export.csv"]


@pytest.mark.services
@pytest.mark.django_db
@pytest.mark.parametrize("put", [in_the_broker, in_the_cache])
@pytest.mark.usefixtures("_nothing_stays")
def test_it_finds_what_redis_holds(put: Callable[[], None]) -> None:
    put()

    found = places(MARKER)
    assert len(found) == 1, found
    assert found[0].startswith("redis ")


@pytest.mark.services
@pytest.mark.django_db
@pytest.mark.usefixtures("_nothing_stays")
def test_a_bell_lies_in_the_broker_as_a_number(bells: list[RungBell]) -> None:
    run_turn.apply_async((914_273_650,))

    assert [bell.args for bell in bells] == [(914_273_650,)]
    assert len(places("914273650")) == 1
