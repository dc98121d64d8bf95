"""TikTok's other end for these tests: the simulator, on a free port of this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.models import PlatformAccount
from tests.integrations.tiktok import tiktok_account
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
