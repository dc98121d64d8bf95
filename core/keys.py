"""Making and revoking API keys."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from core import audit
from core.models import ApiKey, Team, User, new_secret
from core.policy import SCOPES, Role


class KeyNotPossible(Exception):
    """A key that was asked for would make no sense."""


def scopes_for(role: Role, scopes: Iterable[str]) -> list[str]:
    """The scopes of a key of this role, each once, in their order. Raises KeyNotPossible where they make no sense."""
    wanted = sorted(set(scopes))
    if role == Role.API_CLIENT and not wanted:
        raise KeyNotPossible(
            f"An api-client key may do only what its scopes say: name one of {', '.join(sorted(SCOPES))}."
        )
    if role != Role.API_CLIENT and wanted:
        raise KeyNotPossible(f"Scopes are for api-client keys; a key of role {role.value} may do what that role may.")
    if unknown := sorted(set(wanted) - set(SCOPES)):
        raise KeyNotPossible(f"There is no scope {unknown[0]!r}: choose from {', '.join(sorted(SCOPES))}.")
    return wanted


@transaction.atomic
def create(
    name: str, *, role: Role, scopes: Iterable[str], team: Team | None, by: User | ApiKey | None
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is kept nowhere. Raises KeyNotPossible."""
    wanted = scopes_for(role, scopes)
    prefix, secret, digest = new_secret()
    key = ApiKey.objects.create(
        name=name[:80],
        prefix=prefix,
        secret_hash=digest,
        role=role,
        scopes=wanted,
        team=team,
        created_by=by if isinstance(by, User) else None,
    )
    audit.record(by, "key.created", key, after={"role": role.value, "scopes": wanted})
    return key, secret


@transaction.atomic
def revoke(key: ApiKey, *, by: User | ApiKey | None) -> ApiKey:
    """Make the key useless from now on. Revoking it again changes nothing."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        audit.record(by, "key.revoked", key)
    key.refresh_from_db()
    return key
