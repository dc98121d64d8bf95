"""What taking in costs: most events are a customer's words, or the echo of our own."""

from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from conversations.models import Conversation, Message
from integrations import services
from integrations.models import WebhookEvent
from integrations.services import ingest
from tests.integrations import linkedin
from tests.integrations.tiktok import event, keep, text_event, tiktok_account

pytestmark = pytest.mark.django_db


def test_a_text_is_taken_in_by_few_statements(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    tiktok_account()
    services.ingest_event(keep(event("receive_text")).pk)
    kept = keep(text_event("And the red one?", message_id="m-2"))

    with django_assert_max_num_queries(22):
        services.ingest_event(kept.pk)

    assert Message.objects.count() == 2


def test_an_echo_of_what_is_known_touches_no_conversation(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    tiktok_account()
    first = keep(event("echo_api"))
    services.ingest_event(first.pk)
    version = Conversation.objects.get().version
    WebhookEvent.objects.filter(pk=first.pk).update(event_key="kept under another key")
    again = keep(event("echo_api"))

    with django_assert_max_num_queries(8):
        services.ingest_event(again.pk)

    again.refresh_from_db()
    assert (again.state, again.reason) == (WebhookEvent.State.IGNORED, "echo: duplicate")
    assert Conversation.objects.get().version == version


def test_a_backlog_is_taken_in_pass_by_pass_and_holds_up_nothing_else() -> None:
    tiktok_account()
    for thread in ("thread-1", "thread-2", "thread-3"):
        keep(text_event("Hello?", message_id=f"m-{thread}", thread=thread, customer=f"customer-{thread}"))

    found, taken = [], []
    with patch.object(ingest, "MOST_TOGETHER", 2):
        for _ in range(3):
            found.append(services.ingest_waiting(seconds=0.0))
            taken.append(Message.objects.count())

    assert found == [3, 1, 0]
    assert taken == [2, 3, 3]


def test_a_pages_batch_takes_less_than_half_of_the_statements_of_its_comments_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    linkedin.linkedin_account()

    def statements(begin: int) -> int:
        told = (
            linkedin.comment("How much?", number=each, author=f"urn:li:person:P{each}")
            for each in range(begin, begin + 8)
        )
        kept = linkedin.keep(linkedin.batch(*told))
        with CaptureQueriesContext(connection) as asked:
            services.ingest_event(kept.pk)
        kept.refresh_from_db()
        assert kept.state == "ingested"
        return len(asked)

    statements(100)
    together = statements(200)
    monkeypatch.setattr(ingest, "take_in_lane", lambda *_: [])
    by_itself = statements(300)

    assert Message.objects.count() == 24
    assert together < by_itself / 2
