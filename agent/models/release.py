"""Releases: what the agent is told, published as one. The agent reads the published release and nothing else."""

from collections.abc import Collection
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agent.models.knowledge import ArticleVersion
from conversations.types import Priority, ReasonCategory


class ReleaseQuerySet(models.QuerySet["Release"]):
    """Questions about releases."""

    def current(self) -> Self:
        """The one that answers customers."""
        return self.filter(state=Release.State.PUBLISHED)

    def drafts(self) -> Self:
        """Those that are being edited."""
        return self.filter(state=Release.State.DRAFT)


class Release(models.Model):
    """A set of prompts, rules, examples, templates and articles. One is published; a draft changes nothing."""

    class State(models.TextChoices):
        """Where it stands."""

        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        RETIRED = "retired", "Retired"

    number = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    note = models.CharField(max_length=300, blank=True)
    based_on = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    articles = models.ManyToManyField(ArticleVersion, related_name="releases", blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    validity = models.PositiveIntegerField(
        default=0, editable=False, help_text="Counts how often the last day of one of its articles was changed."
    )

    heads_from = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The release whose heads it answers with; empty is those fitted from its own examples.",
    )
    fit_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When heads are to be fitted from its examples; a published release answers once that is done.",
    )

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="published"), name="one_published_release"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "published", "retired"]), name="release_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | (Q(published_at__isnull=False) & ~Q(content_hash="")),
                name="published_release_has_a_hash_and_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="draft") | Q(heads_from__isnull=True), name="draft_has_heads_of_its_own"
            ),
        ]

    def __str__(self) -> str:
        return f"Release {self.number}"


class AgentConfig(models.Model):
    """One setting of a release: a prompt, a threshold, a switch."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="configs")
    config_key = models.CharField(max_length=80)
    config_value = models.TextField(blank=True)
    description = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["config_key"]
        verbose_name = "agent setting"
        constraints = [models.UniqueConstraint(fields=["release", "config_key"], name="one_value_per_config_key")]

    def __str__(self) -> str:
        return self.config_key


class IntentQuerySet(models.QuerySet["Intent"]):
    """Questions about intents."""

    def routes_of(self, keys: Collection[str]) -> dict[str, str]:
        """The top-level intent of each of the keys, in two queries at most and in none for no keys.

        The published release says it; where it has the key no more, the newest that ever answered customers with it. A key
        of no such release is general.
        """
        known = dict(self.filter(release__state=Release.State.PUBLISHED, key__in=keys).values_list("key", "route"))
        gone = set(keys) - set(known)
        # Oldest first, so that of several the newest stays.
        retired = self.filter(release__state=Release.State.RETIRED, key__in=gone).order_by("release__number")
        known |= dict(retired.values_list("key", "route"))
        return {key: known.get(key, Intent.Route.GENERAL.value) for key in keys}


class Intent(models.Model):
    """Something customers want, as this release knows it."""

    class Route(models.TextChoices):
        """The top-level intent."""

        SUPPORT = "support", "Support"
        SALES = "sales", "Sales"
        GENERAL = "general", "General"
        URGENT = "urgent", "Urgent"

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="intents")
    key = models.SlugField(max_length=60)
    route = models.CharField(max_length=10, choices=Route.choices)
    description = models.CharField(max_length=300, blank=True)
    is_enabled = models.BooleanField(
        default=True, help_text="Off: people answer this intent, from the publication on. At once: its intent switch."
    )
    signals = models.JSONField(default=list, blank=True, help_text="The escalation heads its examples speak for.")
    is_background = models.BooleanField(
        default=True, help_text="Its examples may serve as counter-examples of the escalation heads."
    )

    objects = IntentQuerySet.as_manager()

    class Meta:
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(fields=["release", "key"], name="one_intent_per_key"),
            models.CheckConstraint(
                condition=Q(route__in=["support", "sales", "general", "urgent"]), name="intent_route_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class TrainingExample(models.Model):
    """A labelled utterance: of an intent, a sentiment, or an escalation head."""

    class Purpose(models.TextChoices):
        """Which head learns from it."""

        INTENT = "intent", "Intent"
        SENTIMENT = "sentiment", "Sentiment"
        URGENT = "urgent", "Urgent"
        WANTS_PERSON = "wants_person", "Wants a person"
        THREAT = "threat", "Legal or safety threat"
        CHURN = "churn", "Leaving"

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="examples")
    purpose = models.CharField(max_length=14, choices=Purpose.choices, default=Purpose.INTENT)
    label = models.CharField(max_length=60)
    language = models.CharField(max_length=8)
    text = models.CharField(max_length=500)

    class Meta:
        ordering = ["purpose", "label", "language", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose__in=["intent", "sentiment", "urgent", "wants_person", "threat", "churn"]),
                name="example_purpose_is_known",
            ),
            models.UniqueConstraint(
                fields=["release", "purpose", "label", "language", "text"], name="example_stands_once"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Phrase(models.Model):
    """Words that fire an escalation head whatever a model thinks."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="phrases")
    head = models.CharField(max_length=14)
    language = models.CharField(max_length=8)
    text = models.CharField(max_length=120)

    class Meta:
        ordering = ["head", "language", "text"]
        constraints = [
            models.UniqueConstraint(fields=["release", "head", "language", "text"], name="phrase_stands_once"),
            models.CheckConstraint(
                condition=Q(head__in=["danger", "security", "urgent", "wants_person", "threat", "churn"]),
                name="phrase_head_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class EscalationRule(models.Model):
    """When a person is needed: all conditions of a rule must hold.

    ``conditions`` is a list of ``{"fact", "operator", "value"}``; which facts there are is told by ``agent.graph.rules``.
    """

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="rules")
    key = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    conditions = models.JSONField(default=list)
    reason = models.CharField(max_length=24, choices=ReasonCategory.choices)
    priority = models.CharField(max_length=10, choices=Priority.choices, default=Priority.NORMAL)
    order = models.PositiveSmallIntegerField(default=100)
    is_enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["order", "key"]
        constraints = [
            models.UniqueConstraint(fields=["release", "key"], name="one_rule_per_key"),
            models.CheckConstraint(condition=Q(reason__in=ReasonCategory.values), name="rule_reason_is_known"),
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="rule_priority_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class ReplyTemplate(models.Model):
    """A fixed text that customers read, in one language."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="templates")
    key = models.SlugField(max_length=60)
    language = models.CharField(max_length=8)
    text = models.TextField()

    class Meta:
        ordering = ["key", "language"]
        constraints = [
            models.UniqueConstraint(fields=["release", "key", "language"], name="one_template_per_key_and_language")
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.language})"


class EngineBuild(models.Model):
    """The fitted heads of a release's examples: plain arrays, never a pickle."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="builds")
    encoder = models.CharField(max_length=80)
    training_hash = models.CharField(max_length=64, blank=True, db_index=True)
    data = models.BinaryField()
    report = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["release", "encoder"], name="one_build_per_release_and_encoder")]

    def __str__(self) -> str:
        return f"Engine of release {self.release_id}"


class TextVector(models.Model):
    """A text's vector, so that refitting does not encode it again."""

    key = models.CharField(max_length=80, primary_key=True)
    vector = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.key
