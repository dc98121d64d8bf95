"""What must hold whatever was killed: twelve promises, each a question whose every answer is a broken promise.

They are asked when everything has come to rest, of the product's rows by SQL that both databases understand, and of the
simulator's truth log. They know nothing of how either works.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from drill.accounts import SAID, arrived_as, event_key, is_a_message, thread_of, words_of

Found = list[tuple[Any, ...]]


class Witness(Protocol):
    """What is asked: the product's database, and the platform's own record."""

    def query(self, sql: str) -> Found:
        """Rows of the product's database."""

    def log(self, kind: str) -> list[dict[str, Any]]:
        """Rows of one kind of the simulator's truth log, oldest first."""

    @property
    def forgotten(self) -> set[str]:
        """The platform's conversations whose customers were erased: of them only numbers are left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """One promise. ``broken`` finds what breaks it; each row names what is wrong first."""

    number: int
    name: str
    broken: Callable[[Witness], Found]


def _sql(*questions: tuple[str, str]) -> Callable[[Witness], Found]:
    """Questions in SQL, each with what its rows are."""

    def ask(witness: Witness) -> Found:
        return [(what, *row) for what, sql in questions for row in witness.query(sql)]

    return ask


def acked_missing(witness: Witness) -> Found:
    """1: what the platform was told "received" is kept, once."""
    rows = [row for row in witness.log("webhook") if row["status"] == 200 and row["message_id"] and event_key(row)]
    acked = {event_key(row) for row in rows if row["conversation_id"] not in witness.forgotten}
    erased = {event_key(row) for row in rows} - acked
    kept = {row[0] for row in witness.query("SELECT event_key FROM integrations_webhookevent")}
    missing: Found = [("acked, not kept", key) for key in sorted(acked - kept)]
    twice = witness.query(
        "SELECT source, event_key, count(*) FROM integrations_webhookevent GROUP BY source, event_key HAVING count(*) > 1"
    )
    hashed = sum(key.startswith("erased:") for key in kept)
    if hashed < len(erased):
        missing.append(("acked, erased, and no trace of it is left to know a repetition by", hashed, len(erased)))
    return missing + [("kept twice", *row) for row in twice]


SENDS_TO_THE_ERASED = """
SELECT count(*) FROM conversations_delivery d JOIN conversations_conversation c ON c.id = d.conversation_id
WHERE c.thread_key LIKE 'erased:%' AND d.attempts > 0
"""
one_end = _sql(
    ("undecided", "SELECT id, conversation_id FROM conversations_message WHERE disposition = 'undecided'"),
    (
        "answered by nothing that was or will be sent",
        """
        SELECT m.id, m.conversation_id, m.disposition_id FROM conversations_message m
        WHERE m.disposition = 'answered' AND NOT EXISTS (
          SELECT 1 FROM conversations_delivery d
          WHERE d.id = m.disposition_id AND d.conversation_id = m.conversation_id AND d.state <> 'cancelled')
        """,
    ),
    (
        "handed over to nobody",
        """
        SELECT m.id, m.conversation_id, m.disposition_id FROM conversations_message m
        WHERE m.disposition = 'handed_over' AND NOT EXISTS (
          SELECT 1 FROM conversations_escalation e
          WHERE e.id = m.disposition_id AND e.conversation_id = m.conversation_id)
        """,
    ),
)


def sent_twice(witness: Witness) -> Found:
    """3: the platform has each of our messages once, and we know of each that it has, or have asked a person whether."""
    rows = witness.query("SELECT platform_message_id FROM conversations_delivery WHERE state = 'sent'")
    sent = {row[0] for row in rows if row[0]}
    accepted = [row for row in witness.log("accepted") if is_a_message(row)]
    counted = [row for row in accepted if row["conversation_id"] not in witness.forgotten]
    seen = [arrived_as(row) for row in counted]
    unexplained = _unexplained([row for row in counted if arrived_as(row) not in sent], witness.query(PARKED))
    begun = witness.query(SENDS_TO_THE_ERASED)[0][0]
    too_many = len(accepted) - len(seen) - begun
    return [
        *[("arrived, and is no delivery's one arrival", found) for found in unexplained],
        *[("recorded as sent, never arrived", found) for found in sorted(sent - set(seen))],
        *([("arrived at erased customers without a send", too_many)] if too_many > 0 else []),
        *[
            ("one key for two", *row)
            for row in witness.query(
                "SELECT idem_key, count(*) FROM conversations_delivery GROUP BY idem_key HAVING count(*) > 1"
            )
        ],
    ]


PARKED = """
SELECT c.thread_key, m.text FROM conversations_delivery d
JOIN conversations_conversation c ON c.id = d.conversation_id
JOIN conversations_message m ON m.id = d.message_id WHERE d.state = 'needs_review'
"""


def _unexplained(arrivals: list[dict[str, Any]], parked: Found) -> list[str]:
    """The arrivals that are not the one which a parked send may have had: a person was asked whether it did."""
    may_have = Counter((thread_of(thread), " ".join(text.split())) for thread, text in parked)
    found = []
    for row in arrivals:
        said = (row["conversation_id"], " ".join(words_of(row).split()))
        if may_have[said]:
            may_have[said] -= 1
        else:
            found.append(arrived_as(row))
    return sorted(found)


_answered_by_the_record = _sql(
    (
        "a reply that answers nothing",
        """
        SELECT d.id, d.conversation_id FROM conversations_delivery d
        WHERE d.author = 'bot' AND d.state = 'sent' AND NOT EXISTS (
          SELECT 1 FROM conversations_message m
          WHERE m.conversation_id = d.conversation_id AND m.disposition = 'answered' AND m.disposition_id = d.id)
        """,
    ),
    (
        "two turns that answered the same",
        """
        SELECT a.id, b.id, a.conversation_id FROM agent_agentrun a
        JOIN agent_agentrun b ON b.conversation_id = a.conversation_id AND b.id > a.id
        WHERE a.state = 'replied' AND b.state = 'replied' AND a.from_seq <= b.to_seq AND b.from_seq <= a.to_seq
        """,
    ),
)


def answered_twice(witness: Witness) -> Found:
    """4: what was written is answered once, by the record and by what the platform saw."""
    rows = witness.query(
        """
        SELECT d.platform_message_id, d.author, m.platform_message_id FROM conversations_delivery d
        LEFT JOIN conversations_message m ON m.disposition = 'answered' AND m.disposition_id = d.id
          AND m.conversation_id = d.conversation_id
        WHERE d.state = 'sent'
        """
    )
    others = {reply for reply, author, _ in rows if author != "bot"}
    answered: dict[str, set[str]] = {}
    for reply, _, message in rows:
        answered.setdefault(reply, set()).update({message} if message else ())
    written: dict[str, set[str]] = {}
    given: Counter[str] = Counter()
    broken = _answered_by_the_record(witness)
    replies = [row for row in witness.log("accepted") if is_a_message(row) and arrived_as(row) not in others]
    said = [row for row in witness.log("customer") if row["name"] in SAID]
    for row in sorted([*said, *replies], key=lambda each: each["id"]):
        thread = row["conversation_id"]
        if thread in witness.forgotten:
            continue
        if row["kind"] == "customer":
            written.setdefault(thread, set()).add(row["message_id"])
            continue
        given[thread] += 1
        known = written.get(thread, set())
        if given[thread] > len(known):
            broken.append(("more replies than messages", thread, given[thread], len(known)))
        if strange := answered.get(arrived_as(row), set()) - known:
            broken.append(("answers what the platform never had", thread, *sorted(strange)))
    return broken


def out_of_order(witness: Witness) -> Found:
    """5: replies arrive in the order in which they were given their numbers."""
    rows = witness.query(
        "SELECT platform_message_id, conversation_id, out_seq FROM conversations_delivery WHERE state = 'sent'"
    )
    known = {platform_id: (conversation, out_seq) for platform_id, conversation, out_seq in rows if platform_id}
    highest: dict[int, int] = {}
    broken: Found = []
    for row in witness.log("accepted"):
        if not is_a_message(row) or arrived_as(row) not in known:
            continue
        conversation, out_seq = known[arrived_as(row)]
        if out_seq < highest.get(conversation, 0):
            broken.append(("overtaken", conversation, out_seq, highest[conversation]))
        highest[conversation] = max(out_seq, highest.get(conversation, 0))
    return broken


numbered_wrongly = _sql(
    (
        "a gap or a double number",
        """
        SELECT c.id, c.last_seq, count(*) FROM conversations_conversation c
        JOIN conversations_message m ON m.conversation_id = c.id
        GROUP BY c.id, c.last_seq
        HAVING count(*) <> c.last_seq OR max(m.seq) <> c.last_seq OR min(m.seq) <> 1 OR count(DISTINCT m.seq) <> count(*)
        """,
    ),
    (
        "taken in before what came earlier",
        """
        SELECT earlier.id, later.id, earlier.conversation_id FROM conversations_message earlier
        JOIN conversations_message later ON later.conversation_id = earlier.conversation_id AND later.seq > earlier.seq
        JOIN integrations_webhookevent first ON first.message_id = later.id
        JOIN integrations_webhookevent second ON second.message_id = earlier.id
        WHERE earlier.direction = 'in' AND later.direction = 'in' AND first.id < second.id
        """,
    ),
)


# Whenever a person made a conversation theirs: by taking it over, by a reply, or from the queue.
TAKEN = """
WITH taken AS (
  SELECT e.id, e.at, e.action, e."after", c.id AS conversation_id FROM core_auditevent e
  JOIN conversations_conversation c ON e.target_id = CAST(c.id AS VARCHAR(20))
  WHERE e.target_kind = 'conversations.conversation' AND e.action IN ('conversation.take_over', 'conversation.reply')
  UNION ALL
  SELECT e.id, e.at, e.action, e."after", s.conversation_id FROM core_auditevent e
  JOIN conversations_escalation s ON e.target_id = CAST(s.id AS VARCHAR(20)) WHERE e.action = 'escalation.claim'
)
SELECT d.id, d.conversation_id, a.number, t.action, t."after" FROM conversations_deliveryattempt a
JOIN conversations_delivery d ON d.id = a.delivery_id
JOIN taken t ON t.conversation_id = d.conversation_id
WHERE d.author = 'bot' AND a.started_at > t.at AND NOT EXISTS (
  SELECT 1 FROM core_auditevent b WHERE b.target_kind = 'conversations.conversation'
    AND b.target_id = CAST(d.conversation_id AS VARCHAR(20))
    AND b.action IN ('conversation.hand_back', 'conversation.resolve') AND b.id > t.id AND b.at < a.started_at)
