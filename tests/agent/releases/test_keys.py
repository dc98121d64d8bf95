"""The settings of a release."""

import pytest

from agent.exceptions import InvalidValue, UnknownKey
from agent.releases import keys


@pytest.mark.parametrize("key", sorted(keys.KEYS))
def test_every_default_can_be_read_and_is_described(key: str) -> None:
    keys.read(key, keys.KEYS[key].default)

    assert keys.KEYS[key].description.endswith(".")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("bot.enabled", "Off", False),
        ("bot.enabled", "true", True),
        ("clarify.most", "3", 3),
        ("retrieval.least_gate_score", "0.25", 0.25),
        ("links.allowed", " a.example \n\nb.example", ("a.example", "b.example")),
        ("models.prices", '{"default": [1, 2]}', {"default": [1, 2]}),
    ],
)
def test_a_value_is_read_as_its_type(key: str, text: str, value: object) -> None:
    assert keys.read(key, text) == value


def test_an_unknown_key_names_those_there_are() -> None:
    with pytest.raises(UnknownKey, match=r"bot\.enabled"):
        keys.find("bot.on")


def test_a_blank_that_is_not_on_the_list_is_named() -> None:
    with pytest.raises(InvalidValue, match="secret_key"):
        keys.read("prompt.persona", "Hello {secret_key}")


def test_filling_touches_known_blanks_only() -> None:
    assert keys.fill("{name} {name.__class__} {other}", {"name": "Kim"}) == "Kim {name.__class__} {other}"
