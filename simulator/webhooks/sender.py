"""The threads that deliver the outbox: in order per lane, again and again until 200 or the time is over.

Each app has threads of its own, as each platform has its own machines: none waits behind what another one tells.
"""

import http.client
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from simulator import truth
from simulator.faults import Rule
from simulator.settings import Settings
from simulator.store import Store, Transaction
from simulator.webhooks import outbox
from simulator.webhooks.backoff import wait_after
from simulator.webhooks.lanes import Lanes
from simulator.webhooks.outbox import Attempt, Webhook
from simulator.world import World

logger = logging.getLogger(__name__)

THREADS = 16
WORDS: Mapping[type[BaseException], str] = {
    ConnectionRefusedError: "connection refused",
    ConnectionResetError: "connection reset",
    BrokenPipeError: "connection closed",
    http.client.RemoteDisconnected: "closed without an answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """Where one attempt goes and what it carries besides the body; and how often and long, if not with growing pauses."""

    url: str
    headers: Mapping[str, str]
    retry_seconds: float | None = None
    retry_hours: float | None = None


# The platform's part: address and signed headers for an attempt at this time, or None when nobody listens any more.
Prepare = Callable[[Transaction, Webhook, int], Outgoing | None]


class Senders:
    """Delivers all apps' webhooks. ``start`` once, ``stop`` once."""

    def __init__(self, store: Store, prepare: Prepare) -> None:
        self._store = store
        self._prepare = prepare
        self._lock = threading.Lock()
        self._senders: dict[str, _Sender] = {}
        self._world: World | None = None
        self._paused = False
        self._stopped = False

    @property
    def paused(self) -> bool:
        """Whether delivery is held back."""
        return self._paused

    @property
    def in_flight(self) -> int:
        """How many attempts are under way."""
        return sum(sender.in_flight for sender in self._all())

    def start(self, world: World) -> None:
        """Take up what an earlier run left, and begin."""
        with self._store.reading() as transaction:
            waiting = outbox.pending(transaction)
        for webhook_id, app, lane, due_at in waiting:
            self.queue(webhook_id, app=app, lane=lane, due_at=due_at)
        with self._lock:
            self._world = world
            begun = list(self._senders.values())
        for sender in begun:
            sender.start(world)

    def stop(self) -> None:
        """Begin no further attempt."""
        with self._lock:
            self._stopped = True
        for sender in self._all():
            sender.stop()

    def pause(self, *, paused: bool) -> None:
        """Hold deliveries back, or let them go."""
        with self._lock:
            self._paused = paused
            for sender in self._senders.values():
                sender.pause(paused=paused)

    def hurry(self) -> None:
        """Try everything that waits now, whatever its time."""
        for sender in self._all():
            sender.hurry()

    def queue(self, webhook_id: int, *, app: str, lane: str, due_at: float) -> None:
        """A webhook was written down and waits for its turn among its app's."""
        with self._lock:
            sender = self._senders.get(app) or self._hire(app)
        sender.queue(webhook_id, lane=lane, due_at=due_at)

    def _hire(self, app: str) -> "_Sender":
        sender = self._senders[app] = _Sender(self._store, self._prepare)
        sender.pause(paused=self._paused)
        if self._stopped:
            sender.stop()
        elif self._world is not None:
            sender.start(self._world)
        return sender

    def _all(self) -> "list[_Sender]":
        with self._lock:
            return list(self._senders.values())


class _Sender:
    """One app's threads and what waits for them."""

    def __init__(self, store: Store, prepare: Prepare) -> None:
        self._store = store
        self._prepare = prepare
        self._condition = threading.Condition()
        self._lanes = Lanes()
        self._paused = False
        self._stopped = False
        self.in_flight = 0

    def start(self, world: World) -> None:
        for number in range(THREADS):
            threading.Thread(target=self._work, args=(world,), name=f"webhook-{number}", daemon=True).start()

    def stop(self) -> None:
        with self._condition:
            self._stopped = True
            self._condition.notify_all()

    def pause(self, *, paused: bool) -> None:
        with self._condition:
            self._paused = paused
            self._condition.notify_all()

    def hurry(self) -> None:
        with self._condition:
            self._lanes.hurry(time.time())
            self._condition.notify_all()

    def queue(self, webhook_id: int, *, lane: str, due_at: float) -> None:
        with self._condition:
            self._lanes.add(webhook_id, lane=lane, due_at=due_at)
            self._condition.notify()

    def _work(self, world: World) -> None:
        connections: dict[str, http.client.HTTPConnection] = {}
        while True:
            taken = self._take()
            if taken is None:
                return
            webhook_id, lane = taken
            due_at: float | None = time.time() + 1
            try:
                due_at = self._deliver(world, webhook_id, connections)
            except Exception:  # the thread's edge: the webhook waits a moment, the thread lives on
                if self._stopped:
                    return
                logger.exception("Webhook %d could not be attempted", webhook_id)
            with self._condition:
                self.in_flight -= 1
                if due_at is None:
                    self._lanes.done(lane)
                else:
                    self._lanes.again(lane, due_at=due_at)
                self._condition.notify()

    def _take(self) -> tuple[int, str] | None:
        with self._condition:
            while not self._stopped:
                due_at = None if self._paused else self._lanes.next_due()
                now = time.time()
                if due_at is not None and due_at <= now:
                    self.in_flight += 1
                    return self._lanes.take()
                self._condition.wait(None if due_at is None else due_at - now)
            return None

    def _deliver(
        self, world: World, webhook_id: int, connections: dict[str, http.client.HTTPConnection]
    ) -> float | None:
        """One attempt; answers when to try again, or None when it is over."""
        settings = world.knobs.now
        now = time.time()
        with self._store.reading() as transaction:
            webhook = outbox.find(transaction, webhook_id)
            if webhook is None:
                return None
            keeps_time = webhook.signed_at is not None and (webhook.variant == "stale" or not settings.resign_retries)
            signed_at = webhook.signed_at if keeps_time and webhook.signed_at is not None else int(now)
            outgoing = self._prepare(transaction, webhook, signed_at)
        hang_up = world.faults.strike(
            ("webhook", "echo") if webhook.event == "im_send_msg" else ("webhook",),
            account=webhook.business_id,
            kinds=frozenset({"hang_up"}),
        )
        started = time.monotonic()
        status: int
        error: str | None
        if outgoing is None:
            status, error = 0, "no address registered"
        else:
            status, error = _post(
                connections, outgoing, webhook.body, seconds=settings.webhook_timeout_seconds, hang_up=bool(hang_up)
            )
        attempt = Attempt(
            status=status, error=error, milliseconds=int((time.monotonic() - started) * 1000), signed_at=signed_at
        )
        state, due_at = "acked", time.time()
        if status != 200:
            due_at, ends_at = _again(webhook, outgoing, settings)
            over = due_at > ends_at
            state = "dropped" if over or outgoing is None or webhook.variant == "forged" else "pending"
        with self._store.transaction() as transaction:
            if hang_up is not None:
                _note(transaction, hang_up, webhook)
            outbox.record(transaction, webhook, attempt, state=state, due_at=due_at)
        return due_at if state == "pending" else None


def _again(webhook: Webhook, outgoing: Outgoing | None, settings: Settings) -> tuple[float, float]:
    """When to try again, and from when on not any more."""
    if outgoing is None or outgoing.retry_seconds is None or outgoing.retry_hours is None:
        pause, hours = wait_after(webhook.attempts + 1, factor=settings.retry_factor), settings.retry_for_hours
    else:
        pause, hours = outgoing.retry_seconds * settings.retry_factor, outgoing.retry_hours
    return time.time() + pause, webhook.created_at + hours * 3600


def _note(transaction: Transaction, rule: Rule, webhook: Webhook) -> None:
    truth.append(
        transaction,
        kind="fault",
        name=rule.kind,
        account=webhook.business_id,
        conversation_id=webhook.conversation_id,
        message_id=webhook.message_id,
        detail={"rule": rule.id, "where": rule.where},
    )


def _post(
    connections: dict[str, http.client.HTTPConnection],
    outgoing: Outgoing,
    body: bytes,
    *,
    seconds: float,
    hang_up: bool,
) -> tuple[int, str | None]:
    """The HTTP status and no words, or 0 and why there is none. Keeps the connection for the next one."""
    target = urlsplit(outgoing.url)
    origin = f"{target.scheme}://{target.netloc}"
    kept = connections.pop(origin, None)
    connection = kept or _connect(target)
    try:
        try:
            status = _exchange(connection, target, outgoing, body, seconds=seconds, hang_up=hang_up)
        except (ConnectionError, http.client.HTTPException):
            connection.close()
            if kept is None:
                raise
            # A kept connection may have been closed meanwhile; that is no failure of the receiver.
            connection = _connect(target)
            status = _exchange(connection, target, outgoing, body, seconds=seconds, hang_up=hang_up)
    except TimeoutError:
        connection.close()
        return 0, "timeout"
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return 0, WORDS.get(type(error), type(error).__name__)
    if status is None:
        return 0, "hung up without waiting for the answer"
    if connection.sock is not None:
        connections[origin] = connection
    return status, None


def _exchange(
    connection: http.client.HTTPConnection,
    target: SplitResult,
    outgoing: Outgoing,
    body: bytes,
    *,
    seconds: float,
    hang_up: bool,
) -> int | None:
    """The status answered; None after hanging up. The connection stays open when it can be used again."""
    connection.timeout = max(seconds, 0.05)
    if connection.sock is not None:
        connection.sock.settimeout(connection.timeout)
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    connection.request("POST", path, body=body, headers=dict(outgoing.headers))
    if hang_up:
        connection.close()
        return None
    response = connection.getresponse()
    response.read(65_536)
    if response.will_close or not response.isclosed():
        connection.close()
    return response.status


def _connect(target: SplitResult) -> http.client.HTTPConnection:
    if target.scheme == "https":
        return http.client.HTTPSConnection(target.netloc)
    return http.client.HTTPConnection(target.netloc)
