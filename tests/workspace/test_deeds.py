"""What people do to a conversation, by role, and what they are told when somebody was faster."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Delivery, Escalation, Note, Promise
from core.models import AuditEvent, User
from core.policy import Role
from tests.factories import make_delivery, make_user
from tests.workspace.scene import (
    HTMX,
    Scene,
    body,
    bot_answers,
    browser,
    customer_writes,
    fresh,
    press,
    set_scene,
    told,
    waiting_conversation,
)
from workspace.models import SuggestionOutcome

pytestmark = pytest.mark.django_db


def url(deed: str, conversation: Conversation) -> str:
    """The address of a deed."""
    return reverse(f"workspace-{deed}", args=[conversation.public_id])


def claimed_by(person: User, scene: Scene) -> Conversation:
    """A conversation that ``person`` answers."""
    conversation = waiting_conversation(scene.team)
    conversations.claim(Escalation.objects.get(conversation=conversation), person)
    return fresh(conversation)


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.ADMIN, 200), (Role.SUPERVISOR, 200), (Role.AGENT, 200), (Role.VIEWER, 403), (Role.PROMPT_EDITOR, 403)],
)
def test_claiming_is_for_those_who_answer(role: Role, status: int) -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)

    answer = press(browser(scene.person(role)), url("claim", conversation))

    assert answer.status_code == status
    assert (fresh(conversation).assignee_id == scene.person(role).pk) is (status == 200)


def test_the_loser_of_a_claim_sees_who_won_and_is_offered_the_next() -> None:
    scene = set_scene()
    conversation = claimed_by(scene.person(Role.SUPERVISOR), scene)

    answer = press(browser(scene.person(Role.AGENT)), url("claim", conversation))

    assert answer.status_code == 409
    assert "Supervisor is answering this customer" in body(answer)
    assert reverse("workspace-next") in body(answer)
    assert fresh(conversation).assignee_id == scene.person(Role.SUPERVISOR).pk


def test_next_for_me_claims_the_most_pressing_and_opens_it() -> None:
    scene = set_scene()
    waiting_conversation(scene.team, thread="normal", name="Normal Person")
    urgent = waiting_conversation(scene.team, thread="urgent", name="Urgent Person", priority="high")

    answer = press(browser(scene.person(Role.AGENT)), reverse("workspace-next"))

    assert answer.headers["HX-Push-Url"].startswith(reverse("workspace-conversation", args=[urgent.public_id]))
    assert "Urgent Person" in body(answer)
    assert fresh(urgent).assignee_id == scene.person(Role.AGENT).pk


def test_next_for_me_says_when_nothing_waits_and_refuses_a_viewer() -> None:
    scene = set_scene()

    empty = press(browser(scene.person(Role.AGENT)), reverse("workspace-next"))
    waiting_conversation(scene.team)
    viewer = press(browser(scene.person(Role.VIEWER)), reverse("workspace-next"))

    assert (empty.status_code, told(empty)) == (204, "Nothing waits for you.")
    assert viewer.status_code == 403


def test_nothing_to_claim_where_the_bot_answers() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)

    answer = press(browser(scene.person(Role.AGENT)), url("claim", conversation))

    assert answer.status_code == 409
    assert "Nobody is needed here any more." in body(answer)


def test_an_agent_takes_over_from_the_bot_at_once() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)

    answer = press(browser(scene.person(Role.AGENT)), url("take-over", conversation))

    assert answer.status_code == 200
    assert fresh(conversation).assignee_id == scene.person(Role.AGENT).pk


@pytest.mark.parametrize(
    ("role", "reason", "status"),
    [
        (Role.SUPERVISOR, "Lunch", 200),
        (Role.SUPERVISOR, " ", 409),
        (Role.AGENT, "I want it", 403),
        (Role.VIEWER, "x", 403),
    ],
)
def test_taking_from_a_colleague_needs_a_supervisor_and_a_reason(role: Role, reason: str, status: int) -> None:
    scene = set_scene()
    owner = make_user(role=Role.AGENT, team=scene.team, first_name="Olu")
    conversation = claimed_by(owner, scene)

    answer = press(browser(scene.person(role)), url("take-over", conversation), reason=reason)

    assert answer.status_code == status
    assert (fresh(conversation).assignee_id == owner.pk) is (status != 200)
    if status == 200:
        assert Note.objects.get().text == "Taken over: Lunch"
        assert not AuditEvent.objects.exclude(reason="").exists()


@pytest.mark.parametrize(
    ("role", "status"), [(Role.ADMIN, 200), (Role.SUPERVISOR, 200), (Role.AGENT, 403), (Role.VIEWER, 403)]
)
def test_assigning_is_for_supervisors(role: Role, status: int) -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    agent = scene.person(Role.AGENT)

    answer = press(browser(scene.person(role)), url("assign", conversation), to=str(agent.public_id), reason="Knows it")

    assert answer.status_code == status
    assert (fresh(conversation).assignee_id == agent.pk) is (status == 200)


def test_a_conversation_is_given_only_to_people_who_may_answer_it() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    supervisor = browser(scene.person(Role.SUPERVISOR))
    wrong = [scene.stranger, scene.person(Role.VIEWER), make_user(role=Role.ADMIN, is_active=False)]

    answers = [press(supervisor, url("assign", conversation), to=str(person.public_id)) for person in wrong]
    answers.append(press(supervisor, url("assign", conversation), to="nonsense"))

    assert [answer.status_code for answer in answers] == [409] * 4
    assert fresh(conversation).assignee_id is None


def test_assigning_to_nobody_puts_it_back_into_the_queue() -> None:
    scene = set_scene()
    conversation = claimed_by(scene.person(Role.AGENT), scene)

    answer = press(browser(scene.person(Role.SUPERVISOR)), url("assign", conversation), to="queue", reason="Shift ends")

    assert told(answer) == "Back in the queue."
    assert Escalation.objects.unclaimed().filter(conversation=conversation).exists()


def test_handing_back_lets_the_bot_answer_and_keeps_the_note() -> None:
    scene = set_scene()
    conversation = claimed_by(scene.person(Role.AGENT), scene)

    answer = press(browser(scene.person(Role.AGENT)), url("hand-back", conversation), note="Parcel found.")

    assert 'data-owner="bot"' in body(answer)
    assert fresh(conversation).mode == Conversation.Mode.BOT
    assert conversation.notes.get().text == "Parcel found."


def test_resolving_offers_to_undo_and_undoing_gives_it_back() -> None:
    scene = set_scene()
    conversation = claimed_by(scene.person(Role.AGENT), scene)
    client = browser(scene.person(Role.AGENT))

    resolved = press(client, url("resolve", conversation))
    closed = fresh(conversation).mode
    reopened = press(client, url("reopen", conversation))

    assert url("reopen", conversation) in resolved.headers["HX-Trigger"]
    assert closed == Conversation.Mode.CLOSED
    assert reopened.status_code == 200
    assert fresh(conversation).assignee_id == scene.person(Role.AGENT).pk


@pytest.mark.parametrize("deed", ["hand-back", "resolve"])
def test_a_colleagues_conversation_is_left_alone(deed: str) -> None:
    scene = set_scene()
    conversation = claimed_by(scene.person(Role.SUPERVISOR), scene)

    answer = press(browser(scene.person(Role.AGENT)), url(deed, conversation))

    assert answer.status_code == 409
    assert fresh(conversation).assignee_id == scene.person(Role.SUPERVISOR).pk


@pytest.mark.parametrize(
    "deed", ["claim", "take-over", "assign", "hand-back", "resolve", "reopen", "escalate", "suggestion"]
)
def test_a_viewer_changes_nothing(deed: str) -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)
    before = fresh(conversation).version

    answer = press(browser(scene.person(Role.VIEWER)), url(deed, conversation), escalation=str(conversation.public_id))

    assert answer.status_code == 403
    assert fresh(conversation).version == before


@pytest.mark.parametrize(
    "deed", ["claim", "take-over", "assign", "hand-back", "resolve", "reopen", "escalate", "suggestion"]
)
def test_other_teams_conversations_do_not_exist(deed: str) -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)

    answer = press(browser(scene.stranger), url(deed, conversation))

    assert answer.status_code == 404


def test_a_conversation_of_the_bot_is_put_into_the_queue_by_hand() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)

    answer = press(browser(scene.person(Role.AGENT)), url("escalate", conversation), detail="Wants a discount.")

    escalation = Escalation.objects.get(conversation=conversation)
    assert answer.status_code == 200
    assert (escalation.state, escalation.detail) == ("open", "Wants a discount.")
    assert 'data-owner="waiting"' in body(answer)


def test_a_dismissed_suggestion_is_gone_for_everybody_and_recorded() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    escalation = Escalation.objects.get(conversation=conversation)
    client = browser(scene.person(Role.AGENT))

    before = client.get(reverse("workspace-conversation", args=[conversation.public_id])).content.decode()
    answer = press(client, url("suggestion", conversation), escalation=str(escalation.public_id), reason="Too early")

    assert 'id="suggestion"' in before
    assert 'id="suggestion"' not in body(answer)
    outcome = SuggestionOutcome.objects.get()
    assert (outcome.outcome, outcome.reason, outcome.user) == ("dismissed", "Too early", scene.person(Role.AGENT))


@pytest.mark.parametrize(
    ("decision", "state"),
    [("send_again", Delivery.State.PENDING), ("arrived", Delivery.State.SENT), ("drop", Delivery.State.CANCELLED)],
)
def test_a_failed_message_is_decided_in_the_timeline(decision: str, state: str) -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)
    delivery = make_delivery(conversation, state="dead")
    client = browser(scene.person(Role.AGENT))
    address = reverse("workspace-delivery", args=[delivery.public_id])

    shown = client.get(reverse("workspace-conversation", args=[conversation.public_id])).content.decode()
    answer = press(client, address, decision=decision)
    again = press(client, address, decision=decision)

    assert address in shown
    assert "Not delivered: The platform refused it." in shown
    assert answer.status_code == 200
    assert Delivery.objects.get(pk=delivery.pk).state == state
    assert again.status_code == 409


def test_who_may_decide_about_a_failed_message() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)
    address = reverse("workspace-delivery", args=[make_delivery(conversation, state="needs_review").public_id])

    statuses = {
        "viewer": press(browser(scene.person(Role.VIEWER)), address, decision="drop").status_code,
        "stranger": press(browser(scene.stranger), address, decision="drop").status_code,
        "nonsense": press(browser(scene.person(Role.AGENT)), address, decision="explode").status_code,
        "agent": press(browser(scene.person(Role.AGENT)), address, decision="drop").status_code,
    }

    assert statuses == {"viewer": 403, "stranger": 404, "nonsense": 400, "agent": 200}


def test_buttons_are_shown_only_to_those_who_may_press_them() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    address = reverse("workspace-conversation", args=[conversation.public_id])
    deeds = ("claim", "assign", "hand-back", "resolve", "reply", "note")

    seen = {
        role: {
            deed
            for deed in deeds
            if f'hx-post="{url(deed, conversation)}"' in browser(scene.person(role)).get(address).content.decode()
        }
        for role in (Role.SUPERVISOR, Role.AGENT, Role.VIEWER)
    }

    assert seen[Role.SUPERVISOR] == set(deeds)
    assert seen[Role.AGENT] == set(deeds) - {"assign"}
    assert seen[Role.VIEWER] == set()


def test_a_deed_shows_the_view_of_the_page_it_came_from() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    bot_answers(customer_writes(scene.team, thread="other"))

    answer = browser(scene.person(Role.AGENT)).post(
        url("claim", conversation),
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/workspace/?view=mine&q=jane"},
    )

    assert "/workspace/?view=mine&amp;q=jane" in answer.content.decode()


def test_a_promise_is_written_down_shown_and_said_to_be_kept() -> None:
    scene = set_scene()
    agent = scene.person(Role.AGENT)
    conversation = claimed_by(agent, scene)
    client = browser(agent)

    page = press(client, url("promise", conversation), text="A call about the zip.", due_at="2999-01-01T10:00")

    promise = Promise.objects.get()
    assert page.status_code == 200
    assert "A call about the zip." in body(page)
    assert promise.due_at == datetime(2999, 1, 1, 10, tzinfo=UTC)

    end = reverse("workspace-promise-end", args=[promise.public_id])
    assert press(client, end, became="eaten").status_code == 400
    assert "A call about the zip." not in body(press(client, end, became="kept"))
    assert press(client, end, became="kept").status_code == 409


def test_a_promise_that_is_late_is_marked_wherever_the_conversation_shows() -> None:
    scene = set_scene()
    agent = scene.person(Role.AGENT)
    conversation = claimed_by(agent, scene)
    client = browser(agent)
    made = conversations.promise(conversation, "A call.", timezone.now() + timedelta(hours=1), agent)
    pages = [
        reverse("workspace-queue") + "?view=mine",
        reverse("workspace-queue") + "?view=all",
        reverse("workspace-conversation", args=[conversation.public_id]),
    ]
    assert not any("Late promise" in client.get(page, headers=HTMX).content.decode() for page in pages)

    Promise.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    late = [client.get(page, headers=HTMX).content.decode().count("Late promise") for page in pages]
    conversations.end_promise(made, agent, kept=True)

    assert late == [1, 1, 2]
    assert not any("Late promise" in client.get(page, headers=HTMX).content.decode() for page in pages)


@pytest.mark.parametrize("due_at", ["", "soon", "2001-01-01T10:00"])
def test_a_promise_needs_a_time_to_come(due_at: str) -> None:
    scene = set_scene()
    conversation = claimed_by(scene.person(Role.AGENT), scene)

    answer = press(browser(scene.person(Role.AGENT)), url("promise", conversation), text="A call.", due_at=due_at)

    assert answer.status_code == 409
    assert "Choose a time to come" in body(answer)
    assert not Promise.objects.exists()


@pytest.mark.parametrize(("deed", "words"), [("resolve", "Resolved."), ("hand-back", "The bot answers again.")])
def test_what_was_somebodys_by_name_alone_is_given_away_without_an_error(deed: str, words: str) -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    conversations.assign(conversation, scene.stranger, scene.person(Role.SUPERVISOR), reason="She speaks Dutch.")

    answer = press(browser(scene.stranger), url(deed, conversation))

    assert (answer.status_code, told(answer)) == (200, words)
    assert answer.headers["HX-Push-Url"].startswith(reverse("workspace"))
    assert 'data-conversation=""' in body(answer)
    assert str(conversation.public_id) not in body(answer)
    assert fresh(conversation).assignee is None
