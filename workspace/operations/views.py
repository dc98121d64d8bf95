"""The doors of the operators' page: what they see, and what they decide, each one call into a service."""

import functools
import uuid
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast, get_args

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from conversations import services as conversations
from conversations.exceptions import DeliveryNotDecidable
from conversations.models import Delivery
from conversations.services.deliveries import Decision
from core.exceptions import NotAllowed
from core.models import User
from core.policy import Action, allows, require
from integrations import services as integrations
from integrations.exceptions import ReasonMissing
from integrations.models import PlatformAccount, WebhookEvent
from integrations.services.events import MOST_AT_ONCE, Sight, Tally
from workspace.models import DrillRun
from workspace.operations import balance, board, drills, events, filters, sends

P = ParamSpec("P")
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
DEEDS = ("replay", "drop")
SEND_STATES = {"": "", "needs_review": "needs_review", "dead": "dead"}


def for_operators(view: Door[P]) -> Door[P]:
    """Let in whoever may see operations; others are asked to sign in, or told that this is not for them."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), str(settings.LOGIN_URL))
        if not allows(person(request), Action.VIEW_OPERATIONS):
            return render(request, "operations/denied.html", status=403)
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@for_operators
def operations(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    asked = _filters(request)
    context = {
        "board": board.read(asked, now=timezone.now()),
        "board_url": reverse("operations-board") + f"?{asked.query()}",
        "periods": _periods(asked, reverse("operations")),
        "accounts": list(PlatformAccount.objects.receiving().defer("secrets").order_by("name", "pk")),
        "may_pause": allows(person(request), Action.PAUSE_BOT),
    }
    return render(request, "operations/page.html", context)


@require_safe
def live_board(request: HttpRequest) -> HttpResponse:
    """The live part alone, as an open page fetches it again: 401 and 403 without a body where it may not."""
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    if not allows(person(request), Action.VIEW_OPERATIONS):
        return HttpResponse(status=403)
    found = board.read(_filters(request), now=timezone.now())
    return render(request, "operations/_board.html", {"board": found})


@require_safe
@for_operators
def event_list(request: HttpRequest) -> HttpResponse:
    """The events that a number counts, a page of them."""
    asked, now = _filters(request), timezone.now()
    try:
        page = events.page(asked, now=now, cursor=request.GET.get("after", ""))
    except events.CursorInvalid as error:
        raise BadRequest(f"This address cannot be read: {error}") from error
    here = reverse("operations-events")
    context = {
        "page": page,
        "number": asked.events(now).count(),
        "title": _title(asked),
        "filters": asked,
        "states": [
            {"label": capfirst(label), "url": f"{here}?{asked.showing(key).query()}", "active": key == asked.state}
            for key, label in {"": _("all"), filters.SET_ASIDE: _("set aside"), **balance.labels()}.items()
        ],
        "periods": _periods(asked, here),
        "here": request.get_full_path(),
        "next_url": f"{here}?{asked.query(after=page.next_cursor)}" if page.next_cursor else "",
        "first_url": f"{here}?{asked.query()}" if request.GET.get("after") else "",
        "may_decide": allows(person(request), Action.REPLAY_EVENTS),
        "can_decide": any(row.may_replay or row.may_drop for row in page.rows),
    }
    return render(request, "operations/events.html", context)


@require_safe
@for_operators
def event_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One event with its body, masked."""
    return _show_event(request, get_object_or_404(WebhookEvent, pk=pk), unmasked=False)


