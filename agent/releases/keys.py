"""Every setting of a release: its type, its default and what it does. A key that is not here does not exist."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from agent.exceptions import InvalidValue, UnknownKey
from agent.graph import prompts
from core.policy import Action

Kind = Literal["text", "number", "whole", "switch", "lines", "json"]

_BLANK = re.compile(r"\{([^{}]*)\}")
_SWITCH = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One setting. ``blanks`` are the names that may stand in braces; ``least`` and ``most`` bound a number.

    Whoever changes it needs the ``right`` as well as that to edit prompts.
    """

    kind: Kind
    default: str
    description: str
    blanks: frozenset[str] | None = None
    least: float = -math.inf
    most: float = math.inf
    right: Action = Action.EDIT_PROMPTS


_PROMPT_BLANKS = frozenset({"business"})

KEYS: Mapping[str, Key] = {
    "bot.enabled": Key(kind="switch", default="true", description="Off: people answer everything."),
    "bot.name": Key(kind="text", default="Robin", description="What the assistant calls itself."),
    "business.name": Key(kind="text", default="", description="The business's name; empty: BUSINESS_NAME."),
    "business.languages": Key(
        kind="lines", default="en\nde\nes\nit\nnl", description="Languages the bot answers in, its default first."
    ),
    "small_talk.intents": Key(
        kind="lines",
        default="greeting\nthanks\ngoodbye\nbot_identity",
        description="Intents that are answered by the template of the same key.",
    ),
    "small_talk.silent_thanks": Key(
        kind="switch", default="false", description="On: thanks and goodbyes get no answer."
    ),
    "clarify.most": Key(
        kind="whole", default="2", least=0, most=5, description="Clarifying questions in a row before the bot gives up."
    ),
    "retrieval.passages": Key(
        kind="whole", default="5", least=1, most=10, description="Passages looked at for an answer."
    ),
    "retrieval.least_gate_score": Key(
        kind="number",
        default="0",
        least=0,
        most=1,
        description="The least certainty at which knowledge is quoted; 0 leaves it to the measured threshold.",
    ),
    "validation.retries": Key(
        kind="whole", default="2", least=0, most=2, description="How often a refused answer is written again."
    ),
    "reply.most_characters": Key(
        kind="whole",
        default="1500",
        least=80,
        most=4000,
        description="The longest reply, whatever the channel carries.",
    ),
    "links.allowed": Key(
        kind="lines", default="", description="Hosts that replies may link to, with what lies below them."
    ),
    "guard.canary": Key(
        kind="text", default="", description="A word that must never leave; it is put into the prompt to notice leaks."
    ),
    "prompt.persona": Key(
        kind="text", default=prompts.PERSONA, blanks=_PROMPT_BLANKS, description="What a language model is told first."
    ),
    "prompt.support": Key(
        kind="text", default=prompts.SUPPORT, blanks=_PROMPT_BLANKS, description="Added for support."
    ),
    "prompt.sales": Key(kind="text", default=prompts.SALES, blanks=_PROMPT_BLANKS, description="Added for sales."),
    "prompt.general": Key(
        kind="text", default=prompts.GENERAL, blanks=_PROMPT_BLANKS, description="Added for general talk."
    ),
    "models.max_output_tokens": Key(
        kind="whole", default="600", least=50, most=2000, description="The longest answer of a model, in tokens."
    ),
    "models.prices": Key(
        kind="json",
        default=json.dumps({"default": [5, 25]}),
        description="Dollars per million tokens in and out, by “provider:model” or its beginning.",
        right=Action.MANAGE_LIMITS,
    ),
    "spend.account_cents_per_day": Key(
        kind="whole",
        default="2000",
        least=0,
        description="What the models may cost for one account in a day, in cents; for all, SPEND_CAP_DOLLARS_PER_DAY.",
        right=Action.MANAGE_LIMITS,
    ),
    "spend.customer_cents_per_day": Key(
        kind="whole",
        default="100",
        least=0,
        description="What the models may cost for one customer in a day, in cents, however many conversations they have.",
        right=Action.MANAGE_LIMITS,
    ),
    "spend.conversation_cents_per_day": Key(
        kind="whole",
        default="50",
        least=0,
        description="What the models may cost for one conversation in a day, in cents.",
        right=Action.MANAGE_LIMITS,
    ),
    "words.accept": Key(
        kind="lines",
        default=(
            "yes\nyes please\nyeah\nyep\nsure\nplease do\nok\nokay\nplease\ngo ahead\nja\nja bitte\ngerne\nja gerne\nbitte\nmachen Sie das\n"
            "sí\nsí por favor\nsi\nclaro\nvale\npor favor\nde acuerdo\ncerto\nsì\nsì grazie\nva bene\nvolentieri\n"
            "ja graag\ngraag\nprima\ndoe maar"
        ),
        description="Whole messages that accept the offer of a person.",
    ),
    "words.decline": Key(
        kind="lines",
        default=(
            "no\nno thanks\nno thank you\nnope\nnot now\nno need\nnein\nnein danke\nnicht nötig\nno gracias\nno hace falta\n"
            "no grazie\nnon serve\nnee\nnee bedankt\nnee dank je\nniet nodig"
        ),
        description="Whole messages that decline the offer of a person.",
    ),
    "words.not_helped": Key(
        kind="lines",
        default=(
            "didn't help\ndid not help\ndoesn't help\ndoes not help\nnot helpful\nnot what I asked\nwrong answer\n"
            "that's not my question\nyou don't understand\nhilft mir nicht\nhat nicht geholfen\nnicht geholfen\nfalsche Antwort\n"
            "das war nicht meine Frage\nno me ayuda\nno me sirve\nno es lo que pregunté\nnon mi aiuta\nnon è quello che ho chiesto\n"
            "dat helpt niet\ndaar heb ik niets aan\ndat vroeg ik niet"
        ),
        description="Words anywhere in a message that say the last answer did not help.",
    ),
}


