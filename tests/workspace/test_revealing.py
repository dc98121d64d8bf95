"""What customers tell about themselves: hidden in lists and at first sight, shown to those who may, and that is noted."""

import pytest
from django.urls import reverse

from conversations.models import Conversation, Customer, Message
from core.models import AuditEvent
from core.policy import Role
from tests.workspace.scene import body, bot_answers, browser, customer_writes, press, set_scene

pytestmark = pytest.mark.django_db
TOLD = "My card is 4111 1111 1111 1111, <b>my</b> mail ada@mail.example."
SHOWN = "My card is [card], &lt;b&gt;my&lt;/b&gt; mail [e-mail]."
BUTTON = "Show addresses and numbers"


def page_of(conversation: Conversation) -> str:
    """The address of the conversation's page."""
    return reverse("workspace-conversation", args=[conversation.public_id])


def reveal_url(conversation: Conversation) -> str:
    """The address at which its first message is shown in full."""
    message = Message.objects.filter(conversation=conversation).earliest("seq")
    return reverse("workspace-reveal", args=[conversation.public_id, message.public_id])


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPERVISOR, Role.AGENT, Role.VIEWER])
def test_lists_and_the_page_show_kinds_in_the_place_of_numbers(role: Role) -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team, TOLD)
    client = browser(scene.person(role))

    page = client.get(page_of(conversation)).content.decode()
    queue = client.get(reverse("workspace-queue") + "?view=all").content.decode()

    for shown in (page, queue):
        assert "[card]" in shown
        assert not [each for each in ("4111", "ada@mail.example") if each in shown]
    assert SHOWN in page
    assert (BUTTON in page) is (role != Role.VIEWER)


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.ADMIN, 200), (Role.SUPERVISOR, 200), (Role.AGENT, 200), (Role.VIEWER, 403), (Role.PROMPT_EDITOR, 403)],
)
def test_a_message_is_shown_in_full_to_those_who_may_and_it_is_noted(role: Role, status: int) -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team, TOLD)

    answer = press(browser(scene.person(role)), reveal_url(conversation))

    assert answer.status_code == status
    assert ("4111 1111 1111 1111, &lt;b&gt;my&lt;/b&gt; mail ada@mail.example" in body(answer)) is (status == 200)
    noted = AuditEvent.objects.filter(action="message.reveal")
    assert [event.actor_id for event in noted] == ([scene.person(role).pk] if status == 200 else [])
    assert "4111" not in str(list(noted.values()))


def test_another_teams_message_is_not_there() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team, TOLD)

    answer = press(browser(scene.stranger), reveal_url(conversation))

    assert answer.status_code == 404
    assert not AuditEvent.objects.filter(action="message.reveal").exists()


def test_what_holds_nothing_personal_offers_nothing_to_show() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)
    bot_answers(conversation, "Write to help@shop.example.")

    page = browser(scene.person(Role.AGENT)).get(page_of(conversation)).content.decode()

    assert BUTTON not in page
    assert "help@shop.example" in page


ADDRESS = "ada@mail.example"


def with_an_address(conversation: Conversation, details_from: str) -> Conversation:
    """The conversation, its customer's address told by somebody."""
    Customer.objects.filter(pk=conversation.customer_id).update(email=ADDRESS, details_from=details_from)
    return conversation


@pytest.mark.parametrize(("details_from", "words"), [("site", "Verified"), ("visitor", "Unverified"), ("", "")])
def test_staff_see_by_whose_word_a_customer_is_known(details_from: str, words: str) -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)
    Customer.objects.update(details_from=details_from)

    page = browser(scene.person(Role.AGENT)).get(page_of(conversation)).content.decode()

    assert [word for word in ("Verified", "Unverified") if f">{word}<" in page.replace("</svg>", ">")] == (
        [words] if words else []
    )


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.ADMIN, 200), (Role.SUPERVISOR, 200), (Role.AGENT, 200), (Role.VIEWER, 403), (Role.PROMPT_EDITOR, 403)],
)
def test_an_address_is_hidden_until_somebody_who_may_asks_and_it_is_noted(role: Role, status: int) -> None:
    scene = set_scene()
    conversation = with_an_address(customer_writes(scene.team), "site")
    client = browser(scene.person(role))
    url = reverse("workspace-reveal-address", args=[conversation.public_id])

    page = client.get(page_of(conversation)).content.decode()
    answer = press(client, url)

    assert ADDRESS not in page
    assert (url in page) is (status == 200)
    assert (answer.status_code, body(answer) == ADDRESS) == (status, status == 200)
    noted = AuditEvent.objects.filter(action="customer.reveal")
    assert [event.actor_id for event in noted] == ([scene.person(role).pk] if status == 200 else [])
    assert ADDRESS not in str(list(noted.values()))


def test_another_teams_customers_address_is_not_there() -> None:
    scene = set_scene()
    conversation = with_an_address(customer_writes(scene.team), "visitor")

    answer = press(browser(scene.stranger), reverse("workspace-reveal-address", args=[conversation.public_id]))

    assert answer.status_code == 404
    assert not AuditEvent.objects.filter(action="customer.reveal").exists()
