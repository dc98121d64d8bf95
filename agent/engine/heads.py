"""The fitted heads: intents, sentiment and escalation as plain arrays, and their way to bytes and back."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.engine.ngrams import HASHES, ngram_counts
from agent.engine.types import IntentSpec

FloatArray = NDArray[np.float32]

FORMAT_VERSION = 2
"""Raised whenever arrays or metadata change their meaning; older bytes are then refused and fitted anew."""

NEAREST_EXAMPLES = 3
_NGRAM_WEIGHT = np.float32(0.5)
_METADATA_KEY = "metadata"


class HeadsFormatError(ValueError):
    """The bytes are no heads of this format version; fit them again from the examples."""


def unit_rows(matrix: NDArray[Any]) -> FloatArray:
    """The rows scaled to length one; empty rows stay empty."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.maximum(norms, 1e-9), dtype=np.float32)


def softmax(logits: NDArray[Any], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities along the last axis."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(scaled / scaled.sum(axis=-1, keepdims=True), dtype=np.float64)


def join_embeddings(multilingual: NDArray[Any], english: NDArray[Any]) -> FloatArray:
    """Both encoders' vectors as one of length one, shape (texts, 512 + 384)."""
    return np.asarray(np.concatenate([multilingual, english], axis=-1) * np.float32(0.5**0.5), dtype=np.float32)


def mix_score(probabilities: NDArray[np.float64], similarities: NDArray[Any], other: int) -> NDArray[np.float64]:
    """The largest unsharpened probability of a known intent times the mean of the highest cosines to examples."""
    known = np.delete(probabilities, other, axis=1) if other >= 0 else probabilities
    count = min(NEAREST_EXAMPLES, similarities.shape[1])
    if count == 0:
        return np.zeros(len(probabilities))
    nearest = np.partition(similarities, similarities.shape[1] - count, axis=1)[:, -count:]
    return np.asarray(known.max(axis=1) * np.maximum(nearest.mean(axis=1), 0.0), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearHead:
    """A softmax regression on centred unit vectors, followed by extra features as they are.

    ``mean`` has the width of the embedding, ``coefficients`` (classes, embedding + extras).
    """

    classes: tuple[str, ...]
    mean: FloatArray
    coefficients: FloatArray
    intercept: FloatArray
    temperature: float

    def centre(self, embeddings: NDArray[Any]) -> FloatArray:
        """Embeddings as the head sees them, shape (texts, width)."""
        return unit_rows(embeddings - self.mean)

    def logits(self, centred: NDArray[Any], extras: NDArray[Any]) -> FloatArray:
        """Unsharpened logits, shape (texts, classes)."""
        features = np.concatenate([centred, extras], axis=1)
        return np.asarray(features @ self.coefficients.T + self.intercept, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentHead:
    """A linear head that also knows its examples, for telling what is known at all.

    ``accept_threshold`` is the calibrated probability from which cross-validated precision is 95 %;
    ``scope_threshold`` the mix score that 95 % of the known examples pass.
    """

    linear: LinearHead
    examples: NDArray[np.float16]
    accept_threshold: float
    scope_threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryHead:
    """A yes-or-no head: it fires from ``threshold`` on."""

    linear: LinearHead
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NgramProjection:
    """Hashed letters and words of a text, reduced to a few hundred numbers; ``matrix`` is (2 x 4,096, components)."""

    matrix: FloatArray

    def transform(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors at half weight, shape (texts, components)."""
        letters, words = ngram_counts(texts)
        projected = letters @ self.matrix[:HASHES] + words @ self.matrix[HASHES:]
        return unit_rows(np.asarray(projected)) * _NGRAM_WEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSet:
    """The heads of one kind of embedding: the multilingual one, or English with MiniLM beside it."""

    intents: IntentHead
    sentiment: LinearHead
    signals: Mapping[str, BinaryHead]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Everything that was fitted, with the encoders it belongs to and the cross-validation's report.

    ``languages`` are those of the examples: letters and words of others mean nothing to the n-grams.
    """

    fingerprint: str
    english_fingerprint: str
    languages: tuple[str, ...]
    intents: tuple[IntentSpec, ...]
    ngrams: NgramProjection
    general: HeadSet
    english: HeadSet | None
    report: Mapping[str, Any] = field(default_factory=dict)

    def groups_of(self, texts: Sequence[str], language: str) -> FloatArray:
        """The n-grams of texts in that language, shape (texts, components); nothing where no example speaks it."""
        if language in self.languages:
            return self.ngrams.transform(texts)
        return np.zeros((len(texts), self.ngrams.matrix.shape[1]), dtype=np.float32)

    def metadata(self) -> dict[str, Any]:
        """What is no array, fit for JSON."""
        return {
            "format_version": FORMAT_VERSION,
            "fingerprint": self.fingerprint,
            "english_fingerprint": self.english_fingerprint,
            "languages": list(self.languages),
            "intents": [
                {
                    "key": spec.key,
                    "route": spec.route,
                    "description": spec.description,
                    "signals": list(spec.signals),
                    "background": spec.background,
                }
                for spec in self.intents
            ],
            "general": _describe(self.general),
            "english": None if self.english is None else _describe(self.english),
            "report": dict(self.report),
        }

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Every array by name; with ``metadata`` they are the whole."""
        arrays: dict[str, NDArray[Any]] = {"ngrams": self.ngrams.matrix.astype(np.float16)}
        for prefix, heads in (("general", self.general), ("english", self.english)):
            if heads is not None:
                arrays.update(_arrays_of(prefix, heads))
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Heads:
        """The heads again; HeadsFormatError says that they are of another format."""
        if metadata.get("format_version") != FORMAT_VERSION:
            raise HeadsFormatError(f"Heads of format {metadata.get('format_version')} cannot be read; fit them again.")
        try:
            english = metadata["english"]
            return cls(
                fingerprint=metadata["fingerprint"],
                english_fingerprint=metadata["english_fingerprint"],
                languages=tuple(metadata["languages"]),
                intents=tuple(
                    IntentSpec(**{**entry, "signals": tuple(entry["signals"])}) for entry in metadata["intents"]
                ),
                ngrams=NgramProjection(matrix=arrays["ngrams"].astype(np.float32)),
                general=_head_set("general", arrays, metadata["general"]),
                english=None if english is None else _head_set("english", arrays, english),
                report=metadata["report"],
            )
        except (KeyError, TypeError) as error:
            raise HeadsFormatError(f"The heads are incomplete: {error}") from error

    def to_bytes(self) -> bytes:
        """A compressed .npz without pickles; the metadata is JSON inside it."""
        text = json.dumps(self.metadata(), ensure_ascii=False, sort_keys=True).encode()
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {**self.to_arrays(), _METADATA_KEY: np.frombuffer(text, dtype=np.uint8)}
        np.savez_compressed(buffer, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Heads:
        """Read what ``to_bytes`` wrote; nothing in it is ever executed."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            metadata = json.loads(arrays.pop(_METADATA_KEY).tobytes())
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise HeadsFormatError("The bytes hold no heads; fit them again.") from error
        return cls.from_arrays(arrays, metadata)


def _describe(heads: HeadSet) -> dict[str, Any]:
    return {
        "intents": {
            "classes": heads.intents.linear.classes,
            "temperature": heads.intents.linear.temperature,
            "accept_threshold": heads.intents.accept_threshold,
            "scope_threshold": heads.intents.scope_threshold,
        },
        "sentiment": {"classes": heads.sentiment.classes, "temperature": heads.sentiment.temperature},
        "signals": {
            name: {"classes": head.linear.classes, "temperature": head.linear.temperature, "threshold": head.threshold}
            for name, head in heads.signals.items()
        },
    }


def _arrays_of(prefix: str, heads: HeadSet) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {f"{prefix}/intents/examples": heads.intents.examples}
    linear = {"intents": heads.intents.linear, "sentiment": heads.sentiment}
    linear.update({f"signals/{name}": head.linear for name, head in heads.signals.items()})
    for name, head in linear.items():
        arrays[f"{prefix}/{name}/mean"] = head.mean
        arrays[f"{prefix}/{name}/coefficients"] = head.coefficients
        arrays[f"{prefix}/{name}/intercept"] = head.intercept
    return arrays


def _head_set(prefix: str, arrays: Mapping[str, NDArray[Any]], described: Mapping[str, Any]) -> HeadSet:
    def linear(name: str, entry: Mapping[str, Any]) -> LinearHead:
        return LinearHead(
            classes=tuple(entry["classes"]),
            mean=arrays[f"{prefix}/{name}/mean"],
            coefficients=arrays[f"{prefix}/{name}/coefficients"],
            intercept=arrays[f"{prefix}/{name}/intercept"],
            temperature=float(entry["temperature"]),
        )

    intents = described["intents"]
    return HeadSet(
        intents=IntentHead(
            linear=linear("intents", intents),
            examples=arrays[f"{prefix}/intents/examples"],
            accept_threshold=float(intents["accept_threshold"]),
            scope_threshold=float(intents["scope_threshold"]),
        ),
        sentiment=linear("sentiment", described["sentiment"]),
        signals={
            name: BinaryHead(linear=linear(f"signals/{name}", entry), threshold=float(entry["threshold"]))
            for name, entry in described["signals"].items()
        },
    )
