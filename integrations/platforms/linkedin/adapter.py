"""LinkedIn behind the shared vocabulary: a Page's comments, and the partners' messages as an account of another kind."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import quote, urlencode

from django.conf import settings

from conversations.types import Channel, SendOutcome, SendResult
from integrations.exceptions import AccountProblem
from integrations.models import PlatformAccount
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
    Notified,
    Opened,
    Outgoing,
    OutOfCalls,
    ParsedItem,
    Proof,
    RawEvent,
    Session,
    TokenPair,
    Unfinished,
)
from integrations.platforms.linkedin import notifying, parse, read_back, signature, urns
from integrations.platforms.linkedin.client import LOOK_SECONDS, LinkedInClient

logger = logging.getLogger(__name__)

# Quoted for comments, and seen for messages to members; LinkedIn states neither where we could read it.
COMMENT_LIMIT = 1_250
MESSAGE_LIMIT = 1_900
AUTHORIZE_PATH = "/oauth/v2/authorization"
SCOPES = ("r_organization_social_feed", "w_organization_social_feed", "rw_organization_admin")
REDEEM_SECONDS = 20.0
MOST_NAMED = 10
NOTIFICATIONS_KEPT = timedelta(days=60)
REFUSED_HERE = "LinkedIn does not let the Page answer here, though it takes the account's token (403)."
COMMENTS, MESSAGES = "comments", PlatformAccount.MESSAGES


class LinkedIn:
    """A Page's comments and mentions, or a partner's messages."""

    name = "linkedin"
    calls_per_minute_setting = "LINKEDIN_RATE_LIMIT"
    environment: tuple[str, str] | None = ("LINKEDIN_CLIENT_ID", "LINKEDIN_CLIENT_SECRET")
    needed: tuple[str, ...] = ("external_id", "client_key", "secret", "access_token")
    kinds: tuple[str, ...] = (COMMENTS, MESSAGES)
    kept_headers: tuple[str, ...] = (signature.HEADER, "X-Li-Uuid")
    shows_activity = False
    renew_before = timedelta(days=7)
    account_noun = "LinkedIn Page"
    authorized_kind = COMMENTS
    notified_kind = COMMENTS
    application_setting = "LINKEDIN_APPLICATION_ID"

    def external_id(self, given: str, kind: str) -> str:
        """The Page's URN, or the member's whose messages they are. Raises AccountProblem."""
        found = urns.urn(given)
        if not found and given.isascii() and given.isalnum():
            found = urns.ORGANIZATION + given if kind == COMMENTS else urns.PERSON + given
        if not found:
            example = f"{urns.ORGANIZATION}111" if kind == COMMENTS else f"{urns.PERSON}AbC123"
            raise AccountProblem(f"{given} is no id of LinkedIn's; give it like {example} (--external-id).")
        return found

    def answer_challenge(self, query: Mapping[str, str], keys: Callable[[], Sequence[AppKey]]) -> dict[str, str]:
        """The challenge with its HMAC, which LinkedIn asks for every two hours. Raises InvalidChallenge."""
        return signature.answer(query, keys())

    def authenticate(self, headers: Mapping[str, str], body: bytes, keys: Sequence[AppKey], *, now: float) -> Proof:
        """Whose secret signed the raw bytes. Raises InvalidSignature."""
        return signature.verify(headers.get(signature.HEADER), body, keys)

    def glance(self, body: bytes) -> Glance:
        """What the door needs to file the event; never raises."""
        return parse.glance(body)

    def open(self, raw: RawEvent) -> tuple[Opened, ...]:
        """The event by Pages, strictly read. Raises Unreadable."""
        return parse.open_batch(raw)

    def parse(self, opened: Opened, account: PlatformAccount, channel: Channel) -> list[ParsedItem]:
        """What the event says to the account's Page. Raises Unreadable."""
        return parse.parse(opened, channel, account.external_id)

    def finish(self, session: Session, item: Unfinished) -> ParsedItem:
        """The comment with its words, and under the one it answers. Raises CallFailed."""
        client = LinkedInClient(session, deadline=time.monotonic() + LOOK_SECONDS)
        found = parse.comment_item(client.look(item.name), item.name, item.channel, session.external_id, **item.facts)
        if found is None:
            raise CallFailed(SendResult(outcome=SendOutcome.REFUSED, evidence="LinkedIn's comment has no words."))
        return found

    def channel(self, account: PlatformAccount) -> Channel:
        """The account as the record sees it: comments are public, and of messages each one needs a person's word."""
        is_messages = account.kind == MESSAGES
        return Channel(
            platform=self.name,
            account_id=account.pk,
            account_name=account.name,
            team_id=account.team_id,
            is_public=not is_messages,
            needs_approval=is_messages,
            text_limit=MESSAGE_LIMIT if is_messages else COMMENT_LIMIT,
            languages=tuple(account.languages),
            bot_enabled=account.bot_enabled,
        )

    def session(self, account: PlatformAccount) -> Session:
        """What is needed to call as this account now. A simulated account's address follows the simulator's port."""
        api_base = account.api_base or settings.LINKEDIN_API_BASE
        auth_base = account.auth_base or settings.LINKEDIN_AUTH_BASE
        if account.options.get("simulated"):
            api_base = auth_base = f"http://127.0.0.1:{settings.SIM_PORT}"
        return Session(
            account_id=account.pk,
            external_id=account.external_id,
            client_key=account.client_key,
            kind=account.kind,
            api_base=api_base,
            auth_base=auth_base,
            secret=account.secrets.get("secret", ""),
            access_token=account.secrets.get("access_token", ""),
            refresh_token=account.secrets.get("refresh_token", ""),
        )

    def send(self, session: Session, outgoing: Outgoing, *, deadline: float) -> SendResult:
        """One attempt, ended by ``deadline``."""
        if outgoing.picture:
            return SendResult(outcome=SendOutcome.REFUSED, evidence="No pictures are sent on LinkedIn.")
        client = LinkedInClient(session, deadline=deadline)
        if session.kind == MESSAGES:
            return client.message(outgoing.thread_key, outgoing.customer_id, outgoing.text)
        result = client.comment(urns.top_of(outgoing.thread_key), outgoing.text)
        if result.http_status != HTTPStatus.FORBIDDEN:
            return result
        try:
            # Only the Page's administrators may ask, so that an answer says that nothing is wrong with the account.
            client.notifications(datetime.now(UTC))
        except OutOfCalls as failure:
            # Nobody knows yet whose fault it is, and nothing was said.
            return failure.result
        except CallFailed:
            return result
        return replace(result, outcome=SendOutcome.REFUSED, evidence=REFUSED_HERE)

    def show_typing(self, session: Session, thread_key: str) -> None:
        """Nothing: LinkedIn shows nobody that an answer is being written."""

    def mark_read(self, session: Session, thread_key: str) -> None:
        """Nothing: LinkedIn shows nobody that a comment was read."""

    def listing(self, session: Session, thread_key: str) -> Listing:
        """What the Page said in a thread. Messages cannot be listed. Raises CallFailed."""
        if session.kind == MESSAGES:
            raise CallFailed(SendResult(outcome=SendOutcome.REFUSED, evidence="LinkedIn lists no messages."))
        top = urns.top_of(thread_key)
        elements, whole = LinkedInClient(session).comments(top)
        return read_back.listing(elements, whole=whole, page=session.external_id, top=top)

    def reads_back(self, account: PlatformAccount, thread_key: str) -> bool:
        """No thread by itself: what happened on the Page is one list."""
        return thread_key == parse.lane_of(account.external_id)

    def threads_since(self, session: Session, since: datetime) -> list[str]:
        """The Page itself stands for all its threads, as at the door: what happened on it is one list."""
        return [] if session.kind == MESSAGES else [parse.lane_of(session.external_id)]

    def said_since(
        self, session: Session, thread_key: str, since: datetime, *, by_us_too: bool = False
    ) -> list[MissedEvent]:
        """What was said on the Page, a thousand notifications at most; nothing of a single thread, which is in that list.

        LinkedIn keeps them for sixty days. Raises CallFailed.

        Whether the Page's own comments are ours or a colleague's is not told: unless all are asked for, those that were
        taken for ours would be the colleagues' too, so both are listed and the record knows its own.
        """
        if thread_key != parse.lane_of(session.external_id):
            return []
        found, whole = LinkedInClient(session).notifications(max(since, datetime.now(UTC) - NOTIFICATIONS_KEPT))
        if not whole:
            logger.warning("Account %d: LinkedIn lists more notifications than are read back.", session.account_id)
        return read_back.missed(found)

    def refresh(self, session: Session) -> TokenPair:
        """A fresh access token for the refresh token. Raises CallFailed."""
        return LinkedInClient(session).refresh()

    def authorize_url(self, session: Session, *, redirect_uri: str, state: str) -> str:
        """LinkedIn's page, which shows nothing to who is signed in there and allowed the same before."""
        query = {
            "response_type": "code",
            "client_id": session.client_key,
            "redirect_uri": redirect_uri,
            "state": state,
            "scope": " ".join(SCOPES),
        }
        return f"{session.auth_base.rstrip('/')}{AUTHORIZE_PATH}?{urlencode(query, quote_via=quote)}"

    def redeem(self, session: Session, *, code: str, redirect_uri: str) -> Grant:
        """A member's tokens, and the Pages that the member administers. Raises CallFailed."""
        deadline = time.monotonic() + REDEEM_SECONDS
        tokens, scopes = LinkedInClient(session, deadline=deadline).redeem(code, redirect_uri=redirect_uri)
        given = set(scopes.replace(",", " ").split())
        missing = tuple(scope for scope in SCOPES if scopes and scope not in given)
        if missing:
            return Grant(tokens=tokens, accounts=(), missing=missing)
        client = LinkedInClient(replace(session, access_token=tokens.access_token), deadline=deadline)
        pages = client.pages()
        named = [GrantedAccount(external_id=page, name=client.page_name(page)) for page in pages[:MOST_NAMED]]
        return Grant(
            tokens=tokens,
            accounts=(*named, *(GrantedAccount(external_id=page, name=page) for page in pages[MOST_NAMED:])),
        )

    def notified(self, session: Session, *, application: str) -> Notified:
        """Where LinkedIn notifies of the Page, and until when. Raises CallFailed."""
        return notifying.look(LinkedInClient(session), application=application)

    def notify(self, session: Session, *, application: str, member: str, webhook: str) -> Notified:
        """Subscribe the app to the Page, or make its subscription longer. Raises CallFailed."""
        return notifying.ask(LinkedInClient(session), application=application, member=member, webhook=webhook)

    def notify_no_more(self, session: Session, *, application: str, member: str) -> None:
        """End the app's subscription to the Page. Raises CallFailed."""
        notifying.end(LinkedInClient(session), application=application, member=member)

    def probe(self, session: Session) -> None:
        """One harmless call that shows whether the token is taken. Raises CallFailed."""
        client = LinkedInClient(session)
        try:
            if session.kind == MESSAGES:
                client.me()
            else:
                client.notifications(datetime.now(UTC))
        except CallFailed as failure:
            # What is refused for another reason than the token was asked with a good one.
            if failure.result.outcome is not SendOutcome.REFUSED:
                raise

    def check(self, session: Session) -> list[Check]:
        """Whether the account answers to our token."""
        what = "the member's messages" if session.kind == MESSAGES else "the Page"
        try:
            self.probe(session)
        except CallFailed as failure:
            return [Check(name="account", ok=False, detail=str(failure))]
        return [Check(name="account", ok=True, detail=f"LinkedIn takes our token for {what} {session.external_id}.")]

    def fetch_media(self, session: Session, *, thread_key: str, message_id: str, media_id: str, kind: str) -> MediaFile:
        """Nothing: what is attached to comments is not handed out to us. Raises CallFailed."""
        raise CallFailed(SendResult(outcome=SendOutcome.REFUSED, evidence=f"LinkedIn hands out no {kind}."))
