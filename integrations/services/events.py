"""What people do with events that were set aside."""

from django.db import transaction
from django.db.models.functions import Now

from core import audit
from core.models import ApiKey, User
from core.policy import Action, require
from integrations.exceptions import EventNotReplayable
from integrations.models import WebhookEvent

SET_ASIDE = (WebhookEvent.State.QUARANTINED, WebhookEvent.State.DEAD, WebhookEvent.State.IGNORED)


@transaction.atomic
def replay_event(event: WebhookEvent, by: User | ApiKey | None) -> WebhookEvent:
    """Take a set-aside event in once more; the next sweep does it. Raises EventNotReplayable and NotAllowed."""
    return _move(event, by, "event.replay", state=WebhookEvent.State.RECEIVED, reason="")


@transaction.atomic
def drop_event(event: WebhookEvent, by: User | ApiKey | None) -> WebhookEvent:
    """Decide that a set-aside event needs nothing. Raises EventNotReplayable and NotAllowed."""
    who = by.display_name if by else "the product"
    return _move(event, by, "event.drop", state=WebhookEvent.State.IGNORED, reason=f"dropped: by {who}."[:300])


def _move(
    event: WebhookEvent, by: User | ApiKey | None, action: str, *, state: WebhookEvent.State, reason: str
) -> WebhookEvent:
    if by is not None:
        require(by, Action.REPLAY_EVENTS)
    allowed = SET_ASIDE if state == WebhookEvent.State.RECEIVED else (*SET_ASIDE, WebhookEvent.State.CONFLICT)
    before = event.state
    moved = WebhookEvent.objects.filter(pk=event.pk, state__in=allowed).update(
        state=state, reason=reason, attempts=0, next_attempt_at=Now()
    )
    if not moved:
        raise EventNotReplayable
    audit.record(by, action, event, before={"state": before, "reason": event.reason}, after={"state": state.value})
    event.refresh_from_db()
    return event
