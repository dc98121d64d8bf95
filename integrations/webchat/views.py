"""The chat's pages and its HTTP half. A visitor is known by a bearer token; no cookie is read or set."""

import re
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.text import get_valid_filename
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.models import Attachment
from core import audit
from core.browser_features import permissions_policy
from core.text import clean_text, count_signs
from integrations.exceptions import Unreadable
from integrations.models import PlatformAccount, Visitor
from integrations.origins import is_listed, is_own, origin_of
from integrations.parsing import read_object
from integrations.webchat import files, services
from integrations.webchat.details import details_of
from integrations.webchat.exceptions import (
    ChatError,
    DetailsWrong,
    FileGone,
    OriginRefused,
    PageGone,
    PictureGone,
    RecordingGone,
    TextMissing,
    TooMuchText,
)
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
            "account": account,
            "asks": {account.ask_name, account.ask_email} != {PlatformAccount.Asked.OFF},
            "file_types": ",".join(files.TAKEN),
            "most_files": files.MOST_FILES,
            "file_limit": files.FILE_LIMIT,
            "together_limit": files.TOGETHER_LIMIT,
            "recording_seconds": files.RECORDING_SECONDS,
        },
    )
    # django-csp reads these attributes: these sites may frame the page, and no others; pictures and recordings are fetched
    # with the visitor's token and shown from memory.
    response._csp_replace = {"frame-ancestors": ["'self'", *_framers(account)]}  # type: ignore[attr-defined]
    response._csp_update = {"img-src": ["blob:"], "media-src": ["blob:"]}  # type: ignore[attr-defined]
    if account.takes_files:
        response.headers["Permissions-Policy"] = permissions_policy("microphone")
    return response


def _framers(account: PlatformAccount) -> list[str]:
    return [origin for each in account.origins if (origin := origin_of(each))]


def _locale(asked: str) -> str:
    return asked if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?", asked) else ""


