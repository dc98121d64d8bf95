"""Staying connected: fresh tokens, one renewal at a time, and a plain word when a person has to reconnect an account."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from conversations import services as conversations
from conversations.types import SendOutcome, SendResult
from core import audit, leases, live
from core.clock import now_plus
from core.models import ApiKey, User
from core.transactions import retried
from integrations import limits, notified_health, token_health
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, OutOfCalls, Session, TokenPair

logger = logging.getLogger(__name__)

RENEW_BEFORE = timedelta(minutes=5)
LEASE_SECONDS = 30.0
WAIT_SECONDS = 12.0
LOOK_SECONDS = 0.1
PROBE_EVERY = timedelta(seconds=60)
TOKEN_FIELDS = (
    "secrets", "token_expires_at", "refresh_expires_at", "refresh_tried_at", "refresh_problem", "refresh_refused",
    "updated_at",
)  # fmt: skip
NOTIFIED_FIELDS = ("notified_look_at", "notified_until", "notified_problem")

Result = TypeVar("Result")


def call_as(account: PlatformAccount, call: Callable[[Session], Result], *, paid: int = 0, leaving: int = 0) -> Result:
    """Make a call as an account, with a token that is fresh; once more if the platform did not take the token.

    ``paid`` calls were counted beforehand; what needs more, the token's renewal as well, is counted as it comes, and leaves
    so many for what matters more. Raises CallFailed. Where a fresh token is not taken either, the account needs to be
    reconnected.
    """
    meter = limits.Meter(account, paid=paid, leaving=leaving)
    account = fresh(account, meter)
    session = _session(account, meter)
    try:
        return call(session)
    except CallFailed as failure:
        if failure.result.outcome is not SendOutcome.REAUTH:
            raise
        if not session.access_token:
            # No token could be renewed: it is our signature that is not taken.
            disconnect(account, failure.result.evidence)
            raise
    account = renew(account, stale=session.access_token, meter=meter)
    try:
        return call(_session(account, meter))
    except CallFailed as failure:
        if failure.result.outcome is SendOutcome.REAUTH:
            disconnect(account, failure.result.evidence)
        raise


def call_aside(
    account: PlatformAccount,
    call: Callable[[Session], Result],
    *,
    calls: int = 1,
    leaving: int = limits.KEPT_FOR_MESSAGES,
) -> Result:
    """The same for what is no message: only with calls that messages do not need, of which it takes so many at least.

    Raises CallFailed; OutOfCalls where there are none left, and nobody was asked then.
    """
    limit = limits.per_minute(PLATFORMS[account.platform])
    wait = limits.take(account.pk, limit=limit, calls=calls, leaving=leaving)
    if wait:
        raise OutOfCalls(wait)
    return call_as(account, call, paid=calls, leaving=leaving)


def ask_to_be_told(account: PlatformAccount) -> None:
    """Forget what is known of being notified, so that it is looked at anew; who calls saves NOTIFIED_FIELDS."""
    account.notified_look_at, account.notified_until, account.notified_problem = None, None, ""


def _session(account: PlatformAccount, meter: limits.Meter) -> Session:
    return replace(PLATFORMS[account.platform].session(account), meter=meter)


def fresh(account: PlatformAccount, meter: limits.Meter | None = None) -> PlatformAccount:
    """The account with a token that holds for some minutes, as far as can be had. Raises CallFailed."""
    expires_at, now = account.token_expires_at, timezone.now()
    if expires_at is None or expires_at > now + RENEW_BEFORE or not account.secrets.get("refresh_token"):
        return account
    holds = expires_at > now
    if holds and not _may_be_renewed(account, now):
        return account
    try:
        return renew(account, stale=account.secrets.get("access_token", ""), holds=holds, meter=meter)
    except CallFailed:
        if holds:
            return account
        raise


def renew(
    account: PlatformAccount, *, stale: str, holds: bool = False, meter: limits.Meter | None = None
) -> PlatformAccount:
    """The account with another access token than ``stale``: renewed here, or by whoever was faster. Raises CallFailed.

    Where that cannot be, the account has to be reconnected; not yet, though, while ``stale`` ``holds``. The renewal is counted
    by the ``meter`` of what needs it: a call that was paid for cannot be made without the token anyway.
    """
    meter = meter or limits.Meter(account)
    until = time.monotonic() + WAIT_SECONDS
    while True:
        with leases.held(f"token:{account.pk}", seconds=LEASE_SECONDS) as is_ours:
            if is_ours:
                return _renew_alone(account.pk, stale, meter, holds=holds)
        account = PlatformAccount.objects.get(pk=account.pk)
        if account.secrets.get("access_token", "") != stale:
            return account
        if time.monotonic() > until:
            raise _failed(SendOutcome.RETRY, "Another process is renewing the account's token.")
        time.sleep(LOOK_SECONDS)


def _renew_alone(pk: int, stale: str, meter: limits.Meter, *, holds: bool) -> PlatformAccount:
    account = PlatformAccount.objects.get(pk=pk)
    if account.secrets.get("access_token", "") != stale:
        return account
    if not account.secrets.get("refresh_token"):
        why = "The platform no longer takes the access token, and there is no refresh token."
        raise _lost(account, why, holds=holds)
    if account.refresh_expires_at is not None and account.refresh_expires_at <= timezone.now():
        raise _lost(account, "The refresh token has run out.", holds=holds)
    platform = PLATFORMS[account.platform]
    try:
        pair = platform.refresh(_session(account, meter))
    except OutOfCalls:
        # Nobody was asked, so nothing went wrong with the token.
        raise
    except CallFailed as failure:
        kept = PlatformAccount.objects.get(pk=pk)
        if kept.secrets.get("access_token", "") != stale:
            # Somebody authorised the account anew meanwhile, which can have ended the old tokens.
            return kept
        refused = failure.result.outcome in {SendOutcome.REFUSED, SendOutcome.REAUTH}
        _note_failure(account, failure.result.evidence, refused=refused)
        if refused:
            words = f"The token could not be renewed. {failure.result.evidence}"
            raise _lost(account, words, holds=holds) from failure
        raise _failed(
            SendOutcome.RETRY, f"The token could not be renewed just now. {failure.result.evidence}"
        ) from failure
    logger.info("The token of account %d was renewed.", pk)
    return _store(pk, pair, stale=stale)


def _note_failure(account: PlatformAccount, evidence: str, *, refused: bool) -> None:
    """For the account's page. A refusal once seen stays until a renewal works or the tokens are replaced."""
    PlatformAccount.objects.filter(pk=account.pk).update(
        refresh_tried_at=timezone.now(),
        refresh_problem=evidence[:300],
        refresh_refused=refused or account.refresh_refused,
    )


