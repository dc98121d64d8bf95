"""Taking, passing on, handing back, resolving: each one call into the record.

A deed names the right it needs and says what was done; finding the conversation, refusing and showing are the same for
all of them. The services judge the right once more, on the locked row.
"""

import functools
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast, get_args

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agent.exceptions import AgentError
from agent.models import Approval
from agent.services import approvals
from conversations import services as conversations
from conversations.exceptions import ConversationError, PromiseInThePast
from conversations.models import Attachment, Conversation, Delivery, Escalation, Message, Promise
from conversations.services.deliveries import Decision
from core.exceptions import NotAllowed
from core.policy import Action, allows
from core.text import shown
from workspace import panes, services
from workspace.views.access import StaffRequest, filters_of, for_staff, read_uuid, visible_conversation
from workspace.views.answers import Done, act, say, show

Deed = Callable[[StaffRequest, Conversation], Done]
DeedView = Callable[[HttpRequest, uuid.UUID], HttpResponseBase]


class NothingToClaim(ConversationError):
    """There is no escalation that waits here."""

    def __init__(self) -> None:
        super().__init__(_("Nobody is needed here any more."))


class NobodyChosen(ConversationError):
    """A colleague was not chosen, or may not have this conversation."""

    def __init__(self) -> None:
        super().__init__(_("Choose somebody who may answer here."))


def deed(*, needs: Action) -> Callable[[Deed], DeedView]:
    """A view that does one thing to a conversation, for those who have the right ``needs`` to it."""

    def decorate(do: Deed) -> DeedView:
        def view(request: StaffRequest, /, public_id: uuid.UUID) -> HttpResponse:
            return act(request, public_id, functools.partial(do, request), needs=needs)

        functools.update_wrapper(view, do)
        return require_POST(for_staff(view))

    return decorate


@require_POST
@for_staff
def claim_next(request: StaffRequest) -> HttpResponse:
    """Claim the first of the queue and show it."""
    if not allows(request.user, Action.CLAIM_ESCALATION):
        return say(_("Your role does not claim conversations."), status=403)
    escalation = conversations.claim_next(request.user)
    if escalation is None:
        return say(_("Nothing waits for you."))
    public_id = escalation.conversation.public_id
    address = reverse("workspace-conversation", args=[public_id]) + filters_of(request).suffix
    return show(request, public_id, done=Done(text=_("It is yours.")), address=address)


@deed(needs=Action.CLAIM_ESCALATION)
def claim(request: StaffRequest, conversation: Conversation) -> Done:
    """Claim what waits in this conversation."""
    escalation = Escalation.objects.live().filter(conversation=conversation).first()
    if escalation is None:
        raise NothingToClaim
    conversations.claim(escalation, request.user)
    return Done(text=_("It is yours."))


@deed(needs=Action.TAKE_OVER)
def take_over(request: StaffRequest, conversation: Conversation) -> Done:
    """Answer instead of the bot, or, with a reason and the right to assign, of a colleague."""
    taken = conversations.take_over(conversation, request.user, reason=request.POST.get("reason", ""))
    if taken.in_flight:
        return Done(text=_("It is yours. A message of the bot was already on its way."))
    return Done(text=_("It is yours. The bot is silent."))


@deed(needs=Action.ASSIGN)
def assign(request: StaffRequest, conversation: Conversation) -> Done:
    """Give the conversation to a colleague, or with ``to=queue`` back to everybody."""
    reason, wanted = request.POST.get("reason", ""), request.POST.get("to", "")
    if wanted == "queue":
        conversations.assign(conversation, None, request.user, reason=reason)
        return Done(text=_("Back in the queue."))
    chosen = read_uuid(wanted)
    colleague = panes.assignable(conversation).filter(public_id=chosen).first() if chosen is not None else None
    if colleague is None:
        raise NobodyChosen
    conversations.assign(conversation, colleague, request.user, reason=reason)
    return Done(text=_("%(name)s has it now.") % {"name": colleague.display_name})


@deed(needs=Action.TAKE_OVER)
def hand_back(request: StaffRequest, conversation: Conversation) -> Done:
    """Let the bot answer again."""
    conversations.hand_back(conversation, request.user, note=request.POST.get("note", ""))
    return Done(text=_("The bot answers again."))


@deed(needs=Action.CLOSE)
def resolve(request: StaffRequest, conversation: Conversation) -> Done:
    """Close the conversation."""
    conversations.resolve(conversation, request.user)
    return Done(text=_("Resolved."), undo_url=reverse("workspace-reopen", args=[conversation.public_id]))


@deed(needs=Action.CLOSE)
def reopen(request: StaffRequest, conversation: Conversation) -> Done:
    """Open a closed conversation again."""
    conversations.reopen(conversation, request.user)
    return Done(text=_("Open again, and yours."))


@deed(needs=Action.TAKE_OVER)
def escalate(request: StaffRequest, conversation: Conversation) -> Done:
    """Put a conversation of the bot into the queue."""
    by_hand = _("Handed over by %(name)s.") % {"name": request.user.display_name}
    conversations.escalate(conversation, detail=request.POST.get("detail", "").strip() or by_hand, by=request.user)
    return Done(text=_("It waits in the queue now."))


