"""LinkedIn's batches taken in: item by item, once each, in the thread they belong to."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from conversations import services as conversations
from conversations.models import Conversation, Message
from conversations.services.receiving import Arrivals
from core.policy import Role
from integrations import services
from integrations.models import WebhookEvent
from integrations.platforms.base import ParsedItem, Unfinished
from integrations.services import finishing, ingest
from integrations.services.together import Taken, take_in_lane
from tests.factories import make_delivery, make_user
from tests.integrations.linkedin import (
    AUTHOR,
    COMMENT,
    PAGE,
    POST,
    batch,
    comment,
    fixture,
    keep,
    linkedin_account,
)

pytestmark = pytest.mark.django_db
OTHER = "urn:li:person:Other"


@pytest.fixture(autouse=True)
def _account() -> None:
    linkedin_account()


def take_in(*bodies: bytes) -> list[WebhookEvent]:
    kept = [keep(body) for body in bodies]
    for event in kept:
        services.ingest_event(event.pk)
        event.refresh_from_db()
    return kept


def test_a_comment_becomes_a_message_in_a_public_thread_of_its_author() -> None:
    (kept,) = take_in(json.dumps(fixture("comment")).encode())

    message = Message.objects.get()
    talk = message.conversation
    assert (kept.state, kept.message_id) == ("ingested", message.pk)
    assert (message.text, message.platform_message_id) == ("Price for 50 seats?", COMMENT)
    assert (talk.thread_key, talk.is_public, talk.subject) == (f"{COMMENT}|{AUTHOR}", True, "On: New plans!")
    assert (talk.customer.external_id, talk.customer.name) == (AUTHOR, "Member XyZ")


def test_the_words_may_stand_one_level_deeper() -> None:
    item = comment()
    told: dict[str, Any] = item["decoratedGeneratedActivity"]["comment"]
    told["message"] = {"text": told.pop("text")}

    take_in(batch(item))

    assert Message.objects.get().text == "Price for 50 seats?"


def test_a_batch_is_split_and_each_item_has_its_effect_once() -> None:
    first, second = comment(), comment("And for 60?", number=7000000000000000003, author=OTHER)

    kept = take_in(batch(first, second), batch(second, first), batch(first))

    assert [event.state for event in kept] == ["ingested", "ignored", "ignored"]
    assert sorted(Message.objects.values_list("text", flat=True)) == ["And for 60?", "Price for 50 seats?"]
    assert Conversation.objects.count() == 2


def test_a_reply_belongs_to_its_top_and_its_author() -> None:
    reply = comment("Me too", number=7000000000000000003, author=OTHER, parent=COMMENT)
    again = comment("Still?", number=7000000000000000004, parent=COMMENT)

    take_in(batch(comment(), reply, again))

    texts = {talk.thread_key: list(talk.messages.values_list("text", flat=True)) for talk in Conversation.objects.all()}
    assert texts == {f"{COMMENT}|{AUTHOR}": ["Price for 50 seats?", "Still?"], f"{COMMENT}|{OTHER}": ["Me too"]}


def test_what_cannot_be_read_is_looked_at_and_the_rest_has_its_effect() -> None:
    (kept,) = take_in(batch({"action": "COMMENT", "organizationalEntity": PAGE}, comment()))

    assert (kept.state, kept.reason) == ("quarantined", "schema: generatedActivity names no comment")
    assert Message.objects.count() == 1


@contextmanager
def a_bug() -> Iterator[None]:
    """What says "Bad" cannot be taken in meanwhile, together with others or by itself."""
    together, alone = Arrivals.receive, conversations.receive

    def fail_together(self: Arrivals, conversation: Conversation, inbound: Any) -> Any:
        if inbound.text == "Bad":
            raise RuntimeError("a bug")
        return together(self, conversation, inbound)

    def fail_alone(item: Any, **held: Any) -> Any:
        if item.text == "Bad":
            raise RuntimeError("a bug")
        return alone(item, **held)

    with (
        patch.object(Arrivals, "receive", fail_together),
        patch.object(conversations, "receive", side_effect=fail_alone),
    ):
        yield


def test_a_failing_item_does_not_keep_the_others_and_the_batch_is_tried_again() -> None:
    with a_bug():
        (kept,) = take_in(batch(comment("Bad", number=5, author=OTHER), comment("Good")))

    assert (kept.state, kept.attempts) == ("received", 1)
    assert list(Message.objects.values_list("text", flat=True)) == ["Good"]

    WebhookEvent.objects.update(next_attempt_at="2020-01-01T00:00:00Z")
    services.ingest_event(kept.pk)

    kept.refresh_from_db()
    assert kept.state == "ingested"
    assert sorted(Message.objects.values_list("text", flat=True)) == ["Bad", "Good"]


def test_several_pages_in_one_batch_reach_their_accounts() -> None:
    second = linkedin_account(external_id="urn:li:organization:222")

    take_in(batch(comment(), comment("To the second", number=8, page="urn:li:organization:222", author=OTHER)))

    assert Message.objects.get(account_id=second.pk).text == "To the second"
    assert Message.objects.count() == 2


def test_a_page_that_is_not_ours_is_ignored() -> None:
    (kept,) = take_in(batch(comment(page="urn:li:organization:999")))

    assert (kept.state, kept.reason.partition(":")[0]) == ("ignored", "account")


@pytest.mark.parametrize("action", ["LIKE", "SHARE", "COMMENT_EDIT", "COMMENT_DELETE", "DANCE"])
def test_other_actions_are_no_messages(action: str) -> None:
    (kept,) = take_in(batch(comment(action=action)))

    assert kept.state == "ignored"
    assert not Message.objects.exists()


def test_a_mention_is_answered_under_the_post() -> None:
    take_in(json.dumps(fixture("mention")).encode())

    talk = Conversation.objects.get()
    assert talk.thread_key == f"urn:li:activity:7100000000000000000|{AUTHOR}"
    assert talk.messages.get().text == "Does anybody know how @Acme packs its lamps?"


def test_a_lead_is_kept_and_not_processed() -> None:
    (kept,) = take_in(json.dumps(fixture("lead")).encode())

    assert (kept.state, kept.reason.partition(":")[0]) == ("ignored", "lead")
    assert json.loads(bytes(kept.body)) == fixture("lead")


def test_our_own_comment_comes_back_as_an_echo() -> None:
    take_in(batch(comment()))
    talk = Conversation.objects.get()
    make_delivery(talk, "It is 9 a seat.", state="unknown")
    ours = comment("It is 9 a seat.", number=9, author=PAGE, action="ADMIN_COMMENT", parent=COMMENT)

    kept = take_in(batch(ours), batch(ours | {"lastModifiedAt": 1767225600311}))

    assert [event.reason for event in kept] == ["echo: ours", "echo: duplicate"]
    assert talk.deliveries.get().state == "sent"
    assert talk.messages.count() == 2


def test_a_colleague_who_comments_on_linkedin_takes_over() -> None:
    take_in(batch(comment()))

    take_in(batch(comment("I am looking into it", number=9, author=PAGE, parent=COMMENT)))

    talk = Conversation.objects.get()
    assert talk.mode == "human"
    assert talk.messages.order_by("seq").last().sender_type == "human"  # type: ignore[union-attr]


def test_the_pages_own_new_comment_is_nobodys_thread() -> None:
    (kept,) = take_in(batch(comment("We are hiring", number=9, author=PAGE)))

    assert (kept.state, kept.reason.partition(":")[0]) == ("ignored", "own")
    assert not Conversation.objects.exists()


def test_a_comment_without_its_words_waits_for_linkedin() -> None:
    item = comment()
    del item["decoratedGeneratedActivity"]

    (kept,) = take_in(batch(item))

    assert (kept.state, kept.attempts, kept.reason.partition(":")[0]) == ("received", 0, "platform")


def test_a_person_answers_in_public() -> None:
    take_in(batch(comment()))

    conversations.reply(Conversation.objects.get(), "It is 9 a seat.", make_user(role=Role.SUPERVISOR))

    assert Conversation.objects.get().text_limit == 1250
    assert POST in Conversation.objects.get().thread_key


def test_a_bell_takes_in_no_longer_than_it_may_and_the_sweep_finds_the_rest() -> None:
    first = keep(batch(comment("First", number=5, author=OTHER)))
    keep(batch(comment("Second")))

    services.ingest_event(first.pk, seconds=0.0)

    assert list(Message.objects.values_list("text", flat=True)) == ["First"]
    assert services.ingest_waiting() == 1
    assert Message.objects.count() == 2


@pytest.mark.parametrize("most", [1, 8])
def test_a_pages_events_are_in_the_record_as_if_each_had_come_by_itself(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MOST_ASKED", most)
    third, fourth = "urn:li:person:Third", "urn:li:person:Fourth"
    told = [
        comment("First", number=11),
        comment("Second", number=12, author=OTHER),
        comment("More of the first", number=13, parent=f"urn:li:comment:({POST},11)"),
        comment("Third", number=14, author=third),
        comment("Liked", number=15, author=fourth, action="LIKE"),
        comment("Ours to the second", number=16, author=PAGE, parent=f"urn:li:comment:({POST},12)"),
        comment("Fourth", number=17, author=fourth),
        comment("First", number=11),
        comment("Thanks", number=18, author=OTHER, parent=f"urn:li:comment:({POST},12)"),
    ]
    kept = [keep(batch(item | {"lastModifiedAt": 1767225600000 + number})) for number, item in enumerate(told)]

    services.ingest_waiting()

    found = WebhookEvent.objects.in_bulk([event.pk for event in kept])
    assert [found[event.pk].state for event in kept] == [
        *("ingested", "ingested", "ingested", "ingested", "ignored", "ingested", "ingested", "ignored", "ingested")
    ]
    assert {talk.customer.external_id: list(talk.messages.values_list("text", flat=True)) for talk in talks()} == {
        AUTHOR: ["First", "More of the first"],
        OTHER: ["Second", "Ours to the second", "Thanks"],
        third: ["Third"],
        fourth: ["Fourth"],
    }


def talks() -> QuerySet[Conversation]:
    """All of them."""
    return Conversation.objects.select_related("customer")


def test_eight_comments_of_a_page_take_less_than_half_of_the_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    def statements(begin: int) -> int:
        for number in range(begin, begin + 8):
            keep(batch(comment("How much?", number=number, author=f"urn:li:person:P{number}")))
        with CaptureQueriesContext(connection) as asked:
            services.ingest_waiting()
        return len(asked)

    statements(100)
    together = statements(200)
    monkeypatch.setattr(ingest, "MOST_ASKED", 1)
    by_itself = statements(300)

    assert Message.objects.count() == 24
    assert together < by_itself / 2


def test_of_a_lane_what_comes_before_a_conversation_that_is_held_is_taken_in_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in (21, 22, 23, 24):
        keep(batch(comment(f"No. {number}", number=number, author=f"urn:li:person:P{number}")))
    lock_free = conversations.lock_free
    held: list[list[Conversation]] = []

    def but_the_third_at_first(pks: Iterable[int]) -> list[Conversation]:
        free = lock_free(pks)
        held.append(free[2:3] if not held else [])
        return [each for each in free if each not in held[-1]]

    monkeypatch.setattr(conversations, "lock_free", but_the_third_at_first)
    together: list[int] = []

    def counted(*given: Any) -> list[Taken]:
        taken = take_in_lane(*given)
        together.append(len(taken))
        return taken

    monkeypatch.setattr(ingest, "take_in_lane", counted)

    services.ingest_waiting()

    assert together == [2, 2]
    assert list(Message.objects.order_by("id").values_list("text", flat=True)) == [
        f"No. {each}" for each in range(21, 25)
    ]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The comments that LinkedIn is asked for."""
    ask = finishing._asked
    names: list[str] = []

    def noted(item: Unfinished) -> ParsedItem:
        names.append(item.name)
        return ask(item)

    monkeypatch.setattr(finishing, "_asked", noted)
    return names


