"""Asking the platform what was said, in case its webhooks did not reach us: after an outage, and every few minutes.

What is found is kept as an event of the same key as the webhook would have had, so it takes the same way in, and a
webhook that comes later after all is a repetition.

After a restore the same is done with everything that was said since the back-up, by us as well, before anything is said
through the account again.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from conversations import services as conversations
from core import leases
from core.clock import database_now, now_plus
from integrations.exceptions import AccountProblem
from integrations.models import PlatformAccount, WebhookEvent
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, MissedEvent, OutOfCalls
from integrations.services import tokens
from integrations.services.ingest import ingest_thread

logger = logging.getLogger(__name__)

# The platform's list may show a message a little after its time says so, and clocks differ.
OVERLAP = timedelta(minutes=2)
LATE_AFTER = timedelta(minutes=5)
LEASE_SECONDS = 120.0
READ_BACK = "read-back"
"""Stands where a webhook has its body's hash: the words are the platform's, the bytes were put together here."""


# What has been compared so far, while an account has no calls left to go on: since when, and which threads.
_compared: dict[int, tuple[datetime, set[str]]] = {}


# A new account is compared within half a minute.
NEW_FOR = timedelta(minutes=2)


def read_back(*, at_once: bool = False) -> int:
    """Compare every account that is due, or all of them at once, with what its platform has; how many messages were missed.

    A new account begins now: what was said before it was connected is not answered.
    """
    accounts = PlatformAccount.objects.filter(state=PlatformAccount.State.ACTIVE, platform__in=list(PLATFORMS))
    restored = Q(pk__in=conversations.accounts_to_compare())
    if not settings.READ_BACK_MINUTES:
        accounts = accounts.filter(restored)
    elif not at_once:
        before = database_now() - timedelta(minutes=settings.READ_BACK_MINUTES)
        accounts = accounts.filter(restored | Q(read_back_to=None) | Q(read_back_to__lte=before))
    return sum(_compare_held(account) for account in accounts.order_by("pk"))


def read_back_one(account: PlatformAccount, *, hours: int = 0) -> int:
    """Compare one account now, from where it was last compared or ``hours`` ago, the earlier; how many messages were missed.

    Raises AccountProblem.
    """
    if account.state != PlatformAccount.State.ACTIVE or account.platform not in PLATFORMS:
        raise AccountProblem(f"{account.name} has no platform that can be asked now: see manage.py account list.")
    since = database_now() - timedelta(hours=hours)
    account.read_back_to = min(account.read_back_to or since, since)
    with leases.held(_lease_of(account), seconds=LEASE_SECONDS) as is_ours:
        if not is_ours:
            raise AccountProblem(f"{account.name} is being compared at this moment. Try again in two minutes.")
        try:
            return _compare(account)
        except OutOfCalls:
            raise AccountProblem(f"{account.name}'s calls are needed for messages. Try again in a minute.") from None
        except CallFailed as failure:
            raise AccountProblem(f"{account.name} could not be compared with its platform: {failure}") from None


def not_reached() -> list[PlatformAccount]:
    """The accounts, without their secrets, that should have been compared three times over and were not once."""
    if not settings.READ_BACK_MINUTES:
        return []
    long_ago = now_plus(-3 * timedelta(minutes=settings.READ_BACK_MINUTES))
    accounts = PlatformAccount.objects.filter(state=PlatformAccount.State.ACTIVE, platform__in=list(PLATFORMS))
    never = Q(read_back_to=None, created_at__lt=now_plus(-NEW_FOR))
    return list(accounts.filter(never | Q(read_back_to__lt=long_ago)).order_by("pk").defer("secrets")[:20])


def _compare_held(account: PlatformAccount) -> int:
    """Compare one account, in one process at a time."""
    with leases.held(_lease_of(account), seconds=LEASE_SECONDS) as is_ours:
        try:
            return _compare(account) if is_ours else 0
        except OutOfCalls:
            logger.info(
                "Account %d is compared with its platform later: its calls are needed for messages.", account.pk
            )
        except CallFailed as failure:
            logger.warning("Account %d could not be compared with its platform: %s", account.pk, failure)
        except Exception:
            # One account's trouble must not keep the others from being compared.
            logger.exception("Account %d could not be compared with its platform.", account.pk)
    return 0


def _lease_of(account: PlatformAccount) -> str:
    return f"read back {account.pk}"


def _compare(account: PlatformAccount) -> int:
    lost_since = conversations.lost_since(account.pk)
    began, done = _compared.setdefault(account.pk, (database_now(), set()))
    kept = 0
    if lost_since is not None:
        conversations.doubt_what_was_on_its_way(account.pk)
    if lost_since is not None or account.read_back_to is not None:
        since = min(moment for moment in (lost_since, account.read_back_to) if moment is not None) - OVERLAP
        threads = _threads(account, since) + (_unsettled(account, lost_since) if lost_since is not None else [])
        for thread_key in dict.fromkeys(threads):
            if thread_key not in done:
                missed = _missed(account, thread_key, since, by_us_too=lost_since is not None)
                kept += _keep(account, missed, now=began)
                done.add(thread_key)
        if lost_since is not None and not _finish(account, done):
            return kept
    del _compared[account.pk]
    PlatformAccount.objects.filter(pk=account.pk).update(read_back_to=began)
    return kept


def _threads(account: PlatformAccount, since: datetime) -> list[str]:
    platform = PLATFORMS[account.platform]
    return tokens.call_aside(account, lambda session: platform.threads_since(session, since), calls=2)


def _unsettled(account: PlatformAccount, lost_since: datetime) -> list[str]:
    """Threads that the platform's list may be too short for, and in which something would be said at once."""
    arrived = WebhookEvent.objects.filter(source=account.source, received_at__gte=lost_since).exclude(conv_key="")
    return conversations.unsettled_threads(account.pk) + list(arrived.values_list("conv_key", flat=True).distinct())


