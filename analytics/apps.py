"""The app's registration."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """Figures."""

    name = "analytics"
    verbose_name = "Analytics"
    default_auto_field = "django.db.models.BigAutoField"
