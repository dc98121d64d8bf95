"""Everything that moves between us and the platforms: taking in, sending out, finding out, staying connected."""

from integrations.services.events import drop_event, drop_events, replay_event, replay_events, reveal_event
from integrations.services.forgetting import events_about, forget_events, forget_visitors, people_about, visitors_about
from integrations.services.ingest import (
    ingest_event,
    ingest_events,
    ingest_lanes,
    ingest_thread,
    ingest_waiting,
    shorten_impossible_waits,
)
from integrations.services.lanes import Lane, due_lanes
from integrations.services.media import fetch_media
from integrations.services.missed import go_on_after_restore, not_reached, progress, read_back, read_back_one
from integrations.services.notified import keep_notified
from integrations.services.pausing import hold_the_bot
from integrations.services.reconcile import reconcile_unknown
from integrations.services.restoring import begin_after_restore
from integrations.services.sending import mark_read, send_next, send_typing
from integrations.services.subscriptions import (
    add_subscription,
    change_secret,
    disable_subscription,
    enable_subscription,
    remove_subscription,
    replay_delivery,
    replay_failed,
)
from integrations.services.telling import due_subscriptions, release_expired_events, spread_facts, tell
from integrations.services.tokens import refresh_tokens

__all__ = [
    "Lane",
    "add_subscription",
    "begin_after_restore",
    "change_secret",
    "disable_subscription",
    "drop_event",
    "drop_events",
    "due_lanes",
    "due_subscriptions",
    "enable_subscription",
    "events_about",
    "fetch_media",
    "forget_events",
    "forget_visitors",
    "go_on_after_restore",
    "hold_the_bot",
    "ingest_event",
    "ingest_events",
    "ingest_lanes",
    "ingest_thread",
    "ingest_waiting",
    "keep_notified",
    "mark_read",
    "not_reached",
    "people_about",
    "progress",
    "read_back",
    "read_back_one",
    "reconcile_unknown",
    "refresh_tokens",
    "release_expired_events",
    "remove_subscription",
    "replay_delivery",
    "replay_event",
    "replay_events",
    "replay_failed",
    "reveal_event",
    "send_next",
    "send_typing",
    "shorten_impossible_waits",
    "spread_facts",
    "tell",
    "visitors_about",
]
