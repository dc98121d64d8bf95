"""No text of a stranger makes a pattern expensive: each of ours, on the longest text it is given, of every bad kind."""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator

import pytest

from agent.services.briefs import MOST_CHARACTERS
from core.text import MAX_STORED_CHARACTERS
from tests.hostile.cases import each

APPS = ("core", "conversations", "integrations", "agent", "analytics", "workspace", "privacy", "supportagent")
# 50 ms, and as much again for slow machines. What takes longer is looked at: it is refused where twice the text takes far
# more than twice as long.
MOST_SECONDS = 0.1
# Of processor time, of which a busy machine takes nothing.
clock = time.thread_time

# How much the patterns of a module are given, where it is not a whole message.
LENGTHS = {
    "conversations.lures": 4_000,
    "conversations.wording": 1_000,
    # Answers, ours or a model's.
    "conversations.promising": 6_000,
    "agent": MOST_CHARACTERS,
    "agent.graph.links": 8_000,
    # A host's name.
    "core.egress": 255,
    # Lines of logs, notes and settings; messages are masked by core.personal.
    "core.redaction": 8_000,
    # What the drill says, which is ours.
    "workspace.operations.drills": 200,
}
UNITS = (
    "a", "A", "1", " ", "\n", "a ", "1 ", "a.", "a@", "@", "-", ".", "+", "(", "[", "<", "&", "=", "'", '"', "/", "!", "?!", "_", "%", "#",
    "http://", "a:", "1-", "1.", "1,", "ab ", "e\u0301", "\u200b", "aA1", "a-b", "a\n", "\t", "\r\n", "€1", "ich ", "www.", "I want ", "password ",
    "1 1-1 ", "[a](", "[a][", "a@b", "a.b-", "x=", "token=", "+49 ", "2026-", "\\", "{", "${", "ab1 ", "🏴", '"text":"', '\\"name\\":\\"', "\u0301\u0316",
)  # fmt: skip


def modules() -> Iterator[str]:
    """Each module of ours that has patterns to be tried."""
    for app in APPS:
        package = importlib.import_module(app)
        for found in pkgutil.walk_packages(package.__path__, f"{app}."):
            if ".migrations" not in found.name and ".management" not in found.name and has_patterns(found.name):
                yield found.name


def has_patterns(name: str) -> bool:
    """Whether there is one; a module that knocks at a database when it is loaded has none."""
    return "asgi" not in name and "wsgi" not in name and bool(patterns(name))


def patterns(name: str) -> list[re.Pattern[str]]:
    """The patterns for texts that a module has, by themselves or in lists and tables."""

    def held(value: object) -> Iterator[re.Pattern[str]]:
        if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
            yield value
        elif isinstance(value, tuple | list | set | frozenset):
            for item in value:
                yield from held(item)
        elif isinstance(value, dict):
            for item in value.values():
                yield from held(item)

    return [pattern for value in vars(importlib.import_module(name)).values() for pattern in held(value)]


def length_for(name: str) -> int:
    """How long a text the patterns of a module are given at most."""
    return LENGTHS.get(name) or LENGTHS.get(name.partition(".")[0]) or MAX_STORED_CHARACTERS


@pytest.mark.parametrize("long", each("T-023", *UNITS))
def test_no_pattern_takes_long_over_any_text(long: str) -> None:
    slow = []
    for name in NAMES:
        length = length_for(name)
        text = (long * (length // len(long) + 1))[:length]
        slow += [
            (name, pattern.pattern[:80])
            for pattern in patterns(name)
            if cost(pattern, text) > MOST_SECONDS and grows(pattern, text)
        ]

    assert slow == []


def grows(pattern: re.Pattern[str], text: str) -> bool:
    """Whether twice the text costs far more than twice the time, which no busy machine makes of a pattern that is well."""
    half, whole = (min(cost(pattern, part) for _ in range(3)) for part in (text[: len(text) // 2], text))
    return whole > MOST_SECONDS and whole > 3 * half


def cost(pattern: re.Pattern[str], text: str) -> float:
    """The processor time that it takes to find nothing, or the first."""
    began = clock()
    pattern.search(text)
    return clock() - began


NAMES = tuple(modules())
