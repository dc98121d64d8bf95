"""The engine as its callers use it: routes, signals, knowledge, hostile text, threads, time."""

from __future__ import annotations

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from agent.engine.encoder import Encoder
from agent.engine.engine import Engine, HeadsMismatch
from agent.engine.heads import Heads
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.seeds import LANGUAGES as SPOKEN
from agent.engine.types import NEGATIVE_TREND, Hit, Understanding
from tests.agent.conftest import SeedVectors
from tests.agent.engine.conftest import read_rows

LANGUAGES = ("en", "de")
"""Those with articles."""
HOSTILE = [
    "",
    " \n\t ",
    "\ud800",
    "hello \udfff\ud800 there",
    "a" * 20_000,
    "word " * 20_000,
    "👍👍🏽🤷‍♀️",
    "123 456",
    "\x00\x01\x02 where is my order\x00",
    "مرحبا أين طلبي \u202e\u200f",
    "שלום איפה ההזמנה שלי",
    "ﷺ" * 500,
    "\u0301" * 3_000,
    "ทดสอบ" * 100,
    "我的包裹在哪里",
    "<script>alert(1)</script>",
    "{{ settings.SECRET_KEY }} %s %d {name}",
    "' OR 1=1; --",
    "\ufeff\u200b\u2060",
    "?!.,;:…。",
]


def understand(engine: Engine, text: str, prior: str | None = None) -> Understanding:
    """What the engine makes of a message to a shop that speaks English and German."""
    return engine.understand(text, language_prior=prior, languages=LANGUAGES)


def find(engine: Engine, text: str, language: str, k: int = 5) -> tuple[Hit, ...]:
    """What a customer's question finds in its own language, with its intents heard."""
    topics = understand(engine, text, language).topics
    hits = engine.search(text, language=language, k=2 * k, topics=topics)
    return tuple(hit for hit in hits if not hit.cross_language)[:k]


Understood = dict[str, list[tuple[str, Understanding]]]


@pytest.mark.parametrize("language", SPOKEN)
def test_messages_nobody_fitted_reach_the_right_route(understood: Understood, language: str) -> None:
    right = [result.route == route for route, result in understood[language]]

    assert np.mean(right) >= 0.85


@pytest.mark.parametrize("language", SPOKEN)
def test_what_is_urgent_is_heard_and_little_else_is(understood: Understood, language: str) -> None:
    urgent = [result.route == "urgent" for route, result in understood[language] if route == "urgent"]
    others = [result.route == "urgent" for route, result in understood[language] if route != "urgent"]

    assert np.mean(urgent) >= 0.85
    assert np.mean(others) <= 0.07


@pytest.mark.parametrize("language", SPOKEN)
def test_the_held_out_messages_are_recognised_in_their_language(understood: Understood, language: str) -> None:
    right = [result.language == language for _, result in understood[language]]

    assert np.mean(right) >= 0.96


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_right_article_is_among_the_first_three(engine: Engine, language: str) -> None:
    rows = [row for row in read_rows(f"questions_{language}.jsonl") if row["article"] is not None]

    found = [
        f"{row['article']}.{language}" in [hit.article_id for hit in find(engine, row["text"], language, k=3)]
        for row in rows
    ]

    assert np.mean(found) >= 0.90


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_wanted_counts_beside_what_it_is_about(engine: Engine, language: str) -> None:
    rows = [row for row in read_rows("everyday.jsonl") if row["language"] == language]
    right: list[bool] = []
    wrong: list[bool] = []

    for row in rows:
        hits = find(engine, row["text"], language)
        right.append(hits[0].article_id in [f"{article}.{language}" for article in row["articles"]])
        wrong.append(not right[-1] and engine.gate(row["text"], hits).answerable)

    assert np.mean(right) >= 0.92
    assert np.mean(wrong) <= 0.03


def test_the_gate_answers_what_is_known_and_declines_what_is_not(engine: Engine) -> None:
    rows = [row for language in LANGUAGES for row in read_rows(f"questions_{language}.jsonl")]

    known: list[bool] = []
    unknown: list[bool] = []
    for row in rows:
        answerable = engine.gate(row["text"], find(engine, row["text"], row["language"])).answerable
        (unknown if row["article"] is None else known).append(answerable)

    assert np.mean(known) >= 0.80
    assert np.mean(unknown) <= 0.10


