"""Where an app wants its webhooks."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from simulator.tiktok import apps
from simulator.tiktok.call import Call
from simulator.tiktok.errors import invalid_param


def update(call: Call) -> Mapping[str, Any]:
    """Set the address for one kind of events."""
    client_key = call.app("app_id", "secret")
    event_type = call.choice("event_type", apps.EVENT_TYPES)
    url = call.text("callback_url")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
        raise invalid_param("callback_url")
    apps.register(call.transaction, client_key, event_type, url)
    return {"app_id": client_key, "event_type": event_type, "callback_url": url}


def show(call: Call) -> Mapping[str, Any]:
    """The address in force; left out when there is none."""
    client_key = call.app("app_id", "secret")
    event_type = call.choice("event_type", apps.EVENT_TYPES)
    url = apps.callback_url(call.transaction, client_key, event_type)
    return {"app_id": client_key, "event_type": event_type} | ({"callback_url": url} if url else {})


def delete(call: Call) -> Mapping[str, Any]:
    """Send no more events of this kind."""
    client_key = call.app("app_id", "secret")
    event_type = call.choice("event_type", apps.EVENT_TYPES)
    call.transaction.execute(
        "DELETE FROM registration WHERE client_key = ? AND event_type = ?", (client_key, event_type)
    )
    return {"app_id": client_key, "event_type": event_type}
