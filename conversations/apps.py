"""The app's registration."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """The record of what was said."""

    name = "conversations"
    verbose_name = "Conversations"
    default_auto_field = "django.db.models.BigAutoField"
