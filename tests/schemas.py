"""A JSON Schema judged: as much of the standard as our committed schemas and the OpenAPI document use, and no word more."""

import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any

KNOWN = {
    "$schema", "title", "description", "type", "const", "enum", "required", "properties", "additionalProperties", "anyOf",
    "items", "minLength", "maxLength", "pattern", "format", "allOf", "oneOf", "nullable", "default", "readOnly", "maximum",
    "minimum", "maxItems",
}  # fmt: skip
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "null": type(None), "integer": int, "number": (int, float), "boolean": bool,
}  # fmt: skip
FORMATS: dict[str, Callable[[str], object]] = {"uuid": uuid.UUID, "date": date.fromisoformat}


def resolved(schema: Any, document: Mapping[str, Any]) -> Any:
    """The schema with each name of a component in the document replaced by what it stands for."""
    if isinstance(schema, list):
        return [resolved(each, document) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return resolved(document["components"]["schemas"][name], document)
    return {name: resolved(each, document) for name, each in schema.items()}


def problems(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:
    """Where a value breaks a schema, and how. AssertionError where the schema uses a word that is not judged here."""
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    if value is None and schema.get("nullable"):
        return []
    found = [problem for each in schema.get("allOf", ()) for problem in problems(value, each, at)]
    if "oneOf" in schema and sum(not problems(value, each, at) for each in schema["oneOf"]) != 1:
        found.append(f"{at} fits not one of oneOf")
    if "const" in schema and value != schema["const"]:
        found.append(f"{at} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at} is none of {schema['enum']}")
    if "type" in schema:
        names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        if not any(_is_a(value, name) for name in names):
            return [*found, f"{at} is no {' or '.join(names)}"]
    if "anyOf" in schema and all(problems(value, {**each, "type": "object"}, at) for each in schema["anyOf"]):
        found.append(f"{at} fits none of anyOf")
    if isinstance(value, str):
        found += _text(value, schema, at)
    if isinstance(value, list) and "items" in schema:
        found += [problem for n, item in enumerate(value) for problem in problems(item, schema["items"], f"{at}[{n}]")]
    if isinstance(value, list) and len(value) > schema.get("maxItems", len(value)):
        found.append(f"{at} has too many items")
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{at} is out of bounds")
    if isinstance(value, dict):
        found += _object(value, schema, at)
    return found


def _is_a(value: Any, name: str) -> bool:
    """Python takes a truth for a number; JSON does not."""
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _text(value: str, schema: dict[str, Any], at: str) -> list[str]:
    found = []
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        found.append(f"{at} has the wrong length")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at} does not fit {schema['pattern']}")
    if schema.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
        found.append(f"{at} has no offset")
    if schema.get("format") in FORMATS:
        with suppress(ValueError):
            FORMATS[schema["format"]](value)
            return found
        found.append(f"{at} is no {schema['format']}")
    return found


def _object(value: dict[str, Any], schema: dict[str, Any], at: str) -> list[str]:
    known = schema.get("properties", {})
    found = [f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value]
    if schema.get("additionalProperties") is False:
        found += [f"{at}.{name} is not known" for name in value if name not in known]
    others = schema.get("additionalProperties")
    for name, each in value.items():
        if name in known:
            found += problems(each, known[name], f"{at}.{name}")
        elif isinstance(others, dict):
            found += problems(each, others, f"{at}.{name}")
    return found
