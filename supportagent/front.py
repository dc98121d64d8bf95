"""The front door: people go to their work, programs are told what this is."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import resolve_url
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from core.models import User
from supportagent.navigation import doors

NAME = "supportagent"


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """JSON ``{"name", "version", "status"}``, or the way to the caller's work where the caller prefers a page."""
    if _prefers_a_page(request):
        response: HttpResponse = HttpResponseRedirect(_work_of(request))
    else:
        response = JsonResponse({"name": NAME, "version": settings.VERSION, "status": "running"})
    response["Vary"] = "Accept"
    return response


def _work_of(request: HttpRequest) -> str:
    """The first page that the person's role opens; the sign-in for who is not signed in."""
    if not isinstance(request.user, User):
        return resolve_url(settings.LOGIN_URL)
    return next((url for _, url in doors(request.user)), "/workspace/")


def _prefers_a_page(request: HttpRequest) -> bool:
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"


@require_safe
def favicon(_: HttpRequest) -> HttpResponse:
    """The mark, for browsers that ask by the old name."""
    return HttpResponseRedirect(static("img/mark.svg"))
