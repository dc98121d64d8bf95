"""What a sweep costs beside a year's records: every step finds what is due by an index, on both databases.

Costs are counted, not timed: SQLite tells the operations of its machine, PostgreSQL the rows that a plan touched.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from agent.models import AgentRun, Release
from agent.releases.first import ensure_first_release
from agent.services.leftovers import book_stale_reservations, end_abandoned_runs
from conversations import services as conversations
from conversations.models import Attachment, Conversation, Customer, Delivery, Message
from core import audit
from core.models import AuditEvent, AuditSeal
from integrations import services as integrations
from integrations.models import WebhookEvent
from privacy import services as privacy

# Loading takes minutes.
pytestmark = [pytest.mark.volume, pytest.mark.timeout(1800), pytest.mark.django_db(transaction=True)]
EVENTS, THREADS, AUDITED = 60_000, 10_000, 20_000
BATCH = 5_000
# Operations of SQLite's machine, and rows of PostgreSQL: a walk over one of the tables takes a hundred times as many.
MOST_OPERATIONS, MOST_ROWS = 20_000, 1_500

STEPS: dict[str, Callable[[], object]] = {
    "ingest": lambda: integrations.ingest_waiting(200),
    "turns": lambda: conversations.due_turns(8),
    "sends": lambda: conversations.due_sends(8),
    "expired sends": conversations.release_expired_sends,
    "unknown": integrations.reconcile_unknown,
    "overdue": conversations.raise_overdue,
    "switched off": lambda: conversations.hold_back([1]),
    "silent": conversations.close_silent,
    "abandoned runs": end_abandoned_runs,
    "reservations": book_stale_reservations,
    "media": integrations.fetch_media,
    "erasures": privacy.due_erasures,
    "exports": lambda: privacy.due_exports(1),
    "audit": audit.seal,
}


def test_no_step_of_the_sweep_walks_over_what_is_done() -> None:
    load()

    costs = {name: cost_of(step) for name, step in STEPS.items()}

    most = MOST_OPERATIONS if connection.vendor == "sqlite" else MOST_ROWS
    assert {name: cost for name, cost in costs.items() if cost[0] > most} == {}


def load() -> None:
    """A year's records: everything was taken in, answered, sent and sealed."""
    now = timezone.now()
    release = ensure_first_release()
    for start in range(0, EVENTS, BATCH):
        WebhookEvent.objects.bulk_create(event(number, now) for number in range(start, start + BATCH))
    for start in range(0, THREADS, BATCH):
        add_threads(range(start, start + BATCH), now, release)
    for start in range(0, AUDITED, BATCH):
        made = AuditEvent.objects.bulk_create(
            AuditEvent(actor_kind="system", actor_name="system", action="test", target_kind="none", target_id="1")
            for _ in range(BATCH)
        )
        AuditSeal.objects.bulk_create(
            AuditSeal(event=each, position=start + place + 1, previous_hash="0", hash="0")
            for place, each in enumerate(made)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "postgresql" else "SELECT 1")


def event(number: int, now: Any) -> WebhookEvent:
    """One that was taken in long ago."""
    at = now - timedelta(seconds=number)
    return WebhookEvent(
        source="tiktok:1",
        event_key=f"event-{number}",
        platform="tiktok",
        body=b"{}" * 200,
        body_sha256="0" * 64,
        conv_key=f"thread-{number % 500}",
        state=WebhookEvent.State.INGESTED,
        received_at=at,
        ingested_at=at,
        next_attempt_at=at,
    )


def add_threads(numbers: range, now: Any, release: Release) -> None:
    """Threads in which the bot answered a question, some an hour ago, and others were closed since."""
    customers = Customer.objects.bulk_create(
        Customer(platform="tiktok", account_id=1, external_id=f"customer-{number}") for number in numbers
    )
    threads = Conversation.objects.bulk_create(
        Conversation(
            customer=customer,
            platform="tiktok",
            account_id=1,
            thread_key=f"thread-{number}",
            mode=Conversation.Mode.CLOSED if number % 10 else Conversation.Mode.BOT,
            closed_at=now if number % 10 else None,
            last_seq=2,
            last_in_seq=1,
            answered_to_seq=1,
            out_seq=1,
            ready_at=now - timedelta(days=1),
            first_unanswered_at=None,
            last_message_at=now - timedelta(hours=1) - timedelta(minutes=number if number % 10 else 0),
        )
        for number, customer in zip(numbers, customers, strict=True)
    )
    asked = Message.objects.bulk_create(
        Message(
            conversation=thread,
            account_id=1,
            seq=1,
            direction="in",
            sender_type="customer",
            text="Where is it?",
            disposition="answered",
            disposition_id=1,
            platform_message_id=f"in-{thread.pk}",
        )
        for thread in threads
    )
    Attachment.objects.bulk_create(Attachment(message=message, kind="image", state="kept") for message in asked)
    said = Message.objects.bulk_create(
        Message(conversation=thread, account_id=1, seq=2, direction="out", sender_type="bot", text="Here.")
        for thread in threads
    )
    Delivery.objects.bulk_create(
        Delivery(
            conversation=thread,
            message=message,
            account_id=1,
            out_seq=1,
            idem_key=f"key-{thread.pk}",
            author="bot",
            state="sent",
            sent_at=now,
            next_attempt_at=now,
            expires_at=now,
        )
        for thread, message in zip(threads, said, strict=True)
    )
    AgentRun.objects.bulk_create(
        AgentRun(
            conversation_id=thread.pk,
            epoch=1,
            release=release,
            from_seq=1,
            to_seq=1,
            attempt=1,
            state="replied",
            ended_at=now,
            started_at=now - timedelta(days=1),
        )
        for thread in threads
    )


def cost_of(step: Callable[[], object]) -> tuple[int, list[str]]:
    """What the step's statements cost together, and the plans by which they went."""
    with captured() as statements:
        step()
    cost, plans = 0, []
    for sql, params in statements:
        costs, plan = (on_sqlite if connection.vendor == "sqlite" else on_postgresql)(sql, params)
        cost += costs
        plans.append(f"{costs}: {plan}")
    return cost, plans


@contextmanager
def captured() -> Iterator[list[tuple[str, Any]]]:
    """The statements that look at or change rows, with their parameters, as Django hands them over."""
    statements: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip()[:6].upper() in {"SELECT", "UPDATE", "DELETE"}:
            statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield statements


def on_sqlite(sql: str, params: Any) -> tuple[int, str]:
    """The operations of a statement, counted by hundreds, and its plan."""
    hundreds = 0

    def tick() -> int:
        nonlocal hundreds
        hundreds += 1
        return 0

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        plan = "; ".join(str(row[-1]) for row in cursor.fetchall())
    with transaction.atomic(), connection.cursor() as cursor:
        connection.connection.set_progress_handler(tick, 100)
        try:
            cursor.execute(sql, params)
            if cursor.description:
                cursor.fetchall()
        finally:
            connection.connection.set_progress_handler(None, 0)
        transaction.set_rollback(True)
    return 100 * hundreds, plan


def on_postgresql(sql: str, params: Any) -> tuple[int, str]:
    """The rows that a statement's plan touched, and which nodes did."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        (told,) = cursor.fetchone()
        transaction.set_rollback(True)
    nodes = list(nodes_of((json.loads(told) if isinstance(told, str) else told)[0]["Plan"]))
    rows = sum(
        int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]) for node in nodes
    )
    return rows, "; ".join(
        f"{node['Node Type']} {node.get('Index Name', node.get('Relation Name', ''))}" for node in nodes
    )


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes, the outermost first."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes_of(part)
