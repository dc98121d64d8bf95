"""Finding out about sends of which nobody knows whether they arrived: by looking at the platform, never by guessing."""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings

from conversations import services as conversations
from conversations.models import Message
from conversations.services.deliveries import Verdict
from conversations.types import UnknownDelivery
from core.clock import database_now
from core.crashpoints import crash_point
from core.following import following
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, Listing, OutOfCalls, SaidMessage
from integrations.services import tokens

logger = logging.getLogger(__name__)

# Of the time after which a person decides: the rest is what a round of the sweeper and the last look may take.
GIVE_UP_SHARE = 0.95
AGAIN_AFTER_SECONDS = 5.0
# Our clock and the platform's need not agree.
CLOCK_SKEW = timedelta(seconds=60)

_failed_at: dict[int, float] = {}


def reconcile_unknown(limit: int = 50, *, at: datetime | None = None) -> int:
    """Look for messages in doubt where their platform can be read; returns how many were settled.

    Found: it arrived. Absent at the third look (after 15 s): it is sent again. Unreadable for 60 s: a person decides,
    or it is sent again where the account's owner prefers that. All waits are judged by one instant, ``at``, else now.
    """
    settled, now = 0, at or database_now()
    for unknown in conversations.unknown_deliveries(limit):
        with following([unknown.request_id]):
            try:
                settled += _find_out(unknown, now)
            except Exception:
                # One message's trouble must not keep the others in doubt.
                logger.exception("Delivery %d could not be looked for.", unknown.delivery_id)
    return settled


def _find_out(unknown: UnknownDelivery, now: datetime) -> bool:
    waited = (now - unknown.unknown_since).total_seconds()
    looks_after: list[float] = settings.RECONCILE_AFTER_SECONDS
    look = min(unknown.looks, len(looks_after) - 1)
    if waited < looks_after[look] or (_looked_just_now(unknown.delivery_id) and not _is_over(waited)):
        return False
    account = PlatformAccount.objects.filter(pk=unknown.account_id).first()
    if account is not None and account.honours_key:
        # Under its own key it may be sent again, whether it arrived or not.
        return _settle(unknown, "unreadable", resend=True)
    listing = _list(account, unknown) if account is not None else None
    crash_point("reconcile.after_lookup")
    if listing is None:
        return _unreadable(unknown, account, waited)
    found = _among(listing, unknown)
    if found is not None:
        return _settle(unknown, "arrived", message_id=found.message_id)
    if listing.reaches_back_to is not None and listing.reaches_back_to > unknown.started_at - CLOCK_SKEW:
        # So much was said since that the list may begin after our words.
        return _unreadable(unknown, account, waited)
    if look < len(looks_after) - 1:
        conversations.count_look(unknown.delivery_id)
        return False
    return _settle(unknown, "absent")


def _list(account: PlatformAccount | None, unknown: UnknownDelivery) -> Listing | None:
    """The thread as the platform has it, or None while it cannot be read."""
    if account is None or account.platform not in PLATFORMS or account.state != PlatformAccount.State.ACTIVE:
        return None
    platform = PLATFORMS[account.platform]
    try:
        return tokens.call_aside(account, lambda session: platform.listing(session, unknown.thread_key))
    except OutOfCalls:
        return None
    except CallFailed as failure:
        logger.warning("Delivery %d could not be looked for: %s", unknown.delivery_id, failure)
        return None


def _among(listing: Listing, unknown: UnknownDelivery) -> SaidMessage | None:
    """The message that is ours: our words, since the attempt began, under an id that nothing else of ours has."""
    since = unknown.started_at - CLOCK_SKEW
    alike = [said for said in listing.ours if said.by_api and _is_since(said, since) and _says(said, unknown.text)]
    known = set(
        Message.objects.filter(
            account_id=unknown.account_id, platform_message_id__in=[said.message_id for said in alike]
        ).values_list("platform_message_id", flat=True)
    )
    return next((said for said in alike if said.message_id and said.message_id not in known), None)


def _is_since(said: SaidMessage, moment: datetime) -> bool:
    return said.sent_at is None or said.sent_at >= moment


def _says(said: SaidMessage, text: str) -> bool:
    return " ".join(said.text.split()) == " ".join(text.split()) if text else said.kind == "image"


def _unreadable(unknown: UnknownDelivery, account: PlatformAccount | None, waited: float) -> bool:
    _failed_at[unknown.delivery_id] = time.monotonic()
    if not _is_over(waited):
        return False
    return _settle(unknown, "unreadable", resend=account is not None and account.resend_when_unsure)


def _is_over(waited: float) -> bool:
    """Whether nobody may be left in doubt any longer: the last look is not put off."""
    return waited >= settings.RECONCILE_GIVE_UP_SECONDS * GIVE_UP_SHARE


def _settle(unknown: UnknownDelivery, verdict: Verdict, *, message_id: str = "", resend: bool = False) -> bool:
    _failed_at.pop(unknown.delivery_id, None)
    logger.info("Delivery %d in doubt: %s.", unknown.delivery_id, verdict)
    return conversations.settle_unknown(
        unknown.delivery_id, verdict=verdict, platform_message_id=message_id, resend_when_unsure=resend
    )


def _looked_just_now(delivery_id: int) -> bool:
    """Whether this process failed to read the platform moments ago; looking every second would use up its calls."""
    return time.monotonic() - _failed_at.get(delivery_id, float("-inf")) < AGAIN_AFTER_SECONDS
