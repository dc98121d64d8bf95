"""The app's registration."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """The platforms."""

    name = "integrations"
    verbose_name = "Platforms"
    default_auto_field = "django.db.models.BigAutoField"
