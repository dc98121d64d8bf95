"""The switch of an intent, which holds at once and in every release."""

from django.db import models


class IntentSwitch(models.Model):
    """Whether the bot may answer an intent at present. What is saved holds from the next message on, without a publication.

    It is no part of a release, whose own setting holds beside it: either of them off, people answer.
    """

    intent = models.SlugField(max_length=60, unique=True)
    is_enabled = models.BooleanField(
        "the bot may answer", default=False, help_text="Off: people answer this intent, from the next message on."
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["intent"]
        verbose_name_plural = "intent switches"
        constraints = [models.CheckConstraint(condition=~models.Q(intent=""), name="intent_switch_names_an_intent")]

    def __str__(self) -> str:
        return self.intent
