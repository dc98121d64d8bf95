"""How an account stands, its tokens first: what a person has to do, and by when, in plain words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from integrations import notified_health
from integrations.models import PlatformAccount
from integrations.platforms import AUTHORIZING

# A refresh token that ends takes a person with rights on the platform to replace it, who may be away.
REFRESH_NOTICE = timedelta(days=30)
REFUSED_PAUSE = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHealth:
    """``kind`` is ok, soon, untold, lost, removed or none (it has no tokens); ``lines`` are sentences for staff."""

    kind: str
    label: str
    lines: tuple[str, ...]

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to authorise the account again."""
        return self.kind in {"soon", "lost"}


def can_be_reconnected(account: PlatformAccount) -> bool:
    """Whether the platform's authorise page gives tokens for this account."""
    platform = AUTHORIZING.get(account.platform)
    return platform is not None and account.kind == platform.authorized_kind


def is_renewable(account: PlatformAccount, now: datetime) -> bool:
    """Whether the access token can be renewed without a person, as far as is known."""
    ends_at = account.refresh_expires_at
    is_over = ends_at is not None and ends_at <= now
    return bool(account.secrets.get("refresh_token")) and not account.refresh_refused and not is_over


def notice(account: PlatformAccount, now: datetime) -> str:
    """What a person has to do in time while the account still works; empty while there is nothing."""
    platform, ends_at = AUTHORIZING.get(account.platform), account.token_expires_at
    if platform is None:
        return ""
    if not is_renewable(account, now):
        if ends_at is None or ends_at > now + platform.renew_before:
            return ""
        return f"The access token runs out on {notified_health.moment(ends_at)}: authorise the account again before."
    refresh_ends_at = account.refresh_expires_at
    if refresh_ends_at is None or refresh_ends_at > now + REFRESH_NOTICE:
        return ""
    return (
        f"The refresh token runs out on {notified_health.moment(refresh_ends_at)}, and nothing renews the access token after that: "
        "authorise the account again before."
    )


def health(account: PlatformAccount) -> TokenHealth:
    """How the account stands now."""
    if account.state == PlatformAccount.State.REMOVED:
        return TokenHealth(kind="removed", label="Removed", lines=("The account was removed; its tokens are gone.",))
    if account.platform not in AUTHORIZING:
        return TokenHealth(kind="none", label="Works", lines=("This account needs no tokens of a platform.",))
    now = timezone.now()
    lines: tuple[str, ...] = (_access(account, now), _refresh(account, now), _last_renewal(account))
    if account.state == PlatformAccount.State.RECONNECT:
        why = account.state_reason or "The platform no longer takes the account's token."
        return TokenHealth(kind="lost", label="Reconnect needed", lines=(f"{why} What has to be sent waits.", *lines))
    lines += notified_health.lines(account, now)
    ahead = notice(account, now)
    if ahead:
        return TokenHealth(kind="soon", label="Works; reconnect soon", lines=(ahead, *lines))
    untold = notified_health.notice(account, now)
    if untold:
        return TokenHealth(kind="untold", label="Works; not notified", lines=(untold, *lines))
    return TokenHealth(kind="ok", label="Works", lines=lines)


def _access(account: PlatformAccount, now: datetime) -> str:
    ends_at = account.token_expires_at
    if ends_at is None:
        return "When the access token runs out is not known."
    if ends_at <= now:
        return f"The access token ran out on {notified_health.moment(ends_at)}."
    renewed = ", and is renewed before that" if is_renewable(account, now) else ""
    return f"The access token runs out on {notified_health.moment(ends_at)}{renewed}."


def _refresh(account: PlatformAccount, now: datetime) -> str:
    ends_at = account.refresh_expires_at
    if not account.secrets.get("refresh_token"):
        return "There is no refresh token: a person has to authorise the account again each time."
    if account.refresh_refused:
        return "The platform refused the refresh token when it was last used."
    if ends_at is None:
        return "When the refresh token runs out is not known."
    return f"The refresh token {'ran' if ends_at <= now else 'runs'} out on {notified_health.moment(ends_at)}."


def _last_renewal(account: PlatformAccount) -> str:
    at, problem = account.refresh_tried_at, account.refresh_problem
    if at is None:
        return "The access token was not renewed yet."
    return f"The last renewal, on {notified_health.moment(at)}, {f'failed: {problem}' if problem else 'worked.'}"
