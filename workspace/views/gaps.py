"""What customers asked and no article answers: the list, and what is made of each."""

import uuid

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agent.exceptions import AgentError
from agent.models import Gap
from agent.services import gaps
from core.policy import Action, allows
from workspace.views.access import StaffRequest, for_staff

MOST_PAGES = 500


@require_safe
@for_staff
def gap_list(request: StaffRequest) -> HttpResponse:
    """The gaps in one state, those asked most first."""
    _let_in(request)
    state = request.GET.get("state", Gap.State.OPEN)
    number = request.GET.get("page", "0")
    if state not in Gap.State.values or not (number.isascii() and number.isdecimal()) or int(number[:9]) > MOST_PAGES:
        raise BadRequest(_("There is no such page."))
    shown, has_more = gaps.page_of_gaps(state, int(number))
    here = reverse("knowledge-gaps")
    context = {
        "gaps": shown,
        "state": state,
        "states": Gap.State.choices,
        "next_url": f"{here}?state={state}&page={int(number) + 1}" if has_more else "",
        "first_url": f"{here}?state={state}" if int(number) else "",
    }
    return render(request, "workspace/gaps.html", context)


@require_POST
@for_staff
def decide_gap(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Draft an article from a person's answer, say that there is to be none, or that there is to be one after all."""
    _let_in(request)
    gap = get_object_or_404(Gap, public_id=public_id)
    deed = request.POST.get("deed", "")
    if deed not in {"draft", "dismiss", "reopen"}:
        raise BadRequest(_("Choose what to do: draft an article, dismiss, or reopen."))
    if deed == "dismiss":
        gaps.dismiss(gap, request.user)
        messages.success(request, _("Put away. It waits under “Not for an article”, should you change your mind."))
        return redirect("knowledge-gaps")
    if deed == "reopen":
        gaps.reopen(gap, request.user)
        messages.success(request, _("Open again."))
        return redirect("knowledge-gaps")
    try:
        article = gaps.draft_article(gap, request.user)
    except AgentError as problem:
        messages.error(request, str(problem))
        return redirect("knowledge-gaps")
    messages.success(request, _("Drafted. Read it over: it was written for one customer."))
    return redirect("admin:agent_article_change", article.pk)


def _let_in(request: StaffRequest) -> None:
    """Customers of all teams are quoted here."""
    if not (allows(request.user, Action.EDIT_KNOWLEDGE) and allows(request.user, Action.VIEW_ALL_CONVERSATIONS)):
        raise PermissionDenied