def test_no_comment_is_asked_for_twice(asked: list[str]) -> None:
    told = [
        comment("We are hiring", number=31, author=PAGE),
        comment("How much?", number=32),
        comment("How much?", number=32),
        comment("And in blue?", number=33, author=OTHER),
        comment("See our shop", number=34, author=PAGE),
        comment("Thanks", number=35, author="urn:li:person:Third"),
    ]
    for number, item in enumerate(told):
        keep(batch(item | {"lastModifiedAt": 1767225600000 + number}))

    services.ingest_waiting()

    assert not WebhookEvent.objects.to_ingest().exists()
    assert [name.rpartition(",")[2] for name in asked] == ["31)", "32)", "32)", "33)", "34)", "35)"]


def test_batches_are_asked_for_one_after_another_each_once(asked: list[str]) -> None:
    for number in (41, 43, 45):
        authors = [f"urn:li:person:P{number + each}" for each in range(2)]
        keep(batch(*(comment("How much?", number=number + each, author=author) for each, author in enumerate(authors))))
    first = WebhookEvent.objects.order_by("id").first()
    assert first is not None

    services.ingest_event(first.pk, seconds=0.0)
    after_one = len(asked)
    services.ingest_waiting()

    assert after_one == 2
    assert len(asked) == Message.objects.count() == 6


def test_a_bug_in_asking_does_not_keep_what_came_before(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = finishing._asked

    def fail_at_the_third(item: Unfinished) -> ParsedItem:
        if item.name.endswith("53)"):
            raise RuntimeError("a bug")
        return ask(item)

    monkeypatch.setattr(finishing, "_asked", fail_at_the_third)
    for number in (51, 52, 53):
        keep(batch(comment(f"No. {number}", number=number, author=f"urn:li:person:P{number}")))

    services.ingest_waiting()

    assert list(Message.objects.values_list("text", flat=True)) == ["No. 51", "No. 52"]


def test_one_that_fails_among_those_asked_for_does_not_keep_those_before_it() -> None:
    kept = [
        keep(batch(comment(text, number=number, author=f"urn:li:person:P{number}")))
        for number, text in enumerate(("Good", "Bad", "Behind it"), start=21)
    ]
    with a_bug():
        services.ingest_waiting()

    found = WebhookEvent.objects.in_bulk([event.pk for event in kept])
    assert [(found[event.pk].state, found[event.pk].attempts) for event in kept] == [
        ("ingested", 0),
        ("received", 1),
        ("received", 0),
    ]
