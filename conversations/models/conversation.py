"""Who writes, in which thread, and the stretches of talk a thread is made of."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from conversations.models.restoration import Restoration
from conversations.types import Priority
from core.clock import now_plus
from core.models import Team
from core.policy import Action, Grant, Principal, Subject, allows, reach

SUSPECTED_FROM = 2
COMPARED_WITHIN = timedelta(minutes=10)


class Customer(models.Model):
    """A person as one of our accounts on one platform knows them.

    ``details_from`` says who told the name and the address; it is empty where the platform did, or nobody.
    """

    class Source(models.TextChoices):
        """Who told what they are called."""

        VISITOR = "visitor", "The visitor, unverified"
        SITE = "site", "The business's own site, verified"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    platform = models.CharField(max_length=20)
    account_id = models.BigIntegerField()
    external_id = models.CharField(max_length=255)
    name = models.CharField(max_length=200, blank=True)
    username = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    details_from = models.CharField("name and address from", max_length=8, choices=Source.choices, blank=True)
    locale = models.CharField(max_length=20, blank=True)
    blocked_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["account_id", "external_id"], name="one_customer_per_platform_id"),
            models.CheckConstraint(
                condition=Q(details_from__in=["", "visitor", "site"]), name="customer_details_source_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """What staff call this person."""
        if self.erased_at is not None:
            return "Erased customer"
        return self.name or self.username or f"Visitor {str(self.public_id)[:6]}"


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Questions about conversations."""

    def visible_to(self, who: Principal) -> Self:
        """Those that ``who`` may read."""
        if allows(who, Action.VIEW_ALL_CONVERSATIONS):
            return self
        if not allows(who, Action.VIEW_TEAM_CONVERSATIONS):
            return self.none()
        mine = Q(team_id__in=who.policy_team_ids)
        return self.filter(mine | Q(assignee_id=who.policy_user_id)) if who.policy_user_id else self.filter(mine)

    def in_reach_of(self, who: Principal, action: Action) -> Self:
        """Those to which ``who`` may do ``action``."""
        grant = reach(who, action)
        if grant is Grant.ALL:
            return self
        if grant is None:
            return self.none()
        return self.filter(Q(team_id__in=who.policy_team_ids) | Q(assignee_id=who.policy_user_id or -1))

    def open(self) -> Self:
        """Those that are not closed."""
        return self.exclude(mode=Conversation.Mode.CLOSED)

    def escalated(self) -> Self:
        """Those that people have, or have had: each was put to them by an escalation."""
        return self.filter(pk__in=Conversation.objects.filter(escalations__isnull=False).values("pk"))

    def due_for_a_turn(self) -> Self:
        """Those in which the bot owes an answer, may speak, and nobody is working one out."""
        held = Restoration.objects.unfinished().filter(account_id=OuterRef("account_id"))
        return self.filter(
            ~Exists(held),
            Q(lease_until=None) | Q(lease_until__lt=Now()),
            mode=Conversation.Mode.BOT,
            last_in_seq__gt=F("answered_to_seq"),
            ready_at__lte=Now(),
        )

    def suspected(self) -> Self:
        """Those whose turn was cut off twice or more, each time with its process: it may be what ends processes."""
        return self.filter(attempts__gte=SUSPECTED_FROM).exclude(lease_owner="")

    def unsuspected(self) -> Self:
        """All others."""
        return self.filter(Q(attempts__lt=SUSPECTED_FROM) | Q(lease_owner=""))

    def unanswered_longer_than(self, seconds: int) -> Self:
        """Those whose oldest unanswered message is older than ``seconds``, with the bot in charge.

        While an account is compared with its platform after a restore, ten minutes at most, nobody waits for the bot.
        """
        compared = Restoration.objects.unfinished().filter(
            account_id=OuterRef("account_id"), begun_at__gt=now_plus(-COMPARED_WITHIN)
        )
        return self.filter(
            ~Exists(compared),
            mode=Conversation.Mode.BOT,
            last_in_seq__gt=F("answered_to_seq"),
            first_unanswered_at__lt=now_plus(-timedelta(seconds=seconds)),
        )


# What programs call the modes.
STATUSES = {"bot": "active", "human": "escalated", "closed": "closed"}


