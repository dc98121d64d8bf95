"""Each role at each door of pages and REST: exactly what the matrix says, no more and no less."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import Settings

from conversations.models import Conversation, Delivery, Message, Note
from core.models import AuditEvent, Team, User
from core.policy import SCOPES, Action, Role
from integrations.models import WebhookEvent
from tests.access.doors import DOORS, OPEN, OWN_ACCOUNT, Door, Given
from tests.access.rows import rows_of, shared_rows
from tests.factories import make_api_key, make_release, make_team, make_user
from workspace.operations import drills

pytestmark = pytest.mark.django_db

REFUSALS = {401, 403, 404}
STAFF = [role for role in Role if role != Role.API_CLIENT]
ADMIN = "admin/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody at the doors, and how the matrix knows them."""

    role: Role
    scoped: bool = True
    bound: bool = False

    def __str__(self) -> str:
        if self.role != Role.API_CLIENT:
            return f"{self.role.value}-key-of-a-team" if self.bound else self.role.value
        return "key-of-a-team" if self.bound else "key" if self.scoped else "key-without-scopes"


CALLERS = [
    *(Caller(role=role) for role in STAFF),
    Caller(role=Role.API_CLIENT),
    Caller(role=Role.API_CLIENT, bound=True),
    Caller(role=Role.API_CLIENT, scoped=False),
    # A key's team binds it whatever its role, where a person's role may reach further than their teams.
    *(Caller(role=role, bound=True) for role in STAFF),
]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """A drill that is begun here watches nothing, and heads are not really fitted."""
    settings.DRILL_BUTTON = True
    settings.PUBLIC_URL = "http://testserver"
    settings.TIKTOK_CLIENT_KEY, settings.TIKTOK_CLIENT_SECRET = "app-key", "app-secret"
    monkeypatch.setattr(drills, "_watch", lambda _: None)
    make_release()


def call(door: Door, client: Client, headers: dict[str, str], given: Given) -> Any:
    """The answer at the door to words that are right."""
    address = reverse(door.name, kwargs=door.address(given))
    if door.method == "GET":
        return client.get(address, door.query(given), headers=headers)
    if door.people_only:
        return client.post(address, door.body(given), headers={**headers, "HX-Request": "true"})
    return client.generic(
        door.method, address, json.dumps(door.body(given)), content_type="application/json", headers=headers,
        query_params=door.query(given),
    )  # fmt: skip


def was_let_in(answer: Any) -> bool:
    """Whether it was; an answer that says neither is a mistake of this test's words."""
    if answer.status_code == 409 and answer.json().get("code") == "for-people":
        return False
    if answer.status_code in REFUSALS or "/accounts/login/" in answer.headers.get("Location", ""):
        return False
    assert 200 <= answer.status_code < 400, (answer.status_code, answer.content[:500])
    return True


def state() -> list[Any]:
    """What a refused call must not have changed."""
    return [
        list(Conversation.objects.order_by("pk").values_list("pk", "mode", "assignee", "version")),
        list(Delivery.objects.order_by("pk").values_list("pk", "state")),
        list(WebhookEvent.objects.order_by("pk").values_list("pk", "state")),
        Message.objects.count(), Note.objects.count(), AuditEvent.objects.count(),
    ]  # fmt: skip


def signed_in(caller: Caller | None, team: Team) -> tuple[Client, dict[str, str], User | None]:
    """A browser or a program of the caller, whose team is ``team``."""
    client = Client(raise_request_exception=False)
    if caller is None:
        return client, {}, None
    if caller.role != Role.API_CLIENT and not caller.bound:
        user = make_user(role=caller.role, team=team)
        client.force_login(user)
        return client, {}, user
    scopes = tuple(SCOPES) if caller.scoped and caller.role == Role.API_CLIENT else ()
    _, key = make_api_key(role=caller.role, scopes=scopes, team=team if caller.bound else None)
    return client, {"authorization": f"Bearer {key}"}, None


def given_to(team: Team, user: User | None) -> Given:
    """Rows of a team and of everybody, for one call."""
    return Given(team=rows_of(team), shared=shared_rows(), user=user)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method}-{door.name}{door.label and '-' + door.label}")
def test_a_door_opens_for_whom_the_matrix_names_and_for_nobody_else(door: Door, asked: set[Action]) -> None:
    team, elsewhere = make_team(), make_team()
    rows: dict[Team, Given] = {}
    wanted, found = {}, {}

    for caller in (*CALLERS, None):
        client, headers, user = signed_in(caller, team)
        for owner in (elsewhere, team) if door.about == "row" else (team,):
            # What only reads leaves the rows to the next caller.
            if door.method != "GET" or owner not in rows:
                rows[owner] = given_to(owner, user)
            cell = f"{caller or 'nobody'}, {'their own' if owner is team else 'another'} team's"
            before = state()
            asked.clear()
            wanted[cell] = caller is not None and door.opens(
                caller.role, own=owner is team, scoped=caller.scoped, bound=caller.bound
            )
            found[cell] = was_let_in(call(door, client, headers, replace(rows[owner], user=user)))
            assert wanted[cell] or state() == before, f"changed something: {cell}"
            assert not found[cell] or asked >= set(door.needs), f"let in unasked: {cell}"

    assert found == wanted


OF_A_ROW = [door for door in DOORS if door.about == "row"]


@pytest.mark.parametrize(
    "door", OF_A_ROW, ids=lambda door: f"{door.method}-{door.name}{door.label and '-' + door.label}"
)
def test_what_is_assigned_to_somebody_is_their_own_whichever_team_it_is_of(door: Door) -> None:
    team, elsewhere = make_team(), make_team()
    wanted, found = {}, {}

    for role in STAFF:
        client, headers, user = signed_in(Caller(role=role), team)
        given = given_to(elsewhere, user)
        Conversation.objects.filter(team=elsewhere).update(mode=Conversation.Mode.HUMAN, assignee=user)
        wanted[role] = door.opens(role, own=True)
        # Not everything can be done in every state; who may not do it is refused before that is looked at.
        found[role] = call(door, client, headers, given).status_code not in REFUSALS

    assert found == wanted


# --- No door without an entry ----------------------------------------------------------------------------------------


def addresses(patterns: Any = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address that is not the admin's or the sign-in library's."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        address = before + str(each.pattern)
        if address.startswith((ADMIN, OWN_ACCOUNT)):
            continue
        if isinstance(each, URLResolver):
            yield from addresses(each.url_patterns, address)
        else:
            yield address, each


def test_every_address_has_an_entry() -> None:
    named = {pattern.name for _, pattern in addresses()}

    assert named - {door.name for door in DOORS} == set(OPEN)


def test_every_method_of_an_address_has_an_entry() -> None:
    client = Client()
    client.force_login(make_user(role=Role.ADMIN))
    given = given_to(make_team(), make_user())
    written: dict[str, set[str]] = defaultdict(set)
    for door in DOORS:
        written[door.name].add(door.method)

    offered = {}
    for door in DOORS:
        answer = client.options(reverse(door.name, kwargs=door.address(given)))
        assert "Allow" in answer.headers, f"{door.name} does not say which methods it takes"
        offered[door.name] = set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"}

    assert offered == dict(written)
