"""The vocabulary that all platforms share: verify, glance, parse, send, look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from conversations.types import Channel, InboundMessage, OutboundEcho, SendOutcome, SendResult
from integrations.models import PlatformAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class AppKey:
    """A platform app: its public key and the secret that proves it; ``number`` where the platform names it by another one too."""

    client_key: str
    secret: str = field(repr=False)
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Whose secret an event was signed with, and whether the signature is older than is usual.

    ``event_key`` is the event's own id, where it is part of what was signed.
    """

    client_keys: tuple[str, ...]
    late: bool = False
    event_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What the door reads of an event before it is kept. Empty where it could not be told."""

    client_key: str = ""
    event_key: str = ""
    conv_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvent:
    """An event as it was kept."""

    body: bytes
    late: bool = False
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a kept event holds for one account, its envelope read and the rest not yet judged.

    ``external_account_id`` is empty where the address it came to names the account already.
    """

    external_account_id: str
    envelope: dict[str, Any]
    late: bool
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReceipt:
    """The customer has read the thread up to a moment. ``key`` names the receipt."""

    account_id: int
    thread_key: str
    key: str
    up_to: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """The customer came by an advertisement or a link and has not written yet. ``subject`` is one line for staff."""

    channel: Channel
    thread_key: str
    customer_id: str
    customer_name: str
    key: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Nothing to do, and why: a short word first, then words for staff."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Defective:
    """An item of a batch that cannot be read, and why. The others have their effect; people look at this one."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnComment:
    """Something said in our own name under ``above``, a comment or a post. In whose thread, the record knows."""

    channel: Channel
    source_id: str
    above: str
    text: str
    sent_at: datetime | None


WholeItem = InboundMessage | OutboundEcho | ReadReceipt | Referral | Ignored | Defective | OwnComment


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """An item of which the platform has to be asked for the rest.

    ``otherwise`` is what it is taken for where the platform does not say; None where it cannot be anything yet.
    """

    account_id: int
    name: str
    channel: Channel
    facts: dict[str, Any]
    otherwise: WholeItem | None


ParsedItem = WholeItem | Unfinished


def uncounted() -> None:
    """The meter of a session that is of no account yet, or makes no calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What is needed to speak as an account, read at the moment of the call. Never logged.

    ``meter`` counts a call before it is made, under the account's limit a minute; it raises OutOfCalls.
    """

    account_id: int
    external_id: str
    client_key: str
    kind: str = ""
    api_base: str
    auth_base: str
    secret: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    previous_secret: str = field(default="", repr=False)
    honours_key: bool = False
    meter: Callable[[], None] = field(default=uncounted, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message to send. ``picture`` is the bytes of an image; it travels alone.

    ``message_id`` is our own id of it, ``in_reply_to`` the platform's id of the customer's newest message before it.
    """

    thread_key: str
    customer_id: str
    text: str
    idem_key: str
    message_id: str
    author: str
    in_reply_to: str = ""
    reply_to: str = ""
    picture: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidMessage:
    """A message of ours as the platform lists it."""

    message_id: str
    text: str
    kind: str
    by_api: bool
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The newest messages of a thread: ours, and how far back the list reaches (None: to its beginning)."""

    ours: tuple[SaidMessage, ...]
    reaches_back_to: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedEvent:
    """A message as its webhook would have brought it: the event's key and thread, its body, and when it was said."""

    message_id: str
    event_key: str
    conv_key: str
    body: bytes
    said_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """Fresh tokens. Lifetimes in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: float
    refresh_expires_in: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedAccount:
    """An account that whoever allowed us may speak for, by its id and its name on the platform."""

    external_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the authorise page's code stood for: tokens, the accounts they are for, and permissions that are missing."""

    tokens: TokenPair
    accounts: tuple[GrantedAccount, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was tried on an account, in words."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """A fetched attachment."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """Where a platform tells what happens on an account, by whose leave, and until when, as far as it says.

    Without a ``webhook`` it tells nobody; without a ``member`` nobody who allowed us may have it told any more.
    """

    member: str
    webhook: str = ""
    until: datetime | None = None


class CallFailed(Exception):
    """A call to a platform did not succeed; ``result`` says how, in the terms of a send."""

    def __init__(self, result: SendResult, *, code: int | None = None) -> None:
        self.result = result
        self.code = code
        super().__init__(result.evidence)


class OutOfCalls(CallFailed):
    """The call was not made: the account has none left for ``seconds``."""

    def __init__(self, seconds: float, evidence: str = "The platform's limit of calls a minute was reached.") -> None:
        super().__init__(
            SendResult(outcome=SendOutcome.RETRY, evidence=evidence, retry_after=seconds, is_counted=False)
        )


class Platform(Protocol):
    """One platform. Nothing here writes to the database.

    ``environment`` names the settings of an app's key and secret that may stand in the environment; ``needed`` the fields
    that a new account cannot be without, ``kinds`` the interfaces it can be of, its usual one first. ``kept_headers`` stay
    with an event. ``renew_before`` is how long before its end a token is renewed.
    """

    name: str
    calls_per_minute_setting: str
    environment: tuple[str, str] | None
    needed: tuple[str, ...]
    kinds: tuple[str, ...]
    kept_headers: tuple[str, ...]
    shows_activity: bool
    renew_before: timedelta

    def external_id(self, given: str, kind: str) -> str:
        """The account's id as the platform's events spell it. Raises AccountProblem."""

    def answer_challenge(self, query: Mapping[str, str], keys: Callable[[], Sequence[AppKey]]) -> dict[str, str]:
        """What whoever sets up the webhook is answered; ``keys`` are read only where they are needed.

        Raises InvalidChallenge, and what reading the keys raises.
        """

    def authenticate(self, headers: Mapping[str, str], body: bytes, keys: Sequence[AppKey], *, now: float) -> Proof:
        """Whose secret signed the raw bytes. Raises InvalidSignature."""

    def glance(self, body: bytes) -> Glance:
        """What the door needs to file the event; never raises."""

    def open(self, raw: RawEvent) -> tuple[Opened, ...]:
        """What the event holds, strictly read, once for each account it is for. Raises Unreadable."""

    def parse(self, opened: Opened, account: PlatformAccount, channel: Channel) -> list[ParsedItem]:
        """What the event says to an account that receives here; ``channel`` is its own platform's. Raises Unreadable."""

    def finish(self, session: Session, item: Unfinished) -> ParsedItem:
        """The item with what the platform says of it. Raises CallFailed."""

    def channel(self, account: PlatformAccount) -> Channel:
        """The account as the record sees it."""

    def session(self, account: PlatformAccount) -> Session:
        """What is needed to call as this account now."""

    def send(self, session: Session, outgoing: Outgoing, *, deadline: float) -> SendResult:
        """One attempt, ended by ``deadline`` (monotonic seconds); never raises for what a network does."""

    def show_typing(self, session: Session, thread_key: str) -> None:
        """Show the customer that somebody writes. Raises CallFailed."""

    def mark_read(self, session: Session, thread_key: str) -> None:
        """Show the customer that the thread was read. Raises CallFailed."""

    def listing(self, session: Session, thread_key: str) -> Listing:
        """The newest messages of a thread. Raises CallFailed."""

    def reads_back(self, account: PlatformAccount, thread_key: str) -> bool:
        """Whether it can be asked what was said in this thread by itself; where not, no call is spent on it."""

    def threads_since(self, session: Session, since: datetime) -> list[str]:
        """The threads in which something was said since then, in two calls. Raises CallFailed."""

    def said_since(
        self, session: Session, thread_key: str, since: datetime, *, by_us_too: bool = False
    ) -> list[MissedEvent]:
        """What customers, and colleagues in the platform's own app, said in a thread, in one call. Raises CallFailed.

        What we said ourselves is left out, unless ``by_us_too`` is asked for.
        """

    def refresh(self, session: Session) -> TokenPair:
        """A fresh pair for the refresh token. Raises CallFailed."""

    def probe(self, session: Session) -> None:
        """One harmless call that shows whether the token is taken. Raises CallFailed."""

    def check(self, session: Session) -> list[Check]:
        """Whether the account works; never raises for what a network does."""

    def fetch_media(self, session: Session, *, thread_key: str, message_id: str, media_id: str, kind: str) -> MediaFile:
        """The bytes of an attachment, from the account's own hosts only. Raises CallFailed."""


class AuthorizingPlatform(Platform, Protocol):
    """A platform whose accounts are connected by its own authorise page.

    ``account_noun`` is what an account is called there, ``authorized_kind`` the interface that the page gives access to.
    Neither platform's authorise page is documented to take a proof key (PKCE); the app's secret redeems the code.
    """

    account_noun: str
    authorized_kind: str

    def authorize_url(self, session: Session, *, redirect_uri: str, state: str) -> str:
        """Where the browser goes; it comes back to ``redirect_uri`` with ``state`` and a code, or an error."""

    def redeem(self, session: Session, *, code: str, redirect_uri: str) -> Grant:
        """Exchange the code, once, and see whose account it is. Raises CallFailed."""


class NotifyingPlatform(Platform, Protocol):
    """A platform that tells what happens on an account only where it is asked to, account by account, and for a while.

    ``notified_kind`` is the interface whose accounts are told of; ``application_setting`` names the number of the app that
    stands in the environment.
    """

    notified_kind: str
    application_setting: str

    def notified(self, session: Session, *, application: str) -> Notified:
        """Where it tells what happens on the account. Raises CallFailed."""

    def notify(self, session: Session, *, application: str, member: str, webhook: str) -> Notified:
        """Have it told at ``webhook``, and for longer where it is told there already. Raises CallFailed."""

    def notify_no_more(self, session: Session, *, application: str, member: str) -> None:
        """Have it told no more. Raises CallFailed."""
