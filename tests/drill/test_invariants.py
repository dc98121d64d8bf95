"""The judge's questions: what breaks a promise is found, and what a promise allows is not."""

# ruff: noqa: S608  (rows of this page's own for a database in memory)

import hashlib
import json
from datetime import UTC, datetime

import pytest

from drill import mutants
from drill.invariants import (
    INVARIANTS,
    answered_twice,
    audit_broken,
    given_up_silently,
    numbered_wrongly,
    one_end,
    out_of_order,
    overspent,
    sent_twice,
    spoke_over_a_person,
    stuck,
    tried_too_often,
)
from tests.drill.witness import Seen, arrived, said

PARKED = """
INSERT INTO conversations_conversation (id, thread_key) VALUES (1, 't1');
INSERT INTO conversations_message (id, conversation_id, text) VALUES (1, 1, 'It left today.');
INSERT INTO conversations_delivery (id, conversation_id, message_id, state, idem_key) VALUES (1, 1, 1, 'needs_review', 'k1');
"""
ANSWERED = """
INSERT INTO conversations_conversation (id, thread_key) VALUES (1, 't1');
INSERT INTO conversations_message (id, conversation_id, platform_message_id, disposition, disposition_id)
  VALUES (1, 1, 'm1', 'answered', 1), (2, 1, 'm2', 'answered', 1), (3, 1, 'm3', 'answered', 2);
INSERT INTO conversations_delivery (id, conversation_id, state, platform_message_id)
  VALUES (1, 1, 'sent', 'r1'), (2, 1, 'sent', 'r2');
"""
TALK = [said("m1", "t1"), said("m2", "t1"), arrived("r1", "t1"), said("m3", "t1"), arrived("r2", "t1")]
SENT = """
INSERT INTO conversations_conversation (id, thread_key) VALUES (1, 't1');
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


def ended(disposition: str, disposition_id: int | None = None) -> str:
    """One message of a customer that came to this end."""
    return (
        "INSERT INTO conversations_message (id, conversation_id, disposition, disposition_id) "
        f"VALUES (1, 1, '{disposition}', {disposition_id or 'NULL'});"
    )


REPLY = "INSERT INTO conversations_delivery (id, conversation_id, state) VALUES (5, {conversation}, '{state}');"
CASE = "INSERT INTO conversations_escalation (id, conversation_id, created_at) VALUES (6, {conversation}, '10:00');"


@pytest.mark.parametrize(
    "rows",
    [
        ended("answered", 5) + REPLY.format(conversation=1, state="sent"),
        ended("answered", 5) + REPLY.format(conversation=1, state="pending"),
        ended("handed_over", 6) + CASE.format(conversation=1),
        ended("ignored"),
    ],
)
def test_a_message_that_has_an_end_breaks_nothing(rows: str) -> None:
    assert one_end(Seen(rows)) == []


@pytest.mark.parametrize(
    "rows",
    [
        ended("undecided"),
        ended("answered", 5),
        ended("answered", 5) + REPLY.format(conversation=2, state="sent"),
        ended("answered", 5) + REPLY.format(conversation=1, state="cancelled"),
        ended("handed_over", 6),
        ended("handed_over", 6) + CASE.format(conversation=2),
    ],
)
def test_a_message_without_an_end_or_with_one_that_is_nothing_is_found(rows: str) -> None:
    assert len(one_end(Seen(rows))) == 1


NUMBERED = """
INSERT INTO conversations_delivery (id, conversation_id, state, platform_message_id, out_seq)
  VALUES (1, 1, 'sent', 'r1', 1), (2, 1, 'sent', 'r2', 2), (3, 2, 'sent', 'r3', 1);
