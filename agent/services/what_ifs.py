"""Counterfactuals: what a run would have come to with one thing changed, each found out by thinking the turn again."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.exceptions import ExchangeMissing
from agent.graph.brief import Again, Change, Envelope, Memory, Past
from agent.graph.rules import FACTS
from agent.graph.state import FoundPassage, RuleMatch
from agent.models import AgentRun
from agent.services.envelopes import envelope_of, turn_of
from agent.services.off import is_switched_off, switched_off
from agent.services.outcomes import told_outcome
from agent.services.replays import UNCHANGED, outcome_again
from agent.world import RememberedWorld
from conversations.types import HandOver, Outcome, ReasonCategory, Reply, Turn
from core.text import one_line

SMALLEST = 0.0001
"""Scores are kept with four digits, and so is the step from one to the next."""

MOST_STEPS = 24
"""How many values a search tries in one direction."""

MOST_ARTICLES = 3
_QUOTED_CHARACTERS = 160
LEAST_GATE_SCORE = "retrieval.least_gate_score"
LANGUAGES = "business.languages"
MOST_CLARIFICATIONS = "clarify.most"
_DEEDS = {"clarify": "asked back", "offer": "offered a person", "template": "said"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """One thing changed, and what would have come of it.

    ``about`` is rule, rule_value, threshold, article, setting or switch. ``same`` says that the customer would have got the same;
    ``known`` is False where a language model would have been asked something that it was not.
    """

    about: str
    change: Change
    sentence: str
    same: bool
    known: bool = True
    outcome: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """What a turn came to: the outcome, and the kind of a reply."""

    outcome: Outcome
    kind: str = ""

    @property
    def deed(self) -> tuple[str, ...]:
        """What the customer and the queue would notice of it."""
        match self.outcome:
            case Reply():
                return ("reply", self.outcome.text)
            case HandOver():
                return ("hand_over", self.outcome.reason, self.outcome.detail, self.outcome.customer_text)
        return ("silence",)


class _Court:
    """One run before its release of then."""

    def __init__(self, run: AgentRun, envelope: Envelope, past: Past) -> None:
        self.turn: Turn = turn_of(run)
        self.envelope = envelope
        self.past = past

    @property
    def settings(self) -> Mapping[str, Any]:
        """What was set then."""
        return self.past.settings

    def again(self, change: Change) -> tuple[Again, _End]:
        """The turn thought again, and its end. Raises ExchangeMissing."""
        again = self.past.think_again(self.envelope, change)
        outcome = outcome_again(self.envelope, self.turn, again.thought)
        return again, _End(outcome=outcome, kind=again.thought.state["reply_kind"])

    def judge(self, about: str, change: Change, words: str, real: _End) -> WhatIf:
        """What changes, in a sentence that begins with ``words``."""
        try:
            _, end = self.again(change)
        except ExchangeMissing as missing:
            return WhatIf(about=about, change=change, sentence=f"{words}: {missing}", same=False, known=False)
        return _found(about, change, words, end, real)


def what_ifs(run: AgentRun, memory: Memory) -> list[WhatIf]:
    """Each rule that fired taken out, thresholds moved to where something changes, articles taken out, other settings, the switch.

    Every one is thought again, with the release of then. Raises NothingToReplay, and ExchangeMissing where not even
    the run itself can be thought again.
    """
    envelope = envelope_of(run)
    court = _Court(run, envelope, memory.revisit(run.release_id, at=envelope.at))
    off = _End(outcome=switched_off(envelope.brief, RememberedWorld(envelope.world, at=envelope.at)))
    if is_switched_off(envelope.brief):
        return [court.judge("switch", UNCHANGED, "With the bot switched on", off)]
    again, real = court.again(UNCHANGED)
    state = again.thought.state
    fired, nearly = state.get("rules_fired", []), state.get("rules_nearly", [])
    found = [
        court.judge("rule", Change(without_rule=rule["key"]), f"Without the rule {_named(rule)}", real)
        for rule in fired
    ]
    for change, words in _other_values([*fired, *nearly]):
        found.append(court.judge("rule_value", change, words, real))
    threshold = _nearest_threshold(court, again, real)
    if threshold is not None:
        found.append(threshold)
    for passage in _relied_on(state.get("passages", []), state.get("cited", [])):
        words = f"Without the article “{passage['title']}”"
        found.append(court.judge("article", Change(without_article=passage["article"]), words, real))
    for change, words in _other_settings(court, again, real):
        found.append(court.judge("setting", change, words, real))
    found.append(_found("switch", UNCHANGED, "With the bot switched off", off, real))
    return found


def _found(about: str, change: Change, words: str, end: _End, real: _End) -> WhatIf:
    same = end.deed == real.deed
    still = "still " if isinstance(end.outcome, HandOver) and isinstance(real.outcome, HandOver) else ""
    told = "the same would have happened" if same else f"it would {still}have {_told(end)}"
    return WhatIf(about=about, change=change, sentence=f"{words} {told}.", same=same, outcome=told_outcome(end.outcome))


def _told(end: _End) -> str:
    """The end in words that follow "it would have"."""
    match end.outcome:
        case Reply(text=text, sources=sources):
            titles = " and ".join(f"“{title}”" for title in dict.fromkeys(source["title"] for source in sources))
            deed = _DEEDS.get(end.kind) or (f"answered from {titles}" if titles else "answered")
            return f"{deed}: “{one_line(text, _QUOTED_CHARACTERS)}”"
        case HandOver(reason=reason, detail=detail):
            return f"called a person ({ReasonCategory(reason).label.lower()}: {detail.rstrip('.')})"
    return "said nothing"


def _named(rule: RuleMatch) -> str:
    return f"“{rule['name'].rstrip('.')}”"


def _other_values(rules: list[RuleMatch]) -> Iterator[tuple[Change, str]]:
    """For each number that a rule asks about: the nearest value with which the condition is judged the other way."""
    for rule in rules:
        for place, condition in enumerate(rule["conditions"]):
            sign, actual = condition["operator"], condition["actual"]
            if FACTS[condition["fact"]].kind != "number" or actual is None or sign not in {"at_least", "at_most"}:
                continue
            step = SMALLEST if FACTS[condition["fact"]].near < 1 else 1
            beyond = step if sign == "at_least" else -step
            value = round(actual + beyond, 4) if condition["holds"] else actual
            counted = "from" if sign == "at_least" else "up to"
            words = (
                f"If the rule {_named(rule)} counted {condition['fact'].replace('_', ' ')} {counted} {value:g} "
                f"instead of {condition['value']:g}"
            )
            yield Change(rule_values={(rule["key"], place): value}), words


def _other_settings(court: _Court, again: Again, real: _End) -> Iterator[tuple[Change, str]]:
    """The business's settings on which this turn leant: its languages, and how often the bot may ask back."""
    language, languages = again.thought.state["language"], court.settings[LANGUAGES]
    if language in languages and len(languages) > 1:
        others = tuple(each for each in languages if each != language)
        yield Change(settings={LANGUAGES: others}), f"If the business did not answer in “{language}”,"
    most, asked = court.settings[MOST_CLARIFICATIONS], court.envelope.brief.progress["clarifications"]
    # What a tool asks is remembered with the run, and would be asked again whatever is set.
    planned = court.envelope.world.planned
    if planned is not None and planned.plan is not None:
        return
    if real.kind == "clarify":
        yield Change(settings={MOST_CLARIFICATIONS: asked}), "If the bot had not been let ask back"
    elif asked and asked >= most:
        yield Change(settings={MOST_CLARIFICATIONS: asked + 1}), "If the bot had been let ask back once more"


