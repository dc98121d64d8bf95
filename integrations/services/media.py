"""Fetching what came with a message, from the account's own hosts, and keeping it."""

import logging
from datetime import timedelta

from django.utils import timezone

from conversations import services as conversations
from conversations.models import Attachment
from conversations.types import SendOutcome
from core.following import following
from core.pictures import kind_of
from core.recordings import recording_of
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, MediaFile, OutOfCalls
from integrations.services import tokens

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
RETRY_SECONDS = (5, 30, 120, 600)
HELD = timedelta(seconds=60)


def fetch_media(limit: int = 10) -> int:
    """Fetch attachments that wait for it; returns how many were kept."""
    due = Attachment.objects.filter(state=Attachment.State.WAITING, next_attempt_at__lte=timezone.now())
    kept = 0
    for attachment in due.select_related("message__conversation").order_by("next_attempt_at")[:limit]:
        with following([attachment.message.request_id]):
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
    if account.state != PlatformAccount.State.ACTIVE or not conversations.claim_attachment(attachment, held=HELD):
        return False
    platform = PLATFORMS[account.platform]
    message = attachment.message
    try:
        file = tokens.call_aside(
            account,
            lambda session: platform.fetch_media(
                session,
                thread_key=message.conversation.thread_key,
                message_id=message.platform_message_id or "",
                media_id=attachment.media_id,
                kind=attachment.kind,
            ),
        )
    except OutOfCalls as failure:
        pause = timedelta(seconds=failure.result.retry_after or 0.0)
        conversations.put_off_attachment(attachment, pause=pause, is_counted=False)
        return False
    except CallFailed as failure:
        return _failed(attachment, failure)
    return _keep(attachment, file)


def _failed(attachment: Attachment, failure: CallFailed) -> bool:
    attempts = attachment.attempts + 1
    if failure.result.outcome is SendOutcome.REFUSED or attempts >= MAX_ATTEMPTS:
        return _give_up(attachment, str(failure))
    pause = timedelta(seconds=RETRY_SECONDS[attempts - 1])
    conversations.put_off_attachment(attachment, pause=pause, is_counted=True)
    return False


def _give_up(attachment: Attachment, why: str) -> bool:
    logger.warning("Attachment %d is not fetched: %s", attachment.pk, why)
    conversations.give_up_attachment(attachment)
    return False


def _keep(attachment: Attachment, file: MediaFile) -> bool:
    """Keep what the bytes are, whatever the answer called them."""
    kind = (recording_of(file.content) if attachment.kind == "audio" else None) or kind_of(file.content)
    if kind is None:
        return _give_up(attachment, "It is neither a picture nor a video nor a recording.")
    conversations.keep_attachment(attachment, file.content, kind)
    return True
