"""Escalation rules as data."""

from typing import Any

import pytest

from agent.engine.types import Signal
from agent.graph.rules import FACTS, RuleMalformed, facts_of, judge, read_conditions
from agent.releases.defaults.rules import RULES
from conversations.types import ReasonCategory
from tests.agent.scripted import NOTHING_FOUND, Ears, Library, context, given, rule, run, understanding


@pytest.mark.parametrize(
    ("condition", "actual", "fires"),
    [
        (("urgent", "is", True), True, True),
        (("urgent", "is", True), False, False),
        (("sentiment", "at_most", -0.5), -0.5, True),
        (("sentiment", "at_most", -0.5), -0.49, False),
        (("clarifications", "at_least", 2), 2, True),
        (("clarifications", "at_least", 2), 1, False),
        (("intent", "is", "refund"), "refund", True),
        (("intent", "is_not", "refund"), "refund", False),
        (("intent", "one_of", ["refund", "invoice"]), "invoice", True),
        (("intent", "none_of", ["refund", "invoice"]), "invoice", False),
        (("answerable", "is", False), None, False),
    ],
)
def test_a_condition_holds_as_its_operator_says(condition: tuple[str, str, Any], actual: Any, fires: bool) -> None:
    ruling = judge([rule(condition)], {condition[0]: actual})

    assert bool(ruling.fired) is fires


def test_every_condition_of_a_rule_must_hold() -> None:
    both = rule(("churn", "is", True), ("sentiment", "at_most", -0.3))

    assert not judge([both], {"churn": True, "sentiment": 0.2}).fired
    assert judge([both], {"churn": True, "sentiment": -0.3}).fired


def test_what_nearly_fired_is_told_with_its_numbers() -> None:
    ruling = judge([rule(("sentiment", "at_most", -0.5))], {"sentiment": -0.4})

    (match,) = ruling.nearly
    assert match["conditions"] == [
        {"fact": "sentiment", "operator": "at_most", "value": -0.5, "actual": -0.4, "holds": False}
    ]


def test_a_rule_far_from_firing_or_a_count_not_begun_is_not_near() -> None:
    rules = [rule(("sentiment", "at_most", -0.5)), rule(("offers", "at_least", 1)), rule(("urgent", "is", True))]

    assert not judge(rules, {"sentiment": 0.5, "offers": 0, "urgent": False}).nearly


def test_rules_are_told_in_their_order() -> None:
    rules = [rule(("churn", "is", True), key="first"), rule(("churn", "is", True), key="second")]

    assert [match["key"] for match in judge(rules, {"churn": True}).fired] == ["first", "second"]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ([], "at least one"),
        ("urgent", "at least one"),
        ([{"fact": "urgent", "operator": "is"}], "exactly"),
        ([{"fact": "moon", "operator": "is", "value": True}], "no fact “moon”"),
        ([{"fact": "urgent", "operator": "at_least", "value": 1}], "operators is"),
        ([{"fact": "urgent", "operator": "is", "value": 1}], "true or false"),
        ([{"fact": "sentiment", "operator": "at_most", "value": True}], "a number"),
        ([{"fact": "intent", "operator": "one_of", "value": "refund"}], "list of words"),
    ],
)
def test_a_rule_that_cannot_be_read_says_why(raw: object, says: str) -> None:
    with pytest.raises(RuleMalformed, match=says):
        read_conditions(raw)


def test_the_rules_the_product_comes_with_can_be_read_and_name_known_reasons() -> None:
    for default in RULES:
        conditions = [{"fact": fact, "operator": sign, "value": value} for fact, sign, value in default.when]

        assert read_conditions(conditions)
        assert default.reason in ReasonCategory


def test_a_state_gives_every_fact_there_is() -> None:
    state = run(given(), context())

    assert set(FACTS) <= set(facts_of(state, platform_facts={"intent_enabled": True, "asked_enough": False}))


def test_a_phrase_is_told_apart_from_a_score() -> None:
    heard = understanding(signals={"urgent": Signal(score=0.2, fired=True, phrase="asap")})
    state = run(given("asap"), context(understanding=Ears(says_that=heard)))

    facts = facts_of(state)
    assert (facts["urgent_phrase"], facts["urgent_score"], facts["urgent"]) == (True, 0.2, True)


@pytest.mark.parametrize(
    ("heard", "words", "progress", "reason"),
    [
        ({"fired": ("wants_person",)}, [], {}, "asked_for_person"),
        ({"fired": ("threat",)}, [], {}, "dispute"),
        ({"fired": ("danger", "urgent")}, [], {}, "danger"),
        ({"fired": ("security", "urgent")}, [], {}, "account_security"),
        ({"fired": ("negative_trend",)}, [], {}, "negative_sentiment"),
        ({"fired": ("churn",), "sentiment": -0.5}, [], {}, "negative_sentiment"),
        ({"language": "ru"}, [], {}, "language_not_spoken"),
        ({}, ["accept"], {"last_kind": "offer", "offers": 1, "failures": 1}, "asked_for_person"),
        ({}, [], {"last_kind": "offer", "offers": 1, "failures": 1}, "repeated_failure"),
        ({}, [], {"last_kind": "clarify", "clarifications": 2, "failures": 2}, "low_confidence"),
        ({}, ["not_helped"], {"last_kind": "offer", "offers": 1, "failures": 1}, "repeated_failure"),
    ],
)
def test_the_rules_the_product_comes_with_call_a_person(
    heard: dict[str, Any], words: list[str], progress: dict[str, Any], reason: str
) -> None:
    rules = tuple(rule(*default.when, reason=default.reason.value, key=default.key) for default in RULES)
    ears = Ears(says_that=understanding(**heard), words=words)

    state = run(
        given(progress=progress), context(rules=rules, understanding=ears, knowledge=Library(findings=NOTHING_FOUND))
    )

    assert state["reply_kind"] == "hand_over"
    assert state["escalation_reason"] == reason
