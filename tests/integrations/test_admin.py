"""Accounts in the admin: how their tokens stand in plain words, and the ways to connect them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import AuditEvent
from core.policy import Role
from integrations import accounts
from integrations.models import PlatformAccount
from tests.factories import make_account, make_user
from tests.integrations.linkedin import linkedin_account
from tests.integrations.tiktok import tiktok_account

pytestmark = pytest.mark.django_db
LIST = "/admin/integrations/platformaccount/"


@pytest.fixture
def as_admin(client: Client) -> Client:
    client.force_login(make_user(role=Role.ADMIN))
    return client


def page_of(client: Client, account: PlatformAccount) -> str:
    return client.get(reverse("admin:integrations_platformaccount_change", args=[account.pk])).content.decode()


def test_the_list_has_the_ways_to_connect_and_says_who_needs_it(as_admin: Client) -> None:
    works = tiktok_account(refresh_expires_at=datetime(2027, 5, 4, 9, 30, tzinfo=UTC))
    lost = linkedin_account(state=PlatformAccount.State.RECONNECT, state_reason="The token was refused.")

    shown = as_admin.get(LIST).content.decode()

    assert "Connect TikTok account" in shown
    assert "Connect LinkedIn Page" in shown
    assert "Reconnect needed" in shown
    assert "04 May 2027" in shown or "4 May 2027" in shown
    assert f"/oauth/linkedin/connect?account={lost.public_id}" in shown
    assert str(works.public_id) not in shown
    for path, to in (("connect-tiktok/", "/oauth/tiktok/connect"), ("connect-linkedin/", "/oauth/linkedin/connect")):
        assert as_admin.get(f"{LIST}{path}").headers["Location"] == to


def test_the_list_asks_the_same_number_of_queries_for_one_account_and_for_many(as_admin: Client) -> None:
    tiktok_account()
    as_admin.get(LIST)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            as_admin.get(LIST)
        counts.append(len(asked))
        for _ in range(5):
            make_account()

    assert counts[0] == counts[1]


def test_an_accounts_page_says_when_its_tokens_end_and_how_the_last_renewal_went(as_admin: Client) -> None:
    now = timezone.now()
    account = tiktok_account(
        token_expires_at=now + timedelta(hours=20),
        refresh_expires_at=now + timedelta(days=300),
        refresh_tried_at=now - timedelta(hours=4),
    )

    shown = page_of(as_admin, account)

    assert f"The access token runs out on {now + timedelta(hours=20):%d %B %Y, %H:%M} UTC, and is renewed" in shown
    assert f"The refresh token runs out on {now + timedelta(days=300):%d %B %Y, %H:%M} UTC." in shown
    assert f"The last renewal, on {now - timedelta(hours=4):%d %B %Y, %H:%M} UTC, worked." in shown
    assert f"{LIST}{account.pk}/reconnect" in shown
    assert "rft.first" not in shown
    location = as_admin.get(f"{LIST}{account.pk}/reconnect/").headers["Location"]
    assert location == f"/oauth/tiktok/connect?account={account.public_id}"


def test_what_failed_and_what_ends_is_said(as_admin: Client) -> None:
    account = linkedin_account(
        secrets={"secret": "s", "access_token": "a", "refresh_token": "r"},
        token_expires_at=timezone.now() + timedelta(days=5),
        refresh_tried_at=timezone.now(),
        refresh_problem="LinkedIn did not accept it as it is.",
        refresh_refused=True,
    )

    shown = page_of(as_admin, account)

    assert "Works; reconnect soon" in shown
    assert "Works; reconnect soon" in as_admin.get(LIST).content.decode()
    assert "authorise the account again before" in shown
    assert "The platform refused the refresh token when it was last used." in shown
    assert "failed: LinkedIn did not accept it as it is." in shown


@pytest.mark.parametrize(("platform", "kind"), [("webchat", ""), ("linkedin", "messages")])
def test_what_no_authorise_page_gives_tokens_for_has_no_button(as_admin: Client, platform: str, kind: str) -> None:
    account = make_account(platform=platform, kind=kind)

    assert "/reconnect" not in page_of(as_admin, account)
    assert as_admin.get(f"{LIST}{account.pk}/reconnect/").status_code == 403


def test_other_roles_find_no_way(client: Client) -> None:
    account = tiktok_account()
    client.force_login(make_user(role=Role.SUPERVISOR))

    paths = ("", "connect-tiktok/", "connect-linkedin/", f"{account.pk}/reconnect/")
    assert [client.get(f"{LIST}{path}").status_code for path in paths] == [403, 403, 403, 403]


@pytest.mark.django_db
def test_languages_are_a_line_and_what_is_none_is_named(as_admin: Client) -> None:
    account = make_account(languages=["en"])
    page = reverse("admin:integrations_platformaccount_change", args=[account.pk])
    form = as_admin.get(page).context["adminform"].form
    assert form["languages"].value() == "en"
    given = {name: form[name].value() or "" for name in form.fields}

    refused = as_admin.post(page, given | {"languages": "de, english"})
    assert "english is no language" in refused.content.decode()
    as_admin.post(page, given | {"languages": "de, EN de"})

    account.refresh_from_db()
    assert account.languages == ["de", "en"]


def test_the_switch_for_the_older_projects_events_is_where_it_counts(as_admin: Client) -> None:
    pages = {
        platform: as_admin.get(
            reverse("admin:integrations_platformaccount_change", args=[make_account(platform=platform, kind=kind).pk])
        ).content.decode()
        for platform, kind in (("tiktok", ""), ("linkedin", "comments"), ("webchat", ""))
    }

    assert {platform: "legacy_payloads" in page for platform, page in pages.items()} == {
        "tiktok": True, "linkedin": False, "webchat": False
    }  # fmt: skip


def test_a_page_that_is_not_notified_says_so_and_what_to_do(as_admin: Client) -> None:
    account = linkedin_account(application_id="7", notified_problem="LinkedIn notifies nobody: do this.")

    shown, listed = page_of(as_admin, account), as_admin.get(LIST).content.decode()

    assert "LinkedIn notifies nobody: do this." in shown
    assert "Meanwhile what happens here is found by looking" in shown
    assert "Works; not notified" in listed
    assert f'href="{LIST}{account.pk}/change/">See what is missing' in listed


def test_the_apps_number_is_given_where_it_counts_and_looked_at_anew(as_admin: Client) -> None:
    other = make_account()
    account = linkedin_account(notified_look_at=timezone.now() + timedelta(hours=3))
    page = reverse("admin:integrations_platformaccount_change", args=[account.pk])
    form = as_admin.get(page).context["adminform"].form
    given = {name: form[name].value() or "" for name in form.fields}

    refused = as_admin.post(page, given | {"application_id": "my app"})
    as_admin.post(page, given | {"application_id": "221195"})

    account.refresh_from_db()
    assert "It is a number." in refused.content.decode()
    assert (account.application_id, account.notified_look_at) == ("221195", None)
    assert "application_id" not in page_of(as_admin, other)


def test_an_admin_gives_a_web_chat_another_secret_sees_it_once_and_ends_the_older_one(as_admin: Client) -> None:
    account = accounts.rotate_secret(make_account(platform="webchat"))
    (first,) = account.proofs
    new = reverse("admin:integrations_platformaccount_new_secret", args=[account.pk])
    end = reverse("admin:integrations_platformaccount_end_older_secret", args=[account.pk])
    assert new in page_of(as_admin, account)
    assert end not in page_of(as_admin, account)
    assert as_admin.get(end).status_code == 403
    assert "shown once" in as_admin.get(new).content.decode()
    account.refresh_from_db()
    assert list(account.proofs) == [first]

    shown = as_admin.post(new).content.decode()

    account.refresh_from_db()
    second, before = account.proofs
    assert second in shown
    assert before == first
    assert second not in page_of(as_admin, account)
    assert "Two secrets are valid already" in as_admin.post(new, follow=True).content.decode()
    account.refresh_from_db()
    assert list(account.proofs) == [second, first]

    as_admin.post(end)

    account.refresh_from_db()
    assert list(account.proofs) == [second]
    told = AuditEvent.objects.filter(action__in=["account.rotate", "account.drop_old_secret"], actor_kind="user")
    assert told.count() == 2
    assert not any(secret in str(event.after) for event in told for secret in (first, second))


def test_a_platform_that_makes_its_secrets_itself_has_no_such_button(as_admin: Client) -> None:
    account = tiktok_account()

    assert "New secret" not in page_of(as_admin, account)
    assert as_admin.get(reverse("admin:integrations_platformaccount_new_secret", args=[account.pk])).status_code == 403
