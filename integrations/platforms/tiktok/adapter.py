"""TikTok behind the shared vocabulary."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from conversations.types import Channel, SendOutcome, SendResult
from integrations.models import PlatformAccount
from integrations.platforms import challenges
from integrations.platforms.base import (
    AppKey,
    CallFailed,
    Check,
    Glance,
    Grant,
    GrantedAccount,
    Listing,
    MediaFile,
    MissedEvent,
    Opened,
    Outgoing,
    ParsedItem,
    Proof,
    RawEvent,
    SaidMessage,
    Session,
    TokenPair,
    Unfinished,
)
from integrations.platforms.tiktok import parse, read_back, signature
from integrations.platforms.tiktok.client import TikTokClient

TEXT_LIMIT = 6_000
# "3 MB" is not said to be more than three million bytes, so a picture of that size is taken whichever is meant.
PICTURE_LIMIT = 3_000_000
WINDOW_HOURS = 48
WINDOW_MESSAGES = 10
LISTED = 20
API_PATH = "/open_api/v1.3"
AUTHORIZE_PATH = "/v2/auth/authorize"
SCOPES = (
    "user.info.basic", "user.info.username", "user.info.stats", "user.info.profile", "user.account.type", "user.insights",
    "message.list.read", "message.list.send", "message.list.manage",
)  # fmt: skip
NEEDED_SCOPES = ("message.list.read", "message.list.send")
MEDIA_TYPES = {"image": "IMAGE", "video": "VIDEO"}


class TikTok:
    """TikTok's Business Messaging."""

    name = "tiktok"
    calls_per_minute_setting = "TIKTOK_RATE_LIMIT"
    environment: tuple[str, str] | None = ("TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET")
    needed: tuple[str, ...] = ("external_id", "client_key", "secret", "access_token")
    kinds: tuple[str, ...] = ("",)
    kept_headers: tuple[str, ...] = (signature.HEADER, "X-Tt-Logid")
    shows_activity = True
    renew_before = timedelta(minutes=5)
    account_noun = "TikTok account"
    authorized_kind = ""

    def external_id(self, given: str, kind: str) -> str:
        """The business's id, as it is."""
        return given

    def answer_challenge(self, query: Mapping[str, str], keys: Callable[[], Sequence[AppKey]]) -> dict[str, str]:
        """The challenge given back; whether TikTok asks at all is not known. Raises InvalidChallenge."""
        return challenges.echo(query)

    def authenticate(self, headers: Mapping[str, str], body: bytes, keys: Sequence[AppKey], *, now: float) -> Proof:
        """Whose secret signed the raw bytes. Raises InvalidSignature."""
        return signature.verify(headers.get(signature.HEADER), body, keys, now=now)

    def glance(self, body: bytes) -> Glance:
        """What the door needs to file the event; never raises."""
        return parse.glance(body)

    def open(self, raw: RawEvent) -> tuple[Opened, ...]:
        """The event's envelope, strictly read; it is for one account. Raises Unreadable."""
        return (parse.open_envelope(raw),)

    def parse(self, opened: Opened, account: PlatformAccount, channel: Channel) -> list[ParsedItem]:
        """What the event says. Raises Unreadable."""
        return parse.parse(opened, channel)

    def finish(self, session: Session, item: Unfinished) -> ParsedItem:
        """Nothing of TikTok's has to be asked for. Raises CallFailed."""
        raise CallFailed(SendResult(outcome=SendOutcome.REFUSED, evidence=f"TikTok tells no more of {item.name}."))

    def channel(self, account: PlatformAccount) -> Channel:
        """The account as the record sees it."""
        return Channel(
            platform=self.name,
            account_id=account.pk,
            account_name=account.name,
            team_id=account.team_id,
            text_limit=TEXT_LIMIT,
            picture_limit=PICTURE_LIMIT,
            window_hours=WINDOW_HOURS,
            window_messages=WINDOW_MESSAGES,
            languages=tuple(account.languages),
            bot_enabled=account.bot_enabled,
        )

    def session(self, account: PlatformAccount) -> Session:
        """What is needed to call as this account now. A simulated account's address follows the simulator's port."""
        api_base, auth_base = (
            account.api_base or settings.TIKTOK_API_BASE,
            account.auth_base or settings.TIKTOK_AUTH_BASE,
        )
        if account.options.get("simulated"):
            auth_base = f"http://127.0.0.1:{settings.SIM_PORT}"
            api_base = auth_base + API_PATH
        return Session(
            account_id=account.pk,
            external_id=account.external_id,
            client_key=account.client_key,
            api_base=api_base,
            auth_base=auth_base,
            secret=account.secrets.get("secret", ""),
            access_token=account.secrets.get("access_token", ""),
            refresh_token=account.secrets.get("refresh_token", ""),
        )

    def send(self, session: Session, outgoing: Outgoing, *, deadline: float) -> SendResult:
        """One attempt, ended by ``deadline``."""
        client = TikTokClient(session, deadline=deadline)
        if not outgoing.picture:
            return client.send_text(outgoing.thread_key, outgoing.text, reply_to=outgoing.reply_to)
        if outgoing.text:
            return SendResult(
                outcome=SendOutcome.REFUSED,
                evidence="TikTok carries no text together with a picture. Send them one after the other.",
            )
        return client.send_picture(outgoing.thread_key, outgoing.picture)

    def show_typing(self, session: Session, thread_key: str) -> None:
        """Show the customer for about 5 s that somebody writes. Raises CallFailed."""
        TikTokClient(session).sender_action(thread_key, "TYPING")

    def mark_read(self, session: Session, thread_key: str) -> None:
        """Show the customer that the thread was read. Raises CallFailed."""
        TikTokClient(session).sender_action(thread_key, "MARK_READ")

    def listing(self, session: Session, thread_key: str) -> Listing:
        """The newest messages of a thread. Raises CallFailed."""
        found = TikTokClient(session).content_list(thread_key).get("messages")
        if not isinstance(found, list):
            raise CallFailed(SendResult(outcome=SendOutcome.AMBIGUOUS, evidence="TikTok listed no messages."))
        messages = [item for item in found if isinstance(item, dict)]
        moments = [moment for moment in (read_back.moment(item.get("timestamp")) for item in messages) if moment]
        return Listing(
            ours=tuple(_said(item) for item in messages if _sender(item) == session.external_id),
            reaches_back_to=min(moments) if len(messages) >= LISTED and moments else None,
        )

    def reads_back(self, account: PlatformAccount, thread_key: str) -> bool:
        """Every thread."""
        return True

    def threads_since(self, session: Session, since: datetime) -> list[str]:
        """The threads in which something was said since then. Raises CallFailed."""
        client = TikTokClient(session)
        return list(
            dict.fromkeys(
                thread_key
                for kind in ("SINGLE", "STRANGER")
                for thread_key in read_back.threads_since(client.conversation_list(kind), since)
            )
        )

    def said_since(
        self, session: Session, thread_key: str, since: datetime, *, by_us_too: bool = False
    ) -> list[MissedEvent]:
        """What customers, and colleagues in TikTok, said among the newest messages of a thread. Raises CallFailed."""
        found = TikTokClient(session).content_list(thread_key)
        return read_back.said_since(found, session, thread_key, since, by_us_too=by_us_too)

    def refresh(self, session: Session) -> TokenPair:
        """A fresh pair for the refresh token. Raises CallFailed."""
        return TikTokClient(session).refresh()

    def authorize_url(self, session: Session, *, redirect_uri: str, state: str) -> str:
        """TikTok's page; it always asks, for who allowed the same before would else come back without a code."""
        query = {
            "client_key": session.client_key,
            "response_type": "code",
            "scope": ",".join(SCOPES),
            "redirect_uri": redirect_uri,
            "state": state,
            "disable_auto_auth": "1",
        }
        return f"{session.auth_base.rstrip('/')}{AUTHORIZE_PATH}?{urlencode(query)}"

    def redeem(self, session: Session, *, code: str, redirect_uri: str) -> Grant:
        """The tokens of one business. Raises CallFailed."""
        tokens, business, scopes = TikTokClient(session).redeem(code, redirect_uri=redirect_uri)
        given = set(scopes.split(","))
        return Grant(
            tokens=tokens,
            accounts=(_named(replace(session, external_id=business, access_token=tokens.access_token)),),
            missing=tuple(scope for scope in NEEDED_SCOPES if scopes and scope not in given),
        )

    def probe(self, session: Session) -> None:
        """One harmless call that shows whether the token is taken. Raises CallFailed."""
        TikTokClient(session).business()

    def check(self, session: Session) -> list[Check]:
        """Whether the account answers to our token, and whose token it is."""
        client = TikTokClient(session)
        return [_business(client), _token(client, session)]

    def fetch_media(self, session: Session, *, thread_key: str, message_id: str, media_id: str, kind: str) -> MediaFile:
        """The bytes of a picture or video, from TikTok's hosts only. Raises CallFailed."""
        media_type = MEDIA_TYPES.get(kind)
        if media_type is None:
            raise CallFailed(SendResult(outcome=SendOutcome.REFUSED, evidence=f"TikTok hands out no {kind}."))
        return TikTokClient(session).download(
            conversation_id=thread_key, message_id=message_id, media_id=media_id, media_type=media_type
        )


