"""Long answers, part by part: a part is made when the one before it was taken, so that no answer is held whole."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.http import HttpRequest, StreamingHttpResponse
from rest_framework.request import Request


def streamed_file(
    parts: Iterator[bytes], request: HttpRequest | Request, *, name: str, content_type: str
) -> StreamingHttpResponse:
    """The parts as a file to be saved under ``name``. What they read of the database is read while they are sent."""
    # Each kind of server takes iterators of its own kind one by one, and gathers all of the other's. Only ASGI's have a scope.
    body: AsyncIterator[bytes] | Iterator[bytes] = _taken(parts) if hasattr(request, "scope") else parts
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(body, content_type=content_type, headers=disposition)


async def _taken(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    take = sync_to_async(_next)
    while (part := await take(parts)) is not None:
        yield part


def _next(parts: Iterator[bytes]) -> bytes | None:
    # A StopIteration cannot leave a coroutine.
    return next(parts, None)
