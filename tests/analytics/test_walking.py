"""Walking through the rows behind a figure, page by page."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from analytics import rows
from analytics.filters import Filters, Period
from analytics.metrics import METRICS
from analytics.scope import Scope
from core.policy import Role
from tests.analytics.history import history_until_now, listed, signed_in
from tests.factories import make_conversation, make_message, make_user

pytestmark = pytest.mark.django_db


def test_a_list_is_walked_to_its_end_without_a_row_twice_or_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PAGE_SIZE", 4)
    who = history_until_now().people[Role.ADMIN]
    scope = Scope(who=who, filters=Filters(period=Period.WEEK), now=timezone.now())
    client = signed_in(who)

    for key, metric in METRICS.items():
        pages, url = [], f"/dashboard/rows/{key}/?{urlencode({'period': '7d', 'at': scope.now.isoformat()})}"
        while url:
            page = client.get(url).content.decode()
            pages.append(listed(page))
            following = re.search(r'href="([^"]+)" rel="next"', page)
            url = unescape(following.group(1)) if following else ""

        assert sum(pages) == metric.rows(scope).count(), key
        assert all(number == 4 for number in pages[:-1]), key


def test_a_walk_through_the_last_hour_sees_the_hour_in_which_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PAGE_SIZE", 2)
    began = timezone.now() - timedelta(minutes=5)
    for minutes in (1, 20, 56, 57, 58):
        make_message(make_conversation(), created_at=began - timedelta(minutes=minutes))
    client = signed_in(make_user(role=Role.ADMIN))
    key = "messages-in"

    seen, url = [], f"/dashboard/rows/{key}/?{urlencode({'at': began.isoformat()})}"
    while url:
        page = client.get(url).content.decode()
        seen.append(listed(page))
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = unescape(following.group(1)) if following else ""

    # Three of them are older than an hour by now.
    assert seen == [2, 2, 1]
    assert listed(client.get(f"/dashboard/rows/{key}/").content.decode()) == 2


@pytest.mark.parametrize(
    "at",
    [
        "yesterday",
        "2026-11-28T12:00:00",
        "2020-01-01T00:00:00+00:00",
        "9999-12-31T00:00:00+00:00",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_an_instant_that_no_walk_began_at_is_refused_with_a_way_on(at: str) -> None:
    client = signed_in(make_user(role=Role.ADMIN))

    answer = client.get(f"/dashboard/rows/received/?{urlencode({'at': at})}")

    assert answer.status_code == 400


def test_rows_of_the_same_moment_are_walked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PAGE_SIZE", 2)
    at = timezone.now()
    for _ in range(5):
        make_message(make_conversation(), created_at=at)
    scope = Scope(who=make_user(role=Role.ADMIN), filters=Filters(), now=at)

    found, cursor = [], ""
    while True:
        page = rows.page(METRICS["received"], scope, cursor=cursor)
        found += [row.url for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break

    assert len(found) == len(set(found)) == 5
