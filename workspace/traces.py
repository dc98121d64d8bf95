"""The trace of a run as people read it. What a trace does not hold is left out; nothing in it is trusted to be there."""

import math
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from agent.models import AgentRun
from core.personal import masked
from workspace import wording

MOST_ITEMS = 20
MOST_PASSAGES = 5
LONGEST_TEXT = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Something with a share between 0 and 1."""

    label: str
    share: float

    @property
    def percent(self) -> int:
        """The share in whole percent, cut off: what misses a threshold by a hair does not look as if it reached it."""
        return math.floor(self.share * 100 + 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWords:
    """A rule and how each of its conditions stood."""

    name: str
    reason: str
    conditions: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageWords:
    """A passage that was found, and the sentence of it that answers."""

    title: str
    heading: str
    quote: str
    likelihood: Score | None
    """How likely it answers the question; None in traces that do not say."""
    is_cited: bool
    answers: bool
    is_runner_up: bool = False
    scores: str = ""
    """The scores that ranked it, in words; empty in traces that do not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckWords:
    """One check of the answer."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWords:
    """One step of the run and its time in milliseconds."""

    name: str
    milliseconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCallWords:
    """One call of a language model."""

    name: str
    outcome: str
    milliseconds: float | None
    tokens: int
    cost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolWords:
    """The use of a tool: what it was asked, how it ended, and the text its facts stand in."""

    title: str
    asked: list[str]
    outcome: str
    is_ok: bool
    problem: str
    evidence: str
    milliseconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceView:
    """Why the bot said what it said."""

    state: str
    release: int
    release_hash: str
    engine: str
    route: str
    intent: Score | None
    runners_up: list[Score]
    mood: wording.Chip | None
    sentiment: float | None
    language: str
    rules_fired: list[RuleWords]
    rules_nearly: list[RuleWords]
    passages: list[PassageWords]
    checks: list[CheckWords]
    steps: list[StepWords]
    model_calls: list[ModelCallWords]
    writer: str
    tokens_in: int
    tokens_out: int
    cost: str
    duration_ms: int | None
    error: str
    facts: list[str] = field(default_factory=list)
    tool: "ToolWords | None" = None


def read(run: AgentRun) -> TraceView:
    """The run and its trace. The row's own columns hold where the trace is silent."""
    trace = _dict(run.trace)
    understanding, knowledge = _dict(trace.get("understanding")), _dict(trace.get("knowledge"))
    rules, reply = _dict(trace.get("rules")), _dict(trace.get("reply"))
    intent = _text(understanding.get("intent")) or run.intent
    confidence = _share(understanding.get("confidence", run.confidence))
    sentiment = _number(understanding.get("sentiment", run.sentiment))
    provider, model = run.provider or _text(reply.get("provider")), run.model or _text(reply.get("model"))
    return TraceView(
        state=_(AgentRun.State(run.state).label),
        release=run.release.number,
        release_hash=_text(_dict(_dict(run.envelope).get("versions")).get("content_hash"))[:12],
        engine=_engine(trace),
        route=wording.humanise(run.route or _text(understanding.get("route"))),
        intent=Score(label=wording.humanise(intent), share=confidence or 0.0) if intent else None,
        runners_up=_runners_up(understanding, intent),
        mood=wording.mood(sentiment),
        sentiment=sentiment,
        language=(run.language or _text(understanding.get("language"))).upper(),
        rules_fired=[_rule(each) for each in _dicts(rules.get("fired"))],
        rules_nearly=[_rule(each) for each in _dicts(rules.get("nearly"))],
        passages=_passages(knowledge, reply.get("cited")),
        checks=[_check(each) for each in _dicts(trace.get("checks"))],
        steps=[
            StepWords(name=wording.humanise(_text(each.get("node"))), milliseconds=_number(each.get("ms")))
            for each in _dicts(trace.get("steps"))
        ],
        model_calls=[_model_call(each) for each in _dicts(trace.get("models"))],
        writer=f"{provider} · {model}" if model else provider,
        tokens_in=run.tokens_in,
        tokens_out=run.tokens_out,
        cost=_dollars(run.cost_micros) or _("nothing: no model was called"),
        duration_ms=run.duration_ms,
        error=run.error,
        facts=_facts(trace, understanding, knowledge, reply),
        tool=_tool(_dict(_dict(trace.get("tools")).get("used"))),
    )


def _tool(given: dict[str, Any]) -> ToolWords | None:
    if not given:
        return None
    return ToolWords(
        title=_text(given.get("title")),
        asked=[f"{wording.humanise(name)}: {_value(value)}" for name, value in _dict(given.get("input")).items()],
        outcome=wording.humanise(_text(given.get("outcome"))),
        is_ok=given.get("outcome") == "ok",
        problem=_text(given.get("problem")),
        evidence=masked(_text(given.get("evidence"))),
        milliseconds=_number(given.get("ms")),
    )


def _runners_up(understanding: dict[str, Any], intent: str) -> list[Score]:
    found = []
    for each in _dicts(understanding.get("candidates")):
        name, share = _text(each.get("intent")), _share(each.get("probability"))
        if name and name != intent and share is not None:
            found.append(Score(label=wording.humanise(name), share=share))
    return found[:3]


def _rule(given: dict[str, Any]) -> RuleWords:
    return RuleWords(
        name=_text(given.get("name")) or wording.humanise(_text(given.get("key"))),
        reason=wording.humanise(_text(given.get("reason"))),
        conditions=[_condition(each) for each in _dicts(given.get("conditions"))],
    )


