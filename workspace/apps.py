"""The app's registration."""

from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    """The staff's page."""

    name = "workspace"
    verbose_name = "Workspace"
    default_auto_field = "django.db.models.BigAutoField"
