"""Intents switched off at once: no publication, no draft touched, no rule needed, and it is written down."""

import pytest
from django.test import Client
from django.urls import reverse

from agent import services
from agent.models import AgentRun, EscalationRule, Intent, IntentSwitch, Release
from agent.releases import services as releases
from agent.revisiting import Recollection
from agent.runtime import Runtime
from agent.services.replays import replay
from agent.services.switching import switch_intent
from conversations.models import Escalation, Message
from core.exceptions import NotAllowed
from core.models import AuditEvent
from core.policy import Role
from tests.conversations.talk import wrote
from tests.factories import make_user

pytestmark = pytest.mark.django_db

ASKS = "How long does delivery take?"


def answered(mind: Runtime, thread: str) -> str:
    """What becomes of the question: the last word's sender."""
    conversation = wrote(ASKS, thread=thread)
    services.answer(conversation.pk, mind)
    return Message.objects.filter(conversation=conversation, direction="out").latest("seq").sender_type


def test_the_switch_holds_from_the_next_message_on_and_off_again(mind: Runtime) -> None:
    by = make_user(role=Role.SUPERVISOR)
    before = list(Release.objects.values_list("number", "state"))
    assert answered(mind, "before") == "bot"

    switch_intent("delivery_time", by, enabled=False)

    assert answered(mind, "off") == "system"
    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.detail) == ("policy", "People answer this topic.")
    switch_intent("delivery_time", by, enabled=True)
    assert answered(mind, "on") == "bot"
    assert list(Release.objects.values_list("number", "state")) == before


@pytest.mark.parametrize("by_release", [True, False])
def test_a_switch_works_without_the_rule_for_it(mind: Runtime, by_release: bool) -> None:
    draft = releases.create_draft(None)
    EscalationRule.objects.filter(release=draft, key="switched-off").delete()
    if by_release:
        Intent.objects.filter(release=draft, key="delivery_time").update(is_enabled=False)
    else:
        IntentSwitch.objects.create(intent="delivery_time")
    releases.publish(draft, None)

    assert answered(mind, "off") == "system"
    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.priority) == ("policy", "normal")


def test_danger_comes_before_the_switch(mind: Runtime) -> None:
    switch_intent("injury_safety", make_user(role=Role.SUPERVISOR), enabled=False)
    conversation = wrote("The charger exploded and I am injured")

    services.answer(conversation.pk, mind)

    assert Escalation.objects.get().reason == "danger"


def test_a_turn_is_replayed_with_the_switch_of_then(mind: Runtime) -> None:
    by = make_user(role=Role.SUPERVISOR)
    switch_intent("delivery_time", by, enabled=False)
    answered(mind, "off")
    switch_intent("delivery_time", by, enabled=True)

    found = replay(AgentRun.objects.get(), Recollection(runtime=mind))

    assert found.equal, found.differences


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER, Role.PROMPT_EDITOR])
def test_who_may_not_pause_the_bot_switches_nothing(role: Role) -> None:
    with pytest.raises(NotAllowed):
        switch_intent("delivery_time", make_user(role=role), enabled=False)

    assert not IntentSwitch.objects.exists()
    assert not AuditEvent.objects.exists()


def test_it_is_switched_in_the_admin_and_the_trail_says_by_whom(client: Client, mind: Runtime) -> None:
    by = make_user(role=Role.SUPERVISOR)
    client.force_login(by)

    added = client.post(reverse("admin:agent_intentswitch_add"), {"intent": "delivery_time"})
    switch = IntentSwitch.objects.get()
    changed = client.post(reverse("admin:agent_intentswitch_change", args=[switch.pk]), {"is_enabled": "on"})

    assert (added.status_code, changed.status_code) == (302, 302)
    switch.refresh_from_db()
    assert (switch.intent, switch.is_enabled) == ("delivery_time", True)
    trail = AuditEvent.objects.filter(action__startswith="intent.").order_by("id")
    assert list(trail.values_list("action", "actor_id", "before", "after")) == [
        (
            "intent.switched_off",
            by.pk,
            {"is_enabled": True},
            {"intent": "delivery_time", "is_enabled": False},
        ),
        ("intent.switched_on", by.pk, {"is_enabled": False}, {"intent": "delivery_time", "is_enabled": True}),
    ]


def test_an_intent_that_the_release_does_not_know_cannot_be_switched(client: Client, mind: Runtime) -> None:
    client.force_login(make_user(role=Role.SUPERVISOR))

    answer = client.post(reverse("admin:agent_intentswitch_add"), {"intent": "no_such_thing"})

    assert "Select a valid choice" in answer.content.decode()
    assert not IntentSwitch.objects.exists()
