"""Replays are asked for by those who may, done once by a worker, and erased with what they are about."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agent import services, tasks
from agent.exceptions import NothingToReplay
from agent.models import AgentRun, Replay
from agent.revisiting import Recollection
from agent.runtime import Runtime
from agent.services import looking_back
from agent.services.forgetting import forget_runs
from core.exceptions import NotAllowed
from core.models import AuditEvent, User
from core.policy import Role
from tests.conversations.talk import wrote
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    """Somebody who may replay everything."""
    return make_user(role=Role.ADMIN)


@pytest.fixture
def run(mind: Runtime) -> AgentRun:
    """A run that answered."""
    services.answer(wrote("How long does delivery take?").pk, mind)
    return AgentRun.objects.get()


def test_a_replay_is_done_and_says_that_it_is_equal(run: AgentRun, mind: Runtime, admin: User) -> None:
    asked = looking_back.ask(run, admin, Replay.Kind.EXACT)

    looking_back.perform(asked.pk, Recollection(runtime=mind))

    asked.refresh_from_db()
    assert (asked.state, asked.result["equal"], asked.asked_by) == ("done", True, admin)
    assert asked.ended_at is not None
    assert AuditEvent.objects.filter(action="run.replayed").count() == 1


def test_the_bell_does_what_the_row_asks(
    run: AgentRun, mind: Runtime, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.runtime._runtime", mind)
    asked = looking_back.ask(run, admin, Replay.Kind.WHAT_IF)

    tasks.think_again(asked.pk)

    asked.refresh_from_db()
    sentences = [each["sentence"] for each in asked.result["what_ifs"]]
    assert any(sentence.startswith("Without the article “Delivery times”") for sentence in sentences)


def test_who_asks_twice_gets_the_one_that_is_under_way(run: AgentRun, admin: User) -> None:
    first = looking_back.ask(run, admin, Replay.Kind.EXACT)

    assert looking_back.ask(run, admin, Replay.Kind.EXACT) == first
    assert looking_back.ask(run, admin, Replay.Kind.WHAT_IF) != first
    Replay.objects.filter(pk=first.pk).update(asked_at=timezone.now() - timedelta(minutes=5))
    assert looking_back.ask(run, admin, Replay.Kind.EXACT) != first


def test_a_run_keeps_so_many_replays(run: AgentRun, mind: Runtime, admin: User) -> None:
    for _ in range(looking_back.KEPT_A_RUN + 3):
        looking_back.perform(looking_back.ask(run, admin, Replay.Kind.EXACT).pk, Recollection(runtime=mind))

    assert Replay.objects.count() == looking_back.KEPT_A_RUN


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER, Role.PROMPT_EDITOR])
def test_who_may_not_evaluate_or_read_may_not_replay(run: AgentRun, role: Role) -> None:
    with pytest.raises(NotAllowed):
        looking_back.ask(run, make_user(role=role, team=make_team()), Replay.Kind.EXACT)

    assert not Replay.objects.exists()


def test_what_was_emptied_is_refused_with_the_reason(run: AgentRun, admin: User) -> None:
    forget_runs([run.conversation_id])
    run.refresh_from_db()

    with pytest.raises(NothingToReplay, match="no longer kept"):
        looking_back.ask(run, admin, Replay.Kind.EXACT)


def test_erasing_takes_replays_along_and_one_under_way_keeps_nothing(run: AgentRun, mind: Runtime, admin: User) -> None:
    done = looking_back.ask(run, admin, Replay.Kind.WHAT_IF)
    looking_back.perform(done.pk, Recollection(runtime=mind))

    forget_runs([run.conversation_id])

    assert not Replay.objects.exists()
    late = Replay.objects.create(run=run, kind=Replay.Kind.EXACT)
    looking_back.perform(late.pk, Recollection(runtime=mind))
    late.refresh_from_db()
    assert (late.state, late.result) == ("failed", {})


def test_a_replay_that_ended_is_not_done_again(run: AgentRun, mind: Runtime, admin: User) -> None:
    asked = looking_back.ask(run, admin, Replay.Kind.EXACT)
    looking_back.perform(asked.pk, Recollection(runtime=mind))
    Replay.objects.filter(pk=asked.pk).update(result={"equal": "kept"})

    looking_back.perform(asked.pk, Recollection(runtime=mind))

    asked.refresh_from_db()
    assert asked.result == {"equal": "kept"}


def test_a_fault_is_written_on_the_row(run: AgentRun, admin: User) -> None:
    class Broken:
        def revisit(self, release_id: int) -> object:
            raise ZeroDivisionError

    asked = looking_back.ask(run, admin, Replay.Kind.EXACT)

    looking_back.perform(asked.pk, Broken())  # type: ignore[arg-type]  # it is broken on purpose

    asked.refresh_from_db()
    assert (asked.state, asked.error) == ("failed", "Something went wrong. The log of the worker says what.")
