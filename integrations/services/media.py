"""Fetching what came with a message, from the account's own hosts, and keeping it."""

import logging
from datetime import timedelta

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Attachment
from conversations.services.announce import announce, save
from conversations.types import SendOutcome
from integrations import limits
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, MediaFile
from integrations.services import tokens

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
RETRY_SECONDS = (5, 30, 120, 600)
HELD = timedelta(seconds=60)
KEPT_FOR_MESSAGES = 20
SIGNATURES: tuple[tuple[bytes, int, str, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png", "png"),
    (b"\xff\xd8\xff", 0, "image/jpeg", "jpg"),
    (b"GIF8", 0, "image/gif", "gif"),
    (b"WEBP", 8, "image/webp", "webp"),
    (b"ftyp", 4, "video/mp4", "mp4"),
)


def fetch_media(limit: int = 10) -> int:
    """Fetch attachments that wait for it; returns how many were kept."""
    due = Attachment.objects.filter(state=Attachment.State.WAITING, next_attempt_at__lte=timezone.now())
    kept = 0
    for attachment in due.select_related("message__conversation").order_by("next_attempt_at")[:limit]:
        try:
            kept += _fetch(attachment)
        except Exception:
            # One file's trouble must not keep the others waiting; this one's next attempt has its time already.
            logger.exception("Attachment %d could not be fetched.", attachment.pk)
    return kept


def _fetch(attachment: Attachment) -> bool:
    account = PlatformAccount.objects.filter(pk=attachment.message.account_id, platform__in=PLATFORMS).first()
    if account is None or account.state == PlatformAccount.State.REMOVED:
        return _give_up(attachment, "Its account is gone.")
    if account.state != PlatformAccount.State.ACTIVE or not _claim(attachment):
        return False
    platform = PLATFORMS[account.platform]
    wait = limits.take(account.pk, limit=limits.per_minute(platform), leaving=KEPT_FOR_MESSAGES)
    if wait:
        _put_off(attachment, wait)
        return False
    message = attachment.message
    try:
        file = tokens.call_as(
            account,
            lambda session: platform.fetch_media(
                session,
                thread_key=message.conversation.thread_key,
                message_id=message.platform_message_id or "",
                media_id=attachment.media_id,
                kind=attachment.kind,
            ),
        )
    except CallFailed as failure:
        return _failed(attachment, failure)
    return _keep(attachment, file)


def _claim(attachment: Attachment) -> bool:
    """Whether this attempt is ours; another process finds the attachment held for a minute."""
    waiting = Attachment.objects.filter(
        pk=attachment.pk, state=Attachment.State.WAITING, next_attempt_at=attachment.next_attempt_at
    )
    return bool(waiting.update(next_attempt_at=timezone.now() + HELD, attempts=F("attempts") + 1))


def _put_off(attachment: Attachment, seconds: float) -> None:
    Attachment.objects.filter(pk=attachment.pk).update(
        next_attempt_at=timezone.now() + timedelta(seconds=seconds), attempts=attachment.attempts
    )


def _failed(attachment: Attachment, failure: CallFailed) -> bool:
    attempts = attachment.attempts + 1
    if failure.result.outcome is SendOutcome.REFUSED or attempts >= MAX_ATTEMPTS:
        return _give_up(attachment, str(failure))
    pause = timedelta(seconds=RETRY_SECONDS[attempts - 1])
    Attachment.objects.filter(pk=attachment.pk).update(next_attempt_at=timezone.now() + pause)
    return False


def _give_up(attachment: Attachment, why: str) -> bool:
    logger.warning("Attachment %d is not fetched: %s", attachment.pk, why)
    _change(attachment, state=Attachment.State.FAILED, next_attempt_at=None)
    return False


def _keep(attachment: Attachment, file: MediaFile) -> bool:
    """Keep what the bytes are, whatever the answer called them."""
    kind = next((each[2:] for each in SIGNATURES if file.content[each[1] : each[1] + len(each[0])] == each[0]), None)
    if kind is None:
        return _give_up(attachment, "It is neither a picture nor a video.")
    content_type, extension = kind
    attachment.file.save(f"{attachment.public_id}.{extension}", ContentFile(file.content), save=False)
    _change(
        attachment,
        file=attachment.file.name,
        content_type=content_type,
        size=len(file.content),
        state=Attachment.State.KEPT,
        next_attempt_at=None,
    )
    return True


def _change(attachment: Attachment, **values: object) -> None:
    """Write the attachment and tell open screens."""
    with transaction.atomic():
        conversation = conversations.lock(attachment.message.conversation_id)
        Attachment.objects.filter(pk=attachment.pk).update(**values)
        save(conversation)
        announce(conversation.pk)
