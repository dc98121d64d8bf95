"""The keys at the door: read seldom, kept through an outage, found when new."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from pytest_django import DjangoAssertNumQueries, Settings

from integrations import keys
from integrations.exceptions import KeysUnavailable
from integrations.models import PlatformAccount
from integrations.platforms.base import AppKey
from tests.integrations.conftest import HungDatabase
from tests.integrations.tiktok import CLIENT_KEY, SECRET, tiktok_account

pytestmark = pytest.mark.django_db
OURS = AppKey(client_key=CLIENT_KEY, secret=SECRET)


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    keys.forget()
    yield
    keys.forget()


def test_keys_are_read_once(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    tiktok_account()
    tiktok_account(external_id="a second account of the same app")

    with django_assert_num_queries(1):
        assert keys.app_keys("tiktok") == (OURS,)
        assert keys.app_keys("tiktok") == (OURS,)


def test_keys_stay_in_use_while_the_database_is_down() -> None:
    tiktok_account()
    keys.warm()

    with patch.object(keys, "STALE_SECONDS", -1.0), patch.object(keys, "REREAD_SECONDS", 0.0), _down():
        assert keys.app_keys("tiktok") == (OURS,)
        assert keys.reread("tiktok") is False


def test_without_any_key_ever_read_there_is_nothing_to_judge_by() -> None:
    with _down(), pytest.raises(KeysUnavailable):
        keys.app_keys("tiktok")
    assert keys.app_keys("tiktok") == ()


def test_the_environments_app_is_there_from_the_start(settings: Settings) -> None:
    settings.TIKTOK_CLIENT_KEY, settings.TIKTOK_CLIENT_SECRET = "env-app", "env-secret"

    with _down():
        assert keys.app_keys("tiktok") == (AppKey(client_key="env-app", secret="env-secret"),)


def test_an_account_made_just_after_the_start_is_known_at_the_first_mismatch() -> None:
    keys.warm()
    _new_account()

    assert keys.reread("tiktok") is True
    assert keys.app_keys("tiktok") == (OURS,)


def test_a_mismatch_reads_again_but_not_at_every_knock(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    keys.warm()
    assert keys.reread("tiktok") is False
    _new_account()

    with django_assert_num_queries(0):
        assert keys.reread("tiktok") is False
    with patch.object(keys, "REREAD_SECONDS", 0.0), django_assert_num_queries(1):
        assert keys.reread("tiktok") is True
    assert keys.app_keys("tiktok") == (OURS,)


def test_keys_stay_in_use_while_the_database_hangs_and_what_it_says_in_the_end_counts(hung: HungDatabase) -> None:
    keys._known["tiktok"] = keys._Known((OURS,), (), float("-inf"))
    hung.found = (AppKey(client_key=CLIENT_KEY, secret="a newer one"),)

    assert keys.app_keys("tiktok") == (OURS,)
    assert not hung.answers.is_set()
    hung.let_go("tiktok")

    assert keys.app_keys("tiktok") == hung.found


def test_one_look_hangs_at_a_time_and_who_comes_late_does_not_wait_for_it(
    hung: HungDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [keys.reread("tiktok") for _ in range(3)] == [False] * 3
    # Its time is over, so that another second would be waited for in vain.
    monkeypatch.setattr(keys, "LOOK_SECONDS", 30.0)
    with pytest.raises(KeysUnavailable):
        keys.app_keys("tiktok")

    assert hung.times_asked() == 1


def test_what_a_look_was_asked_before_a_change_counts_no_more(hung: HungDatabase) -> None:
    hung.found = (OURS,)
    keys.reread("tiktok")
    assert hung.times_asked() == 1

    keys.forget()
    hung.let_go("tiktok")

    assert not keys.are_from_database("tiktok")


@pytest.mark.django_db(transaction=True)
def test_a_look_aside_finds_what_was_committed() -> None:
    tiktok_account()

    assert keys.app_keys("tiktok") == (OURS,)


def test_a_key_does_not_show_in_text() -> None:
    assert SECRET not in repr(OURS)


def _down() -> AbstractContextManager[object]:
    return patch.object(connection, "cursor", side_effect=OperationalError("gone"))


def _new_account() -> None:
    """As another process makes one."""
    PlatformAccount.objects.create(
        platform="tiktok", name="New", external_id="b", client_key=CLIENT_KEY, secrets={"secret": SECRET}
    )
