"""The agent's fixtures: the real engine, fitted once a session from the seeds, and a release in the test's database."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pytest_django import Settings

from agent.engine.encoder import Encoder
from agent.engine.fitting import fit
from agent.engine.heads import Heads
from agent.engine.seeds import Seeds
from agent.learning import encoder_name
from agent.models import Release
from agent.releases import shipped
from agent.releases.training import keep_heads, training_set
from agent.runtime import Runtime


class SeedVectors(shipped.KnownVectors):
    """The vectors the product comes with, and what is worked out during the tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What fitting the seeds leaves behind."""

    encoder: Encoder
    heads: bytes
    report: dict[str, object]


@pytest.fixture(scope="session")
def seeds() -> Seeds:
    """The shipped seeds."""
    return Seeds()


@pytest.fixture(scope="session")
def vectors() -> SeedVectors:
    """A cache for vectors and stems that all tests share."""
    return SeedVectors()


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The encoders of this machine."""
    return Encoder.load()


@pytest.fixture(scope="session")
def heads(seeds: Seeds, encoder: Encoder, vectors: SeedVectors) -> Heads:
    """The heads fitted from the shipped seeds."""
    return fit(seeds.examples, seeds.intents, seeds.sentiment, seeds.heads, encoder, vectors)


@pytest.fixture(scope="session")
def fitted(encoder: Encoder, heads: Heads) -> Fitted:
    """The seeds, fitted with the installed encoders."""
    return Fitted(encoder=encoder, heads=heads.to_bytes(), report=dict(heads.report))


def _digest_of(first_release: Release) -> str:
    """What its heads were fitted from, which is the same in every test."""
    if first_release.content_hash not in _DIGESTS:
        _DIGESTS[first_release.content_hash] = training_set(first_release.pk).digest
    return _DIGESTS[first_release.content_hash]


_DIGESTS: dict[str, str] = {}


@pytest.fixture
def release(first_release: Release, fitted: Fitted, settings: Settings) -> Release:
    """Release 1 as the product comes with it, with its heads in place, so that no test fits them again."""
    settings.FOUR_EYES = False
    keep_heads(
        first_release.pk,
        encoder=encoder_name(fitted.encoder),
        digest=_digest_of(first_release),
        data=fitted.heads,
        report=fitted.report,
    )
    return first_release


@pytest.fixture
def mind(release: Release, fitted: Fitted) -> Runtime:
    """A process's mind over that release."""
    return Runtime(fitted.encoder)


@pytest.fixture
def without_network() -> Iterator[None]:
    """No socket leads anywhere while the test runs; its surroundings are put away after that, over theirs."""

    def refuse(*_: object) -> None:
        raise AssertionError("an answer asked the network")

    with pytest.MonkeyPatch.context() as sockets:
        sockets.setattr(socket.socket, "connect", refuse)
        sockets.setattr(socket.socket, "connect_ex", refuse)
        yield
