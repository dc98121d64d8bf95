"""Which handler answers which path."""

from collections.abc import Callable
from urllib.parse import unquote

from simulator.http.messages import Request, Response, json_response

Handler = Callable[..., Response]


class Router:
    """Routes by method and path; ``{name}`` in a pattern is one segment, handed over decoded."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, tuple[str, ...], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Answer this method and pattern with this handler."""
        self._routes.append((method, tuple(pattern.split("/")), handler))

    def answer(self, request: Request) -> Response:
        """The handler's answer; 404 where there is none, 405 where only the method differs."""
        segments = request.path.split("/")
        method_differs = False
        for method, pattern, handler in self._routes:
            found = _match(pattern, segments)
            if found is None:
                continue
            if method == request.method:
                return handler(request, **found)
            method_differs = True
        status = 405 if method_differs else 404
        return json_response({"error": "There is nothing here."}, status=status)


def _match(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    found: dict[str, str] = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            found[expected[1:-1]] = unquote(segment)
        elif expected != segment:
            return None
    return found
