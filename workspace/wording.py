"""How facts are said on the page: waiting times, reasons, moods, and how far a message got."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from conversations.exceptions import NoPictures, PictureTooLarge
from conversations.models import Conversation, Customer, Delivery, Escalation, Message
from core.pictures import megabytes
from integrations.models import PlatformAccount

QUIET_SENTIMENT = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A small fact: its words, and what colour and sign go with them."""

    text: str
    kind: str = ""
    sla: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryWords:
    """How far a message got. ``state`` is the page's: waiting, sent, read, failed, unknown."""

    state: str
    text: str
    icon: str
    is_undecided: bool = False


def span(length: timedelta) -> str:
    """A length of time as people say it: "42 min", "3 h 10 min", "2 d"."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 1:
        return _("under 1 min")
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return (
            _("%(hours)d h") % {"hours": hours}
            if not rest
            else _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}
        )
    return _("%(days)d d") % {"days": hours // 24}


def ago(moment: datetime | None) -> str:
    """When something was, short enough for the corner of a row."""
    if moment is None:
        return ""
    length = timezone.now() - moment
    if length < timedelta(minutes=1):
        return _("now")
    return span(length) if length < timedelta(hours=24) else date_format(timezone.localtime(moment), "j M")


def channel_name(platform: str) -> str:
    """The platform as people call it."""
    names = dict(PlatformAccount.Platform.choices)
    return str(names.get(platform, humanise(platform)))


def humanise(key: str) -> str:
    """A machine's word as people read it: ``order_status`` becomes "Order status"."""
    words = key.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def refusal(error: Exception, platform: str) -> str:
    """Why something was not sent, naming the channel where the record only knows that it is one."""
    channel = channel_name(platform)
    match error:
        case PictureTooLarge():
            return _("This picture is %(size)s; %(channel)s takes up to %(limit)s. Choose a smaller one.") % {
                "size": megabytes(error.size),
                "channel": channel,
                "limit": megabytes(error.limit),
            }
        case NoPictures():
            return _("%(channel)s takes no pictures. Say it in words.") % {"channel": channel}
    return str(error)


def initials(name: str) -> str:
    """One or two letters for a name."""
    parts = [part for part in name.split() if part[0].isalnum()]
    letters = parts[0][0] + (parts[-1][0] if len(parts) > 1 else "") if parts else name[:1]
    return letters.upper()


def hue(pk: int) -> int:
    """The colour, 1 to 6, that somebody keeps."""
    return pk % 6 + 1


def remarks(message: Message) -> list[str]:
    """What should be known of a message beside its words."""
    said = {
        _("arrived late"): message.is_late,
        _("sent at an unlikely time"): message.details.get("ts_suspect"),
        _("shortened, it was longer"): message.details.get("truncated"),
        _("holds invisible characters"): message.details.get("invisible_text"),
        _("asks for what other customers said or are"): message.details.get("asks_for_others"),
    }
    return [words for words, holds in said.items() if holds]


def warning(message: Message) -> str:
    """What the reader must be warned of before they do as they are asked; "" for nothing."""
    if message.details.get("lure"):
        return _("May be a scam. Paste nothing, run nothing, open nothing, and let nobody onto your screen.")
    return ""


def mood(sentiment: float | None) -> Chip | None:
    """The customer's mood at the last message; None where nobody judged it."""
    if sentiment is None:
        return None
    if sentiment <= -QUIET_SENTIMENT:
        return Chip(text=_("Unhappy"), kind="danger", icon="frown")
    if sentiment >= QUIET_SENTIMENT:
        return Chip(text=_("Happy"), kind="ok", icon="smile")
    return Chip(text=_("Neutral"), icon="neutral")


def trust(customer: Customer) -> Chip | None:
    """By whose word the name and the address are known; None where the platform tells them, or nobody."""
    match customer.details_from:
        case Customer.Source.SITE:
            return Chip(text=_("Verified"), kind="ok", icon="check")
        case Customer.Source.VISITOR:
            return Chip(text=_("Unverified"), kind="warn", icon="info")
        case _:
            return None


