"""all-MiniLM-L6-v2 in numpy: its word pieces, its six layers, its safetensors file read as data.

Only files are read; the package that carries them is never imported, because it declares torch.
"""

from __future__ import annotations

import json
import math
import os
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

FloatArray = NDArray[np.float32]

DIMENSIONS = 384
_LAYERS = 6
_HEADS = 12
_HEAD_SIZE = DIMENSIONS // _HEADS
_MAX_TOKENS = 256
# More at once need more memory and are no faster.
_TOGETHER = 512
_MAX_WORD = 100
_UNKNOWN, _START, _END = 100, 101, 102
_EPSILON = 1e-12
_FLOAT = np.dtype("<f4")
_WORDS = "embeddings.word_embeddings.weight"
_CJK = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class WordPiece:
    """BERT's uncased word pieces."""

    def __init__(self, vocabulary: Path) -> None:
        """Read the vocabulary, one piece a line."""
        lines = vocabulary.read_text(encoding="utf-8").split("\n")
        self._ids = {piece: number for number, piece in enumerate(lines) if piece}

    def encode(self, text: str) -> list[int]:
        """The ids of a text between start and end mark, 256 at most."""
        ids = [_START]
        for word in _basic_words(text):
            ids.extend(self._pieces(word))
            if len(ids) >= _MAX_TOKENS:
                break
        return [*ids[: _MAX_TOKENS - 1], _END]

    def _pieces(self, word: str) -> list[int]:
        if len(word) > _MAX_WORD:
            return [_UNKNOWN]
        ids: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            end = next((end for end in range(len(word), start, -1) if prefix + word[start:end] in self._ids), None)
            if end is None:
                return [_UNKNOWN]
            ids.append(self._ids[prefix + word[start:end]])
            start = end
        return ids


def _basic_words(text: str) -> list[str]:
    spaced: list[str] = []
    for sign in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(sign)
        if sign in "\t\n\r" or category == "Zs":
            spaced.append(" ")
        elif sign == "\ufffd" or category == "Mn" or category[0] == "C":
            continue
        elif _is_punctuation(sign, category) or _is_cjk(ord(sign)):
            spaced.append(f" {sign} ")
        else:
            spaced.append(sign)
    return "".join(spaced).split()


def _is_punctuation(sign: str, category: str) -> bool:
    # BERT counts every visible ASCII sign that is no letter or digit, "$" and "^" too.
    return category[0] == "P" or (sign.isascii() and sign.isprintable() and not sign.isalnum() and sign != " ")


def _is_cjk(point: int) -> bool:
    return point >= _CJK[1][0] and any(low <= point <= high for low, high in _CJK)


class SafeTensors:
    """The 32-bit float tensors of a safetensors file, each read when it is asked for."""

    def __init__(self, path: Path) -> None:
        """Read what the file says of itself, and keep it open."""
        self._file = path.open("rb")
        (size,) = struct.unpack("<Q", self._file.read(8))
        self._entries: dict[str, dict[str, Any]] = json.loads(self._file.read(size))
        self._begin = 8 + size

    def read(self, name: str) -> FloatArray:
        """A whole tensor."""
        shape = self._entries[name]["shape"]
        return self._numbers(name, 0, math.prod(shape)).reshape(shape)

    def rows(self, name: str, numbers: Sequence[int]) -> FloatArray:
        """Rows of a matrix, which are all that comes into memory; shape (numbers, columns)."""
        columns = self._entries[name]["shape"][1]
        return np.stack([self._numbers(name, number * columns, columns) for number in numbers])

    def _numbers(self, name: str, first: int, count: int) -> FloatArray:
        begin = self._begin + self._entries[name]["data_offsets"][0] + first * _FLOAT.itemsize
        # Without a position of its own in the file, so threads may share it.
        content = os.pread(self._file.fileno(), count * _FLOAT.itemsize, begin)
        return np.frombuffer(content, dtype=_FLOAT).astype(np.float32, copy=False)


