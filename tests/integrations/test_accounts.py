"""Accounts, by their services and from a terminal."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from core.exceptions import NotAllowed
from core.models import AuditEvent
from core.policy import Role
from integrations import accounts, keys
from integrations.exceptions import AccountProblem
from integrations.models import PlatformAccount
from integrations.new_accounts import SHORTEST_IDENTITY_SECRET, NewAccount
from tests.factories import make_team, make_user
from tests.integrations.events import SECRET as WEBHOOK_SECRET
from tests.integrations.events import events_account
from tests.integrations.tiktok import BUSINESS, CLIENT_KEY, SECRET, tiktok_account
from tests.simulator.rig import API, REFRESH, TOKEN, Rig

pytestmark = pytest.mark.django_db
ADD = (
    "add", "--platform", "tiktok", "--name", "Acme", "--external-id", BUSINESS, "--client-key", CLIENT_KEY,
    "--secret", SECRET, "--access-token", TOKEN, "--refresh-token", REFRESH,
)  # fmt: skip

EVENTS = ("add", "--platform", "events", "--name", "Shop", "--api-base", "http://127.0.0.1:9/replies")


LINKEDIN = (
    "add", "--platform", "linkedin", "--name", "Acme", "--external-id", "111", "--client-key", "li-app",
    "--secret", SECRET, "--access-token", TOKEN,
)  # fmt: skip


def run(*arguments: str) -> tuple[Any, str, int]:
    """`manage.py account …`: the JSON on stdout, what stands on stderr, the exit code."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("account", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        code = int(end.code or 0)
    else:
        code = 0
    return json.loads(out.getvalue()) if out.getvalue() else None, err.getvalue(), code


@pytest.mark.parametrize(
    ("kind", "external_id", "address"),
    [("comments", "urn:li:organization:111", "linkedin/li-app"), ("messages", "urn:li:person:111", "events/")],
)
def test_a_linkedin_account_is_added_by_its_page_or_member(
    settings: Settings, kind: str, external_id: str, address: str
) -> None:
    settings.PUBLIC_URL = "https://agent.example"

    answer, _, code = run(*LINKEDIN, "--api-kind", kind, "--expires-in", "5184000")

    account = PlatformAccount.objects.get()
    assert (code, account.kind, answer["external_id"]) == (0, kind, external_id)
    assert answer["webhook_url"].startswith(f"https://agent.example/webhooks/{address}")
    assert account.token_expires_at is not None
    assert SECRET not in json.dumps(answer)
    assert answer.get("secret", "").startswith("whsec_") is (kind == "messages")


def test_a_linkedin_account_for_messages_is_given_a_second_webhook_secret_and_keeps_its_apps() -> None:
    added, _, _ = run(*LINKEDIN, "--api-kind", "messages")

    rotated, _, code = run("rotate", str(added["id"]))

    account = PlatformAccount.objects.get()
    assert (code, account.secrets["secret"]) == (0, SECRET)
    assert list(account.proofs) == [rotated["secret"], added["secret"]]
    run("rotate", str(added["id"]), "--drop-old")
    assert list(PlatformAccount.objects.get().proofs) == [rotated["secret"]]


