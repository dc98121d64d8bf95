"""Calls that name themselves by an ``Idempotency-Key``: done once, and answered alike each time they are repeated.

The call is noted in a row before it is done, and its answer is written in the transaction of the deed itself, so that
there is never a deed without its answer. A call that was refused, or died, left nothing and may be made again.
"""

import functools
import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.clock import now_plus
from core.exceptions import RuleBroken
from core.models import ApiKey, IdempotentCall, User
from core.problems import problem
from core.throttles import caller_name

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)
# Longer than the database lets one statement take.
LEASE = timedelta(seconds=60)
LONGEST = 255
MOST_AT_ONCE = 1_000


class Repeatable(Protocol):
    """What a door with such calls has."""

    @property
    def who(self) -> User | ApiKey: ...


class AnswerLost(RuleBroken):
    """The call took so long that another one has taken its place."""

    def __init__(self) -> None:
        super().__init__("The call took too long and nothing was changed. Send it again.")


Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """A handler of a door that honours the header; without the header nothing is different."""

    @functools.wraps(handler)
    def guarded(view: Repeatable, request: Request, /, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not 0 < len(key) <= LONGEST or not (key.isascii() and key.isprintable()):
            raise ValidationError({HEADER: f"Give 1 to {LONGEST} plain signs, for example a new UUID for each call."})
        # Before anything else reads the body: afterwards it is gone.
        digest = hashlib.sha256(request.body).hexdigest()
        call, earlier = _begin(caller_name(view.who), key, request, digest)
        if call is None:
            return earlier
        return _do_once(call, lambda: handler(view, request, *args, **kwargs))

    guarded.is_idempotent = True  # type: ignore[attr-defined]  # the OpenAPI document and a test look for it
    return guarded


def forget_old_calls() -> int:
    """Let go of answers that are older than a day; how many."""
    old = IdempotentCall.objects.filter(created_at__lt=timezone.now() - KEPT).values_list("pk", flat=True)
    return IdempotentCall.objects.filter(pk__in=list(old[:MOST_AT_ONCE])).delete()[0]


def _begin(caller: str, key: str, request: Request, digest: str) -> tuple[IdempotentCall | None, Response]:
    """The call, noted and ours to do; or None, and what to answer instead."""
    named = {"caller": caller, "key": key, "method": str(request.method), "path": request.path.rstrip("/")[:300]}
    token = uuid.uuid4()
    row = IdempotentCall(**named, body_sha256=digest, token=token, lease_until=now_plus(LEASE))
    IdempotentCall.objects.filter(**named, created_at__lt=timezone.now() - KEPT).delete()
    IdempotentCall.objects.bulk_create([row], ignore_conflicts=True)
    found = IdempotentCall.objects.filter(**named).first()
    if found is None:
        return None, _running()
    if found.token == token:
        return found, Response()
    if found.body_sha256 != digest:
        return None, problem(
            "idempotency-key-reused", f"This {HEADER} was used with another body. Take a new key for a new call."
        )
    if found.status is not None:
        data = json.loads(found.answer) if found.answer else None
        return None, Response(data, status=found.status, headers={"Idempotency-Replayed": "true"})
    # Whoever began it died; it left nothing, or its answer would be here.
    dead = IdempotentCall.objects.filter(pk=found.pk, status=None, token=found.token, lease_until__lt=Now())
    if dead.update(token=token, lease_until=now_plus(LEASE)):
        found.token = token
        return found, Response()
    return None, _running()


def _running() -> Response:
    return problem(
        "idempotency-key-in-use",
        "The first call with this key is still being worked on. Ask again in a second.",
        headers={"Retry-After": "1"},
    )


def _do_once(call: IdempotentCall, do: Callable[[], Response]) -> Response:
    mine = IdempotentCall.objects.filter(pk=call.pk, token=call.token, status=None)
    try:
        with transaction.atomic():
            answer = do()
            _keep(mine, answer)
    except BaseException:
        mine.delete()
        raise
    return answer


def _keep(mine: QuerySet[IdempotentCall], answer: Response) -> None:
    """Write the answer down, in the transaction of the deed. Raises AnswerLost, which takes the deed back."""
    text = JSONRenderer().render(answer.data).decode() if answer.data is not None else ""
    if not mine.update(status=answer.status_code, answer=text):
        raise AnswerLost
