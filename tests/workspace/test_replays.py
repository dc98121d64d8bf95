"""Replay and what-if beside the trace: offered to those who may, looked for until done, read in words."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from agent.models import AgentRun, Replay
from conversations.models import Conversation, Message
from core.policy import Role
from tests.workspace.scene import Scene, body, bot_answers, browser, customer_writes, press, set_scene
from workspace import replays

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    """A team and its people."""
    return set_scene()


@pytest.fixture
def conversation(scene: Scene) -> Conversation:
    """A conversation that the bot answered."""
    found = customer_writes(scene.team)
    run = bot_answers(found, trace={"release": 1})
    AgentRun.objects.filter(pk=run.pk).update(
        envelope={"brief": {"message_kinds": [], "history": []} | BRIEF, "turn": {}},
        state="replied",
        ended_at=timezone.now(),
    )
    return found


BRIEF: dict[str, Any] = {"release_id": 1, "conversation_id": 1, "message": "x", "channel": {}, "progress": {}}


def address(conversation: Conversation, name: str = "workspace-replay-ask", **more: Any) -> str:
    """Where the run behind the bot's message is replayed."""
    message = Message.objects.get(conversation=conversation, sender_type="bot")
    return reverse(name, kwargs={"public_id": conversation.public_id, "message_id": message.public_id, **more})


def test_whoever_may_replay_has_the_buttons(scene: Scene, conversation: Conversation) -> None:
    for role, offered in ((Role.ADMIN, True), (Role.SUPERVISOR, True), (Role.AGENT, False), (Role.VIEWER, False)):
        page = browser(scene.person(role)).get(address(conversation, "workspace-why")).content.decode()

        assert ("Replay exactly" in page, "What if…" in page) == (offered, offered)


def test_no_button_for_a_run_whose_words_are_gone(scene: Scene, conversation: Conversation) -> None:
    AgentRun.objects.update(envelope={})

    page = browser(scene.person(Role.ADMIN)).get(address(conversation, "workspace-why")).content.decode()

    assert "Replay exactly" not in page


def test_asking_shows_that_it_is_under_way_and_looks_again(scene: Scene, conversation: Conversation) -> None:
    client = browser(scene.person(Role.SUPERVISOR))

    shown = body(press(client, address(conversation), kind="exact"))

    replay = Replay.objects.get()
    look = address(conversation, "workspace-replay", replay_id=replay.public_id)
    assert f'hx-get="{look}"' in shown
    assert "Thinking it again…" in shown
    Replay.objects.update(
        state="done", ended_at=timezone.now(), result={"equal": True, "differences": [], "missing": ""}
    )
    after = client.get(look).content.decode()
    assert "hx-get" not in after
    assert "The same again" in after


def test_an_unknown_kind_is_refused(scene: Scene, conversation: Conversation) -> None:
    assert press(browser(scene.person(Role.ADMIN)), address(conversation), kind="magic").status_code == 400


def test_what_cannot_be_replayed_says_why_in_the_panel(scene: Scene, conversation: Conversation) -> None:
    AgentRun.objects.update(trace={})

    shown = press(browser(scene.person(Role.ADMIN)), address(conversation), kind="exact")

    assert "failed before it had an outcome" in body(shown)


def test_a_replay_of_another_run_is_not_found(scene: Scene, conversation: Conversation) -> None:
    other = customer_writes(scene.team, thread="t2")
    replay = Replay.objects.create(run=bot_answers(other), kind="exact")

    look = address(conversation, "workspace-replay", replay_id=replay.public_id)

    assert browser(scene.person(Role.ADMIN)).get(look).status_code == 404


def of(conversation: Conversation, **values: Any) -> Replay:
    """A replay of the conversation's run."""
    run = AgentRun.objects.get(conversation_id=conversation.pk)
    return Replay.objects.create(run=run, **{"kind": "exact", "state": "done", "ended_at": timezone.now()} | values)


def test_differences_and_sentences_are_shown_as_text(scene: Scene, conversation: Conversation) -> None:
    different = {"what": "outcome.text", "then": '"<b>Hi</b>"', "now": '"Bye"'}
    replay = of(conversation, result={"equal": False, "differences": [different], "missing": ""})
    look = address(conversation, "workspace-replay", replay_id=replay.public_id)

    shown = browser(scene.person(Role.ADMIN)).get(look).content.decode()

    assert "&lt;b&gt;Hi&lt;/b&gt;" in shown
    assert "It comes to something else now:" in shown


def test_sentences_are_marked_by_what_they_say(conversation: Conversation) -> None:
    found = [
        {"sentence": "Without the rule “A” the same would have happened.", "same": True, "known": True},
        {"sentence": "Without the rule “B” it would have answered.", "same": False, "known": True},
        {"sentence": "Without the rule “C”: not known.", "same": False, "known": False},
    ]

    view = replays.read(of(conversation, kind="what_if", result={"what_ifs": found}))

    assert [(each.sentence, each.kind) for each in view.what_ifs] == [
        (found[0]["sentence"], "ok"),
        (found[1]["sentence"], "warn"),
        (found[2]["sentence"], "info"),
    ]


def test_what_no_worker_takes_stops_waiting(conversation: Conversation) -> None:
    replay = of(conversation, state="waiting", ended_at=None)
    assert replays.read(replay).is_waiting

    replay.asked_at = timezone.now() - timedelta(minutes=5)

    assert not replays.read(replay).is_waiting
    assert "No worker has taken this" in replays.read(replay).headline


def test_a_missing_exchange_is_told_and_not_called_a_difference(conversation: Conversation) -> None:
    view = replays.read(of(conversation, result={"equal": False, "differences": [], "missing": "Nothing was kept."}))

    assert (view.kind, view.headline) == ("warn", "It cannot be replayed exactly. Nothing was kept.")
