"""What stands around one conversation: who answers, what may be done, the composer, and what a person should know."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.models import Conversation, Episode, Escalation
from core.models import User
from core.personal import hidden_address, masked
from core.policy import MATRIX, Action, Grant, Role, allows
from integrations.models import PlatformAccount
from workspace import composer, timeline, wording
from workspace.cards import (
    ApprovalCard,
    HandOff,
    PromiseLine,
    Suggestion,
    approval_of,
    hand_off_of,
    promises_of,
    suggestion_of,
)
from workspace.queue import Filters
from workspace.wording import Chip

MOST_OTHERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What the person before the screen may do here, as far as the policy and the owner go."""

    reply: bool
    note: bool
    claim: bool
    take_over: bool
    needs_reason: bool
    assign: bool
    hand_back: bool
    resolve: bool
    reopen: bool
    escalate: bool
    decide: bool
    reveal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """Who answers now. ``owner`` is bot, waiting, you, colleague or closed; ``action`` the one right thing to do."""

    owner: str
    icon: str
    title: str
    text: str
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another conversation of the same customer."""

    url: str
    line: str
    when: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What is known of a customer beside their name, and by whose word. ``address`` is hidden until somebody asks."""

    address: str
    reveal_url: str
    trust: Chip | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panes:
    """Everything the conversation and the context pane show."""

    conversation: Conversation
    public_id: str
    name: str
    contact: Contact
    initials: str
    hue: int
    channel: str
    subject: str
    back_url: str
    banner: Banner
    rights: Rights
    timeline: timeline.Timeline
    composer: composer.Composer
    colleagues: list[User]
    due: Chip | None
    mood: Chip | None
    intent: str
    hand_off: HandOff | None
    suggestion: Suggestion | None
    approval: ApprovalCard | None
    promises: list[PromiseLine]
    late_promise: Chip | None
    episodes: list[Episode]
    others: list[Other]
    window: str
    account_problem: str
    live_escalation: Escalation | None


def build(conversation: Conversation, who: User, filters: Filters) -> Panes:
    """The panes of a conversation that ``who`` may see, as of now."""
    escalation = Escalation.objects.live().filter(conversation=conversation).select_related("claimed_by").first()
    rights = rights_of(conversation, who)
    approval = approval_of(conversation)
    promises = promises_of(conversation)
    customer = conversation.customer
    return Panes(
        conversation=conversation,
        public_id=str(conversation.public_id),
        name=customer.display_name,
        contact=_contact(conversation),
        initials=wording.initials(customer.display_name),
        hue=wording.hue(customer.pk),
        channel=wording.channel_name(conversation.platform),
        subject=masked(conversation.subject),
        back_url=reverse("workspace") + filters.suffix,
        banner=_banner(conversation, escalation, who, rights),
        rights=rights,
        timeline=timeline.stretch(conversation),
        composer=composer.build(conversation, who, may_reply=rights.reply, may_note=rights.note),
        colleagues=list(assignable(conversation)) if rights.assign else [],
        due=wording.due_chip(escalation),
        mood=wording.mood(conversation.last_sentiment),
        intent=wording.humanise(conversation.last_intent),
        hand_off=hand_off_of(escalation),
        suggestion=suggestion_of(conversation, escalation, is_whole=rights.reveal) if approval is None else None,
        approval=approval,
        promises=promises,
        late_promise=wording.promise_chip(is_late=any(each.is_overdue for each in promises)),
        episodes=list(conversation.episodes.order_by("-number")[:MOST_OTHERS]),
        others=_others(conversation, who, filters),
        window=_window_words(conversation),
        account_problem=_account_problem(conversation),
        live_escalation=escalation,
    )


def _contact(conversation: Conversation) -> Contact:
    customer = conversation.customer
    return Contact(
        address=hidden_address(customer.email),
        reveal_url=reverse("workspace-reveal-address", args=[conversation.public_id]) if customer.email else "",
        trust=wording.trust(customer),
    )


