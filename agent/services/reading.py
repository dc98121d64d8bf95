"""Reading what customers send: a recording is written down and a picture described, by the model that is set for it.

A file leaves only where such a model is set. What comes back is data like the customer's own words, and never an order.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from django.core.files.storage import default_storage
from django.utils import timezone

from agent.exceptions import ReadingFailed
from agent.llm import spend
from agent.models import AgentConfig
from agent.releases import keys
from agent.releases.services import current_release
from conversations import services as conversations
from conversations.types import ClaimedReading, Reading
from core.backoff import with_jitter
from core.following import following
from core.pictures import SHOWN, PictureBroken, without_metadata
from core.recordings import RECORDINGS

logger = logging.getLogger(__name__)

HELD = timedelta(seconds=90)
MAX_ATTEMPTS = 4
RETRY_SECONDS = (2, 10, 60)
# What could not be asked for (a breaker, a cap) does not count; so it ends by its age.
PAUSE_SECONDS = 30
OLDEST = timedelta(hours=6)
LONGEST_PAUSE = 600.0
# The most that providers take.
MOST_BYTES = 25_000_000


class Senses(Protocol):
    """The models that read files."""

    def can_read(self, kind: str) -> bool:
        """Whether one is there for this kind of attachment."""

    def read(
        self, kind: str, content: bytes, content_type: str, *, caps: Sequence[spend.Cap], prices: Mapping[str, Any]
    ) -> Reading:
        """One call. Raises ReadingFailed."""


def read_attachment(attachment_id: int, senses: Senses | None) -> bool:
    """Read an attachment, if that is due and nobody else is at it; True if what was read is kept.

    Safe to call at any time and any number of times. No transaction is open during the call.
    """
    claimed = conversations.claim_reading(attachment_id, held=HELD)
    if claimed is None:
        return False
    with following([claimed.request_id]):
        return _read(claimed, senses)


def _read(claimed: ClaimedReading, senses: Senses | None) -> bool:
    if senses is None or not senses.can_read(claimed.kind):
        conversations.leave_unread(claimed)
        return False
    content = _content(claimed)
    if content is None or claimed.attempt > MAX_ATTEMPTS or timezone.now() - claimed.received_at > OLDEST:
        _give_up(claimed, "It cannot be read, or was tried for too long.")
        return False
    caps, prices = _limits(claimed)
    try:
        reading = senses.read(claimed.kind, content, claimed.content_type, caps=caps, prices=prices)
    except ReadingFailed as failed:
        _put_off(claimed, failed)
        return False
    return conversations.keep_reading(claimed, reading)


def _content(claimed: ClaimedReading) -> bytes | None:
    """The file as it may leave: a picture without what a camera wrote beside it. None for what no model takes."""
    if claimed.size > MOST_BYTES or claimed.content_type not in (SHOWN if claimed.kind == "image" else RECORDINGS):
        return None
    try:
        with default_storage.open(claimed.path) as file:
            content: bytes = file.read()
        return without_metadata(content) if claimed.kind == "image" else content
    except (OSError, PictureBroken):
        return None


def _put_off(claimed: ClaimedReading, failed: ReadingFailed) -> None:
    if failed.is_final or (failed.is_counted and claimed.attempt >= MAX_ATTEMPTS):
        _give_up(claimed, str(failed), cost_micros=failed.cost_micros)
        return
    seconds = RETRY_SECONDS[claimed.attempt - 1] if failed.is_counted else PAUSE_SECONDS
    pause = max(with_jitter(seconds), min(failed.retry_after or 0.0, LONGEST_PAUSE))
    conversations.put_off_reading(
        claimed, pause=timedelta(seconds=pause), cost_micros=failed.cost_micros, is_counted=failed.is_counted
    )


def _give_up(claimed: ClaimedReading, why: str, *, cost_micros: int = 0) -> None:
    logger.warning("Attachment %d is not read: %s", claimed.attachment_id, why)
    conversations.give_up_reading(claimed, cost_micros=cost_micros)


def _limits(claimed: ClaimedReading) -> tuple[tuple[spend.Cap, ...], Mapping[str, Any]]:
    """What may be spent, and what models cost, as for answers."""
    names = (*spend.RELEASE_KEYS.values(), "models.prices")
    stored = dict(
        AgentConfig.objects.filter(release=current_release(), config_key__in=names).values_list(
            "config_key", "config_value"
        )
    )
    own = {name: keys.read(name, stored.get(name) or keys.KEYS[name].default) for name in names}
    caps = spend.caps_of(
        own,
        account_id=claimed.account_id,
        customer_id=claimed.customer_id,
        conversation_id=claimed.conversation_id,
    )
    return caps, own["models.prices"]