def test_adding_prints_the_account_and_nothing_secret(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://agent.example"
    make_team("Sales")

    answer, err, code = run(
        *ADD,
        "--team",
        "Sales",
        "--language",
        "en",
        "--language",
        "de",
        "--api-base",
        "http://127.0.0.1:9/open_api/v1.3/",
    )

    account = PlatformAccount.objects.get()
    assert (code, err) == (0, "")
    assert answer == {
        "id": account.pk,
        "public_id": str(account.public_id),
        "platform": "tiktok",
        "name": "Acme",
        "external_id": BUSINESS,
        "webhook_url": "https://agent.example/webhooks/tiktok",
    }
    assert account.secrets == {"secret": SECRET, "access_token": TOKEN, "refresh_token": REFRESH}
    assert account.languages == ["en", "de"]
    assert account.team is not None
    assert account.team.name == "Sales"
    assert account.api_base == "http://127.0.0.1:9/open_api/v1.3"
    assert SECRET not in json.dumps(AuditEvent.objects.get().after)


def test_a_web_chat_says_where_it_is(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://agent.example"

    words = ("--greeting", "Welcome to the tent shop!")
    answer, _, code = run("add", "--platform", "webchat", "--name", "Shop", "--origin", "https://shop.example", *words)

    account = PlatformAccount.objects.get()
    assert code == 0
    assert account.options == {"greeting": "Welcome to the tent shop!"}
    assert answer["public_key"] == account.public_key
    assert answer["chat_url"] == f"https://agent.example/chat/{account.public_key}/"
    assert account.origins == ["https://shop.example"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*ADD[1:], "--greeting", "Hi"), "Nobody is welcomed on TikTok: leave --greeting out."),
        (("--platform", "events", "--name", "X"), "A Signed webhook account needs --api-base as well."),
        ((*EVENTS[1:], "--secret", "whsec_short"), "must be whsec_ and 24 to 64 bytes in base64"),
        ((*ADD[1:], "--api-kind", "letters"), "TikTok has no interface called letters; it has but one"),
        (("--platform", "linkedin", "--name", "X"), "A LinkedIn account needs --external-id, --client-key, --secret"),
        ((*LINKEDIN[1:], "--api-kind", "letters"), "choose one of comments, messages (--api-kind)"),
        ((*LINKEDIN[1:], "--external-id", "a page"), "a page is no id of LinkedIn's"),
        (("--platform", "fax", "--name", "X"), "fax is no platform"),
        (("--platform", "tiktok", "--name", "X"), "--external-id, --client-key, --secret, --access-token"),
        (("--platform", "webchat", "--name", " "), "Give the account a name"),
        (("--platform", "webchat", "--name", "X", "--team", "None"), "There is no team"),
        (("--platform", "webchat", "--name", "X", "--origin", "shop.example"), "An origin is only"),
        (("--platform", "webchat", "--name", "X", "--origin", "https://shop.example/a"), "An origin is only"),
        ((*ADD[1:], "--api-base", "https://10.1.2.3:8443/v1"), "add 10.1.2.3:8443 to EGRESS_ALLOW if it is meant"),
        ((*ADD[1:], "--auth-base", "http://tiktok.example"), "to EGRESS_ALLOW if it is meant"),
    ],
)
def test_what_cannot_be_added_is_one_sentence_and_exit_1(arguments: tuple[str, ...], words: str) -> None:
    answer, err, code = run("add", *arguments)

    assert (answer, code) == (None, 1)
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert not PlatformAccount.objects.exists()


def test_the_same_account_twice_is_refused() -> None:
    run(*ADD)

    _, err, code = run(*ADD)

    assert code == 1
    assert "already" in err
    assert PlatformAccount.objects.count() == 1


def test_the_list_shows_every_account_without_its_secrets() -> None:
    run(*ADD)
    run("add", "--platform", "webchat", "--name", "Shop")

    answer, _, code = run("list")

    assert code == 0
    assert [each["platform"] for each in answer["accounts"]] == ["tiktok", "webchat"]
    assert answer["accounts"][0]["state"] == "active"
    assert not any(secret in json.dumps(answer) for secret in (SECRET, TOKEN, REFRESH))


def test_a_working_account_passes_its_test(tiktok: Rig) -> None:
    run(*ADD, "--api-base", f"{tiktok.simulator.base_url}{API}")
    PlatformAccount.objects.update(state=PlatformAccount.State.RECONNECT)
    account = PlatformAccount.objects.get()

    answer, err, code = run("test", str(account.public_id))

    assert (code, err) == (0, "")
    assert (answer["id"], answer["ok"], answer["state"]) == (account.pk, True, "active")
    assert {check["name"]: check["ok"] for check in answer["checks"]} == {"account": True, "token": True}
    assert "Acme Shop" in answer["checks"][0]["detail"]


