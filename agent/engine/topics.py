"""What the passages are asked about, by intent, so that a question's verb counts beside its nouns.

Search compares words, and the loudest word of “I want to return my tent” is the tent. The intent head hears the verb:
each passage is given the intents of its example questions, and a passage whose questions have the message's intent rises.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.engine.encoder import Encoder
from agent.engine.heads import FloatArray, Heads, join_embeddings, softmax
from agent.engine.types import OTHER_INTENT, PassageSource

_FULL_SHARE = 0.5


class TopicField:
    """The intents of a library's passages: ``weights`` has the shape (passages, intents), each in [0, 1]."""

    def __init__(self, intents: Sequence[str], weights: NDArray[np.float64]) -> None:
        """Use ``build``."""
        self._columns = {intent: column for column, intent in enumerate(intents)}
        self._weights = weights

    @classmethod
    def build(
        cls,
        passages: Sequence[PassageSource],
        encoder: Encoder,
        heads: Heads,
        cache: MutableMapping[str, bytes] | None = None,
    ) -> TopicField:
        """Hear the example questions of every passage, or its heading where it has none.

        A passage's intents are the mean over its questions, and one that has half the share of the strongest counts in
        full: an article about terms and ways of returning serves both intents.
        """
        intents = heads.general.intents.linear.classes
        texts = [list(passage.questions) or [passage.heading or passage.title] for passage in passages]
        weights = np.zeros((len(passages), len(intents)), dtype=np.float64)
        for is_english in (True, False):
            rows = [row for row, passage in enumerate(passages) if (passage.language == "en") == is_english]
            asked = [text for row in rows for text in texts[row]]
            if not asked:
                continue
            heard = _probabilities(asked, encoder, heads, cache, english=is_english)
            start = 0
            for row in rows:
                weights[row] = heard[start : start + len(texts[row])].mean(axis=0)
                start += len(texts[row])
        if OTHER_INTENT in intents:
            weights[:, intents.index(OTHER_INTENT)] = 0.0
        strongest = weights.max(axis=1, keepdims=True, initial=1e-9)
        return cls(intents, np.minimum(weights / (strongest * _FULL_SHARE), 1.0))

    def affinity(self, topics: Mapping[str, float]) -> NDArray[np.float64]:
        """How well each passage serves a message with these intents (name to probability), in [0, 1]."""
        message = np.zeros(len(self._columns), dtype=np.float64)
        for intent, share in topics.items():
            if intent in self._columns and intent != OTHER_INTENT:
                message[self._columns[intent]] = share
        return np.asarray(self._weights @ message, dtype=np.float64)


def _probabilities(
    texts: Sequence[str],
    encoder: Encoder,
    heads: Heads,
    cache: MutableMapping[str, bytes] | None,
    *,
    english: bool,
) -> NDArray[np.float64]:
    """The calibrated intents of each text, shape (texts, intents), columns in the general head's order."""
    vectors: FloatArray = encoder.encode(texts, cache)
    own = heads.general.intents.linear
    if english and encoder.has_english and heads.english is not None:
        own = heads.english.intents.linear
        second = encoder.encode_english(texts, cache)
        vectors = join_embeddings(vectors, second)
    heard = softmax(own.logits(own.centre(vectors), heads.ngrams.transform(texts)), own.temperature)
    order = [own.classes.index(intent) for intent in heads.general.intents.linear.classes]
    return np.asarray(heard[:, order], dtype=np.float64)
