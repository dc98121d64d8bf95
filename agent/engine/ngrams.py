"""Groups of letters and of words, hashed and counted: what scikit-learn's HashingVectorizer counts, without its detours.

Heads are fitted on these numbers, so that they must stay what they are: `tests/agent/engine/test_ngrams.py` compares them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import murmurhash3_32

from agent.engine.text import fold, mask

HASHES = 4_096

_LETTERS = range(2, 6)
_WORD = re.compile(r"\b\w\w+\b")
# People say the same words again and again, and a word has about twenty groups of letters.
_RECENT_WORDS = 8_192


def ngram_counts(texts: Sequence[str]) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Log counts of hashed letter groups and of hashed word groups, each of shape (texts, 4,096)."""
    prepared = [fold(mask(text)) for text in texts]
    return _log_counts([_letters_of(text) for text in prepared]), _log_counts([_words_of(text) for text in prepared])


def _log_counts(rows: Sequence[NDArray[np.int32]]) -> sparse.csr_matrix:
    counted = [np.bincount(row, minlength=HASHES) for row in rows]
    columns = [np.flatnonzero(counts) for counts in counted]
    found = [counts[own] for counts, own in zip(counted, columns, strict=True)]
    ends = np.cumsum([0, *map(len, columns)])
    numbers = np.log1p(np.concatenate(found).astype(np.float32))
    return sparse.csr_matrix((numbers, np.concatenate(columns), ends), shape=(len(rows), HASHES))


def _letters_of(text: str) -> NDArray[np.int32]:
    """The hashes of the groups of two to five letters in each word, between spaces."""
    return np.concatenate([np.empty(0, dtype=np.int32), *map(_letters_of_word, text.split())])


@lru_cache(maxsize=_RECENT_WORDS)
def _letters_of_word(word: str) -> NDArray[np.int32]:
    spaced = f" {word} "
    groups: list[str] = []
    for length in _LETTERS:
        # What is shorter than a group is one group, once.
        groups += [spaced[start : start + length] for start in range(max(len(spaced) - length, 0) + 1)]
        if len(spaced) <= length:
            break
    return _hashed(groups)


def _words_of(text: str) -> NDArray[np.int32]:
    """The hashes of words of two letters and more, and of pairs of them."""
    words = _WORD.findall(text)
    return _hashed([*words, *(f"{first} {second}" for first, second in pairwise(words))])


def _hashed(groups: Sequence[str]) -> NDArray[np.int32]:
    return np.array([abs(murmurhash3_32(group)) % HASHES for group in groups], dtype=np.int32)
