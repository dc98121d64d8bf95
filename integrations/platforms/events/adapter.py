"""A platform that speaks signed webhooks, behind the shared vocabulary."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings

from conversations.types import Channel, SendOutcome, SendResult
from integrations import standard_webhooks
from integrations.models import PlatformAccount
from integrations.platforms import challenges
from integrations.platforms.base import (
    AppKey,
    CallFailed,
    Check,
    Glance,
    Listing,
    MediaFile,
    MissedEvent,
    Opened,
    Outgoing,
    ParsedItem,
    Proof,
    RawEvent,
    Session,
    TokenPair,
    Unfinished,
)
from integrations.platforms.events import parse, signature
from integrations.platforms.events.client import EventsClient

TEXT_LIMIT = 10_000
# It travels inside the event, and few servers read more than some megabytes.
PICTURE_LIMIT = 1_000_000


class Events:
    """Signed webhooks in both directions. Nothing can be read back: what was missed, its sender sends again."""

    name = "events"
    calls_per_minute_setting = "EVENTS_RATE_LIMIT"
    environment: tuple[str, str] | None = None
    needed: tuple[str, ...] = ("api_base",)
    kinds: tuple[str, ...] = ("",)
    kept_headers: tuple[str, ...] = (standard_webhooks.ID, standard_webhooks.TIMESTAMP, standard_webhooks.SIGNATURE)
    shows_activity = False
    renew_before = timedelta()

    def external_id(self, given: str, kind: str) -> str:
        """Whatever staff call it: its address names the account."""
        return given

    def answer_challenge(self, query: Mapping[str, str], keys: Callable[[], Sequence[AppKey]]) -> dict[str, str]:
        """The challenge given back. Raises InvalidChallenge."""
        return challenges.echo(query)

    def authenticate(self, headers: Mapping[str, str], body: bytes, keys: Sequence[AppKey], *, now: float) -> Proof:
        """Whose secret signed the id, the time and the raw bytes. Raises InvalidSignature."""
        return signature.verify(headers, body, keys, now=now)

    def glance(self, body: bytes) -> Glance:
        """What the door needs to file the event; never raises."""
        return parse.glance(body)

    def open(self, raw: RawEvent) -> tuple[Opened, ...]:
        """The event's envelope, strictly read; it is for one account. Raises Unreadable."""
        return (parse.open_envelope(raw),)

    def parse(self, opened: Opened, account: PlatformAccount, channel: Channel) -> list[ParsedItem]:
        """What the event says. Raises Unreadable.

        Files are fetched where the account is called at the address that its events come from; another platform's own
        interface is no such place.
        """
        own_origin = parse.origin_of(account.api_base) if account.platform == self.name else ""
        return parse.parse(opened, channel, own_origin=own_origin)

    def finish(self, session: Session, item: Unfinished) -> ParsedItem:
        """A signed webhook leaves nothing open. Raises CallFailed."""
        raise CallFailed(_not_offered("A signed webhook cannot be asked for the rest."))

    def channel(self, account: PlatformAccount) -> Channel:
        """The account as the record sees it."""
        return Channel(
            platform=self.name,
            account_id=account.pk,
            account_name=account.name,
            team_id=account.team_id,
            text_limit=TEXT_LIMIT,
            picture_limit=PICTURE_LIMIT,
            languages=tuple(account.languages),
            bot_enabled=account.bot_enabled,
        )

    def session(self, account: PlatformAccount) -> Session:
        """What is needed to post as this account now. A simulated account's address follows the simulator's port."""
        api_base = account.api_base
        if account.options.get("simulated"):
            api_base = f"http://127.0.0.1:{settings.SIM_PORT}/partner/{account.external_id}"
        return Session(
            account_id=account.pk,
            external_id=account.external_id,
            client_key=account.scope,
            api_base=api_base,
            auth_base="",
            secret=account.secrets.get("secret", ""),
            previous_secret=account.secrets.get("previous_secret", ""),
            access_token="",
            refresh_token="",
            honours_key=account.honours_key,
        )

    def send(self, session: Session, outgoing: Outgoing, *, deadline: float) -> SendResult:
        """One attempt, ended by ``deadline``. In doubt it is repeated where the other end knows our key again."""
        result = EventsClient(session, deadline=deadline).reply(outgoing)
        if result.outcome is SendOutcome.OK:
            return replace(result, platform_message_id=outgoing.message_id)
        if result.outcome is SendOutcome.AMBIGUOUS and session.honours_key:
            return replace(result, outcome=SendOutcome.RETRY)
        return result

    def show_typing(self, session: Session, thread_key: str) -> None:
        """There is no event for it."""

    def mark_read(self, session: Session, thread_key: str) -> None:
        """There is no event for it."""

    def listing(self, session: Session, thread_key: str) -> Listing:
        """Nothing can be read back. Raises CallFailed."""
        raise CallFailed(_not_offered("A signed webhook cannot be asked what arrived."))

    def reads_back(self, account: PlatformAccount, thread_key: str) -> bool:
        """None: nobody can be asked."""
        return False

    def threads_since(self, session: Session, since: datetime) -> list[str]:
        """None: nobody can be asked."""
        return []

    def said_since(
        self, session: Session, thread_key: str, since: datetime, *, by_us_too: bool = False
    ) -> list[MissedEvent]:
        """None: nobody can be asked."""
        return []

    def refresh(self, session: Session) -> TokenPair:
        """There are no tokens. Raises CallFailed."""
        raise CallFailed(_not_offered("A signed webhook has no tokens."))

    def probe(self, session: Session) -> None:
        """Post an event that asks for nothing. Raises CallFailed."""
        EventsClient(session).test()

    def check(self, session: Session) -> list[Check]:
        """Whether the other end takes what we sign."""
        try:
            EventsClient(session).test()
        except CallFailed as failure:
            return [Check(name="address", ok=False, detail=str(failure))]
        return [Check(name="address", ok=True, detail="The address takes what we sign.")]

    def fetch_media(self, session: Session, *, thread_key: str, message_id: str, media_id: str, kind: str) -> MediaFile:
        """The bytes of a file, from the account's own host only. Raises CallFailed."""
        return EventsClient(session).download(media_id, kind=kind)


def _not_offered(evidence: str) -> SendResult:
    return SendResult(outcome=SendOutcome.REFUSED, evidence=evidence)
