"""Phrases that fire an escalation head by themselves, found wherever they stand in a message."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent.engine.text import UNSPACED_CHARACTERS, fold
from agent.engine.types import Phrase

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_PIECE = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(f"[{UNSPACED_CHARACTERS}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    head: str
    pieces: tuple[str, ...]
    phrase: str


class PhraseMatcher:
    """Finds phrases at word boundaries, whatever their case and accents; phrases of all languages are looked for."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        """Sort the phrases by their first word; those without a letter or digit are left out."""
        self._spaced: dict[str, list[_Entry]] = {}
        self._unspaced: list[_Entry] = []
        heads: dict[str, None] = {}
        for phrase in phrases:
            # Writers without a German keyboard spell umlauts out.
            for spelling in dict.fromkeys((phrase.text, phrase.text.translate(_UMLAUTS))):
                pieces = tuple(_PIECE.findall(fold(spelling)))
                if not pieces:
                    continue
                heads[phrase.head] = None
                entry = _Entry(head=phrase.head, pieces=pieces, phrase=phrase.text)
                if _UNSPACED.search(spelling):
                    self._unspaced.append(entry)
                else:
                    self._spaced.setdefault(pieces[0], []).append(entry)
        self._heads = tuple(heads)

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads that have phrases."""
        return self._heads

    def find(self, text: str) -> dict[str, str]:
        """Head to the first of its phrases that stands in the text, as the phrase is written in the list."""
        folded = fold(text)
        pieces = tuple(_PIECE.findall(folded))
        found: dict[str, str] = {}
        for position, piece in enumerate(pieces):
            for entry in self._spaced.get(piece, ()):
                if entry.head not in found and pieces[position : position + len(entry.pieces)] == entry.pieces:
                    found[entry.head] = entry.phrase
        # Scripts without spaces have no word boundary to ask for.
        joined = " ".join(pieces)
        for entry in self._unspaced:
            if entry.head not in found and " ".join(entry.pieces) in joined:
                found[entry.head] = entry.phrase
        return found
