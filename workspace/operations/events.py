"""Events from the platforms as an operator reads them: a list, and one with its body, cut to size and masked."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from core.masking import mask
from core.text import clean_text, one_line
from integrations.models import PlatformAccount, WebhookEvent
from integrations.services.events import DROPPABLE, REPLAYABLE, Sight
from workspace.operations.filters import Filters, sole_accounts

PAGE_SIZE = 50
SHOWN_BYTES = 16 * 1024
LARGEST_KEY = 2**63
KINDS = {
    WebhookEvent.State.INGESTED: "ok",
    WebhookEvent.State.QUARANTINED: "warn",
    WebhookEvent.State.CONFLICT: "warn",
    WebhookEvent.State.DEAD: "danger",
    WebhookEvent.State.RECEIVED: "info",
}
WORDS = {
    WebhookEvent.State.RECEIVED: "Waiting",
    WebhookEvent.State.INGESTED: "Stored",
    WebhookEvent.State.CONFLICT: "Refused",
}


class CursorInvalid(Exception):
    """The place in the list that an address names cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One event of a list."""

    event: WebhookEvent
    account: str
    state: str
    kind: str
    why: str
    token: str
    may_replay: bool
    may_drop: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A stretch of the list, newest first, and the place at which the next one begins; empty at the end."""

    rows: list[Row]
    next_cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """An event's bytes as text. ``left_out`` are the bytes that were too many to show."""

    text: str
    size: int
    left_out: int


def page(filters: Filters, *, now: datetime, cursor: str = "") -> Page:
    """The events after ``cursor``, PAGE_SIZE at most, without their bodies, in 2 queries. Raises CursorInvalid."""
    found = filters.events(now).order_by("-received_at", "-pk").defer("body", "headers")
    if cursor:
        found = found.filter(_after(cursor))
    items = list(found[: PAGE_SIZE + 1])
    shown = items[:PAGE_SIZE]
    last = shown[-1] if len(items) > PAGE_SIZE else None
    return Page(rows=rows(shown), next_cursor=f"{last.received_at.isoformat()}~{last.pk}" if last else "")


def latest_set_aside(number: int) -> list[Row]:
    """The newest that wait for somebody, whenever they came."""
    waiting = WebhookEvent.objects.filter(state__in=DROPPABLE).order_by("-received_at", "-pk").defer("body", "headers")
    return rows(list(waiting[:number]))


def rows(items: list[WebhookEvent]) -> list[Row]:
    """The events with their accounts' names, in one query."""
    accounts = {account.pk: account for account in PlatformAccount.objects.defer("secrets")} if items else {}
    sole = sole_accounts(accounts.values())
    found = (accounts.get(item.account_id_hint or sole.get(item.source, 0)) for item in items)
    return [_row(item, account.name if account else "") for item, account in zip(items, found, strict=True)]


def read_token(token: str) -> Sight:
    """What a form sends of an event: how it stood when the page was drawn. Raises CursorInvalid."""
    pk, _first, rest = token.partition("~")
    state, _second, since = rest.partition("~")
    try:
        sight = Sight(pk=int(pk), state=state, since=datetime.fromisoformat(since))
    except ValueError as error:
        raise CursorInvalid(token) from error
    if sight.since.tzinfo is None or state not in WebhookEvent.State.values or not 0 < sight.pk < LARGEST_KEY:
        raise CursorInvalid(token)
    return sight


def body_of(event: WebhookEvent, *, unmasked: bool = False) -> Body:
    """The body to look at: readable JSON indented, anything else as it is, with what is not UTF-8 made visible."""
    raw = bytes(event.body)
    text = _indented(raw) if len(raw) <= SHOWN_BYTES else raw[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    shown = clean_text(text, limit=4 * SHOWN_BYTES)
    return Body(text=shown if unmasked else mask(shown), size=len(raw), left_out=max(0, len(raw) - SHOWN_BYTES))


def _indented(raw: bytes) -> str:
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "backslashreplace")


def _row(event: WebhookEvent, account: str) -> Row:
    state = WebhookEvent.State(event.state)
    return Row(
        event=event,
        account=account or event.source,
        state=WORDS.get(state, str(state.label)),
        kind=KINDS.get(state, ""),
        why=one_line(event.reason, 160),
        token=f"{event.pk}~{event.state}~{event.next_attempt_at.isoformat()}",
        may_replay=event.state in REPLAYABLE,
        may_drop=event.state in DROPPABLE,
    )


def _after(cursor: str) -> Q:
    moment, _separator, key = cursor.partition("~")
    try:
        value, pk = datetime.fromisoformat(moment), int(key)
    except ValueError as error:
        raise CursorInvalid(cursor) from error
    if value.tzinfo is None:
        raise CursorInvalid(cursor)
    # The first condition says nothing new, but lets the database begin at the right place of the index.
    return Q(received_at__lte=value) & (Q(received_at__lt=value) | Q(pk__lt=pk))
