"""The vectors of the seed files, worked out beforehand, so that a new product can answer seconds after its first start.

They are a cache and no more: what is not in the file, or belongs to another encoder, is worked out when it is needed.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path

import numpy as np

FILE = Path(__file__).resolve().parent.parent / "seeds" / "vectors.npz"
KEY_BYTES = 32


class KnownVectors(MutableMapping[str, bytes]):
    """The vectors and stems that the product comes with, and those added since; in memory, no database is asked."""

    def __init__(self) -> None:
        """Read the file."""
        self._known = read()
        self._fresh: dict[str, bytes] = {}

    def __getitem__(self, key: str) -> bytes:
        return self._known[_stored_key(key)]

    def __setitem__(self, key: str, value: bytes) -> None:
        stored = _stored_key(key)
        if stored not in self._known:
            self._fresh[stored] = value
        self._known[stored] = value

    def __delitem__(self, key: str) -> None:
        raise TypeError("Vectors are only added.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def read() -> dict[str, bytes]:
    """What is in the file: values under hashes in hex, as the vector cache keeps them. Empty where there is no file."""
    if not FILE.exists():
        return {}
    with np.load(FILE, allow_pickle=False) as kept:
        keys, ends, values = kept["keys"].tobytes(), kept["ends"].tolist(), kept["values"].tobytes()
    starts = [0, *ends[:-1]]
    return {
        keys[number * KEY_BYTES : (number + 1) * KEY_BYTES].hex(): values[start:end]
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    }


def write(vectors: Mapping[str, bytes]) -> int:
    """Put ``vectors`` into the file, in the order of their keys; returns the file's size in bytes."""
    ordered = sorted(vectors.items())
    keys = np.frombuffer(b"".join(bytes.fromhex(key) for key, _ in ordered), dtype=np.uint8)
    ends = np.cumsum([len(value) for _, value in ordered], dtype=np.int64)
    values = np.frombuffer(b"".join(value for _, value in ordered), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, keys=keys, ends=ends, values=values)
    return FILE.write_bytes(buffer.getvalue())


def _stored_key(key: str) -> str:
    """Encoders' keys are of any length; the column holds a hash."""
    return hashlib.sha256(key.encode()).hexdigest()
