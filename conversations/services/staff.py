"""What people do: take, answer, note, reveal, pass on, hand back, resolve. Each is checked, audited and announced."""

from django.db.models import Q
from django.utils import timezone

from conversations.exceptions import (
    ConversationClosed,
    CustomerErased,
    CustomerWroteMeanwhile,
    ForPeople,
    NothingToWrite,
    OwnedByColleague,
    WindowClosed,
)
from conversations.models import Conversation, Delivery, Episode, Escalation, Fact, Message, Note
from conversations.services.announce import announce, lock, save
from conversations.services.attachments import checked
from conversations.services.facts import note as note_fact
from conversations.services.handover import (
    HANDOVER_FIELDS,
    close_escalation,
    end_episode,
    hand_to_people,
    open_episode,
    rest_turn,
    take_back_unsent,
)
from conversations.services.notes import note_reason, write_note
from conversations.services.outgoing import say
from conversations.services.promises import note_promises
from conversations.types import Picture, Priority, ReasonCategory, TakeOver
from core import audit
from core.crashpoints import crash_point
from core.models import ApiKey, User
from core.policy import Action, require
from core.text import clean_text
from core.transactions import retried

STAFF_FIELDS = (*HANDOVER_FIELDS, "assignee", "closed_at", "bot_context_from_seq", "unblocked_out_seq")
NEXT_CANDIDATES = 20


@retried
def reply(
    conversation: Conversation,
    text: str,
    by: User | ApiKey,
    *,
    expected_last_seq: int | None = None,
    keep_bot: bool = False,
    picture: Picture | None = None,
) -> Message:
    """Answer the customer. Where the bot or nobody answers, this takes over in the same step (API: unless ``keep_bot``).

    With words and a picture, the words go first where a platform cannot carry both in one message. Returns the first
    message. Raises ConversationClosed, OwnedByColleague, CustomerWroteMeanwhile (``expected_last_seq`` is older than
    the customer's last message), WindowClosed, NothingToWrite, TextTooLong, NoPictures, PictureTooLarge, NotAPicture,
    PictureDamaged, ForPeople (a key, where nothing goes out without a person's word), NotAllowed.
    """
    conversation = lock(conversation.pk)
    require(by, Action.REPLY, conversation.policy_subject)
    if conversation.needs_approval and not isinstance(by, User):
        # The platform forbids that a program writes there.
        raise ForPeople
    words = clean_text(text).strip()
    if not words and picture is None:
        raise NothingToWrite
    if conversation.mode == Conversation.Mode.CLOSED:
        raise ConversationClosed
    _refuse_if_owned_by_another(conversation, by)
    if expected_last_seq is not None and expected_last_seq < conversation.last_in_seq:
        raise CustomerWroteMeanwhile(conversation.last_in_seq)
    if conversation.window_problem:
        raise WindowClosed(conversation.window_problem)
    if picture is not None:
        picture = checked(conversation, picture)
    parts = _parts(conversation, words, picture)
    if conversation.window_left is not None and conversation.window_left < len(parts):
        raise WindowClosed(
            "The platform carries one more message until the customer writes again. Send the words or the picture."
        )
    on_its_way = {} if keep_bot else {"in_flight": _on_its_way(conversation)}
    if not keep_bot:
        _own(conversation, by)
    episode = open_episode(conversation)
    first, *rest = parts
    delivery = _say(conversation, *first, by=by, episode=episode)
    if keep_bot:
        Message.objects.filter(conversation=conversation, disposition=Message.Disposition.UNDECIDED).update(
            disposition=Message.Disposition.ANSWERED,
            disposition_reason="answered over the API",
            disposition_id=delivery.pk,
        )
        rest_turn(conversation)
    conversation.waiting_since = None
    note_promises(delivery.message, by)
    for part in rest:
        _say(conversation, *part, by=by, episode=episode)
    Escalation.objects.live().filter(conversation=conversation).update(due_at=None)
    if conversation.needs_approval:
        _end_approval(conversation)
    Episode.objects.filter(pk=episode.pk, first_human_reply_at=None).update(first_human_reply_at=timezone.now())
    save(conversation, *STAFF_FIELDS)
    audit.record(
        by,
        "conversation.reply",
        conversation,
        after={"message": delivery.message_id, "out_seq": delivery.out_seq}
        | on_its_way
        | ({"picture_bytes": len(picture.content)} if picture is not None else {}),
    )
    announce(conversation, queued=True)
    return delivery.message


