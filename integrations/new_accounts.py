"""What is known of an account before it exists, and whether there can be one like it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2

from core import egress
from core.exceptions import EgressRefused
from integrations import standard_webhooks
from integrations.exceptions import AccountProblem
from integrations.models import PlatformAccount
from integrations.origins import origin_of
from integrations.platforms import NOTIFYING, PLATFORMS

IMPLEMENTED = (*PLATFORMS, PlatformAccount.Platform.WEBCHAT.value)
SHORTEST_IDENTITY_SECRET = 32
LONGEST_NUMBER = 20
OLDER_EVENTS_WHERE = (
    "The older project's events are private messages: only a TikTok account, or a LinkedIn one with --api-kind messages, "
    "takes them."
)
ORIGIN_WANTED = "An origin is only a scheme, a host and perhaps a port, like https://shop.example.com."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What is known of an account before it exists. Addresses are bases; empty means the platform's own."""

    platform: str
    name: str
    external_id: str = ""
    client_key: str = ""
    secret: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    api_base: str = ""
    auth_base: str = ""
    api_kind: str = ""
    team: str = ""
    languages: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    simulated: bool = False
    honours_key: bool = False
    legacy_payloads: bool = False
    legacy_secret: str = field(default="", repr=False)
    greeting: str = ""
    ask_name: str = PlatformAccount.Asked.OFF
    ask_email: str = PlatformAccount.Asked.OFF
    expires_in: int = 0
    application_id: str = ""


def judge(new: NewAccount) -> None:
    """Raise AccountProblem where there can be no such account. The message names the option that is wrong."""
    if new.platform not in IMPLEMENTED:
        raise AccountProblem(f"{new.platform} is no platform; choose one of {', '.join(IMPLEMENTED)}.")
    if not new.name.strip():
        raise AccountProblem("Give the account a name (--name).")
    label = PlatformAccount.Platform(new.platform).label
    if new.greeting and new.platform != PlatformAccount.Platform.WEBCHAT:
        raise AccountProblem(f"Nobody is welcomed on {label}: leave --greeting out.")
    platform = PLATFORMS.get(new.platform)
    kinds = platform.kinds if platform is not None else ("",)
    if new.api_kind and new.api_kind not in kinds:
        known = f"choose one of {', '.join(kinds)}" if any(kinds) else "it has but one"
        raise AccountProblem(f"{label} has no interface called {new.api_kind}; {known} (--api-kind).")
    missing = [name for name in (platform.needed if platform is not None else ()) if not getattr(new, name).strip()]
    if missing:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise AccountProblem(f"A {label} account needs {options} as well.")
    if new.secret:
        judge_secret(new.platform, new.secret)
    if new.application_id:
        judge_application(new.platform, new.application_id)
    _judge_older(new, kinds)
    for base in (new.api_base, new.auth_base):
        if base and (urlsplit(base).scheme not in {"http", "https"} or not urlsplit(base).hostname):
            raise AccountProblem(f"{base} is no address; give it like https://example.com.")
    for base in filter(None, (new.api_base, new.auth_base)):
        _require_callable(base)
    if not all(map(origin_of, new.origins)):
        raise AccountProblem(ORIGIN_WANTED)


def _judge_older(new: NewAccount, kinds: tuple[str, ...]) -> None:
    if not new.legacy_payloads:
        if new.legacy_secret:
            raise AccountProblem("A secret for the older project's events counts only with --legacy-payloads.")
        return
    if not takes_older_events(new.platform, new.api_kind or kinds[0]):
        raise AccountProblem(OLDER_EVENTS_WHERE)
    if not (new.legacy_secret or new.secret):
        raise AccountProblem("Give the secret that the older project's senders sign with (--legacy-secret).")


def takes_older_events(platform: str, kind: str) -> bool:
    """Whether an account can take the older project's events at all: those whose threads are private."""
    return platform == PlatformAccount.Platform.TIKTOK or (
        platform == PlatformAccount.Platform.LINKEDIN and kind == PlatformAccount.MESSAGES
    )


def judge_secret(platform: str, secret: str) -> None:
    """Raise AccountProblem where the platform's accounts cannot have this secret."""
    if platform == PlatformAccount.Platform.WEBCHAT and len(secret.strip()) < SHORTEST_IDENTITY_SECRET:
        raise AccountProblem("The secret must have at least 32 characters; `account rotate` makes one.")
    if platform == PlatformAccount.Platform.EVENTS and standard_webhooks.key_of(secret.strip()) is None:
        raise AccountProblem("The secret must be whsec_ and 24 to 64 bytes in base64; without --secret one is made.")


def judge_application(platform: str, number: str) -> None:
    """Raise AccountProblem where an account cannot have this application number."""
    if platform not in NOTIFYING:
        label = PlatformAccount.Platform(platform).label
        raise AccountProblem(f"{label} tells us what happens without being asked: leave --application-id out.")
    if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER):
        raise AccountProblem("--application-id is the number in the address of the app's page in the developer portal.")


def _require_callable(base: str) -> None:
    """Tell now what each call would be refused for."""
    try:
        egress.judge_whole(httpx2.URL(base))
    except EgressRefused as refusal:
        raise AccountProblem(str(refusal)) from refusal
