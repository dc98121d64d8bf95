"""Reading an event: what it says, and for which account. Nothing is written."""

import logging
from dataclasses import dataclass

from django.db import Error as AnyDatabaseError
from django.db.models import QuerySet

from conversations.types import EchoMeaning, InboundMessage, OutboundEcho
from core.statements import Read
from core.text import truncate
from integrations.exceptions import Unreadable
from integrations.models import PlatformAccount, WebhookEvent
from integrations.platforms import PLATFORMS, older
from integrations.platforms.base import Ignored, OwnComment, ParsedItem, RawEvent, ReadReceipt, Referral, Unfinished
from integrations.services.forgetting import FORGOTTEN

logger = logging.getLogger(__name__)

State = WebhookEvent.State
Thread = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An event as it was read: what it says, or why it is set aside, or the error that stopped the reading.

    Where the reading could not even begin, it is done again after ``put_off`` seconds, and that is no failure.
    """

    items: tuple[ParsedItem, ...] = ()
    state: WebhookEvent.State = State.INGESTED
    reason: str = ""
    message_id: int | None = None
    error: str = ""
    put_off: float = 0.0
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

    @property
    def echo(self) -> OutboundEcho | None:
        """What it reports as said by us, where it says nothing else."""
        only = self.items[0] if len(self.items) == 1 else None
        return only if isinstance(only, OutboundEcho) else None

    def known_echo(self) -> "Reading":
        """How it ends where its echo is in the record. Most are, for the sender's own answer was faster; they touch no conversation."""
        reason = f"echo: {EchoMeaning.DUPLICATE.value}"
        return Reading(state=State.IGNORED, reason=reason, account_id=self.account_id)


ERASED = Reading(state=State.IGNORED, reason=FORGOTTEN, is_erased=True)


class Accounts:
    """The accounts that events are for, each asked for once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], PlatformAccount | None] = {}

    def of(self, event: WebhookEvent, external_id: str) -> PlatformAccount | None:
        """The account with this id among those that the event's source is for; without an id, the source's own."""
        named = (event.source, external_id)
        if named not in self._found:
            self._found[named] = _account(*named)
        return self._found[named]


def read(event: WebhookEvent, accounts: Accounts) -> Reading:
    """What the event says. A bug in reading is the event's own failure."""
    platform = PLATFORMS.get(event.platform)
    if platform is None:
        return Reading(state=State.IGNORED, reason=f"platform: {event.platform} sends no events here.")
    reader = older.READERS.get(event.source.partition(":")[0], platform)
    raw = RawEvent(body=bytes(event.body), late=event.is_late, received_at=event.received_at)
    account_id: int | None = None
    try:
        items: tuple[ParsedItem, ...] = ()
        for opened in reader.open(raw):
            owner = accounts.of(event, opened.external_account_id)
            if owner is None:
                items += (Ignored(reason="account: no account of ours has this id."),)
                continue
            account_id = account_id or owner.pk
            items += tuple(reader.parse(opened, owner, PLATFORMS[owner.platform].channel(owner)))
        return Reading(items=items, account_id=account_id)
    except Unreadable as problem:
        return Reading(state=State.QUARANTINED, reason=truncate(str(problem), 300), account_id=account_id)
    except AnyDatabaseError:
        raise
    except Exception as error:
        logger.exception("Event %d could not be read.", event.pk)
        return Reading(error=f"error: {type(error).__name__} while reading.", account_id=account_id)


def _account(source: str, external_id: str) -> PlatformAccount | None:
    door, _, scope = source.partition(":")
    if external_id and door in PlatformAccount.APP_WIDE:
        # Nearly all events come in here, and each of them asks.
        return _at_app_door.first(door, scope, external_id)
    accounts = PlatformAccount.objects.receiving().of_source(source)
    if external_id:
        accounts = accounts.filter(external_id=external_id)
    return accounts.defer("secrets").first()


@Read
def _at_app_door(platform: str, client_key: str, external_id: str) -> QuerySet[PlatformAccount]:
    accounts = PlatformAccount.objects.receiving().received_by(platform)
    return accounts.filter(client_key=client_key, external_id=external_id).defer("secrets").order_by("pk")[:1]
