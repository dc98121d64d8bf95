"""Drafts in the admin: that they exist, never what they say."""

from django.contrib import admin

from core.policy import Action
from core.policy_admin import PolicyAdmin
from workspace.models import Draft


@admin.register(Draft)
class DraftAdmin(PolicyAdmin):
    """Unsent words."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["user", "conversation", "mode", "updated_at"]
    list_select_related = ["user", "conversation"]
    exclude = ["text"]
