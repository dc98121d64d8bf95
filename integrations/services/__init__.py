"""Everything that moves between us and the platforms: taking in, sending out, finding out, staying connected."""

from integrations.services.events import drop_event, drop_events, replay_event, replay_events, reveal_event
from integrations.services.forgetting import events_about, forget_events, forget_visitors
from integrations.services.ingest import ingest_event, ingest_thread, ingest_waiting, shorten_impossible_waits
from integrations.services.media import fetch_media
from integrations.services.missed import read_back
from integrations.services.reconcile import reconcile_unknown
from integrations.services.restoring import begin_after_restore
from integrations.services.sending import mark_read, send_next, send_typing
from integrations.services.tokens import refresh_tokens

__all__ = [
    "begin_after_restore",
    "drop_event",
    "drop_events",
    "events_about",
    "fetch_media",
    "forget_events",
    "forget_visitors",
    "ingest_event",
    "ingest_thread",
    "ingest_waiting",
    "mark_read",
    "read_back",
    "reconcile_unknown",
    "refresh_tokens",
    "replay_event",
    "replay_events",
    "reveal_event",
    "send_next",
    "send_typing",
    "shorten_impossible_waits",
]
