"""The first people who work here, made from the machine's own terminal. Later ones are made by them, in the admin."""

import secrets

from django.core.exceptions import ValidationError
from django.db import transaction

from core import audit
from core.models import Team, User
from core.policy import Role

PASSWORD_BYTES = 15


class StaffNotPossible(Exception):
    """What was asked cannot be; the message says why."""


@transaction.atomic
def add(username: str, *, role: Role, email: str = "", team: Team | None = None) -> tuple[User, str]:
    """A new member of staff, and the password that was made for them and is kept nowhere. Raises StaffNotPossible."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    user = User(username=username, email=email, role=role, is_staff=True)
    user.set_password(password)
    try:
        user.full_clean()
    except ValidationError as error:
        raise StaffNotPossible(" ".join(error.messages)) from error
    user.save()
    if team is not None:
        user.teams.add(team)
    audit.record(None, "user.added", user, after={"role": role.value, "teams": [team.name] if team else []})
    return user, password