@deed(needs=Action.REPLY)
def dismiss_suggestion(request: StaffRequest, conversation: Conversation) -> Done:
    """Put the suggested reply away."""
    escalation_id = read_uuid(request.POST.get("escalation"))
    if escalation_id is not None:
        services.dismiss_suggestion(conversation, escalation_id, request.user, reason=request.POST.get("reason", ""))
    return Done(text=_("Suggestion dismissed."))


class NotDecided(ConversationError):
    """A decision about what a tool would do was not taken; the message says why."""


@deed(needs=Action.REPLY)
def decide_approval(request: StaffRequest, conversation: Conversation) -> Done:
    """Approve what waits, changed or as it is, decline it, or ask the customer first."""
    given = request.POST
    wanted = read_uuid(given.get("approval"))
    approval = Approval.objects.filter(conversation=conversation, public_id=wanted).first() if wanted else None
    if approval is None:
        raise NotDecided(_("Nothing waits for a decision here."))
    try:
        match given.get("decision"):
            case "approve":
                changed = {name: value for name in approvals.CHANGEABLE if (value := given.get(name, "").strip())}
                approvals.approve(approval, request.user, reply=given.get("reply", ""), changed=changed)
                return Done(text=_("Approved, and the customer is told."))
            case "decline":
                approvals.decline(approval, request.user, reason=given.get("reason", ""))
                return Done(text=_("Declined. Tell the customer."))
            case "ask":
                approvals.ask(approval, request.user, given.get("reply", ""))
                return Done(text=_("The customer is asked. The bot takes the answer."))
            case _:
                raise NotDecided(_("Decide: approve, decline, or ask."))
    except AgentError as problem:
        raise NotDecided(str(problem)) from problem


@deed(needs=Action.REPLY)
def promise(request: StaffRequest, conversation: Conversation) -> Done:
    """Write down what was promised and by when, in UTC as all the page's times."""
    due_at = _moment(request.POST.get("due_at", ""))
    if due_at is None:
        raise PromiseInThePast
    conversations.promise(conversation, request.POST.get("text", ""), due_at, request.user)
    return Done(text=_("Written down. You are reminded when it is late."))


def _moment(given: str) -> datetime | None:
    """The moment that a form's date and time mean; None where they mean none."""
    try:
        return datetime.fromisoformat(given).replace(tzinfo=UTC)
    except ValueError:
        return None


@require_POST
@for_staff
def end_promise(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say that a promise was kept, or holds no longer."""
    made = get_object_or_404(Promise.objects.select_related("conversation"), public_id=public_id)
    conversation_id = made.conversation.public_id
    visible_conversation(request, conversation_id)
    became = request.POST.get("became", "")
    if became not in {Promise.State.KEPT, Promise.State.WITHDRAWN}:
        return HttpResponseBadRequest(_("Say whether it was kept or holds no longer."))

    def end(_conversation: Conversation) -> Done:
        conversations.end_promise(made, request.user, kept=became == Promise.State.KEPT)
        return Done(text=_("Noted."))

    return act(request, conversation_id, end, needs=Action.REPLY)


@require_POST
@for_staff
def decide_delivery(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say what is to become of a message that failed or is in doubt."""
    delivery = get_object_or_404(Delivery.objects.select_related("conversation"), public_id=public_id)
    conversation_id = delivery.conversation.public_id
    visible_conversation(request, conversation_id)
    decision = request.POST.get("decision", "")
    if decision not in get_args(Decision):
        return HttpResponseBadRequest(_("Decide: it arrived, send it again, or drop it."))

    def decide(_conversation: Conversation) -> Done:
        conversations.decide_delivery(delivery, request.user, cast("Decision", decision))
        return Done(text=_("Noted."))

    return act(request, conversation_id, decide, needs=Action.DECIDE_DELIVERY)


@require_POST
@for_staff
def reveal(request: StaffRequest, public_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    """A customer's words with the addresses and numbers in them, for those who may see these; it is noted."""
    found = visible_conversation(request, public_id)
    message = get_object_or_404(Message, conversation=found, public_id=message_id, sender_type=Message.Sender.CUSTOMER)
    try:
        text = conversations.reveal(message, request.user)
    except NotAllowed as error:
        return HttpResponse(str(error), status=403, content_type="text/plain")
    return HttpResponse(escape(shown(text)))


@require_POST
@for_staff
def reveal_reading(request: StaffRequest, public_id: uuid.UUID, attachment_id: uuid.UUID) -> HttpResponse:
    """What a machine read in a file, with the addresses and numbers in it, for those who may see these; it is noted."""
    found = visible_conversation(request, public_id)
    attachment = get_object_or_404(Attachment, message__conversation=found, public_id=attachment_id)
    try:
        text = conversations.reveal_reading(attachment, request.user)
    except NotAllowed as error:
        return HttpResponse(str(error), status=403, content_type="text/plain")
    return HttpResponse(escape(shown(text)))


@require_POST
@for_staff
def reveal_address(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """A customer's e-mail address, for those who may see it; it is noted."""
    found = visible_conversation(request, public_id)
    try:
        address = conversations.reveal_address(found, request.user)
    except NotAllowed as error:
        return HttpResponse(str(error), status=403, content_type="text/plain")
    return HttpResponse(escape(address))
