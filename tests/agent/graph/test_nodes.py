"""What each step adds."""

from typing import Any

import pytest

from agent.engine.types import OTHER_INTENT, Candidate
from agent.graph.context import Findings, Manner, Written
from agent.graph.rules import Rule, read_conditions
from agent.releases.defaults.rules import RULES
from tests.agent.scripted import (
    NOTHING_FOUND,
    Ears,
    Library,
    Writer,
    context,
    given,
    line,
    nodes_run,
    passage,
    rule,
    run,
    understanding,
    written,
)


def test_classifying_keeps_intent_mood_language_and_every_signal() -> None:
    heard = understanding(sentiment=-0.4, fired=("churn",))

    state = run(given(), context(understanding=Ears(says_that=heard)))

    assert (state["intent"], state["route"], state["sentiment_score"]) == ("return_policy", "support", -0.4)
    assert state["signals"]["churn"] == {"score": 0.9, "fired": True, "phrase": None}
    assert state["candidates"] == [{"intent": "return_policy", "probability": 0.95}]


def test_a_language_the_business_does_not_speak_is_answered_in_its_own() -> None:
    state = run(given(), context(understanding=Ears(says_that=understanding(language="ru"))))

    assert (state["detected_language"], state["language"], state["language_supported"]) == ("ru", "en", False)


def test_the_talk_so_far_is_laid_out_by_who_spoke() -> None:
    talk = [line("Hi"), line("Hello!", sender="bot", seq=2)]

    state = run(given(conversation_history=talk), context())

    assert state["formatted_context"] == "customer: Hi\nbot: Hello!"


def test_a_short_follow_up_is_read_with_the_question_before_it() -> None:
    found = Findings(passages=(passage("p2", "Delivery to Austria takes 3 days."),), answerable=True, gate_score=0.8)
    library = Library(findings=NOTHING_FOUND, by_query={"How long is delivery?\nand to Austria?": found})

    state = run(
        given("and to Austria?", conversation_history=[line("How long is delivery?")]), context(knowledge=library)
    )

    assert state["response"] == "Delivery to Austria takes 3 days."


@pytest.mark.parametrize(("thanks", "goodbye", "kind"), [(0.7, 0.25, "template"), (0.7, 0.1, "answer")])
def test_thanks_and_a_goodbye_in_one_message_are_sure_together(thanks: float, goodbye: float, kind: str) -> None:
    candidates = tuple(
        Candidate(intent=intent, probability=probability)
        for intent, probability in (("thanks", thanks), ("goodbye", goodbye), ("return_policy", 0.05))
    )
    heard = understanding(intent="thanks", confidence=thanks, confident=False, candidates=candidates)

    state = run(given("thanks again, bye"), context(understanding=Ears(says_that=heard)))

    assert state["reply_kind"] == kind


def test_a_long_message_is_not_mixed_with_the_one_before() -> None:
    library = Library(findings=NOTHING_FOUND)

    run(given("I would like to know something else now", conversation_history=[line("Hi")]), context(knowledge=library))

    assert library.asked == ["I would like to know something else now"]


def test_an_answer_quotes_the_passage_word_for_word_and_names_it() -> None:
    state = run(given(), context())

    assert state["response"] == passage()["quote"]
    assert state["sources"] == [{"title": "Returns", "article": "article-p1", "passage": "p1"}]
    assert state["cited"] == ["p1"]
    assert state["reply_kind"] == "answer"


def test_an_answer_in_another_language_says_so_first() -> None:
    german = understanding(language="de")

    state = run(given(), context(understanding=Ears(says_that=german)))

    assert state["response"] == "answer_other_language in de\n\nYou may return goods within 45 days."


