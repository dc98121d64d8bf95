"""What LinkedIn's events say. A POST holds up to ten notifications, for any Pages and threads of the app.

The spelling of comments differs within one notification, and their words may be missing: those are asked for.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from conversations.types import Channel, InboundMessage
from core.text import clean_text, one_line
from integrations.exceptions import Unreadable
from integrations.parsing import MANY_THREADS, clean_json, is_identifier, read_object, within_limits
from integrations.platforms.base import (
    Defective,
    Glance,
    Ignored,
    Opened,
    OwnComment,
    ParsedItem,
    RawEvent,
    Unfinished,
    WholeItem,
)
from integrations.platforms.linkedin import urns

SOCIAL = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS"
LEAD = "LEAD_ACTION"
MOST_AT_ONCE = 100
MAX_TEXT = 1_000_000
MAX_SUBJECT = 200
EARLIEST = datetime(2016, 1, 1, tzinfo=UTC)
IGNORED_ACTIONS = {
    "LIKE": "like: somebody likes a post; there is nothing to answer.",
    "SHARE": "share: somebody shared a post; there is nothing to answer.",
    "COMMENT_EDIT": "edit: a comment was changed; what was taken in stays as it was.",
    "COMMENT_DELETE": "deleted: a comment was taken back.",
}


def glance(body: bytes) -> Glance:
    """The lead, or the Page whose notifications these all are, as far as can be told without trusting it; never raises."""
    found = _tolerant(body)
    if found.get("type") == LEAD:
        response, action = found.get("leadGenFormResponse"), found.get("leadAction")
        key = f"lead:{response}:{action}"
        return Glance(event_key=key if is_identifier(key) and is_identifier(response) else "")
    notifications = found.get("notifications")
    pages = {
        str(each.get("organizationalEntity")) if isinstance(each, dict) else ""
        for each in (notifications if isinstance(notifications, list) else [])
    }
    page = pages.pop() if len(pages) == 1 else ""
    return Glance(conv_key=lane_of(page) if urns.urn(page) else "")


def lane_of(page: str) -> str:
    """What stands for all threads of a Page, whose events are taken in one after another."""
    return f"{MANY_THREADS}{page}"


def _tolerant(raw: bytes) -> dict[str, Any]:
    if within_limits(raw):
        return {}
    try:
        found = json.loads(raw.decode("utf-8-sig", "surrogatepass"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def open_batch(raw: RawEvent) -> tuple[Opened, ...]:
    """The event by Pages, strictly read as far as it is common to all of them. Raises Unreadable."""
    envelope = read_object(raw.body)
    kind = envelope.get("type")
    if not isinstance(kind, str) or not kind:
        raise Unreadable("schema", "type is missing")
    if kind != SOCIAL:
        return (Opened(external_account_id="", envelope=envelope, late=raw.late, received_at=raw.received_at),)
    notifications = envelope.get("notifications")
    if not isinstance(notifications, list) or not 0 < len(notifications) <= MOST_AT_ONCE:
        raise Unreadable("schema", f"notifications is no list of 1 to {MOST_AT_ONCE}")
    by_page: dict[str, list[Any]] = {}
    for item in notifications:
        page = urns.urn(item.get("organizationalEntity")) if isinstance(item, dict) else ""
        by_page.setdefault(page, []).append(item)
    return tuple(
        Opened(
            external_account_id=page,
            envelope={"type": kind, "notifications": items},
            late=raw.late,
            received_at=raw.received_at,
        )
        for page, items in by_page.items()
    )


def parse(opened: Opened, channel: Channel, page: str) -> list[ParsedItem]:
    """What the event says to the Page. An item that cannot be read does not keep the others from their effect."""
    kind = opened.envelope["type"]
    if kind == LEAD:
        return [_lead(opened.envelope)]
    if kind != SOCIAL:
        return [Ignored(reason=f"type: the event {one_line(clean_text(kind), 60)!r} is not known here.")]
    items: list[ParsedItem] = []
    for item in opened.envelope["notifications"]:
        try:
            items.append(_notification(item, opened, channel, page))
        except Unreadable as problem:
            items.append(Defective(reason=str(problem)))
    return items


def _lead(envelope: Mapping[str, Any]) -> Ignored:
    action = one_line(clean_text(str(envelope.get("leadAction", ""))), 20).lower() or "changed"
    return Ignored(reason=f"lead: a lead form was answered ({action}); kept for sales, nothing is done with it.")


def _notification(item: object, opened: Opened, channel: Channel, page: str) -> ParsedItem:
    if not isinstance(item, dict):
        raise Unreadable("schema", "a notification is no object")
    action = item.get("action")
    if not isinstance(action, str) or not action:
        raise Unreadable("schema", "action is missing")
    if action in IGNORED_ACTIONS:
        return Ignored(reason=IGNORED_ACTIONS[action])
    if action == "SHARE_MENTION":
        return _mention(item, opened, channel, page)
    if action in {"COMMENT", "ADMIN_COMMENT"}:
        return _comment(item, opened, channel, page)
    return Ignored(reason=f"action: {one_line(clean_text(action), 60)!r} is not known here.")


def _comment(item: dict[str, Any], opened: Opened, channel: Channel, page: str) -> ParsedItem:
    """A comment. Its words come with it, or are asked for; what it answers has to be asked for unless that is told too."""
    told = _decorated(item, "comment")
    on = urns.urn(told.get("object")) or urns.urn(item.get("sourcePost"))
    name = urns.comment(told.get("entity"), on=on) or urns.comment(item.get("generatedActivity"), on=on)
    if not name:
        raise Unreadable("schema", "generatedActivity names no comment")
    sent_at, suspect = _moment(item.get("lastModifiedAt"), opened)
    facts: dict[str, Any] = {
        "sent_at": sent_at,
        "late": opened.late,
        "subject": _subject(item),
        "details": _details(item, time_suspect=suspect),
    }
    whole = comment_item(told, name, channel, page, **facts)
    if whole is not None and "parentComment" in told:
        return whole
    return Unfinished(account_id=channel.account_id, name=name, channel=channel, facts=facts, otherwise=whole)


def comment_item(
    told: Mapping[str, Any],
    name: str,
    channel: Channel,
    page: str,
    *,
    details: dict[str, Any],
    sent_at: datetime | None,
    late: bool,
    subject: str,
) -> WholeItem | None:
    """The comment called ``name`` as a message, or as something we said ourselves; None without words or author."""
    author = urns.urn(told.get("owner")) or urns.urn(told.get("actor"))
    words = _words(told)
    if not author or words is None:
        return None
    top = urns.comment(told.get("parentComment"), on=urns.post_of(name)) or name
    if author == page:
        above = top if top != name else urns.post_of(name)
        return OwnComment(channel=channel, source_id=name, above=above, text=words, sent_at=sent_at)
    return InboundMessage(
        channel=channel,
        source_id=name,
        thread_key=urns.thread(top, author),
        customer_id=author,
        customer_name=urns.member_name(author),
        text=words,
        sent_at=sent_at,
        late=late,
        subject=subject,
        details=details,
    )


def _mention(item: dict[str, Any], opened: Opened, channel: Channel, page: str) -> ParsedItem:
    """Somebody's post that speaks of the Page; what we answer is a comment on it."""
    told = _decorated(item, "share")
    post, author, words = urns.urn(told.get("entity")), urns.urn(told.get("owner")), _words(told)
    post = urns.urn(item.get("generatedActivity")) or post
    if not post or not author or words is None:
        raise Unreadable("schema", "a mention came without the post's name, author or words")
    if author == page:
        return Ignored(reason="own: the Page spoke of itself.")
    sent_at, suspect = _moment(item.get("lastModifiedAt"), opened)
    return InboundMessage(
        channel=channel,
        source_id=post,
        thread_key=urns.thread(post, author),
        customer_id=author,
        customer_name=urns.member_name(author),
        text=words,
        sent_at=sent_at,
        late=opened.late,
        subject="Mentions us in a post",
        details=_details(item, time_suspect=suspect),
    )


