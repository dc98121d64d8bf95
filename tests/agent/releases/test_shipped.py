"""The vectors that come with the product."""

import pytest

from agent.engine.encoder import Encoder
from agent.models import TextVector
from agent.releases import shipped
from agent.releases.first import ensure_first_release
from agent.runtime import load_release


def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "FILE", tmp_path_factory.mktemp("vectors") / "vectors.npz")
    vectors = {"ab" * 32: b"one", "01" * 32: b"", "ff" * 32: bytes(range(256))}

    shipped.write(vectors)

    assert shipped.read() == vectors


def test_without_the_file_nothing_is_known(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "FILE", tmp_path_factory.mktemp("none") / "vectors.npz")

    assert shipped.read() == {}


@pytest.mark.django_db
def test_the_first_release_needs_no_vector_that_is_not_shipped() -> None:
    """Run scripts/seed_vectors.py after editing the seed files."""
    release = ensure_first_release()

    load_release(release.pk, Encoder.load())

    assert TextVector.objects.count() == 0
