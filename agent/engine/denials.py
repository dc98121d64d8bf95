"""Sentences that say the same but for one thing: one says it, and the other denies it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.engine.encoder import Encode
from agent.engine.text import sentence_spans, stems
from agent.engine.types import PassageSource

MOST_SENTENCES = 20_000

_DENIES = {
    "en": re.compile(r"\b(?:not|never|no|cannot|none)\b|\b[a-z]{2,8}n['\u2019]t\b", re.IGNORECASE),
    "de": re.compile(r"\b(?:nicht|nie|niemals|kein(?:e[nmrs]?)?)\b", re.IGNORECASE),
    "es": re.compile(r"\b(?:no|nunca|jam[aá]s|ning[uú]n[ao]?)\b", re.IGNORECASE),
    "it": re.compile(r"\b(?:non|mai|nessun[ao]?)\b", re.IGNORECASE),
    "nl": re.compile(r"\b(?:niet|nooit|geen)\b", re.IGNORECASE),
}
# Higher than for numbers: without one that stands on both sides, alike words are easily about two things.
_SHARED, _NEAR = 0.75, 0.8
_LEAST_STEMS = 3
# A stem that is in so many sentences says nothing about what one is about.
_COMMONEST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """A passage that says something and one that denies it, by their places, with the sentences, and how alike they are."""

    says: int
    denies: int
    said: str
    denied: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sentence:
    passage: int
    words: str
    plain: str
    stems: frozenset[str]
    denies: bool


def denials(passages: Sequence[PassageSource], encode: Encode) -> Iterator[Denied]:
    """Every pair of sentences of two passages; all of one language, which none is looked for in unless it is known here."""
    sentences = list(_sentences(passages))[:MOST_SENTENCES]
    pairs = list(_alike(sentences))
    if not pairs:
        return
    wanted = sorted({place for pair in pairs for place in pair})
    vectors = dict(zip(wanted, encode([sentences[place].plain for place in wanted]), strict=True))
    for says, denies in pairs:
        cosine = float(vectors[says] @ vectors[denies])
        if cosine >= _NEAR:
            a, b = sentences[says], sentences[denies]
            yield Denied(says=a.passage, denies=b.passage, said=a.words, denied=b.words, score=cosine)


def _sentences(passages: Sequence[PassageSource]) -> Iterator[_Sentence]:
    for place, passage in enumerate(passages):
        denies = _DENIES.get(passage.language)
        if denies is None:
            continue
        for start, end in sentence_spans(passage.text):
            words = passage.text[start:end]
            plain = denies.sub(" ", words)
            found = frozenset(stems(plain, passage.language))
            if len(found) >= _LEAST_STEMS and not words.rstrip().endswith("?"):
                yield _Sentence(passage=place, words=words, plain=plain, stems=found, denies=plain != words)


def _alike(sentences: Sequence[_Sentence]) -> Iterator[tuple[int, int]]:
    """Places of a sentence that says something and of one that denies it, which share most of their words."""
    by_stem: dict[str, list[int]] = defaultdict(list)
    for place, sentence in enumerate(sentences):
        if not sentence.denies:
            for stem in sentence.stems:
                by_stem[stem].append(place)
    for place, sentence in enumerate(sentences):
        if not sentence.denies:
            continue
        shared = Counter(
            other for stem in sentence.stems if len(by_stem[stem]) <= _COMMONEST for other in by_stem[stem]
        )
        for other, number in shared.items():
            told = sentences[other]
            both = len(sentence.stems | told.stems)
            if told.passage != sentence.passage and number / both >= _SHARED:
                yield other, place