@pytest.mark.parametrize(
    ("message", "values", "heard", "kind", "template"),
    [
        ("hi", {}, {"intent": "greeting", "route": "general"}, "template", "greeting"),
        ("👍", {}, {"intent": OTHER_INTENT}, "silence", ""),
        ("😡", {}, {"intent": OTHER_INTENT, "sentiment": -0.9}, "clarify", "what_happened"),
        ("😡", {"progress": {"last_kind": "clarify"}}, {"intent": OTHER_INTENT, "sentiment": -0.9}, "silence", ""),
        ("😡", {"message_kinds": ["emoji"]}, {"intent": OTHER_INTENT, "sentiment": -0.9}, "clarify", "what_happened"),
        ("You are all fools", {}, {"confident": False, "sentiment": -0.7}, "offer", "calm_offer"),
        ("Are you all fools?", {}, {"confident": False, "sentiment": -0.7}, "offer", "cannot_answer"),
        ("I want no human", {}, {"intent": "wants_person", "fired": ("refuses_person",)}, "template", "offer_declined"),
        ("👍", {"conversation_history": [line("Done.", sender="bot")]}, {"intent": OTHER_INTENT}, "silence", ""),
        ("?", {}, {"intent": OTHER_INTENT}, "clarify", "clarify_open"),
        ("", {"message_kinds": ["image"]}, {"intent": OTHER_INTENT}, "offer", "unsupported_message"),
        ("", {"message_kinds": ["sticker"]}, {"intent": OTHER_INTENT}, "silence", ""),
        ("", {"message_kinds": ["reaction", "emoji"]}, {"intent": OTHER_INTENT}, "silence", ""),
        ("", {"message_kinds": ["sticker", "image"]}, {"intent": OTHER_INTENT}, "offer", "unsupported_message"),
        ("thanks", {}, {"intent": "thanks"}, "template", "thanks"),
        ("thanks", {"progress": {"last_kind": "template"}}, {"intent": "thanks"}, "silence", ""),
        ("hm", {}, {"in_scope": False}, "clarify", "clarify_open"),
        ("Will the moon be full tonight", {}, {"in_scope": False}, "offer", "cannot_answer"),
        ("hm", {"progress": {"clarifications": 2, "failures": 2}}, {"in_scope": False}, "offer", "cannot_answer"),
    ],
)
def test_what_no_article_answers_gets_a_fixed_text_that_fits(
    message: str, values: dict[str, Any], heard: dict[str, Any], kind: str, template: str
) -> None:
    ears = Ears(says_that=understanding(**heard))

    state = run(given(message, **values), context(understanding=ears, knowledge=Library(findings=NOTHING_FOUND)))

    assert (state["reply_kind"], state["template"]) == (kind, template)


ALONE = rule(("sent_picture", "is", True), ("without_words", "is", True), reason="sent_picture")


@pytest.mark.parametrize(
    ("message", "pictures", "kind", "template"),
    [
        ("", 1, "hand_over", "picture_handoff"),
        ("😊", 2, "hand_over", "picture_handoff"),
        ("", 0, "offer", "unsupported_message"),
        ("Can I return this?", 1, "answer", ""),
    ],
)
def test_a_picture_alone_is_for_a_person_to_look_at(message: str, pictures: int, kind: str, template: str) -> None:
    state = run(given(message, message_kinds=["image"], pictures=pictures), context(rules=(ALONE,)))

    assert (state["reply_kind"], state["template"]) == (kind, template)


def test_two_likely_topics_are_asked_back_by_their_titles() -> None:
    near = Findings(
        passages=(
            passage("p1", title="Returns"),
            passage("p2", title="Repairs"),
            passage("p3", title="Rückgabe", language="de"),
        ),
        answerable=False,
        gate_score=0.3,
    )

    state = run(given("my boots came back"), context(knowledge=Library(findings=near)))

    assert state["response"] == "clarify in en: “Returns” “Repairs”"


def test_the_same_answer_is_not_given_twice_in_a_row() -> None:
    said = [line("Can I return this?"), line(passage()["quote"], sender="bot", seq=2)]

    state = run(given(conversation_history=said), context())

    assert (state["reply_kind"], state["template"]) == ("offer", "said_already")


def test_who_asks_on_is_told_what_else_the_article_says() -> None:
    first, second, other = (
        passage("p1", article="returns"),
        passage("p2", text="In Europe we deduct 3.50 euros.", article="returns"),
        passage("p3", text="Delivery takes two days.", article="delivery"),
    )
    found = Library(findings=Findings(passages=(first, other, second), answerable=True, gate_score=0.9))
    said = [line("Can I return this?"), line(first["quote"], sender="bot", seq=2)]

    state = run(given("and what does that cost?", conversation_history=said), context(knowledge=found))

    assert (state["reply_kind"], state["response"]) == ("answer", second["quote"])


def test_what_did_not_help_is_not_followed_by_more_of_it() -> None:
    state = run(given("that did not help"), context(understanding=Ears(words=["not_helped"])))

    assert (state["reply_kind"], state["template"]) == ("offer", "repeated_answer")


def test_no_to_the_offer_of_a_person_is_taken_as_no() -> None:
    state = run(given("no", progress={"last_kind": "offer"}), context(understanding=Ears(words=["decline"])))

    assert state["template"] == "offer_declined"


def test_a_models_answer_is_used_with_the_passages_it_cites() -> None:
    writer = Writer([written("You have 45 days to send it back.")])

    state = run(given(), context(writer=writer))

    assert state["response"] == "You have 45 days to send it back."
    assert (state["provider"], state["model"], state["cited"]) == ("openai", "gpt-test", ["p1"])


