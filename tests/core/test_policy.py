"""The policy is the permission matrix that is written out in tests/access/matrix.py, and reaches as far as it says."""

import pytest

from core.exceptions import NotAllowed
from core.policy import (
    MATRIX,
    SCOPES,
    SECOND_PERSON,
    Action,
    Grant,
    Role,
    Subject,
    allows,
    reach,
    require,
    sees_conversation,
)
from tests.access.matrix import LETTERS, permits
from tests.factories import make_api_key, make_team, make_user

GRANTS = {"x": Grant.ALL, "2": Grant.ALL, "o": Grant.OWN, "s": Grant.SCOPE, "-": None}


@pytest.mark.parametrize(("action", "role"), LETTERS)
def test_the_matrix_is_what_was_agreed(action: Action, role: Role) -> None:
    assert MATRIX[action].get(role) == GRANTS[LETTERS[action, role]]


def test_a_second_person_is_needed_where_it_was_agreed() -> None:
    written = {cell for cell, letter in LETTERS.items() if letter == "2"}

    assert {(action, role) for action, roles in SECOND_PERSON.items() for role in roles} == written


def test_every_action_stands_in_the_matrix() -> None:
    assert {action for action, _ in LETTERS} == set(Action) == set(MATRIX)


def test_every_scope_opens_something_that_scopes_may_open() -> None:
    opened = frozenset().union(*SCOPES.values())

    assert opened == {action for action, row in MATRIX.items() if row.get(Role.API_CLIENT) == Grant.SCOPE}


@pytest.mark.django_db
@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_a_key_may_what_its_scope_says_and_nothing_else(scope: str) -> None:
    key, _ = make_api_key(scopes=(scope,))

    assert {action for action in Action if allows(key, action)} == set(SCOPES[scope])


@pytest.mark.django_db
def test_own_reaches_a_persons_teams_and_what_is_assigned_to_them() -> None:
    team, other = make_team(), make_team()
    agent = make_user(role=Role.AGENT, team=team)

    assert allows(agent, Action.REPLY, Subject(team_id=team.pk))
    assert allows(agent, Action.REPLY, Subject(team_id=other.pk, assignee_id=agent.pk))
    assert not allows(agent, Action.REPLY, Subject(team_id=other.pk))
    assert not allows(agent, Action.REPLY, Subject())
    assert allows(make_user(role=Role.SUPERVISOR), Action.REPLY, Subject(team_id=other.pk))


@pytest.mark.django_db
def test_a_viewer_reads_their_team_and_no_other() -> None:
    team, other = make_team(), make_team()
    viewer = make_user(role=Role.VIEWER, team=team)

    assert sees_conversation(viewer, Subject(team_id=team.pk))
    assert not sees_conversation(viewer, Subject(team_id=other.pk))
    assert not sees_conversation(viewer, Subject())


@pytest.mark.django_db
def test_a_key_of_a_team_reaches_its_team_and_no_other() -> None:
    team, other = make_team(), make_team()
    key, _ = make_api_key(scopes=("conversations:read", "messages:send"), team=team)

    assert reach(key, Action.VIEW_ALL_CONVERSATIONS) is None
    assert sees_conversation(key, Subject(team_id=team.pk))
    assert not sees_conversation(key, Subject(team_id=other.pk))
    assert allows(key, Action.REPLY, Subject(team_id=team.pk))
    assert not allows(key, Action.REPLY, Subject(team_id=other.pk))


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_a_key_of_a_team_reaches_no_further_whatever_its_role(role: Role, action: Action) -> None:
    team, other = make_team(), make_team()
    key, _ = make_api_key(role=role, scopes=tuple(SCOPES) if role == Role.API_CLIENT else (), team=team)

    assert reach(key, action) in {None, Grant.OWN}
    assert not allows(key, action, Subject(team_id=other.pk))
    assert allows(key, action, Subject(team_id=team.pk)) == permits(role, action, bound=True)
    assert not sees_conversation(key, Subject(team_id=other.pk))


@pytest.mark.django_db
def test_a_persons_team_takes_nothing_from_their_role() -> None:
    team, other = make_team(), make_team()

    assert allows(make_user(role=Role.SUPERVISOR, team=team), Action.REPLY, Subject(team_id=other.pk))
    assert reach(make_user(role=Role.ADMIN, team=team), Action.MANAGE_PEOPLE) is Grant.ALL


@pytest.mark.django_db
def test_who_is_gone_may_nothing() -> None:
    person = make_user(role=Role.ADMIN, is_active=False)
    key, _ = make_api_key(role=Role.ADMIN)
    key.revoked_at = key.created_at

    assert not any(reach(who, action) for who in (person, key) for action in Action)


@pytest.mark.django_db
def test_a_refusal_says_what_was_not_allowed() -> None:
    with pytest.raises(NotAllowed, match=r"does not allow this \(assign\)"):
        require(make_user(role=Role.VIEWER), Action.ASSIGN)
