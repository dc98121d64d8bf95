"""A turn from claim to commit, on real rows and with the real engine."""

from collections.abc import Callable

import pytest
from django.db import connection

from agent import services
from agent.graph.brief import Brief, Thought
from agent.models import AgentRun, Intent, Release
from agent.releases import services as releases
from agent.runtime import Runtime
from conversations import services as conversations
from conversations.models import Attachment, Conversation, Delivery, Escalation, Message
from conversations.types import TurnResult
from tests.conversations.talk import due_again, expire_lease, fresh, person, write, wrote

pytestmark = pytest.mark.django_db


class Meanwhile:
    """A mind that lets something happen while it thinks."""

    def __init__(self, mind: Runtime, happens: Callable[[], object]) -> None:
        self._mind = mind
        self._happens = happens

    def think(self, brief: Brief, **_: object) -> Thought:
        self._happens()
        return self._mind.think(brief)


class Broken:
    """A mind that cannot think."""

    def think(self, brief: Brief, **_: object) -> Thought:
        raise RuntimeError("out of order")


def answered(conversation: Conversation) -> Message:
    """The last thing the customer was told."""
    message = Message.objects.filter(conversation=conversation, direction="out").order_by("-seq").first()
    assert message is not None
    return message


def test_a_question_is_answered_from_an_article_with_its_source(mind: Runtime) -> None:
    conversation = wrote("How long does delivery take?")

    assert services.answer(conversation.pk, mind) is TurnResult.REPLIED

    reply = answered(conversation)
    assert reply.sender_type == Message.Sender.BOT
    assert "working days" in reply.text
    assert reply.sources[0]["title"] == "Delivery times"
    asked = Message.objects.get(direction="in")
    assert (asked.disposition, asked.intent, asked.language) == ("answered", "delivery_time", "en")


def test_the_run_says_why(mind: Runtime, release: Release) -> None:
    conversation = wrote("How long does delivery take?")

    services.answer(conversation.pk, mind)

    run = AgentRun.objects.get()
    assert (run.state, run.release, run.intent, run.provider) == ("replied", release, "delivery_time", "embedded")
    assert run.draft == answered(conversation).text
    assert run.ended_at is not None
    assert run.duration_ms is not None
    assert run.trace["release"] == 1
    assert [step["node"] for step in run.trace["steps"]][-1] == "validate_response"
    assert run.trace["understanding"]["candidates"][0]["intent"] == "delivery_time"
    assert run.trace["knowledge"]["passages"][0]["title"] == "Delivery times"
    assert run.trace["knowledge"]["runner_up"]["score"] < run.trace["knowledge"]["passages"][0]["score"]
    assert all(check["ok"] for check in run.trace["checks"])
    assert run.envelope["brief"]["message"] == "How long does delivery take?"


def test_a_german_question_gets_a_german_answer(mind: Runtime) -> None:
    conversation = wrote("Wie lange dauert die Lieferung nach Österreich?")

    services.answer(conversation.pk, mind)

    assert "Werktage" in answered(conversation).text
    assert fresh(conversation).language == "de"


def test_quick_messages_get_one_answer(mind: Runtime) -> None:
    conversation = wrote("Hi there")
    write("I have a question")
    write("How long does delivery take?")

    services.answer(conversation.pk, mind)

    assert AgentRun.objects.get().envelope["brief"]["message"].count("\n") == 2
    assert Delivery.objects.count() == 1


def test_asking_for_a_person_hands_over_with_one_text_and_a_card(mind: Runtime) -> None:
    conversation = wrote("My order TH1234567 is late. I want to speak to a real person")

    assert services.answer(conversation.pk, mind) is TurnResult.ESCALATED

    escalation = Escalation.objects.get()
    assert escalation.reason == "asked_for_person"
    assert {"label": "Order number", "value": "TH1234567", "seq": 1} in escalation.card["facts"]
    assert fresh(conversation).mode == Conversation.Mode.HUMAN
    assert Delivery.objects.get().author == Delivery.Author.SYSTEM
    run = AgentRun.objects.get()
    assert run.state == AgentRun.State.ESCALATED
    assert run.trace["rules"]["fired"][0]["key"] == "asks-for-person"


def sends_a_picture(text: str = "", *, state: str = "waiting", kind: str = "image") -> Conversation:
    """A customer sends a picture, and perhaps words right after it; how far its file came is ``state``."""
    message = write("", kind=kind)
    assert message is not None
    Attachment.objects.create(message=message, kind=kind, media_id="m1", state=state)
    if text:
        write(text)
    return message.conversation


