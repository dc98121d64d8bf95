"""Each right of the policy is asked for at some door, by an entry that says so; what is asked at none stands here, with why."""

import json
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.urls import reverse

from agent.knowledge.services import ArticleText
from agent.models import AgentConfig, Release
from agent.releases import editing
from agent.releases import services as releases
from core.exceptions import NotAllowed
from core.policy import Action, Role
from tests.access.doors import DOORS
from tests.access.matrix import permits
from tests.access.test_actions import ACTIONS
from tests.access.test_admin import BUTTONS, STAFF, TABLES, refused, signed_in
from tests.access.test_sockets import SOCKETS
from tests.factories import make_conversation, make_message, make_user
from tests.rest import with_key

pytestmark = pytest.mark.django_db

# Asked behind a door that is opened by another right; a test below knocks there.
BEHIND = {
    Action.READ_PERSONAL: "which words a key reads",
    Action.PUBLISH_KNOWLEDGE: "what a release changes",
    Action.MANAGE_LIMITS: "which setting is changed",
}
# Set in the environment, by whoever runs the product. No role and no key changes them, an admin's neither.
NOBODY_IS_ASKED = {Action.MANAGE_RETENTION}


def named() -> set[Action]:
    """What the entries of the matrix's tests say is asked."""
    found = {need for door in DOORS for need in door.needs} | set(SOCKETS.values())
    found |= {need for rights in TABLES.values() for needs in rights for need in needs}
    for needs in (*BUTTONS.values(), *ACTIONS.values()):
        found |= set(needs) if isinstance(needs, tuple) else {needs}
    return found


def test_every_right_is_asked_for_at_a_door() -> None:
    elsewhere = (set(BEHIND), NOBODY_IS_ASKED)

    assert [sorted(named() & each) for each in elsewhere] == [[], []]
    assert named().union(*elsewhere) == set(Action)


def test_the_product_asks_for_every_right_but_those_that_nobody_has_a_door_for() -> None:
    base = Path(settings.BASE_DIR)
    ours = [Path(app.path) for app in apps.get_app_configs() if Path(app.path).parent == base] + [base / "supportagent"]
    files = {path for folder in ours for path in folder.rglob("*.py")} - {base / "core" / "policy.py"}

    asked = {word for path in files for word in re.findall(r"\bAction\.([A-Z_]+)\b", path.read_text())}

    assert asked == {action.name for action in set(Action) - NOBODY_IS_ASKED}


def test_a_key_reads_whole_words_only_after_the_policy_was_asked(asked: set[Action]) -> None:
    make_message(make_conversation())

    answer = with_key("conversations:read").get("/api/v1/messages/")

    assert (answer.status_code, Action.READ_PERSONAL in asked) == (200, True)


@pytest.mark.parametrize("key", ["spend.account_cents_per_day", "models.prices"])
@pytest.mark.parametrize("role", STAFF)
def test_caps_and_prices_are_changed_by_whom_the_matrix_names(
    first_release: Release, asked: set[Action], role: Role, key: str
) -> None:
    value = json.dumps({"default": [1, 2]}) if key == "models.prices" else "100000"
    config, client = AgentConfig.objects.get(release=first_release, config_key=key), signed_in(role)
    asked.clear()

    client.post(reverse("admin:agent_agentconfig_change", args=[config.pk]), {"config_value": value, "description": ""})

    may_it = permits(role, Action.MANAGE_LIMITS)
    assert AgentConfig.objects.filter(config_key=key, config_value=value).exists() is may_it
    assert (Action.MANAGE_LIMITS in asked) is permits(role, Action.EDIT_PROMPTS)


def test_a_prompt_editor_changes_no_cap_by_the_older_projects_door_either(first_release: Release) -> None:
    with pytest.raises(NotAllowed):
        releases.configure("spend.customer_cents_per_day", "100000", make_user(role=Role.PROMPT_EDITOR))
    assert not AgentConfig.objects.filter(config_value="100000").exists()


@pytest.mark.parametrize("role", STAFF)
def test_articles_are_published_by_whom_the_matrix_names(
    first_release: Release, asked: set[Action], role: Role
) -> None:
    text = ArticleText(slug="zq-returns", language="en", title="Returns", body="Send it back within 30 days.")
    _, draft = editing.write_article(text, make_user(role=Role.PROMPT_EDITOR))
    client = signed_in(role)
    asked.clear()

    pressed = client.post(reverse("admin:agent_release_publish", args=[draft.pk]), {"confirmed": "1"})

    may_it = permits(role, Action.PUBLISH_KNOWLEDGE)
    draft.refresh_from_db()
    assert refused(pressed) == (not may_it)
    assert (draft.state == Release.State.PUBLISHED) == may_it
    assert (Action.PUBLISH_KNOWLEDGE in asked) == may_it
