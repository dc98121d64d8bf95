"""Sign-ins, sign-outs and failed tries in the audit trail."""

import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.signals import user_login_failed
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import AuditEvent, User
from supportagent import metrics, sessions, sign_ins
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db

LOGIN, LOGOUT = "/accounts/login/", "/accounts/logout/"
ADDRESS = "192.0.2.7"


def come_in(user: User, password: str = PASSWORD) -> Client:
    """A browser of somebody who sent the form."""
    client = Client(REMOTE_ADDR=ADDRESS)
    client.post(LOGIN, {"login": user.username, "password": password})
    return client


def told() -> list[tuple[str, str, int | None, str]]:
    """Every event: what, by which kind of actor and whom, on whom."""
    events = AuditEvent.objects.order_by("id")
    return [(each.action, each.actor_kind, each.actor_id, each.target_id) for each in events]


def breakglass_figure() -> float:
    """What a scrape tells of superusers."""
    (found,) = [each for each in metrics.RecordCollector().collect() if each.name == "breakglass_sign_ins"]
    return float(found.samples[0].value)


def test_coming_in_and_going_are_told_with_who_and_from_where() -> None:
    sam = make_user()

    come_in(sam).post(LOGOUT)

    assert told() == [
        ("person.signed_in", "user", sam.pk, str(sam.pk)),
        ("person.signed_out", "user", sam.pk, str(sam.pk)),
    ]
    assert set(AuditEvent.objects.values_list("address", flat=True)) == {ADDRESS}


def test_a_session_that_code_begins_is_no_sign_in() -> None:
    Client().force_login(make_user())

    assert told() == []


def test_going_out_without_having_been_in_is_nothing() -> None:
    Client().post(LOGOUT)

    assert told() == []


def test_a_wrong_password_names_whom_it_was_for() -> None:
    sam = make_user(username="sam.marsh")

    come_in(sam, "wrong-and-secret")

    (event,) = AuditEvent.objects.all()
    assert told() == [("person.sign_in_failed", "system", None, str(sam.pk))]
    assert event.after["step"] == "password"
    assert "sam.marsh" not in str(event.after)
    assert "wrong-and-secret" not in str(AuditEvent.objects.values())


def test_of_a_name_that_is_nobodys_a_hash_is_kept_that_tells_the_same_from_another() -> None:
    client = Client()
    for name in ("my-own-password-1", "My-Own-Password-1", "another"):
        client.post(LOGIN, {"login": name, "password": "wrong"})

    first, again, other = (event.after["name"] for event in AuditEvent.objects.order_by("id"))
    assert first == again != other
    assert set(AuditEvent.objects.values_list("target_id", flat=True)) == {""}
    assert "my-own-password-1" not in str(AuditEvent.objects.values()).lower()


def test_somebody_switched_off_does_not_come_in_and_that_is_told() -> None:
    sam = make_user(is_active=False)

    come_in(sam)

    assert told() == [("person.sign_in_failed", "system", None, str(sam.pk))]


def test_what_is_not_judged_is_not_written() -> None:
    sam = make_user()

    for _ in range(12):
        come_in(sam, "wrong")

    assert len(told()) == 5


def test_a_name_that_cannot_be_one_is_written_like_any_other() -> None:
    user_login_failed.send(sender=__name__, credentials={}, request=None)

    assert told() == [("person.sign_in_failed", "system", None, "")]


def test_somebody_who_says_again_that_it_is_them_and_is_not_believed_is_named() -> None:
    sam = make_user()
    client = come_in(sam)

    client.post(reverse("account_reauthenticate"), {"password": "wrong"})

    assert told()[1:] == [("person.sign_in_failed", "user", sam.pk, str(sam.pk))]


def test_with_a_second_factor_nobody_is_in_before_it_and_a_wrong_code_is_told() -> None:
    sam, secret = make_user(), totp.generate_totp_secret()
    totp.TOTP.activate(sam, secret)
    client = come_in(sam)
    assert told() == []
    ask = reverse("mfa_authenticate")
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    right = str(totp.format_hotp_value(totp.hotp_value(secret, counter)))
    wrong = f"{(int(right) + 1) % 1_000_000:06}"

    client.post(ask, {"code": wrong})
    client.post(ask, {"code": right})

    assert [action for action, *_ in told()] == ["person.sign_in_failed", "person.signed_in"]
    assert AuditEvent.objects.order_by("id")[0].after == {"step": "second factor"}


def test_who_is_signed_out_because_the_time_is_over_did_not_do_it() -> None:
    sam = make_user()
    client = come_in(sam)
    kept = client.session
    kept[sessions.ACTIVE] = int(time.time()) - 24 * 3600
    kept.save()

    client.get("/workspace/")

    assert told()[1:] == [("person.signed_out", "system", None, str(sam.pk))]
    assert "nothing was done" in AuditEvent.objects.latest("id").reason


@pytest.mark.parametrize(("superuser", "figure"), [(True, 1), (False, 0)])
def test_a_superuser_who_signs_in_rings_an_alert(superuser: bool, figure: int) -> None:
    sam = make_user(is_superuser=superuser)
    assert breakglass_figure() == 0

    come_in(sam)

    used = AuditEvent.objects.filter(action="breakglass.used")
    assert [event.actor_id for event in used] == [sam.pk] * figure
    assert breakglass_figure() == figure


def test_the_figure_is_of_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    come_in(make_user(is_superuser=True))
    later = timezone.now() + timedelta(hours=24, minutes=1)

    monkeypatch.setattr(timezone, "now", lambda: later)

    assert sign_ins.break_glass_recently() == 0


def test_going_out_leaves_nothing_in_the_browser_and_keeps_what_the_next_page_needs() -> None:
    client = come_in(make_user())

    answer: Any = client.post(LOGOUT)

    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert answer.status_code == 302
    assert client.get("/workspace/").status_code == 302
    assert "Clear-Site-Data" not in client.get(LOGIN).headers
