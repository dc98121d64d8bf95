"""Tokens: renewed once however many ask, kept as a pair, and a plain word where a person is needed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from conversations.types import SendOutcome
from core.models import AuditEvent
from integrations import services
from integrations.models import PlatformAccount
from integrations.platforms.base import CallFailed
from integrations.services import tokens
from tests.integrations.linkedin import linkedin_account
from tests.integrations.tiktok import tiktok_account
from tests.simulator.rig import API, REFRESH, TOKEN, Rig


def test_a_renewal_keeps_both_tokens_and_when_they_run_out(tiktok: Rig, account: PlatformAccount) -> None:
    renewed = tokens.renew(account, stale=TOKEN)

    account.refresh_from_db()
    assert account.secrets == renewed.secrets
    assert account.secrets["access_token"] != TOKEN
    assert account.secrets["refresh_token"] != REFRESH
    assert account.secrets["secret"]
    assert account.token_expires_at is not None
    assert timedelta(hours=23) < account.token_expires_at - timezone.now() < timedelta(hours=25)
    assert account.refresh_expires_at is not None


def test_who_comes_late_takes_what_another_renewed(tiktok: Rig, account: PlatformAccount) -> None:
    first = tokens.renew(account, stale=TOKEN)
    second = tokens.renew(account, stale=TOKEN)

    assert second.secrets == first.secrets
    assert len(tiktok.log("call")) == 1


def test_a_refused_renewal_asks_a_person_to_reconnect(tiktok: Rig, account: PlatformAccount) -> None:
    tiktok.order("tokens", business_id=account.external_id, action="revoke")

    with pytest.raises(CallFailed) as failure:
        tokens.renew(account, stale=TOKEN)

    account.refresh_from_db()
    assert failure.value.result.outcome is SendOutcome.REAUTH
    assert account.state == PlatformAccount.State.RECONNECT
    assert "could not be renewed" in account.state_reason
    assert AuditEvent.objects.get(action="account.reconnect_needed").target_id == str(account.pk)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"refresh_expires_at": timezone.now() - timedelta(days=1)}, "has run out"),
        ({"secrets": {"secret": "s", "access_token": TOKEN}}, "no refresh token"),
    ],
)
def test_without_a_usable_refresh_token_nobody_is_asked(
    tiktok: Rig, account: PlatformAccount, change: dict[str, object], why: str
) -> None:
    PlatformAccount.objects.update(**change)

    with pytest.raises(CallFailed):
        tokens.renew(account, stale=TOKEN)

    account.refresh_from_db()
    assert why in account.state_reason
    assert not tiktok.log("call")


@pytest.mark.parametrize("fault", ["http_503", "reset_before", "html_200", "code_51065", "code_40100"])
def test_a_platform_in_trouble_is_no_reason_to_reconnect(tiktok: Rig, account: PlatformAccount, fault: str) -> None:
    tiktok.fault("refresh", fault)

    with pytest.raises(CallFailed) as failure:
        tokens.renew(account, stale=TOKEN)

    account.refresh_from_db()
    assert failure.value.result.outcome is SendOutcome.RETRY
    assert account.state == PlatformAccount.State.ACTIVE


def test_a_token_that_still_holds_is_used_while_the_renewal_fails(tiktok: Rig, account: PlatformAccount) -> None:
    PlatformAccount.objects.update(token_expires_at=timezone.now() + timedelta(minutes=2))
    account.refresh_from_db()
    tiktok.fault("refresh", "http_503")

    assert tokens.fresh(account).secrets["access_token"] == TOKEN


def test_what_runs_out_soon_is_renewed_in_good_time(tiktok: Rig, account: PlatformAccount) -> None:
    PlatformAccount.objects.update(token_expires_at=timezone.now() + timedelta(minutes=4))

    assert services.refresh_tokens() == 1
    assert services.refresh_tokens() == 0


def test_an_account_that_works_again_is_found_by_looking(tiktok: Rig, account: PlatformAccount) -> None:
    PlatformAccount.objects.update(state=PlatformAccount.State.RECONNECT, state_reason="Lost.")

    services.refresh_tokens()

    account.refresh_from_db()
    assert (account.state, account.state_reason) == (PlatformAccount.State.ACTIVE, "")


def test_one_accounts_trouble_does_not_keep_the_others_from_being_renewed(
    tiktok: Rig, account: PlatformAccount
) -> None:
    tiktok_account(
        external_id="other-open-id",
        api_base=f"{tiktok.simulator.base_url}{API}",
        secrets={"secret": "tt-test-secret", "access_token": "act.other", "refresh_token": "wrong"},
    )
    PlatformAccount.objects.update(token_expires_at=timezone.now() + timedelta(minutes=4))

    assert services.refresh_tokens() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_workers_renew_a_token_once(tiktok: Rig) -> None:
    account = tiktok_account(api_base=f"{tiktok.simulator.base_url}{API}")
    tiktok.fault("refresh", "slow", seconds=0.3)
    start = threading.Barrier(8)

    def renew(_: int) -> str:
        start.wait(10)
        try:
            return str(tokens.renew(account, stale=TOKEN).secrets["access_token"])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(renew, range(8)))

    assert len(found) == 1
    assert TOKEN not in found
    assert [row["name"] for row in tiktok.log("call")] == ["refresh"]


@pytest.mark.parametrize(("days", "state"), [(6, "active"), (-1, "reconnect")])
def test_a_token_that_cannot_be_renewed_is_told_in_time_and_ends_in_reconnect(db: None, days: int, state: str) -> None:
    ends_at = timezone.now() + timedelta(days=days)
    account = linkedin_account(token_expires_at=ends_at)

    services.refresh_tokens()
    services.refresh_tokens()

    account.refresh_from_db()
    assert account.state == state
    assert "authorise the account again" in account.state_reason.lower()
    assert AuditEvent.objects.count() == 1
