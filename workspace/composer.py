"""Where staff write: the reply and the note, what may go with them, and why something may not be written now."""

import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _

from conversations.models import Conversation
from core.models import User
from core.pictures import SENDABLE, megabytes
from core.policy import Action, allows
from workspace import wording
from workspace.models import Draft, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """One side of the composer: its text so far and the token that lets it be sent once."""

    mode: str
    token: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureField:
    """What may be chosen as a picture: content types, and the limit in bytes and in words. ``refusal`` says why nothing."""

    accept: str
    limit: int
    limit_words: str
    refusal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """Where staff write. ``locked`` says why no reply may be written; ``key`` changes whenever it must be drawn anew."""

    key: str
    reply: Writer
    note: Writer
    picture: PictureField
    locked: str
    problem: str
    customer: str
    first_name: str
    channel: str
    limit: int
    last_seq: int


def build(conversation: Conversation, who: User, *, may_reply: bool, may_note: bool) -> Composer:
    """The composer for ``who``, with what they had typed."""
    texts = dict(Draft.objects.filter(user=who, conversation=conversation).values_list("mode", "text"))
    sent = Submission.objects.filter(user=who, conversation=conversation).count()
    problem = conversation.window_problem if may_reply else ""
    name = conversation.customer.display_name
    channel = wording.channel_name(conversation.platform)
    return Composer(
        key=f"{conversation.public_id}-{sent}-{int(may_reply)}-{int(may_note)}-{int(bool(problem))}",
        reply=Writer(mode=Draft.Mode.REPLY, token=str(uuid.uuid4()), text=texts.get(Draft.Mode.REPLY, "")),
        note=Writer(mode=Draft.Mode.NOTE, token=str(uuid.uuid4()), text=texts.get(Draft.Mode.NOTE, "")),
        picture=_picture_field(conversation, channel),
        locked="" if may_reply else _why_locked(conversation, who),
        problem=problem,
        customer=name,
        first_name=name.split()[0] if name.split() else name,
        channel=channel,
        limit=conversation.text_limit,
        last_seq=conversation.last_in_seq,
    )


def _picture_field(conversation: Conversation, channel: str) -> PictureField:
    return PictureField(
        accept=",".join(sorted(SENDABLE)),
        limit=conversation.picture_limit,
        limit_words=megabytes(conversation.picture_limit),
        refusal="" if conversation.picture_limit else _("%(channel)s takes no pictures.") % {"channel": channel},
    )


def _why_locked(conversation: Conversation, who: User) -> str:
    if conversation.mode == Conversation.Mode.CLOSED:
        return _("This conversation is closed. Reopen it to write to the customer.")
    if not allows(who, Action.REPLY, conversation.policy_subject):
        return _("Your role lets you read here, not answer.")
    owner = conversation.assignee.display_name if conversation.assignee else _("A colleague")
    return _("%(name)s answers this customer. You can leave a note.") % {"name": owner}
