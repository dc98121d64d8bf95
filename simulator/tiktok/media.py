"""Pictures and videos: upload, the link to download, the file itself."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from simulator.http.messages import Response
from simulator.store import Transaction
from simulator.tiktok import grants, ids, pictures
from simulator.tiktok.call import Call
from simulator.tiktok.errors import ApiError, Code, invalid_param

UPLOAD_LIMIT = 3 * 1024 * 1024
KEPT_FOR = 30 * 86_400
LINK_LIVES = 86_400


def keep(transaction: Transaction, *, business_id: str, content_type: str, data: bytes) -> str:
    """Store a file for 30 days; answers its media id."""
    media_id = ids.media_id()
    transaction.execute(
        "INSERT INTO media VALUES (?, ?, ?, ?, ?)", (media_id, business_id, content_type, data, time.time() + KEPT_FOR)
    )
    return media_id


def upload(call: Call) -> Mapping[str, Any]:
    """Take an image of at most 3 MB, JPG or PNG."""
    call.choice("media_type", frozenset({"IMAGE"}))
    data = call.files.get("file")
    if data is None or not data or len(data) > UPLOAD_LIMIT:
        raise invalid_param("file")
    content_type = pictures.content_type(data)
    if content_type is None:
        raise ApiError(Code.UNSUPPORTED_FILE)
    account = call.business()
    return {"media_id": keep(call.transaction, business_id=account.business_id, content_type=content_type, data=data)}


def capabilities(call: Call) -> Mapping[str, Any]:
    """Whether images may travel in this conversation."""
    wanted = call.texts("capability_types")
    if not wanted or set(wanted) - {"IMAGE_SEND"}:
        raise invalid_param("capability_types")
    call.choice("conversation_type", frozenset({"SINGLE", "STRANGER"}))
    call.conversation("conversation_id")
    allowed = call.world.knobs.now.send_images
    return {"capability_infos": [{"capability_type": "IMAGE_SEND", "capability_result": allowed}]}


def download(call: Call) -> Mapping[str, Any]:
    """A link to a file of this conversation, valid for a day."""
    conversation = call.conversation("conversation_id")
    media_type = call.choice("media_type", frozenset({"IMAGE", "VIDEO"}))
    media_id = call.text("media_id")
    row = call.transaction.one(
        "SELECT 1 FROM message WHERE conversation_id = ? AND message_id = ? AND type = ?"
        " AND json_extract(content, '$.media_id') = ?",
        (conversation.id, call.text("message_id"), media_type.lower(), media_id),
    )
    if row is None:
        raise ApiError(Code.NO_SUCH_OBJECT)
    ticket = secrets.token_urlsafe(24)
    expires_at = time.time() + LINK_LIVES
    call.transaction.execute(
        "INSERT INTO download VALUES (?, ?, ?, ?)", (ticket, media_id, conversation.business_id, expires_at)
    )
    # The caller's own name for this host: it may refuse a link to another one.
    host = call.request.headers.get("Host")
    base_url = f"http://{host}" if host else call.world.base_url
    url = f"{base_url}/open_api/v1.3/business/message/media/file/?ticket={ticket}&x-expires={expires_at:.0f}"
    return {"download_url": url}


def file(call: Call) -> Response:
    """The file behind a link, for the account whose token is in ``x-user``."""
    row = call.transaction.one(
        "SELECT media.*, download.expires_at AS link_expires_at FROM download JOIN media USING (media_id)"
        " WHERE ticket = ?",
        (call.text("ticket"),),
    )
    owner = grants.business_of(call.transaction, call.request.headers.get("x-user", ""))
    if row is None or owner != row["business_id"]:
        return Response(status=403, body=b"Forbidden", content_type="text/plain")
    if min(row["link_expires_at"], row["expires_at"]) < time.time():
        return Response(status=404, body=b"Not Found", content_type="text/plain")
    call.noted["account"] = str(owner)
    return Response(body=row["bytes"], content_type=row["content_type"])
