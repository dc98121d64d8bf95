"""The outbox: what happened, written with the deed itself and kept until somebody above has passed it on."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Fact(models.Model):
    """One thing that happened in a conversation. It holds ids and no words, so that nothing in it outlives a person.

    Rows leave when they are taken; the plain numbers spare the insert, which every message pays for, three indexes.
    """

    class Kind(models.TextChoices):
        """What happened."""

        RECEIVED = "message.received", "Message received"
        ANSWERED = "message.answered", "Message answered"
        ESCALATED = "conversation.escalated", "Conversation escalated"
        CLAIMED = "conversation.claimed", "Conversation claimed"
        RESOLVED = "conversation.resolved", "Conversation resolved"

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40, choices=Kind.choices)
    conversation_id = models.BigIntegerField()
    message_id = models.BigIntegerField(null=True, blank=True)
    escalation_id = models.BigIntegerField(null=True, blank=True)
    details = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "message.received",
                        "message.answered",
                        "conversation.escalated",
                        "conversation.claimed",
                        "conversation.resolved",
                    ]
                ),
                name="fact_kind_is_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} in conversation {self.conversation_id}"
