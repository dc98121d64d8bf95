"""The values that cross the border of the record."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import models


class ReasonCategory(models.TextChoices):
    """Why a person is needed."""

    DANGER = "danger", "People in danger"
    SECURITY = "account_security", "Account security"
    URGENT = "urgent", "Urgent"
    DISPUTE = "dispute", "Legal threat or accusation"
    ASKED = "asked_for_person", "Asked for a person"
    NEGATIVE = "negative_sentiment", "Negative sentiment"
    LOW_CONFIDENCE = "low_confidence", "Not sure of the answer"
    REPEATED = "repeated_failure", "Did not help before"
    POLICY = "policy", "Needs a person by policy"
    LANGUAGE = "language_not_spoken", "Not a language the bot speaks"
    PICTURE = "sent_picture", "Sent a picture"
    BOT_FAILED = "bot_failed", "The bot failed"
    BOT_UNAVAILABLE = "bot_unavailable", "The bot did not answer"
    DELIVERY_FAILED = "delivery_failed", "A message could not be delivered"
    APPROVAL = "approval", "Waits for approval"
    COLLEAGUE = "colleague", "A colleague wrote in the platform's app"
    MANUAL = "manual", "Handed over by staff"


class Priority(models.TextChoices):
    """How soon a person should look."""

    FIRST = "first", "Before all others"
    HIGH = "high", "High"
    NORMAL = "normal", "Normal"
    LOW = "low", "Low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """The account a message came through, as far as the record needs it. ``picture_limit`` in bytes, 0 for no pictures."""

    platform: str
    account_id: int
    account_name: str = ""
    team_id: int | None = None
    is_public: bool = False
    needs_approval: bool = False
    delivers_itself: bool = False
    text_limit: int = 4000
    picture_limit: int = 0
    window_hours: int | None = None
    window_messages: int | None = None
    debounce_seconds: float = 1.2
    languages: tuple[str, ...] = ()
    bot_enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture to send: the file's bytes as they were chosen, and words for those who cannot see it."""

    content: bytes = field(repr=False)
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that lies in the storage already: its name there, what it is, and its size in bytes."""

    path: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundAttachment:
    """Something that came with a message: a picture, a shared post, a sticker. ``stored`` where the file came along."""

    kind: str
    media_id: str = ""
    url: str = ""
    name: str = ""
    stored: StoredFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """A customer's message, the same whichever platform it came from.

    ``source_id`` is the platform's id of the message; ``thread_key`` the platform's id of the conversation. ``subject`` is
    one line about what the thread is about, for staff. ``details_from`` is a Customer.Source.
    """

    channel: Channel
    source_id: str
    thread_key: str
    customer_id: str
    customer_name: str = ""
    customer_username: str = ""
    customer_email: str = ""
    details_from: str = ""
    locale: str = ""
    text: str = ""
    kind: str = "text"
    attachments: tuple[InboundAttachment, ...] = ()
    reply_to: str = ""
    sent_at: datetime | None = None
    late: bool = False
    subject: str = ""
    needs_no_answer: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundEcho:
    """Something the business said, as the platform reports it back."""

    channel: Channel
    source_id: str
    thread_key: str
    customer_id: str
    customer_name: str = ""
    text: str = ""
    kind: str = "text"
    by_api: bool = False
    automatic: bool = False
    sent_at: datetime | None = None


class EchoMeaning(StrEnum):
    """What an echo turned out to be."""

    OURS = "ours"
    COLLEAGUE = "colleague"
    AUTOMATIC = "automatic"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A claimed right to answer: what to answer, and the epoch that guards the right."""

    conversation_id: int
    epoch: int
    from_seq: int
    to_seq: int
    answered_to_seq: int
    attempt: int
    supersedes: int

    @property
    def is_first(self) -> bool:
        """Whether no right to answer was ever claimed here before, nor ended by a person."""
        return self.epoch == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """What the agent found out about the customer's words."""

    intent: str = ""
    sentiment: float | None = None
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The bot answers."""

    text: str
    sources: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """A person is needed. ``customer_text`` is the one hand-off message, empty for none; by ``answer_by`` it says they answer."""

    reason: ReasonCategory
    detail: str
    priority: Priority = Priority.NORMAL
    customer_text: str = ""
    answer_by: datetime | None = None
    suggestion: str = ""
    card: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Nothing needs to be said (thanks, an emoji, a switched-off bot)."""

    reason: str


