"""Who may come in, and what the address means. A conversation one may not see does not exist."""

import functools
import uuid
from collections.abc import Callable
from typing import Concatenate, ParamSpec
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django_htmx.http import trigger_client_event
from django_htmx.middleware import HtmxDetails

from conversations.models import Conversation
from core.models import User
from core.policy import Action, allows
from workspace.queue import Filters

P = ParamSpec("P")
MOST_FIELDS = 20


class StaffRequest(HttpRequest):
    """A request of somebody who has been let in."""

    user: User
    htmx: HtmxDetails


View = Callable[Concatenate[StaffRequest, P], HttpResponseBase]


def for_staff(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let in people whose role reads conversations; send others to the sign-in, or tell them why not."""

    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return _to_sign_in(request)
        if not allows(request.user, Action.VIEW_TEAM_CONVERSATIONS):
            return render(request, "workspace/denied.html", status=403)
        return view(request, *args, **kwargs)  # type: ignore[arg-type]  # it is a StaffRequest now

    functools.update_wrapper(guarded, view)
    return guarded


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    sign_in = resolve_url(settings.LOGIN_URL)
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    if htmx:
        # The page decides when to go: it may hold words that were not sent.
        here = urlsplit(htmx.current_url or "").path or "/workspace/"
        address = f"{sign_in}?{urlencode({'next': here})}"
        return trigger_client_event(HttpResponse(status=401), "workspace:signed-out", {"url": address})
    return HttpResponseRedirect(f"{sign_in}?{urlencode({'next': request.get_full_path()})}")


def filters_of(request: StaffRequest) -> Filters:
    """The view of the queue that the page shows: from its own address, or from that of the page that asks."""
    given = {key: str(value) for key, value in request.GET.items()}
    if "view" not in given and request.htmx:
        page = urlsplit(request.htmx.current_url or "").query
        try:
            given |= dict(parse_qsl(page, max_num_fields=MOST_FIELDS))
        except ValueError:
            given |= {}
    return Filters.read(given)


def visible_conversation(request: StaffRequest, public_id: uuid.UUID) -> Conversation:
    """The conversation, if the person may see it; Http404 otherwise."""
    found = Conversation.objects.visible_to(request.user).select_related("customer", "assignee", "team")
    conversation = found.filter(public_id=public_id).first()
    if conversation is None:
        raise Http404("There is no such conversation.")
    return conversation


def read_uuid(value: str | None) -> uuid.UUID | None:
    """A UUID from a form; None where it is missing or none."""
    try:
        return uuid.UUID(value or "")
    except ValueError:
        return None
