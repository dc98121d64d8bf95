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
# Written so alike that a short text does not tell which it is, and whoever reads one reads the other.
_ALIKE = {"hr": "sr", "sr": "hr", "da": "no", "no": "da"}
_PRIOR_WEIGHT = 2.0
_DEFAULT_WEIGHT = 0.3
_UNKNOWN_WEIGHT = 1.2
_OPENER_WEIGHT = 3.5
_OUTSIDE_LETTERS = 24
_OUTSIDE_ADVANTAGE = 0.6
_OUTSIDE_SHARE = 0.3
_MORE_KNOWN = 0.01
_SHORT_LETTERS = 12
# Products and people have Latin names in messages of every script, and names of other scripts are rare in Latin ones.
_LATIN_SHARE = 0.25
_UNSAYABLE_SHARE = 0.45
_VOWELS = "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýąęėįųūőűışăâ"
_UNSAYABLE = re.compile(rf"[^{_VOWELS}\W\d]{{7,}}|q(?!u)|^[^{_VOWELS}\W\d]{{4,}}$")
# Each run of signs is read once, from its first, so that a long word costs no more than many short ones.
_NOISE = re.compile(
    r"(?:https?://|www\.)\S+|(?<![\w.+-])[\w.+-]++@[\w-]+\.[\w.-]+|[#@]\w+|(?<![A-Za-z\d_])[A-Za-z_]*+\d[A-Za-z\d_]*+"
)


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
        shares = _known_shares(stripped)
        if script is None and not shares and _is_mashed(stripped):
            return fallback, 0.0
        if script is None:
            candidates = tuple(language for language in languages if not _has_own_script(language)) or _LATIN_LANGUAGES
        else:
            known = _SCRIPT_LANGUAGES[script]
            candidates = tuple(language for language in known if language in languages) or known
        scores = self._scores(stripped)
        trust = _trust(prior, fallback, candidates, shares, letters)
        weights = _weigh(scores, shares, candidates)
        if fallback in weights:
            weights[fallback] += trust
        best = max(weights, key=weights.__getitem__)
        if script is None:
            least_share = (
                0.0 if letters >= _OUTSIDE_LETTERS else max(_OUTSIDE_SHARE, shares.get(best, 0.0) + _MORE_KNOWN)
            )
            outside = _outside(scores, shares, weights[best], languages, least_share)
            if outside is not None:
                return outside, _share({**weights, **_weigh(scores, shares, (outside,))}, outside)
        return best, _share(weights, best)

    def _scores(self, text: str) -> dict[str, float]:
        ranked: list[tuple[str, float]] = self._identifier.rank(text)
        # The square root of the length keeps the softmax about as sure as it is right, whatever the length.
        scale = math.sqrt(max(len(text.encode()), 1))
        return {label: (float(score) - float(ranked[0][1])) / scale for label, score in ranked}


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    # One of our own: the library's is open to whoever restricts its languages.
    return LanguageIdentifier.from_model_file(MODEL_FILE)


def _known_shares(text: str) -> dict[str, float]:
    """Which share of the text's words each language knows; languages that know none are left out."""
    tokens = Counter(words(text))
    total = sum(tokens.values())
    if not total:
        return {}
    shares = {
        language: sum(tokens[word] for word in known & tokens.keys()) / total for language, known in OPENERS.items()
    }
    return {language: share for language, share in shares.items() if share}


def _trust(
    prior: str | None, fallback: str, candidates: Sequence[str], shares: Mapping[str, float], letters: int
) -> float:
    """How much the text needs to say before it is taken for another language than what is expected."""
    is_foreign = fallback not in shares and any(shares.get(language, 0.0) == 1.0 for language in candidates)
    if is_foreign:
        # Every word is another language's: who greets in German is answered in German, whatever the browser said.
        return 0.0
    # Short texts say little of themselves, so what the conversation suggests weighs more.
    if prior:
        return _PRIOR_WEIGHT * min(2.0, _SHORT_LETTERS / letters)
    if not shares and letters < _OUTSIDE_LETTERS:
        return _UNKNOWN_WEIGHT
    return _DEFAULT_WEIGHT * min(1.0, _SHORT_LETTERS / letters)


def _weigh(scores: Mapping[str, float], shares: Mapping[str, float], languages: Sequence[str]) -> dict[str, float]:
    floor = min(scores.values())
    return {
        language: scores.get(language, floor) + _OPENER_WEIGHT * shares.get(language, 0.0) for language in languages
    }


def _outside(
    scores: Mapping[str, float], shares: Mapping[str, float], best: float, languages: Sequence[str], least_share: float
) -> str | None:
    """The language the business does not speak that the text is plainly in; short texts need known words to show it."""
    others = [
        language
        for language in _LATIN_LANGUAGES
        if language not in languages
        and _ALIKE.get(language) not in languages
        and shares.get(language, 0.0) >= least_share
    ]
    weights = _weigh(scores, shares, others)
    found = max(weights, key=weights.__getitem__, default=None)
    return found if found is not None and weights[found] - best > _OUTSIDE_ADVANTAGE else None


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
    """Whether most of it could not be said, as when keys are hit at random.

    Such letters are spread like some language's, which is no reason to answer in it.
    """
    found = ["".join(filter(str.isalpha, word)) for word in text.lower().split()]
    unsayable = sum(len(word) for word in found if _UNSAYABLE.search(word))
    return unsayable > _UNSAYABLE_SHARE * sum(map(len, found))


def _has_own_script(language: str) -> bool:
    return language not in {"kk", "sr"} and any(language in listed for listed in _SCRIPT_LANGUAGES.values())
