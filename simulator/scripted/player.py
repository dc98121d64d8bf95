"""Performs the scripts: one new customer every so often, a pause before each line, a wait for each answer."""

import itertools
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.scripted.script import Line, Script
from simulator.settings import InvalidSettings
from simulator.store import Transaction
from simulator.tiktok import apps, customers, threads
from simulator.tiktok.apps import Account
from simulator.tiktok.customers import Line as Said
from simulator.world import World

logger = logging.getLogger(__name__)

MAX_AT_ONCE = 5


@dataclass(slots=True, kw_only=True)
class _Performance:
    account: Account
    conversation_id: str
    script: Script
    next_line: int = 0
    next_text: int = 0
    not_before: float = 0.0
    spoke_at_ms: int = 0
    gives_up_at: float = field(default=0.0)


class Player:
    """The scripted customers. Performances under way are not resumed after a restart; the count of them is kept.

    No more than ``max_waiting`` of them wait for a person's answer at a time: until one has it, only stories that need no
    person are told.
    """

    def __init__(self, world: World, scripts: list[Script]) -> None:
        self._world = world
        self._scripts = itertools.cycle(scripts) if scripts else None
        self._count = len(scripts)
        self._need_person: list[str] = []
        self._running: list[_Performance] = []
        self._next_start = 0.0
        self.enabled = False
        self.max_conversations = 200
        self.max_waiting = 6
        self.every_seconds = 20.0
        self.pause_seconds = 2.5
        self.patience_seconds = 120.0

    def change(self, order: Mapping[str, Any]) -> None:
        """Set ``enabled`` or one of ``max_conversations``, ``max_waiting``, ``every_seconds``, ``pause_seconds``, ``patience_seconds``.

        Raises InvalidSettings and changes nothing.
        """
        numbers = ("max_conversations", "max_waiting", "every_seconds", "pause_seconds", "patience_seconds")
        for name in order:
            value = order[name]
            if name == "enabled":
                fits = isinstance(value, bool)
            else:
                fits = (
                    name in numbers and isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
                )
            if not fits:
                raise InvalidSettings(f"{name} is not a setting of the scripted customers, or has an unfit value.")
        if order.get("enabled") is True and not self.enabled:
            self._next_start = 0.0
        self.enabled = order.get("enabled", self.enabled)
        self.max_conversations = int(order.get("max_conversations", self.max_conversations))
        self.max_waiting = int(order.get("max_waiting", self.max_waiting))
        self.every_seconds = float(order.get("every_seconds", self.every_seconds))
        self.pause_seconds = float(order.get("pause_seconds", self.pause_seconds))
        self.patience_seconds = float(order.get("patience_seconds", self.patience_seconds))

    def as_json(self, transaction: Transaction) -> dict[str, Any]:
        """The settings, and how many scripted conversations there were and are."""
        return {
            "enabled": self.enabled,
            "max_conversations": self.max_conversations,
            "max_waiting": self.max_waiting,
            "every_seconds": self.every_seconds,
            "pause_seconds": self.pause_seconds,
            "patience_seconds": self.patience_seconds,
            "played": self._played(transaction),
            "running": len(self._running),
        }

    def start(self) -> None:
        """Begin; the first customer comes after a short while."""
        self._next_start = time.time() + min(2.0, self.every_seconds)
        threading.Thread(target=self._play, name="scripted", daemon=True).start()

    def _play(self) -> None:
        while not self._world.stopping.wait(min(0.25, self.pause_seconds / 2 + 0.01)):
            if not self.enabled:
                continue
            try:
                self._start_one()
                self._running = [each for each in self._running if self._step(each)]
            except Exception:  # the thread's edge: the next round may do better
                if self._world.stopping.is_set():
                    return
                logger.exception("The scripted customers stumbled")

    def _start_one(self) -> None:
        now = time.time()
        if now < self._next_start or self._scripts is None or len(self._running) >= MAX_AT_ONCE:
            return
        self._next_start = now + self.every_seconds
        with self._world.store.reading() as transaction:
            played = self._played(transaction)
            listening = [each for each in apps.accounts(transaction) if self._listens(transaction, each)]
            self._need_person = [each for each in self._need_person if self._waits(transaction, each)]
        if not listening or played >= self.max_conversations:
            return
        script = self._next_script(self._scripts)
        if script is None:
            return
        account = listening[played % len(listening)]
        with self._world.store.transaction() as transaction:
            name = script.customers[played % len(script.customers)]
            username = f"{name.lower().replace(' ', '.')}{played + 1}"
            customer = threads.ensure_customer(transaction, username, display_name=name, scripted=True)
            conversation = threads.ensure_conversation(transaction, account, customer)
        if script.needs_person:
            self._need_person.append(conversation.id)
        self._running.append(_Performance(account=account, conversation_id=conversation.id, script=script))

    def _next_script(self, scripts: Iterator[Script]) -> Script | None:
        """The next story that may be told; None where all need a person and enough wait for one."""
        is_full = len(self._need_person) >= self.max_waiting
        turn = itertools.islice(scripts, self._count)
        return next((script for script in turn if not (script.needs_person and is_full)), None)

    def _waits(self, transaction: Transaction, conversation_id: str) -> bool:
        """Whether the customer is still speaking, or has not been answered since the last word."""
        if any(each.conversation_id == conversation_id for each in self._running):
            return True
        return not transaction.number(
            "SELECT count(*) FROM message WHERE conversation_id = ? AND direction = 'out' AND at_ms >"
            " (SELECT coalesce(max(at_ms), 0) FROM message WHERE conversation_id = ? AND direction = 'in')",
            (conversation_id, conversation_id),
        )

    def _step(self, performance: _Performance) -> bool:
        """Say the next thing if it is time; answers whether the performance goes on."""
        now = time.time()
        if performance.next_line >= len(performance.script.lines):
            return False
        line = performance.script.lines[performance.next_line]
        waits = line.waits and performance.next_text == 0 and performance.spoke_at_ms > 0
        if waits and not self._answered(performance):
            return now < performance.gives_up_at
        if performance.not_before == 0.0:
            performance.not_before = now + (self.pause_seconds if performance.spoke_at_ms else 0.0)
        if now < performance.not_before:
            return True
        self._say(performance, line)
        return True

    def _say(self, performance: _Performance, line: Line) -> None:
        with self._world.store.transaction() as transaction:
            account, conversation = customers.conversation_for(
                transaction, business_id=None, user=None, conversation_id=performance.conversation_id
            )
            order: dict[str, object]
            if performance.next_text < len(line.texts):
                order = {"text": line.texts[performance.next_text]}
            elif line.sticker:
                order = {"sticker": line.sticker}
            else:
                order = {"image": True}
            if line.waits and performance.next_text == 0 and performance.spoke_at_ms:
                customers.read(self._world, transaction, account, conversation, None)
            said: Said = customers.line_from(self._world, transaction, account, order)
            message = customers.say(self._world, transaction, account, conversation, said)
        performance.spoke_at_ms = message.at_ms
        performance.next_text += 1
        now = time.time()
        performance.gives_up_at = now + self.patience_seconds
        if performance.next_text >= len(line.texts) + bool(line.sticker) + line.image:
            performance.next_line += 1
            performance.next_text = 0
            performance.not_before = 0.0
        else:
            performance.not_before = now + self.pause_seconds / 2

    def _answered(self, performance: _Performance) -> bool:
        with self._world.store.reading() as transaction:
            return bool(
                transaction.number(
                    "SELECT count(*) FROM message WHERE conversation_id = ? AND direction = 'out' AND at_ms > ?",
                    (performance.conversation_id, performance.spoke_at_ms),
                )
            )

    def _played(self, transaction: Transaction) -> int:
        return transaction.number("SELECT count(*) FROM customer WHERE scripted = 1")

    def _listens(self, transaction: Transaction, account: Account) -> bool:
        return apps.callback_url(transaction, account.client_key, apps.DIRECT_MESSAGE) is not None
