"""Leads: asked for once, kept only with the customer's agreement, and handed on only by a person, once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agent.exceptions import AlreadyDecided, ToolInputInvalid
from agent.models import AgentRun, Approval, Lead, Product, Release, Tool
from agent.runtime import Runtime
from agent.services import approvals
from agent.services.leftovers import end_undecided_approvals
from conversations.exceptions import OwnedByColleague
from conversations.models import Conversation, Delivery, Episode, Escalation, Message
from core.exceptions import NotAllowed
from core.models import AuditEvent, User
from core.policy import Role
from tests.agent.asking import said, told
from tests.factories import make_conversation, make_escalation, make_message, make_release, make_user

pytestmark = pytest.mark.django_db

ASKS = "We are a hiking club and need an offer for 60 rain jackets by 15 March, budget 4000 EUR."
GIVEN = {"email": "ada@mail.example", "consent": "Yes, ada@mail.example", "quantity": "60", "need": "Sixty jackets."}


@pytest.fixture
def leads(db: None) -> Tool:
    """The lead tool, switched on."""
    return Tool.objects.create(name=Tool.Name.LEAD)


def waiting(given: dict[str, str] = GIVEN) -> Approval:
    """A lead that waits for a decision, as a turn leaves it."""
    conversation = make_conversation()
    message = make_message(conversation)
    make_escalation(conversation, reason="approval")
    release = Release.objects.current().first() or make_release()
    run = AgentRun.objects.create(conversation_id=conversation.pk, epoch=1, release=release, from_seq=1, to_seq=1)
    episode = conversation.episodes.get()
    Lead.objects.create(
        conversation=conversation,
        episode=episode,
        email=given["email"],
        consent=given["consent"],
        consent_seq=message.seq,
    )
    return Approval.objects.create(
        run=run, conversation=conversation, tool="lead", input=given, reply=f"Thank you. We write to {given['email']}."
    )


def test_a_lead_waits_for_a_person_with_everything_that_was_told(
    mind: Runtime, leads: Tool, catalogue: Product
) -> None:
    first = told(ASKS, mind)
    second = told("Yes please, ada@mail.example", mind)

    assert first.startswith("60 × Rain jacket at 76.40 EUR each come to 4584.00 EUR.")
    assert "answer with yes and your e-mail address" in first
    assert second == "Thank you. A colleague looks at this and confirms it right here."
    lead = Lead.objects.get()
    assert (lead.state, lead.email, lead.quantity, lead.product) == ("waiting", "ada@mail.example", 60, "JKT")
    assert (lead.budget, lead.wanted_by, lead.need) == ("4000 EUR", "15 March", ASKS)
    assert lead.consent == "Yes please, ada@mail.example"
    assert Message.objects.get(seq=lead.consent_seq).text == lead.consent
    approval = Approval.objects.get()
    assert approval.reply == "Thank you. Our sales team has your request and writes to ada@mail.example."
    assert Escalation.objects.get().reason == "approval"


def test_an_address_alone_is_no_agreement(mind: Runtime, leads: Tool, catalogue: Product) -> None:
    told(ASKS, mind)

    asked = told("ada@mail.example", mind)

    assert asked.startswith("May our sales team write to this address about your request?")
    assert not Lead.objects.exists()
    told("yes", mind)
    assert Lead.objects.get().consent == "yes"


def test_whoever_says_no_is_left_alone(mind: Runtime, leads: Tool, catalogue: Product) -> None:
    told(ASKS, mind)

    answer = told("No, please do not write to me", mind)

    assert answer.startswith("All right, nobody will write to you")
    assert not Lead.objects.exists()
    assert not Approval.objects.exists()


def test_an_own_question_is_answered_instead(mind: Runtime, leads: Tool, catalogue: Product) -> None:
    told(ASKS, mind)

    assert "working days" in told("How long does delivery take?", mind)
    assert said()[0] == "answer"
    assert not Lead.objects.exists()


def test_nobody_is_asked_while_the_tool_is_off(mind: Runtime, leads: Tool, catalogue: Product) -> None:
    Tool.objects.update(is_enabled=False)

    assert "e-mail address" not in told(ASKS, mind)


def test_a_lead_without_agreement_is_kept_out_by_the_database() -> None:
    conversation = make_conversation()

    with pytest.raises(IntegrityError), transaction.atomic():
        Lead.objects.create(
            conversation=conversation,
            episode=conversation.episodes.get(),
            email="a@b.example",
            consent="",
            consent_seq=1,
        )


def test_approving_hands_the_lead_on_and_tells_the_customer() -> None:
    approval, by = waiting(), make_user(role=Role.SUPERVISOR)

    approvals.approve(approval, by)

    assert Lead.objects.get().state == "open"
    sent = Delivery.objects.get()
    assert (sent.author, sent.message.text) == ("human", "Thank you. We write to ada@mail.example.")
    assert Conversation.objects.get().mode == "bot"
    assert not Escalation.objects.live().exists()
    approval.refresh_from_db()
    assert (approval.state, approval.decided_by) == ("approved", by)
    assert "ada@mail.example" not in str(AuditEvent.objects.filter(action="approval.approved").values())


def test_what_is_changed_is_what_happens_but_the_agreement_stays() -> None:
    approval = waiting()

    approvals.approve(
        approval,
        make_user(role=Role.SUPERVISOR),
        changed={"email": "team@mail.example", "quantity": "80", "consent": "made up"},
    )

    lead = Lead.objects.get()
    assert (lead.email, lead.quantity, lead.consent) == ("team@mail.example", 80, GIVEN["consent"])
    assert Message.objects.get(direction="out").text == "Thank you. We write to team@mail.example."


def test_everything_that_qualifies_a_lead_can_be_put_right(catalogue: Product) -> None:
    right = {"need": "Jackets for a club", "product": "JKT", "budget": "4000 EUR", "wanted_by": "15 March"}

    approvals.approve(waiting(), make_user(role=Role.SUPERVISOR), changed=right)

    lead = Lead.objects.get()
    assert {name: getattr(lead, name) for name in right} == right
    assert Approval.objects.get().input == GIVEN | right


@pytest.mark.parametrize(
    "changed", [{"email": "no address"}, {"quantity": "many"}, {"quantity": "0"}, {"product": "No such thing"}]
)
def test_a_change_that_does_not_fit_decides_nothing(changed: dict[str, str]) -> None:
    approval = waiting()

    with pytest.raises(ToolInputInvalid):
        approvals.approve(approval, make_user(role=Role.SUPERVISOR), changed=changed)

    assert Approval.objects.get().state == "waiting"
    assert not Delivery.objects.exists()


def test_declining_hands_nothing_on_and_leaves_the_talk_with_people() -> None:
    approval = waiting()

    approvals.decline(approval, make_user(role=Role.SUPERVISOR), reason="Too few")

    assert Lead.objects.get().state == "declined"
    assert not Delivery.objects.exists()
    assert Conversation.objects.get().mode == "human"
    assert Escalation.objects.live().exists()


def test_asking_gives_the_talk_back_to_the_bot_and_decides_nothing_yet() -> None:
    approval = waiting()

    approvals.ask(approval, make_user(role=Role.SUPERVISOR), "Which sizes do you need?")

    assert Message.objects.get(direction="out").text == "Which sizes do you need?"
    assert Conversation.objects.get().mode == "bot"
    assert not Lead.objects.exists()


@pytest.mark.parametrize("again", [approvals.approve, approvals.decline])
def test_what_is_decided_is_not_decided_again(again: Callable[..., Approval]) -> None:
    approval, by = waiting(), make_user(role=Role.SUPERVISOR)
    approvals.approve(approval, by)

    with pytest.raises(AlreadyDecided, match=f"{by.display_name} decided this already: approved"):
        again(approval, by)

    assert Delivery.objects.count() == 1


def test_a_colleagues_conversation_is_theirs() -> None:
    approval = waiting()
    colleague = make_user(role=Role.SUPERVISOR)
    Conversation.objects.update(assignee=colleague)

    with pytest.raises(OwnedByColleague):
        approvals.approve(approval, make_user(role=Role.SUPERVISOR))

    assert Approval.objects.get().state == "waiting"
    assert Lead.objects.get().state == "waiting"


def test_who_may_not_answer_may_not_decide() -> None:
    approval = waiting()

    with pytest.raises(NotAllowed):
        approvals.decline(approval, make_user(role=Role.VIEWER))


def test_what_nobody_decided_ends_with_the_conversation_and_what_still_can_be_decided_does_not() -> None:
    forgotten, open_still = waiting(), waiting()
    ended = Episode.objects.filter(conversation=forgotten.conversation)
    ended.update(ended_at=timezone.now(), outcome=Episode.Outcome.RESOLVED)
    # The customer came back with something else.
    Episode.objects.create(conversation=forgotten.conversation, number=2)

    assert end_undecided_approvals() == 1

    forgotten.refresh_from_db()
    assert (forgotten.state, forgotten.reason) == ("declined", "The conversation ended before anybody decided.")
    assert approvals.waiting_in(forgotten.conversation) is None
    assert approvals.waiting_in(open_still.conversation) == open_still
    assert dict(Lead.objects.values_list("conversation", "state")) == {
        forgotten.conversation_id: "declined",
        open_still.conversation_id: "waiting",
    }
    with pytest.raises(AlreadyDecided):
        approvals.approve(forgotten, make_user(role=Role.SUPERVISOR))


@pytest.mark.django_db(transaction=True)
def test_of_many_who_decide_at_once_one_does() -> None:
    approval = waiting()
    people = [make_user(role=Role.SUPERVISOR) for _ in range(6)]
    barrier = Barrier(len(people))

    def decide(by: User) -> bool:
        try:
            barrier.wait(30)
            approvals.approve(Approval.objects.get(pk=approval.pk), by)
        except AlreadyDecided:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(people)) as pool:
        decided = list(pool.map(decide, people))

    assert sum(decided) == 1
    assert Delivery.objects.filter(conversation=approval.conversation).count() == 1
    assert AuditEvent.objects.filter(action="approval.approved").count() == 1


@pytest.mark.services
@pytest.mark.parametrize("_round", range(5))
@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_otherwise_at_once_one_does_and_the_other_is_told(_round: int) -> None:
    approval = waiting()
    barrier = Barrier(2)

    def decide(how: Callable[[Approval, User], Approval]) -> str:
        try:
            by = make_user(role=Role.SUPERVISOR)
            barrier.wait(30)
            return how(Approval.objects.get(pk=approval.pk), by).state
        except AlreadyDecided as told:
            return str(told)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(decide, [approvals.approve, approvals.decline]))

    approval.refresh_from_db()
    assert approval.state in ends
    assert sum("decided this already" in end for end in ends) == 1
    sent, lead = Delivery.objects.count(), Lead.objects.get().state
    assert (sent, lead) == ((1, "open") if approval.state == "approved" else (0, "declined"))


@pytest.mark.parametrize(
    ("decision", "state", "says"),
    [("approve", "approved", ""), ("decline", "declined", ""), ("ask", "asked", "Which sizes?")],
)
def test_the_card_in_the_workspace_decides(client: Client, decision: str, state: str, says: str) -> None:
    approval = waiting()
    client.force_login(make_user(role=Role.SUPERVISOR))
    address = [approval.conversation.public_id]
    page = client.get(reverse("workspace-conversation", args=address)).content.decode()

    answer = client.post(
        reverse("workspace-approval", args=address),
        {"approval": str(approval.public_id), "decision": decision, "reply": says},
    )

    assert 'id="approval"' in page
    assert "ada@mail.example" not in page.partition('id="approval"')[2].partition("</section>")[0]
    assert answer.status_code == 200
    assert 'id="approval"' not in answer.content.decode()
    assert Approval.objects.get().state == state


@pytest.mark.parametrize("given", [{}, {"approval": "x"}, {"decision": "approve"}, {"quantity": "many"}])
def test_a_card_that_is_filled_in_wrongly_says_so(client: Client, given: dict[str, str]) -> None:
    approval = waiting()
    client.force_login(make_user(role=Role.SUPERVISOR))
    right = {"approval": str(approval.public_id), "decision": "approve"}
    words = right | given if "quantity" in given else given

    answer = client.post(reverse("workspace-approval", args=[approval.conversation.public_id]), words)

    assert answer.status_code == 409
    assert Approval.objects.get().state == "waiting"