@require_POST
@for_operators
def reveal(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The same with its body as it came, for those who may; noted in the audit trail."""
    event = get_object_or_404(WebhookEvent, pk=pk)
    try:
        integrations.reveal_event(event, person(request))
    except NotAllowed as problem:
        return back(request, problem=problem, to=reverse("operations-event", args=[pk]))
    return _show_event(request, event, unmasked=True)


@require_POST
@for_operators
def decide_events(request: HttpRequest) -> HttpResponse:
    """Take the chosen events in again, or drop them."""
    deed, reason = request.POST.get("deed", ""), request.POST.get("reason", "")
    if deed not in DEEDS:
        raise BadRequest(_("Choose what to do: take in again, or drop."))
    try:
        sights = _sights(request)
        if not sights:
            messages.warning(request, _("Choose at least one event first."))
            return back(request)
        if deed == "replay":
            tally = integrations.replay_events(sights, person(request), reason=reason)
        else:
            tally = integrations.drop_events(sights, person(request), reason=reason)
    except events.CursorInvalid as error:
        raise BadRequest(f"This form cannot be read: {error}") from error
    except (NotAllowed, ReasonMissing) as problem:
        return back(request, problem=problem)
    _tell(request, deed, tally)
    return back(request)


@require_safe
@for_operators
def send_list(request: HttpRequest) -> HttpResponse:
    """The replies that wait for a decision."""
    state = request.GET.get("state", "")
    if state not in SEND_STATES:
        raise BadRequest(_("The filter state cannot be read."))
    try:
        page = sends.page(state=state, cursor=request.GET.get("after", ""))
    except events.CursorInvalid as error:
        raise BadRequest(f"This address cannot be read: {error}") from error
    here = reverse("operations-sends")
    context = {
        "page": page,
        "number": (sends.stuck().filter(state=state) if state else sends.stuck()).count(),
        "states": [
            {"label": label, "url": f"{here}?state={key}" if key else here, "active": key == state}
            for key, label in {"": _("All"), "needs_review": _("In doubt"), "dead": _("Failed")}.items()
        ],
        "here": request.get_full_path(),
        "next_url": f"{here}?state={state}&after={page.next_cursor}" if page.next_cursor else "",
        "may_decide": allows(person(request), Action.DECIDE_DELIVERY),
    }
    return render(request, "operations/sends.html", context)


@require_POST
@for_operators
def decide_send(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say what is to become of a reply that failed or is in doubt."""
    delivery = get_object_or_404(Delivery, public_id=public_id)
    decision, fence = request.POST.get("decision", ""), request.POST.get("fence", "")
    if decision not in get_args(Decision) or not (fence.isascii() and fence.isdigit()):
        raise BadRequest(_("Decide: it arrived, send it again, or drop it."))
    reason = request.POST.get("reason", "")
    if decision == "drop" and not reason.strip():
        return back(request, problem=ReasonMissing())
    if decision == "send_again" and delivery.state == Delivery.State.NEEDS_REVIEW and not request.POST.get("sure"):
        messages.warning(request, _("It may arrive twice. Tick that you know, then send it again."))
        return back(request)
    try:
        conversations.decide_delivery(
            delivery, person(request), cast("Decision", decision), reason=reason, seen_fence=int(fence)
        )
    except (NotAllowed, DeliveryNotDecidable) as problem:
        return back(request, problem=problem)
    done = {
        "arrived": _("Noted: it arrived."),
        "send_again": _("It is being sent again."),
        "drop": _("Dropped. The conversation says so."),
    }
    messages.success(request, done[decision])
    return back(request)


@require_POST
@for_operators
def start_drill(request: HttpRequest) -> HttpResponse:
    """Begin a drill."""
    try:
        drills.start(person(request))
    except (NotAllowed, drills.DrillNotAllowed, drills.DrillRuns) as problem:
        return back(request, problem=problem)
    messages.success(request, _("The drill has begun. It takes a minute or two, and touches none of your data."))
    return back(request)


@require_safe
@for_operators
def drill_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What a drill said, word for word."""
    run = get_object_or_404(DrillRun.objects.select_related("started_by"), public_id=public_id)
    return render(request, "operations/drill.html", {"run": run, "goes_on": drills.goes_on(run)})


def person(request: HttpRequest) -> User:
    """Who asks."""
    return cast(User, request.user)


def _filters(request: HttpRequest) -> filters.Filters:
    try:
        return filters.read(request.GET)
    except filters.FiltersInvalid as error:
        raise BadRequest(f"The filter {error} cannot be read.") from error


def _periods(asked: filters.Filters, here: str) -> list[dict[str, Any]]:
    return [
        {"label": period.label, "url": f"{here}?{asked.over(period).query()}", "active": period == asked.period}
        for period in filters.Period
    ]


def _title(asked: filters.Filters) -> str:
    if not asked.state:
        return _("Events received")
    if asked.state == filters.SET_ASIDE:
        return _("Events set aside")
    return _("Events: %(end)s") % {"end": balance.labels()[asked.state]}


def _show_event(request: HttpRequest, event: WebhookEvent, *, unmasked: bool) -> HttpResponse:
    user = person(request)
    context = {
        "row": events.rows([event])[0],
        "body": events.body_of(event, unmasked=unmasked),
        "unmasked": unmasked,
        "may_reveal": allows(user, Action.REVEAL_PII),
        "may_decide": allows(user, Action.REPLAY_EVENTS),
        "here": reverse("operations-event", args=[event.pk]),
    }
    return render(request, "operations/event.html", context)


def _sights(request: HttpRequest) -> list[Sight]:
    """The events that were ticked, or with ``all`` as many of the whole list as one press may move."""
    if not request.POST.get("all"):
        return [events.read_token(token) for token in request.POST.getlist("event")]
    require(person(request), Action.REPLAY_EVENTS)
    try:
        asked = filters.read(request.POST)
    except filters.FiltersInvalid as error:
        raise BadRequest(f"The filter {error} cannot be read.") from error
    found = asked.events(timezone.now()).order_by("received_at", "pk").defer("body", "headers")
    return [Sight.of(event) for event in found[:MOST_AT_ONCE]]


def _tell(request: HttpRequest, deed: str, tally: Tally) -> None:
    if tally.done:
        words = (
            ngettext(
                "%(number)d event is being taken in again.", "%(number)d events are being taken in again.", tally.done
            )
            if deed == "replay"
            else ngettext("%(number)d event was dropped.", "%(number)d events were dropped.", tally.done)
        )
        messages.success(request, words % {"number": tally.done})
    for problem, number in tally.problems.items():
        messages.warning(request, f"{problem} ({number})" if number > 1 else problem)


def back(request: HttpRequest, *, problem: Exception | None = None, to: str = "") -> HttpResponseRedirect:
    """To the page that the form was on, with the problem said there."""
    if problem is not None:
        messages.error(request, str(problem))
    wanted = to or request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) or not wanted.startswith("/operations/"):
        wanted = reverse("operations")
    return HttpResponseRedirect(wanted)
