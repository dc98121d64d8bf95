"""Callers of the REST doors."""

import json
from typing import Any

from django.test import Client

from core.models import Team, User
from core.policy import Role
from tests.factories import make_api_key, make_user


class Caller:
    """Somebody with a key, or the session of a person, who speaks JSON."""

    def __init__(self, *, key: str = "", user: User | None = None) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"authorization": f"Bearer {key}"} if key else {}
        if user is not None:
            self.client.force_login(user)

    def get(self, path: str, **query: Any) -> Any:
        """The answer to a GET."""
        return self.client.get(path, query, headers=self.headers)

    def post(self, path: str, body: Any = None, *, key: str = "", method: str = "POST") -> Any:
        """The answer to a POST of ``body``; ``key`` makes it repeatable."""
        data = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        more = {"idempotency-key": key} if key else {}
        return self.client.generic(method, path, data, content_type="application/json", headers=self.headers | more)


def with_key(*scopes: str, team: Team | None = None, role: Role = Role.API_CLIENT) -> Caller:
    """A program with a key of these scopes."""
    return Caller(key=make_api_key(scopes=scopes, team=team, role=role)[1])


def signed_in(role: Role = Role.SUPERVISOR, *, team: Team | None = None, **values: Any) -> Caller:
    """A member of staff in their session."""
    return Caller(user=make_user(role=role, team=team, **values))
