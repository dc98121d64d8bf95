"""Counterfactuals hold: what is said to have come of a change is what a release with that change really does."""

import pytest
from pytest_django import Settings

from agent import services
from agent.knowledge.services import ArticleText, save_article
from agent.models import AgentRun, Article, EscalationRule, Release, Tool
from agent.releases import services as releases
from agent.revisiting import Recollection
from agent.runtime import Runtime
from agent.services.what_ifs import SMALLEST, WhatIf, what_ifs
from conversations.models import Conversation
from tests.agent.providers import reply, serving
from tests.agent.tools.shop import SECRET, open_shop
from tests.conversations.talk import wrote

pytestmark = pytest.mark.django_db

ANSWERABLE = "How long does delivery take?"


def told(text: str, mind: Runtime, *, thread: str) -> AgentRun:
    """The run for a new customer who writes this."""
    conversation: Conversation = wrote(text, thread=thread)
    services.answer(conversation.pk, mind)
    return AgentRun.objects.latest("id")


def found(run: AgentRun, mind: Runtime, about: str) -> list[WhatIf]:
    """The counterfactuals of one kind."""
    return [each for each in what_ifs(run, Recollection(runtime=mind)) if each.about == about]


def deed(outcome: dict[str, object]) -> tuple[object, ...]:
    """What the customer and the queue notice of an outcome."""
    names = {"reply": ("text",), "hand_over": ("reason", "detail", "customer_text"), "silence": ()}
    return (outcome["kind"], *(outcome[name] for name in names[str(outcome["kind"])]))


def really(text: str, mind: Runtime, *, thread: str = "again") -> tuple[object, ...]:
    """What a new customer gets from the release that is published now."""
    return deed(told(text, mind, thread=thread).envelope["outcome"])


@pytest.mark.parametrize(
    "text",
    [
        "I want to speak to a real person about how long delivery takes",
        "The stove exploded and my hand is burnt, help",
        "Your service is the worst I have ever seen",
        "I will sue you if I do not get my money back",
        "Somebody hacked my account and ordered things",
    ],
)
def test_without_a_rule_that_fired_it_does_what_a_release_without_the_rule_does(
    text: str, mind: Runtime, release: Release
) -> None:
    run = told(text, mind, thread="first")
    fired = [rule["key"] for rule in run.trace["rules"]["fired"]]
    cases = found(run, mind, "rule")

    assert [case.change.without_rule for case in cases] == fired != []
    for number, case in enumerate(cases):
        draft = releases.create_draft(None, based_on=release)
        EscalationRule.objects.filter(release=draft, key=case.change.without_rule).delete()
        releases.publish(draft, None)
        assert deed(case.outcome) == really(text, mind, thread=f"n{number}")
        assert case.same == (deed(case.outcome) == deed(run.envelope["outcome"]))


def test_the_rule_that_alone_called_a_person_is_named_with_what_would_have_been_said(mind: Runtime) -> None:
    run = told("Please connect me with a human agent. How long does delivery take?", mind, thread="first")

    (case,) = found(run, mind, "rule")

    assert not case.same
    assert case.sentence.startswith("Without the rule “")
    assert "it would have answered from “Delivery times”: “" in case.sentence


def test_the_nearest_threshold_is_where_the_published_threshold_changes_the_outcome(mind: Runtime) -> None:
    run = told(ANSWERABLE, mind, thread="first")
    (case,) = found(run, mind, "threshold")
    value = case.change.settings["retrieval.least_gate_score"]
    assert not case.same

    releases.publish(releases.configure("retrieval.least_gate_score", f"{value:.4f}", None), None)
    at_it = really(ANSWERABLE, mind, thread="at it")
    releases.publish(releases.configure("retrieval.least_gate_score", f"{value - SMALLEST:.4f}", None), None)
    short_of_it = really(ANSWERABLE, mind, thread="short of it")

    assert at_it == deed(case.outcome) != deed(run.envelope["outcome"])
    assert short_of_it == deed(run.envelope["outcome"])
    assert f"{value:g}" in case.sentence


def test_a_refused_question_has_a_threshold_below_at_which_it_would_have_been_answered(mind: Runtime) -> None:
    releases.publish(releases.configure("retrieval.least_gate_score", "0.9999", None), None)
    run = told(ANSWERABLE, mind, thread="first")
    assert run.trace["knowledge"]["answerable"] is False

    (case,) = found(run, mind, "threshold")

    value = case.change.settings["retrieval.least_gate_score"]
    assert value < 0.9999
    releases.publish(releases.configure("retrieval.least_gate_score", f"{value:.4f}", None), None)
    assert really(ANSWERABLE, mind) == deed(case.outcome) != deed(run.envelope["outcome"])


def test_a_number_in_a_rule_is_moved_just_as_far_as_it_takes(mind: Runtime, release: Release) -> None:
    text = "Your service is the worst I have ever seen"
    run = told(text, mind, thread="first")
    cases = found(run, mind, "rule_value")
    assert cases
    for number, case in enumerate(cases):
        (((key, place), value),) = case.change.rule_values.items()
        draft = releases.create_draft(None, based_on=release)
        rule = EscalationRule.objects.get(release=draft, key=key)
        rule.conditions[place]["value"] = value
        rule.save()
        releases.publish(draft, None)

        outcome = deed(told(text, mind, thread=f"n{number}").envelope["outcome"])

        assert deed(case.outcome) == outcome


