"""Posting to the other end of a signed webhook. One object speaks for one account; nothing is kept between calls."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx2

from conversations.types import SendOutcome, SendResult
from core.http import Answer
from core.pictures import kind_of
from integrations import standard_webhooks
from integrations.platforms import calls
from integrations.platforms.base import CallFailed, MediaFile, Outgoing, Session
from integrations.platforms.events import outcomes
from integrations.platforms.events.parse import origin_of

MAX_ANSWER = 64 * 1024
REPLY, TEST = "message.reply", "account.test"


class EventsClient:
    """Posts as one account. ``deadline`` is in monotonic seconds and ends a call even if the other side trickles."""

    def __init__(self, session: Session, *, deadline: float | None = None) -> None:
        self._session = session
        self._deadline = deadline

    def reply(self, outgoing: Outgoing) -> SendResult:
        """Post a reply under our idempotency key. Repeated, it has the same id and the same body but for its time."""
        data = {
            "id": outgoing.message_id,
            "conversation_id": outgoing.thread_key,
            "customer_id": outgoing.customer_id,
            "text": outgoing.text,
            "sender": outgoing.author,
            "in_reply_to": outgoing.in_reply_to or None,
            "attachments": [_attachment(outgoing.picture)] if outgoing.picture else [],
        }
        return self._post(REPLY, data, id=outgoing.idem_key)

    def test(self) -> None:
        """Post an event that asks for nothing, to see whether the other end takes our signature. Raises CallFailed."""
        moment = time.time_ns()
        result = self._post(TEST, {"account": self._session.client_key}, id=f"test:{self._session.client_key}:{moment}")
        if result.outcome is not SendOutcome.OK:
            raise CallFailed(result)

    def download(self, url: str, *, kind: str) -> MediaFile:
        """The bytes of a file at the host that replies are posted to. Raises CallFailed."""
        if not origin_of(url) or origin_of(url) != origin_of(self._session.api_base):
            raise CallFailed(
                SendResult(outcome=SendOutcome.REFUSED, evidence="The file does not lie on the account's own host.")
            )
        answer = self._exchange("GET", url, limit=calls.most_bytes(kind), too_long=calls.file_too_long(kind))
        if answer.status != 200:
            raise CallFailed(outcomes.of_answer(answer.status, answer.headers))
        return MediaFile(content=answer.body, content_type=answer.headers.get("content-type", ""))

    def _post(self, kind: str, data: Mapping[str, Any], *, id: str) -> SendResult:  # noqa: A002  (the scheme's word)
        moment = datetime.now(UTC)
        body = json.dumps(
            {"type": kind, "timestamp": moment.isoformat(timespec="milliseconds"), "data": data}, ensure_ascii=False
        ).encode()
        secrets = (self._session.secret, self._session.previous_secret)
        headers = standard_webhooks.signed(secrets, id=id, at=int(moment.timestamp()), body=body)
        try:
            answer = self._exchange(
                "POST",
                self._session.api_base,
                limit=MAX_ANSWER,
                headers={**headers, "Content-Type": "application/json"},
                content=body,
            )
        except CallFailed as failure:
            return failure.result
        return outcomes.of_answer(answer.status, answer.headers)

    def _exchange(
        self,
        method: str,
        url: str,
        *,
        limit: int,
        too_long: Callable[[int], SendResult] | None = None,
        **content: Any,
    ) -> Answer:
        """One request and its whole answer, within the deadline. Raises CallFailed."""
        return calls.exchange(
            method,
            url,
            deadline=self._deadline,
            limit=limit,
            # What the answer says is of no use to us, its status is.
            too_long=too_long or (lambda status: outcomes.of_answer(status, httpx2.Headers())),
            broken=outcomes.of_error,
            **content,
        )


def _attachment(picture: bytes) -> dict[str, str]:
    """The picture inside the event, so that no address opens it for whoever has the address."""
    kind = kind_of(picture)
    content_type, extension = (kind.content_type, kind.extension) if kind else ("application/octet-stream", "bin")
    return {
        "type": content_type,
        "name": f"picture.{extension}",
        "url": f"data:{content_type};base64,{base64.b64encode(picture).decode()}",
    }
