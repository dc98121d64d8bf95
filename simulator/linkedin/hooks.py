"""Signed batches to the app, and the challenge that LinkedIn repeats to see whether the app is still itself."""

import hashlib
import hmac
import http.client
import json
import logging
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from simulator import truth
from simulator.linkedin import subscribers
from simulator.linkedin.pages import EVENT_TYPE, Page
from simulator.store import Transaction
from simulator.webhooks import outbox
from simulator.webhooks.outbox import NewWebhook, Webhook
from simulator.webhooks.sender import Outgoing
from simulator.world import World

logger = logging.getLogger(__name__)

MOST_IN_A_BATCH = 10
RETRY_HOURS = 8.0
CHALLENGE_TIMEOUT = 3.0
MISSES_TO_BLOCK = 3
UNTIL_ANSWERED_SECONDS = 2.0
LATE_SECONDS = {"reorder": 2.0, "late": 60.0}


def send(
    world: World,
    transaction: Transaction,
    page: Page,
    notifications: Sequence[dict[str, Any]],
    *,
    about: Sequence[str],
) -> None:
    """Put notifications into the outbox, ten to a batch, spoilt as the fault rules say.

    Where nobody is subscribed to the Page, they can only be asked for.
    ``about`` are the names of what they tell of, which the truth log has as a batch's ``message_id``, with spaces between.
    """
    now = time.time()
    for item in notifications:
        transaction.execute(
            "INSERT INTO linkedin_notification (organization, at_ms, body) VALUES (?, ?, ?)",
            (page.organization, item["lastModifiedAt"], json.dumps(item)),
        )
    if not subscribers.is_notified(transaction, page.client_id, page.organization, now=now):
        return
    for start in range(0, len(notifications), MOST_IN_A_BATCH):
        batch = list(notifications[start : start + MOST_IN_A_BATCH])
        body = {"type": subscribers.SOCIAL, "notifications": batch}
        names = " ".join(about[start : start + MOST_IN_A_BATCH])
        post(world, transaction, page, body, event=str(batch[0]["action"]), now=now, names=names)


def post(
    world: World,
    transaction: Transaction,
    page: Page,
    body: dict[str, Any],
    *,
    event: str,
    now: float | None = None,
    names: str = "",
) -> None:
    """Put any body into the outbox, spoilt as the fault rules say."""
    now = time.time() if now is None else now
    honest = NewWebhook(
        client_key=page.client_id,
        event_type=EVENT_TYPE,
        event=event,
        business_id=page.organization,
        conversation_id=None,
        message_id=names or None,
        lane=f"linkedin {page.organization}",
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"),
        due_at=now,
    )
    places = ("webhook", "echo") if event == "ADMIN_COMMENT" else ("webhook",)

    def strike(*kinds: str) -> Any:
        rule = world.faults.strike(places, account=page.organization, kinds=frozenset(kinds))
        if rule is not None:
            detail = {"rule": rule.id, "where": rule.where}
            truth.append(transaction, kind="fault", name=rule.kind, account=page.organization, detail=detail)
        return rule

    if strike("drop_echo"):
        return
    queued = [honest]
    if rule := strike("reorder", "late"):
        seconds = rule.seconds if rule.seconds is not None else LATE_SECONDS[rule.kind]
        queued = [honest.changed(variant=rule.kind, lane=_own_lane(), due_at=now + seconds)]
    if rule := strike("duplicate"):
        queued += [honest.changed(variant="duplicate", lane=_own_lane()) for _ in range(rule.copies)]
    if strike("forge"):
        queued.append(honest.changed(variant="forged", lane=_own_lane(), body=honest.body.replace(b":", b": ", 1)))
    for each in queued:
        outbox.add(world, transaction, each)


def _own_lane() -> str:
    return f"linkedin {uuid.uuid4()}"


