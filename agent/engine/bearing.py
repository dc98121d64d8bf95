"""How the words of a passage bear on a question, beyond being the same: kinds, names, and what stands together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from agent.engine.asked_kinds import Kind, asked_kind, holds
from agent.engine.keywords import KeywordMatch, sentence_stems
from agent.engine.stopwords import STOPWORDS
from agent.engine.text import fold, sentence_spans, word_spans, words
from agent.engine.types import PassageSource

_NAMES_CAP = 3
_NAMES_READ = 12
_ELSEWHERE = 0.5
_CACHED_PASSAGES = 1_024
_NOUNS_HAVE_CAPITALS = frozenset({"de"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as its words are looked at: the kind of thing it asks for, and the names and years it names, folded."""

    text: str
    kind: Kind | None
    names: tuple[str, ...]


def read_question(text: str, language: str) -> Asked:
    """Look at a question once, for all the passages it is held against."""
    return Asked(text=text, kind=asked_kind(text, language), names=_names(text, language))


def kind_evidence(
    asked: Asked, passage: PassageSource, spans: Sequence[tuple[int, int]], quote: tuple[int, int]
) -> tuple[float, float]:
    """Whether a thing of the kind asked for stands in the quotation (1) or elsewhere in the passage (a half), and whether in neither."""
    if asked.kind is None:
        return 0.0, 0.0
    there = [
        quote[0] <= start < quote[1]
        for start, end in spans
        if holds(asked.kind, passage.text[start:end], passage.language, asked.text)
    ]
    if not there:
        return 0.0, 1.0
    return (1.0 if any(there) else _ELSEWHERE), 0.0


def missing_names(asked: Asked, passage: PassageSource) -> float:
    """How many of the names and years in the question the passage does not have, three at most."""
    if not asked.names:
        return 0.0
    own = _vocabulary("\n".join((passage.title, passage.heading, passage.text, *passage.questions)))
    missing = [name for name in asked.names if name not in own and not any(word.startswith(name) for word in own)]
    return float(min(len(missing), _NAMES_CAP))


def together(match: KeywordMatch, passage: PassageSource, spans: Sequence[tuple[int, int]]) -> float:
    """The share of the query's terms in the sentence that has most of them, the rare ones counting most.

    What a title and a heading say is said of every sentence below them.
    """
    weights = {term: weight * weight for term, weight in match.idf.items()}
    total = sum(weights.values())
    if not total:
        return 0.0
    above = sentence_stems(f"{passage.title}\n{passage.heading}", passage.language)
    found = sum(weight for term, weight in weights.items() if term in above)
    open_terms = {term: weight for term, weight in weights.items() if term not in above}
    best = max(
        (
            sum(
                open_terms[term]
                for term in open_terms.keys() & sentence_stems(passage.text[start:end], passage.language)
            )
            for start, end in spans
        ),
        default=0.0,
    )
    return (found + best) / total


@lru_cache(maxsize=_CACHED_PASSAGES)
def _vocabulary(text: str) -> frozenset[str]:
    return frozenset(words(text))


def _names(text: str, language: str) -> tuple[str, ...]:
    """Words written as names, and years; none where the writing tells nothing, as in a question all in capitals."""
    spans = list(word_spans(text))
    written = [text[start:end] for start, end in spans]
    capital = [word[0].isupper() for word in written]
    tells = any(word[0].islower() for word in written)
    begins = {start for start, _ in sentence_spans(text)}
    common = STOPWORDS.get(language, frozenset())
    found: list[str] = []
    for place, (word, (start, _)) in enumerate(zip(written, spans, strict=True)):
        folded = fold(word).removesuffix("s") if word.endswith(("'s", "’s")) else fold(word)
        is_first = place == 0 or start in begins
        if word.isdigit():
            is_name = len(word) == 4 and word[0] in "12"
        elif language in _NOUNS_HAVE_CAPITALS:
            beside = (place > 0 and capital[place - 1] and place - 1 > 0) or (
                place + 1 < len(written) and capital[place + 1] and not is_first
            )
            is_name = capital[place] and (word.isupper() or beside) and len(word) > 1
        else:
            is_name = capital[place] and not is_first and len(word) > 1
        if is_name and (tells or word.isdigit()) and folded not in common:
            found.append(folded)
    return tuple(dict.fromkeys(found))[:_NAMES_READ]
