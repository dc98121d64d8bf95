"""The app's registration."""

from django.apps import AppConfig
from django.db.models import CharField

from core.lookups import Among


class CoreConfig(AppConfig):
    """People, keys, policy and audit."""

    name = "core"
    verbose_name = "People and access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make our look-up known to all models."""
        CharField.register_lookup(Among)
