"""The hostile cases of `cases.jsonl`; HOSTILE_CASES names another file to be tried in its place.

A test names the cases it holds with ``covers``. ``each`` gives it wordings of our own and the case's.
"""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

PATH = Path(os.environ.get("HOSTILE_CASES") or Path(__file__).with_name("cases.jsonl"))
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in map(json.loads, PATH.read_text().splitlines())}
COVERED: set[str] = set()

Test = TypeVar("Test", bound=Callable[..., Any])


def covers(*names: str) -> Callable[[Test], Test]:
    """Mark a test as the written expectation of these cases."""
    COVERED.update(names)
    return lambda test: test


def each(name: str, *ours: bytes | str) -> list[Any]:
    """Parameters: our own wordings, then the case's own. Texts for T, bytes for W."""
    covers(name)
    given: bytes | str = raw(CASES[name]) if name[0] == "W" else words(CASES[name])
    return [
        *(pytest.param(value, id=f"ours-{number}") for number, value in enumerate(ours)),
        pytest.param(given, id=name),
    ]


def raw(case: dict[str, Any]) -> bytes:
    """The exact bytes of a case."""
    if "input_b64" in case:
        return base64.b64decode(str(case["input_b64"]))
    if "body" in case:
        return str(case["body"]).encode()
    return words(case).encode()


def words(case: dict[str, Any]) -> str:
    """The text of a case."""
    recipe = case.get("gen")
    if recipe is None:
        return str(case["input"])
    if "nest" in recipe:
        opening = str(recipe["nest"])
        return opening * int(recipe["n"]) + {"[": "]", "{": "}"}[opening] * int(recipe["n"])
    return f"{recipe.get('prefix', '')}{str(recipe['repeat']) * int(recipe['n'])}{recipe.get('suffix', '')}"
