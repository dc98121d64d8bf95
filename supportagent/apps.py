"""Connects the flow and registers the checks when Django starts."""

from django.apps import AppConfig


class SupportAgentConfig(AppConfig):
    """The wiring."""

    name = "supportagent"
    label = "supportagent"

    def ready(self) -> None:
        """Connect what the apps announce to who acts on it."""
        from supportagent import checks, drills, flow, heartbeats

        drills.prepare()
        checks.register()
        flow.connect()
        heartbeats.connect()
