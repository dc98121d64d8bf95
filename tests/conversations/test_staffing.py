"""When people will answer: worked out from hours, from what waits and from what was answered lately."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import transaction

from conversations import services as conversations
from conversations.models import Conversation, Escalation, Message
from conversations.services.announce import lock
from conversations.services.turns import give_up
from conversations.types import HandOver, ReasonCategory
from core.models import OpeningCalendar, OpeningSpan
from tests.conversations.talk import answer, answered_after, wrote

pytestmark = pytest.mark.django_db

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MONDAY_NIGHT = datetime(2026, 11, 23, 22, tzinfo=UTC)


def open_by_day() -> None:
    """Every day from nine to five."""
    calendar = OpeningCalendar.objects.create(time_zone="UTC")
    OpeningSpan.objects.bulk_create(
        OpeningSpan(calendar=calendar, weekday=day, opens=time(9), closes=time(17)) for day in range(7)
    )


def test_without_hours_and_without_figures_nothing_is_known() -> None:
    found = conversations.staffing(MONDAY_NOON)

    assert (found.is_open, found.opens, found.closes, found.wait) == (None, None, None, None)


def test_at_night_it_is_known_when_people_are_back_and_no_wait_is_told() -> None:
    open_by_day()
    answered_after(5, 5, 5, 5, 5, now=MONDAY_NIGHT)

    found = conversations.staffing(MONDAY_NIGHT)

    assert found.is_open is False
    assert found.opens == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert found.wait is None


def test_a_wait_is_what_three_in_four_were_answered_within() -> None:
    open_by_day()
    answered_after(4, 8, 12, 90, now=MONDAY_NOON)
    assert conversations.staffing(MONDAY_NOON).wait is None, "four are too few"

    answered_after(4, 8, 12, 90, 2, 16, 20, 24, now=MONDAY_NOON)

    found = conversations.staffing(MONDAY_NOON)
    assert (found.is_open, found.closes) == (True, datetime(2026, 11, 23, 17, tzinfo=UTC))
    assert found.wait == timedelta(minutes=20)


def test_who_waits_longer_now_decides() -> None:
    answered_after(4, 4, 4, 4, 4, now=MONDAY_NOON)
    answer(wrote(thread="waits"), HandOver(reason=ReasonCategory.ASKED, detail="Asks for a person."))
    Escalation.objects.update(created_at=MONDAY_NOON - timedelta(minutes=50))

    assert conversations.staffing(MONDAY_NOON).wait == timedelta(minutes=50)


def test_what_is_older_than_a_week_tells_nothing() -> None:
    answered_after(4, 4, 4, 4, 4, now=MONDAY_NOON - timedelta(days=8))

    assert conversations.staffing(MONDAY_NOON).wait is None


def test_a_handful_of_queries_whatever_lies_there(django_assert_max_num_queries: object) -> None:
    open_by_day()
    answered_after(*range(1, 20), now=MONDAY_NOON)

    with django_assert_max_num_queries(5):  # type: ignore[operator]
        conversations.staffing(MONDAY_NOON)


def test_a_customer_reads_once_an_escalation_that_people_answer() -> None:
    conversation = wrote()
    answer(conversation, HandOver(reason=ReasonCategory.ASKED, detail="Asks.", customer_text="A person answers."))
    with transaction.atomic():
        give_up(lock(conversation.pk), reason=ReasonCategory.BOT_FAILED, detail="It failed as well.")

    told = Message.objects.filter(conversation=conversation, sender_type="system")

    assert [message.text for message in told] == ["A person answers."]
    assert Conversation.objects.get(pk=conversation.pk).mode == Conversation.Mode.HUMAN