@pytest.mark.parametrize("state", ["waiting", "kept"])
def test_a_picture_alone_goes_to_a_person_with_one_text_and_the_true_reason(mind: Runtime, state: str) -> None:
    conversation = sends_a_picture(state=state)
    write("", kind="image")

    assert services.answer(conversation.pk, mind) is TurnResult.ESCALATED

    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.get_reason_display()) == ("sent_picture", "Sent a picture")
    assert escalation.detail == "The customer sent a picture and no words."
    assert escalation.card["next_step"].startswith("Look at the picture")
    assert escalation.card["wants"] == ""
    assert escalation.suggestion == ""
    assert "a colleague will look at it" in answered(conversation).text
    assert Delivery.objects.count() == 1


def test_a_second_picture_is_for_the_same_person_and_says_nothing_again(mind: Runtime) -> None:
    conversation = sends_a_picture()
    services.answer(conversation.pk, mind)

    sends_a_picture()

    assert services.answer(conversation.pk, mind) is None
    assert Escalation.objects.count() == Delivery.objects.count() == 1


def test_a_german_is_told_in_german_what_becomes_of_the_picture(mind: Runtime) -> None:
    conversation = sends_a_picture()
    Conversation.objects.update(language="de")

    services.answer(conversation.pk, mind)

    assert "Danke für das Bild" in answered(conversation).text


def test_a_question_beside_a_picture_is_answered(mind: Runtime) -> None:
    conversation = sends_a_picture("How long does delivery take?")

    assert services.answer(conversation.pk, mind) is TurnResult.REPLIED

    assert "working days" in answered(conversation).text


@pytest.mark.parametrize("words", ["What is this here, is that normal?", "Hi", "Look at this!"])
def test_words_that_only_the_picture_explains_go_to_a_person(mind: Runtime, words: str) -> None:
    conversation = sends_a_picture(words)

    assert services.answer(conversation.pk, mind) is TurnResult.ESCALATED

    assert Escalation.objects.get().reason == "sent_picture"


@pytest.mark.parametrize(("state", "kind"), [("failed", "image"), ("referenced", "image"), ("kept", "video")])
def test_what_nobody_can_look_at_or_is_no_picture_is_admitted(mind: Runtime, state: str, kind: str) -> None:
    conversation = sends_a_picture(state=state, kind=kind)

    assert services.answer(conversation.pk, mind) is TurnResult.REPLIED

    assert "write it to me as text" in answered(conversation).text
    assert not Escalation.objects.exists()


def test_an_injury_comes_before_everything(mind: Runtime) -> None:
    conversation = wrote("The stove exploded and my daughter is bleeding")

    services.answer(conversation.pk, mind)

    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.priority) == ("danger", "first")
    assert [step["node"] for step in AgentRun.objects.get().trace["steps"]] == ["classify_message", "escalate"]


def test_urgent_words_in_any_of_several_messages_count(mind: Runtime) -> None:
    conversation = wrote("My house is on fire because of your stove")
    write("How long does delivery take?")

    services.answer(conversation.pk, mind)

    assert Escalation.objects.get().reason == "danger"


def test_what_nobody_wrote_down_is_admitted_and_then_handed_over(mind: Runtime) -> None:
    conversation = wrote("What is the capital of Mongolia?")
    services.answer(conversation.pk, mind)
    assert "reliable answer" in answered(conversation).text
    assert AgentRun.objects.get().trace["reply"]["kind"] == "offer"

    write("And who is the president of Peru?")
    services.answer(conversation.pk, mind)

    assert Escalation.objects.get().reason == "repeated_failure"


def test_yes_to_the_offer_of_a_person_brings_one(mind: Runtime) -> None:
    conversation = wrote("What is the capital of Mongolia?")
    services.answer(conversation.pk, mind)

    write("yes please")
    services.answer(conversation.pk, mind)

    assert Escalation.objects.get().reason == "asked_for_person"


def test_nothing_due_is_nothing_done(mind: Runtime) -> None:
    conversation = wrote("How long does delivery take?")
    services.answer(conversation.pk, mind)

    assert services.answer(conversation.pk, mind) is None
    assert AgentRun.objects.count() == 1


def test_a_person_who_takes_over_while_the_bot_thinks_silences_it(mind: Runtime) -> None:
    conversation = wrote("How long does delivery take?")
    somebody = person()

    result = services.answer(conversation.pk, Meanwhile(mind, lambda: conversations.take_over(conversation, somebody)))

    assert result is TurnResult.CANCELLED_BY_HUMAN
    assert not Message.objects.filter(direction="out", sender_type="bot").exists()
    run = AgentRun.objects.get()
    assert run.state == AgentRun.State.CANCELLED
    assert "working days" in run.draft


