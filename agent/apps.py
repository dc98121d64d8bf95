"""The app's registration."""

from django.apps import AppConfig


class AgentAppConfig(AppConfig):
    """The agent."""

    name = "agent"
    verbose_name = "Agent"
    default_auto_field = "django.db.models.BigAutoField"
