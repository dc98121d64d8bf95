"""The dashboard's doors: the page, its live part, the rows behind a figure, and those rows as a file."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics import board, rows
from analytics.files import TooManyRows, file_of
from analytics.filters import Filters, FiltersInvalid, Period, read
from analytics.metrics import METRICS, Metric, PartUnknown
from analytics.scope import Scope
from core.exceptions import TooManyExports
from core.models import Team, User
from core.policy import Action, Grant, allows, reach
from integrations.models import PlatformAccount

LONGEST_WALK = timedelta(hours=24)
Door = Callable[..., HttpResponse]


def opened_by(action: Action) -> Callable[[Door], Door]:
    """Let in who may do ``action``; others are asked to sign in, or told that this is not for them."""

    def guard(view: Door) -> Door:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), str(settings.LOGIN_URL))
            if not allows(_person(request), action):
                return denied(request)
            return view(request, *args, **kwargs)

        return guarded

    return guard


def denied(request: HttpRequest) -> HttpResponse:
    """The page for people whose role does not reach here."""
    return render(request, "analytics/denied.html", status=403)


@require_safe
@opened_by(Action.VIEW_DASHBOARD)
def dashboard(request: HttpRequest) -> HttpResponse:
    """The whole page; ``?wall=1`` for a screen on the wall."""
    scope = _scope(request)
    return render(request, "analytics/dashboard.html", _page_context(request, scope) | {"board": board.read(scope)})


@require_safe
def tiles(request: HttpRequest) -> HttpResponse:
    """The live part alone, as an open page fetches it again: 401 and 403 without a body where it may not."""
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    if not allows(_person(request), Action.VIEW_DASHBOARD):
        return HttpResponse(status=403)
    return render(request, "analytics/_board.html", {"board": board.read(_scope(request))})


@require_safe
@opened_by(Action.VIEW_DASHBOARD)
def metric_rows(request: HttpRequest, key: str) -> HttpResponse:
    """The rows that a figure counts, a page of them.

    The address of the next page names the instant of the first (``at``), so that whoever walks the list sees one state
    of "the last hour", however long they take.
    """
    metric, part = _metric(key), request.GET.get("part", "")
    scope = _scope(request, now=_instant(request))
    if not allows(_person(request), metric.action):
        return denied(request)
    try:
        page = rows.page(metric, scope, part=part, cursor=request.GET.get("after", ""))
        number = metric.rows(scope, part).count()
    except (PartUnknown, rows.CursorInvalid) as error:
        raise BadRequest(f"This address cannot be read: {error}") from error
    filters = scope.filters
    here = request.path
    context = {
        "metric": metric,
        "part": metric.part_words(part) if part else "",
        "raw_part": part,
        "number": number,
        "page": page,
        "next_url": f"{here}?{filters.query(part=part, at=scope.now.isoformat(), after=page.next_cursor)}"
        if page.next_cursor
        else "",
        "first_url": f"{here}?{filters.query(part=part)}" if request.GET.get("after") else "",
        "file_url": f"{here}csv/?{filters.query(part=part)}",
        "back_url": _dashboard_url(filters),
        "period": board.period_words(filters.period) if metric.of_period else "",
        "may_export": allows(_person(request), Action.EXPORT_ANALYTICS),
    }
    around = _page_context(request, scope)
    if not metric.of_period:
        around["periods"] = []
    return render(request, "analytics/rows.html", around | context)


@require_safe
@opened_by(Action.EXPORT_ANALYTICS)
def metric_file(request: HttpRequest, key: str) -> HttpResponse:
    """The same rows as CSV, audited. More than LONGEST_FILE are refused, so that no file is silently cut."""
    metric, scope, part = _metric(key), _scope(request), request.GET.get("part", "")
    user = _person(request)
    if not (allows(user, Action.VIEW_DASHBOARD) and allows(user, metric.action)):
        return denied(request)
    try:
        return file_of(metric, scope, part=part, by=user)
    except PartUnknown as error:
        raise BadRequest(f"This address cannot be read: {error}") from error
    except (TooManyRows, TooManyExports) as limit:
        messages.error(request, str(limit))
    return HttpResponseRedirect(board.rows_url(key, scope.filters, part))


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def _metric(key: str) -> Metric:
    try:
        return METRICS[key]
    except KeyError as error:
        raise Http404(_("There is no such figure.")) from error


def _scope(request: HttpRequest, *, now: datetime | None = None) -> Scope:
    try:
        filters = read(request.GET)
    except FiltersInvalid as error:
        raise BadRequest(f"The filter {error} cannot be read.") from error
    return Scope(who=_person(request), filters=filters, now=now or timezone.now())


def _instant(request: HttpRequest) -> datetime | None:
    """The instant that a walk through a list began at; None where it begins now."""
    given = request.GET.get("at", "")
    if not given:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError as error:
        raise BadRequest(f"The time {given!r} cannot be read: open the list anew from the dashboard.") from error
    # A time without its zone is no instant, and one from elsewhere would show another figure than the dashboard.
    if at.tzinfo is None or not timezone.now() - LONGEST_WALK <= at <= timezone.now():
        raise BadRequest("This page of the list is too old: open the list anew from the dashboard.")
    return at


def _dashboard_url(filters: Filters, **more: str) -> str:
    query = filters.query(**more)
    return "/dashboard/" + (f"?{query}" if query else "")


def _page_context(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    """What is around the figures: the filters one can choose, and the ways to and from the wall."""
    user, filters = _person(request), scope.filters
    accounts = PlatformAccount.objects.receiving().defer("secrets")
    teams = Team.objects.all()
    if reach(user, Action.VIEW_DASHBOARD) is not Grant.ALL:
        accounts = accounts.filter(team__in=user.policy_team_ids)
        teams = teams.filter(pk__in=user.policy_team_ids)
    known = list(accounts)
    is_wall = request.GET.get("wall") == "1"
    context: dict[str, Any] = {
        "filters": filters,
        "platforms": [
            choice for choice in PlatformAccount.Platform.choices if choice[0] in {a.platform for a in known}
        ],
        "accounts": known,
        "teams": list(teams),
        "periods": [
            {
                "label": period.label,
                "url": f"{request.path}?{_over(request, scope, period)}",
                "active": period == filters.period,
            }
            for period in Period
        ],
        "is_wall": is_wall,
        "wall_url": _dashboard_url(filters, wall="1"),
        "page_url": _dashboard_url(filters),
        "tiles_url": f"/dashboard/tiles/?{filters.query()}",
    }
    return context | ({"nav": []} if is_wall else {})


def _over(request: HttpRequest, scope: Scope, period: Period) -> str:
    return scope.filters.over(period).query(part=request.GET.get("part", ""), wall=request.GET.get("wall", ""))
