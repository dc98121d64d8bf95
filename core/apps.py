"""The app's registration."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """People, keys, policy and audit."""

    name = "core"
    verbose_name = "People and access"
    default_auto_field = "django.db.models.BigAutoField"
