"""API keys: made, presented, revoked."""

import pytest
from django.test import RequestFactory
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from core import keys
from core.authentication import ApiKeyAuthentication
from core.models import ApiKey, AuditEvent
from core.policy import Role
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db


def present(**headers: str) -> ApiKey | None:
    """The key that a request with these headers is taken for."""
    found = ApiKeyAuthentication().authenticate(Request(RequestFactory().get("/", headers=headers)))
    return found[0] if found else None


def test_a_new_key_opens_doors_and_its_secret_is_kept_nowhere() -> None:
    admin, team = make_user(role=Role.ADMIN), make_team()

    key, secret = keys.create("till", role=Role.API_CLIENT, scopes=["messages:send"], team=team, by=admin)

    assert present(authorization=f"Bearer {secret}") == key
    assert present(**{"x-api-key": secret}) == key
    assert len(secret) == len("sak_") + 8 + 1 + 43
    row = " ".join(str(value) for value in ApiKey.objects.values().get().values())
    assert secret.split("_", 2)[2] not in row
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_name, event.after) == (
        "key.created",
        admin.display_name,
        {"role": "api-client", "scopes": ["messages:send"]},
    )
    assert key.created_by == admin


def test_a_revoked_key_opens_nothing_and_stays_revoked() -> None:
    key, secret = keys.create("till", role=Role.ADMIN, scopes=[], team=None, by=None)

    first = keys.revoke(key, by=None).revoked_at
    second = keys.revoke(key, by=None).revoked_at

    assert first == second
    assert first is not None
    with pytest.raises(AuthenticationFailed):
        present(authorization=f"Bearer {secret}")
    assert AuditEvent.objects.filter(action="key.revoked").count() == 1


@pytest.mark.parametrize(
    "change", [lambda s: s[:-1], lambda s: s + "x", lambda s: s.replace("sak_", "sak_0", 1), lambda s: s[:4]]
)
def test_a_key_that_is_nearly_right_opens_nothing(change: object) -> None:
    _, secret = keys.create("till", role=Role.ADMIN, scopes=[], team=None, by=None)
    assert callable(change)

    with pytest.raises(AuthenticationFailed):
        present(**{"x-api-key": change(secret)})


def test_a_request_without_a_key_is_somebody_elses_business() -> None:
    assert present() is None
    assert present(authorization="Bearer something-else") is None


@pytest.mark.parametrize(
    ("role", "scopes", "problem"),
    [
        (Role.API_CLIENT, [], "name one of"),
        (Role.API_CLIENT, ["everything"], "There is no scope 'everything'"),
        (Role.ADMIN, ["messages:send"], "Scopes are for api-client keys"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(role: Role, scopes: list[str], problem: str) -> None:
    with pytest.raises(keys.KeyNotPossible, match=problem):
        keys.create("till", role=role, scopes=scopes, team=None, by=None)

    assert not ApiKey.objects.exists()