def test_an_emergency_is_never_a_good_mood(engine: Engine) -> None:
    assert understand(engine, "My stove exploded and burned my hand").sentiment <= 0.0


def test_every_extract_stands_word_for_word_in_its_passage(engine: Engine) -> None:
    for language in LANGUAGES:
        for row in read_rows(f"questions_{language}.jsonl"):
            for hit in engine.search(row["text"], language=language, k=2):
                extract = engine.extract(row["text"], hit)
                source = engine.knowledge.passage(hit.passage_id).text

                assert extract.text
                assert extract.text == source[extract.start : extract.end]
                assert extract.passage_id == hit.passage_id


def test_a_short_faq_entry_is_quoted_whole(engine: Engine) -> None:
    hits = engine.search("How do I get a return label?", language="en")

    extract = engine.extract("How do I get a return label?", hits[0])

    assert extract.text == engine.knowledge.passage(hits[0].passage_id).text


def test_internal_articles_are_never_found(engine: Engine) -> None:
    for question in (
        "How much goodwill may an agent grant?",
        "Wann muss die Schichtleitung eine Erstattung freigeben?",
    ):
        for language in LANGUAGES:
            hits = engine.search(question, language=language, k=100)

            assert hits
            assert not any("goodwill" in hit.article_id for hit in hits)


def test_a_question_finds_the_article_of_its_own_language_first(engine: Engine) -> None:
    english = engine.search("how long is a gift card valid", language="en")[0]
    german = engine.search("wie lange ist eine Geschenkkarte gültig", language="de")[0]

    assert (english.article_id, german.article_id) == ("gift-cards.en", "gift-cards.de")


def test_a_question_in_another_language_finds_the_passage_across(
    engine: Engine, encoder: Encoder, heads: Heads, vectors: SeedVectors
) -> None:
    passages = [passage for passage in engine.knowledge.passages if passage.language == "en"]
    english_only = Engine(encoder, heads, [], KnowledgeIndex.build(passages, encoder, vectors))

    hit = english_only.search("¿Cuánto tiempo es válida una tarjeta regalo?", language="es")[0]

    assert hit.article_id == "gift-cards.en"
    assert hit.cross_language


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("I WANT TO TALK TO A HUMAN BEING", "wants_person"),
        ("Ich möchte mit einem Menschen sprechen", "wants_person"),
        ("ich moechte einen mitarbeiter sprechen", "wants_person"),
        ("pay me back or I call my lawyer", "threat"),
        ("Dann gehe ich zur Verbraucherzentrale", "threat"),
        ("this is an EMERGENCY", "urgent"),
        ("never again, you lost a customer", "churn"),
    ],
)
def test_a_phrase_fires_its_head_by_itself(engine: Engine, text: str, head: str) -> None:
    signal = understand(engine, text).signals[head]

    assert signal.fired
    assert signal.phrase is not None


def test_a_head_fires_without_any_phrase(engine: Engine) -> None:
    signal = understand(engine, "I'd much rather have one of your colleagues deal with this personally").signals[
        "wants_person"
    ]

    assert signal.fired
    assert signal.phrase is None


@pytest.mark.parametrize("language", SPOKEN)
def test_everyday_questions_ask_for_nobody_and_threaten_nobody(understood: Understood, language: str) -> None:
    results = [result for route, result in understood[language] if route in {"sales", "general"}]

    for head in ("wants_person", "threat", "churn"):
        fired = [result.signals[head].fired for result in results]

        assert np.mean(fired) <= 0.08


def test_small_talk_of_strangers_is_out_of_scope(engine: Engine) -> None:
    for text in ("what is the capital of Peru", "erzähl mir einen Witz über Physiker", "solve 3x + 4 = 19 for me"):
        assert not understand(engine, text).in_scope


def test_praise_is_positive_and_anger_negative(engine: Engine) -> None:
    assert understand(engine, "Fantastic help, I am so happy with the new tent").sentiment > 0.4
    assert understand(engine, "Ganz toller Service, ich bin begeistert").sentiment > 0.4
    assert understand(engine, "I am furious, this is the worst service I've ever had").sentiment < -0.4
    assert understand(engine, "Ich bin maßlos enttäuscht und verärgert").sentiment < -0.4
    assert abs(understand(engine, "My order number is TH-1234567").sentiment) < 0.5


