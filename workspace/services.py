"""What staff do that is more than one call into the record: send once, keep drafts, settle a suggestion."""

import uuid
from datetime import timedelta

from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Escalation
from conversations.types import Picture
from core import audit
from core.models import User
from core.policy import Action, require
from core.text import clean_text
from core.transactions import retried
from workspace.models import Draft, Submission, SuggestionOutcome

TOKENS_KEPT = timedelta(days=2)


@retried
def send_reply(
    conversation: Conversation,
    text: str,
    by: User,
    *,
    token: uuid.UUID,
    expected_last_seq: int | None = None,
    suggested: uuid.UUID | None = None,
    picture: Picture | None = None,
) -> bool:
    """Answer the customer; False if this composer was sent before, and then nothing happens.

    ``suggested`` is the escalation whose suggestion the words began as. Raises what ``conversations.reply`` raises.
    """
    conversations.lock(conversation.pk)
    if not _first_time(conversation, by, token):
        return False
    conversations.reply(conversation, text, by, expected_last_seq=expected_last_seq, picture=picture)
    Draft.objects.filter(user=by, conversation=conversation, mode=Draft.Mode.REPLY).delete()
    if suggested is not None:
        _settle_suggestion(conversation, suggested, text, by)
    return True


@retried
def send_note(conversation: Conversation, text: str, by: User, *, token: uuid.UUID) -> bool:
    """Leave a note; False if this composer was sent before. Raises what ``conversations.add_note`` raises."""
    conversations.lock(conversation.pk)
    if not _first_time(conversation, by, token):
        return False
    conversations.add_note(conversation, text, by)
    Draft.objects.filter(user=by, conversation=conversation, mode=Draft.Mode.NOTE).delete()
    return True


def save_draft(conversation: Conversation, text: str, by: User, *, mode: str, token: uuid.UUID | None) -> None:
    """Keep what is typed; empty text forgets it. What arrives after its composer was sent changes nothing."""
    require(by, Action.REPLY if mode == Draft.Mode.REPLY else Action.ANNOTATE, conversation.policy_subject)
    words = clean_text(text)
    if not words.strip():
        Draft.objects.filter(user=by, conversation=conversation, mode=mode).delete()
        return
    if token is not None and Submission.objects.filter(token=token).exists():
        return
    Draft.objects.update_or_create(
        user=by, conversation=conversation, mode=mode, defaults={"text": words, "updated_at": timezone.now()}
    )


@retried
def dismiss_suggestion(conversation: Conversation, escalation_id: uuid.UUID, by: User, *, reason: str = "") -> None:
    """Put a suggestion away for everybody."""
    require(by, Action.REPLY, conversation.policy_subject)
    escalation = Escalation.objects.filter(conversation=conversation, public_id=escalation_id).first()
    if escalation is None or not escalation.suggestion:
        return
    _record(escalation, by, SuggestionOutcome.Outcome.DISMISSED, reason=reason)
    # The reason stands on the outcome, where it can be erased; the audit trail can not.
    audit.record(by, "suggestion.dismiss", escalation)


def _first_time(conversation: Conversation, by: User, token: uuid.UUID) -> bool:
    """Whether the token is new; the conversation is locked, so two equal ones come one after the other."""
    if Submission.objects.filter(token=token).exists():
        return False
    Submission.objects.filter(user=by, created_at__lt=timezone.now() - TOKENS_KEPT).delete()
    Submission.objects.create(token=token, user=by, conversation=conversation)
    return True


def _settle_suggestion(conversation: Conversation, escalation_id: uuid.UUID, text: str, by: User) -> None:
    escalation = Escalation.objects.filter(conversation=conversation, public_id=escalation_id).first()
    if escalation is None or not escalation.suggestion:
        return
    as_it_was = clean_text(text).strip() == escalation.suggestion.strip()
    _record(escalation, by, SuggestionOutcome.Outcome.AS_IS if as_it_was else SuggestionOutcome.Outcome.EDITED)


def _record(escalation: Escalation, by: User, outcome: SuggestionOutcome.Outcome, *, reason: str = "") -> None:
    SuggestionOutcome.objects.get_or_create(
        escalation=escalation,
        for_seq=escalation.suggestion_for_seq,
        defaults={"user": by, "outcome": outcome, "reason": clean_text(reason, limit=300)},
    )
