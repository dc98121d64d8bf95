"""What the drill's judge is asked about in tests: rows of a database, and a platform's log."""

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from drill.accounts import BUSINESS

SCHEMA = """
CREATE TABLE integrations_webhookevent (
  source TEXT, event_key TEXT, state TEXT, reason TEXT, id INTEGER, message_id INTEGER, attempts INTEGER DEFAULT 0
);
CREATE TABLE conversations_conversation (
  id INTEGER PRIMARY KEY, thread_key TEXT, mode TEXT DEFAULT 'bot', attempts INTEGER DEFAULT 0, last_seq INTEGER DEFAULT 0,
  last_in_seq INTEGER DEFAULT 0, answered_to_seq INTEGER DEFAULT 0
);
CREATE TABLE conversations_delivery (
  id INTEGER PRIMARY KEY, conversation_id INTEGER, message_id INTEGER, author TEXT DEFAULT 'bot', attempts INTEGER, state TEXT,
  platform_message_id TEXT, idem_key TEXT, out_seq INTEGER DEFAULT 1, created_at TEXT DEFAULT '10:00'
);
CREATE TABLE conversations_deliveryattempt (
  delivery_id INTEGER, number INTEGER, started_at TEXT, ended_at TEXT, outcome TEXT DEFAULT 'ok'
);
CREATE TABLE conversations_message (
  id INTEGER PRIMARY KEY, conversation_id INTEGER, platform_message_id TEXT, disposition TEXT DEFAULT '',
  disposition_id INTEGER, text TEXT DEFAULT '', created_at TEXT DEFAULT '10:00', seq INTEGER, direction TEXT DEFAULT 'in'
);
CREATE TABLE conversations_escalation (
  id INTEGER PRIMARY KEY, conversation_id INTEGER, reason TEXT DEFAULT 'asked', created_at TEXT, closed_at TEXT
);
CREATE TABLE core_auditevent (
  id INTEGER PRIMARY KEY, at TEXT, action TEXT, target_kind TEXT DEFAULT 'conversations.conversation', target_id TEXT,
  "after" TEXT DEFAULT '{}', "before" TEXT DEFAULT '{}', actor_kind TEXT DEFAULT '', actor_id INTEGER,
  actor_name TEXT DEFAULT '', address TEXT DEFAULT '', request_id TEXT DEFAULT '', reason TEXT DEFAULT ''
);
CREATE TABLE core_auditseal (event_id INTEGER, position INTEGER, previous_hash TEXT, hash TEXT);
CREATE TABLE agent_agentrun (
  id INTEGER, conversation_id INTEGER, state TEXT, from_seq INTEGER, to_seq INTEGER, attempt INTEGER DEFAULT 0, cost_micros INTEGER
);
CREATE TABLE agent_spendledger (scope TEXT, day TEXT, spent INTEGER, reserved INTEGER, cap INTEGER, dearest_call INTEGER);
CREATE TABLE privacy_erasure (id INTEGER, state TEXT);
CREATE TABLE privacy_export (id INTEGER, state TEXT, attempts INTEGER DEFAULT 0);
"""


@dataclass
class Seen:
    """Rows of a database, and the platform's log."""

    rows: str = ""
    logged: list[dict[str, Any]] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(":memory:") as connection:
            connection.executescript(SCHEMA + self.rows)
            return list(connection.execute(sql))

    def log(self, kind: str) -> list[dict[str, Any]]:
        return [{"id": number, **row} for number, row in enumerate(self.logged) if row["kind"] == kind]


def acked(message_id: str, thread: str) -> dict[str, Any]:
    """The product said that it had a message."""
    return {"kind": "webhook", "status": 200, "account": BUSINESS, "message_id": message_id, "conversation_id": thread}


def said(message_id: str, thread: str) -> dict[str, Any]:
    """A customer wrote."""
    return {"kind": "customer", "name": "say", "message_id": message_id, "conversation_id": thread}


def arrived(message_id: str, thread: str, text: str = "") -> dict[str, Any]:
    """The platform took a send."""
    detail = {"content": {"body": text}}
    return {
        "kind": "accepted",
        "account": BUSINESS,
        "message_id": message_id,
        "conversation_id": thread,
        "detail": detail,
    }
