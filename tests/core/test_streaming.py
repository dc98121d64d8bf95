"""Answers in parts, under each kind of server."""

from collections.abc import Iterator

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncRequestFactory, RequestFactory
from rest_framework.request import Request

from core.streaming import streamed_file


def counted(made: list[bytes]) -> Iterator[bytes]:
    """Three parts; each is noted when it is made."""
    for part in (b"one,", b"two,", b"three"):
        made.append(part)
        yield part


def test_a_part_is_made_when_the_one_before_it_was_taken() -> None:
    made: list[bytes] = []
    answer = streamed_file(counted(made), RequestFactory().get("/"), name="a.csv", content_type="text/csv")

    parts = iter(answer)
    before, first, after = list(made), next(parts), list(made)

    assert (before, first, after) == ([], b"one,", [b"one,"])
    assert b"".join(parts) == b"two,three"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a.csv"'


@pytest.mark.parametrize("wrap", [lambda request: request, Request], ids=["django", "rest"])
def test_a_server_of_the_other_kind_does_not_gather_the_parts(wrap: type[Request]) -> None:
    made: list[bytes] = []
    answer = streamed_file(counted(made), wrap(AsyncRequestFactory().get("/")), name="a.csv", content_type="text/csv")

    @async_to_sync
    async def told() -> tuple[bytes, list[bytes], list[bytes]]:
        parts = aiter(answer)
        first, after = await anext(parts), list(made)
        return first, after, [part async for part in parts]

    assert told() == (b"one,", [b"one,"], [b"two,", b"three"])
