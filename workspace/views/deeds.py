"""Taking, passing on, handing back, resolving: each one call into the record."""

import uuid
from typing import cast, get_args

from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations import services as conversations
from conversations.exceptions import ConversationError
from conversations.models import Conversation, Delivery, Escalation
from conversations.services.deliveries import Decision
from core.policy import Action, allows, require
from workspace import panes, services
from workspace.views.access import StaffRequest, filters_of, for_staff, read_uuid, visible_conversation
from workspace.views.answers import Done, act, say, show


class NothingToClaim(ConversationError):
    """There is no escalation that waits here."""

    def __init__(self) -> None:
        super().__init__(_("Nobody is needed here any more."))


class NobodyChosen(ConversationError):
    """A colleague was not chosen, or may not have this conversation."""

    def __init__(self) -> None:
        super().__init__(_("Choose somebody who may answer here."))


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


@require_POST
@for_staff
def claim(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Claim what waits in this conversation."""

    def deed(conversation: Conversation) -> Done:
        escalation = Escalation.objects.live().filter(conversation=conversation).first()
        if escalation is None:
            raise NothingToClaim
        conversations.claim(escalation, request.user)
        return Done(text=_("It is yours."))

    return act(request, public_id, deed)


@require_POST
@for_staff
def take_over(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Answer instead of the bot, or, with a reason, of a colleague."""

    def deed(conversation: Conversation) -> Done:
        taken = conversations.take_over(conversation, request.user, reason=request.POST.get("reason", ""))
        if taken.in_flight:
            return Done(text=_("It is yours. A message of the bot was already on its way."))
        return Done(text=_("It is yours. The bot is silent."))

    return act(request, public_id, deed)


@require_POST
@for_staff
def assign(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give the conversation to a colleague, or with ``to=queue`` back to everybody."""

    def deed(conversation: Conversation) -> Done:
        require(request.user, Action.ASSIGN, conversation.policy_subject)
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

    return act(request, public_id, deed)


@require_POST
@for_staff
def hand_back(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Let the bot answer again."""

    def deed(conversation: Conversation) -> Done:
        conversations.hand_back(conversation, request.user, note=request.POST.get("note", ""))
        return Done(text=_("The bot answers again."))

    return act(request, public_id, deed)


@require_POST
@for_staff
def resolve(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Close the conversation."""

    def deed(conversation: Conversation) -> Done:
        conversations.resolve(conversation, request.user)
        return Done(text=_("Resolved."), undo_url=reverse("workspace-reopen", args=[public_id]))

    return act(request, public_id, deed)


@require_POST
@for_staff
def reopen(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Open a closed conversation again."""

    def deed(conversation: Conversation) -> Done:
        conversations.reopen(conversation, request.user)
        return Done(text=_("Open again, and yours."))

    return act(request, public_id, deed)


@require_POST
@for_staff
def escalate(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Put a conversation of the bot into the queue."""

    def deed(conversation: Conversation) -> Done:
        detail = request.POST.get("detail", "").strip() or _("Handed over by %(name)s.") % {
            "name": request.user.display_name
        }
        conversations.escalate(conversation, detail=detail, by=request.user)
        return Done(text=_("It waits in the queue now."))

    return act(request, public_id, deed)


@require_POST
@for_staff
def dismiss_suggestion(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Put the suggested reply away."""

    def deed(conversation: Conversation) -> Done:
        escalation_id = read_uuid(request.POST.get("escalation"))
        if escalation_id is not None:
            services.dismiss_suggestion(
                conversation, escalation_id, request.user, reason=request.POST.get("reason", "")
            )
        return Done(text=_("Suggestion dismissed."))

    return act(request, public_id, deed)


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

    def deed(conversation: Conversation) -> Done:
        require(request.user, Action.DECIDE_DELIVERY, conversation.policy_subject)
        conversations.decide_delivery(delivery, request.user, cast("Decision", decision))
        return Done(text=_("Noted."))

    return act(request, conversation_id, deed)
