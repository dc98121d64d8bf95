"""A JSON Schema judged: as much of the standard as our committed schemas use, and no word more."""

import re
from datetime import datetime
from typing import Any

KNOWN = {
    "$schema", "title", "description", "type", "const", "enum", "required", "properties", "additionalProperties", "anyOf",
    "items", "minLength", "maxLength", "pattern", "format",
}  # fmt: skip
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "null": type(None), "integer": int, "boolean": bool,
}  # fmt: skip


def problems(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:
    """Where a value breaks a schema, and how. AssertionError where the schema uses a word that is not judged here."""
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    found: list[str] = []
    if "const" in schema and value != schema["const"]:
        found.append(f"{at} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at} is none of {schema['enum']}")
    if "type" in schema:
        names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        if not any(isinstance(value, TYPES[name]) for name in names):
            return [*found, f"{at} is no {' or '.join(names)}"]
    if "anyOf" in schema and all(problems(value, {**each, "type": "object"}, at) for each in schema["anyOf"]):
        found.append(f"{at} fits none of anyOf")
    if isinstance(value, str):
        found += _text(value, schema, at)
    if isinstance(value, list) and "items" in schema:
        found += [problem for n, item in enumerate(value) for problem in problems(item, schema["items"], f"{at}[{n}]")]
    if isinstance(value, dict):
        found += _object(value, schema, at)
    return found


def _text(value: str, schema: dict[str, Any], at: str) -> list[str]:
    found = []
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        found.append(f"{at} has the wrong length")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at} does not fit {schema['pattern']}")
    if schema.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
        found.append(f"{at} has no offset")
    return found


def _object(value: dict[str, Any], schema: dict[str, Any], at: str) -> list[str]:
    known = schema.get("properties", {})
    found = [f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value]
    if schema.get("additionalProperties") is False:
        found += [f"{at}.{name} is not known" for name in value if name not in known]
    for name, each in known.items():
        if name in value:
            found += problems(value[name], each, f"{at}.{name}")
    return found