_OPERATORS = {"is": "=", "is_not": "≠", "at_least": "≥", "at_most": "≤", "one_of": "∈", "none_of": "∉"}


def _condition(given: dict[str, Any]) -> str:
    operator = _text(given.get("operator"))
    wanted = f"{wording.humanise(_text(given.get('fact')))} {_OPERATORS.get(operator, operator)} {_value(given.get('value'))}"
    return f"{wanted} ({_('was')} {_value(given.get('actual'))})" if "actual" in given else wanted


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value[:MOST_ITEMS])
    return "–" if value is None else str(value)[:LONGEST_TEXT]


def _passages(knowledge: dict[str, Any], cited: Any) -> list[PassageWords]:
    names = {_text(each) for each in cited} if isinstance(cited, list) else set()
    second = _text(_dict(knowledge.get("runner_up")).get("passage"))
    return [
        PassageWords(
            title=_text(each.get("title")) or _("Passage"),
            heading=_text(each.get("heading")),
            quote=_text(each.get("quote")),
            likelihood=_likelihood(each),
            is_cited=bool(_text(each.get("passage"))) and _text(each.get("passage")) in names,
            answers=each.get("answers") is True,
            is_runner_up=bool(second) and _text(each.get("passage")) == second,
            scores=_scores(each),
        )
        for each in _dicts(knowledge.get("passages"))[:MOST_PASSAGES]
    ]


def _scores(passage: dict[str, Any]) -> str:
    known = (
        (_("rank"), passage.get("score")),
        (_("meaning"), passage.get("vector_score")),
        (_("words"), passage.get("keyword_score")),
        (_("ahead by"), passage.get("margin")),
    )
    found = [(name, number) for name, value in known if (number := _number(value)) is not None]
    return " · ".join(f"{name} {number:.2f}" for name, number in found)


def _engine(trace: dict[str, Any]) -> str:
    """The encoder by name and the size of the knowledge."""
    engine = _dict(trace.get("engine"))
    passages = _number(engine.get("passages"))
    parts = [_text(engine.get("encoder"))]
    if passages is not None:
        parts.append(_("%(number)d passages") % {"number": passages})
    return " · ".join(part for part in parts if part)


def _dollars(micros: float | None) -> str:
    return f"${micros / 1_000_000:.4f}" if micros else ""


def _likelihood(passage: dict[str, Any]) -> Score | None:
    # The score that ranks passages has no upper end; what the gate made of it is a probability.
    share = _share(passage.get("gate"))
    return None if share is None else Score(label=_("How likely it answers"), share=share)


def _check(given: dict[str, Any]) -> CheckWords:
    return CheckWords(
        name=wording.humanise(_text(given.get("check"))), ok=given.get("ok") is True, detail=_text(given.get("detail"))
    )


def _model_call(given: dict[str, Any]) -> ModelCallWords:
    name = " · ".join(part for part in (_text(given.get("provider")), _text(given.get("model"))) if part)
    tokens = (_number(given.get("tokens_in")) or 0) + (_number(given.get("tokens_out")) or 0)
    return ModelCallWords(
        name=name,
        outcome=wording.humanise(_text(given.get("outcome"))),
        milliseconds=_number(given.get("ms")),
        tokens=int(tokens),
        cost=_dollars(_number(given.get("cost_micros"))),
    )


def _facts(
    trace: dict[str, Any], understanding: dict[str, Any], knowledge: dict[str, Any], reply: dict[str, Any]
) -> list[str]:
    """What else decided, in words."""
    facts = [
        (trace.get("switched_off") is True, _("The bot was switched off.")),
        (understanding.get("confident") is False, _uncertain(understanding)),
        (understanding.get("in_scope") is False, _("The message is outside of what the bot knows.")),
        (understanding.get("language_supported") is False, _("The bot does not answer in the customer's language.")),
        (knowledge.get("answerable") is False, _("No passage answers the question well enough.")),
        (knowledge.get("query_joined") is True, _("It was read together with the question before it.")),
    ]
    words = [sentence for holds, sentence in facts if holds]
    fired = [name for name, signal in _dict(understanding.get("signals")).items() if _dict(signal).get("fired") is True]
    if fired:
        words.append(
            _("Signals: %(names)s") % {"names": ", ".join(wording.humanise(name) for name in fired[:MOST_ITEMS])}
        )
    words += [_refusal(each) for each in _dicts(trace.get("refusals"))]
    if _text(reply.get("template")):
        words.append(_("Fixed text: %(name)s") % {"name": wording.humanise(_text(reply.get("template")))})
    if _text(reply.get("silence_reason")):
        words.append(_("Said nothing: %(why)s") % {"why": _text(reply.get("silence_reason"))})
    return words


def _refusal(given: dict[str, Any]) -> str:
    writer = " · ".join(part for part in (_text(given.get("provider")), _text(given.get("model"))) if part)
    names = ", ".join(wording.humanise(_text(each.get("check"))) for each in _dicts(given.get("checks")))
    return _("Stopped an answer of %(writer)s: %(names)s") % {"writer": writer, "names": names}


def _uncertain(understanding: dict[str, Any]) -> str:
    least = _share(understanding.get("certain_from"))
    if least is None:
        return _("This is less than the bot counts on as certain.")
    percent = math.ceil(least * 100 - 1e-9)
    return _("The bot counts on an intent from %(percent)d %%, so this one is not certain.") % {"percent": percent}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)][:MOST_ITEMS] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _share(value: Any) -> float | None:
    number = _number(value)
    return None if number is None else min(max(number, 0.0), 1.0)