@transaction.atomic
def _store(pk: int, pair: TokenPair, *, stale: str) -> PlatformAccount:
    """Keep both tokens together: the old refresh token may have ended with its use."""
    account = PlatformAccount.objects.select_for_update().get(pk=pk)
    if account.secrets.get("access_token", "") != stale:
        # Somebody authorised the account anew meanwhile: theirs are the newer ones.
        return account
    put_in(account, pair)
    account.save(update_fields=TOKEN_FIELDS)
    return account


def put_in(account: PlatformAccount, pair: TokenPair) -> None:
    """Put a fresh pair into a row that is held and not saved yet (TOKEN_FIELDS)."""
    now = timezone.now()
    fresh_ones = {"access_token": pair.access_token, "refresh_token": pair.refresh_token}
    kept = {name: value for name, value in account.secrets.items() if name not in fresh_ones}
    account.secrets = kept | {name: value for name, value in fresh_ones.items() if value}
    account.token_expires_at = now + timedelta(seconds=pair.expires_in)
    if pair.refresh_expires_in is not None:
        account.refresh_expires_at = now + timedelta(seconds=pair.refresh_expires_in)
    account.refresh_tried_at, account.refresh_problem, account.refresh_refused = now, "", False


@transaction.atomic
def disconnect(account: PlatformAccount, reason: str) -> None:
    """Say that a person has to reconnect the account. Its messages wait meanwhile."""
    changed = PlatformAccount.objects.filter(pk=account.pk, state=PlatformAccount.State.ACTIVE).update(
        state=PlatformAccount.State.RECONNECT, state_reason=reason[:300], next_probe_at=now_plus(PROBE_EVERY)
    )
    if changed:
        audit.record(None, "account.reconnect_needed", account, reason=reason)
        logger.error("Account %d has to be reconnected: %s", account.pk, reason)
        transaction.on_commit(lambda: _tell(account.pk), robust=True)


