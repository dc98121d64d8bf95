"""An inbox that is filled for a measurement holds what the product's own would."""

from datetime import timedelta

import pytest
from django.db import connection

from bench.inbox import APART_SECONDS, Inbox
from integrations.models import WebhookEvent
from tests.factories import make_event

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def test_it_is_filled_with_events_like_one_that_came_and_emptied() -> None:
    event = make_event(body=b'{"event": "im_receive_msg"}', conv_key="thread-1")
    connection.ensure_connection()
    inbox = Inbox(connection.connection)

    inbox.fill(600)

    kept = WebhookEvent.objects.order_by("-received_at")
    assert {(each.source, bytes(each.body), each.state) for each in kept} == {
        (event.source, bytes(event.body), WebhookEvent.State.INGESTED)
    }
    assert len({each.event_key for each in kept}) == 600
    assert len({each.conv_key for each in kept}) == 500
    assert event.received_at - kept[9].received_at == timedelta(seconds=10 * APART_SECONDS)

    inbox.fill(0)

    assert not WebhookEvent.objects.exists()


def test_without_an_event_there_is_nothing_to_make_others_like() -> None:
    connection.ensure_connection()

    with pytest.raises(ValueError, match="no event"):
        Inbox(connection.connection)
