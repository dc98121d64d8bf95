"""What a worker hears in a message: the engine's understanding, within the business's languages and word lists."""

import re
from collections.abc import Sequence
from functools import lru_cache

from agent.engine.engine import Engine
from agent.engine.text import fold
from agent.engine.types import Understanding
from agent.releases.content import ReleaseContent

_MARKS = re.compile(r"[^\w\s]")
# A thumb has a tone of skin, a tick may be followed by a sign that makes it coloured.
_YES_SIGNS = re.compile(r"(?:[👍👌✅✔🆗][\U0001F3FB-\U0001F3FF\ufe0f]*\s*)+")
# A turn asks for the same part of a message more than once.
_RECENT_TEXTS = 64
_WORD_LISTS = {"accept": "words.accept", "decline": "words.decline", "not_helped": "words.not_helped"}


class Ears:
    """The graph's ``Understands``: the engine with the business's languages and word lists."""

    def __init__(self, engine: Engine, content: ReleaseContent) -> None:
        """Prepare the word lists."""
        self._engine = engine
        self._languages: tuple[str, ...] = content.settings["business.languages"]
        self._heard = lru_cache(maxsize=_RECENT_TEXTS)(self._hear)
        self._words = {
            name: frozenset(_plain_words(line) for line in content.settings[key]) for name, key in _WORD_LISTS.items()
        }

    def understand(self, text: str, *, prior: str | None, recent_sentiment: Sequence[float]) -> Understanding:
        """What a customer's message says."""
        return self._heard(text, prior, tuple(recent_sentiment))

    def _hear(self, text: str, prior: str | None, recent_sentiment: tuple[float, ...]) -> Understanding:
        return self._engine.understand(
            text,
            language_prior=prior,
            languages=self._languages,
            recent_sentiment=recent_sentiment,
        )

    def language_of(self, text: str) -> tuple[str, float]:
        """A text's language and how sure that is."""
        found = self._heard(text, None, ())
        return found.language, found.language_confidence

    def says(self, text: str) -> list[str]:
        """The word lists the text speaks: accept and decline are whole messages, not_helped stands anywhere."""
        words = _plain_words(text)
        said = [name for name in ("accept", "decline") if words in self._words[name]]
        if not words and _YES_SIGNS.fullmatch(text.strip()):
            said.append("accept")
        if any(f" {phrase} " in f" {words} " for phrase in self._words["not_helped"]):
            said.append("not_helped")
        return said

    def nearness(self, texts: Sequence[str], others: Sequence[str]) -> list[float]:
        """For each text the cosine to the nearest of ``others``."""
        encode = self._engine.encoder.encode
        return [float(cosine) for cosine in (encode(texts) @ encode(others).T).max(axis=1)]


def _plain_words(text: str) -> str:
    return " ".join(_MARKS.sub(" ", fold(text)).split())
