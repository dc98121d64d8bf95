"""The leases of turns are kept while the agent thinks, by one thread for all of a process."""

import threading
from collections.abc import Iterator

import pytest

from agent import services
from agent.graph.brief import Brief, Thought
from agent.runtime import Runtime
from agent.services.keeping_leases import Leases
from conversations import services as conversations
from conversations.types import Turn, TurnResult
from tests.conversations.talk import wrote

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def leases(monkeypatch: pytest.MonkeyPatch) -> Iterator[Leases]:
    """A process's own, which beats a hundred times a second. Its thread ends before the database is taken away."""
    kept = Leases()
    before = set(threading.enumerate())
    monkeypatch.setattr("agent.services.keeping_leases.HEARTBEATS_A_LEASE", 2_000)
    monkeypatch.setattr("agent.services.turns.leases_of_turns", kept)
    yield kept
    for keeper in keepers(before):
        keeper.join(10)


def keepers(before: set[threading.Thread]) -> list[threading.Thread]:
    """The threads that keep leases, but for those that were there."""
    return [thread for thread in threading.enumerate() if thread.name == "leases" and thread not in before]


class Extensions:
    """Counts which turns were extended, and lets somebody wait for one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, lost: frozenset[int] = frozenset()) -> None:
        self.turns: list[int] = []
        self._changed = threading.Condition()
        self._lost = lost
        self._real = conversations.extend_turn
        monkeypatch.setattr("conversations.services.extend_turn", self._extend)

    def _extend(self, turn: Turn, *, owner: str) -> bool:
        is_ours = turn.conversation_id not in self._lost and self._real(turn, owner=owner)
        with self._changed:
            self.turns.append(turn.conversation_id)
            self._changed.notify_all()
        return is_ours

    def wait_for(self, conversation_id: int, *, times: int = 1) -> bool:
        """Whether the conversation's turn is extended so often, in ten seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self.turns.count(conversation_id) >= times, timeout=10)


class Waiting:
    """A mind that thinks only after its turn was extended."""

    def __init__(self, mind: Runtime, extensions: Extensions) -> None:
        self._mind = mind
        self._extensions = extensions

    def think(self, brief: Brief, **_: object) -> Thought:
        assert self._extensions.wait_for(brief.conversation_id, times=2)
        return self._mind.think(brief)


def test_the_lease_is_kept_while_the_agent_thinks(
    mind: Runtime, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = wrote("How long does delivery take?")

    result = services.answer(conversation.pk, Waiting(mind, Extensions(monkeypatch)))

    assert result is TurnResult.REPLIED


def test_one_thread_keeps_all_of_them_and_lets_go_of_a_lost_one(
    leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(threading.enumerate())
    first, second = wrote("Hello", thread="one"), wrote("Hello", thread="two")
    extensions = Extensions(monkeypatch, lost=frozenset({first.pk}))
    claimed = [conversations.claim_turn(each.pk, owner="me") for each in (first, second)]
    assert claimed[0] is not None
    assert claimed[1] is not None

    with leases.kept(claimed[0], "me"), leases.kept(claimed[1], "me"):
        assert extensions.wait_for(second.pk, times=3)
        (keeper,) = keepers(before)

    assert extensions.turns.count(first.pk) == 1
    keeper.join(10)
    assert not keeper.is_alive()


def test_it_begins_again_with_the_next_turn(leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    extensions = Extensions(monkeypatch)
    before = set(threading.enumerate())
    for thread in ("one", "two"):
        conversation = wrote("Hello", thread=thread)
        turn = conversations.claim_turn(conversation.pk, owner="me")
        assert turn is not None
        with leases.kept(turn, "me"):
            assert extensions.wait_for(conversation.pk)
        (keeper,) = keepers(before)
        keeper.join(10)
