"""Sending what the record holds ready: claimed under a lease, sent without a transaction open, settled once."""

import logging
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Subquery
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from conversations import services as conversations
from conversations.models import Conversation, Delivery
from conversations.types import ClaimedDelivery, SendOutcome, SendResult
from core import http
from core.crashpoints import crash_point
from core.following import following
from core.statements import Read
from core.transactions import persistently, retried
from integrations import limits
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, Outgoing, OutOfCalls, Session
from integrations.services import tokens
from integrations.services.bulkhead import Bulkhead

logger = logging.getLogger(__name__)

MOST_IN_A_ROW = 20
LONGEST_AT_IT_SECONDS = 20.0
# Of a call's time: what is left of the lease when the call has to be over.
MARGIN_SHARE = 0.5
# An end that comes after the lease is told for the record.
LEAST_END_SECONDS = 2.0
RECONNECT_PAUSE_SECONDS = 60.0
TOKEN_PAUSE_SECONDS = 5.0

_bulkhead = Bulkhead()


def send_next(conversation_pk: int) -> int:
    """Send what a conversation has to send, in order, until nothing is due; returns how many attempts were made.

    Where as much is under way of its account as may be, it is left to those who are at it. So whoever is at it goes on
    with what was left over, for a while: a hand that never ended would be taken for one that is stuck.
    """
    attempts, until = 0, time.monotonic() + LONGEST_AT_IT_SECONDS
    account = _account_to_send_through(conversation_pk)
    if account is None or not _bulkhead.enter(account.pk, conversation_pk, most=settings.SENDS_PER_ACCOUNT):
        return 0
    is_within = True
    try:
        attempts += _send_all(conversation_pk, account)
        while time.monotonic() < until:
            left_over = _bulkhead.go_on(account.pk)
            if left_over is None:
                is_within = False
                break
            attempts += _send_all(left_over, _account_to_send_through(left_over))
    finally:
        if is_within:
            _bulkhead.leave(account.pk)
    return attempts


def _send_all(conversation_pk: int, account: PlatformAccount | None) -> int:
    attempts = 0
    with bound_contextvars(conversation=conversation_pk):
        while account is not None and attempts < MOST_IN_A_ROW and _is_ready(account, conversation_pk):
            begun = time.monotonic()
            claimed = _claim(account, conversation_pk)
            if claimed is None:
                break
            attempts += 1
            with following([claimed.request_id]):
                may_go_on = _send_claimed(account, claimed, begun)
            account = _account_to_send_through(conversation_pk) if may_go_on else None
    return attempts


def _send_claimed(account: PlatformAccount, claimed: ClaimedDelivery, begun: float) -> bool:
    """One attempt, whose claim was asked for at ``begun``, and its end in the record; whether more may have to be sent."""
    crash_point("send.after_claim_commit")
    started_at = timezone.now()
    result = _attempt(account, claimed, lease_ends=begun + settings.SEND_LEASE_SECONDS)
    crash_point("send.after_response_before_write")
    # The platform has answered: while the database is away that is kept here, for as long as nobody else may judge it.
    settled = persistently(
        lambda: conversations.settle_delivery(claimed, result, started_at=started_at),
        seconds=max(LEAST_END_SECONDS, settings.SEND_LEASE_SECONDS - (time.monotonic() - begun)),
    )
    if settled is None:
        logger.warning("The result of delivery %d came too late and changed nothing.", claimed.delivery_id)
    elif result.outcome is SendOutcome.OK:
        logger.info("Delivery %d arrived as %s.", claimed.delivery_id, result.platform_message_id)
    else:
        logger.warning("Delivery %d: %s (HTTP %s).", claimed.delivery_id, result.outcome.value, result.http_status)
    crash_point("send.after_write")
    return settled is None or settled.may_go_on


def _account_to_send_through(conversation_pk: int) -> PlatformAccount | None:
    """The account, as it stands, of what a conversation has to send now as far as time goes; None where nothing is due.

    It holds nothing: a claim looks closer. None as well where nothing is sent: the row itself is the delivery, or the
    account is gone or of a platform that takes nothing.
    """
    account = _due_account.first(conversation_pk)
    return account if account is not None and account.platform in PLATFORMS else None


@Read
def _due_account(conversation_pk: int) -> QuerySet[PlatformAccount]:
    due = Delivery.objects.due().filter(conversation_id=conversation_pk, conversation__delivers_itself=False)
    first = due.order_by("out_seq").values("account_id")[:1]
    return PlatformAccount.objects.filter(pk=Subquery(first)).order_by()


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
            logger.warning("Delivery %d was not sent: its lease was nearly over.", claimed.delivery_id)
            raise CallFailed(_put_off("There was not enough time left to send it safely."))
        with http.watched(_pass_crash_points):
            result = platform.send(session, outgoing, deadline=lease_ends - margin)
        if result.outcome is SendOutcome.REAUTH:
            raise CallFailed(result)
        return result

    try:
        outgoing = _outgoing(account, claimed)
        # The claim paid for the message, and its picture was paid for just now.
        return tokens.call_as(account, call, paid=2 if outgoing.picture else 1)
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
            raise OutOfCalls(wait)
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


def _put_off(why: str) -> SendResult:
    return SendResult(outcome=SendOutcome.RETRY, evidence=why, retry_after=1.0)


def send_typing(conversation_pk: int) -> bool:
    """Show the customer that an answer is being written, if that costs nobody's message a place; whether it was shown."""
    return _show(conversation_pk, "show_typing")


def mark_read(conversation_pk: int) -> bool:
    """Show the customer that the thread was read, under the same condition; whether it was shown."""
    return _show(conversation_pk, "mark_read")


@Read
def _account_of(conversation_pk: int) -> QuerySet[PlatformAccount, Any]:
    """A conversation's account that works, with the thread's key as ``thread_key``."""
    thread = Conversation.objects.filter(pk=conversation_pk, delivers_itself=False).order_by()
    accounts = PlatformAccount.objects.filter(pk=Subquery(thread.values("account_id")))
    active = accounts.filter(state=PlatformAccount.State.ACTIVE).order_by()
    return active.annotate(thread_key=Subquery(thread.values("thread_key")))


def _show(conversation_pk: int, what: str) -> bool:
    account = _account_of.first(conversation_pk)
    if account is None or account.platform not in PLATFORMS:
        return False
    platform = PLATFORMS[account.platform]
    if not platform.shows_activity:
        return False
    if limits.take(account.pk, limit=limits.per_minute(platform), leaving=limits.KEPT_FOR_MESSAGES):
        return False
    action = platform.show_typing if what == "show_typing" else platform.mark_read
    try:
        action(platform.session(account), account.thread_key)
    except CallFailed as failure:
        logger.info("Conversation %d: %s was not shown: %s", conversation_pk, what, failure)
        return False
    return True
