"""The accounts of a drill: one on each platform that the simulator speaks, and a web chat.

Two of them are by signed webhook: the shop knows a reply again by its key, the forum does not.
"""

import json
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

BUSINESS = "drill-business"
PAGE = "urn:li:organization:424242"
SHOP, FORUM = "drill-shop", "drill-forum"
PARTNERS = (SHOP, FORUM)
PLACES = (BUSINESS, PAGE, *PARTNERS)
TIKTOK_KEY, LINKEDIN_KEY = "7000000000000000042", "drillapp42"
POST = "urn:li:activity:7000000000000000042"
REPLY = "message.reply"
# What customers' messages are called in the truth log.
SAID = ("say", "comment", "message.created")
KNOBS: Mapping[str, object] = {
    "query_limit_per_minute": 0,
    "retry_factor": 0.2,
    "window_messages": 1000,
    "linkedin_calls_per_minute": 0,
    "linkedin_retry_seconds": 5.0,
}
ENVIRONMENT: Mapping[str, str] = {
    "TIKTOK_RATE_LIMIT": "1000000",
    "LINKEDIN_RATE_LIMIT": "1000000",
    "EVENTS_RATE_LIMIT": "1000000",
    "CHAT_SESSIONS_PER_TEN_MINUTES": "1000000",
}
# One process adds them all, by the command that anybody would type.
ADD = """
import json
from io import StringIO
from django.core.management import call_command
for order in json.loads({orders!r}):
    told = StringIO()
    call_command("account", "add", *order, stdout=told)
    print("added " + json.dumps(json.loads(told.getvalue())))
"""
Row = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Accounts:
    """What the platforms and the product know each other by. ``chat_key`` and ``doors`` are the product's own names."""

    sim_url: str
    url: str
    app_secret: str = field(default_factory=lambda: secrets.token_hex(20))
    access: str = field(default_factory=lambda: "act." + secrets.token_hex(12))
    refresh: str = field(default_factory=lambda: "rft." + secrets.token_hex(12))
    chat_key: str = ""
    doors: dict[str, str] = field(default_factory=dict)
    _partner_secrets: dict[str, str] = field(
        default_factory=lambda: {name: "whsec_" + b64encode(secrets.token_bytes(32)).decode() for name in PARTNERS}
    )

    def simulator(self) -> dict[str, Any]:
        """The simulator's file."""
        tiktok = {
            "client_key": TIKTOK_KEY,
            "client_secret": self.app_secret,
            "callback_url": f"{self.url}/webhooks/tiktok",
            "redirect_uri": None,
            "accounts": [
                {
                    "business_id": BUSINESS,
                    "display_name": "Drill",
                    "username": "drill",
                    "access_token": self.access,
                    "refresh_token": self.refresh,
                }
            ],
        }
        page = {
            "organization": PAGE,
            "name": "Drill",
            "access_token": self.access,
            "refresh_token": None,
            "posts": [{"activity": POST, "text": "Our new tents are here."}],
        }
        linkedin = {
            "client_id": LINKEDIN_KEY,
            "client_secret": self.app_secret,
            "webhook_url": f"{self.url}/webhooks/linkedin",
            "redirect_uri": None,
            "pages": [page],
        }
        return {
            "apps": [tiktok],
            "linkedin": [linkedin],
            "partners": self.partners(),
            "scripted": {"enabled": False},
            "settings": dict(KNOBS),
        }

    def partners(self) -> list[dict[str, Any]]:
        """The partners of the simulator's file; those that the product has an address for post there."""
        return [
            {"name": name, "secrets": [secret]}
            | ({"webhook_url": f"{self.url}/webhooks/events/{self.doors[name]}"} if name in self.doors else {})
            for name, secret in self._partner_secrets.items()
        ]

    def add(self, manage: Callable[..., str]) -> None:
        """Add every account to the product, and learn what it calls them."""
        app = ("--secret", self.app_secret, "--access-token", self.access)
        orders = [
            (
                *("--platform", "tiktok", "--name", "Drill", "--external-id", BUSINESS, "--client-key", TIKTOK_KEY),
                *(*app, "--refresh-token", self.refresh),
                *("--api-base", f"{self.sim_url}/open_api/v1.3", "--auth-base", self.sim_url),
            ),
            (
                *("--platform", "linkedin", "--name", "Drill Page", "--external-id", PAGE),
                *("--client-key", LINKEDIN_KEY, *app, "--api-base", self.sim_url, "--auth-base", self.sim_url),
            ),
            ("--platform", "webchat", "--name", "Drill chat"),
        ]
        for name, secret in self._partner_secrets.items():
            address = f"{self.sim_url}/partner/{name}"
            order = ("--platform", "events", "--name", name, "--external-id", name, "--api-base", address)
            orders.append((*order, "--secret", secret, *(("--honours-key",) if name == SHOP else ())))
        told = manage("shell", "-c", ADD.format(orders=json.dumps(orders)))
        for line in told.splitlines():
            if line.startswith("added "):
                self._learn(json.loads(line.removeprefix("added ")))

    def _learn(self, account: Row) -> None:
        if account["platform"] == "webchat":
            self.chat_key = str(account["public_key"])
        elif account["platform"] == "events":
            self.doors[str(account["name"])] = str(account["public_id"])


def said_to(row: Row) -> list[str]:
    """The messages that a webhook of the truth log brought from customers; LinkedIn tells of up to ten at once."""
    if row["name"] not in {"im_receive_msg", "COMMENT", "message.created"}:
        return []
    return str(row["message_id"]).split(" ")


def event_key(row: Row) -> str:
    """Under which key the product files a webhook of the truth log; empty where that is not of the message."""
    if row["account"] == PAGE:
        return ""
    kind = "id" if row["account"] in PARTNERS else "msg"
    return f"{kind}:{row['message_id']}"


def is_a_message(row: Row) -> bool:
    """Whether what a platform took is a message to a customer; a partner is also told that an account is tried."""
    return row["account"] in PLACES and (row["account"] not in PARTNERS or row["name"] == REPLY)


def arrived_as(row: Row) -> str:
    """Under which id the product knows what a platform took: its own, where the platform gives none."""
    return str(row["detail"]["id"] if row["account"] in PARTNERS else row["message_id"])


def words_of(row: Row) -> str:
    """The words of what a platform took."""
    detail = row["detail"]
    return str(detail.get("text") or detail.get("content", {}).get("body", ""))


def thread_of(thread_key: str) -> str:
    """What the platforms call a conversation of the product's; LinkedIn by what stands at its top."""
    return thread_key.partition("|")[0]
