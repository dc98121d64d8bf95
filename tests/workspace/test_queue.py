"""The queue's order, its counts, and why each row is there."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Escalation
from conversations.types import Priority, ReasonCategory
from core.models import User
from core.policy import Role
from tests.factories import make_conversation, make_delivery, make_escalation, make_message, make_team, make_user
from tests.workspace.scene import Scene, bot_answers, customer_writes, fresh, set_scene, waiting_conversation
from workspace import queue
from workspace.models import Draft
from workspace.queue import Filters, QueueView

pytestmark = pytest.mark.django_db


def names(who: User, view: QueueView = QueueView.UNCLAIMED, query: str = "") -> list[str]:
    """Who stands in a view, from above."""
    return [row.name for row in queue.page(who, Filters(view=view, query=query)).rows]


def row(who: User, view: QueueView = QueueView.UNCLAIMED) -> queue.Row:
    """The only row of a view."""
    [only] = queue.page(who, Filters(view=view)).rows
    return only


def counts(who: User) -> dict[str, str]:
    """What stands beside the views."""
    return {link.view.value: link.count for link in queue.views_with_counts(who, Filters())}


def wait(
    name: str, scene: Scene, *, minutes: float = 0, due: float | None = None, priority: Priority = Priority.NORMAL
) -> None:
    """A customer who has waited so long, with an answer due in so many minutes."""
    conversation = waiting_conversation(scene.team, thread=name, name=name, priority=priority)
    now = timezone.now()
    Conversation.objects.filter(pk=conversation.pk).update(waiting_since=now - timedelta(minutes=minutes))
    due_at = None if due is None else now + timedelta(minutes=due)
    Escalation.objects.filter(conversation=conversation).update(due_at=due_at)


def test_late_stands_before_due_soon_before_urgent_before_the_longest_wait() -> None:
    scene = set_scene()
    wait("long", scene, minutes=90)
    wait("longest", scene, minutes=300)
    wait("urgent", scene, minutes=1, priority=Priority.HIGH)
    wait("due", scene, due=8)
    wait("due later", scene, due=30)
    wait("late", scene, due=-2)
    wait("latest", scene, due=-50)

    order = names(scene.person(Role.AGENT))

    assert order == ["latest", "late", "due", "due later", "urgent", "longest", "long"]


def test_people_in_danger_stand_before_everything_that_is_late() -> None:
    scene = set_scene()
    wait("latest", scene, due=-50)
    wait("urgent", scene, minutes=1, due=1, priority=Priority.HIGH)
    wait("danger", scene, minutes=1, due=5, priority=Priority.FIRST)

    order = names(scene.person(Role.AGENT))

    assert order == ["danger", "latest", "urgent"]


def test_a_row_says_why_it_is_here() -> None:
    scene = set_scene()
    wait("Jane", scene, minutes=42.5, due=8.5)

    shown = row(scene.person(Role.AGENT))

    assert shown.why == ["waiting 42 min", "asked for a person"]
    assert [(chip.text, chip.sla) for chip in shown.chips if chip.sla] == [("Due in 8 min", "warn")]
    assert shown.line == "I want a person."
    assert shown.is_waiting


def test_a_late_row_says_by_how_much_in_words_and_colour() -> None:
    scene = set_scene()
    wait("Jane", scene, minutes=135, due=-75)

    shown = row(scene.person(Role.AGENT))

    assert shown.why == ["waiting 2 h 15 min", "asked for a person"]
    assert (shown.chips[0].text, shown.chips[0].sla) == ("Late by 1 h 15 min", "breach")


def test_an_answered_conversation_waits_on_the_customer() -> None:
    scene = set_scene()
    agent = scene.person(Role.AGENT)
    conversation = waiting_conversation(scene.team)
    conversations.reply(conversation, "Here it is.", agent)

    shown = row(agent, QueueView.WAITING)

    assert shown.why == ["answered, the customer's turn", "asked for a person"]
    assert names(agent, QueueView.UNCLAIMED) == []
    assert not shown.is_waiting


def test_notes_and_reassigning_never_restart_the_wait() -> None:
    scene = set_scene()
    wait("Jane", scene, minutes=42.5)
    conversation = Conversation.objects.get()

    conversations.add_note(conversation, "Careful.", scene.person(Role.AGENT))
    conversations.assign(conversation, scene.person(Role.AGENT), scene.person(Role.SUPERVISOR))

    assert row(scene.person(Role.AGENT), QueueView.MINE).why[0] == "waiting 42 min"


def test_each_conversation_stands_in_the_views_it_belongs_to() -> None:
    scene = set_scene()
    agent, supervisor = scene.person(Role.AGENT), scene.person(Role.SUPERVISOR)
    waiting_conversation(scene.team, thread="open", name="Open")
    for name, owner in (("Mine", agent), ("Theirs", supervisor)):
        conversations.take_over(waiting_conversation(scene.team, thread=name, name=name), owner)
    bot_answers(customer_writes(scene.team, thread="bot", name="Bot"))
    closed = customer_writes(scene.team, thread="closed", name="Closed")
    conversations.resolve(closed, agent)
    failed = customer_writes(scene.team, thread="failed", name="Failed")
    make_delivery(fresh(failed), state="needs_review")

    seen = {view.value: sorted(names(agent, view)) for view in QueueView}

    assert seen == {
        "unclaimed": ["Open"],
        "mine": ["Mine"],
        "breaching": [],
        "waiting": [],
        "colleagues": ["Theirs"],
        "bot": ["Bot", "Failed"],
        "failed": ["Failed"],
        "closed": ["Closed"],
        "all": ["Bot", "Closed", "Failed", "Mine", "Open", "Theirs"],
    }


def test_the_counts_are_what_the_views_show() -> None:
    scene = set_scene()
    agent = scene.person(Role.AGENT)
    wait("late", scene, due=-1)
    wait("calm", scene, due=55)
    conversations.take_over(waiting_conversation(scene.team, thread="mine"), agent)
    bot_answers(customer_writes(scene.team, thread="bot"))
    waiting_conversation(make_team(), thread="elsewhere")

    shown = counts(agent)

    assert {
        view: shown[view] for view in ("unclaimed", "mine", "breaching", "waiting", "colleagues", "bot", "failed")
    } == {
        "unclaimed": "2",
        "mine": "1",
        "breaching": "1",
        "waiting": "",
        "colleagues": "",
        "bot": "1",
        "failed": "",
    }


def test_counting_stops_at_a_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = set_scene()
    monkeypatch.setattr(queue, "COUNT_LIMIT", 3)
    for number in range(5):
        bot_answers(customer_writes(scene.team, thread=str(number)))

    assert counts(scene.person(Role.AGENT))["bot"] == "2+"


def test_search_finds_names_and_last_words_in_the_open_view_and_elsewhere_by_everything() -> None:
    scene = set_scene()
    agent = scene.person(Role.AGENT)
    waiting_conversation(scene.team, thread="1", name="Jane Miller")
    waiting_conversation(scene.team, thread="2", name="Omar 100%")
    bot_answers(customer_writes(scene.team, "My lamp is broken", thread="3", name="Lena"))

    found = [
        names(agent, query="miller"),
        names(agent, query="100%"),
        names(agent, query="_"),
        names(agent, query="lamp"),
        names(agent, QueueView.BOT, query="LAMP"),
        names(agent, QueueView.ALL, query="l"),
    ]

    assert found == [["Jane Miller"], ["Omar 100%"], [], [], ["Lena"], ["Lena", "Jane Miller"]]


def test_what_the_address_asks_for_is_read_with_care() -> None:
    odd = Filters.read({"view": "nonsense", "q": " a\x00b " + "x" * 500, "limit": "99999999", "after": "x"})
    large, none = Filters.read({"limit": "9000"}), Filters.read({})

    assert (odd.view, odd.query[:2], len(odd.query), odd.limit) == (QueueView.UNCLAIMED, "ab", 100, 50)
    assert large.limit == 500
    assert none.suffix == "?view=unclaimed"
    assert Filters.read({"view": "bot", "q": "ä b"}).suffix == "?view=bot&q=%C3%A4+b"


def test_a_long_queue_shows_more_on_demand() -> None:
    scene = set_scene()
    for _ in range(60):
        make_escalation(make_conversation(team_id=scene.team.pk))

    first = queue.page(scene.person(Role.AGENT), Filters())
    more = queue.page(scene.person(Role.AGENT), Filters.read({"view": "unclaimed", "limit": "100"}))

    assert (len(first.rows), first.more_is_added, "limit=100" in first.more_url) == (50, False, True)
    assert (len(more.rows), more.more_url) == (60, "")


def test_a_draft_marks_its_writers_row_only() -> None:
    scene = set_scene()
    agent = scene.person(Role.AGENT)
    conversation = waiting_conversation(scene.team)
    Draft.objects.create(user=agent, conversation=conversation, mode="reply", text="Dear")

    assert row(agent).has_draft
    assert not row(scene.person(Role.SUPERVISOR)).has_draft


def test_rows_show_intent_mood_owner_and_urgency() -> None:
    scene = set_scene()
    agent = scene.person(Role.AGENT)
    conversation = customer_writes(scene.team)
    bot_answers(conversation)
    make_escalation(fresh(conversation), reason=ReasonCategory.URGENT, priority=Priority.HIGH, claimed_by=agent)

    shown = row(agent, QueueView.MINE)

    assert shown.is_urgent
    assert shown.owner == "Agent"
    assert shown.why[-1] == "urgent"
    assert [chip.text for chip in shown.chips] == ["Order status"]
    assert shown.mood is not None
    assert shown.mood.text == "Unhappy"


def test_an_agent_sees_the_conversation_assigned_to_them_beyond_their_teams() -> None:
    agent = make_user(role=Role.AGENT)
    conversation = make_conversation(team_id=make_team().pk)
    make_message(conversation)
    make_escalation(conversation, claimed_by=agent)

    assert len(queue.page(agent, Filters(view=QueueView.MINE)).rows) == 1