Outcome = Reply | HandOver | Silence


class TurnResult(StrEnum):
    """How the commit of a turn ended."""

    REPLIED = "replied"
    ESCALATED = "escalated"
    SUPPRESSED = "suppressed"
    SUPERSEDED = "superseded"
    FENCED = "fenced"
    CANCELLED_BY_HUMAN = "cancelled_by_human"


class SendOutcome(StrEnum):
    """What a platform adapter says of one attempt."""

    OK = "ok"
    REFUSED = "definite_fail"
    RETRY = "retry"
    AMBIGUOUS = "ambiguous"
    REAUTH = "reauth"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """The end of one attempt. ``retry_after`` in seconds; ``evidence`` is short and holds no secret.

    One to be tried again that is not ``is_counted`` was put off by ourselves, and does not bring nearer that it is given up.
    """

    outcome: SendOutcome
    platform_message_id: str = ""
    http_status: int | None = None
    evidence: str = ""
    retry_after: float | None = None
    is_counted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A claimed right to send: the fence guards the right to write the result.

    ``in_reply_to`` is the platform's id of the customer's newest message before it; empty where they wrote none.
    ``request_id`` is how the logs know it, as of the others below.
    """

    delivery_id: int
    out_seq: int
    message_pk: int
    conversation_id: int
    account_id: int
    platform: str
    thread_key: str
    customer_id: str
    author: str
    text: str
    idem_key: str
    fence: int
    attempt: int
    message_id: str
    in_reply_to: str
    reply_to: str
    attachment_path: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An attempt whose end is written; where ``may_go_on`` is False the conversation has nothing more to send."""

    may_go_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownDelivery:
    """A send of which nobody knows whether it arrived."""

    delivery_id: int
    conversation_id: int
    account_id: int
    platform: str
    thread_key: str
    text: str
    started_at: datetime
    unknown_since: datetime
    looks: int
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """What a person's taking over left on its way: ids of bot deliveries whose sending had begun."""

    in_flight: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a model read in a file: the words of a recording, or what a picture shows. Costs are in millionths of a dollar."""

    text: str
    language: str
    provider: str
    model: str
    cost_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedReading:
    """The right to read an attachment, the how manieth attempt it is, and the file. ``kind`` is that of the attachment."""

    attachment_id: int
    conversation_id: int
    account_id: int
    customer_id: int
    attempt: int
    kind: str
    content_type: str
    path: str
    size: int
    received_at: datetime
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What came with a message, as far as the agent has anything from it.

    ``pictures`` counts those that staff can look at, or soon can; ``heard`` are the words of recordings, ``seen`` what
    pictures show, both as a machine read them.
    """

    pictures: int = 0
    heard: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkLine:
    """One thing that was said, as the agent reads it, and what came with it."""

    seq: int
    sender_type: str
    text: str
    kind: str
    created_at: datetime
    intent: str
    sentiment: float | None
    language: str
    disposition: str
    media: Media = field(default_factory=Media)
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation as the agent reads it, oldest line first. ``is_vouched_for``: the business's own site says who writes."""

    conversation_id: int
    public_id: str
    platform: str
    account_id: int
    account_name: str
    customer_id: int
    customer_name: str
    customer_public_id: str
    customer_email: str
    is_vouched_for: bool
    locale: str
    language: str
    is_public: bool
    text_limit: int
    escalations_before: int
    lines: tuple[TalkLine, ...]
