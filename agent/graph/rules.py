"""Escalation rules: conditions over facts, as data. What fires is told, and what nearly fired too."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agent.engine.text import fold
from agent.engine.types import REFUSES_PERSON
from agent.graph.state import AgentState, Progress, RuleMatch
from agent.graph.state import Condition as JudgedCondition

FactKind = Literal["yes_no", "number", "text"]
FactValue = bool | float | str | None


class RuleMalformed(ValueError):
    """A rule's conditions cannot be read; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something a rule may ask about. ``near`` is the distance at which a number counts as nearly there."""

    kind: FactKind
    description: str
    near: float = 0.0


FACTS: Mapping[str, Fact] = {
    "danger": Fact(kind="yes_no", description="Words of danger to people stand in the message."),
    "security": Fact(kind="yes_no", description="Words of a hacked account or of theft stand in the message."),
    "urgent_phrase": Fact(kind="yes_no", description="An urgent phrase stands in the message."),
    "urgent_score": Fact(kind="number", description="How urgent the message sounds, 0 to 1.", near=0.15),
    "urgent": Fact(kind="yes_no", description="The urgent head fired, by phrase or by score."),
    "wants_person": Fact(kind="yes_no", description="The customer asks for a person."),
    "wants_person_score": Fact(kind="number", description="How much it sounds like asking for a person.", near=0.15),
    "refuses_person": Fact(kind="yes_no", description="The customer says that no person is wanted."),
    "threat": Fact(kind="yes_no", description="A legal, safety or chargeback threat."),
    "threat_score": Fact(kind="number", description="How threatening the message sounds, 0 to 1.", near=0.15),
    "churn": Fact(kind="yes_no", description="The customer wants to leave."),
    "churn_score": Fact(kind="number", description="How much it sounds like leaving, 0 to 1.", near=0.15),
    "sentiment": Fact(kind="number", description="The message's sentiment, -1 to 1.", near=0.15),
    "sentiment_trend": Fact(kind="yes_no", description="The last three messages were all clearly negative."),
    "confidence": Fact(kind="number", description="The probability of the best intent, 0 to 1.", near=0.1),
    "in_scope": Fact(kind="yes_no", description="The message is about something the business knows."),
    "answerable": Fact(kind="yes_no", description="The knowledge found, or a tool, answers the message."),
    "gate_score": Fact(kind="number", description="How surely the knowledge answers, 0 to 1.", near=0.1),
    "small_talk": Fact(kind="yes_no", description="A fixed text answers it (greeting, thanks, …)."),
    "accepts_offer": Fact(kind="yes_no", description="The customer says yes to the offer of a person."),
    "says_not_helped": Fact(kind="yes_no", description="The customer says that the last answer did not help."),
    "asked_before": Fact(kind="number", description="How often the customer wrote the same words before.", near=1),
    "repeated_failure": Fact(kind="number", description="Replies in a row that did not answer.", near=1),
    "clarifications": Fact(kind="number", description="Clarifying questions in a row.", near=1),
    "asked_enough": Fact(kind="yes_no", description="It was asked back in a row as often as clarify.most allows."),
    "offers": Fact(kind="number", description="Offers of a person in a row.", near=1),
    "sent_picture": Fact(kind="yes_no", description="A picture came that a person can look at, and the bot cannot."),
    "without_words": Fact(kind="yes_no", description="Neither a letter nor a digit stands in the message."),
    "language_supported": Fact(kind="yes_no", description="The business answers in the message's language."),
    "intent_enabled": Fact(kind="yes_no", description="The bot may answer this intent."),
    "intent": Fact(kind="text", description="The best intent's key."),
    "route": Fact(kind="text", description="support, sales, general or urgent."),
    "language": Fact(kind="text", description="The message's language, two letters."),
    "platform": Fact(kind="text", description="The channel's platform."),
    "is_public": Fact(kind="yes_no", description="The reply would be public."),
}

