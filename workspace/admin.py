"""Drafts in the admin: that they exist, never what they say; and the drills."""

from django.contrib import admin

from core.policy import Action
from core.policy_admin import PolicyAdmin
from workspace.models import Draft, DrillRun


@admin.register(Draft)
class DraftAdmin(PolicyAdmin):
    """Unsent words."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["user", "conversation", "mode", "updated_at"]
    list_select_related = ["user", "conversation"]
    exclude = ["text"]


@admin.register(DrillRun)
class DrillRunAdmin(PolicyAdmin):
    """Drills that were started from the page of operations."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["started_at", "started_by", "state", "ended_at"]
    list_filter = ["state"]
    list_select_related = ["started_by"]
