"""Each role at each action of the admin's lists. One without an entry fails."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from agent.models import Article, ArticleVersion, KnowledgeFinding, Passage
from core.models import AuditEvent, User
from core.policy import Action, Role
from privacy import services as privacy
from privacy.models import Erasure, Export
from tests.access.matrix import permits
from tests.access.rows import rows_of
from tests.access.test_admin import NOBODY, STAFF, TABLES, may
from tests.factories import make_api_key, make_conversation, make_customer, make_release, make_team, make_user, number

pytestmark = pytest.mark.django_db

# What each wants beside the right to see its list.
ACTIONS: dict[str, tuple[Action, ...]] = {
    "conversations.conversation escalate": (Action.TAKE_OVER,),
    "conversations.conversation hand_back": (Action.TAKE_OVER,),
    "conversations.conversation resolve": (Action.CLOSE,),
    "core.apikey revoke": (Action.MANAGE_API_KEYS,),
    "agent.knowledgefinding dismiss": (Action.EDIT_KNOWLEDGE,),
    "agent.knowledgefinding reopen": (Action.EDIT_KNOWLEDGE,),
    **dict.fromkeys(
        ("privacy.erasure agree", "privacy.erasure decline", "privacy.export agree", "privacy.export decline"),
        (Action.ERASE_SUBJECT,),
    ),
    **dict.fromkeys(
        (
            "django_celery_beat.periodictask enable_tasks", "django_celery_beat.periodictask disable_tasks",
            "django_celery_beat.periodictask toggle_tasks", "django_celery_beat.periodictask run_tasks",
            "account.emailaddress make_verified",
        ),
        NOBODY,
    ),
}  # fmt: skip
# Of these somebody may look after one of the two articles, or not.
OWNED = {"agent.knowledgefinding dismiss", "agent.knowledgefinding reopen"}
CELLS = [(key, own) for key in ACTIONS for own in (True, False) if own or key in OWNED]


def finding(state: str, owner: User) -> KnowledgeFinding:
    """A pair of passages, of which ``owner`` looks after the second."""
    passages = []
    for one in (None, owner):
        article = Article.objects.create(slug=f"returns-{number()}", language="en", owner=one)
        version = ArticleVersion.objects.create(article=article, number=1, title="Returns", body="Within thirty days.")
        passages.append(Passage.objects.create(version=version, position=0, text="Within thirty days."))
    left, right = passages
    return KnowledgeFinding.objects.create(
        kind="duplicate", left=left, right=right, left_public_id=left.public_id, right_public_id=right.public_id,
        left_words="Thirty", right_words="Thirty", score=0.9, state=state,
    )  # fmt: skip


# A row to which each may be done. ``owner`` looks after what somebody can look after.
ROWS: dict[str, Callable[[User], models.Model]] = {
    "conversations.conversation escalate": lambda _: rows_of(make_team()).with_bot,
    "conversations.conversation hand_back": lambda _: rows_of(make_team()).waiting.conversation,
    "conversations.conversation resolve": lambda _: rows_of(make_team()).with_bot,
    "core.apikey revoke": lambda _: make_api_key()[0],
    "agent.knowledgefinding dismiss": lambda owner: finding("open", owner),
    "agent.knowledgefinding reopen": lambda owner: finding("dismissed", owner),
    **dict.fromkeys(
        ("privacy.erasure agree", "privacy.erasure decline"),
        lambda _: privacy.request_erasure(make_customer(), make_user(role=Role.ADMIN)),
    ),
    **dict.fromkeys(
        ("privacy.export agree", "privacy.export decline"),
        lambda _: privacy.request_person_export(make_conversation().customer, make_user(role=Role.ADMIN)),
    ),
}


@pytest.fixture(autouse=True)
def _waits_for_a_second_person(settings: Settings) -> None:
    settings.FOUR_EYES = True
    make_release()


def standing(row: models.Model) -> tuple[Any, int]:
    """What a refused action must not have changed."""
    return type(row)._default_manager.filter(pk=row.pk).values().get(), AuditEvent.objects.count()


def press(client: Client, key: str, row: models.Model | None) -> tuple[bool, bool]:
    """Whether the list offers the action, and whether pressing it changed the row and was noted."""
    label, action = key.split()
    address = reverse(f"admin:{label.replace('.', '_')}_changelist")
    listed = client.get(address)
    offered = listed.status_code == 200 and f'value="{action}"' in listed.content.decode()
    before = standing(row) if row is not None else ({}, AuditEvent.objects.count())

    answer = client.post(address, {"action": action, "_selected_action": [row.pk if row is not None else 1]})

    assert answer.status_code in {302, 403}, (answer.status_code, answer.content[:300])
    after = standing(row) if row is not None else ({}, AuditEvent.objects.count())
    return offered, after != before


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize(("key", "own"), CELLS)
def test_an_action_is_for_whom_the_matrix_names(key: str, own: bool, role: Role, asked: set[Action]) -> None:
    user = make_user(role=role, team=make_team())
    client = Client()
    client.force_login(user)
    row = ROWS[key](user if own else make_user()) if key in ROWS else None
    sees_list = may(role, TABLES[key.split(maxsplit=1)[0]][0])
    expected = bool(ACTIONS[key]) and all(permits(role, need, own=own) for need in ACTIONS[key])
    asked.clear()

    offered, changed = press(client, key, row)

    assert changed == (expected and sees_list)
    assert not changed or (offered and asked >= set(ACTIONS[key]))
    assert sees_list or not offered


@pytest.mark.parametrize("role", STAFF)
def test_no_list_offers_to_delete(role: Role, rf: RequestFactory) -> None:
    request: HttpRequest = rf.get("/admin/")
    request.user = make_user(role=role)

    offering = [
        model._meta.label
        for model, page in admin.site._registry.items()
        if "delete_selected" in page.get_actions(request)
    ]

    assert offering == []


def test_every_action_has_an_entry() -> None:
    pages: dict[Any, Any] = admin.site._registry

    registered = {
        f"{model._meta.label_lower} {name}"
        for model, page in pages.items()
        for _, name, _ in page._get_base_actions()
        if name != "delete_selected"
    }

    assert registered == set(ACTIONS)
    assert {key for key, needs in ACTIONS.items() if needs} == set(ROWS)


def test_a_person_alone_neither_agrees_to_their_own_erasure_nor_to_their_own_export() -> None:
    user = make_user(role=Role.ADMIN)
    client = Client()
    client.force_login(user)
    erasure = privacy.request_erasure(make_customer(), user)
    export = privacy.request_person_export(make_conversation().customer, user)

    pressed = [press(client, "privacy.erasure agree", erasure), press(client, "privacy.export agree", export)]

    assert pressed == [(True, False), (True, False)]
    assert (Erasure.objects.get().state, Export.objects.get().state) == ("requested", "requested")
