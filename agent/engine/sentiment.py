"""What a lexicon says about a message's tone; the fitted head weighs it together with the embedding."""

from __future__ import annotations

import numpy as np
import vader
from numpy.typing import NDArray

_ANALYZER = vader.SentimentIntensityAnalyzer()
_LEXICON_LANGUAGES = frozenset({"en"})


def lexicon_features(text: str, language: str) -> NDArray[np.float32]:
    """VADER's compound, positive and negative share for English, zeros for other languages; shape (3,)."""
    if language not in _LEXICON_LANGUAGES:
        return np.zeros(3, dtype=np.float32)
    scores = _ANALYZER.polarity_scores(text)
    return np.array([scores["compound"], scores["pos"], scores["neg"]], dtype=np.float32)


def symbol_sentiment(text: str) -> float:
    """The tone of a message that has no words, from its emoji and marks alone, in [-1, 1]."""
    return float(_ANALYZER.polarity_scores(text)["compound"])
