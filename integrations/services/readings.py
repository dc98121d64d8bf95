"""An event as it was read."""

from dataclasses import dataclass

from conversations.types import InboundMessage, OutboundEcho
from integrations.models import WebhookEvent
from integrations.platforms.base import OwnComment, ParsedItem, ReadReceipt, Referral, Unfinished
from integrations.services.forgetting import FORGOTTEN

State = WebhookEvent.State
Thread = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An event as it was read: what it says, or why it is set aside, or the error that stopped the reading."""

    items: tuple[ParsedItem, ...] = ()
    state: WebhookEvent.State = State.INGESTED
    reason: str = ""
    message_id: int | None = None
    error: str = ""
    account_id: int | None = None
    is_erased: bool = False

    @property
    def is_batch(self) -> bool:
        """Whether it says several things, which may belong to several threads."""
        return len(self.items) > 1

    @property
    def is_unfinished(self) -> bool:
        """Whether something has to be asked for before it has an effect."""
        return any(isinstance(item, Unfinished | OwnComment) for item in self.items)

    @property
    def thread(self) -> Thread | None:
        """The account and thread whose conversation must be held to apply it; None where none need be."""
        for item in self.items:
            if isinstance(item, ReadReceipt):
                return item.account_id, item.thread_key
            if isinstance(item, InboundMessage | OutboundEcho | Referral):
                return item.channel.account_id, item.thread_key
        return None


ERASED = Reading(state=State.IGNORED, reason=FORGOTTEN, is_erased=True)