def _missed(account: PlatformAccount, thread_key: str, since: datetime, *, by_us_too: bool) -> list[MissedEvent]:
    if by_us_too and conversations.thread_was_erased(account.pk, thread_key):
        # Whoever was erased since the back-up is not brought back.
        return []
    platform = PLATFORMS[account.platform]
    return tokens.call_aside(
        account, lambda session: platform.said_since(session, thread_key, since, by_us_too=by_us_too)
    )


def _finish(account: PlatformAccount, threads: set[str]) -> bool:
    """Take in what was found, and let the account speak again; False while something of it cannot be taken in yet."""
    for thread_key in threads:
        ingest_thread(account, thread_key)
    if WebhookEvent.objects.to_ingest().filter(source=account.source, conv_key__in=threads).exists():
        return False
    conversations.end_restoration(account.pk)
    logger.warning("Account %d was compared with its platform after the restore: it speaks again.", account.pk)
    return True


def _keep(account: PlatformAccount, events: list[MissedEvent], *, now: datetime) -> int:
    """Keep what no webhook brought and no message of ours is, in the order it was said."""
    known = conversations.known_ids(account.pk, [event.message_id for event in events])
    rows = [
        WebhookEvent(
            source=account.source,
            event_key=event.event_key,
            platform=account.door,
            account_id_hint=account.pk,
            body=event.body,
            body_sha256=READ_BACK,
            headers={"Read-Back": "1"},
            conv_key=event.conv_key,
            is_late=now - event.said_at > LATE_AFTER,
        )
        for event in sorted(events, key=lambda each: each.said_at)
        if event.message_id not in known
    ]
    keys = {row.event_key for row in rows}
    there = set(
        WebhookEvent.objects.filter(source=account.source, event_key__in=keys).values_list("event_key", flat=True)
    )
    fresh = [row for row in rows if row.event_key not in there]
    # A webhook may bring one of them at this very moment; whoever is second changes nothing.
    WebhookEvent.objects.bulk_create(fresh, ignore_conflicts=True)
    if fresh:
        logger.warning("Account %d: %d messages were read back that no webhook had brought.", account.pk, len(fresh))
    return len(fresh)
