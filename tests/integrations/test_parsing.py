"""Reading strangers' JSON: what is refused, under which name, and what is left clean."""

import time

import pytest

from integrations.exceptions import Unreadable
from integrations.parsing import clean_json, identifier, is_identifier, read_object, within_limits


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"text":"\xff\xfe"}', "utf8"),
        ('{"text":"hi"}'.encode("utf-16"), "utf8"),
        (b'{"text":"a\x00b"}', "json"),
        (b'{"text":"a\x1bb"}', "json"),
        (b'{"text":"x"', "json"),
        (b'{"text":"x"} tail', "json"),
        (b'{"a":1}{"b":2}', "json"),
        (b"{'text':'x'}", "json"),
        (b'{"text":"x"} // why', "json"),
        (b'{"text":"safe","text":"evil"}', "duplicate-key"),
        (b'{"a":{"b":1,"b":2}}', "duplicate-key"),
        (b'{"a":1e400}', "number"),
        (b'{"a":-1e400}', "number"),
        (b'{"a":NaN}', "number"),
        (b'{"a":-Infinity}', "number"),
        (b'{"a":123456789012345678901}', "number"),
        (b'{"a":' + b"9" * 5000 + b"}", "number"),
        (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", "depth"),
        (b"[" * 5_000 + b"]" * 5_000, "depth"),
        (b"[" * 100_000, "depth"),
        (b'{"a":' * 200, "depth"),
        (b"{" + b",".join(b'"k%d":1' % n for n in range(1_100)) + b"}", "keys"),
        (b"[]", "schema"),
        (b'"x"', "schema"),
        (b"1", "schema"),
        (b"true", "schema"),
        (b"null", "schema"),
        (b"", "schema"),
        (b"  \n", "schema"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_its_name(raw: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_object(raw)

    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'\xef\xbb\xbf{"a":"x"}', {"a": "x"}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a":1e-999}', {"a": 0.0}),
        (b'{"a":9223372036854775808}', {"a": 9223372036854775808}),
        (b'{"a":"' + b"[" * 500 + b'"}', {"a": "[" * 500}),
        (b'{"a":"' + b":" * 5_000 + b'"}', {"a": ":" * 5_000}),
        (b'{"a":"' + b'\\"[' * 50 + b'"}', {"a": '"[' * 50}),
        (b'{"a":' * 31 + b"{}" + b"}" * 31, None),
    ],
)
def test_what_keeps_the_rules_is_read(raw: bytes, value: object) -> None:
    found = read_object(raw)

    assert value is None or found == value


@pytest.mark.parametrize(
    "unit", [b"[", b'{"a":', b'"', b'\\"[', b'"\\', b'"[":', b"\\", b'[":\\"', b'"a"[', b'"\\"{[', b"]", b'":"[']
)
def test_a_bomb_is_judged_in_one_pass_without_recursion(unit: bytes) -> None:
    bomb = unit * (262_144 // len(unit))
    begun = time.process_time()

    within_limits(bomb)
    within_limits(bomb + b"\\")

    assert time.process_time() - begun < 1.0


def test_kept_json_holds_nothing_that_a_database_refuses() -> None:
    dirty = {"a\x00": ["b\ud800", {"c": "d\x00e", "n": 1, "t": True, "z": None}]}

    assert clean_json(dirty) == {"a": ["b\ufffd", {"c": "de", "n": 1, "t": True, "z": None}]}


@pytest.mark.parametrize("value", ["", "x" * 256, "a\x00b", "a\ud800", 5, None, ["x"], {"id": "x"}, True])
def test_what_is_no_id_is_refused(value: object) -> None:
    assert not is_identifier(value)
    with pytest.raises(Unreadable, match=r"schema: from\.id"):
        identifier({"from": {"id": value}}, "from", "id")


@pytest.mark.parametrize("value", ["x", "x" * 255, "a/../b%00 ", "Ａ", "a\n", "+/="])
def test_an_id_is_kept_byte_for_byte(value: str) -> None:
    assert identifier({"id": value}, "id") == value
