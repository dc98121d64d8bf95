"""How the deeds of the page answer: the panes as they are now, with what happened or why it did not."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import push_url, trigger_client_event

from conversations.exceptions import ConversationError, OwnedByColleague
from conversations.models import Conversation
from core.exceptions import NotAllowed
from core.policy import Action, require
from workspace import panes
from workspace.views.access import StaffRequest, filters_of, visible_conversation


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a deed says: passing words, and the address that undoes it."""

    text: str = ""
    undo_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a deed was refused; ``offers_next`` where somebody else was faster."""

    text: str
    offers_next: bool = False


def act(
    request: StaffRequest, public_id: uuid.UUID, deed: Callable[[Conversation], Done], *, needs: Action
) -> HttpResponse:
    """Do it, if the person has the right ``needs`` to the conversation, then show the conversation.

    409 for a broken rule, 403 for what the policy refuses; nothing typed is lost.
    """
    conversation = visible_conversation(request, public_id)
    try:
        require(request.user, needs, conversation.policy_subject)
        done = deed(conversation)
    except OwnedByColleague as error:
        return show(request, public_id, problem=Problem(text=str(error), offers_next=True), status=409)
    except ConversationError as error:
        return show(request, public_id, problem=Problem(text=str(error)), status=409)
    except NotAllowed as error:
        return show(request, public_id, problem=Problem(text=str(error)), status=403)
    return show(request, public_id, done=done)


def show(
    request: StaffRequest,
    public_id: uuid.UUID,
    *,
    done: Done | None = None,
    problem: Problem | None = None,
    status: int = 200,
    address: str = "",
) -> HttpResponse:
    """The panes as they are now; ``address`` becomes that of the page. Without a conversation once it was given away."""
    filters = filters_of(request)
    context: dict[str, Any] = {"filters": filters, "problem": problem}
    try:
        conversation = visible_conversation(request, public_id)
    except Http404:
        if done is None:
            raise
        # It was theirs by name alone, and what they did gave it away: it is another team's again.
        done, address = replace(done, undo_url=""), reverse("workspace") + filters.suffix
    else:
        context["panes"] = panes.build(conversation, request.user, filters)
    response = render(request, "workspace/_panes.html", context, status=status)
    if done is not None and done.text:
        told: dict[str, Any] = {"text": done.text, "undo": done.undo_url}
        trigger_client_event(response, "workspace:done", told)
    return push_url(response, address) if address else response


def say(text: str, *, status: int = 204) -> HttpResponse:
    """Nothing to show, only words to pass on."""
    response = HttpResponse(status=status)
    return trigger_client_event(response, "workspace:done", {"text": text, "undo": ""})
