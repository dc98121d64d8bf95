"""The page, and the fragments that it and the push share."""

import uuid
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from agent.models import AgentRun
from conversations.models import Conversation, Message
from core.policy import Action, allows
from workspace import panes, queue, replays, timeline, traces
from workspace.queue import Filters
from workspace.views.access import StaffRequest, filters_of, for_staff, visible_conversation


@require_safe
@for_staff
def workspace(request: StaffRequest) -> HttpResponse:
    """The queue, with no conversation open."""
    return render(request, "workspace/page.html", _queue_context(request, filters_of(request)))


@require_safe
@for_staff
def conversation(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """A conversation: the whole page, or its two panes where the page is there already."""
    filters = filters_of(request)
    wants_panes = bool(request.htmx) and not request.htmx.history_restore_request
    try:
        found = visible_conversation(request, public_id)
    except Http404:
        return _missing(request, filters, wants_panes=wants_panes)
    if wants_panes:
        context = {"panes": panes.build(found, request.user, filters), "filters": filters}
        return render(request, "workspace/_panes.html", context)
    return whole_page(request, found, {})


def whole_page(
    request: StaffRequest, found: Conversation, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The page with a conversation open, and what else ``context`` has to say."""
    filters = filters_of(request)
    shown = {"panes": panes.build(found, request.user, filters), "filters": filters}
    beside = _queue_context(request, filters, open_id=str(found.public_id))
    return render(request, "workspace/page.html", shown | beside | context, status=status)


def _missing(request: StaffRequest, filters: Filters, *, wants_panes: bool) -> HttpResponse:
    context = {"filters": filters, "is_missing": True}
    if wants_panes:
        return render(request, "workspace/_panes.html", context, status=404)
    return render(request, "workspace/page.html", context | _queue_context(request, filters), status=404)


@require_safe
@for_staff
def queue_pane(request: StaffRequest) -> HttpResponse:
    """The list of views with its counts, and the rows."""
    return render(request, "workspace/_queue.html", _queue_context(request, filters_of(request)))


@require_safe
@for_staff
def rows(request: StaffRequest) -> HttpResponse:
    """More rows, to be added below those that are there."""
    filters = filters_of(request)
    return render(request, "workspace/_rows.html", {"page": queue.page(request.user, filters)})


@require_safe
@for_staff
def earlier(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """What was said before message ``?before=``."""
    found = visible_conversation(request, public_id)
    before = request.GET.get("before", "")
    if not (before.isascii() and before.isdigit()) or len(before) > 18:
        raise Http404("Before which message?")
    context = {"timeline": timeline.stretch(found, before=int(before)), "rights": panes.rights_of(found, request.user)}
    return render(request, "workspace/_entries.html", context)


@require_safe
@for_staff
def why(request: StaffRequest, public_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    """The trace behind a message of the bot."""
    found = visible_conversation(request, public_id)
    message = get_object_or_404(Message, conversation=found, public_id=message_id)
    runs = AgentRun.objects.select_related("release").filter(conversation_id=found.pk)
    run = runs.filter(pk=message.run_id).first() if message.run_id is not None else None
    context = {
        "trace": traces.read(run) if run is not None else None,
        "may_replay": run is not None and replays.may_replay(run, request.user),
        "replay_url": reverse("workspace-replay-ask", args=[public_id, message_id]),
    }
    return render(request, "workspace/_why.html", context)


def _queue_context(request: StaffRequest, filters: Filters, *, open_id: str = "") -> dict[str, Any]:
    return {
        "filters": filters,
        "views": queue.views_with_counts(request.user, filters),
        "page": queue.page(request.user, filters),
        "open_id": open_id,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "may_claim": allows(request.user, Action.CLAIM_ESCALATION),
    }
