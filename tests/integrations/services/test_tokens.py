"""Tokens: renewed once however many ask, kept as a pair, and a plain word where a person is needed."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import connection
from django.utils import timezone

from conversations.types import SendOutcome
from core.models import AuditEvent
from integrations import services
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, Session, TokenPair
from integrations.platforms.tiktok import TikTok
from integrations.services import tokens
from tests.integrations.linkedin import linkedin_account
from tests.integrations.tiktok import tiktok_account
from tests.simulator.linkedin import REFRESH as LINKEDIN_REFRESH
from tests.simulator.linkedin import SECRET as LINKEDIN_SECRET
from tests.simulator.linkedin import TOKEN as LINKEDIN_TOKEN
from tests.simulator.linkedin import LinkedInRig, linkedin
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


@pytest.fixture
def refused(db: None, tmp_path: Path) -> Iterator[tuple[LinkedInRig, PlatformAccount]]:
    """A LinkedIn that takes our access token for six days more, and does not know our refresh token."""
    with linkedin(tmp_path) as rig:
        secrets = {"secret": LINKEDIN_SECRET, "access_token": LINKEDIN_TOKEN, "refresh_token": "revoked"}
        ends_at = timezone.now() + timedelta(days=6)
        yield (
            rig,
            linkedin_account(api_base=rig.base_url, auth_base=rig.base_url, secrets=secrets, token_expires_at=ends_at),
        )


def looked_after(account: PlatformAccount) -> PlatformAccount:
    """The account after another round, as a minute later."""
    PlatformAccount.objects.filter(pk=account.pk).update(next_probe_at=None)
    services.refresh_tokens()
    account.refresh_from_db()
    return account


def test_a_refused_refresh_token_leaves_the_account_as_it_is_while_the_access_token_holds(
    refused: tuple[LinkedInRig, PlatformAccount],
) -> None:
    rig, account = refused

    states = [(looked_after(account).state, account.state_reason) for _ in range(4)]

    assert len(set(states)) == 1
    assert states[0][0] == PlatformAccount.State.ACTIVE
    assert "authorise the account again before" in states[0][1]
    assert account.refresh_refused
    assert "expired or revoked" in account.refresh_problem
    assert AuditEvent.objects.values_list("action", flat=True).get() == "account.token_ends"
    assert [row["name"] for row in rig.log("call")] == ["linkedin_token"]
    assert tokens.call_as(account, lambda session: session.access_token) == LINKEDIN_TOKEN


def test_a_refused_refresh_token_ends_in_reconnect_with_the_access_token_and_stays_there(
    refused: tuple[LinkedInRig, PlatformAccount],
) -> None:
    rig, account = refused
    looked_after(account)
    rig.order("tokens", organization=account.external_id, action="expire")
    PlatformAccount.objects.update(token_expires_at=timezone.now() - timedelta(seconds=1))

    states = [(looked_after(account).state, account.state_reason) for _ in range(4)]

    assert set(states) == {
        (
            PlatformAccount.State.RECONNECT,
            "The access token has run out, and nothing renews it. Authorise the account again.",
        )
    }
    assert AuditEvent.objects.filter(action="account.reconnect_needed").count() == 1


def test_a_refused_refresh_token_is_tried_again_hours_later_and_the_word_is_taken_back(
    refused: tuple[LinkedInRig, PlatformAccount],
) -> None:
    _, account = refused
    looked_after(account)
    account.secrets = {**account.secrets, "refresh_token": LINKEDIN_REFRESH}
    account.refresh_tried_at = timezone.now() - timedelta(hours=7)
    account.save(update_fields=["secrets", "refresh_tried_at"])

    assert services.refresh_tokens() == 1

    account.refresh_from_db()
    assert (account.state, account.state_reason) == (PlatformAccount.State.ACTIVE, "")
    assert (account.refresh_refused, account.refresh_problem) == (False, "")


def test_a_call_that_is_refused_for_its_token_needs_a_person_at_once(
    refused: tuple[LinkedInRig, PlatformAccount],
) -> None:
    rig, account = refused
    rig.order("tokens", organization=account.external_id, action="expire")

    with pytest.raises(CallFailed):
        tokens.call_as(account, PLATFORMS["linkedin"].probe)

    account.refresh_from_db()
    assert account.state == PlatformAccount.State.RECONNECT
    assert looked_after(account).state == PlatformAccount.State.RECONNECT


def test_the_end_of_a_refresh_token_is_told_a_month_before(db: None) -> None:
    now = timezone.now()
    account = linkedin_account(
        secrets={"secret": "s", "access_token": "a", "refresh_token": "r"},
        token_expires_at=now + timedelta(days=40),
        refresh_expires_at=now + timedelta(days=31),
    )

    assert looked_after(account).state_reason == ""
    PlatformAccount.objects.update(refresh_expires_at=now + timedelta(days=29))
    assert looked_after(account).state_reason == looked_after(account).state_reason
    assert account.state == PlatformAccount.State.ACTIVE
    assert f"The refresh token runs out on {now + timedelta(days=29):%d %B %Y}" in account.state_reason
    assert AuditEvent.objects.filter(action="account.token_ends").count() == 1
    PlatformAccount.objects.update(refresh_expires_at=now + timedelta(days=365))
    assert looked_after(account).state_reason == ""


def test_who_authorised_the_account_meanwhile_is_not_undone_by_a_late_refusal(
    tiktok: Rig, account: PlatformAccount
) -> None:
    held = PlatformAccount.objects.get(pk=account.pk)
    tiktok.order("tokens", business_id=account.external_id, action="revoke")
    fresh = {**account.secrets, "access_token": "act.new"}

    class Overtaken(TikTok):
        def refresh(self, session: Session) -> TokenPair:
            held.secrets = fresh
            held.save(update_fields=["secrets"])
            return super().refresh(session)

    with patch.dict(PLATFORMS, {"tiktok": Overtaken()}):
        renewed = tokens.renew(account, stale=TOKEN)

    account.refresh_from_db()
    assert renewed.secrets == account.secrets == fresh
    assert (account.state, account.refresh_refused) == (PlatformAccount.State.ACTIVE, False)
