"""What tools need to know, and what they did: settings, the catalogue, slots of an episode, and each call."""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Upper
from django.db.models.lookups import Exact
from django.utils import timezone

from agent.models.run import AgentRun
from conversations.models import Conversation, Episode
from core.fields import EncryptedJSONField
from core.models import User

SHORTEST_SECONDS, LONGEST_SECONDS = 1, 10


class Tool(models.Model):
    """A tool's switch and settings; what is saved holds from the next message on."""

    class Name(models.TextChoices):
        """The tools there are."""

        ORDER_STATUS = "order_status", "Order status"
        CATALOGUE = "catalogue", "Catalogue and quotes"
        OPENING_HOURS = "opening_hours", "Opening hours"
        LEAD = "lead", "Leads"

    name = models.CharField(max_length=20, unique=True, choices=Name.choices)
    is_enabled = models.BooleanField(
        default=True, help_text="Off: the bot answers without it, from the next message on."
    )
    timeout_seconds = models.PositiveSmallIntegerField(
        default=5,
        validators=[MinValueValidator(SHORTEST_SECONDS), MaxValueValidator(LONGEST_SECONDS)],
        help_text="How long the bot waits for your system, 1 to 10 seconds. Then a person answers.",
    )
    url = models.CharField("address", max_length=500, blank=True, help_text="Where your system answers, over https.")
    secrets = EncryptedJSONField(default=dict)
    asks_for_email = models.BooleanField(
        "asks for the e-mail address",
        default=True,
        help_text="On: the customer gives the address of the order too, and your system compares it.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(name__in=["order_status", "catalogue", "opening_hours", "lead"]), name="tool_is_known"
            ),
            models.CheckConstraint(
                condition=Q(timeout_seconds__gte=SHORTEST_SECONDS, timeout_seconds__lte=LONGEST_SECONDS),
                name="tool_waits_1_to_10_seconds",
            ),
        ]

    def __str__(self) -> str:
        return self.get_name_display()


class Product(models.Model):
    """Something that is sold, with the price of one piece."""

    sku = models.CharField("number", max_length=40, unique=True)
    name = models.CharField(max_length=120)
    other_names = models.TextField(
        blank=True, help_text="How customers call it, in any language, one a line. Plurals too where they differ much."
    )
    price = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(
        max_length=3,
        default="EUR",
        validators=[RegexValidator(r"^[A-Z]{3}$", "Write three capital letters, as in EUR.")],
    )
    is_sold = models.BooleanField(default=True, help_text="Off: the bot does not speak of it.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "sku"]
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0), name="product_price_is_not_negative"),
            # Not by a regular expression: SQLite's own programs know none and could not copy such a database.
            models.CheckConstraint(
                condition=Q(Exact(Length("currency"), 3), currency=Upper("currency")),
                name="product_currency_has_three_capitals",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PriceTier(models.Model):
    """The price of one piece from a quantity on."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="tiers")
    from_quantity = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        ordering = ["product", "from_quantity"]
        constraints = [
            models.UniqueConstraint(fields=["product", "from_quantity"], name="one_price_a_quantity"),
            models.CheckConstraint(
                condition=Q(from_quantity__gte=2),
                name="price_tier_begins_at_two",
                violation_error_message="A tier begins at 2 pieces; the price of one is the product's own.",
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="tier_price_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"from {self.from_quantity}: {self.price}"


class Dialogue(models.Model):
    """What a customer has told in an episode for tools to work with, and the tool that waits for more.

    ``slots`` is ``{name: {"value", "seq"}}`` with the message that each stands in.
    """

    episode = models.OneToOneField(Episode, on_delete=models.CASCADE, related_name="dialogue")
    slots = models.JSONField(default=dict)
    waiting = models.CharField(max_length=20, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Dialogue of episode {self.episode_id}"


class ToolCall(models.Model):
    """One use of a tool in a run: what it was asked, masked, how it ended, and the text its facts stand in."""

    class Outcome(models.TextChoices):
        """How it ended."""

        OK = "ok", "Answered"
        NOT_FOUND = "not_found", "Not found"
        REFUSED = "refused", "Refused"
        TIMEOUT = "timeout", "Too late"
        UNREACHABLE = "unreachable", "Not reached"
        BAD_ANSWER = "bad_answer", "Answer not understood"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(AgentRun, on_delete=models.CASCADE, related_name="tool_calls")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="tool_calls")
    tool = models.CharField(max_length=20, choices=Tool.Name.choices)
    input = models.JSONField(default=dict)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    problem = models.CharField(max_length=300, blank=True)
    evidence = models.TextField(blank=True)
    duration_ms = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "tool"], name="one_call_of_a_tool_per_run"),
            models.CheckConstraint(
                condition=Q(outcome__in=["ok", "not_found", "refused", "timeout", "unreachable", "bad_answer"]),
                name="tool_call_outcome_is_known",
            ),
        ]
        indexes = [models.Index(fields=["conversation", "tool", "created_at"], name="tool_call_by_conversation")]

    def __str__(self) -> str:
        return f"{self.get_tool_display()} in run {self.run_id}"


class Lead(models.Model):
    """Somebody who wants an offer, and agreed that sales writes to them. Without that agreement there is no lead."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", "Waits for approval"
        OPEN = "open", "Handed to sales"
        DECLINED = "declined", "Declined"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="leads")
    episode = models.OneToOneField(Episode, on_delete=models.CASCADE, related_name="lead")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    email = models.CharField("e-mail", max_length=254)
    need = models.CharField(max_length=300, blank=True)
    product = models.CharField(max_length=40, blank=True, help_text="A product's number in the catalogue.")
    quantity = models.PositiveIntegerField(null=True, blank=True)
    budget = models.CharField(max_length=60, blank=True)
    wanted_by = models.CharField(max_length=60, blank=True)
    consent = models.CharField(max_length=500, help_text="What the customer answered.")
    consent_seq = models.BigIntegerField(help_text="The message it stands in.")
    consented_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["waiting", "open", "declined"]), name="lead_state_is_known"),
            models.CheckConstraint(condition=~Q(email="") & ~Q(consent=""), name="lead_has_an_address_and_consent"),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="lead_by_state")]

    def __str__(self) -> str:
        return f"Lead {self.pk}"


class Approval(models.Model):
    """Something a tool would do that a person decides about, once: it is approved, declined, or the customer is asked."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", "Waits"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"
        ASKED = "asked", "The customer was asked"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(AgentRun, on_delete=models.CASCADE, related_name="approvals")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="approvals")
    tool = models.CharField(max_length=20, choices=Tool.Name.choices)
    input = models.JSONField(default=dict)
    reply = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "tool"], name="one_approval_of_a_tool_per_run"),
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(state="waiting"), name="one_waiting_approval_per_conversation"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at=None)
                | Q(state__in=["approved", "declined", "asked"], decided_at__isnull=False),
                name="decided_approval_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Approval {self.pk}: {self.get_tool_display()}"
