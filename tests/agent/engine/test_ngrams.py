"""Counted groups of letters and words are those of scikit-learn, bit by bit: heads in use were fitted on them."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import HashingVectorizer

from agent.engine.ngrams import HASHES, ngram_counts
from agent.engine.seeds import Seeds
from agent.engine.text import fold, mask

LETTERS = HashingVectorizer(
    analyzer="char_wb", ngram_range=(2, 5), n_features=HASHES, alternate_sign=False, norm=None, lowercase=False, dtype=np.float32
)  # fmt: skip
WORDS = HashingVectorizer(
    ngram_range=(1, 2), n_features=HASHES, alternate_sign=False, norm=None, lowercase=False, dtype=np.float32
)
ODD = (
    "",
    " ",
    "a",
    "a b",
    "I",
    "ab",
    "a\u00a0b\x1cc\td\n\ne",
    "don't _x_ 12 x1",
    "straße ÅNGSTRÖM İı ſK",
    "注文はどこですか",
    "Где мой заказ?",
    "x" * 5_000,
)


@pytest.mark.parametrize("texts", [[example.text for example in Seeds().examples], ODD, [""], ["a", ""]])
def test_they_are_what_the_library_counts(texts: list[str]) -> None:
    prepared = [fold(mask(text)) for text in texts]

    for own, library in zip(ngram_counts(texts), (LETTERS.transform(prepared), WORDS.transform(prepared)), strict=True):
        assert own.dtype == library.dtype
        assert own.shape == library.shape
        assert (own.indptr == library.indptr).all()
        assert (own.indices == library.indices).all()
        assert (own.data == np.log1p(library.data)).all()
