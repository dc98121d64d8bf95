"""Calls made up from the OpenAPI document: some that fit it, and some that nearly do; and answers judged by it."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from tests.rest import Caller
from tests.schemas import problems, resolved

Answers = Mapping[str, Mapping[str, Any]]
NASTY: list[Any] = [
    "", " ", "\x00", "\ud800", "a" * 5000, "'; DROP TABLE core_user; --", "٣", "-1", "1e309", "0", "9" * 30, "null", "../..", "💩" * 50,
    None, True, False, 0, -1, 2**63, 10**19, 1.5, [], {}, [[]], {"a": 1}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
]  # fmt: skip


def answers_of(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Answers:
    """What the document tells of an operation's answers: the schema of each kind of body, by status."""
    return {
        status: {kind: resolved(body.get("schema", {}), document) for kind, body in response.get("content", {}).items()}
        for status, response in operation["responses"].items()
    }


def faults(answer: Any, told: Answers) -> list[str]:
    """Where an answer is another than the document tells of, and how."""
    bodies = told.get(str(answer.status_code))
    if bodies is None:
        return [f"{answer.status_code} is not told of"]
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if kind not in bodies:
        return [f"{kind} is not told of"] if bodies or answer.content else []
    return problems(answer.json(), bodies[kind]) if kind.endswith("json") else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, and the answers that the document tells of."""

    method: str
    path: str
    body: bytes = b""
    key: str = ""
    told: Answers = field(default_factory=dict, repr=False)

    def send(self, caller: Caller) -> Any:
        """Its answer."""
        if self.method == "get":
            return caller.get(self.path)
        return caller.post(self.path, self.body, key=self.key, method=self.method.upper())


class Asker:
    """Makes up calls of every operation of a document, the same ones for the same seed."""

    def __init__(self, document: Mapping[str, Any], random: Random, rows: Mapping[str, Sequence[uuid.UUID]]) -> None:
        self._document = document
        self._random = random
        self._rows = rows

    def calls(self, *, each: int) -> Iterator[Call]:
        """So many calls of each operation."""
        for path, operations in self._document["paths"].items():
            for method, operation in operations.items():
                told = answers_of(operation, self._document)
                for _ in range(each):
                    yield self._call(path, method, operation, told)

    def _call(self, path: str, method: str, operation: Mapping[str, Any], told: Answers) -> Call:
        place = path
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                named = self._place(path, parameter)
                place = place.replace(f"{{{parameter['name']}}}", quote(named, safe="", errors="replace"))
        query = {
            parameter["name"]: str(self._value(parameter["schema"]))
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "query" and self._random.random() < 0.5
        }
        if query:
            place += "?" + urlencode(query, errors="replace", quote_via=quote)
        body = b""
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            body = json.dumps(self._value(schema)).encode()
        return Call(
            method=method,
            path=place,
            body=body,
            key=self._random.choice(["", "one", str(uuid.UUID(int=self._random.getrandbits(128)))]) if body else "",
            told=told,
        )

    def _place(self, path: str, parameter: Mapping[str, Any]) -> str:
        """Which row, or what else stands in an address; now and then one that is none."""
        if parameter["name"] != "public_id":
            return str(self._value(parameter["schema"]))
        known = self._random.choice(self._rows[path.split("/")[3]])
        return str(known if self._random.random() < 0.8 else uuid.uuid4())

    def _value(self, schema: Mapping[str, Any]) -> Any:
        """A value that fits the schema, or in one case of four something that nobody would send."""
        schema = self._resolved(schema)
        if "properties" not in schema and self._random.random() < 0.25:
            return self._random.choice(NASTY)
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        kind = schema.get("type")
        if kind == "object":
            wanted = {
                name: self._value(inner)
                for name, inner in schema.get("properties", {}).items()
                if self._random.random() < 0.9
            }
            return wanted | ({"": ["What?"]} if "additionalProperties" in schema else {})
        if kind == "array":
            return [self._value(schema["items"]) for _ in range(self._random.randrange(3))]
        made: dict[str | None, Any] = {
            "integer": self._random.randrange(100),
            "number": self._random.random(),
            "boolean": self._random.random() < 0.5,
        }
        formats = {"uuid": str(uuid.uuid4()), "date-time": "2026-11-28T12:00:00Z"}
        return made.get(kind, formats.get(schema.get("format", ""), "some words"))

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        found = schema
        for part in ("allOf", "oneOf", "anyOf"):
            if part in found:
                found = self._random.choice(found[part])
        if "$ref" in found:
            name = str(found["$ref"]).rpartition("/")[2]
            resolved: Mapping[str, Any] = self._document["components"]["schemas"][name]
            return resolved
        return found
