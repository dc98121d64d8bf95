"""Asking the platform what was said, in case its webhooks did not reach us: after an outage, and every few minutes.

What is found is kept as an event of the same key as the webhook would have had, so it takes the same way in, and a
webhook that comes later after all is a repetition.

After a restore the same is done with everything that was said since the back-up, by us as well, before anything is said
through the account again.
"""

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from django.conf import settings
from django.db.models import Min, Q, QuerySet

from conversations import services as conversations
from conversations.types import SendOutcome
from core import leases
from core.clock import database_now, now_plus
from integrations.exceptions import AccountProblem
from integrations.limits import KEPT_FOR_MESSAGES
from integrations.models import PlatformAccount, WebhookEvent
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, MissedEvent, OutOfCalls
from integrations.services import tokens
from integrations.services.ingest import ingest_event

logger = logging.getLogger(__name__)

# The platform's list may show a message a little after its time says so, and clocks differ.
OVERLAP = timedelta(minutes=2)
LATE_AFTER = timedelta(minutes=5)
LEASE_SECONDS = 120.0
# Then what is left waits for the next round: a job that never seems to end is taken for one that is stuck.
ROUND_SECONDS = 40.0
READ_BACK = "read-back"
"""Stands where a webhook has its body's hash: the words are the platform's, the bytes were put together here."""

# A new account is compared within half a minute.
NEW_FOR = timedelta(minutes=2)


@dataclass(slots=True)
class _Comparison:
    """How far an account has been compared with what was said ``since``: the threads its platform named, and those done.

    ``is_held`` says that a restore keeps the account silent meanwhile. ``refused`` are threads the platform says nothing of.
    """

    began: datetime
    since: datetime | None
    is_held: bool
    named: list[str] | None = None
    done: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    threads: int = 0


# What is under way, while an account has no calls left to go on.
_under_way: dict[int, _Comparison] = {}


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
    return _round(accounts)


def go_on_after_restore() -> int:
    """Go on comparing the accounts that a restore holds, as far as they have calls; how many messages were missed."""
    held = conversations.accounts_to_compare()
    accounts = PlatformAccount.objects.filter(state=PlatformAccount.State.ACTIVE, platform__in=list(PLATFORMS))
    return _round(accounts.filter(pk__in=held)) if held else 0


def progress() -> dict[int, tuple[int, int]]:
    """How many threads are done, and how many are known, of each account that this process compares after a restore."""
    begun = {pk: (len(each.done), each.threads) for pk, each in list(_under_way.items()) if each.is_held}
    # Another process may have ended it.
    return {pk: begun[pk] for pk in conversations.accounts_to_compare() if pk in begun} if begun else {}


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
            return _compare(account, inf)
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


def _round(accounts: QuerySet[PlatformAccount]) -> int:
    """Compare each of these accounts, as far as the round's time goes; how many messages were missed."""
    until, kept = time.monotonic() + ROUND_SECONDS, 0
    for account in accounts.order_by("pk"):
        kept += _compare_held(account, until)
        if time.monotonic() >= until:
            break
    return kept


def _compare_held(account: PlatformAccount, until: float) -> int:
    """Compare one account, in one process at a time."""
    with leases.held(_lease_of(account), seconds=LEASE_SECONDS) as is_ours:
        before = progress().get(account.pk)
        try:
            return _compare(account, until) if is_ours else 0
        except OutOfCalls:
            logger.info("Account %d is compared with its platform later: it has no calls left for it.", account.pk)
        except CallFailed as failure:
            logger.warning("Account %d could not be compared with its platform: %s", account.pk, failure)
        except Exception:
            # One account's trouble must not keep the others from being compared.
            logger.exception("Account %d could not be compared with its platform.", account.pk)
        finally:
            after = progress().get(account.pk)
            if after is not None and after != before:
                logger.info("Account %d after the restore: %d of %d threads are compared.", account.pk, *after)
    return 0


def _lease_of(account: PlatformAccount) -> str:
    return f"read back {account.pk}"