def rights_of(conversation: Conversation, who: User) -> Rights:
    """What ``who`` may do here now. The services decide again when it is done."""
    subject = conversation.policy_subject

    def may(action: Action) -> bool:
        return allows(who, action, subject)

    is_open = conversation.mode != Conversation.Mode.CLOSED
    with_colleague = conversation.assignee_id not in {None, who.pk}
    unclaimed = conversation.mode == Conversation.Mode.HUMAN and conversation.assignee_id is None
    is_mine = conversation.assignee_id == who.pk
    return Rights(
        reply=is_open and not with_colleague and may(Action.REPLY),
        note=may(Action.ANNOTATE),
        claim=unclaimed and may(Action.CLAIM_ESCALATION),
        take_over=is_open
        and not is_mine
        and not unclaimed
        and may(Action.TAKE_OVER)
        and (not with_colleague or may(Action.ASSIGN)),
        needs_reason=with_colleague,
        assign=is_open and may(Action.ASSIGN),
        hand_back=conversation.mode == Conversation.Mode.HUMAN and not with_colleague and may(Action.TAKE_OVER),
        resolve=is_open and not with_colleague and may(Action.CLOSE),
        reopen=not is_open and may(Action.CLOSE),
        escalate=conversation.mode == Conversation.Mode.BOT and may(Action.TAKE_OVER),
        decide=may(Action.DECIDE_DELIVERY),
        reveal=may(Action.REVEAL_PII),
    )


def assignable(conversation: Conversation) -> QuerySet[User]:
    """The people to whom a conversation may be given: those who could claim it themselves."""
    grants = MATRIX[Action.CLAIM_ESCALATION]
    everywhere = [role.value for role in Role if grants.get(role) is Grant.ALL]
    in_their_teams = [role.value for role in Role if grants.get(role) is Grant.OWN]
    may = Q(role__in=everywhere) | Q(is_superuser=True)
    if conversation.team_id is not None:
        may |= Q(role__in=in_their_teams, teams=conversation.team_id)
    return User.objects.filter(may, is_active=True).distinct().order_by("first_name", "username")


def _banner(conversation: Conversation, escalation: Escalation | None, who: User, rights: Rights) -> Banner:
    if conversation.mode == Conversation.Mode.CLOSED:
        words = ". ".join(wording.why_here(conversation, None)).capitalize()
        return Banner(
            owner="closed",
            icon="check",
            title=_("This conversation is closed"),
            text=words,
            action="reopen" if rights.reopen else "",
        )
    if conversation.mode == Conversation.Mode.BOT:
        return Banner(
            owner="bot",
            icon="bot",
            title=_("The bot answers"),
            text=_("It is working out an answer.") if conversation.owes_an_answer else _("Nobody needs to step in."),
            action="take_over" if rights.take_over else "",
        )
    waits = _wait_words(conversation)
    if conversation.assignee is None:
        reason = _(escalation.get_reason_display()) if escalation is not None else ""
        return Banner(
            owner="waiting",
            icon="person-raise",
            title=_("Nobody answers yet"),
            text=" · ".join(part for part in (reason, waits) if part),
            action="claim" if rights.claim else "",
        )
    if conversation.assignee_id == who.pk:
        # No step stands where the one that claimed it stood: a click too many would take it.
        return Banner(owner="you", icon="user", title=_("You answer"), text=waits or _("The customer's turn."))
    return Banner(
        owner="colleague",
        icon="users",
        title=_("%(name)s answers") % {"name": conversation.assignee.display_name},
        text=waits or _("The customer's turn."),
        action="take_over" if rights.take_over else "",
    )


def _wait_words(conversation: Conversation) -> str:
    if conversation.waiting_since is None:
        return ""
    return _("The customer has waited %(span)s.") % {"span": wording.span(timezone.now() - conversation.waiting_since)}


def _others(conversation: Conversation, who: User, filters: Filters) -> list[Other]:
    found = (
        Conversation.objects.visible_to(who)
        .filter(customer_id=conversation.customer_id)
        .exclude(pk=conversation.pk)
        .order_by("-last_message_at")[:MOST_OTHERS]
    )
    return [
        Other(
            url=reverse("workspace-conversation", args=[each.public_id]) + filters.suffix,
            line=each.last_customer_line,
            when=wording.ago(each.last_message_at),
            state=_(each.get_mode_display()),
        )
        for each in found
    ]


def _window_words(conversation: Conversation) -> str:
    """How long and how often the platform still lets the business answer; empty where it has no such rule."""
    parts = []
    closes: datetime | None = conversation.window_closes_at
    if closes is not None and closes > timezone.now():
        parts.append(_("closes in %(span)s") % {"span": wording.span(closes - timezone.now())})
    elif closes is not None:
        parts.append(_("closed"))
    if conversation.window_left is not None:
        counts = {"left": conversation.window_left, "all": conversation.window_messages}
        parts.append(_("%(left)d of %(all)d messages left") % counts)
    return ", ".join(parts)


def _account_problem(conversation: Conversation) -> str:
    state = PlatformAccount.objects.filter(pk=conversation.account_id).values_list("state", flat=True).first()
    if state == PlatformAccount.State.RECONNECT:
        return _("The account must be reconnected. What you write waits until then.")
    if state == PlatformAccount.State.REMOVED:
        return _("The account was removed. Nothing can be sent.")
    return ""
