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


def test_a_mismatch_reads_again_but_not_at_every_knock(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    keys.warm()
    PlatformAccount.objects.create(
        platform="tiktok", name="New", external_id="b", client_key=CLIENT_KEY, secrets={"secret": SECRET}
    )

    with django_assert_num_queries(0):
        assert keys.reread("tiktok") is False
    with patch.object(keys, "REREAD_SECONDS", 0.0), django_assert_num_queries(1):
        assert keys.reread("tiktok") is True
    assert keys.app_keys("tiktok") == (OURS,)


def test_a_key_does_not_show_in_text() -> None:
    assert SECRET not in repr(OURS)


def _down() -> AbstractContextManager[object]:
    return patch.object(connection, "cursor", side_effect=OperationalError("gone"))