"""


def test_replies_that_arrive_in_the_order_of_their_numbers_break_nothing() -> None:
    assert out_of_order(Seen(NUMBERED, [arrived("r1", "t1"), arrived("r3", "t2"), arrived("r2", "t1")])) == []


def test_a_reply_that_was_overtaken_is_found() -> None:
    assert out_of_order(Seen(NUMBERED, [arrived("r2", "t1"), arrived("r1", "t1")])) == [("overtaken", 1, 1, 2)]


SAID = "INSERT INTO conversations_message (id, conversation_id, seq, direction) VALUES ({rows});"
TALKED = "INSERT INTO conversations_conversation (id, last_seq) VALUES (1, 2);"
TAKEN_IN = (
    "INSERT INTO integrations_webhookevent (id, message_id, state) VALUES (1, {first}, 'done'), (2, {second}, 'done');"
)


def test_messages_are_numbered_without_a_gap_and_in_the_order_in_which_they_came() -> None:
    said = SAID.format(rows="1, 1, 1, 'in'), (2, 1, 2, 'in'")

    assert numbered_wrongly(Seen(TALKED + said + TAKEN_IN.format(first=1, second=2))) == []
    assert len(numbered_wrongly(Seen(TALKED + said + TAKEN_IN.format(first=2, second=1)))) == 1
    assert len(numbered_wrongly(Seen(TALKED + SAID.format(rows="1, 1, 1, 'in'), (2, 1, 3, 'in'")))) == 1
    assert len(numbered_wrongly(Seen(TALKED + SAID.format(rows="1, 1, 1, 'in'), (2, 1, 1, 'in'")))) == 1


@pytest.mark.parametrize(
    "row",
    [
        "INSERT INTO integrations_webhookevent (id, state) VALUES (1, 'received');",
        *(
            f"INSERT INTO conversations_delivery (id, conversation_id, state) VALUES (1, 1, '{state}');"
            for state in ("pending", "sending", "retry_wait", "unknown")
        ),
        "INSERT INTO conversations_conversation (id, mode, last_in_seq, answered_to_seq) VALUES (1, 'bot', 3, 2);",
        "INSERT INTO agent_agentrun (id, conversation_id, state) VALUES (1, 1, 'running'), (2, 1, 'replied');",
        "INSERT INTO privacy_erasure (id, state) VALUES (1, 'approved');",
        "INSERT INTO privacy_export (id, state) VALUES (1, 'approved');",
    ],
)
def test_what_is_still_on_its_way_when_all_is_at_rest_is_stuck(row: str) -> None:
    assert len(stuck(Seen(row))) == 1


def test_what_has_ended_or_is_a_persons_is_not_stuck() -> None:
    rows = """
    INSERT INTO integrations_webhookevent (id, state) VALUES (1, 'done'), (2, 'quarantined');
    INSERT INTO conversations_delivery (id, conversation_id, state) VALUES (1, 1, 'sent'), (2, 1, 'needs_review');
    INSERT INTO conversations_conversation (id, mode, last_in_seq, answered_to_seq) VALUES (1, 'human', 3, 2), (2, 'bot', 3, 3);
    INSERT INTO agent_agentrun (id, conversation_id, state) VALUES (1, 1, 'running');
    """

    assert stuck(Seen(rows)) == []


def test_more_spent_than_the_cap_and_one_call_is_found() -> None:
    spent = "INSERT INTO agent_spendledger VALUES ('global', '1', {spent}, 0, 100, 10);"

    assert overspent(Seen(spent.format(spent=110))) == []
    assert len(overspent(Seen(spent.format(spent=111)))) == 1


SEALED = (
    "id", "at", "actor_kind", "actor_id", "actor_name", "action", "target_kind", "target_id", "address", "request_id", "reason",
)  # fmt: skip


def deeds(*actions: str, broken: int = 0, unsealed: int = 0) -> str:
    """A chain of sealed deeds; one of them changed afterwards, one without a seal."""
    previous, rows = "0" * 64, ""
    for number, action in enumerate(actions, start=1):
        at = datetime(2026, 1, 1, 10, number, tzinfo=UTC)
        fields: dict[str, object] = dict.fromkeys(SEALED, "") | {"id": number, "actor_id": None, "action": action}
        fields |= {"at": at, "before": {}, "after": {}}
        digest = hashlib.sha256((previous + json.dumps(fields, sort_keys=True, default=str)).encode()).hexdigest()
        rows += (
            "INSERT INTO core_auditevent (id, at, action, target_kind, target_id) "
            f"VALUES ({number}, '{at:%Y-%m-%d %H:%M:%S}', '{action if number != broken else 'another'}', '', '');"
        )
        if number != unsealed:
            rows += f"INSERT INTO core_auditseal VALUES ({number}, {number}, '{previous}', '{digest}');"
        previous = digest
    return rows


def test_a_deed_that_is_not_sealed_or_was_changed_is_found() -> None:
    assert audit_broken(Seen(deeds("took over", "replied"))) == []
    assert audit_broken(Seen(deeds("took over", "replied", unsealed=2))) == [("not sealed", 2)]
    assert audit_broken(Seen(deeds("took over", "replied", broken=1))) == [("the chain does not hold", 1, 1)]


@pytest.mark.parametrize(
    ("table", "column", "most"),
    [
        ("conversations_conversation", "attempts", 5),
        ("agent_agentrun", "attempt", 5),
        ("conversations_delivery", "attempts", 12),
        ("integrations_webhookevent", "attempts", 5),
    ],
)
def test_what_was_tried_too_often_is_found(table: str, column: str, most: int) -> None:
    row = f"INSERT INTO {table} (id, {column}) VALUES (1, {{}});"

    assert tried_too_often(Seen(row.format(most))) == []
    assert len(tried_too_often(Seen(row.format(most + 1)))) == 1


def test_each_invariant_is_bitten_by_a_mutant_or_shown_here() -> None:
    bitten = {number for trial in mutants.TRIALS for number in trial.bites}
    shown = {
        3: sent_twice,
        4: answered_twice,
        7: spoke_over_a_person,
        9: given_up_silently,
        2: one_end,
        5: out_of_order,
    }
    shown |= {6: numbered_wrongly, 8: stuck, 10: overspent, 11: audit_broken, 12: tried_too_often}

    assert all(shown.get(each.number, each.broken) is each.broken for each in INVARIANTS)
    assert {each.number for each in INVARIANTS} == bitten | set(shown)
