"""The few fixtures everybody uses. What the tests run on is said in tests/environment.py."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from asgiref.sync import SyncToAsync
from celery.signals import before_task_publish
from django.conf import settings
from django.core.cache import cache, caches
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from pytest_django import Settings

from core import bells as ringing
from supportagent.celery import app as celery_app
from tests import environment
from tests.flushing import flush_without_triggers

PRODUCTS = {"running_product", "running_demo", "start"}
# Here only what says so knows a database.
WITHOUT_DATABASE = ("agent/engine/", "agent/evaluation/", "simulator/", "drill/", "bench/", "scripts/", "test_house.py")
# What is thought about here, and who may do what, is the same whatever keeps the record, whose services have tests of their own.
SAME_ON_BOTH = (
    "access/", "agent/graph/", "agent/llm/test_breaker.py", "agent/llm/test_bulkhead.py", "agent/llm/test_chain.py", "agent/llm/test_senses.py",
    "agent/llm/test_wording.py", "agent/test_declining.py", "agent/test_first_words.py", "agent/test_obedient.py", "agent/test_obedient_cases.py",
    "agent/test_ordinary.py", "agent/test_rehearsal.py", "agent/test_verbatim.py", "agent/test_what_is_asked.py",
)  # fmt: skip

pytest_plugins = ["tests.browser", "tests.doors", "tests.outside", "tests.product", "tests.playing", "tests.releases"]


@dataclass(frozen=True, slots=True)
class RungBell:
    """A Celery task that was asked for: its name and what it was told."""

    task: str
    args: tuple[object, ...]


def pytest_report_header() -> str:
    """Say what the tests run on."""
    return f"on: {'PostgreSQL and Redis' if environment.ON_SERVICES else 'SQLite, nothing else (the embedded default)'}"


@pytest.hookimpl(tryfirst=True)  # before xdist writes groups down
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is not meant for these databases; with several processes, say which tests belong into one of them."""
    wanted = str(config.getoption("markexpr", ""))
    for item in items:
        if item.get_closest_marker("volume") and "volume" not in wanted:
            item.add_marker(pytest.mark.skip(reason="loads a database: make volume"))
        if item.get_closest_marker("whole") and "whole" not in wanted:
            item.add_marker(pytest.mark.skip(reason="asks everything there is, not a part of it: make whole"))
        if environment.ON_SERVICES and brings_its_own_database(item):
            item.add_marker(pytest.mark.skip(reason="starts a product that brings its own SQLite: make test"))
        elif environment.ON_SERVICES and is_the_same_on_both(item):
            item.add_marker(pytest.mark.skip(reason="is about thinking or rights, not about what is kept: make test"))
        elif environment.ON_SERVICES and knows_no_database(item):
            item.add_marker(pytest.mark.skip(reason="knows no database: make test"))
        elif not environment.ON_SERVICES and item.get_closest_marker("services"):
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL and Redis: make services-up test-services"))
    # What a worker process has in the place of --dist.
    if config.getoption("loadgroup", False):
        share_out(items)


def knows_no_database(item: pytest.Item) -> bool:
    """Whether a test is of what has no database, and so the same whatever the tests run on."""
    place = item.path.relative_to(Path(__file__).parent).as_posix()
    return place.startswith(WITHOUT_DATABASE) and item.get_closest_marker("django_db") is None


def is_the_same_on_both(item: pytest.Item) -> bool:
    """Whether a test is about what the agent thinks or who may do what, which no database changes."""
    place = item.path.relative_to(Path(__file__).parent).as_posix()
    return place.startswith(SAME_ON_BOTH) and item.get_closest_marker("services") is None


def brings_its_own_database(item: pytest.Item) -> bool:
    """Whether a test starts the embedded product, which is the same whatever the tests run on."""
    return bool(item.get_closest_marker("product") or PRODUCTS & set(getattr(item, "fixturenames", ())))


def share_out(items: list[pytest.Item]) -> None:
    """A file's tests share a process, the files that start products share one, and these begin: they take longest."""
    long = {item.path for item in items if brings_its_own_database(item)}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("products" if item.path in long else str(item.path)))
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """A database of this process's own, so that two sessions on one server never meet."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("postgresql"):
        database["TEST"] = {**database.get("TEST", {}), "NAME": f"test_supportagent_{os.getpid()}"}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """The plugin's own; before it drops the database, the thread that consumers ask it in ends its session."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(scope="session", autouse=True)
def _own_place_in_redis() -> Iterator[None]:
    """Keys of this process's own in a Redis that others may use too, removed at the end."""
    if not environment.ON_SERVICES:
        yield
        return
    prefix = f"test-{os.getpid()}"
    settings.CACHES["default"]["KEY_PREFIX"] = prefix
    # Threads make caches of their own by the setting; this one's may be there already.
    caches["default"].key_prefix = prefix
    settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = prefix
    celery_app.conf.broker_transport_options = {
        **settings.CELERY_BROKER_TRANSPORT_OPTIONS,
        "global_keyprefix": f"{prefix}:",
    }
    yield
    for number in range(3):
        _forget(f"{re.sub(r'/[0-9]*$', '', environment.REDIS_URL)}/{number}", prefix)


def _forget(address: str, prefix: str) -> None:
    """Delete this process's keys from a Redis."""
    with redis.Redis.from_url(address) as client:
        for key in client.scan_iter(match=f"*{prefix}*", count=1000):
            client.delete(key)


@pytest.fixture(scope="session", autouse=True)
def _flushes_past_the_triggers() -> Iterator[None]:
    """A test with real commits can be cleaned up after, although nobody may delete from the audit trail."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseWrapper.ops_class, "execute_sql_flush", flush_without_triggers, raising=False)
        yield


@pytest.fixture(autouse=True)
def _fast_and_forgetful(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Passwords that cost nothing, files in a folder of the test's own, a cache that the next test does not see."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.EXPORTS_ROOT = tmp_path / "exports"
    yield
    if environment.ON_SERVICES:
        # Clearing it would empty it for every other process as well.
        _forget(settings.CACHES["default"]["LOCATION"], settings.CACHES["default"]["KEY_PREFIX"])
    else:
        cache.clear()


@pytest.fixture
def eager() -> Iterator[None]:
    """Bells ring at once: a task runs where it is called, and its error reaches the test.

    A task that rings itself again with a countdown would not end under this: drive such a flow step by step.
    """

    def in_place(task: Any, pk: int, _after: float) -> bool:
        task.apply_async((pk,))
        return True

    celery_app.conf.task_always_eager = celery_app.conf.task_eager_propagates = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ringing, "_hands", [in_place])
        yield
    celery_app.conf.task_always_eager = celery_app.conf.task_eager_propagates = False


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[RungBell]]:
    """The tasks that are asked for during the test, in order. No worker runs, so nothing answers them.

    They are rung where they are asked for, not by the thread that keeps everybody from waiting.
    """
    rung: list[RungBell] = []

    def at_once(task: Any, pk: int, _place: str, *, after: float = 0.0) -> None:
        ringing._ring(task, pk, ringing.breaker, after=after)

    monkeypatch.setattr(ringing._ringer, "add", at_once)

    def note(
        sender: str, body: tuple[tuple[object, ...], object, object], properties: object = None, **_: object
    ) -> None:
        rung.append(RungBell(task=sender, args=tuple(body[0])))

    before_task_publish.connect(note, weak=False)
    yield rung
    before_task_publish.disconnect(note)
