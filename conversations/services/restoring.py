"""After a restore: what was said since the back-up is not in the record, and must not be said again.

The platforms still know it. Until an account has been compared with its platform nothing is said through it; our own
words of the lost time are put into the record as they are found there, and what they answered counts as answered.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, Min, Q, QuerySet, Subquery
from django.db.models.functions import Now

from conversations.models import Conversation, Delivery, Message, Restoration
from conversations.services.announce import announce, lock, save
from conversations.services.handover import HANDOVER_FIELDS, hand_to_people, open_episode, rest_turn
from conversations.services.outgoing import DELIVERY_LIFE
from conversations.services.threads import conversation_of_thread
from conversations.types import OutboundEcho, ReasonCategory
from core import audit
from core.clock import database_now
from core.statements import Read
from core.text import clean_text
from core.transactions import retried

# Numbers and versions that were given out since the back-up are not given out a second time.
NUMBERS_LEFT_OUT = 1_000
BEFORE_THE_RESTORE = "Sent before the restore"
IN_DOUBT = "The record was restored: it is not known whether this was sent since."
BY_LOST_WORDS = "answered before the restore"
TOO_LATE = "It was written before the record was restored, and may have been answered then."
UNREADABLE = "The record was restored, and the platform does not tell what was said in this conversation since."
ENDED = "It had ended before the record was restored, for something later was sent."
# Our clock and the platform's need not agree.
SKEW = timedelta(minutes=2)


@transaction.atomic
def begin_after_restore(account_ids: Collection[int], since: datetime) -> None:
    """Hold these accounts until each has been compared with its platform. Nothing else may be running.

    A back-up that was made before an earlier restore was finished goes on from that one's earlier moment.
    """
    unfinished = {each.account_id: each.since for each in Restoration.objects.unfinished()}
    Restoration.objects.unfinished().update(ended_at=Now())
    for account_id in account_ids:
        restoration = Restoration.objects.create(
            account_id=account_id, since=min(since, unfinished.get(account_id, since))
        )
        audit.record(None, "record.restored", restoration, after={"since": since.isoformat()})
    Conversation.objects.update(
        out_seq=F("out_seq") + NUMBERS_LEFT_OUT,
        version=F("version") + NUMBERS_LEFT_OUT,
        epoch=F("epoch") + 1,
        lease_owner="",
        lease_until=None,
    )
    # While nothing ran, nobody waited for the bot.
    Conversation.objects.filter(first_unanswered_at__isnull=False).update(first_unanswered_at=Now())


def doubt_what_was_on_its_way(account_id: int) -> int:
    """What an account was sending when its back-up was made may have arrived since; returns how many there are.

    They are looked for on the platform before anything is sent again.
    """
    begun_at = Restoration.objects.unfinished().filter(account_id=account_id).values("begun_at")
    on_their_way = Delivery.objects.filter(
        account_id=account_id,
        state__in=[*Delivery.WAITING, Delivery.State.SENDING],
        created_at__lt=Subquery(begun_at[:1]),
    )
    return on_their_way.update(
        state=Delivery.State.UNKNOWN,
        unknown_since=Now(),
        looks=0,
        lease_until=None,
        fence=F("fence") + 1,
        reason=IN_DOUBT,
    )


def lost_since(account_id: int) -> datetime | None:
    """From when on the record of an account is incomplete; None once it was compared with its platform."""
    unfinished = Restoration.objects.unfinished().filter(account_id=account_id)
    return unfinished.values_list("since", flat=True).first()


def accounts_to_compare() -> list[int]:
    """The accounts that a restore holds."""
    return list(Restoration.objects.unfinished().values_list("account_id", flat=True))


def unsettled_threads(account_id: int) -> list[str]:
    """The threads in which something would be said as soon as the account may speak again."""
    owed = Q(mode=Conversation.Mode.BOT, last_in_seq__gt=F("answered_to_seq"))
    moving = Q(pk__in=Delivery.objects.filter(account_id=account_id, state__in=Delivery.MOVING).values("conversation"))
    threads = Conversation.objects.filter(owed | moving, account_id=account_id)
    return list(threads.order_by("pk").values_list("thread_key", flat=True))


@retried
def end_restoration(account_id: int) -> bool:
    """Let things be said through an account again; False if nothing held it. From now on its customers wait for the bot."""
    if not Restoration.objects.unfinished().filter(account_id=account_id).update(ended_at=Now()):
        return False
    theirs = Conversation.objects.filter(account_id=account_id, mode=Conversation.Mode.BOT)
    theirs.filter(first_unanswered_at__isnull=False).update(first_unanswered_at=Now())
    return True


@retried
def leave_to_people(account_id: int, thread_key: str) -> None:
    """Let people answer where a platform does not tell what was said in a thread since the back-up."""
    found = conversation_of_thread(account_id, thread_key)
    if found is None:
        return
    conversation = lock(found)
    if conversation.is_with_bot and conversation.owes_an_answer:
        hand_to_people(conversation, reason=ReasonCategory.POLICY, detail=UNREADABLE)
        save(conversation, *HANDOVER_FIELDS)
        announce(conversation)


def is_of_the_lost_time(account_id: int, said_at: datetime | None) -> bool:
    """Whether something was said between a back-up and its restoring, so that the record need not know of it."""
    if said_at is None:
        return Restoration.objects.unfinished().filter(account_id=account_id).exists()
    return bool(_restored_around.all(account_id, said_at + SKEW, said_at - SKEW))


@Read
def _restored_around(account_id: int, before: datetime, after: datetime) -> QuerySet[Restoration, int]:
    around = Restoration.objects.filter(account_id=account_id, since__lte=before, begun_at__gte=after)
    return around.order_by().values_list("pk", flat=True)[:1]


def accounts_with_lost_time(said: Iterable[tuple[int, datetime | None]], now: datetime) -> set[int]:
    """The accounts of what was said at these moments for which some of it may be of a lost time; of no other any is."""
    moments = [(account_id, at or now) for account_id, at in said]
    if not moments:
        return set()
    earliest, latest = (pick(at for _, at in moments) for pick in (min, max))
    accounts = tuple(dict.fromkeys(account_id for account_id, _ in moments))
    return set(_with_lost_time.all(accounts, latest + SKEW, earliest - SKEW))


@Read
def _with_lost_time(accounts: tuple[int, ...], before: datetime, after: datetime) -> QuerySet[Restoration, int]:
    around = Q(ended_at=None) | Q(since__lte=before, begun_at__gte=after)
    return Restoration.objects.filter(around, account_id__in=accounts).order_by().values_list("account_id", flat=True)


def answered_in_lost_time(conversation: Conversation, message: Message) -> bool:
    """Whether a message that is just being received, to a locked conversation, was answered before the restore.

    What comes only after the account was compared, and was said before, goes to people: nobody can tell. The caller
    saves both.
    """
    if not is_of_the_lost_time(conversation.account_id, message.sent_at):
        return False
    ours = Delivery.objects.filter(conversation=conversation, message__author_name=BEFORE_THE_RESTORE)
    answer = ours.filter(sent_at__gte=message.sent_at).order_by("sent_at", "pk").first() if message.sent_at else None
    if answer is not None:
        message.disposition = Message.Disposition.ANSWERED
        message.disposition_reason = BY_LOST_WORDS
        message.disposition_id = answer.pk
        if not conversation.first_unanswered_at:
            conversation.answered_to_seq = conversation.last_in_seq
        return True
    if lost_since(conversation.account_id) is None:
        hand_to_people(conversation, reason=ReasonCategory.POLICY, detail=TOO_LATE)
    return False


def recover(conversation: Conversation, echo: OutboundEcho) -> Delivery:
    """Put words of ours that the record lost into a locked conversation, as sent; what was said before is answered.

    Whoever reads the thread on the platform sees it so. Who spoke, the bot or a person, is not known any more.
    """
    sent_at = echo.sent_at or database_now()
    conversation.last_seq += 1
    conversation.window_used += 1
    out_seq = _number_for(conversation, sent_at)
    message = Message.objects.create(
        conversation=conversation,
        episode=open_episode(conversation),
        account_id=conversation.account_id,
        seq=conversation.last_seq,
        direction=Message.Direction.OUTBOUND,
        sender_type=Message.Sender.SYSTEM,
        author_name=BEFORE_THE_RESTORE,
        platform_message_id=echo.source_id,
        kind=echo.kind,
        text=clean_text(echo.text),
        sent_at=echo.sent_at,
    )
    delivery = Delivery.objects.create(
        conversation=conversation,
        message=message,
        account_id=conversation.account_id,
        out_seq=out_seq,
        # Never sent under it, and the number may still change.
        idem_key=f"{conversation.public_id}:found:{message.pk}",
        author=Delivery.Author.SYSTEM,
        state=Delivery.State.SENT,
        platform_message_id=echo.source_id,
        sent_at=sent_at,
        expires_at=sent_at + DELIVERY_LIFE,
    )
    _end_earlier(conversation, delivery, sent_at)
    _count_as_answered(conversation, delivery, sent_at)
    save(conversation, *HANDOVER_FIELDS, "window_used")
    announce(conversation)
    return delivery


def _number_for(conversation: Conversation, sent_at: datetime) -> int:
    """The number of words that were found again, in a locked conversation: below all that was queued since the restore.

    A platform may show the newer ones first; nobody is shown these numbers, so those of what was said later move up.
    """
    deliveries = Delivery.objects.filter(conversation=conversation)
    is_found = Q(message__author_name=BEFORE_THE_RESTORE)
    queued = deliveries.filter(created_at__gte=_restored_at(conversation.account_id, sent_at)).exclude(is_found)
    lowest_queued = queued.aggregate(number=Min("out_seq"))["number"]
    if lowest_queued is None:
        # A conversation that began in the lost time has no numbers left out.
        conversation.out_seq = max(conversation.out_seq, NUMBERS_LEFT_OUT)
        below = deliveries
    else:
        below = deliveries.filter(out_seq__lt=lowest_queued)
    free = (below.aggregate(number=Max("out_seq"))["number"] or 0) + 1
    if free == lowest_queued:
        free = conversation.out_seq + 1
        below = deliveries.none()
    conversation.out_seq = max(conversation.out_seq, free)
    for pk, number in below.filter(is_found, sent_at__gt=sent_at).order_by("-out_seq").values_list("pk", "out_seq"):
        Delivery.objects.filter(pk=pk).update(out_seq=free)
        free = number
    return free


def _restored_at(account_id: int, said_at: datetime) -> datetime:
    """When what was said then was lost, by the restore that lost it."""
    around = Restoration.objects.filter(account_id=account_id, since__lte=said_at + SKEW, begun_at__gte=said_at - SKEW)
    found = around.order_by("begun_at").values_list("begun_at", flat=True).first()
    return found or database_now()


def _end_earlier(conversation: Conversation, delivery: Delivery, sent_at: datetime) -> None:
    """Words that were on their way when the back-up was made had ended, one way or another, before later ones were sent."""
    earlier = Delivery.objects.filter(
        conversation=conversation, state__in=[*Delivery.WAITING, Delivery.State.UNKNOWN], created_at__lt=sent_at
    )
    pks = list(earlier.values_list("pk", flat=True))
    if not pks:
        return
    Delivery.objects.filter(pk__in=pks).update(
        state=Delivery.State.CANCELLED, reason=ENDED, unknown_since=None, lease_until=None
    )
    answered = Message.objects.filter(conversation=conversation, disposition=Message.Disposition.ANSWERED)
    answered.filter(disposition_id__in=pks).update(disposition_id=delivery.pk)


def _count_as_answered(conversation: Conversation, delivery: Delivery, sent_at: datetime) -> None:
    undecided = Message.objects.filter(conversation=conversation, disposition=Message.Disposition.UNDECIDED)
    undecided.filter(Q(sent_at=None) | Q(sent_at__lte=sent_at)).update(
        disposition=Message.Disposition.ANSWERED, disposition_reason=BY_LOST_WORDS, disposition_id=delivery.pk
    )
    left = undecided.order_by("seq").values_list("seq", "created_at").first()
    if left is None:
        rest_turn(conversation)
    else:
        # Whoever is working out an answer to all of it begins again.
        conversation.epoch += 1
        conversation.lease_owner, conversation.lease_until = "", None
        conversation.answered_to_seq, conversation.first_unanswered_at = left[0] - 1, left[1]
    later = Message.objects.filter(
        conversation=conversation, direction=Message.Direction.INBOUND, sent_at__gt=sent_at
    ).order_by("seq")
    conversation.waiting_since = later.values_list("created_at", flat=True).first()