def test_a_message_while_the_bot_thinks_supersedes_the_turn(mind: Runtime) -> None:
    conversation = wrote("Hi there")

    first = services.answer(conversation.pk, Meanwhile(mind, lambda: write("How long does delivery take?")))
    due_again(conversation)
    second = services.answer(conversation.pk, mind)

    assert (first, second) == (TurnResult.SUPERSEDED, TurnResult.REPLIED)
    assert Delivery.objects.count() == 1
    assert set(AgentRun.objects.values_list("state", flat=True)) == {"superseded", "replied"}


def test_a_turn_whose_lease_ran_out_is_fenced_and_changes_nothing(mind: Runtime) -> None:
    conversation = wrote("How long does delivery take?")

    def another_answers() -> None:
        expire_lease(conversation)
        services.answer(conversation.pk, mind)

    assert services.answer(conversation.pk, Meanwhile(mind, another_answers)) is TurnResult.FENCED
    assert Delivery.objects.count() == 1
    assert set(AgentRun.objects.values_list("state", flat=True)) == {"fenced", "replied"}


def test_a_process_that_died_after_its_claim_is_followed_by_another(mind: Runtime) -> None:
    conversation = wrote("How long does delivery take?")
    dead = conversations.claim_turn(conversation.pk, owner="killed")
    assert dead is not None
    assert services.answer(conversation.pk, mind) is None

    expire_lease(conversation)

    assert services.answer(conversation.pk, mind) is TurnResult.REPLIED
    assert AgentRun.objects.get().attempt == 2


def test_a_run_that_a_dead_process_left_is_ended_by_the_next(mind: Runtime, release: Release) -> None:
    conversation = wrote("How long does delivery take?")
    dead = conversations.claim_turn(conversation.pk, owner="killed")
    assert dead is not None
    left = AgentRun.objects.create(
        conversation_id=conversation.pk, epoch=dead.epoch, release=release, from_seq=1, to_seq=1
    )
    expire_lease(conversation)

    services.answer(conversation.pk, mind)

    left.refresh_from_db()
    assert left.state == AgentRun.State.FAILED


def test_a_turn_that_fails_is_tried_again(mind: Runtime) -> None:
    conversation = wrote("How long does delivery take?")

    assert services.answer(conversation.pk, Broken()) is None
    run = AgentRun.objects.get()
    assert (run.state, run.error) == ("failed", "RuntimeError")
    due_again(conversation)

    assert services.answer(conversation.pk, mind) is TurnResult.REPLIED


def test_after_five_failures_a_person_is_called_and_the_customer_told(release: Release) -> None:
    conversation = wrote("How long does delivery take?")

    for _ in range(5):
        due_again(conversation)
        services.answer(conversation.pk, Broken())

    assert Escalation.objects.get().reason == "bot_failed"
    assert AgentRun.objects.order_by("id").last().state == AgentRun.State.DEAD  # type: ignore[union-attr]
    assert answered(conversation).sender_type == Message.Sender.SYSTEM


def test_a_switched_off_bot_hands_everything_over(mind: Runtime) -> None:
    releases.publish(releases.configure("bot.enabled", "false", None), None)
    conversation = wrote("How long does delivery take?")

    services.answer(conversation.pk, mind)

    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.detail) == ("policy", "The bot is switched off.")
    assert Delivery.objects.get().author == Delivery.Author.SYSTEM


def test_an_intent_that_people_answer_is_handed_over(mind: Runtime) -> None:
    draft = releases.create_draft(None)
    Intent.objects.filter(release=draft, key="delivery_time").update(is_enabled=False)
    releases.publish(draft, None)
    conversation = wrote("How long does delivery take?")

    services.answer(conversation.pk, mind)

    escalation = Escalation.objects.get()
    assert escalation.reason == "policy"
    assert "working days" in escalation.suggestion


def test_hand_back_begins_a_new_context_without_a_loop(mind: Runtime) -> None:
    conversation = wrote("What is the capital of Mongolia?")
    services.answer(conversation.pk, mind)
    write("And who is the president of Peru?")
    services.answer(conversation.pk, mind)
    somebody = person()
    conversations.take_over(fresh(conversation), somebody)
    conversations.hand_back(fresh(conversation), somebody)

    write("How high is Mount Everest in feet?")
    due_again(conversation)
    services.answer(conversation.pk, mind)

    run = AgentRun.objects.order_by("id").last()
    assert run is not None
    assert run.trace["progress"]["failures"] == 0
    assert run.state == AgentRun.State.REPLIED


def test_no_transaction_is_open_while_the_agent_thinks(mind: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = wrote("How long does delivery take?")
    depth: list[int] = []
    outside = len(connection.savepoint_ids)

    services.answer(conversation.pk, Meanwhile(mind, lambda: depth.append(len(connection.savepoint_ids))))

    assert depth == [outside]