"""
# A colleague who writes in the platform's own app signs nothing of ours; the escalation says from when on they answer.
COLLEAGUES = """
SELECT e.id, d.id, d.conversation_id, d.created_at >= e.created_at FROM conversations_escalation e
JOIN conversations_delivery d ON d.conversation_id = e.conversation_id AND d.author = 'bot'
JOIN conversations_deliveryattempt a ON a.delivery_id = d.id AND a.started_at > e.created_at
  AND (e.closed_at IS NULL OR a.started_at < e.closed_at)
WHERE e.reason = 'colleague' ORDER BY e.id, a.started_at
"""


def spoke_over_a_person(witness: Witness) -> Found:
    """7: no attempt of the bot begins after a person took over, but for what was on its way just then.

    Taking over, replying and claiming name that. Of a colleague's own message nothing is named: one attempt, of what had
    been said before, may have been about to begin.
    """
    broken: Found = []
    for delivery, conversation, number, action, after in witness.query(TAKEN):
        told = _json(after)
        # Whoever answers by the API and lets the bot go on takes nothing over.
        is_taken = action != "conversation.reply" or "in_flight" in told
        if is_taken and delivery not in told.get("in_flight", []):
            broken.append((f"begun after {action}", delivery, conversation, number))
    begun: Counter[int] = Counter()
    for escalation, delivery, conversation, is_new in witness.query(COLLEAGUES):
        begun[escalation] += 1
        if is_new or begun[escalation] > 1:
            broken.append(("begun after a colleague's own message", delivery, conversation, begun[escalation]))
    return broken


stuck = _sql(
    ("event", "SELECT id, source, attempts FROM integrations_webhookevent WHERE state = 'received'"),
    (
        "delivery",
        """
        SELECT id, conversation_id, state FROM conversations_delivery
        WHERE state IN ('pending', 'sending', 'retry_wait', 'unknown')
        """,
    ),
    (
        "turn",
        """
        SELECT id, mode, attempts FROM conversations_conversation WHERE mode = 'bot' AND last_in_seq > answered_to_seq
        """,
    ),
    (
        "run",
        """
        SELECT r.id, r.conversation_id FROM agent_agentrun r WHERE r.state = 'running' AND EXISTS (
          SELECT 1 FROM agent_agentrun n WHERE n.conversation_id = r.conversation_id AND n.id > r.id)
        """,
    ),
    ("erasure", "SELECT id, state FROM privacy_erasure WHERE state IN ('approved', 'files')"),
    ("export", "SELECT id, attempts FROM privacy_export WHERE state = 'approved'"),
)
given_up_silently = _sql(
    (
        "delivery without an escalation",
        """
        SELECT d.id, d.conversation_id, d.state FROM conversations_delivery d
        WHERE d.state IN ('needs_review', 'dead') AND NOT EXISTS (
          SELECT 1 FROM conversations_escalation e WHERE e.conversation_id = d.conversation_id AND (
            e.closed_at IS NULL OR e.closed_at >= coalesce(
              (SELECT max(a.ended_at) FROM conversations_deliveryattempt a WHERE a.delivery_id = d.id), d.created_at)))
        """,
    ),
    (
        "event without a reason",
        "SELECT id, state FROM integrations_webhookevent WHERE state IN ('quarantined', 'dead') AND reason = ''",
    ),
    (
        "message without an escalation",
        """
        SELECT m.id, m.conversation_id FROM conversations_message m WHERE m.disposition = 'dead' AND NOT EXISTS (
          SELECT 1 FROM conversations_escalation e WHERE e.conversation_id = m.conversation_id
            AND (e.closed_at IS NULL OR e.closed_at >= m.created_at))
        """,
    ),
)
overspent = _sql(
    (
        "over the cap by more than one call",
        "SELECT scope, day, spent, reserved, cap FROM agent_spendledger WHERE spent + reserved > cap + dearest_call",
    ),
)


def audit_broken(witness: Witness) -> Found:
    """11: every deed is sealed, and every seal fits the deed and the seal before it."""
    columns = (
        "id", "at", "actor_kind", "actor_id", "actor_name", "action", "target_kind", "target_id",
        "address", "request_id", "reason", "before", "after",
    )  # fmt: skip
    named = ", ".join(f'e."{column}"' for column in columns)
    rows = witness.query(
        f"SELECT s.position, s.previous_hash, s.hash, {named} FROM core_auditevent e "  # noqa: S608  (constants)
        "LEFT JOIN core_auditseal s ON s.event_id = e.id ORDER BY s.position"
    )
    broken: Found = [("not sealed", row[3]) for row in rows if row[0] is None]
    previous = "0" * 64
    for position, row in enumerate((row for row in rows if row[0] is not None), start=1):
        fields = dict(zip(columns, row[3:], strict=True))
        fields |= {"at": _instant(fields["at"]), "before": _json(fields["before"]), "after": _json(fields["after"])}
        digest = hashlib.sha256((previous + json.dumps(fields, sort_keys=True, default=str)).encode()).hexdigest()
        if row[:3] != (position, previous, digest):
            broken.append(("the chain does not hold", row[0], row[3]))
        previous = row[2]
    return broken


tried_too_often = _sql(
    ("turn", "SELECT id, attempts FROM conversations_conversation WHERE attempts > 5"),
    ("run", "SELECT id, attempt FROM agent_agentrun WHERE attempt > 5"),
    ("delivery", "SELECT id, attempts FROM conversations_delivery WHERE attempts > 12"),
    ("event", "SELECT id, attempts FROM integrations_webhookevent WHERE attempts > 5"),
)

INVARIANTS = (
    Invariant(number=1, name="acked is kept", broken=acked_missing),
    Invariant(number=2, name="one end each", broken=one_end),
    Invariant(number=3, name="sent once", broken=sent_twice),
    Invariant(number=4, name="answered once", broken=answered_twice),
    Invariant(number=5, name="in order", broken=out_of_order),
    Invariant(number=6, name="numbered in order", broken=numbered_wrongly),
    Invariant(number=7, name="the human wins", broken=spoke_over_a_person),
    Invariant(number=8, name="nothing stuck", broken=stuck),
    Invariant(number=9, name="never silent", broken=given_up_silently),
    Invariant(number=10, name="within the cap", broken=overspent),
    Invariant(number=11, name="audit intact", broken=audit_broken),
    Invariant(number=12, name="attempts bounded", broken=tried_too_often),
)


def _json(value: object) -> dict[str, Any]:
    """A JSON column, which one database hands over as text."""
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else cast("dict[str, Any]", value)
    return found


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
