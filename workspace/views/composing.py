"""Replies, notes and drafts. Whatever goes wrong, the text stays."""

import uuid

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import retarget

from conversations.exceptions import ConversationError, CustomerWroteMeanwhile
from conversations.types import Picture
from core.exceptions import NotAllowed
from workspace import services, wording
from workspace.models import Draft
from workspace.views.access import StaffRequest, for_staff, read_uuid, visible_conversation
from workspace.views.answers import Done, Problem, show
from workspace.views.pages import whole_page


@require_POST
@for_staff
def reply(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Send to the customer what was typed, and the picture that was chosen."""
    conversation = visible_conversation(request, public_id)
    token = read_uuid(request.POST.get("token"))
    if token is None:
        return HttpResponseBadRequest(_("The form is incomplete. Reload the page; your text is kept."))
    text = request.POST.get("text", "")
    try:
        services.send_reply(
            conversation,
            text,
            request.user,
            token=token,
            expected_last_seq=_number(request.POST.get("expected_last_seq")),
            suggested=read_uuid(request.POST.get("suggested")),
            picture=_picture(request),
        )
    except (ConversationError, NotAllowed) as error:
        return _refused(request, public_id, Draft.Mode.REPLY, text, error)
    return _sent(request, public_id)


def _picture(request: StaffRequest) -> Picture | None:
    """The file that was chosen, whatever it is; how large it may be is limited before it comes here."""
    upload = request.FILES.get("picture")
    if not isinstance(upload, UploadedFile):
        return None
    return Picture(content=upload.read(), description=request.POST.get("picture_description", ""))


@require_POST
@for_staff
def note(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Leave a note for colleagues."""
    conversation = visible_conversation(request, public_id)
    token = read_uuid(request.POST.get("token"))
    if token is None:
        return HttpResponseBadRequest(_("The form is incomplete. Reload the page; your text is kept."))
    text = request.POST.get("text", "")
    try:
        services.send_note(conversation, text, request.user, token=token)
    except (ConversationError, NotAllowed) as error:
        return _refused(request, public_id, Draft.Mode.NOTE, text, error)
    return _sent(request, public_id)


@require_POST
@for_staff
def draft(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Keep what is typed so far."""
    conversation = visible_conversation(request, public_id)
    mode = request.POST.get("mode", "")
    if mode not in Draft.Mode.values:
        return HttpResponseBadRequest(_("A draft is a reply or a note."))
    try:
        services.save_draft(
            conversation,
            request.POST.get("text", ""),
            request.user,
            mode=mode,
            token=read_uuid(request.POST.get("token")),
        )
    except NotAllowed as error:
        return HttpResponse(str(error), status=403, content_type="text/plain")
    return HttpResponse(status=204)


def _sent(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """The panes as they are now; a form that was sent without script goes back to its page."""
    if request.htmx:
        return show(request, public_id, done=Done())
    return redirect("workspace-conversation", public_id=public_id)


def _refused(
    request: StaffRequest, public_id: uuid.UUID, mode: str, text: str, error: ConversationError | NotAllowed
) -> HttpResponse:
    """Say why beside the composer, whose text nothing touches; it is kept as a draft too, where it may be."""
    status = 403 if isinstance(error, NotAllowed) else 409
    conversation = visible_conversation(request, public_id)
    if status == 409:
        services.save_draft(conversation, text, request.user, mode=mode, token=None)
    newer = error.last_seq if isinstance(error, CustomerWroteMeanwhile) else None
    words = wording.refusal(error, conversation.platform)
    context = {"problem": Problem(text=words), "newer_seq": newer, "mode": mode}
    if not request.htmx:
        return whole_page(request, conversation, context, status=status)
    response = render(request, "workspace/_composer_notice.html", context, status=status)
    return retarget(response, "#composer-notice")


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 19 else None