def test_a_rule_that_nearly_fired_is_shown_firing(mind: Runtime, release: Release) -> None:
    before = told(ANSWERABLE, mind, thread="first")
    sentiment = before.trace["understanding"]["sentiment"]
    draft = releases.create_draft(None)
    EscalationRule.objects.create(
        release=draft, key="sad", name="The customer is a little sad.", reason="negative_sentiment", order=1,
        conditions=[{"fact": "sentiment", "operator": "at_most", "value": round(sentiment - 0.1, 4)}],
    )  # fmt: skip
    releases.publish(draft, None)
    run = told(ANSWERABLE, mind, thread="second")
    assert [rule["key"] for rule in run.trace["rules"]["nearly"]][:1] == ["sad"]

    case = found(run, mind, "rule_value")[0]

    assert not case.same
    assert case.outcome["kind"] == "hand_over"
    assert "counted sentiment up to" in case.sentence
    assert "called a person (negative sentiment: The customer is a little sad)" in case.sentence


def test_without_the_article_it_does_what_a_release_without_it_does(mind: Runtime) -> None:
    run = told(ANSWERABLE, mind, thread="first")
    (case,) = found(run, mind, "article")
    article = Article.objects.get(public_id=case.change.without_article)
    assert case.sentence.startswith("Without the article “Delivery times” ")

    draft = releases.create_draft(None)
    releases.drop_article(draft, article, None)
    releases.publish(draft, None)

    assert deed(case.outcome) == really(ANSWERABLE, mind)


def test_an_article_that_changes_nothing_is_said_to_change_nothing(mind: Runtime) -> None:
    save = ArticleText(slug="twin", language="en", title="Twin", body="Delivery takes exactly 12 days by sailing boat.")
    for slug in ("twin", "other-twin"):
        draft = releases.create_draft(None)
        version = save_article(ArticleText(slug=slug, language="en", title=slug, body=save.body), None)
        releases.use_article(draft, version, None)
        releases.publish(draft, None)
    run = told("Does a sailing boat take 12 days?", mind, thread="first")

    cases = found(run, mind, "article")

    assert [case.same for case in cases] == [True]
    assert cases[0].sentence.endswith("the same would have happened.")


def test_without_the_customers_language_it_does_what_a_business_without_it_does(mind: Runtime) -> None:
    text = "Wie lange dauert die Lieferung?"
    run = told(text, mind, thread="first")
    (case,) = found(run, mind, "setting")
    assert case.sentence.startswith("If the business did not answer in “de”, ")
    assert not case.same

    left = "\n".join(case.change.settings["business.languages"])
    releases.publish(releases.configure("business.languages", left, None), None)

    assert deed(case.outcome) == really(text, mind)


def test_where_the_bot_asked_back_it_is_told_what_it_would_have_done_without(mind: Runtime) -> None:
    text = "nee"
    run = told(text, mind, thread="first")
    assert run.trace["reply"]["kind"] == "clarify"

    case = next(each for each in found(run, mind, "setting") if "clarify.most" in each.change.settings)
    releases.publish(releases.configure("clarify.most", "0", None), None)

    assert case.sentence.startswith("If the bot had not been let ask back it would have ")
    assert deed(case.outcome) == really(text, mind) != deed(run.envelope["outcome"])


def test_the_switch_is_tried_both_ways(mind: Runtime) -> None:
    run = told(ANSWERABLE, mind, thread="first")
    (off,) = found(run, mind, "switch")
    releases.publish(releases.configure("bot.enabled", "false", None), None)
    assert deed(off.outcome) == really(ANSWERABLE, mind)

    silent = AgentRun.objects.latest("id")
    (on,) = found(silent, mind, "switch")

    assert deed(on.outcome) == deed(run.envelope["outcome"])
    assert on.sentence.startswith("With the bot switched on it would have answered from “Delivery times”")


def test_what_a_model_would_have_said_is_not_guessed(mind: Runtime, release: Release, settings: Settings) -> None:
    with serving() as script:
        settings.MODEL_CHAIN = ["openai:gpt-test"]
        settings.OPENAI_API_KEY = "key"
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{script.port}/v1"
        modelled = Runtime(mind.release(release.pk).engine.encoder)
        script.will("openai", [reply("Soon.", "x")])
        run = told("Please connect me with a human agent. How long does delivery take?", modelled, thread="first")

        (case,) = found(run, modelled, "rule")

        assert script.asked == []
    assert (case.known, case.same, case.outcome) == (False, False, {})
    assert case.sentence.endswith("A language model would be asked, and no answer of one was kept with this run.")


@pytest.mark.parametrize("text", ["Where is my order TH1234567?", "Where is my order TH1234567? I want a real person!"])
@pytest.mark.parametrize("answers", [True, False])
def test_what_would_have_come_of_a_turn_with_a_tool_is_what_comes_of_it(
    text: str, answers: bool, mind: Runtime, release: Release
) -> None:
    with open_shop() as shop:
        shop.knows("TH1234567")
        shop.status = 200 if answers else 500
        Tool.objects.create(name=Tool.Name.ORDER_STATUS, url=shop.url, secrets={"secret": SECRET})
        run = told(text, mind, thread="first")
        asked = len(shop.asked)
        cases = what_ifs(run, Recollection(runtime=mind))
        assert len(shop.asked) == asked

        known = [case for case in cases if case.about in {"rule", "threshold"} and case.outcome]
        for number, case in enumerate(known):
            draft = releases.create_draft(None, based_on=release)
            EscalationRule.objects.filter(release=draft, key=case.change.without_rule).delete()
            for key, value in case.change.settings.items():
                releases.configure(key, f"{value:.4f}", None, draft=draft)
            releases.publish(draft, None)
            assert deed(case.outcome) == really(text, mind, thread=f"n{number}")

    fired = [rule["key"] for rule in run.trace["rules"]["fired"]]
    assert {case.change.without_rule for case in cases if case.about == "rule"} == set(fired)
    assert ("asks-for-person" in fired) is ("person" in text)