def due_chip(escalation: Escalation | None) -> Chip | None:
    """How the answer stands against its target; None where no answer is due."""
    if escalation is None or escalation.due_at is None or escalation.state == Escalation.State.CLOSED:
        return None
    left = escalation.due_at - timezone.now()
    if left <= timedelta(0):
        return Chip(text=_("Late by %(span)s") % {"span": span(-left)}, sla="breach")
    soon = left <= target_of(escalation.priority) / 4
    return Chip(text=_("Due in %(span)s") % {"span": span(left)}, sla="warn" if soon else "ok")


def promise_chip(*, is_late: bool) -> Chip | None:
    """That something promised to the customer is late; None where nothing is."""
    return Chip(text=_("Late promise"), sla="breach") if is_late else None


def target_of(priority: str) -> timedelta:
    """Within which time a person should have answered."""
    return timedelta(minutes=settings.RESPONSE_TARGET_MINUTES[priority])


def why_here(conversation: Conversation, escalation: Escalation | None) -> list[str]:
    """Why a conversation stands in the queue, in the words of its row; by when it is due is a chip's matter."""
    if conversation.mode == Conversation.Mode.CLOSED:
        return [_("closed %(when)s") % {"when": _ago_sentence(conversation.closed_at)}]
    if conversation.mode == Conversation.Mode.BOT:
        return [_("the bot is working out an answer") if conversation.owes_an_answer else _("the bot answers")]
    words = []
    if conversation.waiting_since is not None:
        words.append(_("waiting %(span)s") % {"span": span(timezone.now() - conversation.waiting_since)})
    else:
        words.append(_("answered, the customer's turn"))
    if escalation is not None:
        words.append(_(escalation.get_reason_display()).lower())
    return words


def _ago_sentence(moment: datetime | None) -> str:
    if moment is None:
        return ""
    length = timezone.now() - moment
    if length < timedelta(hours=24):
        return _("%(span)s ago") % {"span": span(length)}
    return _("on %(day)s") % {"day": date_format(timezone.localtime(moment), "j M")}


def clock(moment: datetime) -> str:
    """The time of day."""
    return date_format(timezone.localtime(moment), "H:i")


def delivery_words(delivery: Delivery) -> DeliveryWords:
    """How far a message got, in words."""
    match delivery.state:
        case Delivery.State.SENT if delivery.read_at is not None:
            return DeliveryWords(
                state="read", text=_("Read %(at)s") % {"at": clock(delivery.read_at)}, icon="check-double"
            )
        case Delivery.State.SENT:
            return DeliveryWords(state="sent", text=_("Sent"), icon="check")
        case Delivery.State.SENDING:
            return DeliveryWords(state="waiting", text=_("Being sent…"), icon="clock")
        case Delivery.State.RETRY_WAIT:
            return DeliveryWords(state="waiting", text=_retry_words(delivery), icon="retry")
        case Delivery.State.UNKNOWN:
            return DeliveryWords(
                state="unknown", text=_("Not known whether it arrived; the platform is being asked"), icon="alert"
            )
        case Delivery.State.NEEDS_REVIEW:
            return DeliveryWords(
                state="unknown",
                text=_("Needs your decision: %(why)s") % {"why": delivery.reason},
                icon="alert",
                is_undecided=True,
            )
        case Delivery.State.DEAD:
            return DeliveryWords(
                state="failed",
                text=_("Not delivered: %(why)s") % {"why": delivery.reason},
                icon="alert",
                is_undecided=True,
            )
        case Delivery.State.CANCELLED:
            return DeliveryWords(
                state="failed", text=_("Not sent: %(why)s") % {"why": delivery.reason or _("cancelled")}, icon="close"
            )
        case _:
            return DeliveryWords(state="waiting", text=_("Waiting to be sent"), icon="clock")


def _retry_words(delivery: Delivery) -> str:
    again = _("Will be tried again at %(at)s") % {"at": clock(delivery.next_attempt_at)}
    return f"{again}. {delivery.reason}" if delivery.reason else again