class Conversation(models.Model):
    """One thread with one customer. Its owner is the bot or a person; the epoch guards who may write as the bot."""

    class Mode(models.TextChoices):
        """Who answers."""

        BOT = "bot", "Bot"
        HUMAN = "human", "Human"
        CLOSED = "closed", "Closed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="conversations")
    platform = models.CharField(max_length=20)
    account_id = models.BigIntegerField()
    account_name = models.CharField(max_length=120, blank=True)
    thread_key = models.CharField(max_length=300)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="conversations")
    is_public = models.BooleanField(default=False)
    needs_approval = models.BooleanField(default=False, help_text="Nothing goes out without a person's word.")
    delivers_itself = models.BooleanField(default=False)
    text_limit = models.PositiveIntegerField(default=4000)
    picture_limit = models.PositiveIntegerField(default=0, help_text="In bytes; 0 where the channel takes no pictures.")
    window_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    window_messages = models.PositiveSmallIntegerField(null=True, blank=True)

    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.BOT)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="assigned_conversations",
    )
    priority = models.CharField(max_length=10, choices=Priority.choices, default=Priority.NORMAL)
    language = models.CharField(max_length=8, blank=True)
    last_intent = models.CharField(max_length=60, blank=True)
    last_sentiment = models.FloatField(null=True, blank=True)
    last_customer_line = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=200, blank=True)

    version = models.BigIntegerField(default=0)
    last_seq = models.BigIntegerField(default=0)
    last_in_seq = models.BigIntegerField(default=0)
    answered_to_seq = models.BigIntegerField(default=0)
    bot_context_from_seq = models.BigIntegerField(default=0)
    out_seq = models.BigIntegerField(default=0)
    unblocked_out_seq = models.BigIntegerField(default=0)
    read_to_seq = models.BigIntegerField(default=0)

    epoch = models.BigIntegerField(default=0)
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    supersedes = models.PositiveSmallIntegerField(default=0)
    ready_at = models.DateTimeField(null=True, blank=True)
    first_unanswered_at = models.DateTimeField(null=True, blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)

    last_message_at = models.DateTimeField(null=True, blank=True)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    window_used = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-last_message_at"]
        constraints = [
            models.UniqueConstraint(fields=["account_id", "thread_key"], name="one_conversation_per_thread"),
            models.CheckConstraint(condition=Q(mode__in=["bot", "human", "closed"]), name="conversation_mode_is_known"),
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="conversation_priority_is_known"),
            models.CheckConstraint(
                condition=Q(assignee=None) | Q(mode="human"), name="only_humans_mode_has_an_assignee"
            ),
            models.CheckConstraint(
                condition=Q(answered_to_seq__lte=F("last_in_seq")), name="answered_not_past_received"
            ),
            models.CheckConstraint(condition=Q(last_in_seq__lte=F("last_seq")), name="received_not_past_last"),
        ]
        indexes = [
            models.Index(
                # The mode is said twice, or SQLite would prefer an index that has it in front to this small one.
                fields=["mode", "ready_at"],
                name="conversation_due",
                condition=Q(mode="bot") & Q(last_in_seq__gt=F("answered_to_seq")),
            ),
            models.Index(fields=["-last_message_at", "-id"], name="conversation_recent"),
            models.Index(fields=["mode", "-last_message_at", "-id"], name="conversation_by_mode"),
            models.Index(fields=["team", "mode", "-last_message_at"], name="conversation_by_team"),
            models.Index(
                fields=["assignee", "-last_message_at"],
                name="conversation_by_assignee",
                condition=Q(assignee__isnull=False),
            ),
            models.Index(
                fields=["waiting_since"], name="conversation_waiting", condition=Q(waiting_since__isnull=False)
            ),
            models.Index(
                fields=["-closed_at", "-id"], name="conversation_closed", condition=Q(closed_at__isnull=False)
            ),
            models.Index(fields=["updated_at"], name="conversation_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.platform} conversation {self.pk}"

    @property
    def policy_subject(self) -> Subject:
        """What the policy judges by."""
        return Subject(team_id=self.team_id, assignee_id=self.assignee_id)

    @property
    def status(self) -> str:
        """Where it stands in the words of programs: active, escalated or closed."""
        return STATUSES[self.mode]

    @property
    def is_with_bot(self) -> bool:
        """Whether the bot answers here."""
        return self.mode == self.Mode.BOT

    @property
    def owes_an_answer(self) -> bool:
        """Whether the customer wrote something nobody has dealt with."""
        return self.last_in_seq > self.answered_to_seq

    @property
    def window_closes_at(self) -> datetime | None:
        """When the platform stops taking our messages; None where it has no such rule."""
        if self.window_hours is None or self.last_inbound_at is None:
            return None
        return self.last_inbound_at + timedelta(hours=self.window_hours)

    @property
    def window_left(self) -> int | None:
        """How many messages the platform still carries until the customer writes again; None where it does not count."""
        return None if self.window_messages is None else max(0, self.window_messages - self.window_used)

    @property
    def window_problem(self) -> str:
        """Why nothing may be sent now, in words; empty if it may."""
        closes = self.window_closes_at
        if closes is not None and closes < timezone.now():
            return f"The platform lets you answer for {self.window_hours} hours after the customer last wrote, and that is over."
        if self.window_left == 0:
            return f"The platform carries {self.window_messages} messages until the customer writes again, and they are used up."
        return ""


class Episode(models.Model):
    """From a customer's first message after nothing or a closure until it is resolved. A reopening starts the next."""

    class Outcome(models.TextChoices):
        """How it ended."""

        CONFIRMED = "confirmed", "Confirmed by the customer"
        ASSUMED = "assumed", "Assumed after silence"
        RESOLVED = "resolved", "Resolved by staff"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="episodes")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True)
    first_bot_reply_at = models.DateTimeField(null=True, blank=True)
    first_human_reply_at = models.DateTimeField(null=True, blank=True)
    first_escalated_at = models.DateTimeField(null=True, blank=True)
    asked_for_person_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="episode_number_is_unique"),
            models.UniqueConstraint(fields=["conversation"], condition=Q(ended_at=None), name="one_open_episode"),
            models.CheckConstraint(condition=Q(ended_at=None) | ~Q(outcome=""), name="ended_episode_has_an_outcome"),
        ]
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="episode_recent"),
            models.Index(
                fields=["-first_human_reply_at"],
                name="episode_answered_lately",
                condition=Q(first_human_reply_at__isnull=False, first_escalated_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Episode {self.number} of conversation {self.conversation_id}"
