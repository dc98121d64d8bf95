"""The other end of a signed webhook: the simulator's partner, on a free port of this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.models import PlatformAccount
from tests.integrations.events import SECRET, events_account
from tests.simulator.rig import Rig, receiving, running

NAME = "shop"


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[Rig]:
    """A running partner that knows our secret; what it posts goes to a receiver that keeps it."""
    with receiving() as receiver, running(tmp_path / "partner", receiver) as rig:
        rig.order("partners", partners=[{"name": NAME, "secrets": [SECRET], "webhook_url": receiver.url}])
        yield rig


@pytest.fixture
def account(db: None, partner: Rig) -> PlatformAccount:
    """Our account at the running partner."""
    return events_account(api_base=f"{partner.simulator.base_url}/partner/{NAME}")
