"""What a risky tool would do is decided about by a person, once: approve, change and approve, decline, or ask the customer."""

from collections.abc import Mapping
from dataclasses import asdict

from django.db.models import QuerySet
from django.utils import timezone

from agent.exceptions import AlreadyDecided, ToolInputInvalid
from agent.models import Approval, Dialogue, Lead, Product
from agent.tools.registry import LeadQuery
from conversations import services as conversations
from conversations.models import Conversation
from core import audit
from core.models import User
from core.policy import Action, require
from core.text import clean_text
from core.transactions import retried

CHANGEABLE = ("email", "quantity", "need", "product", "budget", "wanted_by")
"""What a person may change before they approve; what the customer agreed to in words is not among it."""


@retried
def approve(approval: Approval, by: User, *, reply: str = "", changed: Mapping[str, str] | None = None) -> Approval:
    """Let it happen, with what ``changed`` puts in the place of single inputs, and tell the customer.

    ``reply`` takes the place of the reply that goes with it. Only what is CHANGEABLE is changed. Of two
    who decide at once one does. Raises AlreadyDecided, ToolInputInvalid, NotAllowed, and what ``conversations.reply`` raises.
    """
    conversation = _locked(approval, by)
    before = approval.input.get("email", "")
    others = {name: clean_text(value).strip() for name, value in (changed or {}).items() if name in CHANGEABLE}
    if others.get("product") and not Product.objects.filter(sku=others["product"]).exists():
        raise ToolInputInvalid("lead", "product", "it is no product's number in the catalogue")
    given = approval.input | others
    lead = LeadQuery.read(given)
    _decide(approval, by, Approval.State.APPROVED)
    Approval.objects.filter(pk=approval.pk).update(input=given)
    _of(approval).update(state=Lead.State.OPEN, **asdict(lead))
    conversations.reply(conversation, clean_text(reply).strip() or approval.reply.replace(before, lead.email), by)
    _back_to_the_bot(conversation, by)
    return approval


@retried
def decline(approval: Approval, by: User, *, reason: str = "") -> Approval:
    """Let it not happen. The conversation stays with people, who tell the customer. Raises AlreadyDecided, NotAllowed."""
    _locked(approval, by)
    _decide(approval, by, Approval.State.DECLINED, reason=reason)
    _of(approval).update(state=Lead.State.DECLINED)
    return approval


@retried
def ask(approval: Approval, by: User, question: str) -> Approval:
    """Ask the customer first: the bot has the talk again, and what they answer makes a new decision.

    Raises AlreadyDecided, NotAllowed, and what ``conversations.reply`` raises.
    """
    conversation = _locked(approval, by)
    _decide(approval, by, Approval.State.ASKED)
    # The bot waits for the answer, and whoever agrees then has agreed to what was asked.
    _of(approval).delete()
    open_dialogue = Dialogue.objects.filter(episode__conversation=conversation, episode__ended_at=None)
    open_dialogue.update(waiting=approval.tool)
    conversations.reply(conversation, question, by)
    _back_to_the_bot(conversation, by)
    return approval


def waiting_in(conversation: Conversation) -> Approval | None:
    """What waits for a decision in a conversation."""
    return Approval.objects.filter(conversation=conversation, state=Approval.State.WAITING).first()


def _locked(approval: Approval, by: User) -> Conversation:
    conversation = conversations.lock(approval.conversation_id)
    require(by, Action.REPLY, conversation.policy_subject)
    return conversation


def _decide(approval: Approval, by: User, state: Approval.State, *, reason: str = "") -> None:
    """One UPDATE decides, so that no two decide."""
    mine = Approval.objects.filter(pk=approval.pk, state=Approval.State.WAITING)
    words = clean_text(reason, limit=300)
    if not mine.update(state=state, reason=words, decided_by=by, decided_at=timezone.now()):
        approval.refresh_from_db()
        decider = approval.decided_by
        raise AlreadyDecided(decider.display_name if decider else "", approval.get_state_display().lower())
    # The reason stands on the row, where it can be erased; the audit trail can not.
    audit.record(by, f"approval.{state.value}", approval, after={"tool": approval.tool})
    approval.refresh_from_db()


def _of(approval: Approval) -> QuerySet[Lead]:
    return Lead.objects.filter(conversation_id=approval.conversation_id, state=Lead.State.WAITING)


def _back_to_the_bot(conversation: Conversation, by: User) -> None:
    fresh = Conversation.objects.get(pk=conversation.pk)
    if fresh.mode == Conversation.Mode.HUMAN:
        conversations.hand_back(fresh, by)
