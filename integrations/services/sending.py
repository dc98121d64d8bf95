"""Sending what the record holds ready: claimed under a lease, sent without a transaction open, settled once."""

import logging
import time
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from conversations import services as conversations
from conversations.models import Conversation
from conversations.types import ClaimedDelivery, SendOutcome, SendResult
from core import http
from core.crashpoints import crash_point
from core.transactions import retried
from integrations import limits
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, Outgoing, Session
from integrations.services import tokens

logger = logging.getLogger(__name__)

MOST_IN_A_ROW = 20
# Of a call's time: what is left of the lease when the call has to be over.
MARGIN_SHARE = 0.5
RECONNECT_PAUSE_SECONDS = 60.0
TOKEN_PAUSE_SECONDS = 5.0
KEPT_FOR_MESSAGES = 20


def send_next(conversation_pk: int) -> int:
    """Send what a conversation has to send, in order, until nothing is due; returns how many attempts were made."""
    attempts = 0
    with bound_contextvars(conversation=conversation_pk):
        while attempts < MOST_IN_A_ROW and _send_one(conversation_pk):
            attempts += 1
    return attempts


def _send_one(conversation_pk: int) -> bool:
    account_pk = conversations.account_to_send_through(conversation_pk)
    if account_pk is None:
        return False
    account = PlatformAccount.objects.filter(pk=account_pk, platform__in=PLATFORMS).first()
    if account is None or not _is_ready(account, conversation_pk):
        return False
    begun = time.monotonic()
    claimed = _claim(account, conversation_pk)
    if claimed is None:
        return False
    crash_point("send.after_claim_commit")
    started_at = timezone.now()
    result = _attempt(account, claimed, lease_ends=begun + settings.SEND_LEASE_SECONDS)
    crash_point("send.after_response_before_write")
    if not conversations.settle_delivery(claimed, result, started_at=started_at):
        logger.warning("The result of delivery %d came too late and changed nothing.", claimed.delivery_id)
    elif result.outcome is SendOutcome.OK:
        logger.info("Delivery %d arrived as %s.", claimed.delivery_id, result.platform_message_id)
    else:
        logger.warning("Delivery %d: %s (HTTP %s).", claimed.delivery_id, result.outcome.value, result.http_status)
    crash_point("send.after_write")
    return True


def _is_ready(account: PlatformAccount, conversation_pk: int) -> bool:
    """Whether the account may be used now; if not, its messages are put off and no attempt is counted."""
    if account.state == PlatformAccount.State.RECONNECT and not tokens.probe(account):
        conversations.defer_delivery(conversation_pk, seconds=RECONNECT_PAUSE_SECONDS)
        return False
    return True


def _claim(account: PlatformAccount, conversation_pk: int) -> ClaimedDelivery | None:
    """The next delivery with the right to one call, or None: nothing is due, or the account has to wait."""
    claimed, wait = _claim_with_call(account, conversation_pk)
    if wait:
        conversations.defer_delivery(conversation_pk, seconds=wait)
    return claimed


@retried
def _claim_with_call(account: PlatformAccount, conversation_pk: int) -> tuple[ClaimedDelivery | None, float]:
    """A claim and the right to its call, both or none; else how many seconds the account has to wait."""
    claimed = conversations.claim_delivery(conversation_pk)
    if claimed is None:
        return None, 0.0
    wait = limits.take(account.pk, limit=limits.per_minute(PLATFORMS[account.platform]))
    if not wait:
        return claimed, 0.0
    # Without a call to make there was no attempt either.
    transaction.set_rollback(True)
    return None, wait


def _attempt(account: PlatformAccount, claimed: ClaimedDelivery, *, lease_ends: float) -> SendResult:
    """One attempt, and one more with a fresh token where that was all that was wrong."""
    if account.state == PlatformAccount.State.REMOVED:
        return SendResult(
            outcome=SendOutcome.REFUSED, evidence="The account was removed, so nothing is sent through it."
        )
    platform = PLATFORMS[account.platform]
    margin = settings.PLATFORM_CALL_SECONDS * MARGIN_SHARE

    def call(session: Session) -> SendResult:
        if lease_ends - time.monotonic() <= settings.PLATFORM_CALL_SECONDS + margin:
            raise CallFailed(_put_off("There was not enough time left to send it safely."))
        with http.watched(_pass_crash_points):
            result = platform.send(session, outgoing, deadline=lease_ends - margin)
        if result.outcome is SendOutcome.REAUTH:
            raise CallFailed(result)
        return result

    try:
        outgoing = _outgoing(account, claimed)
        return tokens.call_as(account, call)
    except CallFailed as failure:
        return failure.result


def _pass_crash_points(event: str) -> None:
    """The instants inside a call."""
    if event == http.CONNECTED:
        crash_point("send.after_connect")
    elif event == http.REQUEST_SENT:
        crash_point("send.after_request_bytes")


def _outgoing(account: PlatformAccount, claimed: ClaimedDelivery) -> Outgoing:
    """What goes out. Raises CallFailed where it cannot."""
    picture = b""
    if claimed.attachment_path:
        wait = limits.take(account.pk, limit=limits.per_minute(PLATFORMS[account.platform]))
        if wait:
            raise CallFailed(_put_off("The platform's limit of calls a minute was reached.", seconds=wait))
        try:
            picture = Path(claimed.attachment_path).read_bytes()
        except OSError as error:
            raise CallFailed(
                SendResult(outcome=SendOutcome.REFUSED, evidence="The picture to send is gone.")
            ) from error
    return Outgoing(
        thread_key=claimed.thread_key,
        customer_id=claimed.customer_id,
        text=claimed.text,
        idem_key=claimed.idem_key,
        message_id=claimed.message_id,
        author=claimed.author,
        in_reply_to=claimed.in_reply_to,
        reply_to=claimed.reply_to,
        picture=picture,
    )


def _put_off(why: str, *, seconds: float = 1.0) -> SendResult:
    return SendResult(outcome=SendOutcome.RETRY, evidence=why, retry_after=seconds)


def send_typing(conversation_pk: int) -> bool:
    """Show the customer that an answer is being written, if that costs nobody's message a place; whether it was shown."""
    return _show(conversation_pk, "show_typing")


def mark_read(conversation_pk: int) -> bool:
    """Show the customer that the thread was read, under the same condition; whether it was shown."""
    return _show(conversation_pk, "mark_read")


def _show(conversation_pk: int, what: str) -> bool:
    thread = Conversation.objects.filter(pk=conversation_pk, delivers_itself=False).order_by("pk")
    found = thread.values_list("account_id", "thread_key").first()
    if found is None:
        return False
    account_pk, thread_key = found
    account = PlatformAccount.objects.filter(pk=account_pk, platform__in=PLATFORMS).first()
    if account is None or account.state != PlatformAccount.State.ACTIVE:
        return False
    platform = PLATFORMS[account.platform]
    if not platform.shows_activity:
        return False
    if limits.take(account.pk, limit=limits.per_minute(platform), leaving=KEPT_FOR_MESSAGES):
        return False
    action = platform.show_typing if what == "show_typing" else platform.mark_read
    try:
        action(platform.session(account), thread_key)
    except CallFailed as failure:
        logger.info("Conversation %d: %s was not shown: %s", conversation_pk, what, failure)
        return False
    return True
