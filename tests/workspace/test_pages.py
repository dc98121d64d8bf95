"""The page and its fragments: who sees what, and that it costs the same however much there is."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conversations import services as conversations
from conversations.models import Conversation
from core.models import User
from core.policy import Role
from tests.factories import make_conversation, make_delivery, make_escalation, make_message, make_team, make_user
from tests.workspace.scene import (
    HTMX,
    bot_answers,
    bot_hands_over,
    browser,
    customer_writes,
    fresh,
    set_scene,
    waiting_conversation,
)
from workspace.queue import QueueView

pytestmark = pytest.mark.django_db


def page_of(conversation: Conversation) -> str:
    """The address of a conversation."""
    return reverse("workspace-conversation", args=[conversation.public_id])


def queries(client: Client, url: str) -> int:
    """How many queries a request takes."""
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url, headers=HTMX)
    assert response.status_code == 200
    return len(captured)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPERVISOR, Role.AGENT, Role.VIEWER])
def test_whoever_reads_conversations_gets_the_page_the_fragments_and_the_trace(role: Role) -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)
    bot_answers(conversation)
    message = conversation.messages.get(sender_type="bot")
    client = browser(scene.person(role))

    pages = [
        reverse("workspace"),
        reverse("workspace-queue"),
        reverse("workspace-rows"),
        page_of(conversation),
        reverse("workspace-earlier", args=[conversation.public_id]) + "?before=2",
        reverse("workspace-why", args=[conversation.public_id, message.public_id]),
    ]

    assert [client.get(page).status_code for page in pages] == [200] * len(pages)


def test_a_prompt_editor_is_told_that_conversations_are_not_theirs() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)
    client = browser(scene.person(Role.PROMPT_EDITOR))

    answers = [
        client.get(reverse("workspace")),
        client.get(page_of(conversation)),
        client.get(reverse("workspace-queue")),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "Jane Miller" not in "".join(answer.content.decode() for answer in answers)


def test_nobody_comes_in_without_signing_in() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)
    client = browser(None)

    page, fragment = client.get(page_of(conversation)), client.get(page_of(conversation), headers=HTMX)

    assert (page.status_code, fragment.status_code) == (302, 401)
    assert page.headers["Location"].startswith("/accounts/login/?next=")
    assert "/accounts/login/?next=" in fragment.headers["HX-Trigger"]


def test_a_conversation_of_another_team_does_not_exist_for_an_agent() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    message = conversation.messages.first()
    assert message is not None
    client = browser(scene.stranger)

    statuses = {
        name: client.get(reverse(name, args=arguments) + "?before=5").status_code
        for name, arguments in (
            ("workspace-conversation", [conversation.public_id]),
            ("workspace-earlier", [conversation.public_id]),
            ("workspace-why", [conversation.public_id, message.public_id]),
        )
    }
    lists = [
        client.get(reverse("workspace") + f"?view={view}").content.decode() for view in ("unclaimed", "all", "bot")
    ]

    assert set(statuses.values()) == {404}
    assert not any("Jane Miller" in page for page in lists)


def test_an_unknown_conversation_is_said_beside_the_queue() -> None:
    scene = set_scene()
    waiting_conversation(scene.team)

    page = browser(scene.person(Role.AGENT)).get(reverse("workspace-conversation", args=[uuid.uuid4()]))

    assert page.status_code == 404
    assert "This conversation is not here" in page.content.decode()
    assert "Jane Miller" in page.content.decode()


def test_the_page_and_the_push_show_the_same_panes() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    client = browser(scene.person(Role.AGENT))

    whole, fragment = client.get(page_of(conversation)), client.get(page_of(conversation), headers=HTMX)

    assert "<html" in whole.content.decode()
    assert "<html" not in fragment.content.decode()
    for part in ('id="conversation"', 'id="context"', "Asked for a person", "I want a person."):
        assert part in whole.content.decode()
        assert part in fragment.content.decode()


def test_going_back_in_the_browser_gets_a_whole_page() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    client = browser(scene.person(Role.AGENT))

    page = client.get(page_of(conversation), headers={**HTMX, "HX-History-Restore-Request": "true"})

    assert "<html" in page.content.decode()


def test_words_of_customers_are_text_and_nothing_else() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team, "<script>alert(1)</script>", name='"><img src=x onerror=alert(1)>')
    bot_hands_over(
        conversation, suggestion="<b>bold</b>", card={"wants": "<i>x</i>", "facts": [{"label": "<u>", "value": "<s>"}]}
    )

    page = browser(scene.person(Role.ADMIN)).get(page_of(conversation)).content.decode()

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert not any(tag in page for tag in ("<b>bold", "<i>x", "<u>", "<s>"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_public_thread_and_one_that_needs_approval_say_so_before_anybody_writes() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)
    client = browser(scene.person(Role.SUPERVISOR))
    plain = client.get(page_of(conversation)).content.decode()
    Conversation.objects.update(is_public=True, needs_approval=True, subject="On: New plans!")

    shown = client.get(page_of(conversation)).content.decode()

    assert "Public thread: everybody can read" in shown
    assert "On: New plans!" in shown
    assert "each message needs your word" in shown
    assert "Public thread" not in plain


def test_the_page_holds_no_inline_script_and_no_inline_style() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)

    page = browser(scene.person(Role.SUPERVISOR)).get(page_of(conversation))

    text = page.content.decode()
    assert "style=" not in text
    assert " hx-on" not in text
    assert " onclick" not in text
    assert text.count("<script") == text.count('<script type="module" src=') + text.count('<script src="')
    assert '"allowEval":false' in text


def test_each_view_takes_the_same_queries_for_ten_rows_and_for_two_hundred() -> None:
    scene = set_scene()
    agent = scene.person(Role.AGENT)
    client = browser(agent)
    views = [reverse("workspace-queue") + f"?view={view}&limit=250" for view in QueueView.values]

    _fill(scene.team.pk, agent.pk, 10)
    few = [queries(client, view) for view in views]
    _fill(scene.team.pk, agent.pk, 190)
    many = [queries(client, view) for view in views]

    assert few == many
    assert max(many) <= 12


def test_a_conversation_takes_the_same_queries_however_long_it_is() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    client = browser(scene.person(Role.SUPERVISOR))
    conversations.add_note(conversation, "A note.", scene.person(Role.AGENT))

    short = queries(client, page_of(conversation))
    for number in range(30):
        customer_writes(scene.team, f"Line {number}")
        make_delivery(fresh(conversation), f"Answer {number}", author="human")
    long = queries(client, page_of(conversation))

    assert long == short
    assert long <= 25


def test_older_rows_follow_where_the_first_page_ended_and_none_comes_twice() -> None:
    scene = set_scene()
    _fill(scene.team.pk, scene.person(Role.AGENT).pk, 60, only="bot")
    client = browser(scene.person(Role.AGENT))

    first = client.get(reverse("workspace") + "?view=bot").content.decode()
    more_url = first.split('id="more"')[1].split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(more_url, headers=HTMX).content.decode()

    shown = [part.split('"')[0] for page in (first, second) for part in page.split('id="row-')[1:]]
    assert len(shown) == len(set(shown)) == 60
    assert 'id="more"' not in second


@pytest.mark.parametrize("after", ["nonsense", "bnVsbA==", "W10=", "WyIyMDI2LTAxLTAxIiwgMV0=", "é", "A" * 5000])
def test_a_broken_cursor_begins_at_the_beginning(after: str) -> None:
    scene = set_scene()
    customer_writes(scene.team)

    page = browser(scene.person(Role.AGENT)).get(
        reverse("workspace-rows"), {"view": "bot", "after": after, "limit": "x"}
    )

    assert page.status_code == 200
    assert "Jane Miller" in page.content.decode()


@pytest.mark.parametrize("before", ["", "x", "-1", "9" * 30, "²"])
def test_earlier_than_nonsense_is_not_found(before: str) -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)

    page = browser(scene.person(Role.AGENT)).get(
        reverse("workspace-earlier", args=[conversation.public_id]), {"before": before}
    )

    assert page.status_code == 404


def test_only_reading_happens_on_a_get_and_only_doing_on_a_post() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    client = browser(scene.person(Role.ADMIN))
    deeds = [
        "claim",
        "take-over",
        "assign",
        "hand-back",
        "resolve",
        "reopen",
        "escalate",
        "reply",
        "note",
        "draft",
        "suggestion",
    ]

    read = [client.get(reverse(f"workspace-{deed}", args=[conversation.public_id])).status_code for deed in deeds]
    done = [client.post(page_of(conversation)).status_code, client.post(reverse("workspace-queue")).status_code]

    assert set(read) == set(done) == {405}
    assert client.get(reverse("workspace-next")).status_code == 405


def test_a_post_without_the_pages_token_is_refused() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    client = Client(enforce_csrf_checks=True)
    client.force_login(scene.person(Role.AGENT))

    answer = client.post(reverse("workspace-claim", args=[conversation.public_id]), headers=HTMX)

    assert answer.status_code == 403
    assert fresh(conversation).assignee_id is None


def test_people_without_a_team_see_nothing_and_supervisors_everything() -> None:
    scene = set_scene()
    waiting_conversation(scene.team)
    lonely, supervisor = make_user(role=Role.VIEWER), make_user(role=Role.SUPERVISOR, team=make_team())

    seen = [
        "Jane Miller" in browser(person).get(reverse("workspace")).content.decode() for person in (lonely, supervisor)
    ]

    assert seen == [False, True]


def _fill(team_id: int, agent_id: int, count: int, *, only: str = "") -> None:
    """Conversations of every kind, ``count`` in all or of the one kind."""
    kinds = [only] if only else ["open", "mine", "bot", "failed", "closed"]
    for number in range(count):
        kind = kinds[number % len(kinds)]
        conversation = make_conversation(mode="closed" if kind == "closed" else "bot", team_id=team_id)
        make_message(conversation, "Hello", disposition="ignored")
        if kind == "open":
            make_escalation(conversation)
        elif kind == "mine":
            make_escalation(conversation, claimed_by=User.objects.get(pk=agent_id))
        elif kind == "failed":
            make_delivery(conversation, state="dead")
