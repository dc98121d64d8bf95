"""Looking things up in the articles while answering. Workers search; the page asks until the answer is there."""

import uuid
from datetime import timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from agent.models import KnowledgeSearch
from agent.services import searching
from agent.tasks import search_knowledge
from core import bells
from core.exceptions import NotAllowed
from workspace.views.access import StaffRequest, for_staff

# A worker that has just started loads the engine first.
GIVEN_UP = timedelta(seconds=30)


@require_POST
@for_staff
def search(request: StaffRequest) -> HttpResponse:
    """Ask; the answer follows at ``found``."""
    try:
        asked = searching.ask(request.POST.get("q", ""), request.user)
    except NotAllowed as error:
        return HttpResponse(str(error), status=403, content_type="text/plain")
    if asked is not None:
        bells.ring(search_knowledge, asked.pk)
        asked.refresh_from_db()
    return _shown(request, asked)


@require_safe
@for_staff
def found(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """What was found, or that it is still being looked for."""
    asked = searching.asked(public_id, request.user)
    if asked is None:
        raise Http404("There is no such search any more.")
    if not asked.is_answered:
        # The bell may have been lost; rung twice, the second finds nothing to do.
        bells.ring(search_knowledge, asked.pk)
    return _shown(request, asked)


def _shown(request: StaffRequest, asked: KnowledgeSearch | None) -> HttpResponse:
    waits = asked is not None and not asked.is_answered
    context = {
        "search": asked,
        "is_looking": waits,
        "is_given_up": asked is not None and waits and asked.created_at < timezone.now() - GIVEN_UP,
    }
    return render(request, "workspace/_knowledge.html", context)