def _decorated(item: Mapping[str, Any], kind: str) -> dict[str, Any]:
    decorated = item.get("decoratedGeneratedActivity")
    found = decorated.get(kind) if isinstance(decorated, dict) else None
    return found if isinstance(found, dict) else {}


def _words(told: Mapping[str, Any]) -> str | None:
    """The words, wherever they stand. Whole: whoever keeps them cuts them, and says so."""
    message = told.get("message")
    words = told.get("text", message.get("text") if isinstance(message, dict) else message)
    return clean_text(words, limit=MAX_TEXT) if isinstance(words, str) else None


def _subject(item: Mapping[str, Any]) -> str:
    post = item.get("decoratedSourcePost")
    words = post.get("text") if isinstance(post, dict) else None
    return one_line(f"On: {clean_text(words)}", MAX_SUBJECT) if isinstance(words, str) and words.strip() else ""


def _moment(value: object, opened: Opened) -> tuple[datetime | None, bool]:
    """When it was, and whether a time was given that cannot be one. Order never depends on it."""
    if value is None:
        return None, False
    moment = moment_of(value)
    fits = moment is not None and EARLIEST <= moment <= opened.received_at + timedelta(days=1)
    return (moment, False) if fits else (None, True)


def moment_of(milliseconds: object) -> datetime | None:
    """The instant a number of milliseconds means, or None where it cannot be one."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _details(item: dict[str, Any], *, time_suspect: bool) -> dict[str, Any]:
    details: dict[str, Any] = {"item": clean_json(item)}
    if time_suspect:
        details["ts_suspect"] = True
    return details
