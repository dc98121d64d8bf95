"""When the business is open, in its own time zone, and what is told of it where nobody has said."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from core.hours import Hours, Span, business_hours
from core.models import AuditEvent, OpeningCalendar, OpeningSpan, SpecialDay
from core.policy import Role
from tests.factories import make_user

DAY = Span(opens=time(9), closes=time(17))
BERLIN = Hours(zone="Europe/Berlin", week=dict.fromkeys(range(5), (DAY,)))


def utc(text: str) -> datetime:
    """A moment from "2026-11-27 08:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-27 07:59", False),
        ("2026-11-27 08:00", True),
        ("2026-11-27 15:59", True),
        ("2026-11-27 16:00", False),
        ("2026-11-28 10:00", False),
        # In summer Berlin is an hour further.
        ("2026-07-03 07:00", True),
        ("2026-07-03 15:00", False),
    ],
)
def test_the_business_is_open_by_its_own_clock(at: str, is_open: bool) -> None:
    assert BERLIN.is_open(utc(at)) is is_open


def test_who_comes_on_friday_night_is_told_monday_morning() -> None:
    opening = BERLIN.next_opening(utc("2026-11-27 20:00"))

    assert opening is not None
    assert opening.isoformat() == "2026-11-30T09:00:00+01:00"


def test_who_comes_while_it_is_open_need_not_wait() -> None:
    assert BERLIN.next_opening(utc("2026-11-27 12:00")) == utc("2026-11-27 12:00")
    assert BERLIN.next_closing(utc("2026-11-27 12:00")) == utc("2026-11-27 16:00")


def test_the_pause_at_noon_is_closed() -> None:
    morning, afternoon = Span(opens=time(9), closes=time(12)), Span(opens=time(13), closes=time(17))
    hours = Hours(zone="UTC", week={4: (afternoon, morning)})

    assert not hours.is_open(utc("2026-11-27 12:30"))
    assert hours.next_opening(utc("2026-11-27 12:30")) == utc("2026-11-27 13:00")
    assert hours.next_closing(utc("2026-11-27 11:00")) == utc("2026-11-27 12:00")


def test_a_night_goes_on_past_midnight_in_two_spans() -> None:
    hours = Hours(
        zone="UTC",
        week={4: (Span(opens=time(18), closes=time(0)),), 5: (Span(opens=time(0), closes=time(2)),)},
    )

    assert hours.is_open(utc("2026-11-27 23:59"))
    assert hours.is_open(utc("2026-11-28 00:00"))
    assert hours.next_closing(utc("2026-11-27 20:00")) == utc("2026-11-28 02:00")


def test_spans_that_overlap_are_one() -> None:
    spans = (Span(opens=time(9), closes=time(15)), Span(opens=time(12), closes=time(17)), DAY)

    assert Hours(week={0: spans}).spans_of(date(2026, 11, 30)) == (DAY,)


def test_a_holiday_is_closed_and_a_special_day_has_its_own_hours() -> None:
    short = Span(opens=time(9), closes=time(12))
    hours = Hours(week=BERLIN.week, special={date(2026, 12, 24): (short,), date(2026, 12, 25): ()})

    assert hours.next_closing(utc("2026-12-24 10:00")) == utc("2026-12-24 12:00")
    assert hours.next_opening(utc("2026-12-24 13:00")) == utc("2026-12-28 09:00")


def test_the_hour_that_comes_twice_is_open_twice() -> None:
    hours = Hours(zone="Europe/Berlin", week={6: (Span(opens=time(1), closes=time(3)),)})

    # On this Sunday 2:30 comes at 0:30 and at 1:30 UTC.
    assert [hours.is_open(utc(f"2026-10-25 0{hour}:30")) for hour in (0, 1, 2)] == [True, True, False]


def test_what_never_closes_has_no_closing() -> None:
    hours = Hours(week=dict.fromkeys(range(7), (Span(opens=time(0), closes=time(0)),)))

    assert hours.is_open(utc("2026-11-28 23:59"))
    assert hours.next_closing(utc("2026-11-28 23:59")) is None


def test_hours_that_nobody_gave_are_unknown() -> None:
    hours = Hours(special={date(2026, 12, 24): (DAY,)})

    assert not hours.are_known
    assert not hours.is_open(utc("2026-12-24 10:00"))
    assert hours.next_opening(utc("2026-12-24 10:00")) is None
    assert hours.next_closing(utc("2026-12-24 10:00")) is None


@pytest.mark.django_db
def test_what_is_kept_is_read(django_assert_num_queries: Any) -> None:
    calendar = OpeningCalendar.objects.create(time_zone="Europe/Berlin")
    OpeningSpan.objects.create(calendar=calendar, weekday=0, opens=time(9), closes=time(17))
    SpecialDay.objects.create(calendar=calendar, day=date(2026, 12, 25), name="Christmas")

    with django_assert_num_queries(3):
        hours = business_hours()

    assert hours == Hours(zone="Europe/Berlin", week={0: (DAY,)}, special={date(2026, 12, 25): ()})


@pytest.mark.django_db
def test_without_a_calendar_the_hours_are_unknown() -> None:
    assert not business_hours().are_known


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("opens", "closes"), [(time(10), None), (None, time(10)), (time(10), time(9)), (time(10), time(10))]
)
def test_half_a_span_is_kept_out(opens: time | None, closes: time | None) -> None:
    calendar = OpeningCalendar.objects.create()

    with pytest.raises(IntegrityError), transaction.atomic():
        SpecialDay.objects.create(calendar=calendar, day=date(2026, 12, 24), opens=opens, closes=closes)


@pytest.mark.django_db
def test_there_is_one_calendar() -> None:
    OpeningCalendar.objects.create()

    with pytest.raises(IntegrityError), transaction.atomic():
        OpeningCalendar.objects.create()


def test_a_time_zone_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(ValidationError, match=r"There is no time zone “Berlin”\. Write it as in Europe/Berlin"):
        OpeningCalendar(time_zone="Berlin").clean_fields()


@pytest.mark.django_db
def test_an_editor_writes_the_week_in_the_admin_and_the_trail_has_it(client: Client) -> None:
    client.force_login(make_user(role=Role.PROMPT_EDITOR))

    answer = client.post(
        reverse("admin:core_openingcalendar_add"),
        {
            "time_zone": "Europe/Berlin",
            **{f"{rows}-INITIAL_FORMS": "0" for rows in ("spans", "special_days")},
            "spans-TOTAL_FORMS": "1", "special_days-TOTAL_FORMS": "1",
            "spans-0-weekday": "0", "spans-0-opens": "09:00", "spans-0-closes": "17:00",
            "special_days-0-day": "2026-12-25", "special_days-0-name": "Christmas",
        },
    )  # fmt: skip

    assert answer.status_code == 302
    assert business_hours().week == {0: (DAY,)}
    event = AuditEvent.objects.get(action="hours.added")
    assert event.after["week"] == ["Monday 09:00 to 17:00"]
    assert event.after["special_days"] == ["2026-12-25"]
    # A second calendar would leave nobody knowing which one holds.
    assert client.get(reverse("admin:core_openingcalendar_add")).status_code == 403
