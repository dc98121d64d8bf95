"""The product with one of its promises taken out: what the drill must notice, or its silence means nothing.

A mutant is an edit of the product's own source, made in the memory of a process that a drill starts, before the product
runs there; the product holds none of them. An edit that no longer fits its function is an error, never passed over.
"""

import importlib
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType


class DoesNotFit(Exception):
    """The product's function does not read as the edit expects; the message names it."""


@dataclass(frozen=True, slots=True)
class Edit:
    """In the function at ``place`` ("module:name"), each key of ``changes`` stands exactly once and becomes its value."""

    place: str
    changes: Mapping[str, str]

    def function(self) -> FunctionType:
        """The function without its decorators. Raises DoesNotFit."""
        module, _, path = self.place.partition(":")
        found: object = importlib.import_module(module)
        for name in path.split("."):
            found = getattr(found, name, None)
        found = inspect.unwrap(found) if callable(found) else None
        if not isinstance(found, FunctionType):
            raise DoesNotFit(f"{self.place} is no function any more.")
        return found

    def edited(self) -> CodeType:
        """The function's code as edited. Raises DoesNotFit."""
        function = self.function()
        source = textwrap.dedent(inspect.getsource(function))
        for old, new in self.changes.items():
            if source.count(old) != 1:
                raise DoesNotFit(f"{self.place} holds {source.count(old)} times: {old}")
            source = source.replace(old, new)
        names = dict(function.__globals__)
        exec(compile(source, f"<mutant of {self.place}>", "exec"), names)  # noqa: S102  (the product's own source)
        code: CodeType = inspect.unwrap(names[function.__name__]).__code__
        return code

    def apply(self) -> None:
        """Put the edited code in force, wherever the function is known by name already."""
        self.function().__code__ = self.edited()


EDITS: Mapping[str, tuple[Edit, ...]] = {
    "ack-before-commit": (
        Edit(
            "integrations.intake:_take",
            {
                "_keep(platform, headers, body, kept)": (
                    '__import__("threading").Timer(2.0, _keep, (platform, headers, body, kept)).start()'
                )
            },
        ),
    ),
    # The drill drops the constraint itself; this is for the statement that relies on it.
    "no-unique-key": (
        Edit(
            "integrations.intake:_insert",
            {
                "_INSERTS[cursor.db.vendor]": (
                    '_INSERTS[cursor.db.vendor].replace("ON CONFLICT (source, event_key) DO NOTHING", "")'
                )
            },
        ),
    ),
    "no-fencing": (
        Edit(
            "conversations.services.turns:commit_turn",
            {
                "if conversation.epoch != turn.epoch or conversation.answered_to_seq != turn.answered_to_seq:": (
                    "if False:"
                )
            },
        ),
    ),
    "expired-sending-to-pending": (
        Edit(
            "conversations.services.deliveries:_release",
            {"_doubt(conversation, delivery, ": "_wait(conversation, delivery, seconds=0, reason="},
        ),
    ),
    "blind-retry": (
        Edit(
            "conversations.services.deliveries:settle_delivery",
            {"_doubt(conversation, delivery, ": "_wait(conversation, delivery, seconds=0, reason="},
        ),
    ),
    "skip-locked": (
        Edit(
            "integrations.services.ingest:_drain_thread",
            {"lane.first_ones()": "list(lane.waiting().select_for_update(skip_locked=True)[:MOST_AT_ONCE])"},
        ),
    ),
    # Without the epoch, and without the three later looks at who owns the conversation, which would hold alone.
    "takeover-without-epoch": (
        Edit(
            "conversations.services.handover:rest_turn",
            {
                "conversation.epoch += 1": "pass",
                "conversation.answered_to_seq = conversation.last_in_seq": "pass",
            },
        ),
        Edit(
            "conversations.services.turns:commit_turn",
            {"    if conversation.mode != Conversation.Mode.BOT:": "    if False:"},
        ),
        Edit(
            "conversations.services.deliveries:_first_in_line",
            {"conversation.mode != Conversation.Mode.BOT or stuck": "stuck"},
        ),
        Edit(
            "conversations.services.sweeping:_may_go",
            {"~Q(author=Delivery.Author.BOT) | Q(conversation__mode=Conversation.Mode.BOT)": "Q()"},
        ),
    ),
    # What was spent is looked at, as a throttle looks at its history; what was reserved since is not.
    "check-then-act-cap": (
        Edit(
            "agent.llm.spend:_hold",
            {'promised = F("reserved")': "promised = 0"},
        ),
    ),
}


FAILPOINTS: Mapping[str, tuple[Edit, ...]] = {
    "troubled-work": (
        Edit(
            "agent.runtime:Runtime.think",
            {
                "loaded, models = self.release(brief.release_id, state), self._chain": (
                    '__import__("importlib").import_module("drill.failpoints").think(brief.message)\n'
                    "    loaded, models = self.release(brief.release_id, state), self._chain"
                )
            },
        ),
        Edit(
            "integrations.services.readings:read",
            {
                "for opened in reader.open(raw):": (
                    '__import__("importlib").import_module("drill.failpoints").read(raw.body)\n'
                    "        for opened in reader.open(raw):"
                )
            },
        ),
    ),
    "colliding-transactions": (
        Edit(
            "core.crashpoints:crash_point",
            {
                "if _fuse is not None:": (
                    '__import__("importlib").import_module("drill.failpoints").collide(name)\n    if _fuse is not None:'
                )
            },
        ),
        Edit(
            "conversations.services.deliveries:settle_delivery",
            {
                "conversation = lock(claimed.conversation_id)": (
                    "conversation = lock(claimed.conversation_id)\n"
                    '    __import__("importlib").import_module("drill.failpoints").collide("settle")'
                )
            },
        ),
    ),
}
"""What goes wrong inside the product without any promise being taken out: it must hold all the same."""


def apply(name: str) -> None:
    """Turn this process's product into the mutant ``name``, or give it the failpoint of that name.

    Raises DoesNotFit, and KeyError for an unknown name.
    """
    for edit in {**EDITS, **FAILPOINTS}[name]:
        edit.apply()
