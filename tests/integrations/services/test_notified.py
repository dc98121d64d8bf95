"""Being notified: LinkedIn is asked to tell us, looked at, asked again before it ends, and people hear where that fails."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from core.models import AuditEvent
from integrations import accounts, addresses, notified_health, services, token_health
from integrations.exceptions import AccountProblem
from integrations.models import PlatformAccount, SendWindow
from integrations.new_accounts import NewAccount, judge_application
from tests.integrations.authorise import HOST, admin_client, connect, linkedin_other
from tests.integrations.linkedin import account_at, linkedin_account
from tests.simulator.linkedin import APPLICATION, REFRESH, SECRET, TOKEN, LinkedInRig, linkedin
from tests.waiting import wait_until

FOREIGN = "https://elsewhere.example.com/webhooks/linkedin"


@pytest.fixture
def rig(tmp_path: Path, settings: Settings) -> Iterator[LinkedInRig]:
    """A LinkedIn that notifies nobody of our Page yet, and knows our webhook."""
    with linkedin(tmp_path) as running:
        running.order("subscription")
        settings.PUBLIC_URL = running.door.base_url
        yield running


@pytest.fixture
def account(db: None, rig: LinkedInRig) -> PlatformAccount:
    """Our account there, just connected."""
    return account_at(rig, application_id=APPLICATION)


def looked_after(account: PlatformAccount, *, later: bool = True) -> PlatformAccount:
    """The account after another round, hours ``later`` than the one before."""
    if later:
        over = timezone.now() - timedelta(seconds=1)
        PlatformAccount.objects.filter(pk=account.pk).update(notified_look_at=over)
    services.keep_notified()
    account.refresh_from_db()
    return account


def told(rig: LinkedInRig) -> list[str]:
    """Where LinkedIn notifies of our Page."""
    return [each["webhook"] for each in rig.client.get("/_sim/linkedin").json()["subscriptions"]]


def calls(rig: LinkedInRig) -> list[str]:
    """What LinkedIn was asked."""
    return [str(row["name"]) for row in rig.log("call")]


def until_next_look(account: PlatformAccount) -> timedelta:
    """How long it is left alone."""
    assert account.notified_look_at is not None
    return account.notified_look_at - timezone.now()


def test_an_account_that_was_connected_is_subscribed_at_once(rig: LinkedInRig, account: PlatformAccount) -> None:
    assert services.keep_notified() == 1

    account.refresh_from_db()
    assert told(rig) == [rig.door.url]
    assert account.notified_until is not None
    assert account.notified_until > timezone.now() + timedelta(days=363)
    assert (account.notified_problem, account.state_reason) == ("", "")
    rig.order("comment", text="How much?")
    wait_until(lambda: rig.door.received, what="the notification")


def test_it_is_looked_at_by_one_process_and_not_again_for_hours(rig: LinkedInRig, account: PlatformAccount) -> None:
    looked_after(account, later=False)
    asked = len(calls(rig))

    looked_after(account, later=False)

    assert len(calls(rig)) == asked
    assert timedelta(hours=5) < until_next_look(account) < timedelta(hours=7)


def test_each_of_its_calls_is_counted(rig: LinkedInRig, account: PlatformAccount) -> None:
    looked_after(account)

    assert calls(rig) == ["organization_acls", "subscription_get", "subscription_put", "subscription_get"]
    assert sum(made for _, made in SendWindow.objects.get(pk=account.pk).calls) == 4


def test_a_subscription_that_was_lost_is_made_again(rig: LinkedInRig, account: PlatformAccount) -> None:
    looked_after(account)
    rig.order("subscription")

    looked_after(account)

    assert told(rig) == [rig.door.url]
    assert account.state_reason == ""


def test_it_is_made_longer_in_good_time(rig: LinkedInRig, account: PlatformAccount) -> None:
    looked_after(account)
    rig.order("subscription", in_seconds=timedelta(days=6).total_seconds())

    looked_after(account)

    assert account.notified_until is not None
    assert account.notified_until > timezone.now() + timedelta(days=363)
    assert account.state_reason == ""


def with_a_short_grant(rig: LinkedInRig, account: PlatformAccount) -> None:
    """Let the account have a token that ends in six days, and nothing to renew it with."""
    rig.order("settings", linkedin_token_seconds=timedelta(days=6).total_seconds())
    page = {"organization": account.external_id, "name": "Acme", "access_token": "li.short", "subscribed": False}
    app = {"client_id": account.client_key, "client_secret": SECRET, "webhook_url": rig.door.url, "pages": [page]}
    rig.order("apps", apps=[app])
    wait_until(lambda: rig.client.get("/_sim/linkedin").json()["apps"][0]["state"] == "validated", what="the challenge")
    account.secrets = {"secret": SECRET, "access_token": "li.short"}
    account.save(update_fields=["secrets"])


def test_what_asking_again_does_not_make_longer_is_told_once_and_before_it_ends(
    rig: LinkedInRig, account: PlatformAccount
) -> None:
    with_a_short_grant(rig, account)
    assert looked_after(account).state_reason == ""

    reasons = {looked_after(account).state_reason for _ in range(3)}

    assert len(reasons) == 1
    assert "authorise the account again before" in reasons.pop()
    assert token_health.health(account).label == "Works; not notified"
    assert AuditEvent.objects.filter(action="account.not_notified").count() == 1
    assert timedelta(hours=5) < until_next_look(account)
    account.secrets = {"secret": SECRET, "access_token": TOKEN, "refresh_token": REFRESH}
    account.save(update_fields=["secrets"])
    assert looked_after(account).state_reason == ""
    assert token_health.health(account).label == "Works"


def test_another_installations_address_is_left_and_told_and_taken_by_whoever_tries_the_account(
    rig: LinkedInRig, account: PlatformAccount
) -> None:
    looked_after(account)
    rig.order("subscription", webhook=FOREIGN)

    looked_after(account)

    assert told(rig) == [FOREIGN]
    assert FOREIGN in account.state_reason
    assert f"account test {account.pk}" in account.state_reason
    verdict = accounts.try_out(account)
    assert told(rig) == [rig.door.url]
    assert (verdict.ok, verdict.checks[-1].name, verdict.account.state_reason) == (True, "notifications", "")


def test_the_platforms_common_address_is_ours_as_well(rig: LinkedInRig, account: PlatformAccount) -> None:
    rig.order("subscription", webhook=f"{rig.door.base_url}/webhooks/linkedin")

    looked_after(account)

    assert told(rig) == [f"{rig.door.base_url}/webhooks/linkedin"]
    assert account.state_reason == ""


def test_who_no_longer_administers_the_page_is_named_as_the_reason(rig: LinkedInRig, account: PlatformAccount) -> None:
    rig.order("settings", linkedin_administers=False)

    looked_after(account)

    assert calls(rig) == ["organization_acls"]
    assert "no longer administers it" in account.state_reason
    assert account.state == PlatformAccount.State.ACTIVE


@pytest.mark.parametrize("where", ["organization_acls", "subscription_get", "subscription_put"])
def test_a_403_about_subscriptions_is_a_persons_and_the_account_goes_on(
    rig: LinkedInRig, account: PlatformAccount, where: str
) -> None:
    rig.order("faults", rules=[{"where": where, "kind": "http_403"}])

    looked_after(account)

    assert account.state == PlatformAccount.State.ACTIVE
    assert "developer portal" in account.state_reason
    assert timedelta(minutes=5) < until_next_look(account) < timedelta(minutes=11)
    assert not accounts.try_out(account).ok
    rig.client.delete("/_sim/faults")
    assert looked_after(account).state_reason == ""


def test_a_webhook_that_is_not_validated_is_named(
    rig: LinkedInRig, account: PlatformAccount, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://new.example.com"

    looked_after(account)

    assert "https://new.example.com/webhooks/linkedin/li-app is validated" in account.state_reason
    assert told(rig) == []


@pytest.mark.parametrize("where", ["organization_acls", "subscription_put"])
def test_what_linkedin_does_not_say_just_now_is_asked_again_soon_and_troubles_nobody(
    rig: LinkedInRig, account: PlatformAccount, where: str
) -> None:
    rig.order("faults", rules=[{"where": where, "kind": "http_503", "count": 1}])

    looked_after(account)

    assert account.state_reason == ""
    assert until_next_look(account) < timedelta(minutes=2)
    looked_after(account)
    assert told(rig) == [rig.door.url]


def test_without_calls_to_spare_it_waits(rig: LinkedInRig, account: PlatformAccount, settings: Settings) -> None:
    settings.LINKEDIN_RATE_LIMIT = 22

    looked_after(account)

    assert calls(rig) == ["organization_acls", "subscription_get"]
    assert (account.state, account.state_reason) == ("active", "")
    assert until_next_look(account) < timedelta(minutes=2)


def test_an_app_whose_number_is_not_known_is_not_asked_about_and_the_account_says_so(
    rig: LinkedInRig, account: PlatformAccount, settings: Settings
) -> None:
    PlatformAccount.objects.update(application_id="")

    looked_after(account)

    assert calls(rig) == []
    health = token_health.health(account)
    assert (health.label, notified_health.UNKNOWN in health.lines) == ("Works", True)
    assert accounts.try_out(account).ok
    settings.LINKEDIN_CLIENT_ID, settings.LINKEDIN_APPLICATION_ID = account.client_key, APPLICATION
    looked_after(account)
    assert told(rig) == [rig.door.url]


@pytest.mark.parametrize("changes", [{"kind": "messages"}, {"state": "reconnect"}, {"state": "removed"}])
def test_only_pages_that_work_are_asked_about(
    rig: LinkedInRig, account: PlatformAccount, changes: dict[str, Any]
) -> None:
    PlatformAccount.objects.update(**changes)

    looked_after(account)

    assert calls(rig) == []


def test_a_clock_that_was_put_back_does_not_put_it_off(rig: LinkedInRig, account: PlatformAccount) -> None:
    PlatformAccount.objects.update(notified_look_at=timezone.now() + timedelta(days=2))

    looked_after(account, later=False)

    assert told(rig) == [rig.door.url]


@pytest.mark.parametrize(
    ("days", "kind", "words"),
    [
        (30, "ok", "LinkedIn notifies us of what happens here until"),
        (-1, "untold", "LinkedIn stopped notifying us on"),
        (None, "ok", "LinkedIn notifies us of what happens here."),
    ],
)
def test_health_says_until_when(db: None, days: int | None, kind: str, words: str) -> None:
    now = timezone.now()
    until = now + timedelta(days=days) if days is not None else None
    account = linkedin_account(application_id="1", notified_until=until, notified_look_at=now + timedelta(hours=1))

    health = token_health.health(account)

    assert health.kind == kind
    assert any(line.startswith(words) for line in health.lines)


def test_whoever_connects_an_account_has_it_looked_at_anew(db: None, tmp_path: Path, settings: Settings) -> None:
    settings.PUBLIC_URL = HOST
    stale = {"notified_problem": "Lost.", "notified_look_at": timezone.now() + timedelta(hours=5)}
    for other in linkedin_other(tmp_path, settings):
        account = other.make_account(application_id="1", **stale)
        browser = admin_client()[0]

        connect(browser, other, account=str(account.public_id))
        connect(browser, other, chosen=other.second, app=account.client_key, external_id=other.second)

        account.refresh_from_db()
        assert (account.notified_problem, account.notified_look_at) == ("", None)
        # A new account of the same app has its number.
        assert PlatformAccount.objects.get(external_id=other.second).application_id == "1"


def test_an_apps_number_is_given_with_an_account_or_later(db: None) -> None:
    account = linkedin_account(notified_problem="Lost.", notified_look_at=timezone.now() + timedelta(hours=5))

    renewed = accounts.renew_secrets(account, application_id=APPLICATION)

    assert (renewed.application_id, renewed.notified_problem, renewed.notified_look_at) == (APPLICATION, "", None)
    assert renewed.secrets == account.secrets
    for platform, number in (("linkedin", "my-app"), ("tiktok", APPLICATION), ("webchat", APPLICATION)):
        with pytest.raises(AccountProblem, match="--application-id"):
            judge_application(platform, number)
    new = NewAccount(
        platform="linkedin",
        name="Acme",
        external_id="222",
        client_key="li-app",
        secret="s",
        access_token="t",
        application_id=APPLICATION,
    )
    assert accounts.add_account(new).application_id == APPLICATION


@pytest.mark.parametrize(
    ("options", "told_to"),
    [
        ({}, "https://support.example.com/webhooks/linkedin/li-app"),
        ({"simulated": True}, "http://127.0.0.1:8123/webhooks/linkedin/li-app"),
    ],
)
def test_the_simulator_is_told_the_address_at_which_it_reaches_us(
    settings: Settings, options: dict[str, bool], told_to: str
) -> None:
    settings.PUBLIC_URL, settings.HOST, settings.PORT = "https://support.example.com/", "localhost", 8123
    account = PlatformAccount(platform="linkedin", kind="comments", client_key="li-app", options=options)

    assert addresses.told_to_platform(account) == told_to
    assert addresses.leads_here(told_to.rpartition("/")[0] + "/", account)
    assert not addresses.leads_here(f"{told_to}-2", account)


def test_a_removed_account_is_notified_of_no_more(rig: LinkedInRig, account: PlatformAccount) -> None:
    looked_after(account, later=False)

    removed = accounts.remove(account)

    assert told(rig) == []
    assert (removed.state, removed.state_reason) == (PlatformAccount.State.REMOVED, "Removed.")


def test_what_is_told_to_another_installation_stays(rig: LinkedInRig, account: PlatformAccount) -> None:
    looked_after(account, later=False)
    rig.order("subscription", webhook=FOREIGN)

    accounts.remove(account)

    assert told(rig) == [FOREIGN]
    assert "subscription_delete" not in calls(rig)


@pytest.mark.parametrize("where", ["organization_acls", "subscription_delete"])
def test_an_account_is_removed_also_where_the_platform_does_not_listen(
    rig: LinkedInRig, account: PlatformAccount, where: str
) -> None:
    looked_after(account, later=False)
    rig.order("faults", rules=[{"where": where, "kind": "http_503"}])

    removed = accounts.remove(account)

    assert removed.state == PlatformAccount.State.REMOVED
    assert f"see the app {APPLICATION} in its developer portal" in removed.state_reason
    event = AuditEvent.objects.get(action="account.remove")
    assert "may go on notifying us" in event.reason


def test_who_was_removed_already_asks_nobody(rig: LinkedInRig, account: PlatformAccount) -> None:
    accounts.remove(account)
    asked = len(calls(rig))

    accounts.remove(account)

    assert len(calls(rig)) == asked