OPERATORS: Mapping[FactKind, frozenset[str]] = {
    "yes_no": frozenset({"is"}),
    "number": frozenset({"at_least", "at_most", "is"}),
    "text": frozenset({"is", "is_not", "one_of", "none_of"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """``fact operator value``."""

    fact: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a person is needed: all conditions must hold."""

    key: str
    name: str
    conditions: tuple[Condition, ...]
    reason: str
    priority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The rules that fired, in their order, and those that lacked one condition by little."""

    fired: tuple[RuleMatch, ...]
    nearly: tuple[RuleMatch, ...]


def read_conditions(raw: object) -> tuple[Condition, ...]:
    """Conditions from a list of ``{"fact", "operator", "value"}``. Raises RuleMalformed in words for the editor."""
    if not isinstance(raw, list) or not raw:
        raise RuleMalformed("A rule needs a list with at least one condition.")
    return tuple(_read_condition(entry) for entry in raw)


def _read_condition(entry: object) -> Condition:
    if not isinstance(entry, dict) or set(entry) != {"fact", "operator", "value"}:
        raise RuleMalformed('A condition has exactly "fact", "operator" and "value".')
    name, sign, value = entry["fact"], entry["operator"], entry["value"]
    fact = FACTS.get(name) if isinstance(name, str) else None
    if fact is None:
        raise RuleMalformed(f"There is no fact “{name}”. Known facts: {', '.join(FACTS)}.")
    if not isinstance(sign, str) or sign not in OPERATORS[fact.kind]:
        raise RuleMalformed(f"“{name}” takes the operators {', '.join(sorted(OPERATORS[fact.kind]))}, not “{sign}”.")
    if not _fits(value, fact.kind, sign):
        raise RuleMalformed(f"The value of “{name} {sign}” does not fit: {_wanted(fact.kind, sign)}.")
    return Condition(fact=name, operator=sign, value=value)


def _fits(value: object, kind: FactKind, sign: str) -> bool:
    if kind == "yes_no":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if sign in {"one_of", "none_of"}:
        return isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value)
    return isinstance(value, str)


def _wanted(kind: FactKind, sign: str) -> str:
    if kind == "yes_no":
        return "true or false"
    if kind == "number":
        return "a number"
    return "a list of words" if sign in {"one_of", "none_of"} else "a word"


def was_offered(progress: Progress) -> bool:
    """Whether the bot's last reply offered a person."""
    return progress["last_kind"] == "offer" or progress.get("offered", False)


def times_asked(state: AgentState) -> int:
    """How often the customer wrote these very words before."""
    asked = [fold(line["text"]).strip() for line in state["conversation_history"] if line["sender"] == "customer"]
    return asked.count(fold(state["message"]).strip())


def facts_of(state: AgentState, *, platform_facts: Mapping[str, FactValue] | None = None) -> dict[str, FactValue]:
    """The facts as far as the state knows them; what no node has found out yet is None, and no condition on it holds."""
    progress = state["progress"]
    says = state.get("says", [])
    facts: dict[str, FactValue] = {
        "sentiment": state.get("sentiment_score"),
        "confidence": state.get("confidence"),
        "in_scope": state.get("in_scope"),
        "answerable": True if state.get("tool_plan") else state.get("answerable"),
        "gate_score": state.get("gate_score"),
        "small_talk": state.get("small_talk"),
        "accepts_offer": was_offered(progress) and "accept" in says,
        "says_not_helped": bool(progress["last_kind"]) and "not_helped" in says,
        "asked_before": times_asked(state),
        "repeated_failure": progress["failures"],
        "clarifications": progress["clarifications"],
        "offers": progress["offers"],
        "sent_picture": state.get("pictures", 0) > 0,
        "without_words": not any(sign.isalnum() for sign in state["message"]),
        "language_supported": state.get("language_supported"),
        "intent": state.get("intent"),
        "route": state.get("route"),
        "language": state.get("language"),
        "platform": state["channel"]["platform"],
        "is_public": state["channel"]["is_public"],
    }
    for head, signal in state.get("signals", {}).items():
        facts.update({head: signal["fired"], f"{head}_score": signal["score"]})
    for words_alone in ("danger", "security", REFUSES_PERSON):
        facts.setdefault(words_alone, False)
    facts["urgent_phrase"] = bool(state.get("signals", {}).get("urgent", {}).get("phrase"))
    facts["sentiment_trend"] = facts.pop("negative_trend", None)
    return {**facts, **(platform_facts or {})}


def judge(rules: Iterable[Rule], facts: Mapping[str, FactValue]) -> Ruling:
    """Judge every rule; a rule on a fact nobody knows does not fire."""
    fired, nearly = [], []
    for rule in rules:
        judged = [_judged(condition, facts.get(condition.fact)) for condition in rule.conditions]
        missing = [condition for condition in judged if not condition["holds"]]
        match = RuleMatch(key=rule.key, name=rule.name, reason=rule.reason, priority=rule.priority, conditions=judged)
        if not missing:
            fired.append(match)
        elif len(missing) == 1 and _is_near(missing[0]):
            nearly.append(match)
    return Ruling(fired=tuple(fired), nearly=tuple(nearly))


def _judged(condition: Condition, actual: FactValue) -> JudgedCondition:
    return JudgedCondition(
        fact=condition.fact,
        operator=condition.operator,
        value=condition.value,
        actual=actual,
        holds=actual is not None and _holds(condition.operator, actual, condition.value),
    )


def _holds(sign: str, actual: Any, value: Any) -> bool:
    match sign:
        case "is":
            return bool(actual == value)
        case "is_not":
            return bool(actual != value)
        case "at_least":
            return bool(actual >= value)
        case "at_most":
            return bool(actual <= value)
        case "one_of":
            return actual in value
        case "none_of":
            return actual not in value
    raise RuleMalformed(f"There is no operator “{sign}”.")


def _is_near(condition: JudgedCondition) -> bool:
    fact, actual = FACTS[condition["fact"]], condition["actual"]
    # A count that has not begun is not near anything, or every first message would be near an escalation.
    if fact.kind != "number" or actual is None or (fact.near >= 1 and not actual):
        return False
    return abs(float(actual) - float(condition["value"])) <= fact.near
