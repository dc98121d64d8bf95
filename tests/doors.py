"""Both ways in: what is marked ``both_doors`` is tried by Django's chain and DRF's view, and by the quick door."""

from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test.client import ClientHandler

from supportagent.quick_door import reply

WAYS = ("usual", "quick")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test once for each way."""
    if metafunc.definition.get_closest_marker("both_doors"):
        metafunc.fixturenames.append("door")
        metafunc.parametrize("door", WAYS, indirect=True)


@pytest.fixture
def door(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The way that every Client of the test takes with what platforms post."""
    way: str = request.param
    if way == "quick":
        usual = ClientHandler.__call__

        def quick(self: ClientHandler, environ: dict[str, Any]) -> HttpResponseBase:
            found = reply(environ, environ["PATH_INFO"], environ["wsgi.input"])
            if found is None:
                return usual(self, environ)
            answer = HttpResponse(found.body, status=found.status, headers=dict(found.headers))
            # The client looks at it for the address.
            answer.wsgi_request = WSGIRequest(environ)  # type: ignore[attr-defined]
            return answer

        monkeypatch.setattr(ClientHandler, "__call__", quick)
    return way
