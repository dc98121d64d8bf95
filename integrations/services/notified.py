"""Being told what happens: platforms that have to be asked for it are asked, looked at, and asked again before it ends.

LinkedIn's subscriptions end without a word: at their time, and with the grant or the role of the member who allowed us.
"""

import logging
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from conversations.types import SendOutcome
from core.clock import now_plus
from integrations import addresses, notified_health
from integrations.models import PlatformAccount
from integrations.platforms import NOTIFYING
from integrations.platforms.base import CallFailed, Check, Notified, Session
from integrations.services import tokens

logger = logging.getLogger(__name__)

LOOK_EVERY = timedelta(hours=6)
RENEW_BEFORE = timedelta(days=7)
# What a person has to put right is looked at more often, and what LinkedIn did not say just now soon.
REFUSED_PAUSE = timedelta(minutes=10)
AGAIN_AFTER = timedelta(minutes=1)
LONGEST_PROBLEM = 300


def keep_notified() -> int:
    """See to every account that is due, an account that was just connected at once; how many platforms were asked."""
    put_back = Q(notified_look_at__gt=now_plus(LOOK_EVERY + AGAIN_AFTER))
    due = Q(notified_look_at=None) | Q(notified_look_at__lte=Now()) | put_back
    accounts = PlatformAccount.objects.filter(due, state=PlatformAccount.State.ACTIVE, platform__in=list(NOTIFYING))
    asked = 0
    for account in accounts.order_by("pk"):
        mine = PlatformAccount.objects.filter(due, pk=account.pk)
        if not _can_be_asked(account) or not mine.update(notified_look_at=now_plus(AGAIN_AFTER)):
            continue
        try:
            asked += _look(account, insists=account.notified_look_at is None)
        except CallFailed as failure:
            logger.warning("Account %d: whether its platform notifies us is not known: %s", account.pk, failure)
        except Exception:
            # One account's trouble must not keep the others from being told.
            logger.exception("Account %d could not be seen to.", account.pk)
    return asked


def check(account: PlatformAccount) -> list[Check]:
    """Whether the platform tells us what happens, and the way there where it did not; nothing where it needs no asking."""
    if not notified_health.is_wanted(account):
        return []
    now = timezone.now()
    if _can_be_asked(account):
        try:
            _look(account, insists=True)
        except CallFailed as failure:
            return [Check(name="notifications", ok=False, detail=str(failure))]
    problem = notified_health.notice(account, now)
    detail = problem or " ".join(notified_health.lines(account, now))
    return [Check(name="notifications", ok=not problem, detail=detail)]


def take_leave(account: PlatformAccount) -> str:
    """Have the platform notify us of the account no more; what a person has to do where that failed, else empty.

    What is told at another address than ours stays: it may be another installation's.
    """
    if not _can_be_asked(account):
        return ""
    platform, application = NOTIFYING[account.platform], notified_health.application_of(account)

    def end(session: Session) -> None:
        found = platform.notified(session, application=application)
        if found.webhook and addresses.leads_here(found.webhook, account):
            platform.notify_no_more(session, application=application, member=found.member)

    try:
        tokens.call_aside(account, end)
    except CallFailed as failure:
        return (
            f"{account.get_platform_display()} may go on notifying us of it: see the app {application} in its developer portal. "
            f"{failure}"
        )
    return ""


def _can_be_asked(account: PlatformAccount) -> bool:
    return notified_health.is_wanted(account) and bool(notified_health.application_of(account))


def _look(account: PlatformAccount, *, insists: bool) -> bool:
    """Look, and ask where it is needed; whether it was asked. Raises CallFailed where the platform did not say.

    What is told at another address than ours may be told to another installation: only who ``insists`` takes it from there.
    """
    platform, application = NOTIFYING[account.platform], notified_health.application_of(account)

    def look(session: Session) -> tuple[Notified, Notified | None]:
        found = platform.notified(session, application=application)
        webhook = _to_ask_for(account, found, insists=insists)
        if not webhook:
            return found, None
        return found, platform.notify(session, application=application, member=found.member, webhook=webhook)

    try:
        before, after = tokens.call_aside(account, look)
    except CallFailed as failure:
        if failure.result.outcome is not SendOutcome.REFUSED:
            raise
        _note(account, _refused(account, application, str(failure)), pause=REFUSED_PAUSE)
        return False
    found = after or before
    account.notified_until = found.until
    problem = _problem(account, application, found)
    if problem:
        _note(account, problem, pause=REFUSED_PAUSE)
    else:
        _note(account, _ends(account, before, after) if after is not None else "", pause=LOOK_EVERY)
    return after is not None


def _to_ask_for(account: PlatformAccount, found: Notified, *, insists: bool) -> str:
    """The address at which the platform has to be asked to tell us; empty where nothing has to be asked, or can be."""
    if not found.member:
        return ""
    if not found.webhook:
        return addresses.told_to_platform(account)
    if not addresses.leads_here(found.webhook, account):
        return addresses.told_to_platform(account) if insists else ""
    is_over_soon = found.until is not None and found.until <= timezone.now() + RENEW_BEFORE
    return found.webhook if is_over_soon else ""


def _problem(account: PlatformAccount, application: str, found: Notified) -> str:
    label = account.get_platform_display()
    if not found.member:
        return (
            f"{label} notifies nobody of what happens here: the member who authorised the account no longer administers it. "
            "Have somebody who does authorise it again."
        )
    if not found.webhook:
        return _refused(account, application, "It took the request, and does not list it.")
    if not addresses.leads_here(found.webhook, account):
        return (
            f"{label} notifies another address of what happens here. To have it told here, authorise the account again or "
            f"`manage.py account test {account.pk}`. It is {found.webhook}"
        )
    return ""


def _ends(account: PlatformAccount, before: Notified, after: Notified) -> str:
    """What there is to say where asking again made it no longer, as with the end of what the member allowed."""
    if before.webhook != after.webhook or before.until is None or after.until is None or after.until > before.until:
        return ""
    return (
        f"{account.get_platform_display()} notifies us of what happens here until {notified_health.moment(after.until)} only, "
        "and asking again does not make it longer: authorise the account again before."
    )


def _refused(account: PlatformAccount, application: str, evidence: str) -> str:
    label, webhook = account.get_platform_display(), addresses.told_to_platform(account)
    return (
        f"{label} does not notify us of what happens here. See in its developer portal that the app {application} may have "
        f"webhooks and that {webhook} is validated. {evidence}"
    )


def _note(account: PlatformAccount, problem: str, *, pause: timedelta) -> None:
    """Keep what was found, for the account's page and the next look, and tell people where they have to do something."""
    mine = PlatformAccount.objects.filter(pk=account.pk)
    mine.update(notified_until=account.notified_until, notified_problem=problem[:LONGEST_PROBLEM])
    # Whoever connected the account meanwhile wants it looked at at once.
    mine.exclude(notified_look_at=None).update(notified_look_at=now_plus(pause))
    account.refresh_from_db()
    tokens.tell_in_time(account, timezone.now())