def prepare(transaction: Transaction, webhook: Webhook, *, retry_seconds: float) -> Outgoing | None:
    """Where to and with which headers, or None when the app was blocked meanwhile."""
    row = transaction.one(
        "SELECT callback_url, client_secret FROM registration JOIN app USING (client_key)"
        " WHERE client_key = ? AND event_type = ?",
        (webhook.client_key, EVENT_TYPE),
    )
    if row is None:
        return None
    secret = "someone else's secret" if webhook.variant == "forged" else str(row["client_secret"])
    digest = hmac.new(secret.encode(), b"hmacsha256=" + webhook.body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-LI-Signature": digest, "User-Agent": "LinkedIn-Webhooks"}
    return Outgoing(url=str(row["callback_url"]), headers=headers, retry_seconds=retry_seconds, retry_hours=RETRY_HOURS)


class Challenger:
    """Asks every app that wants events to prove itself: at once, then every two hours; three misses block it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def start(self) -> None:
        """Begin, in a thread of its own."""
        threading.Thread(target=self._watch, name="challenges", daemon=True).start()

    def _watch(self) -> None:
        while not self._world.stopping.wait(0.5):
            try:
                self.ask_those_due()
            except Exception:  # the thread's edge: the next round may do better
                if self._world.stopping.is_set():
                    return
                logger.exception("A challenge could not be made")

    def ask_those_due(self, *, now: float | None = None) -> list[dict[str, Any]]:
        """Ask each app whose time has come, or all of them when ``now`` lies far ahead; what came of it."""
        now = time.time() if now is None else now
        with self._world.store.reading() as transaction:
            due = transaction.all(
                "SELECT client_id, webhook_url, client_secret FROM linkedin_app JOIN app ON client_key = client_id"
                " WHERE webhook_url IS NOT NULL AND state <> 'blocked' AND check_at <= ?",
                (now,),
            )
        return [self._ask(str(row["client_id"]), str(row["webhook_url"]), str(row["client_secret"])) for row in due]

    def _ask(self, client_id: str, url: str, secret: str) -> dict[str, Any]:
        code = str(uuid.uuid4())
        expected = hmac.new(secret.encode(), code.encode(), hashlib.sha256).hexdigest()
        began = time.monotonic()
        status, answer = _get(url, f"challengeCode={code}")
        good = status == 200 and answer == {"challengeCode": code, "challengeResponse": expected}
        with self._world.store.transaction() as transaction:
            row = transaction.one("SELECT state, misses FROM linkedin_app WHERE client_id = ?", (client_id,))
            was, misses = (str(row["state"]), int(row["misses"])) if row else ("pending", 0)
            misses = 0 if good or was == "pending" else misses + 1
            state = "validated" if good else ("blocked" if misses >= MISSES_TO_BLOCK else was)
            pause = UNTIL_ANSWERED_SECONDS if state == "pending" else self._world.knobs.now.linkedin_challenge_seconds
            transaction.execute(
                "UPDATE linkedin_app SET state = ?, misses = ?, check_at = ? WHERE client_id = ?",
                (state, misses, time.time() + pause, client_id),
            )
            _register(transaction, client_id, url if state == "validated" else None)
            milliseconds = int((time.monotonic() - began) * 1000)
            detail = {"good": good, "state": state, "misses": misses, "ms": milliseconds}
            truth.append(transaction, kind="webhook", name="challenge", status=status, detail=detail)
        return {"client_id": client_id, "status": status, **detail}


def _register(transaction: Transaction, client_id: str, url: str | None) -> None:
    transaction.execute("DELETE FROM registration WHERE client_key = ? AND event_type = ?", (client_id, EVENT_TYPE))
    if url is not None:
        transaction.execute("INSERT INTO registration VALUES (?, ?, ?)", (client_id, EVENT_TYPE, url))


def _get(url: str, query: str) -> tuple[int, object]:
    target = urlsplit(url)
    kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
    connection = kind(target.netloc, timeout=CHALLENGE_TIMEOUT)
    try:
        connection.request("GET", f"{target.path or '/'}?{query}", headers={"User-Agent": "LinkedIn-Webhooks"})
        response = connection.getresponse()
        return response.status, json.loads(response.read(65_536))
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None
    finally:
        connection.close()
