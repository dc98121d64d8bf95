"""The vectors that are kept."""

import pytest

from agent.models import TextVector
from agent.releases.vectors import VectorCache

pytestmark = pytest.mark.django_db


def test_many_new_vectors_are_kept_before_all_are_worked_out() -> None:
    cache = VectorCache()

    cache.update({f"text-{number}": b"v" for number in range(501)})

    # Whoever is ended now has not worked in vain.
    assert TextVector.objects.count() == 500
    assert cache.save() == 1
    assert VectorCache()["text-7"] == b"v"
