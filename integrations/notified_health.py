"""Whether an account's platform tells us at once what happens on it: how that stands, and what a person has to do, in plain words."""

from datetime import datetime

from django.conf import settings

from integrations.models import PlatformAccount
from integrations.platforms import NOTIFYING

UNKNOWN = (
    "Whether LinkedIn notifies us of what happens here is not known. Give the app's number in LinkedIn's developer portal "
    "(the application number here, --application-id, or LINKEDIN_APPLICATION_ID): then it is asked to, and watched."
)


def is_wanted(account: PlatformAccount) -> bool:
    """Whether the platform has to be asked to tell what happens on the account."""
    platform = NOTIFYING.get(account.platform)
    return platform is not None and account.kind == platform.notified_kind


def application_of(account: PlatformAccount) -> str:
    """The number of the account's app: its own, or that of the environment's app. Empty where it was not given."""
    platform = NOTIFYING[account.platform]
    if account.application_id or platform.environment is None:
        return account.application_id
    is_the_environments = account.client_key == getattr(settings, platform.environment[0])
    return str(getattr(settings, platform.application_setting)) if is_the_environments else ""


def notice(account: PlatformAccount, now: datetime) -> str:
    """What a person has to do, so that what happens is told at once; empty while there is nothing."""
    if not is_wanted(account) or not application_of(account):
        return ""
    if account.notified_problem:
        return account.notified_problem
    until = account.notified_until
    if until is None or until > now:
        return ""
    return f"{account.get_platform_display()} stopped notifying us on {moment(until)}: authorise the account again."


def lines(account: PlatformAccount, now: datetime) -> tuple[str, ...]:
    """How it stands, in sentences for staff; what there is to do is told by ``notice``."""
    if not is_wanted(account):
        return ()
    if not application_of(account):
        return (UNKNOWN,)
    label, until = account.get_platform_display(), account.notified_until
    if account.notified_problem or (until is not None and until <= now):
        return (_meanwhile(),)
    if account.notified_look_at is None:
        return (f"{label} is asked within a minute to notify us of what happens here.",)
    ends = f" until {moment(until)}, and is asked again before that" if until is not None else ""
    return (f"{label} notifies us of what happens here{ends}.",)


def _meanwhile() -> str:
    minutes = settings.READ_BACK_MINUTES
    if not minutes:
        return "What happens here is not found meanwhile: READ_BACK_MINUTES is 0."
    return f"Meanwhile what happens here is found by looking, every {minutes} minutes."


def moment(at: datetime) -> str:
    """A moment as people read it."""
    return f"{at:%d %B %Y, %H:%M} UTC"
