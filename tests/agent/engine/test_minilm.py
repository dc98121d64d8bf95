"""MiniLM's file: read in parts, and the same whether in parts or whole."""

import json
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from agent.engine.encoder import Encoder
from agent.engine.language import LanguageDetector
from agent.engine.minilm import SafeTensors


@pytest.fixture
def tensors(tmp_path: Path) -> SafeTensors:
    """A file with a row of numbers and, behind it, a matrix of 100 rows."""
    row, matrix = np.arange(3, dtype="<f4"), np.arange(400, dtype="<f4").reshape(100, 4)
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "row": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]},
            "matrix": {"dtype": "F32", "shape": [100, 4], "data_offsets": [12, 1612]},
        }
    ).encode()
    file = tmp_path / "model.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header + row.tobytes() + matrix.tobytes())
    return SafeTensors(file)


def test_a_tensor_is_read_whole(tensors: SafeTensors) -> None:
    assert tensors.read("row").tolist() == [0.0, 1.0, 2.0]
    assert tensors.read("matrix").shape == (100, 4)
    assert tensors.read("matrix")[99].tolist() == [396.0, 397.0, 398.0, 399.0]


def test_rows_are_those_of_the_whole_in_the_order_asked_for(tensors: SafeTensors) -> None:
    rows = tensors.rows("matrix", [99, 0, 7, 7])

    assert rows.dtype == np.float32
    assert np.array_equal(rows, tensors.read("matrix")[[99, 0, 7, 7]])


def test_threads_may_read_at_once(tensors: SafeTensors) -> None:
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda number: tensors.rows("matrix", [number])[0, 0], list(range(100)) * 5))

    assert read == [4.0 * number for number in range(100)] * 5


def test_alike_texts_lie_close(encoder: Encoder) -> None:
    if not encoder.has_english:
        pytest.skip("MiniLM is not installed")

    asked, alike, other = encoder.encode_english(["How long is delivery?", "When does it arrive?", "I like jazz."])

    assert np.linalg.norm(asked) == pytest.approx(1.0, abs=1e-3)
    assert asked @ alike > asked @ other + 0.2


def test_texts_are_encoded_together_as_each_by_itself(encoder: Encoder) -> None:
    if not encoder.has_english:
        pytest.skip("MiniLM is not installed")
    texts = ["How long is delivery?", "", "word " * 300, *[f"Where is order {number}?" for number in range(80)]]

    together = encoder.encode_english_messages(texts)

    assert together is not None
    alone = np.stack([encoder.encode_english([text])[0] for text in texts])
    # Those were kept as 16-bit floats.
    assert np.abs(together - alone).max() < 1e-3


def test_a_message_is_known_again_among_others(encoder: Encoder) -> None:
    first = encoder.encode_message("How long is the way to Mars?")

    again = encoder.encode_messages(["Is it far to Venus?", "How long is the way to Mars?", "Is it far to Venus?"])

    assert np.array_equal(again[1], first)
    assert np.array_equal(again[0], again[2])


def test_releases_share_the_model_of_languages() -> None:
    assert LanguageDetector()._identifier is LanguageDetector()._identifier