def _end_approval(conversation: Conversation) -> None:
    """What waited for a person's word has it: the bot drafts the next answer, unless somebody took the talk for another reason."""
    waiting = Escalation.objects.live().filter(conversation=conversation, reason=ReasonCategory.APPROVAL)
    if waiting.exists():
        close_escalation(conversation, Escalation.Outcome.ANSWERED)
        conversation.mode = Conversation.Mode.BOT
        conversation.assignee = None
        conversation.priority = Priority.NORMAL
        rest_turn(conversation)


def _say(
    conversation: Conversation, words: str, picture: Picture | None, *, by: User | ApiKey, episode: Episode
) -> Delivery:
    return say(conversation, words, sender=Message.Sender.HUMAN, author=by, episode_id=episode.pk, picture=picture)


def _parts(conversation: Conversation, words: str, picture: Picture | None) -> list[tuple[str, Picture | None]]:
    """The messages that a reply becomes, in their order: platforms carry words and a picture one by one."""
    if words and picture is not None and not conversation.delivers_itself:
        return [(words, None), ("", picture)]
    return [(words, picture)]


@retried
def take_over(conversation: Conversation, by: User | ApiKey, *, reason: str = "") -> TakeOver:
    """Make people, and ``by`` if it is a person, the owner. From the commit on no send of the bot begins here.

    Taking from a colleague needs a reason, which is kept as a note, and the right to assign. What is already being sent
    is named in the answer.
    """
    conversation = lock(conversation.pk)
    require(by, Action.TAKE_OVER, conversation.policy_subject)
    if conversation.mode == Conversation.Mode.CLOSED:
        raise ConversationClosed
    before = {"mode": conversation.mode, "assignee": conversation.assignee_id}
    if _owner_other_than(conversation, by) is not None:
        if not reason.strip():
            _refuse_if_owned_by_another(conversation, by)
        require(by, Action.ASSIGN, conversation.policy_subject)
        conversation.assignee = None
    on_its_way = _on_its_way(conversation)
    _own(conversation, by)
    save(conversation, *STAFF_FIELDS)
    crash_point("takeover.mid_tx")
    noted = note_reason(conversation, "Taken over", reason, by)
    audit.record(by, "conversation.take_over", conversation, before=before, after={"in_flight": on_its_way} | noted)
    announce(conversation)
    return TakeOver(in_flight=tuple(on_its_way))


def _on_its_way(conversation: Conversation) -> list[int]:
    """What the bot may have begun to send in a locked conversation: the only words of its that can still arrive."""
    in_flight = Delivery.objects.filter(
        conversation=conversation,
        author=Delivery.Author.BOT,
        state__in=[Delivery.State.SENDING, Delivery.State.UNKNOWN],
    )
    return list(in_flight.values_list("pk", flat=True))


@retried
def claim(escalation: Escalation, by: User) -> Escalation:
    """Take an escalation from the queue. One of several who try wins; the others get OwnedByColleague naming them."""
    conversation = lock(escalation.conversation_id)
    require(by, Action.CLAIM_ESCALATION, conversation.policy_subject)
    won = Escalation.objects.filter(pk=escalation.pk, state=Escalation.State.OPEN).update(
        state=Escalation.State.CLAIMED, claimed_by=by, claimed_at=timezone.now(), snoozed_until=None
    )
    escalation = Escalation.objects.select_related("claimed_by").get(pk=escalation.pk)
    if not won:
        if escalation.claimed_by_id == by.pk and escalation.state == Escalation.State.CLAIMED:
            return escalation
        owner = escalation.claimed_by.display_name if escalation.claimed_by else "A colleague"
        raise OwnedByColleague(owner)
    note_fact(Fact.Kind.CLAIMED, conversation, escalation=escalation, by=by.display_name)
    on_its_way = _on_its_way(conversation)
    _own(conversation, by)
    save(conversation, *STAFF_FIELDS)
    audit.record(by, "escalation.claim", escalation, after={"in_flight": on_its_way})
    announce(conversation)
    return escalation


