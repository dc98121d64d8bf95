"""The app's registration."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Data rights."""

    name = "privacy"
    verbose_name = "Privacy"
    default_auto_field = "django.db.models.BigAutoField"
