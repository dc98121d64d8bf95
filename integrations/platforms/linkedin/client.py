"""LinkedIn's interfaces over HTTP. One object speaks for one account; nothing is kept between calls.

Sources: LinkedIn's pages of the Comments API, the Messages API, organisation notifications with their subscriptions, and the
authorisation flow.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.conf import settings

from conversations.types import SendOutcome, SendResult
from core.http import Answer
from integrations.platforms import calls
from integrations.platforms.base import CallFailed, Session, TokenPair
from integrations.platforms.linkedin import outcomes, urns
from integrations.platforms.linkedin.parse import SOCIAL

LOOK_SECONDS = 3.0
MAX_ANSWER = 1024 * 1024
PAGE = 100
MOST_PAGES = 3
MOST_NOTIFICATION_PAGES = 10
ACCESS_SECONDS = 5_184_000.0
ID_HEADERS = ("x-restli-id", "x-linkedin-id")


class LinkedInClient:
    """Calls as one account. Every method raises CallFailed but ``comment`` and ``message``, which say how it went.

    Each call, the token's too, is counted by the session's meter before it is made; without one left it raises OutOfCalls.
    ``deadline`` is in monotonic seconds and ends a call even if the other side trickles.
    """

    def __init__(self, session: Session, *, deadline: float | None = None) -> None:
        self._session = session
        self._deadline = deadline

    def comment(self, top: str, text: str) -> SendResult:
        """Say something as the Page under ``top``: a comment, or a post.

        LinkedIn shows two levels, so under a comment that is a reply itself it is said beside that one, under its top.
        """
        try:
            return self._commented(top, text)
        except CallFailed as failure:
            if failure.result.http_status != 400 or not urns.number_of(top):
                return failure.result
            refused = failure.result
        try:
            above = urns.comment(self.look(top).get("parentComment"), on=urns.post_of(top))
        except CallFailed as failure:
            if failure.result.outcome is SendOutcome.REFUSED:
                return refused
            if failure.result.outcome is SendOutcome.RETRY:
                return failure.result
            # Nothing was said yet, so it can be tried again whatever kept us from looking.
            return SendResult(outcome=SendOutcome.RETRY, evidence=failure.result.evidence)
        if not above or above == top:
            return refused
        try:
            return self._commented(above, text)
        except CallFailed as failure:
            return failure.result

    def message(self, thread: str, recipient: str, text: str) -> SendResult:
        """Send a member's message into ``thread``, or to ``recipient`` where the thread is not LinkedIn's own."""
        place: dict[str, Any] = {"thread": thread} if urns.urn(thread) else {"recipients": [recipient]}
        if not urns.urn(thread) and not recipient.startswith(urns.PERSON):
            return SendResult(
                outcome=SendOutcome.REFUSED,
                evidence=f"Neither the thread nor the customer is named as LinkedIn names them ({urns.PERSON}…).",
            )
        order = place | {"body": text, "messageType": "MEMBER_TO_MEMBER"}
        try:
            answer, data = self._call("POST", "/v2/messages", order=order, versioned=False)
        except CallFailed as failure:
            return failure.result
        named = _named(answer, data)
        return _sent(answer.status, named)

    def look(self, name: str) -> dict[str, Any]:
        """One comment."""
        path = f"{_actions(urns.post_of(name))}/{urns.number_of(name)}"
        return self._call("GET", path)[1]

    def comments(self, top: str) -> tuple[list[dict[str, Any]], bool]:
        """What stands under ``top``, and whether that is all of it."""
        return self._listed(f"{_actions(top)}?", most_pages=MOST_PAGES)

    def notifications(self, since: datetime) -> tuple[list[dict[str, Any]], bool]:
        """The Page's notifications since then, as its webhooks bring them, and whether that is all of them."""
        page = quote(self._session.external_id, safe="")
        query = (
            f"q=criteria&actions=List(COMMENT,SHARE_MENTION,ADMIN_COMMENT)&organizationalEntity={page}"
            f"&timeRange=(start:{int(since.timestamp() * 1000)})&"
        )
        return self._listed(f"/rest/organizationalEntityNotifications?{query}", most_pages=MOST_NOTIFICATION_PAGES)

    def me(self) -> dict[str, Any]:
        """The member whose token it is."""
        return self._call("GET", "/v2/me", versioned=False)[1]

    def refresh(self) -> TokenPair:
        """A fresh access token. The refresh token stays the same, and its year is not made longer."""
        return self._token({"grant_type": "refresh_token", "refresh_token": self._session.refresh_token})[0]

    def redeem(self, code: str, *, redirect_uri: str) -> tuple[TokenPair, str]:
        """What the authorise page's code stands for: the tokens, and their permissions."""
        return self._token({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri})

    def pages(self) -> list[str]:
        """The Pages whose administrator the token's member is, at most a hundred."""
        found = (urns.urn(role.get("organization")) for role in self._roles())
        return [page for page in dict.fromkeys(found) if page]

    def administrator(self) -> str:
        """The token's member, where they administer the Page; else an empty text."""
        page = self._session.external_id
        found = (urns.urn(role.get("roleAssignee")) for role in self._roles() if role.get("organization") == page)
        return next(found, "")

    def subscription(self, application: str, member: str) -> dict[str, Any]:
        """Where and until when LinkedIn notifies of the Page; empty where it does not."""
        try:
            return self._call("GET", self._subscribed(application, member))[1]
        except CallFailed as failure:
            if failure.result.http_status != HTTPStatus.NOT_FOUND:
                raise
            return {}

    def subscribe(self, application: str, member: str, webhook: str) -> None:
        """Have LinkedIn notify of the Page, at another address than before, or for longer."""
        self._call("PUT", self._subscribed(application, member), order={"webhook": webhook})

    def unsubscribe(self, application: str, member: str) -> None:
        """Have LinkedIn notify of the Page no more; that it does not do so anyway is as good."""
        try:
            self._call("DELETE", self._subscribed(application, member))
        except CallFailed as failure:
            if failure.result.http_status != HTTPStatus.NOT_FOUND:
                raise

    def page_name(self, page: str) -> str:
        """What a Page is called; its URN where LinkedIn does not say just now."""
        try:
            _, data = self._call("GET", f"/rest/organizations/{quote(page.rpartition(':')[2], safe='')}")
        except CallFailed:
            return page
        name = data.get("localizedName")
        return name if isinstance(name, str) and name else page

    def _roles(self) -> list[dict[str, Any]]:
        query = f"q=roleAssignee&role=ADMINISTRATOR&state=APPROVED&count={PAGE}"
        _, data = self._call("GET", f"/rest/organizationAcls?{query}")
        return [each for each in _list(data.get("elements")) if isinstance(each, dict)]

    def _subscribed(self, application: str, member: str) -> str:
        key = {
            "developerApplication": f"{urns.APPLICATION}{application}",
            "user": member,
            "entity": self._session.external_id,
            "eventType": SOCIAL,
        }
        named = ",".join(f"{name}:{quote(value, safe='')}" for name, value in key.items())
        return f"/rest/eventSubscriptions/({named})"

    def _listed(self, path: str, *, most_pages: int) -> tuple[list[dict[str, Any]], bool]:
        """What a list has, page by page, and whether that is all of it; ``path`` ends where a parameter may follow."""
        found: list[dict[str, Any]] = []
        for _ in range(most_pages):
            _, data = self._call("GET", f"{path}start={len(found)}&count={PAGE}")
            elements = [each for each in _list(data.get("elements")) if isinstance(each, dict)]
            found += elements
            paging = data.get("paging")
            total = paging.get("total") if isinstance(paging, dict) else None
            if not elements or (len(elements) < PAGE and (not isinstance(total, int) or total <= len(found))):
                return found, True
        return found, False

    def _token(self, grant: Mapping[str, str]) -> tuple[TokenPair, str]:
        session = self._session
        form = {**grant, "client_id": session.client_key, "client_secret": session.secret}
        answer = self._exchange("POST", session.auth_base.rstrip("/") + "/oauth/v2/accessToken", headers={}, data=form)
        result, data = outcomes.of_answer(answer.status, answer.headers, answer.body, now=datetime.now(UTC))
        if result.outcome is not SendOutcome.OK:
            raise CallFailed(result)
        token, again = data.get("access_token"), data.get("refresh_token")
        if not isinstance(token, str) or not token:
            raise calls.failed(SendOutcome.AMBIGUOUS, "LinkedIn's answer has no access_token.", answer.status)
        pair = TokenPair(
            access_token=token,
            refresh_token=again if isinstance(again, str) and again else session.refresh_token,
            expires_in=calls.seconds(data.get("expires_in")) or ACCESS_SECONDS,
            refresh_expires_in=calls.seconds(data.get("refresh_token_expires_in")),
        )
        return pair, str(data.get("scope") or "")

    def _commented(self, top: str, text: str) -> SendResult:
        on = urns.post_of(top)
        order: dict[str, Any] = {"actor": self._session.external_id, "object": on, "message": {"text": text}}
        if on != top:
            order["parentComment"] = top
        answer, data = self._call("POST", _actions(top), order=order)
        return _sent(answer.status, urns.comment(_named(answer, data), on=on))

    def _call(
        self, method: str, path: str, *, order: Mapping[str, Any] | None = None, versioned: bool = True
    ) -> tuple[Answer, dict[str, Any]]:
        """A call that went well, and its JSON object. Raises CallFailed."""
        headers = {"Authorization": f"Bearer {self._session.access_token}", "X-Restli-Protocol-Version": "2.0.0"}
        if versioned:
            headers["LinkedIn-Version"] = settings.LINKEDIN_VERSION
        answer = self._exchange(method, self._session.api_base.rstrip("/") + path, headers=headers, json=order)
        result, data = outcomes.of_answer(answer.status, answer.headers, answer.body, now=datetime.now(UTC))
        if result.outcome is not SendOutcome.OK:
            raise CallFailed(result)
        return answer, data

    def _exchange(self, method: str, url: str, *, headers: Mapping[str, str], **content: Any) -> Answer:
        """One request and its whole answer, within the deadline. Raises CallFailed."""
        self._session.meter()
        return calls.exchange(
            method,
            url,
            deadline=self._deadline,
            limit=MAX_ANSWER,
            too_long=lambda status: SendResult(
                outcome=SendOutcome.AMBIGUOUS, http_status=status, evidence="LinkedIn's answer was too long."
            ),
            broken=outcomes.of_error,
            headers=headers,
            **content,
        )


def _actions(name: str) -> str:
    return f"/rest/socialActions/{quote(name, safe='')}/comments"


def _named(answer: Answer, data: Mapping[str, Any]) -> str:
    """The id of what was made: in a header, or in the body under one of its names."""
    for header in ID_HEADERS:
        if answer.headers.get(header):
            return str(answer.headers[header])
    found = data.get("$URN") or data.get("commentUrn") or data.get("id")
    return found if isinstance(found, str) else ""


def _sent(status: int, named: str) -> SendResult:
    if named:
        return SendResult(outcome=SendOutcome.OK, http_status=status, platform_message_id=named[:300])
    return SendResult(
        outcome=SendOutcome.AMBIGUOUS, http_status=status, evidence="LinkedIn took it but named no id for it."
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