def _compare(account: PlatformAccount, until: float) -> int:
    kept, under_way = 0, _begin_or_go_on(account)
    if under_way.is_held:
        conversations.doubt_what_was_on_its_way(account.pk)
    if under_way.since is not None:
        for thread_key in _left(account, under_way, under_way.since):
            if time.monotonic() >= until:
                return kept
            kept += _keep(account, _missed(account, under_way, thread_key, under_way.since), now=under_way.began)
            under_way.done.add(thread_key)
        if under_way.is_held and not _finish(account, under_way, until):
            return kept
    del _under_way[account.pk]
    PlatformAccount.objects.filter(pk=account.pk).update(read_back_to=under_way.began)
    return kept


def _begin_or_go_on(account: PlatformAccount) -> _Comparison:
    lost_since = conversations.lost_since(account.pk)
    moments = [moment for moment in (lost_since, account.read_back_to) if moment is not None]
    since, is_held = min(moments) - OVERLAP if moments else None, lost_since is not None
    begun = _under_way.get(account.pk)
    if begun is None or (begun.since, begun.is_held) != (since, is_held):
        begun = _under_way[account.pk] = _Comparison(began=database_now(), since=since, is_held=is_held)
    return begun


def _left(account: PlatformAccount, under_way: _Comparison, since: datetime) -> list[str]:
    """The threads that are still to be looked at. The platform names its own once; what is said since comes by webhook."""
    if under_way.named is None:
        under_way.named = _threads(account, since, is_held=under_way.is_held)
    threads = dict.fromkeys(under_way.named + (_unsettled(account, since) if under_way.is_held else []))
    platform = PLATFORMS[account.platform]
    left = [key for key in threads if key not in under_way.done and platform.reads_back(account, key)]
    under_way.threads = len(under_way.done) + len(left)
    return left


def _threads(account: PlatformAccount, since: datetime, *, is_held: bool) -> list[str]:
    platform = PLATFORMS[account.platform]
    return tokens.call_aside(
        account, lambda session: platform.threads_since(session, since), calls=2, leaving=_leaving(is_held=is_held)
    )


def _unsettled(account: PlatformAccount, since: datetime) -> list[str]:
    """Threads that the platform's list may be too short for, and in which something would be said at once."""
    arrived = WebhookEvent.objects.filter(source=account.source, received_at__gte=since).exclude(conv_key="")
    return conversations.unsettled_threads(account.pk) + list(arrived.values_list("conv_key", flat=True).distinct())


def _missed(account: PlatformAccount, under_way: _Comparison, thread_key: str, since: datetime) -> list[MissedEvent]:
    """What was said in a thread; after a restore by us too."""
    platform, is_held = PLATFORMS[account.platform], under_way.is_held
    if is_held and conversations.thread_was_erased(account.pk, thread_key):
        # Whoever was erased since the back-up is not brought back.
        return []
    try:
        return tokens.call_aside(
            account,
            lambda session: platform.said_since(session, thread_key, since, by_us_too=is_held),
            leaving=_leaving(is_held=is_held),
        )
    except CallFailed as failure:
        if failure.result.outcome is not SendOutcome.REFUSED:
            raise
        # One thread that the platform no longer knows must not keep the account silent, nor unread, for ever.
        logger.warning("A thread of account %d cannot be compared with its platform: %s", account.pk, failure)
        under_way.refused.add(thread_key)
        return []


def _leaving(*, is_held: bool) -> int:
    """Nothing is said through an account that a restore holds, so nothing has to be left for messages."""
    return 0 if is_held else KEPT_FOR_MESSAGES


def _finish(account: PlatformAccount, under_way: _Comparison, until: float) -> bool:
    """Take in what was found, and let the account speak again; False while something of it cannot be taken in yet.

    Where the platform said nothing of a thread, people answer in it.
    """
    waiting = WebhookEvent.objects.to_ingest().filter(source__in=account.sources, conv_key__in=under_way.done)
    for event_pk in (
        waiting.order_by().values("source", "conv_key").annotate(first=Min("pk")).values_list("first", flat=True)
    ):
        left = until - time.monotonic()
        if left <= 0:
            return False
        ingest_event(event_pk, seconds=left)
    if waiting.exists():
        # Others are at it, in this process or another one.
        return False
    for thread_key in under_way.refused:
        conversations.leave_to_people(account.pk, thread_key)
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
