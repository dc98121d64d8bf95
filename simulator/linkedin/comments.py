"""Posts, what is written under them in two levels, and the notification of each."""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulator import truth
from simulator.linkedin import hooks, pages, subscribers
from simulator.linkedin.pages import Page
from simulator.store import Transaction
from simulator.world import World

_COMMENT = re.compile(r"urn:li:comment:\((urn:li:activity:[0-9]+),([0-9]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment; ``parent`` is the top-level one it stands under."""

    id: int
    activity: str
    parent: int | None
    actor: str
    name: str
    text: str
    at_ms: int
    deleted_at: float | None = None

    @property
    def urn(self) -> str:
        """Its long name."""
        return f"urn:li:comment:({self.activity},{self.id})"

    def as_json(self) -> dict[str, Any]:
        """As the Comments API gives it."""
        parent = {"parentComment": f"urn:li:comment:({self.activity},{self.parent})"} if self.parent else {}
        return {
            "id": str(self.id),
            "$URN": self.urn,
            "object": self.activity,
            "actor": self.actor,
            "message": {"text": self.text, "attributes": []},
            "created": {"actor": self.actor, "time": self.at_ms},
            **parent,
        }


def named(transaction: Transaction, urn: str) -> Comment | None:
    """The comment with this long name, if it is still there."""
    found = _COMMENT.fullmatch(urn)
    return find(transaction, int(found[2])) if found and len(found[2]) < 20 else None


def find(transaction: Transaction, number: int) -> Comment | None:
    """The comment with this number, if it is still there."""
    row = transaction.one("SELECT * FROM linkedin_comment WHERE id = ? AND deleted_at IS NULL", (number,))
    return Comment(**dict(row)) if row else None


def under(transaction: Transaction, activity: str, parent: int | None) -> list[Comment]:
    """What stands directly under a post or a comment, oldest first."""
    rows = transaction.all(
        "SELECT * FROM linkedin_comment WHERE activity = ? AND parent IS ? AND deleted_at IS NULL ORDER BY id",
        (activity, parent),
    )
    return [Comment(**dict(row)) for row in rows]


def write(
    transaction: Transaction, *, activity: str, parent: Comment | None, actor: str, name: str, text: str, kind: str
) -> Comment:
    """Put a comment there and into the truth log as ``kind``. Under a reply it stands beside that one."""
    comment = Comment(
        id=pages.new_id(),
        activity=activity,
        parent=(parent.parent or parent.id) if parent else None,
        actor=actor,
        name=name,
        text=text,
        at_ms=int(time.time() * 1000),
    )
    transaction.execute(
        "INSERT INTO linkedin_comment VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
        (comment.id, activity, comment.parent, actor, name, text, comment.at_ms),
    )
    # Whoever comments under a post opens a thread; what the Page writes there answers the post itself.
    opened = comment.urn if kind == "customer" else activity
    above = f"urn:li:comment:({activity},{comment.parent})" if comment.parent else opened
    truth.append(
        transaction,
        kind=kind,
        name="comment",
        account=actor if kind == "accepted" else None,
        conversation_id=above,
        message_id=comment.urn,
        detail={"text": text, "actor": actor, "at_ms": comment.at_ms},
    )
    return comment


def announce(
    world: World, transaction: Transaction, page: Page, comments: Sequence[Comment], *, action: str = ""
) -> None:
    """Notify the app of up to ten comments in one batch."""
    items = [_notification(world, transaction, page, each, action) for each in comments]
    hooks.send(world, transaction, page, items, about=[each.urn for each in comments])


def _notification(world: World, transaction: Transaction, page: Page, comment: Comment, action: str) -> dict[str, Any]:
    row = transaction.one("SELECT text, author FROM linkedin_post WHERE activity = ?", (comment.activity,))
    item: dict[str, Any] = {
        "notificationId": comment.id % 10**12,
        "action": action or ("ADMIN_COMMENT" if comment.actor == page.organization else "COMMENT"),
        "organizationalEntity": page.organization,
        "subscriber": subscribers.MEMBER,
        "lastModifiedAt": comment.at_ms,
        "sourcePost": comment.activity,
        "generatedActivity": f"urn:li:comment:({comment.activity.removeprefix('urn:li:')},{comment.id})",
    }
    if world.knobs.now.linkedin_decorated:
        item["decoratedSourcePost"] = {
            "entity": comment.activity.replace("activity", "share"),
            "owner": str(row["author"]) if row else page.organization,
            "text": str(row["text"]) if row else "",
            "mediaCategory": "NONE",
        }
        # As documented: what a comment answers is not told here.
        item["decoratedGeneratedActivity"] = {
            "comment": {
                "entity": comment.urn,
                "owner": comment.actor,
                "object": comment.activity,
                "text": comment.text,
            }
        }
    return item


def mention(world: World, transaction: Transaction, page: Page, *, author: str, text: str) -> str:
    """Somebody's post that speaks of the Page; its URN."""
    number = pages.new_id()
    activity, at_ms = f"urn:li:activity:{number}", int(time.time() * 1000)
    transaction.execute(
        "INSERT INTO linkedin_post VALUES (?, ?, ?, ?, ?)", (activity, page.organization, author, text, at_ms)
    )
    truth.append(transaction, kind="customer", name="mention", message_id=activity, detail={"text": text})
    item = {
        "notificationId": number % 10**12,
        "action": "SHARE_MENTION",
        "organizationalEntity": page.organization,
        "subscriber": subscribers.MEMBER,
        "lastModifiedAt": at_ms,
        "generatedActivity": activity,
        "decoratedGeneratedActivity": {
            "share": {"entity": activity.replace("activity", "share"), "owner": author, "text": text}
        },
    }
    hooks.send(world, transaction, page, [item], about=[activity])
    return activity


def notifications(
    transaction: Transaction, organization: str, since_ms: int, *, start: int, count: int
) -> tuple[list[dict[str, Any]], int]:
    """So many of the Page's notifications since then, oldest first, and how many there are."""
    some = "FROM linkedin_notification WHERE organization = ? AND at_ms >= ?"
    rows = transaction.all(
        f"SELECT body {some} ORDER BY id LIMIT ? OFFSET ?",
        (organization, since_ms, count, start),
    )
    total = transaction.number(f"SELECT count(*) {some}", (organization, since_ms))
    return [json.loads(row["body"]) for row in rows], total