def test_a_model_is_not_asked_for_what_a_fixed_text_says() -> None:
    writer = Writer([written("Hello there!")])
    greeting = understanding(intent="greeting", route="general")

    state = run(given("hi"), context(writer=writer, understanding=Ears(says_that=greeting)))

    assert writer.requests == []
    assert state["template"] == "greeting"


def test_a_model_that_says_a_person_is_needed_is_believed() -> None:
    state = run(given(), context(writer=Writer([written("", needs_person=True)])))

    assert nodes_run(state)[-1] == "escalate"
    assert state["escalation_reason"] == "low_confidence"
    assert state["suggestion"] == passage()["quote"]


def test_a_model_is_not_asked_again_for_what_did_not_help() -> None:
    writer = Writer([written("You have 45 days to send it back.")])

    state = run(given("that did not help"), context(writer=writer, understanding=Ears(words=["not_helped"])))

    assert writer.requests == []
    assert (state["reply_kind"], state["template"]) == ("offer", "repeated_answer")


UNSURE = Findings(passages=(passage(),), answerable=False, gate_score=0.3)


@pytest.mark.parametrize("said", [written("", needs_person=True), written("What do you mean?", cited=())])
def test_where_neither_we_nor_a_model_know_our_own_question_or_offer_goes_out_and_is_counted(said: Written) -> None:
    writer, library = Writer([said]), Library(findings=UNSURE)

    state = run(given("is it waterproof?"), context(writer=writer, knowledge=library))

    assert len(writer.requests) == 1
    assert state["reply_kind"] in {"clarify", "offer"}
    assert (state["provider"], state["requires_escalation"]) == ("embedded", False)


def test_where_we_are_not_sure_a_model_that_finds_the_answer_gives_it() -> None:
    writer = Writer([written("You have 45 days to send it back.")])

    state = run(given("is it waterproof?"), context(writer=writer, knowledge=Library(findings=UNSURE)))

    assert (state["reply_kind"], state["response"]) == ("model", "You have 45 days to send it back.")


def test_a_model_that_asks_whether_a_person_is_wanted_has_offered_one() -> None:
    answer = "You have 45 days to send it back. Would you like a colleague to look at it?"
    plain = "You have 45 days to send it back. A colleague looks at it then."

    offered = run(given(), context(writer=Writer([written(answer)])))
    told = run(given(), context(writer=Writer([written(plain)])))

    assert (offered["offers_person"], told["offers_person"]) == (True, False)


def test_when_no_model_answers_the_passage_is_quoted() -> None:
    state = run(given(), context(writer=Writer([])))

    assert (state["response"], state["provider"]) == (passage()["quote"], "embedded")


def test_urgent_words_win_over_any_model() -> None:
    writer = Writer([written("All is well.")])
    heard = understanding(fired=("urgent",))

    state = run(
        given(),
        context(
            writer=writer, understanding=Ears(says_that=heard), rules=(rule(("urgent", "is", True), reason="urgent"),)
        ),
    )

    assert writer.requests == []
    assert state["reply_kind"] == "hand_over"


@pytest.mark.parametrize("rules", [(), (rule(("intent_enabled", "is", False)),)])
def test_a_switched_off_intent_goes_to_people_with_a_rule_for_it_and_without(rules: tuple[Rule, ...]) -> None:
    manner = Manner(disabled_intents=frozenset({"return_policy"}))

    state = run(given(), context(manner=manner, rules=rules))

    assert state["reply_kind"] == "hand_over"


@pytest.mark.parametrize(
    ("most", "asked", "kind"),
    [(2, 1, "clarify"), (2, 2, "hand_over"), (4, 2, "clarify"), (4, 4, "hand_over"), (0, 0, "offer")],
)
def test_a_person_is_called_once_the_bot_has_asked_back_as_often_as_it_may(most: int, asked: int, kind: str) -> None:
    never_understood = next(each for each in RULES if each.key == "never-understood")
    conditions = read_conditions(
        [{"fact": fact, "operator": sign, "value": value} for fact, sign, value in never_understood.when]
    )
    judged = Rule(key="r", name="r", conditions=conditions, reason="low_confidence", priority="normal")

    state = run(
        given("hm", progress={"clarifications": asked, "failures": asked}),
        context(
            understanding=Ears(says_that=understanding(in_scope=False)),
            knowledge=Library(findings=NOTHING_FOUND),
            manner=Manner(max_clarifications=most),
            rules=(judged,),
        ),
    )

    assert state["reply_kind"] == kind


def test_a_hand_over_has_exactly_one_text_and_no_sources() -> None:
    state = run(given(), context(rules=(rule(("answerable", "is", True)),)))

    assert state["response"] == "handoff in en"
    assert state["sources"] == []


def test_every_step_leaves_its_name_and_time() -> None:
    state = run(given(), context())

    assert all(step["ms"] > 0 for step in state["steps"])
