"""Figures derived from the record: facts per episode and hourly roll-ups. Never a source of truth."""

from django.db import models
from django.utils import timezone


class EpisodeFact(models.Model):
    """What is asked of an episode most often, kept beside it and rebuilt when the episode moves."""

    episode_id = models.BigIntegerField(primary_key=True)
    conversation_id = models.BigIntegerField()
    platform = models.CharField(max_length=20)
    account_id = models.BigIntegerField()
    team_id = models.BigIntegerField(null=True)
    intent = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=8, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, blank=True)
    messages_in = models.PositiveIntegerField(default=0)
    bot_replies = models.PositiveIntegerField(default=0)
    human_replies = models.PositiveIntegerField(default=0)
    was_escalated = models.BooleanField(default=False)
    escalation_reason = models.CharField(max_length=24, blank=True)
    asked_for_person = models.BooleanField(default=False)
    bot_first_response_ms = models.PositiveBigIntegerField(null=True)
    human_first_response_ms = models.PositiveBigIntegerField(null=True)
    sentiment_start = models.FloatField(null=True)
    sentiment_end = models.FloatField(null=True)
    conversation_version = models.BigIntegerField(default=0)
    conversation_updated_at = models.DateTimeField(default=timezone.now)
    built_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["-started_at"], name="fact_recent"),
            models.Index(fields=["platform", "-started_at"], name="fact_by_platform"),
            models.Index(fields=["conversation_id"], name="fact_by_conversation"),
            models.Index(fields=["conversation_updated_at"], name="fact_built_up_to"),
        ]

    def __str__(self) -> str:
        return f"Facts of episode {self.episode_id}"


class Analytics(models.Model):
    """One figure of one hour."""

    metric_type = models.CharField(max_length=60)
    metric_value = models.FloatField()
    dimension = models.CharField(max_length=120, blank=True)
    timestamp = models.DateTimeField()

    class Meta:
        verbose_name_plural = "analytics"
        ordering = ["-timestamp", "metric_type"]
        constraints = [
            models.UniqueConstraint(
                fields=["metric_type", "dimension", "timestamp"], name="one_figure_per_hour_and_dimension"
            )
        ]

    def __str__(self) -> str:
        return f"{self.metric_type} {self.timestamp:%Y-%m-%d %H}"