def _named(session: Session) -> GrantedAccount:
    """The business with its name, or with its id where TikTok does not tell one just now."""
    try:
        found = TikTokClient(session).business()
    except CallFailed:
        found = {}
    name = found.get("display_name") or found.get("username") or session.external_id
    return GrantedAccount(external_id=session.external_id, name=str(name))


def _business(client: TikTokClient) -> Check:
    try:
        found = client.business()
    except CallFailed as failure:
        return Check(name="account", ok=False, detail=str(failure))
    return Check(
        name="account", ok=True, detail=f"TikTok knows it as {found.get('display_name') or found.get('username')}."
    )


def _token(client: TikTokClient, session: Session) -> Check:
    try:
        found = client.token_info()
    except CallFailed as failure:
        return Check(name="token", ok=False, detail=str(failure))
    if found.get("creator_id") != session.external_id:
        return Check(name="token", ok=False, detail="The token belongs to another account than this one.")
    scopes = str(found.get("scope") or "")
    if scopes and "message.list.send" not in scopes:
        return Check(name="token", ok=False, detail="The token may not send messages. Authorise the account again.")
    return Check(name="token", ok=True, detail="The token may read and send messages.")


def _sender(item: Mapping[str, Any]) -> object:
    sender = item.get("from_user")
    return sender.get("id") if isinstance(sender, dict) else None


def _said(item: Mapping[str, Any]) -> SaidMessage:
    text, tag = item.get("text"), item.get("message_tag")
    body = text.get("body") if isinstance(text, dict) else ""
    return SaidMessage(
        message_id=str(item.get("message_id", "")),
        text=body if isinstance(body, str) else "",
        kind=str(item.get("message_type", "")).lower(),
        by_api=not isinstance(tag, dict) or tag.get("source") in {"API", None},
        sent_at=read_back.moment(item.get("timestamp")),
    )
