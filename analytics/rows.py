"""The rows behind a figure: page by page for people, all of them for files.

A list is walked by its order's column and key, so that every page costs the same. Who may not read a conversation sees
that the row is there, and nothing of what was said or by whom.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from analytics.board import conversation_url
from analytics.metrics import Metric
from analytics.scope import Kind, Scope
from analytics.sheets import SHEETS, Cell, Entry
from conversations.models import Conversation, Message
from core.text import one_line

PAGE_SIZE = 50
FILE_CHUNK = 1_000
LONGEST_LINE = 110


class CursorInvalid(Exception):
    """The place in a list that an address names cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: whose it is, the way to its conversation (empty where there is none to open), and its facts."""

    title: str
    url: str
    line: str
    cells: list[Cell]
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A stretch of a list, and the place at which the next one begins; empty at the end."""

    rows: list[Row]
    next_cursor: str


def page(metric: Metric, scope: Scope, *, part: str = "", cursor: str = "") -> Page:
    """The rows after ``cursor``, PAGE_SIZE at most, in at most 2 queries. Raises CursorInvalid, PartUnknown."""
    items = list(ordered(metric, scope, part=part, cursor=cursor)[: PAGE_SIZE + 1])
    return Page(
        rows=[_row(metric.kind, entry) for entry in entries(metric.kind, items[:PAGE_SIZE], scope)],
        next_cursor=cursor_after(metric, items[PAGE_SIZE - 1]) if len(items) > PAGE_SIZE else "",
    )


def records(metric: Metric, scope: Scope, *, part: str = "") -> Iterator[list[str]]:
    """The whole list as lines of a file, the column names first. They hold ids and facts, no names and no words."""
    columns = SHEETS[metric.kind].file_columns
    yield ["conversation", "channel", "account", *columns]
    cursor = ""
    while True:
        items = list(ordered(metric, scope, part=part, cursor=cursor)[:FILE_CHUNK])
        for entry in entries(metric.kind, items, scope):
            yield [*_place(entry.conversation), *(_written(getattr(entry.item, column)) for column in columns)]
        if len(items) < FILE_CHUNK:
            return
        cursor = cursor_after(metric, items[-1])


def ordered(metric: Metric, scope: Scope, *, part: str = "", cursor: str = "") -> QuerySet[Any]:
    """The metric's rows after ``cursor``, in its order, without the columns that no list shows."""
    found = metric.rows(scope, part).order_by(*metric.order)
    if cursor:
        found = found.filter(_after(metric, cursor))
    return found.defer(*SHEETS[metric.kind].heavy)


def entries(kind: Kind, items: list[Any], scope: Scope) -> list[Entry]:
    """The items with their conversations, found in one query."""
    keys = {key for item in items if (key := _key_of(kind, item)) is not None}
    threads = _conversations_by(kind, keys) if keys else {}
    return [Entry(item=item, conversation=threads.get(_key_of(kind, item) or 0), scope=scope) for item in items]


def cursor_after(metric: Metric, item: Any) -> str:
    """The place right after ``item``."""
    return f"{getattr(item, metric.order[0].removeprefix('-')).isoformat()}~{item.pk}"


def _after(metric: Metric, cursor: str) -> Q:
    moment, _separator, key = cursor.partition("~")
    try:
        value, pk = datetime.fromisoformat(moment), int(key)
    except ValueError as error:
        raise CursorInvalid(cursor) from error
    if value.tzinfo is None:
        raise CursorInvalid(cursor)
    column = metric.order[0].removeprefix("-")
    towards = "lt" if metric.order[0].startswith("-") else "gt"
    # The first condition says nothing new, but lets the database begin at the right place of the index.
    return Q(**{f"{column}__{towards}e": value}) & (Q(**{f"{column}__{towards}": value}) | Q(**{f"pk__{towards}": pk}))


def _key_of(kind: Kind, item: Any) -> int | None:
    """By what a row's conversation is found: its own key, or that of the message which an event became."""
    if kind == Kind.CONVERSATION:
        key: int | None = item.pk
    elif kind == Kind.EVENT:
        key = item.message_id
    else:
        key = item.conversation_id
    return key


def _conversations_by(kind: Kind, keys: set[int]) -> dict[int, Conversation]:
    if kind == Kind.EVENT:
        messages = Message.objects.filter(pk__in=keys).select_related(
            "conversation__customer", "conversation__assignee"
        )
        return {message.pk: message.conversation for message in messages.order_by()}
    found = Conversation.objects.filter(pk__in=keys).select_related("customer", "assignee")
    return {conversation.pk: conversation for conversation in found.order_by()}


def _row(kind: Kind, entry: Entry) -> Row:
    sheet, conversation = SHEETS[kind], entry.conversation
    cells = sheet.cells(entry)
    if conversation is None:
        return Row(title=_("No conversation"), url="", line="", cells=cells)
    if not entry.scope.may_read(conversation):
        return Row(title=_("In another team"), url="", line="", cells=cells, is_hidden=True)
    return Row(
        title=conversation.customer.display_name,
        url=conversation_url(conversation),
        line=one_line(sheet.line(entry), LONGEST_LINE),
        cells=cells,
    )


def _place(conversation: Conversation | None) -> list[str]:
    if conversation is None:
        return ["", "", ""]
    return [str(conversation.public_id), conversation.platform, conversation.account_name]


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)
