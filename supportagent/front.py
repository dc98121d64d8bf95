"""The front door: people go to their work, programs are told what this is."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.templatetags.static import static
from django.views.decorators.http import require_safe

NAME = "supportagent"
VERSION = "0.1.0"


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """JSON ``{"name", "version", "status"}``, or the way to the workspace where the caller prefers a page."""
    if _prefers_a_page(request):
        response: HttpResponse = HttpResponseRedirect("/workspace/")
    else:
        response = JsonResponse({"name": NAME, "version": VERSION, "status": "running"})
    response["Vary"] = "Accept"
    return response


def _prefers_a_page(request: HttpRequest) -> bool:
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"


@require_safe
def favicon(_: HttpRequest) -> HttpResponse:
    """The mark, for browsers that ask by the old name."""
    return HttpResponseRedirect(static("img/mark.svg"))
