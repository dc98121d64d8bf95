"""Derived figures in the admin, only to be read."""

from django.contrib import admin

from analytics.models import Analytics, EpisodeFact
from core.policy import Action
from core.policy_admin import PolicyAdmin


@admin.register(Analytics)
class AnalyticsAdmin(PolicyAdmin):
    """Hourly figures."""

    view_action = Action.VIEW_ANALYTICS
    list_display = ["timestamp", "metric_type", "dimension", "metric_value"]
    list_filter = ["metric_type"]
    date_hierarchy = "timestamp"


@admin.register(EpisodeFact)
class EpisodeFactAdmin(PolicyAdmin):
    """Facts of episodes."""

    view_action = Action.VIEW_ALL_CONVERSATIONS
    list_display = ["episode_id", "platform", "intent", "started_at", "ended_at", "outcome", "was_escalated"]
    list_filter = ["platform", "outcome", "was_escalated"]