def find(key: str) -> Key:
    """The key's definition; raises UnknownKey naming all there are."""
    if key not in KEYS:
        raise UnknownKey(key, sorted(KEYS))
    return KEYS[key]


def read(key: str, value: str) -> Any:
    """The stored text as the key's type: str, float, int, bool, tuple of lines, or what the JSON says.

    Raises UnknownKey, InvalidValue.
    """
    definition = find(key)
    readers: dict[Kind, Callable[[], Any]] = {
        "text": partial(_text, key, value, definition),
        "number": partial(_number, key, value, definition),
        "whole": partial(_whole, key, value, definition),
        "switch": partial(_switch, key, value),
        "lines": lambda: tuple(line.strip() for line in value.splitlines() if line.strip()),
        "json": partial(_json, key, value),
    }
    return readers[definition.kind]()


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with ``{name}`` replaced for every name of ``values``; other braces stay as they are."""
    return _BLANK.sub(lambda match: values.get(match[1], match[0]), text)


def blanks_of(text: str) -> set[str]:
    """The names that stand in braces."""
    return set(_BLANK.findall(text))


def _text(key: str, value: str, definition: Key) -> str:
    if definition.blanks is not None and (unknown := blanks_of(value) - definition.blanks):
        allowed = ", ".join(f"{{{name}}}" for name in sorted(definition.blanks))
        raise InvalidValue(key, f"{{{min(unknown)}}} is no blank of this text; there is {allowed}.")
    return value


def _number(key: str, value: str, definition: Key) -> float:
    try:
        number = float(value)
    except ValueError:
        raise InvalidValue(key, "a number is wanted.") from None
    if not definition.least <= number <= definition.most:
        raise InvalidValue(key, f"it must lie between {definition.least:g} and {definition.most:g}.")
    return number


def _whole(key: str, value: str, definition: Key) -> int:
    number = _number(key, value, definition)
    if number != int(number):
        raise InvalidValue(key, "a whole number is wanted.")
    return int(number)


def _switch(key: str, value: str) -> bool:
    found = _SWITCH.get(value.strip().lower())
    if found is None:
        raise InvalidValue(key, "it is either true or false.")
    return found


def _json(key: str, value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidValue(key, f"it is no JSON; look at {where}.") from None