class _Layer:
    def __init__(self, tensors: SafeTensors, number: int) -> None:
        prefix = f"encoder.layer.{number}."

        def matrix(name: str) -> FloatArray:
            return np.ascontiguousarray(tensors.read(f"{prefix}{name}.weight").T)

        def vector(name: str) -> FloatArray:
            return tensors.read(f"{prefix}{name}")

        parts = [f"attention.self.{part}" for part in ("query", "key", "value")]
        self.mix = np.ascontiguousarray(np.concatenate([matrix(part) for part in parts], axis=1))
        self.mix_bias = np.concatenate([vector(f"{part}.bias") for part in parts])
        self.out, self.out_bias = matrix("attention.output.dense"), vector("attention.output.dense.bias")
        self.norm1 = vector("attention.output.LayerNorm.weight"), vector("attention.output.LayerNorm.bias")
        self.wide, self.wide_bias = matrix("intermediate.dense"), vector("intermediate.dense.bias")
        self.narrow, self.narrow_bias = matrix("output.dense"), vector("output.dense.bias")
        self.norm2 = vector("output.LayerNorm.weight"), vector("output.LayerNorm.bias")

    def __call__(self, states: FloatArray, spans: Sequence[slice]) -> FloatArray:
        """The tokens of several texts, one below another, each text in a span of its own: shape (tokens, 384)."""
        mixed = states @ self.mix
        mixed += self.mix_bias
        attended = np.concatenate([_attend(mixed[span]) for span in spans])
        added = np.asarray(states + attended @ self.out + self.out_bias, dtype=np.float32)
        states = _normalise(added, *self.norm1)
        wide = states @ self.wide + self.wide_bias
        wide *= 0.5 * (1.0 + erf(wide * np.float32(0.5**0.5)))
        added = np.asarray(states + wide @ self.narrow + self.narrow_bias, dtype=np.float32)
        return _normalise(added, *self.norm2)


def _attend(mixed: FloatArray) -> FloatArray:
    """What each token of one text takes from the others."""
    tokens = len(mixed)
    query, key, value = mixed.reshape(tokens, 3, _HEADS, _HEAD_SIZE).transpose(1, 2, 0, 3)
    weights = query @ key.transpose(0, 2, 1) / np.float32(_HEAD_SIZE**0.5)
    weights -= weights.max(axis=-1, keepdims=True)
    np.exp(weights, out=weights)
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.asarray((weights @ value).transpose(1, 0, 2).reshape(tokens, DIMENSIONS), dtype=np.float32)


def _normalise(states: FloatArray, gain: FloatArray, bias: FloatArray) -> FloatArray:
    states = states - states.mean(axis=-1, keepdims=True)
    scale = np.sqrt((states * states).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
    return np.asarray(states / scale * gain + bias, dtype=np.float32)


class MiniLM:
    """The encoder: texts to unit vectors of 384 numbers. It holds no state, so threads may share it."""

    def __init__(self, folder: Path) -> None:
        """Read ``vocab.txt`` and ``model.safetensors`` of a folder, but for the words' vectors.

        These are half of the file, and a message needs twenty of thirty thousand: they are read as they are needed.
        """
        self.tokenizer = WordPiece(folder / "vocab.txt")
        self._tensors = SafeTensors(folder / "model.safetensors")
        kinds = self._tensors.read("embeddings.token_type_embeddings.weight")[0]
        self._positions = self._tensors.read("embeddings.position_embeddings.weight")[:_MAX_TOKENS] + kinds
        self._norm = self._tensors.read("embeddings.LayerNorm.weight"), self._tensors.read("embeddings.LayerNorm.bias")
        self._layers = [_Layer(self._tensors, number) for number in range(_LAYERS)]

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors, one row a text. Several cost less than each by itself: reading the weights is most of the work."""
        found = np.empty((len(texts), DIMENSIONS), np.float32)
        for first, ids in _batches([self.tokenizer.encode(text) for text in texts]):
            found[first : first + len(ids)] = self._encode_together(ids)
        return found

    def _encode_together(self, ids: Sequence[list[int]]) -> FloatArray:
        ends = np.cumsum([len(each) for each in ids]).tolist()
        spans = [slice(end - len(each), end) for each, end in zip(ids, ends, strict=True)]
        words = self._tensors.rows(_WORDS, [number for each in ids for number in each])
        places = np.concatenate([self._positions[: len(each)] for each in ids])
        states = _normalise(words + places, *self._norm)
        for layer in self._layers:
            states = layer(states, spans)
        vectors = np.stack([states[span].mean(axis=0) for span in spans])
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _EPSILON), np.float32)


def _batches(texts: Sequence[list[int]]) -> Iterator[tuple[int, Sequence[list[int]]]]:
    """The texts in their order, a few at a time, each few with the number of its first."""
    first = tokens = 0
    for number, ids in enumerate(texts):
        if tokens + len(ids) > _TOGETHER and number > first:
            yield first, texts[first:number]
            first, tokens = number, 0
        tokens += len(ids)
    if first < len(texts):
        yield first, texts[first:]
