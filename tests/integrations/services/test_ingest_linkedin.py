"""LinkedIn's batches taken in: item by item, once each, in the thread they belong to."""

import json
from typing import Any
from unittest.mock import patch

import pytest

from conversations import services as conversations
from conversations.models import Conversation, Message
from core.policy import Role
from integrations import services
from integrations.models import WebhookEvent
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


def test_a_failing_item_does_not_keep_the_others_and_the_batch_is_tried_again() -> None:
    receive = conversations.receive

    def fail_once(item: Any, **held: Any) -> Any:
        if item.text == "Bad":
            raise RuntimeError("a bug")
        return receive(item, **held)

    with patch.object(conversations, "receive", side_effect=fail_once):
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
