"""The chat's pages and its HTTP half. A visitor is known by a bearer token; no cookie is read or set."""

import re
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import audit
from core.text import clean_text, count_signs
from integrations.exceptions import (
    ChatError,
    PageGone,
    PictureGone,
    SiteNotListed,
    TextMissing,
    TooMuchText,
    Unreadable,
    VisitorUnknown,
)
from integrations.models import PlatformAccount, Visitor
from integrations.parsing import read_object
from integrations.webchat import services
from integrations.webchat.fields import message_id, number, short_text
from integrations.webchat.wire import message_on_wire, state_on_wire

BODY_LIMIT = 32 * 1024
EMBED_SCRIPT = Path(settings.BASE_DIR) / "static" / "js" / "embed.js"


@require_safe
@xframe_options_exempt
def page(request: HttpRequest, key: str) -> HttpResponse:
    """The hosted chat page, which is also what the embed script frames."""
    account = services.account_of(key)
    if account is None:
        raise Http404
    response = render(
        request,
        "chat/page.html",
        {
            "account_key": account.public_key,
            "title": account.name,
            "business_name": account.options.get("business_name") or account.name,
            "greeting": account.options.get("greeting", ""),
            "embedded": "embedded" in request.GET,
            "locale": _locale(request.GET.get("locale", "")),
        },
    )
    # django-csp reads these attributes: these sites may frame the page, and no others; a picture is fetched with the
    # visitor's token and shown from memory.
    response._csp_replace = {"frame-ancestors": ["'self'", *account.origins]}  # type: ignore[attr-defined]
    response._csp_update = {"img-src": ["blob:"]}  # type: ignore[attr-defined]
    return response


def _locale(asked: str) -> str:
    return asked if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?", asked) else ""


@require_safe
def embed_script(request: HttpRequest) -> FileResponse:
    """The script a business puts into its site."""
    response = FileResponse(EMBED_SCRIPT.open("rb"), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "public, max-age=300"
    return response


class ChatView(APIView):
    """What the chat's endpoints share: the account, the visitor, a bounded strict body, and errors in words."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    throttle_classes: list[Any] = []

    def account(self, key: str) -> PlatformAccount:
        """The account of the page. Raises PageGone, and SiteNotListed for a browser on a page of somebody else's."""
        account = services.account_of(key)
        if account is None:
            raise PageGone
        origin = self.request.headers.get("Origin", "").lower()
        if origin and origin not in {f"{self.request.scheme}://{self.request.get_host()}".lower(), *account.origins}:
            raise SiteNotListed
        return account

    def visitor(self, request: Request, account: PlatformAccount) -> Visitor:
        """Whom the bearer token proves. Raises VisitorUnknown."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        visitor = services.visitor_of(account, token.strip()) if scheme == "Bearer" else None
        if visitor is None:
            raise VisitorUnknown
        return visitor

    def body(self, request: Request) -> dict[str, Any]:
        """The JSON object of the request, at most 32 KiB. Raises TooMuchText and Unreadable."""
        raw = request.stream.read(BODY_LIMIT + 1) if request.stream else b""
        if len(raw) > BODY_LIMIT:
            raise TooMuchText(services.TEXT_LIMIT)
        return read_object(raw)

    def handle_exception(self, exc: Exception) -> Response:
        """Chat errors say what to do; the visitor keeps their text."""
        if isinstance(exc, ChatError):
            headers = {"Retry-After": str(exc.retry_after)} if exc.retry_after else {}
            return Response({"detail": str(exc)}, status=exc.status, headers=headers)
        if isinstance(exc, Unreadable):
            return Response({"detail": exc.sentence}, status=422)
        return super().handle_exception(exc)


class Session(ChatView):
    """POST: begin as a new visitor."""

    def post(self, request: Request, key: str) -> Response:
        """201 with the token, which is told only here."""
        account = self.account(key)
        locale = short_text(self.body(request), "locale", limit=20)
        visitor, token = services.begin(account, locale=locale, address=audit.origin.get().address)
        profile = {
            "business_name": account.options.get("business_name") or account.name,
            "greeting": account.options.get("greeting", ""),
            "languages": account.languages,
        }
        return Response(
            {
                "token": token,
                "visitor_id": str(visitor.public_id),
                "profile": profile,
                "limits": {"text": services.TEXT_LIMIT},
            },
            status=201,
        )


class Messages(ChatView):
    """GET: what was said. POST: say something."""

    def get(self, request: Request, key: str) -> Response:
        """The messages after or before a number, or the newest."""
        visitor = self.visitor(request, self.account(key))
        found = services.read(visitor, after=number(request.GET, "after"), before=number(request.GET, "before"))
        return Response(
            {
                "messages": [message_on_wire(message) for message in found.messages],
                "last_seq": found.last_seq,
                "state": state_on_wire(found.conversation),
            }
        )

    def post(self, request: Request, key: str) -> Response:
        """201 once the message is committed; 200 with the same message for the same client_msg_id."""
        account = self.account(key)
        visitor = self.visitor(request, account)
        body = self.body(request)
        text = clean_text(str(body.get("text") or "")).strip()
        if not text:
            raise TextMissing
        if count_signs(text) > services.TEXT_LIMIT:
            raise TooMuchText(services.TEXT_LIMIT)
        message, is_new = services.write(account, visitor, client_msg_id=message_id(body), text=text)
        return Response({"message": message_on_wire(message)}, status=201 if is_new else 200)


class Pictures(ChatView):
    """GET: a picture of the conversation."""

    def get(self, request: Request, key: str, public_id: uuid.UUID) -> HttpResponseBase:
        """The file. 404 for another visitor's as for one that never was."""
        picture = services.picture_of(self.visitor(request, self.account(key)), public_id)
        if picture is None or not picture.file.storage.exists(str(picture.file.name)):
            raise PictureGone
        return FileResponse(
            picture.file.open("rb"),
            content_type=picture.content_type,
            headers={"Content-Disposition": "inline", "Content-Security-Policy": "default-src 'none'; sandbox"},
        )


class Seen(ChatView):
    """POST: what was on the screen."""

    def post(self, request: Request, key: str) -> Response:
        """204."""
        visitor = self.visitor(request, self.account(key))
        services.mark_seen(visitor, number(self.body(request), "seq") or 0)
        return Response(status=204)
