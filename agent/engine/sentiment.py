"""What a lexicon says about a message's tone; the fitted head weighs it together with the embedding."""

from __future__ import annotations

import numpy as np
import vader
from numpy.typing import NDArray

_ANALYZER = vader.SentimentIntensityAnalyzer()
_LEXICON_LANGUAGES = frozenset({"en"})
# The embedding hears more than single words do, so these weigh half beside it.
_WEIGHT = np.float32(0.5)

_SYMBOLS = {
    **dict.fromkeys("😡🤬👿💩🖕", -0.9),
    **dict.fromkeys("😠👎😤😭💔🤮🤢", -0.7),
    **dict.fromkeys("😞😢☹🙁😒🙄😣😖😩😫😟😕", -0.5),
    **dict.fromkeys("🙂😉👌🆗✅", 0.4),
    **dict.fromkeys("👍😀😃😄😁😊🤗🙏👏😎💪🙌", 0.7),
    **dict.fromkeys("😍🥰❤♥🤩🎉💯🥳😘💖", 0.9),
}


def lexicon_features(text: str, language: str) -> NDArray[np.float32]:
    """VADER's compound, positive and negative share at half weight for English, zeros for other languages; shape (3,)."""
    if language not in _LEXICON_LANGUAGES:
        return np.zeros(3, dtype=np.float32)
    scores = _ANALYZER.polarity_scores(text)
    return np.array([scores["compound"], scores["pos"], scores["neg"]], dtype=np.float32) * _WEIGHT


def symbol_sentiment(text: str) -> float:
    """The tone of a message that has no words, from the emoji in it, in [-1, 1]; 0 when none of them has a tone."""
    tones = [_SYMBOLS[sign] for sign in text if sign in _SYMBOLS]
    return sum(tones) / len(tones) if tones else 0.0