def _relied_on(passages: list[FoundPassage], cited: list[str]) -> list[FoundPassage]:
    """One passage for each article that was quoted, or else for the one that would have been."""
    quoted = [passage for passage in passages if passage["passage"] in cited]
    would = [passage for passage in passages[:1] if passage["answers"]]
    return list({passage["article"]: passage for passage in quoted or would}.values())[:MOST_ARTICLES]


def _nearest_threshold(court: _Court, again: Again, real: _End) -> WhatIf | None:
    """The certainty nearest to the one in force with which the turn ends otherwise; None where nothing was judged.

    Between two scores that were judged nothing can change, so only the values beside them are tried, going outward, and
    each try adds the scores it met.
    """
    if not again.weighed:
        return None
    decisive = again.thought.state.get("gate_score", 0.0)
    base = min(again.weighed, key=lambda each: abs(each.score - decisive)).least
    ways = [_walk(court, again, real, base, upward=upward) for upward in (True, False)]
    changing = [(abs(value - base), value) for value in ways if value is not None]
    if not changing:
        words = "With any other certainty asked of knowledge"
        return WhatIf(about="threshold", change=UNCHANGED, sentence=f"{words} the same would have happened.", same=True)
    value = min(changing)[1]
    words = f"If knowledge were quoted from a certainty of {value:g} on, instead of {base:.4g},"
    return court.judge("threshold", Change(settings={LEAST_GATE_SCORE: value}), words, real)


def _walk(court: _Court, again: Again, real: _End, base: float, *, upward: bool) -> float | None:
    """The first value in one direction with which the end is another."""
    met = {each.score for each in again.weighed}
    at = base
    for _ in range(MOST_STEPS):
        value = _beside(met, at, upward=upward)
        if value is None:
            return None
        try:
            tried, end = court.again(Change(settings={LEAST_GATE_SCORE: value}))
        except ExchangeMissing:
            # Another question for a language model is another end, though what it says is not known.
            return value
        if end.deed != real.deed:
            return value
        met |= {each.score for each in tried.weighed}
        at = value
    return None


def _beside(scores: set[float], at: float, *, upward: bool) -> float | None:
    """The next value that parts the scores otherwise than ``at`` does: just above one, or just below."""
    if upward:
        next_one = min((score for score in scores if score >= at), default=None)
        value = None if next_one is None else math.floor(next_one / SMALLEST + 1) * SMALLEST
        return None if value is None or value > 1 else round(value, 4)
    next_one = max((score for score in scores if score < at), default=None)
    value = None if next_one is None else math.floor(next_one / SMALLEST) * SMALLEST
    # 0 would leave it to the measured thresholds.
    return None if value is None or value < SMALLEST else round(value, 4)
