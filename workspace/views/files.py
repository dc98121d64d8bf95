"""What customers sent, to be looked at and never to be run."""

import uuid

from django.http import FileResponse, Http404
from django.utils.text import get_valid_filename
from django.views.decorators.http import require_safe

from conversations.models import Attachment
from core.recordings import RECORDINGS
from workspace.views.access import StaffRequest, for_staff, visible_conversation

HARMLESS = frozenset(
    {
        "image/png", "image/jpeg", "image/gif", "image/webp",
        *RECORDINGS,
        "video/mp4", "video/webm",
        "application/pdf", "text/plain",
    }
)  # fmt: skip
ANYTHING = "application/octet-stream"

EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "application/pdf": ".pdf",
    **{content_type: f".{kind.extension}" for content_type, kind in RECORDINGS.items()},
}


@require_safe
@for_staff
def attachment(request: StaffRequest, public_id: uuid.UUID) -> FileResponse:
    """The file as a download. A type that a browser might run is called bytes."""
    found = Attachment.objects.select_related("message__conversation").filter(public_id=public_id).first()
    if found is None or found.state != Attachment.State.KEPT or not found.file:
        raise Http404("There is no such file.")
    visible_conversation(request, found.message.conversation.public_id)
    if not found.file.storage.exists(str(found.file.name)):
        raise Http404("The file is gone.")
    return FileResponse(
        found.file.open("rb"),
        as_attachment=True,
        filename=_file_name(found),
        content_type=found.content_type if found.content_type in HARMLESS else ANYTHING,
        headers={"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"},
    )


def _file_name(attachment: Attachment) -> str:
    """A name that any system takes, ending as the file's kind does."""
    ending = EXTENSIONS.get(attachment.content_type, "")
    name = get_valid_filename(attachment.name or attachment.kind or "attachment")[:100]
    return name if name.lower().endswith(ending) else f"{name}{ending}"
