"""The fixtures of the simulator's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.rig import Receiver, Rig, receiving, running


@pytest.fixture(autouse=True)
def _fast_and_forgetful() -> None:
    """Nothing of the product's is used here, so nothing of it is set up."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A door that keeps what arrives."""
    with receiving() as listening:
        yield listening


@pytest.fixture
def rig(tmp_path: Path, receiver: Receiver) -> Iterator[Rig]:
    """A running simulator whose webhooks go to the receiver."""
    with running(tmp_path, receiver) as started:
        yield started
