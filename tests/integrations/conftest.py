"""TikTok's and LinkedIn's other ends for these tests, the simulator on a free port of this machine; and a database that hangs."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from integrations import keys
from integrations.models import PlatformAccount
from integrations.platforms.base import AppKey
from tests.integrations.tiktok import tiktok_account
from tests.simulator.linkedin import LinkedInRig, linkedin
from tests.simulator.rig import API, Rig, receiving, running


@pytest.fixture
def tiktok(tmp_path: Path) -> Iterator[Rig]:
    """A running TikTok that knows our app and account; its webhooks go to a receiver that keeps them."""
    with receiving() as receiver, running(tmp_path / "tiktok", receiver) as rig:
        yield rig


@pytest.fixture
def account(db: None, tiktok: Rig) -> PlatformAccount:
    """Our account at the running TikTok."""
    return tiktok_account(api_base=f"{tiktok.simulator.base_url}{API}")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LinkedInRig]:
    """A running LinkedIn that knows our app and Page."""
    with linkedin(tmp_path) as running_there:
        yield running_there


@dataclass(slots=True)
class HungDatabase:
    """A database that takes questions for keys and answers none until it is let go; then with ``found``."""

    found: tuple[AppKey, ...] = ()
    asked: int = 0
    was_asked: threading.Event = field(default_factory=threading.Event)
    answers: threading.Event = field(default_factory=threading.Event)

    def read(self, _platform: str) -> tuple[tuple[AppKey, ...], tuple[AppKey, ...]]:
        """In the place of the question for keys."""
        self.asked += 1
        self.was_asked.set()
        # What waits for ever fails the test instead.
        assert self.answers.wait(30)
        return self.found, ()

    def times_asked(self) -> int:
        """How often, once it was asked at all."""
        assert self.was_asked.wait(30)
        return self.asked

    def let_go(self, platform: str) -> None:
        """Answer, and wait until that has arrived."""
        self.answers.set()
        assert keys._looks[platform].is_over.wait(30)


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> Iterator[HungDatabase]:
    """A PostgreSQL that hangs, whatever the tests run on; nobody waits long for it."""
    database = HungDatabase()
    server = SimpleNamespace(vendor="postgresql", in_atomic_block=False, connection=None, close=lambda: None)
    monkeypatch.setattr(keys, "connection", server)
    monkeypatch.setattr(keys, "_from_database", database.read)
    monkeypatch.setattr(keys, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(keys, "REREAD_SECONDS", 0.0)
    yield database
    database.answers.set()
    for look in keys._looks.values():
        look.is_over.wait(30)
    keys._looks.clear()
