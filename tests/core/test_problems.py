"""Every problem that `/api/v1/` answers stands in docs/api.md with its status, and no other; each is met here."""

import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import OperationalError
from django.urls import get_resolver
from django.utils import timezone
from pytest_django import Settings
from rest_framework.exceptions import APIException

from core import idempotency, problems
from core.clock import now_plus
from core.doors import NotRead
from core.exceptions import RuleBroken
from core.models import IdempotentCall
from tests.conversations.talk import wrote
from tests.rest import Caller, with_key

pytestmark = pytest.mark.django_db

BASE = Path(django_settings.BASE_DIR)
ROW = re.compile(r"^\| (\d{3}) \| `([a-z-]+)` \| .+ \| .+ \|$", re.MULTILINE)
LIST = "/api/v1/conversations/"
# Families, and rules of what no door of `/api/v1/` does, by where it is done.
ELSEWHERE = {
    "RuleBroken AgentError ConversationError": "names of families",
    "NoPictures NotAPicture PictureTooLarge PictureDamaged PromiseInThePast PromiseEnded AlreadyDecided NobodyChosen NotDecided NothingToClaim": "the workspace",
    "UnknownKey InvalidValue ReleaseIncomplete NothingToRollBackTo SecondPersonNeeded NotInRelease": "releases",
    "ArticleExists ArticleNotUsed DateInThePast NothingToImport NothingToReplay": "the admin",
    "NothingToLearnFrom ExchangeMissing ToolInputInvalid ReadingFailed": "the agent's own work",
    # A door that saves an article makes no draft where nothing was published.
    "NothingPublished": "setting up",
    "NotTheBots": "the older project's door",
}
NOT_HERE = {name for names in ELSEWHERE for name in names.split()}


def everything_below(family: type[Exception]) -> set[type[Exception]]:
    """The classes of the product that are of a family, with it."""
    below: list[type[Exception]] = family.__subclasses__()
    found = {family}.union(*(everything_below(each) for each in below))
    return {each for each in found if each.__module__.partition(".")[0] in OURS}


OURS = {Path(app.path).name for app in apps.get_app_configs() if Path(app.path).parent == BASE} | {"supportagent"}
# Loads every door, and so the rules that they import.
assert get_resolver().url_patterns
RULES: set[Any] = {each for each in everything_below(RuleBroken) if each.__name__ not in NOT_HERE}


def posted(body: Any, *, content_type: str = "application/json", key: str = "") -> Any:
    """The answer to a reply in a conversation."""
    caller = with_key("messages:send")
    headers = {"idempotency-key": key} if key else {}
    data = body if isinstance(body, bytes) else b'{"text": "Hi"}'
    address = f"{LIST}{wrote().public_id}/reply/"
    return caller.client.post(address, data, content_type=content_type, headers=caller.headers | headers)


def repeated(second: bytes, *, is_running: bool) -> Any:
    """The answer to a call whose key was used a moment ago."""
    caller, conversation = with_key("messages:send"), wrote()
    address = f"{LIST}{conversation.public_id}/reply/"
    caller.post(address, {"text": "Hi"}, key="a")
    if is_running:
        lease = now_plus(idempotency.LEASE)
        IdempotentCall.objects.update(status=None, lease_until=lease, token=uuid.uuid4(), created_at=timezone.now())
    return caller.post(address, second, key="a")


def called(path: str = LIST, *scopes: str, times: int = 1, method: str = "get", **headers: str) -> Any:
    """The answer to the last of some calls with a key."""
    caller = with_key(*(scopes or ("conversations:read",)))
    answers = [getattr(caller.client, method)(path, headers=caller.headers | headers) for _ in range(times)]
    return answers[-1]


MET: dict[str, Callable[[], Any]] = {
    "invalid": lambda: called(f"{LIST}?colour=red"),
    "parse-error": lambda: posted(b"{"),
    "not-authenticated": lambda: Caller().get(LIST),
    "key-not-valid": lambda: Caller(key="sak_none_such").get(LIST),
    "not-allowed": lambda: called(LIST, "operations:read"),
    "not-found": lambda: called(f"{LIST}{uuid.uuid4()}/"),
    "no-such-address": lambda: called("/api/v1/conversation/"),
    "method-not-allowed": lambda: called(method="delete"),
    "not-acceptable": lambda: called(accept="text/html"),
    "body-too-large": lambda: posted(b" " * (django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)),
    "unsupported-media-type": lambda: posted(b"text=Hi", content_type="application/x-www-form-urlencoded"),
    "idempotency-key-in-use": lambda: repeated(b'{"text": "Hi"}', is_running=True),
    "idempotency-key-reused": lambda: repeated(b'{"text": "Other"}', is_running=False),
    "throttled": lambda: called(times=3),
    "too-many-exports": lambda: called(f"{LIST}export/", "conversations:export", times=2),
    "internal-server-error": lambda: problems.broken("request-1"),
    "service-unavailable": lambda: problems.answer(OperationalError("away"), {}),
}


def test_the_guides_table_has_every_code_with_its_status_and_no_other() -> None:
    guide = [(code, int(status)) for status, code in ROW.findall((BASE / "docs" / "api.md").read_text())]

    assert len(guide) == len(dict(guide))
    assert dict(guide) == problems.CODES | {problems.code_of(rule): 409 for rule in RULES}


def test_every_rule_is_a_problem_of_the_api_or_of_somewhere_else() -> None:
    names = [each.__name__ for each in everything_below(RuleBroken)]

    assert len(names) == len(set(names))
    assert set(names) >= NOT_HERE


@pytest.mark.parametrize("code", problems.CODES)
def test_a_refusal_is_told_with_its_code_and_status(code: str, settings: Settings) -> None:
    settings.API_CALLS_PER_MINUTE, settings.EXPORTS_PER_HOUR = 2, 1

    answer = MET[code]()

    told = getattr(answer, "data", None) or json.loads(answer.content)
    assert (answer.status_code, told["status"], told["code"]) == (problems.CODES[code],) * 2 + (code,)
    assert told["type"] == problems.TYPES + code
    assert told["detail"]
    assert problems.CONTENT_TYPE in {answer.headers.get("Content-Type"), getattr(answer, "content_type", None)}


@pytest.mark.parametrize("rule", sorted(RULES, key=str))
def test_a_broken_rule_is_told_by_its_name(rule: type[RuleBroken]) -> None:
    answer = problems.answer(rule.__new__(rule), {})

    assert answer is not None
    assert (answer.status_code, answer.data["code"]) == (409, problems.code_of(rule))


def test_no_other_error_of_ours_reaches_a_door_of_the_api() -> None:
    # The older project's doors and /metrics have answers of their own.
    elsewhere = {NotRead.__name__, "_CannotBegin", "CannotBeJudged"}

    ours = {each.__name__ for each in everything_below(APIException)}

    assert ours - elsewhere == {"BodyTooLarge"}


def test_nginx_tells_the_same_codes() -> None:
    told = re.findall(r'problem:([a-z-]+)".*?"status": (\d+)', (BASE / "deploy" / "nginx.conf").read_text())

    assert told
    assert {code: int(status) for code, status in told}.items() <= problems.CODES.items()