@retried
def reconnected(account: PlatformAccount, by: User | ApiKey | None = None) -> None:
    """The account works again."""
    changed = PlatformAccount.objects.filter(pk=account.pk, state=PlatformAccount.State.RECONNECT).update(
        state=PlatformAccount.State.ACTIVE, state_reason="", next_probe_at=None, notified_look_at=None
    )
    if changed:
        audit.record(by, "account.reconnected", account)
        conversations.wake_deliveries(account.pk)
        logger.warning("Account %d works again.", account.pk)
        transaction.on_commit(lambda: _tell(account.pk), robust=True)


def probe(account: PlatformAccount) -> bool:
    """Look once a minute, whoever asks, whether an account that must be reconnected works again."""
    due = Q(next_probe_at=None) | Q(next_probe_at__lte=Now())
    waiting = PlatformAccount.objects.filter(due, pk=account.pk, state=PlatformAccount.State.RECONNECT)
    if not waiting.update(next_probe_at=now_plus(PROBE_EVERY)):
        return False
    platform = PLATFORMS[account.platform]
    if limits.take(account.pk, limit=limits.per_minute(platform)):
        return False
    try:
        platform.probe(_session(account, limits.Meter(account, paid=1)))
    except CallFailed:
        return False
    reconnected(account)
    return True


def refresh_tokens() -> int:
    """Renew what runs out soon and look after accounts that must be reconnected; returns how many were renewed."""
    renewed = 0
    accounts = PlatformAccount.objects.receiving().filter(platform__in=PLATFORMS)
    for account in accounts.filter(state=PlatformAccount.State.RECONNECT):
        probe(account)
    now = timezone.now()
    for account in accounts.filter(state=PlatformAccount.State.ACTIVE, token_expires_at__isnull=False):
        renewed += _renew_in_time(account, now)
    return renewed


def _renew_in_time(account: PlatformAccount, now: datetime) -> bool:
    """Whether the token was renewed; where it cannot be, people are told while it still holds."""
    ends_at, renewed = account.token_expires_at, False
    if ends_at is None:
        return False
    if ends_at <= now + PLATFORMS[account.platform].renew_before and _may_be_renewed(account, now):
        before = account.secrets.get("access_token", "")
        try:
            renewed = renew(account, stale=before, holds=ends_at > now).secrets.get("access_token", "") != before
        except CallFailed as failure:
            logger.warning("The token of account %d was not renewed: %s", account.pk, failure)
        account.refresh_from_db()
    if account.token_expires_at is not None and account.token_expires_at <= now:
        if not token_health.is_renewable(account, now):
            disconnect(account, "The access token has run out, and nothing renews it. Authorise the account again.")
        return renewed
    tell_in_time(account, now)
    return renewed


def _may_be_renewed(account: PlatformAccount, now: datetime) -> bool:
    """Whether it is worth trying. A refusal can have been for the app's secret, so it is tried again, seldom."""
    if not account.secrets.get("refresh_token"):
        return False
    if account.refresh_expires_at is not None and account.refresh_expires_at <= now:
        return False
    tried_at = account.refresh_tried_at
    return not account.refresh_refused or tried_at is None or tried_at <= now - token_health.REFUSED_PAUSE


@transaction.atomic
def tell_in_time(account: PlatformAccount, now: datetime) -> None:
    """Say, once, what a person has to do before the account stops working, or hears late; take it back when it is done."""
    ends = token_health.notice(account, now)
    words = ends or notified_health.notice(account, now)
    if account.state_reason == words:
        return
    active = PlatformAccount.objects.filter(pk=account.pk, state=PlatformAccount.State.ACTIVE)
    if not active.exclude(state_reason=words).update(state_reason=words):
        return
    if words:
        audit.record(None, "account.token_ends" if ends else "account.not_notified", account, reason=words)
        logger.warning("Account %d: %s", account.pk, words)
    transaction.on_commit(lambda: _tell(account.pk), robust=True)


def _lost(account: PlatformAccount, reason: str, *, holds: bool) -> CallFailed:
    """The failure to raise. An account whose access token still holds works, so it is not to be reconnected yet."""
    if not holds:
        disconnect(account, reason)
    return _failed(SendOutcome.REAUTH, reason)


def _failed(outcome: SendOutcome, evidence: str) -> CallFailed:
    return CallFailed(SendResult(outcome=outcome, evidence=evidence))


def _tell(pk: int) -> None:
    """Open screens look again; the bell names no conversation."""
    live.signal(live.STAFF_GROUP, {"type": "conversations.changed", "bells": [], "accounts": [pk]})