def claim_next(by: User) -> Escalation | None:
    """Claim the first of the queue that ``by`` may have; None when nothing waits."""
    waiting = Escalation.objects.unclaimed().visible_to(by).in_queue_order()
    for escalation in waiting[:NEXT_CANDIDATES]:
        try:
            return claim(escalation, by)
        except OwnedByColleague:
            continue
    return None


@retried
def escalate(
    conversation: Conversation,
    *,
    detail: str,
    by: User | ApiKey,
    reason: ReasonCategory = ReasonCategory.MANUAL,
    priority: Priority = Priority.NORMAL,
) -> Escalation:
    """Put a conversation into the queue by hand."""
    conversation = lock(conversation.pk)
    require(by, Action.TAKE_OVER, conversation.policy_subject)
    if conversation.mode == Conversation.Mode.CLOSED:
        conversation.closed_at = None
    escalation = hand_to_people(conversation, reason=reason, detail=detail, priority=priority)
    save(conversation, *STAFF_FIELDS)
    # What it is about stands on the escalation, where it can be erased; the audit trail can not.
    audit.record(by, "conversation.escalate", conversation)
    announce(conversation)
    return escalation


@retried
def hand_back(conversation: Conversation, by: User | ApiKey, *, note: str = "") -> Conversation:
    """Let the bot answer again. Its context begins here, so that it does not stumble over the same words twice."""
    conversation = lock(conversation.pk)
    require(by, Action.TAKE_OVER, conversation.policy_subject)
    if conversation.mode == Conversation.Mode.CLOSED:
        raise ConversationClosed
    _refuse_if_owned_by_another(conversation, by)
    close_escalation(conversation, Escalation.Outcome.HANDED_BACK)
    conversation.mode = Conversation.Mode.BOT
    conversation.assignee = None
    conversation.waiting_since = None
    conversation.priority = Priority.NORMAL
    conversation.bot_context_from_seq = conversation.last_seq + 1
    conversation.unblocked_out_seq = conversation.out_seq
    rest_turn(conversation)
    save(conversation, *STAFF_FIELDS)
    if note.strip():
        write_note(conversation, note, by)
    audit.record(by, "conversation.hand_back", conversation)
    announce(conversation, queued=True)
    return conversation


@retried
def resolve(conversation: Conversation, by: User | ApiKey) -> Conversation:
    """Close the conversation as resolved. What staff have written is still delivered; what the bot had not sent is not."""
    conversation = lock(conversation.pk)
    require(by, Action.CLOSE, conversation.policy_subject)
    if conversation.mode == Conversation.Mode.CLOSED:
        return conversation
    _refuse_if_owned_by_another(conversation, by)
    take_back_unsent(conversation, reason="Closed by staff.")
    Message.objects.filter(conversation=conversation, disposition=Message.Disposition.UNDECIDED).update(
        disposition=Message.Disposition.IGNORED, disposition_reason="closed by staff"
    )
    rest_turn(conversation)
    close_escalation(conversation, Escalation.Outcome.RESOLVED)
    end_episode(conversation, Episode.Outcome.RESOLVED)
    note_fact(Fact.Kind.RESOLVED, conversation, outcome=Episode.Outcome.RESOLVED.value)
    conversation.mode = Conversation.Mode.CLOSED
    conversation.assignee = None
    conversation.waiting_since = None
    conversation.closed_at = timezone.now()
    save(conversation, *STAFF_FIELDS)
    audit.record(by, "conversation.resolve", conversation)
    announce(conversation)
    return conversation