def test_three_angry_messages_in_a_row_are_a_trend(engine: Engine) -> None:
    angry = "This is awful, I am really angry now"

    once = engine.understand(angry, language_prior="en", languages=LANGUAGES)
    again = engine.understand(angry, language_prior="en", languages=LANGUAGES, recent_sentiment=(-0.6, -0.8))

    assert not once.signals[NEGATIVE_TREND].fired
    assert again.signals[NEGATIVE_TREND].fired


def test_emoji_alone_carry_a_tone_and_keep_the_conversations_language(engine: Engine) -> None:
    result = understand(engine, "😡", prior="de")

    assert result.sentiment < 0
    assert result.language == "de"
    assert not result.in_scope


def test_a_language_the_business_does_not_speak_is_named(engine: Engine) -> None:
    assert (
        understand(engine, "Bonjour, je voudrais savoir où se trouve ma commande, elle n'est pas arrivée").language
        == "fr"
    )
    assert understand(engine, "Здравствуйте, где мой заказ?").language == "ru"


def test_the_three_candidates_come_in_order_of_their_probability(engine: Engine) -> None:
    result = understand(engine, "where is my parcel")

    probabilities = [candidate.probability for candidate in result.candidates]

    assert len(probabilities) == 3
    assert probabilities == sorted(probabilities, reverse=True)
    assert result.candidates[0].intent == result.intent == "order_status"
    assert result.confidence == probabilities[0]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("prior", [None, "de", "xx"])
def test_hostile_text_never_raises(engine: Engine, text: str, prior: str | None) -> None:
    result = understand(engine, text, prior)
    hits = engine.search(text, language=result.language)
    gate = engine.gate(text, hits)

    assert -1 <= result.sentiment <= 1
    assert 0 <= result.confidence <= 1
    assert math.isfinite(result.scope_score)
    assert 0 <= gate.score <= 1
    for hit in hits:
        assert engine.extract(text, hit).text


def test_an_empty_library_finds_nothing_and_answers_nothing(encoder: Encoder, heads: Heads) -> None:
    bare = Engine(encoder, heads, [], KnowledgeIndex.build([], encoder))

    hits = bare.search("where is my order", language="en")

    assert hits == ()
    assert not bare.gate("where is my order", hits).answerable


def test_heads_of_another_encoder_are_refused(heads: Heads, knowledge: KnowledgeIndex, encoder: Encoder) -> None:
    stranger = Encoder(
        multilingual=lambda texts: np.ones((len(texts), 512), np.float32), fingerprint="other", english=None, notes=()
    )

    with pytest.raises(HeadsMismatch):
        Engine(stranger, heads, [], knowledge)


def test_without_minilm_the_engine_says_so_and_goes_on(
    heads: Heads, knowledge: KnowledgeIndex, encoder: Encoder
) -> None:
    alone = Encoder(
        multilingual=encoder.encode, fingerprint=encoder.fingerprint, english=None, notes=("MiniLM is missing.",)
    )
    engine = Engine(alone, heads, [], knowledge)

    rows = read_rows("heldout_en.jsonl")[::2]
    right = [understand(engine, row["text"]).route == row["route"] for row in rows]

    assert alone.notes
    assert np.mean(right) >= 0.80
    assert engine.search("how long is a gift card valid", language="en")[0].article_id == "gift-cards.en"


def test_eight_threads_see_what_one_sees(engine: Engine) -> None:
    texts = [row["text"] for language in LANGUAGES for row in read_rows(f"heldout_{language}.jsonl")[::8]]

    def work(text: str) -> tuple[Understanding, tuple[str, ...]]:
        return understand(engine, text), tuple(hit.passage_id for hit in engine.search(text, language="en"))

    alone = [work(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(work, texts * 3))

    assert together == alone * 3


def test_the_engine_needs_neither_django_nor_celery_nor_langgraph() -> None:
    loaded = "import sys, agent.engine.engine, agent.engine.seeds, agent.engine.fitting; print(' '.join(sys.modules))"

    names = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()

    strangers = {"django", "celery", "langgraph", "core", "conversations", "agent.models"}
    assert not strangers & set(names)
