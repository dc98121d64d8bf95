"""The way in for platforms under ASGI: one hop between threads for a request.

Django's own handler makes a thread for each request, goes to and fro between it and the loop, and listens beside it for
a caller who hangs up. Pages need that; for a webhook it is most of what the answer costs. Whoever hangs up here is
answered all the same, and nobody reads it: what they sent is kept, or it is not, and they repeat it.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, Protocol, cast

from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.db import connections
from django.http.response import HttpResponse, HttpResponseBase
from django.urls import set_script_prefix

from supportagent.middleware import DOORS
from supportagent.quick_door import reply

# Those that wait for the database must leave a thread for who only has to prove that we are here.
THREADS = 16


class Application(Protocol):
    """An ASGI application."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class DoorHandler(ASGIHandler):
    """Answers with the whole of Django's chain in one thread of its own. Its views answer at once and stream nothing."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self._hands = ThreadPoolExecutor(THREADS, thread_name_prefix="door")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            response = await asyncio.get_running_loop().run_in_executor(self._hands, self._answer, scope, body)
        await self.send_response(response, send)

    def _answer(self, scope: Any, body: IO[bytes]) -> HttpResponseBase:
        found = None if scope.get("root_path") else reply(_meta_of(scope), scope["path"], body)
        if found is not None:
            connections.close_all()
            return HttpResponse(found.body, status=found.status, headers=dict(found.headers))
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=type(self), scope=scope)
        request, refusal = self.create_request(scope, body)
        response = refusal if refusal is not None else self.get_response(cast("ASGIRequest", request))
        # Here and not once it is sent: what is let go is this thread's. It may rest for long, and holds no connection then.
        response.close()
        connections.close_all()
        return response


def _meta_of(scope: Any) -> dict[str, Any]:
    """What WSGI would tell of the request. A header that came twice is one, as HTTP has it."""
    told: dict[str, Any] = {"REQUEST_METHOD": scope["method"], "wsgi.url_scheme": scope.get("scheme", "http")}
    if scope.get("client"):
        told["REMOTE_ADDR"] = scope["client"][0]
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin1").upper(), raw_value.decode("latin1")
        if "_" in name:
            # Else it could be taken for another one, which a proxy of ours has judged.
            continue
        key = name.replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        told[key] = f"{told[key]},{value}" if key in told else value
    return told


class Entrance:
    """Leads what platforms call to the door, and everybody else to the pages."""

    def __init__(self, *, door: Application, pages: Application) -> None:
        self._door = door
        self._pages = pages

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass one request on."""
        way = self._door if scope["path"].startswith(DOORS) else self._pages
        await way(scope, receive, send)