@retried
def reopen(conversation: Conversation, by: User | ApiKey) -> Conversation:
    """Open a closed conversation for people again. Raises CustomerErased where nobody is left to write to."""
    conversation = lock(conversation.pk)
    require(by, Action.CLOSE, conversation.policy_subject)
    if conversation.mode != Conversation.Mode.CLOSED:
        return conversation
    if conversation.customer.erased_at is not None:
        raise CustomerErased
    conversation.closed_at = None
    _own(conversation, by)
    save(conversation, *STAFF_FIELDS)
    audit.record(by, "conversation.reopen", conversation)
    announce(conversation)
    return conversation


@retried
def assign(conversation: Conversation, to: User | None, by: User, *, reason: str = "") -> Conversation:
    """Give a conversation to a colleague, or back to the queue with ``to`` None. A reason is kept as a note."""
    conversation = lock(conversation.pk)
    require(by, Action.ASSIGN, conversation.policy_subject)
    if conversation.mode == Conversation.Mode.CLOSED:
        raise ConversationClosed
    before = {"assignee": conversation.assignee_id}
    conversation.assignee = None
    if to is None:
        hand_to_people(conversation, reason=ReasonCategory.MANUAL, detail=reason or "Put back into the queue.")
        Escalation.objects.live().filter(conversation=conversation).update(
            state=Escalation.State.OPEN, claimed_by=None, claimed_at=None
        )
    else:
        _own(conversation, to)
    save(conversation, *STAFF_FIELDS)
    given = f"Given to {to.display_name}" if to else "Put back into the queue"
    noted = note_reason(conversation, given, reason, by)
    after = {"assignee": to.pk if to else None} | noted
    audit.record(by, "conversation.assign", conversation, before=before, after=after)
    announce(conversation)
    return conversation


@retried
def reveal(message: Message, by: User) -> str:
    """A customer's words as they wrote them, with the addresses and numbers in them; who looked is noted."""
    conversation = Conversation.objects.get(pk=message.conversation_id)
    require(by, Action.REVEAL_PII, conversation.policy_subject)
    audit.record(by, "message.reveal", message)
    return message.text


@retried
def reveal_address(conversation: Conversation, by: User) -> str:
    """The e-mail address that a customer gave or their site told, whole; who looked is noted."""
    conversation = Conversation.objects.select_related("customer").get(pk=conversation.pk)
    require(by, Action.REVEAL_PII, conversation.policy_subject)
    audit.record(by, "customer.reveal", conversation.customer)
    return conversation.customer.email


@retried
def add_note(conversation: Conversation, text: str, by: User | ApiKey) -> Note:
    """Leave a note for colleagues. It is in another table than messages and never reaches the customer."""
    conversation = lock(conversation.pk)
    require(by, Action.ANNOTATE, conversation.policy_subject)
    note = write_note(conversation, text, by)
    save(conversation)
    audit.record(by, "conversation.note", conversation, after={"note": note.pk})
    announce(conversation)
    return note


def _own(conversation: Conversation, by: User | ApiKey) -> None:
    """Make people the owner of a locked conversation, with ``by`` as the one if it is a person."""
    escalation = hand_to_people(
        conversation, reason=ReasonCategory.MANUAL, detail=f"Taken over by {by.display_name}.", by_person=True
    )
    Delivery.objects.filter(
        conversation=conversation, author=Delivery.Author.SYSTEM, state=Delivery.State.PENDING, attempts=0
    ).update(state=Delivery.State.CANCELLED, reason="A person answers now.")
    if not isinstance(by, User):
        return
    conversation.assignee = by
    others = Escalation.objects.filter(~Q(claimed_by=by) | ~Q(state=Escalation.State.CLAIMED), pk=escalation.pk)
    is_new = others.update(state=Escalation.State.CLAIMED, claimed_by=by, claimed_at=timezone.now(), snoozed_until=None)
    if is_new:
        note_fact(Fact.Kind.CLAIMED, conversation, escalation=escalation, by=by.display_name)


def _owner_other_than(conversation: Conversation, by: User | ApiKey) -> User | None:
    owner = conversation.assignee
    return owner if owner is not None and owner.pk != by.policy_user_id else None


def _refuse_if_owned_by_another(conversation: Conversation, by: User | ApiKey) -> None:
    owner = _owner_other_than(conversation, by)
    if owner is not None:
        raise OwnedByColleague(owner.display_name)
