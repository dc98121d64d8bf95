"""Connects the flow and registers the checks when Django starts."""

from django.apps import AppConfig


class SupportAgentConfig(AppConfig):
    """The wiring."""

    name = "supportagent"
    label = "supportagent"

    def ready(self) -> None:
        """Connect what the apps announce to who acts on it."""
        from django.contrib.auth.signals import user_logged_in

        from supportagent import checks, drills, flow, heartbeats, sessions, sign_ins

        drills.prepare()
        checks.register()
        flow.connect()
        user_logged_in.connect(sessions.begin, dispatch_uid="supportagent.sessions")
        sign_ins.connect()
        heartbeats.connect()
