"""The doors of outgoing webhooks: what was told to whom, and what is told once more."""

import uuid

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from core.exceptions import NotAllowed
from core.models import User
from core.policy import Action, allows
from integrations import services as integrations
from integrations.exceptions import SubscriptionProblem
from integrations.models import EventDelivery, Subscription
from workspace.operations import events, subscribers
from workspace.operations.views import back, for_operators, person

DEEDS = ("replay-failed", "enable", "disable")


@require_safe
@for_operators
def subscriber_list(request: HttpRequest) -> HttpResponse:
    """Everybody who is told."""
    return render(request, "operations/subscribers.html", {"subscribers": subscribers.everyone()})


@require_safe
@for_operators
def subscriber_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One of them with its log."""
    subscription = get_object_or_404(Subscription.objects.defer("secrets"), public_id=public_id)
    try:
        page = subscribers.log(subscription, cursor=request.GET.get("after", ""))
    except events.CursorInvalid as error:
        raise BadRequest(f"This address cannot be read: {error}") from error
    here = reverse("operations-subscriber", args=[public_id])
    context = {
        "subscriber": subscribers.one(subscription),
        "page": page,
        "here": request.get_full_path(),
        "next_url": f"{here}?after={page.next_cursor}" if page.next_cursor else "",
        "may_decide": allows(person(request), Action.REPLAY_EVENTS),
    }
    return render(request, "operations/subscriber.html", context)


@require_POST
@for_operators
def decide_subscriber(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Send what was given up once more, or silence a subscriber, or tell it again."""
    subscription = get_object_or_404(Subscription, public_id=public_id)
    deed, user = request.POST.get("deed", ""), person(request)
    if deed not in DEEDS:
        raise BadRequest(_("Choose what to do: send again, enable, or disable."))
    try:
        messages.success(request, _done(deed, subscription, user))
    except (NotAllowed, SubscriptionProblem) as problem:
        return back(request, problem=problem)
    return back(request)


@require_POST
@for_operators
def replay_event_delivery(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Send one event once more."""
    delivery = get_object_or_404(EventDelivery.objects.select_related("subscription"), public_id=public_id)
    try:
        integrations.replay_delivery(delivery, person(request))
    except (NotAllowed, SubscriptionProblem) as problem:
        return back(request, problem=problem)
    messages.success(request, _("It is being sent again."))
    return back(request)


def _done(deed: str, subscription: Subscription, user: User) -> str:
    if deed == "enable":
        integrations.enable_subscription(subscription, user)
        return _("It is told again.")
    if deed == "disable":
        integrations.disable_subscription(subscription, user)
        return _("It is told nothing for now.")
    number = integrations.replay_failed(subscription, user)
    words = ngettext("%(number)d event is being sent again.", "%(number)d events are being sent again.", number)
    return words % {"number": number}
