"""Replaying the run behind a message of the bot: asked for here, done by a worker, looked for until it is there."""

import uuid

from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agent import tasks
from agent.exceptions import NothingToReplay
from agent.models import AgentRun, Replay
from agent.services import looking_back
from conversations.models import Message
from core.exceptions import NotAllowed
from workspace import replays
from workspace.views.access import StaffRequest, for_staff, visible_conversation


@require_POST
@for_staff
def ask(request: StaffRequest, public_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    """Ask for a replay, ``kind=exact`` or ``kind=what_if``."""
    run = _run_behind(request, public_id, message_id)
    kind = request.POST.get("kind", "")
    if kind not in Replay.Kind.values:
        return HttpResponseBadRequest(_("Choose: the same again, or what if."))
    try:
        replay = looking_back.ask(run, request.user, Replay.Kind(kind))
    except NotAllowed as error:
        return HttpResponse(str(error), status=403, content_type="text/plain")
    except NothingToReplay as reason:
        return render(request, "workspace/_replay.html", {"refusal": str(reason)})
    tasks.begin(replay)
    return _shown(request, replay, public_id, message_id)


@require_safe
@for_staff
def look(request: StaffRequest, public_id: uuid.UUID, message_id: uuid.UUID, replay_id: uuid.UUID) -> HttpResponse:
    """How far a replay is."""
    run = _run_behind(request, public_id, message_id)
    if not looking_back.may_ask(request.user, run):
        return HttpResponse(_("Your role does not replay runs."), status=403, content_type="text/plain")
    replay = get_object_or_404(Replay, run=run, public_id=replay_id)
    return _shown(request, replay, public_id, message_id)


def _run_behind(request: StaffRequest, public_id: uuid.UUID, message_id: uuid.UUID) -> AgentRun:
    found = visible_conversation(request, public_id)
    message = get_object_or_404(Message, conversation=found, public_id=message_id)
    runs = AgentRun.objects.filter(conversation_id=found.pk)
    run = runs.filter(pk=message.run_id).first() if message.run_id is not None else None
    if run is None:
        raise Http404("No run is behind this message.")
    return run


def _shown(request: StaffRequest, replay: Replay, public_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    context = {"replay": replays.read(replay), "conversation_id": public_id, "message_id": message_id}
    return render(request, "workspace/_replay.html", context)
