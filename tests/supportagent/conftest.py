"""What the tests of the service's own house share."""

import pytest

from supportagent import durability


@pytest.fixture
def server_that_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PostgreSQL with ``fsync`` on. The tests' own server is run without it, for speed, and cannot be told otherwise.

    Everything else is asked of the database as it is.
    """
    asked = durability.asked

    def with_fsync() -> dict[str, str]:
        return {name: "on" if name == "fsync" else value for name, value in asked().items()}

    monkeypatch.setattr(durability, "asked", with_fsync)
