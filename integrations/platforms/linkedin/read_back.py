"""LinkedIn's lists: what stands under a comment, and the notifications that no webhook brought."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.platforms.base import Listing, MissedEvent, SaidMessage
from integrations.platforms.linkedin import urns
from integrations.platforms.linkedin.parse import SOCIAL, lane_of, moment_of


def listing(elements: Iterable[Mapping[str, Any]], *, whole: bool, page: str, top: str) -> Listing:
    """What the Page said under ``top``."""
    elements = list(elements)
    on = urns.post_of(top)
    ours = tuple(
        SaidMessage(
            message_id=urns.comment(each.get("$URN"), on=on) or urns.comment(each.get("id"), on=on),
            text=_text(each),
            kind="text",
            by_api=True,
            sent_at=_created(each),
        )
        for each in elements
        if each.get("actor") == page
    )
    # LinkedIn does not say in which order it lists, so of a list that is cut off nothing can be said to be absent.
    return Listing(ours=ours, reaches_back_to=None if whole else datetime.now(UTC))


def missed(notifications: Iterable[Mapping[str, Any]]) -> list[MissedEvent]:
    """Notifications as the webhook would have brought each of them."""
    events = []
    for each in notifications:
        said_at = moment_of(each.get("lastModifiedAt"))
        number = each.get("notificationId")
        if said_at is None or not isinstance(number, int):
            continue
        body = json.dumps({"type": SOCIAL, "notifications": [each]}, ensure_ascii=False)
        events.append(
            MissedEvent(
                message_id=urns.comment(each.get("generatedActivity")) or urns.urn(each.get("generatedActivity")),
                event_key=f"notification:{number}",
                conv_key=lane_of(str(each.get("organizationalEntity"))),
                body=body.encode("utf-8", "surrogatepass"),
                said_at=said_at,
            )
        )
    return events


def _text(each: Mapping[str, Any]) -> str:
    message = each.get("message")
    text = message.get("text") if isinstance(message, dict) else None
    return text if isinstance(text, str) else ""


def _created(each: Mapping[str, Any]) -> datetime | None:
    created = each.get("created")
    return moment_of(created.get("time")) if isinstance(created, dict) else None