@pytest.mark.parametrize("fault", ["code_40105", "http_503", "html_200"])
def test_an_account_that_does_not_work_fails_its_test_in_words(tiktok: Rig, fault: str) -> None:
    run(*ADD, "--api-base", f"{tiktok.simulator.base_url}{API}")
    tiktok.fault("business_get", fault)

    answer, err, code = run("test", str(PlatformAccount.objects.get().pk))

    assert code == 1
    assert answer["ok"] is False
    assert answer["checks"][0]["detail"]
    assert err.strip() == "The account does not work; the checks say why."


@pytest.mark.parametrize("reference", ["999", "nonsense", "6f9f4d6e-0000-4000-8000-000000000000"])
def test_an_account_that_is_not_there_is_exit_1(reference: str) -> None:
    _, err, code = run("test", reference)

    assert code == 1
    assert f"There is no account {reference}" in err


def test_new_secrets_replace_old_ones_and_the_old_app_secret_proves_events_a_while_longer() -> None:
    run(*ADD)
    account = PlatformAccount.objects.get()
    PlatformAccount.objects.update(state=PlatformAccount.State.RECONNECT)

    _, _, code = run("renew", str(account.pk), "--secret", "new-secret", "--access-token", "act.new")

    account.refresh_from_db()
    assert code == 0
    assert account.state == PlatformAccount.State.ACTIVE
    assert account.secrets == {
        "secret": "new-secret", "previous_secret": SECRET, "access_token": "act.new", "refresh_token": REFRESH,
    }  # fmt: skip
    keys.forget()
    assert {key.secret for key in keys.app_keys("tiktok")} == {SECRET, "new-secret"}
    assert run("renew", str(account.pk))[2] == 1


def test_an_account_is_paused_resumed_and_removed_and_that_is_written_down() -> None:
    account = tiktok_account()
    admin = make_user(role=Role.ADMIN)

    assert not accounts.set_bot(account, admin, enabled=False).bot_enabled
    assert accounts.set_bot(account, admin, enabled=True).bot_enabled
    removed = accounts.remove(account, admin)

    assert (removed.state, removed.secrets) == (PlatformAccount.State.REMOVED, {})
    actions = AuditEvent.objects.order_by("id").values_list("action", "actor_id")
    assert list(actions) == [(f"account.{what}", admin.pk) for what in ("pause", "resume", "remove")]
    assert accounts.try_out(removed, admin).ok is False


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.ADMIN, Role.API_CLIENT}])
def test_only_admins_touch_accounts_and_only_they_and_supervisors_pause_the_bot(role: Role) -> None:
    account, somebody = tiktok_account(), make_user(role=role)

    with pytest.raises(NotAllowed):
        accounts.remove(account, somebody)
    with pytest.raises(NotAllowed):
        accounts.renew_secrets(account, somebody, secret="x")
    with pytest.raises(NotAllowed):
        accounts.try_out(account, somebody)
    with pytest.raises(NotAllowed):
        accounts.add_account(NewAccount(platform="webchat", name="X"), somebody)
    if role is Role.SUPERVISOR:
        accounts.set_bot(account, somebody, enabled=False)
    else:
        with pytest.raises(NotAllowed):
            accounts.set_bot(account, somebody, enabled=False)


def test_a_simulated_account_follows_the_simulators_port(tiktok: Rig, settings: Settings) -> None:
    settings.SIM_PORT = int(tiktok.simulator.base_url.rpartition(":")[2])
    run(*ADD, "--simulated")

    assert run("test", str(PlatformAccount.objects.get().pk))[0]["ok"] is True


def test_secrets_do_not_show_in_text() -> None:
    new = NewAccount(platform="tiktok", name="Acme", secret=SECRET, access_token=TOKEN)

    assert SECRET not in repr(new)
    assert TOKEN not in repr(new)
    with pytest.raises(AccountProblem):
        accounts.add_account(new)


