"""The judge's questions: what breaks a promise is found, and what a promise allows is not."""

import pytest

from drill.invariants import answered_twice, given_up_silently, sent_twice, spoke_over_a_person
from tests.drill.witness import Seen, arrived, said

PARKED = """
INSERT INTO conversations_conversation VALUES (1, 't1');
INSERT INTO conversations_message (id, conversation_id, text) VALUES (1, 1, 'It left today.');
INSERT INTO conversations_delivery (id, conversation_id, message_id, state, idem_key) VALUES (1, 1, 1, 'needs_review', 'k1');
"""
ANSWERED = """
INSERT INTO conversations_conversation VALUES (1, 't1');
INSERT INTO conversations_message (id, conversation_id, platform_message_id, disposition, disposition_id)
  VALUES (1, 1, 'm1', 'answered', 1), (2, 1, 'm2', 'answered', 1), (3, 1, 'm3', 'answered', 2);
INSERT INTO conversations_delivery (id, conversation_id, state, platform_message_id)
  VALUES (1, 1, 'sent', 'r1'), (2, 1, 'sent', 'r2');
"""
TALK = [said("m1", "t1"), said("m2", "t1"), arrived("r1", "t1"), said("m3", "t1"), arrived("r2", "t1")]
SENT = """
INSERT INTO conversations_conversation VALUES (1, 't1');
INSERT INTO conversations_escalation (id, conversation_id, reason, created_at, closed_at) VALUES (7, 1, '{reason}', '10:05', {closed});
INSERT INTO conversations_delivery (id, conversation_id, author, state, created_at) VALUES (1, 1, '{author}', '{state}', '{said_at}');
INSERT INTO conversations_deliveryattempt (delivery_id, number, started_at, ended_at) VALUES (1, 1, '{begun}', '{begun}:30');
"""
DEED = """
INSERT INTO core_auditevent (at, action, target_id, "after") VALUES ('{at}', '{action}', '{target}', '{after}');
"""
STAFF = """
INSERT INTO conversations_delivery (id, author, state, platform_message_id) VALUES (3, 'human', 'sent', 'r3');
"""


def sent(
    *,
    begun: str,
    author: str = "bot",
    reason: str = "asked",
    said_at: str = "10:00",
    state: str = "sent",
    closed: str = "NULL",
) -> str:
    """One attempt of one delivery, in a conversation that people were called to at 10:05."""
    return SENT.format(begun=begun, author=author, reason=reason, said_at=said_at, state=state, closed=closed)


def deed(action: str, at: str, after: str = "{}", *, target: str = "1") -> str:
    """Somebody did something with the conversation."""
    return DEED.format(action=action, at=at, after=after, target=target)


def test_a_parked_send_may_have_arrived_once() -> None:
    assert sent_twice(Seen(PARKED, [arrived("r1", "t1", "It left  today.")])) == []


@pytest.mark.parametrize(
    "log",
    [
        [arrived("r1", "t1", "It left today."), arrived("r2", "t1", "It left today.")],
        [arrived("r1", "t1", "Something else.")],
        [arrived("r1", "t2", "It left today.")],
    ],
)
def test_what_a_parked_send_does_not_explain_is_found(log: list[dict[str, object]]) -> None:
    assert len(sent_twice(Seen(PARKED, log))) == 1


def test_what_is_answered_once_breaks_nothing() -> None:
    assert answered_twice(Seen(ANSWERED, TALK)) == []


def test_the_platform_saw_more_replies_than_messages() -> None:
    log = [said("m3", "t1"), arrived("r1", "t1"), arrived("r2", "t1"), said("m1", "t1"), said("m2", "t1")]

    assert "more replies than messages" in {row[0] for row in answered_twice(Seen(ANSWERED, log))}


def test_what_staff_say_answers_as_often_as_they_like() -> None:
    assert answered_twice(Seen(ANSWERED + STAFF, [*TALK, arrived("r3", "t1")])) == []
    assert len(answered_twice(Seen(ANSWERED, [*TALK, arrived("r3", "t1"), arrived("r4", "t1")]))) == 1


def test_an_answer_to_what_the_platform_never_had_is_found() -> None:
    log = [row for row in TALK if row["message_id"] != "m2"]

    assert answered_twice(Seen(ANSWERED, log)) == [("answers what the platform never had", "t1", "m2")]


@pytest.mark.parametrize("action", ["conversation.take_over", "conversation.reply"])
def test_the_bot_speaks_over_a_person_who_took_over_or_replied(action: str) -> None:
    after = '{"in_flight": []}'

    assert len(spoke_over_a_person(Seen(sent(begun="10:10") + deed(action, "10:09", after)))) == 1
    assert spoke_over_a_person(Seen(sent(begun="10:10") + deed(action, "10:11", after))) == []
    assert spoke_over_a_person(Seen(sent(begun="10:10", author="human") + deed(action, "10:09", after))) == []


def test_the_bot_speaks_over_a_person_who_claimed_the_escalation() -> None:
    claim = deed("escalation.claim", "10:09", '{"in_flight": []}', target="7")

    assert len(spoke_over_a_person(Seen(sent(begun="10:10") + claim))) == 1


@pytest.mark.parametrize(("action", "target"), [("conversation.reply", "1"), ("escalation.claim", "7")])
def test_what_was_named_as_on_its_way_may_begin(action: str, target: str) -> None:
    rows = sent(begun="10:10") + deed(action, "10:09", '{"in_flight": [1]}', target=target)

    assert spoke_over_a_person(Seen(rows)) == []


@pytest.mark.parametrize("end", ["conversation.hand_back", "conversation.resolve"])
def test_after_handing_back_or_closing_the_bot_may_speak(end: str) -> None:
    rows = sent(begun="10:10") + deed("conversation.take_over", "10:06") + deed(end, "10:08")

    assert spoke_over_a_person(Seen(rows)) == []


def test_an_answer_by_the_api_that_lets_the_bot_go_on_takes_nothing_over() -> None:
    assert spoke_over_a_person(Seen(sent(begun="10:10") + deed("conversation.reply", "10:09"))) == []


def test_the_bot_speaks_over_a_colleague_in_the_platforms_own_app() -> None:
    again = "INSERT INTO conversations_deliveryattempt (delivery_id, number, started_at) VALUES (1, 2, '10:20');"

    assert spoke_over_a_person(Seen(sent(begun="10:10", reason="colleague"))) == []
    assert len(spoke_over_a_person(Seen(sent(begun="10:10", reason="colleague") + again))) == 1
    assert len(spoke_over_a_person(Seen(sent(begun="10:10", reason="colleague", said_at="10:06")))) == 1
    assert spoke_over_a_person(Seen(sent(begun="10:10", reason="colleague", said_at="10:09", closed="'10:08'"))) == []


@pytest.mark.parametrize("state", ["dead", "needs_review"])
def test_what_was_given_up_needs_an_escalation_of_its_own_time(state: str) -> None:
    given_up = sent(begun="10:10", state=state)

    assert given_up_silently(Seen(given_up)) == []
    assert len(given_up_silently(Seen(sent(begun="10:10", state=state, closed="'10:07'")))) == 1
    assert given_up_silently(Seen(sent(begun="10:10", state=state, closed="'10:30'"))) == []