@require_safe
def embed_script(request: HttpRequest) -> FileResponse:
    """The script a business puts into its site."""
    response = FileResponse(EMBED_SCRIPT.open("rb"), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "public, max-age=300"
    return response


class ChatView(APIView):
    """What the chat's endpoints share: the account, the visitor, a bounded strict body, and errors in words.

    Pages of ours and programs, which name no origin, may call; of other sites' pages those whose origin the account lists.
    """

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    throttle_classes: list[Any] = []
    listed_origin = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Judge where the asking page lies. Raises PageGone and OriginRefused."""
        super().initial(request, *args, **kwargs)
        origin = request.headers.get("Origin", "")
        if origin and not is_own(origin, request.get_host()):
            if not is_listed(origin, self.account(kwargs["key"]).origins):
                raise OriginRefused(origin[:100])
            self.listed_origin = origin

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let a listed site's page read the answer."""
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(response, ["Origin"])
        if self.listed_origin:
            response["Access-Control-Allow-Origin"] = self.listed_origin
            response["Access-Control-Expose-Headers"] = "Retry-After"
        return response

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """204: what a listed site's page may send. No cookie is among it."""
        headers = {"Allow": ", ".join(self.allowed_methods)}
        if self.listed_origin:
            headers |= {
                "Access-Control-Allow-Methods": headers["Allow"],
                "Access-Control-Allow-Headers": "Authorization, Content-Type",
                "Access-Control-Max-Age": "600",
            }
        return Response(status=204, headers=headers)

    def account(self, key: str) -> PlatformAccount:
        """The account of the page. Raises PageGone."""
        account = services.account_of(key)
        if account is None:
            raise PageGone
        return account

    def visitor(self, request: Request, account: PlatformAccount) -> Visitor:
        """Whom the bearer token proves. Raises VisitorUnknown and TooManyRequests."""
        return services.prove(account, self.token(request))

    def token(self, request: Request) -> str:
        """The bearer token, empty where there is none."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme == "Bearer" else ""

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
            answer: dict[str, Any] = {"detail": str(exc)}
            if exc.code:
                answer["code"] = exc.code
            if isinstance(exc, DetailsWrong):
                answer["fields"] = exc.fields
            return Response(answer, status=exc.status, headers=headers)
        if isinstance(exc, Unreadable):
            return Response({"detail": exc.sentence}, status=422)
        return super().handle_exception(exc)


class Session(ChatView):
    """POST: begin as a new visitor, or as the person whom the site's token ``identity`` names."""

    def post(self, request: Request, key: str) -> Response:
        """201 with the token, which is told only here.

        A device of an identified person that shows its token is told the same one again.
        """
        account = self.account(key)
        body = self.body(request)
        locale = short_text(body, "locale", limit=20)
        identity = body.get("identity")
        if isinstance(identity, str) and identity:
            visitor, token = services.identify(account, identity, locale=locale, known_token=self.token(request))
        else:
            visitor, token = services.begin(
                account, locale=locale, address=audit.origin.get().address, details=details_of(account, body)
            )
        profile = {
            "business_name": account.options.get("business_name") or account.name,
            "greeting": account.options.get("greeting", ""),
            "languages": account.languages,
        }
        begun: dict[str, Any] = {
            "token": token,
            "visitor_id": visitor.thread_key,
            "profile": profile,
            "limits": {"text": services.TEXT_LIMIT},
        }
        if visitor.person is not None:
            begun["person"] = {"name": visitor.person.name}
        return Response(begun, status=201)


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
        text = _text(body.get("text"))
        if not text:
            raise TextMissing
        message, is_new = services.write(account, visitor, client_msg_id=message_id(body), text=text)
        return Response({"message": message_on_wire(message)}, status=201 if is_new else 200)


class Pictures(ChatView):
    """GET: a picture of the conversation."""

    def get(self, request: Request, key: str, public_id: uuid.UUID) -> HttpResponseBase:
        """The file. 404 for another visitor's as for one that never was."""
        picture = services.picture_of(self.visitor(request, self.account(key)), public_id)
        if picture is None or not picture.file.storage.exists(str(picture.file.name)):
            raise PictureGone
        return _in_place(picture)


class Recordings(ChatView):
    """GET: a recording of the conversation."""

    def get(self, request: Request, key: str, public_id: uuid.UUID) -> HttpResponseBase:
        """The file. 404 for another visitor's as for one that never was."""
        recording = services.recording_of(self.visitor(request, self.account(key)), public_id)
        if recording is None or not recording.file.storage.exists(str(recording.file.name)):
            raise RecordingGone
        return _in_place(recording)


class Files(ChatView):
    """POST: say something with files, as multipart/form-data: ``files``, ``client_msg_id`` and perhaps ``text``."""

    parser_classes = [MultiPartParser]

    def post(self, request: Request, key: str) -> Response:
        """201 once message and files are committed; 200 with the same message for the same client_msg_id."""
        account = self.account(key)
        visitor = self.visitor(request, account)
        sent = [
            files.SentFile(
                name=upload.name or "",
                is_said_to_be=upload.content_type or "",
                content=upload.read(files.FILE_LIMIT + 1),
            )
            for upload in request.FILES.getlist("files")[: files.MOST_FILES + 1]
        ]
        said: Any = request.data
        message, is_new = services.send_files(
            account, visitor, client_msg_id=message_id(said), text=_text(said.get("text")), sent=sent
        )
        return Response({"message": message_on_wire(message)}, status=201 if is_new else 200)


class Documents(ChatView):
    """GET: a document of the conversation."""

    def get(self, request: Request, key: str, public_id: uuid.UUID) -> HttpResponseBase:
        """The file, to be saved. 404 for another visitor's as for one that never was."""
        document = services.document_of(self.visitor(request, self.account(key)), public_id)
        if document is None or not document.file.storage.exists(str(document.file.name)):
            raise FileGone
        name = get_valid_filename(document.name or "document")
        return FileResponse(
            document.file.open("rb"),
            as_attachment=True,
            filename=name if name.lower().endswith(".pdf") else f"{name}.pdf",
            content_type=document.content_type,
            headers={"Content-Security-Policy": "default-src 'none'; sandbox"},
        )


class Seen(ChatView):
    """POST: what was on the screen."""

    def post(self, request: Request, key: str) -> Response:
        """204."""
        visitor = self.visitor(request, self.account(key))
        services.mark_seen(visitor, number(self.body(request), "seq") or 0)
        return Response(status=204)


def _in_place(attachment: Attachment) -> FileResponse:
    """A file that the page shows or plays."""
    return FileResponse(
        attachment.file.open("rb"),
        content_type=attachment.content_type,
        headers={"Content-Disposition": "inline", "Content-Security-Policy": "default-src 'none'; sandbox"},
    )


def _text(value: object) -> str:
    """Words of a message, clean; raises TooMuchText."""
    text = clean_text(str(value or "")).strip()
    if count_signs(text) > services.TEXT_LIMIT:
        raise TooMuchText(services.TEXT_LIMIT)
    return text