def test_a_signed_webhook_says_its_address_and_tells_its_secret_once(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://agent.example"

    answer, _, code = run(*EVENTS, "--honours-key")
    listed, _, _ = run("list")

    account = PlatformAccount.objects.get()
    assert (code, account.honours_key) == (0, True)
    assert answer["webhook_url"] == f"https://agent.example/webhooks/events/{account.public_id}"
    assert answer["secret"] == account.secrets["secret"]
    assert account.source == f"events:{account.public_id}"
    assert "secret" not in listed["accounts"][0]
    assert answer["secret"] not in json.dumps([event.after for event in AuditEvent.objects.all()])


def test_a_secret_that_is_given_is_taken() -> None:
    answer, _, _ = run(*EVENTS, "--secret", WEBHOOK_SECRET, "--external-id", "their name for it")

    assert answer["secret"] == WEBHOOK_SECRET
    assert answer["external_id"] == "their name for it"


def test_a_second_secret_is_made_and_the_older_one_dropped() -> None:
    added, _, _ = run(*EVENTS)
    number = str(added["id"])

    rotated, _, code = run("rotate", number)
    account = PlatformAccount.objects.get()
    assert code == 0
    assert account.secrets == {"secret": rotated["secret"], "previous_secret": added["secret"]}
    _, again, refused = run("rotate", number)
    dropped, _, _ = run("rotate", number, "--drop-old")
    _, nothing_left, _ = run("rotate", number, "--drop-old")

    account.refresh_from_db()
    assert account.secrets == {"secret": rotated["secret"]}
    assert (refused, "Two secrets are valid already" in again, "only one is valid" in nothing_left) == (1, True, True)
    assert "secret" not in dropped
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["account.add", "account.rotate", "account.drop_old_secret"]


def test_only_a_signed_webhooks_secret_is_made_here(account: PlatformAccount) -> None:
    _, err, code = run("rotate", str(account.pk))

    assert (code, "put a new one in with `account renew --secret`" in err) == (1, True)


def test_secrets_are_rotated_by_admins_alone() -> None:
    account = events_account()
    supervisor = make_user(role=Role.SUPERVISOR)

    with pytest.raises(NotAllowed):
        accounts.rotate_secret(account, supervisor)
    with pytest.raises(NotAllowed):
        accounts.drop_old_secret(account, supervisor)


def test_a_new_secret_of_a_signed_webhook_has_its_form() -> None:
    account = events_account()

    with pytest.raises(AccountProblem, match="must be whsec_"):
        accounts.renew_secrets(account, secret="anything")


def test_after_new_secrets_a_refusal_of_the_old_ones_counts_no_more() -> None:
    account = tiktok_account(refresh_refused=True, refresh_problem="TikTok does not know the app's key or secret.")

    account = accounts.renew_secrets(account, secret="another-secret")

    assert (account.refresh_refused, account.refresh_problem) == (False, "")


def test_a_web_chat_is_given_a_secret_for_its_site_when_one_is_asked_for() -> None:
    added, _, _ = run("add", "--platform", "webchat", "--name", "Site", "--origin", "HTTPS://Shop.example:443/")
    number = str(added["id"])

    first, _, _ = run("rotate", number)
    second, _, code = run("rotate", number)

    account = PlatformAccount.objects.get()
    assert (code, account.origins) == (0, ["https://shop.example"])
    assert "secret" not in added
    assert list(account.proofs) == [second["secret"], first["secret"]]
    assert min(map(len, account.proofs)) >= SHORTEST_IDENTITY_SECRET
    run("rotate", number, "--drop-old")
    assert list(PlatformAccount.objects.get().proofs) == [second["secret"]]


def test_a_sites_own_secret_is_long_enough_not_to_be_guessed() -> None:
    account = PlatformAccount.objects.create(platform="webchat", name="Site", external_id="site")

    with pytest.raises(AccountProblem, match="at least 32 characters"):
        accounts.renew_secrets(account, secret="hunter2")


def test_what_visitors_are_asked_is_said_when_the_account_is_added() -> None:
    run("add", "--platform", "webchat", "--name", "Site", "--ask-name", "required", "--ask-email", "optional")

    account = PlatformAccount.objects.get()
    assert (account.ask_name, account.ask_email) == ("required", "optional")
