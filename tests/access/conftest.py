"""What the matrix's tests share."""

import pytest

from core import policy
from core.policy import Action, Grant, Role


class Asked(dict[Action, dict[Role, Grant]]):
    """The policy's matrix, which remembers what was looked up in it."""

    def __init__(self) -> None:
        super().__init__(policy.MATRIX)
        self.actions: set[Action] = set()

    def __getitem__(self, action: Action) -> dict[Role, Grant]:
        self.actions.add(action)
        return super().__getitem__(action)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[Action]:
    """Every action that the policy was asked about since the test began. What it answers stays the same."""
    matrix = Asked()
    monkeypatch.setattr(policy, "MATRIX", matrix)
    return matrix.actions
