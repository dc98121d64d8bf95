"""A message is followed through the logs by one id: that of the request that brought it."""

import logging
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agent import services as agent
from agent.graph.brief import Brief, Thought
from conversations import services as conversations
from conversations.models import Conversation, Delivery, Message
from core.clock import database_now
from core.following import HEADER, following
from core.policy import Role
from integrations import services
from tests.factories import make_conversation, make_delivery, make_event, make_user
from tests.integrations.events import created, events_account, post
from tests.logged import Line, logged

pytestmark = pytest.mark.django_db
INGEST, TURNS, SENDING = "integrations.services.ingest", "agent.services.turns", "integrations.services.sending"


class OutOfOrder:
    """A mind that cannot think."""

    def think(self, brief: Brief, **_: object) -> Thought:
        raise RuntimeError("out of order")


def told_by(lines: list[Line], *loggers: str) -> list[tuple[str, str]]:
    """Who wrote a line and about which request, in order."""
    return [(line["logger"], line["request_id"]) for line in lines if line["logger"] in loggers]


@pytest.mark.both_doors
def test_each_line_from_the_door_to_the_send_has_the_ids_of_the_requests_that_brought_the_messages() -> None:
    account = events_account()
    knocks = [post(account, created(id=f"m-{number}"), identifier=f"evt-{number}") for number in (1, 2)]
    first, second = (str(answer.headers[HEADER]) for answer in knocks)

    with logged() as lines:
        services.ingest_waiting()
        conversation = Conversation.objects.get()
        # The last attempt of all: people are called, and the customer is told so.
        Conversation.objects.update(ready_at=database_now() - timedelta(seconds=1), attempts=4)
        agent.answer(conversation.pk, OutOfOrder())
        services.send_next(conversation.pk)

    both = f"{first},{second}"
    assert first != second
    assert told_by(lines, INGEST, TURNS, SENDING) == [
        (INGEST, first), (INGEST, second), (TURNS, both), (SENDING, both),
    ]  # fmt: skip
    assert [message.request_id for message in Message.objects.order_by("seq")] == [first, second, both]


def test_a_reply_of_staff_is_followed_by_the_request_in_which_they_sent_it() -> None:
    conversation = make_conversation()

    with following(["written-by-staff"]):
        conversations.reply(conversation, "It left today.", make_user(role=Role.SUPERVISOR))

    assert Delivery.objects.get().message.request_id == "written-by-staff"


def test_a_send_in_doubt_is_looked_for_under_the_ids_of_what_it_answers() -> None:
    account = events_account()
    event = make_event(account, body=created(), conv_key="c-1", headers={HEADER: "brought-by-this"})
    services.ingest_event(event.pk)
    delivery = make_delivery(Conversation.objects.get(), state=Delivery.State.UNKNOWN)
    Message.objects.filter(pk=delivery.message_id).update(details={"request_id": "brought-by-this,and-this"})
    Delivery.objects.update(unknown_since=timezone.now() - timedelta(hours=1))

    with logged() as lines:
        services.reconcile_unknown()

    told = told_by(lines, "integrations.services.reconcile")
    assert told
    assert set(told) == {("integrations.services.reconcile", "brought-by-this,and-this")}


def test_what_no_request_brought_is_followed_by_its_events_own_name() -> None:
    event = make_event(events_account(), body=created(), conv_key="c-1")

    with logged() as lines:
        services.ingest_event(event.pk)

    assert told_by(lines, INGEST) == [(INGEST, f"event-{event.pk}")]
    assert Message.objects.get().request_id == f"event-{event.pk}"


def test_an_operator_reads_the_id_on_the_page_of_the_event_and_of_the_message(client: Client) -> None:
    looks_like_an_account = "ab12" * 8
    event = make_event(events_account(), body=created(), conv_key="c-1", headers={HEADER: looks_like_an_account})
    services.ingest_event(event.pk)
    client.force_login(make_user(role=Role.ADMIN))

    pages = [
        client.get(address).content.decode()
        for address in (
            reverse("operations-event", args=[event.pk]),
            reverse("admin:integrations_webhookevent_change", args=[event.pk]),
            reverse("admin:conversations_message_change", args=[Message.objects.get().pk]),
        )
    ]

    for page in pages:
        assert "Id in the logs" in page
        assert looks_like_an_account in page


def test_each_id_is_said_once_and_without_any_nothing_changes() -> None:
    with following(["a,b", "", "b", "c"]), following([""]), logged() as lines:
        logging.getLogger("agent").info("Something happened.")

    assert [line["request_id"] for line in lines] == ["a,b,c"]
