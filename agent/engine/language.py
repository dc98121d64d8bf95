"""Which language a message is written in: its script first, then its letters, then what the conversation suggests."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from agent.engine.openers import OPENERS
from agent.engine.text import count_letters, words

_SCRIPT_LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "HIRAGANA": ("ja",), "KATAKANA": ("ja",), "HANGUL": ("ko",), "THAI": ("th",), "GREEK": ("el",), "HEBREW": ("he",),
    "CJK": ("zh", "ja"), "ARABIC": ("ar", "fa", "ur"), "DEVANAGARI": ("hi", "mr", "ne"),
    "CYRILLIC": ("ru", "uk", "bg", "sr", "mk", "be", "kk"), "ARMENIAN": ("hy",), "GEORGIAN": ("ka",),
    "BENGALI": ("bn",), "TAMIL": ("ta",),
}  # fmt: skip
_LATIN_LANGUAGES = (
    "en", "de", "es", "it", "nl", "fr", "pt", "pl", "tr", "da", "sv", "no", "fi", "cs", "sk", "hu", "ro", "hr", "id", "vi",
    "kk", "sr",
)  # fmt: skip
_PRIOR_WEIGHT = 2.0
_DEFAULT_WEIGHT = 0.3
_OPENER_WEIGHT = 3.5
_OUTSIDE_LETTERS = 24
_OUTSIDE_ADVANTAGE = 0.6
_SHORT_LETTERS = 12
_LATIN_SHARE = 0.5
_MASHED_VOWELS = 0.1
_VOWELS = frozenset("aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýąęėįųūőűışăâ")
_NOISE = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+\.[\w.-]+|[#@]\w+|\b\w*\d\w*\b")


class LanguageDetector:
    """Names the language of a text. It holds no state of its own, so threads may share it."""

    def __init__(self) -> None:
        """Take the identifier's model, which is read once a process: it is large, and nobody changes it."""
        self._identifier = _identifier()

    def detect(self, text: str, *, prior: str | None, languages: Sequence[str]) -> tuple[str, float]:
        """The language's code and how sure that is, from 0 to 1.

        ``languages`` are the business's, its default first; ``prior`` is what the conversation or the channel suggests.
        A text plainly in another language is named as what it is, even outside ``languages``.
        """
        fallback = prior or (languages[0] if languages else "en")
        stripped = _NOISE.sub(" ", text)
        letters = count_letters(stripped)
        if not letters:
            return fallback, 0.0
        script = _script(stripped)
        if script is None and _is_mashed(stripped):
            return fallback, 0.0
        if script is None:
            candidates = tuple(language for language in languages if not _has_own_script(language)) or _LATIN_LANGUAGES
        else:
            known = _SCRIPT_LANGUAGES[script]
            candidates = tuple(language for language in known if language in languages) or known
        scores = self._scores(stripped)
        weights = _with_priors(scores, candidates, stripped, prior=prior, fallback=fallback, letters=letters)
        best = max(weights, key=weights.__getitem__)
        confidence = _share(weights, best)
        if script is None and letters >= _OUTSIDE_LETTERS:
            outside = max(_LATIN_LANGUAGES, key=lambda language: scores.get(language, -math.inf))
            if (
                outside not in languages
                and scores.get(outside, -math.inf) - scores.get(best, -math.inf) > _OUTSIDE_ADVANTAGE
            ):
                return outside, _share({**weights, outside: scores[outside]}, outside)
        return best, confidence

    def _scores(self, text: str) -> dict[str, float]:
        ranked: list[tuple[str, float]] = self._identifier.rank(text)
        # The square root of the length keeps the softmax about as sure as it is right, whatever the length.
        scale = math.sqrt(max(len(text.encode()), 1))
        return {label: (float(score) - float(ranked[0][1])) / scale for label, score in ranked}


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    # One of our own: the library's is open to whoever restricts its languages.
    return LanguageIdentifier.from_model_file(MODEL_FILE)


def _with_priors(
    scores: Mapping[str, float],
    candidates: Sequence[str],
    text: str,
    *,
    prior: str | None,
    fallback: str,
    letters: int,
) -> dict[str, float]:
    # Short texts say little of themselves, so what the conversation suggests weighs more.
    trust = (
        _PRIOR_WEIGHT * min(2.0, _SHORT_LETTERS / letters)
        if prior
        else _DEFAULT_WEIGHT * min(1.0, _SHORT_LETTERS / letters)
    )
    floor = min(scores.values())
    weights = {language: scores.get(language, floor) for language in candidates}
    if fallback in weights:
        weights[fallback] += trust
    tokens = Counter(words(text))
    total = sum(tokens.values())
    for language in candidates:
        known = OPENERS.get(language)
        if known and total:
            weights[language] += _OPENER_WEIGHT * sum(tokens[word] for word in known & tokens.keys()) / total
    return weights


def _share(weights: Mapping[str, float], chosen: str) -> float:
    top = max(weights.values())
    return math.exp(weights[chosen] - top) / sum(math.exp(weight - top) for weight in weights.values())


@lru_cache(maxsize=20_000)
def _script_of(sign: str) -> str:
    return unicodedata.name(sign, "").split(" ", 1)[0]


def _script(text: str) -> str | None:
    """The script that holds most of the text's letters; None for Latin and for scripts the engine has no list of."""
    counts: Counter[str] = Counter()
    for sign in text:
        if sign.isalpha() and not sign.isascii():
            counts[_script_of(sign)] += 1
    known = {name: count for name, count in counts.items() if name in _SCRIPT_LANGUAGES}
    if not known:
        return None
    if known.get("HIRAGANA", 0) + known.get("KATAKANA", 0) > 0 and "CJK" in known:
        return "HIRAGANA"
    name = max(known, key=known.__getitem__)
    # One sign of Chinese says about as much as four letters.
    weight = 4 if name in {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"} else 1
    latin = sum(1 for sign in text if sign.isascii() and sign.isalpha())
    return name if known[name] * weight >= _LATIN_SHARE * latin else None


def _is_mashed(text: str) -> bool:
    """Whether no mouth could say it, as when keys are hit at random.

    Such letters are spread like some language's, which is no reason to answer in it.
    """
    letters = [sign for sign in text.lower() if sign.isalpha()]
    return sum(sign in _VOWELS for sign in letters) <= _MASHED_VOWELS * len(letters)


def _has_own_script(language: str) -> bool:
    return language not in {"kk", "sr"} and any(language in listed for listed in _SCRIPT_LANGUAGES.values())
