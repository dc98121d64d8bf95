"""Phrases that fire an escalation head by themselves, found wherever they stand in a message."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent.engine.text import UNSPACED_CHARACTERS, fold
from agent.engine.types import Phrase

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_PIECE = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(f"[{UNSPACED_CHARACTERS}]")


class PhraseMatcher:
    """Finds phrases at word boundaries, whatever their case and accents; phrases of all languages are looked for."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        """Compile one pattern a head; phrases without a letter or digit are left out."""
        by_head: dict[str, dict[str, str]] = {}
        for phrase in phrases:
            patterns = by_head.setdefault(phrase.head, {})
            for spelling in {phrase.text, phrase.text.translate(_UMLAUTS)}:
                pattern = _pattern(spelling)
                if pattern:
                    patterns.setdefault(pattern, phrase.text)
        self._heads = {
            head: (re.compile("|".join(f"({pattern})" for pattern in patterns)), tuple(patterns.values()))
            for head, patterns in by_head.items()
            if patterns
        }

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads that have phrases."""
        return tuple(self._heads)

    def find(self, text: str) -> dict[str, str]:
        """Head to the first of its phrases that stands in the text, as the phrase is written in the list."""
        folded = fold(text)
        found: dict[str, str] = {}
        for head, (pattern, phrases) in self._heads.items():
            match = pattern.search(folded)
            if match is not None and match.lastindex is not None:
                found[head] = phrases[match.lastindex - 1]
        return found


def _pattern(spelling: str) -> str:
    pieces = _PIECE.findall(fold(spelling))
    if not pieces:
        return ""
    body = r"[\W_]+".join(re.escape(piece) for piece in pieces)
    # Scripts without spaces have no word boundary to ask for.
    before = "" if _UNSPACED.match(pieces[0][0]) else r"(?<![^\W_])"
    after = "" if _UNSPACED.match(pieces[-1][-1]) else r"(?![^\W_])"
    return f"{before}{body}{after}"
