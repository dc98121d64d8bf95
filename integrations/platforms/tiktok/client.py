"""TikTok's Business Messaging API over HTTP. One object speaks for one account; nothing is kept between calls."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from conversations.types import SendOutcome, SendResult
from core.http import Answer
from integrations.platforms import calls
from integrations.platforms.base import CallFailed, MediaFile, Session, TokenPair
from integrations.platforms.tiktok import outcomes

ACCESS_SECONDS = 86_400.0
MAX_ANSWER = 1024 * 1024
TIKTOK_HOSTS = (".tiktok.com", ".tiktokcdn.com", ".tiktokcdn-us.com")


class TikTokClient:
    """Calls as one account. Every method raises CallFailed but ``send_text`` and ``send_picture``, which say how it went.

    Each call, the token's too, is counted by the session's meter before it is made; without one left it raises OutOfCalls.
    ``deadline`` is in monotonic seconds and ends a call even if the other side trickles.
    """

    def __init__(self, session: Session, *, deadline: float | None = None) -> None:
        self._session = session
        self._deadline = deadline

    def send_text(self, conversation_id: str, text: str, *, reply_to: str = "") -> SendResult:
        """Send a text, quoting ``reply_to`` if given. A quote that TikTok does not take is left out."""
        message: dict[str, Any] = {"message_type": "TEXT", "text": {"body": text}}
        if not reply_to:
            return self._send(conversation_id, message)
        quote = {"referenced_message_info": {"referenced_message_id": reply_to}}
        try:
            return self._sent(self._message(conversation_id, message | quote))
        except CallFailed as failure:
            if failure.code != outcomes.BAD_PARAMETER:
                return failure.result
        return self._send(conversation_id, message)

    def send_picture(self, conversation_id: str, picture: bytes) -> SendResult:
        """Upload a picture and send it. Until the upload is through nothing can have arrived."""
        try:
            media_id = self.upload(picture)
        except CallFailed as failure:
            if failure.result.outcome is not SendOutcome.AMBIGUOUS:
                return failure.result
            return SendResult(
                outcome=SendOutcome.RETRY,
                http_status=failure.result.http_status,
                evidence=f"The picture could not be uploaded. {failure.result.evidence}",
            )
        try:
            return self._sent(
                self._message(conversation_id, {"message_type": "IMAGE", "image": {"media_id": media_id}})
            )
        except CallFailed as failure:
            if failure.code != outcomes.AGAINST_THE_RULES:
                return failure.result
            # The same code is given where words would be taken, so it must not be said that nothing can be sent.
            return replace(failure.result, evidence=outcomes.NO_PICTURE_NOW)

    def sender_action(self, conversation_id: str, action: str) -> None:
        """``TYPING`` (shown about 5 s) or ``MARK_READ``; sends nothing."""
        self._message(conversation_id, {"message_type": "SENDER_ACTION", "sender_action": action})

    def upload(self, picture: bytes) -> str:
        """Store a JPG or PNG; the media id is valid for 30 days."""
        kind = ("picture.png", "image/png") if picture.startswith(b"\x89PNG") else ("picture.jpg", "image/jpeg")
        data = self._call(
            "POST",
            "/business/message/media/upload/",
            form={"business_id": self._session.external_id, "media_type": "IMAGE"},
            files={"file": (kind[0], picture, kind[1])},
        )
        return _text(data, "media_id")

    def content_list(self, conversation_id: str) -> dict[str, Any]:
        """The 20 newest messages of a conversation and who takes part."""
        return self._call("GET", "/business/message/content/list/", query={"conversation_id": conversation_id})

    def conversation_list(self, kind: str) -> dict[str, Any]:
        """The newest conversations of the last 90 days, at most 100. ``kind`` is SINGLE, or STRANGER: not yet answered."""
        query = {"conversation_type": kind, "limit": "100"}
        return self._call("GET", "/business/message/conversation/list/", query=query)

    def business(self) -> dict[str, Any]:
        """The account's own names."""
        return self._call("GET", "/business/get/", query={"fields": json.dumps(["username", "display_name"])})

    def token_info(self) -> dict[str, Any]:
        """Whose token ours is: ``app_id``, ``creator_id``, ``scope``."""
        order = {"app_id": self._session.client_key, "access_token": self._session.access_token}
        return self._call("POST", "/tt_user/token_info/get/", order=order, with_token=False)

    def refresh(self) -> TokenPair:
        """A fresh pair of tokens. The old refresh token may end with it, so the pair must be stored at once."""
        return self._pair(self._granted("/tt_user/oauth2/refresh_token/", refresh_token=self._session.refresh_token))

    def redeem(self, code: str, *, redirect_uri: str) -> tuple[TokenPair, str, str]:
        """What the authorise page's code stands for: the tokens, whose account they are for, and its permissions."""
        given = {"auth_code": code, "redirect_uri": redirect_uri}
        data = self._granted("/tt_user/oauth2/token/", grant_type="authorization_code", **given)
        return self._pair(data), _text(data, "open_id"), str(data.get("scope") or "")

    def download(self, *, conversation_id: str, message_id: str, media_id: str, media_type: str) -> MediaFile:
        """The bytes of an attachment, fetched from TikTok's own hosts only: the link gets to see our token."""
        order = {
            "business_id": self._session.external_id,
            "conversation_id": conversation_id,
            "message_id": message_id,
            "media_id": media_id,
            "media_type": media_type,
        }
        url = _text(self._call("POST", "/business/message/media/download/", order=order), "download_url")
        if not self._is_our_host(url):
            raise calls.failed(SendOutcome.REFUSED, "TikTok named a host for the file that is not known as its own.")
        kind = media_type.lower()
        answer = self._exchange(
            "GET",
            url,
            headers={"x-user": self._session.access_token},
            limit=calls.most_bytes(kind),
            too_long=calls.file_too_long(kind),
        )
        if answer.status != 200:
            result, _, _ = outcomes.of_answer(answer.status, answer.headers, answer.body)
            raise CallFailed(result)
        return MediaFile(content=answer.body, content_type=answer.headers.get("content-type", ""))

    def _granted(self, path: str, *, grant_type: str = "refresh_token", **given: str) -> dict[str, Any]:
        app = {"client_id": self._session.client_key, "client_secret": self._session.secret}
        return self._call("POST", path, order={**app, "grant_type": grant_type, **given}, with_token=False)

    def _pair(self, data: Mapping[str, Any]) -> TokenPair:
        return TokenPair(
            access_token=_text(data, "access_token"),
            refresh_token=_text(data, "refresh_token") if data.get("refresh_token") else self._session.refresh_token,
            expires_in=calls.seconds(data.get("expires_in")) or ACCESS_SECONDS,
            refresh_expires_in=calls.seconds(data.get("refresh_token_expires_in")),
        )

    def _is_our_host(self, url: str) -> bool:
        base, link = urlsplit(self._session.api_base), urlsplit(url)
        if (link.scheme, link.netloc) == (base.scheme, base.netloc):
            return True
        host, ours = f".{link.hostname or ''}", f".{base.hostname or ''}"
        return link.scheme == "https" and ours.endswith(TIKTOK_HOSTS) and host.endswith(TIKTOK_HOSTS)

    def _send(self, conversation_id: str, message: Mapping[str, Any]) -> SendResult:
        try:
            return self._sent(self._message(conversation_id, message))
        except CallFailed as failure:
            return failure.result

    @staticmethod
    def _sent(data: Mapping[str, Any]) -> SendResult:
        message = data.get("message")
        message_id = message.get("message_id") if isinstance(message, dict) else None
        if not _is_text(message_id):
            return SendResult(
                outcome=SendOutcome.AMBIGUOUS,
                http_status=200,
                evidence="TikTok took the message but named no id for it.",
            )
        return SendResult(outcome=SendOutcome.OK, http_status=200, platform_message_id=str(message_id))

    def _message(self, conversation_id: str, message: Mapping[str, Any]) -> dict[str, Any]:
        order = {
            "business_id": self._session.external_id,
            "recipient_type": "CONVERSATION",
            "recipient": conversation_id,
            **message,
        }
        return self._call("POST", "/business/message/send/", order=order)

    def _call(
        self,
        method: str,
        path: str,
        *,
        order: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        with_token: bool = True,
    ) -> dict[str, Any]:
        """The ``data`` of a call that went well. Raises CallFailed."""
        self._session.meter()
        parameters = {"business_id": self._session.external_id, **query} if query is not None else None
        answer = self._exchange(
            method,
            self._session.api_base.rstrip("/") + path,
            headers={"Access-Token": self._session.access_token} if with_token else {},
            json=order,
            params=parameters,
            data=form,
            files=files,
        )
        result, code, data = outcomes.of_answer(answer.status, answer.headers, answer.body)
        if result.outcome is not SendOutcome.OK:
            raise CallFailed(result, code=code)
        return data

    def _exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        limit: int = MAX_ANSWER,
        too_long: Callable[[int], SendResult] | None = None,
        **content: Any,
    ) -> Answer:
        """One request and its whole answer, within the deadline. Raises CallFailed."""
        return calls.exchange(
            method,
            url,
            deadline=self._deadline,
            limit=limit,
            too_long=too_long or _answer_too_long,
            broken=outcomes.of_error,
            headers=headers,
            **content,
        )


def _answer_too_long(status: int) -> SendResult:
    return SendResult(outcome=SendOutcome.AMBIGUOUS, http_status=status, evidence="TikTok's answer was too long.")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise calls.failed(SendOutcome.AMBIGUOUS, f"TikTok's answer has no {name}.", 200)
    return value
