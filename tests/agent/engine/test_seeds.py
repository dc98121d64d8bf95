"""The shipped seeds are complete, and mistakes in a seed file are named."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from agent.engine.seeds import LANGUAGES, SEEDS_FOLDER, SeedError, Seeds
from agent.engine.text import sentence_spans
from agent.engine.types import HEAD_NAMES, PHRASE_HEADS, ROUTES
from tests.agent.engine.conftest import read_rows

MAIN_LANGUAGES = ("en", "de")
"""Those that have articles too."""


def test_every_intent_is_shown_often_enough_in_five_languages(seeds: Seeds) -> None:
    counts = Counter((example.intent, example.language) for example in seeds.examples)

    for spec in seeds.intents:
        for language in LANGUAGES:
            usual, background = (18, 100) if language in MAIN_LANGUAGES else (13, 50)
            assert counts[spec.key, language] >= (background if spec.key == "other" else usual)
    assert {spec.route for spec in seeds.intents} == set(ROUTES)


def test_sentiment_and_heads_have_enough_of_each_label(seeds: Seeds) -> None:
    tones = Counter((text.label, text.language) for text in seeds.sentiment)
    assert len(tones) == 3 * len(LANGUAGES)
    assert min(count for (_, language), count in tones.items() if language in MAIN_LANGUAGES) >= 64
    assert min(tones.values()) >= 40

    for head in HEAD_NAMES:
        labels = Counter((text.label, text.language) for text in seeds.heads[head])
        assert min(labels.values()) >= 16
        assert len(labels) == 2 * len(LANGUAGES)


def test_every_list_of_phrases_is_about_as_long_in_each_language(seeds: Seeds) -> None:
    counts = Counter((phrase.head, phrase.language) for phrase in seeds.phrases)

    for head in PHRASE_HEADS:
        own = [counts[head, language] for language in LANGUAGES]
        assert min(own) * 3 >= max(own)


def test_articles_come_in_both_languages_with_questions(seeds: Seeds) -> None:
    slugs = {
        language: {article.slug for article in seeds.articles if article.language == language}
        for language in ("en", "de")
    }

    assert slugs["en"] == slugs["de"]
    assert len(slugs["en"]) >= 16
    assert any(article.audience == "internal" for article in seeds.articles)
    for article in seeds.articles:
        assert sum(map(len, article.questions.values())) >= 3
        assert all(passage.questions for passage in article.passages())


_LEANING = {
    "en": re.compile(
        r"\b(?:as well|too|also|otherwise|therefore|however|then)\b|^(?:it|they|this|these|those|later)\b",
        re.IGNORECASE,
    ),
    "de": re.compile(
        r"\b(?:auch|ebenfalls|außerdem|sonst|jedoch|daher)\b|^(?:dies|diese|dieser|danach)\b", re.IGNORECASE
    ),
}


def test_every_passage_begins_with_words_that_stand_by_themselves(seeds: Seeds) -> None:
    for passage in seeds.public_passages:
        start, end = sentence_spans(passage.text)[0]
        first_clause = re.split(r"[,;:]", passage.text[start:end])[0]

        assert not _LEANING[passage.language].search(first_clause), passage.text[start:end]


def test_no_held_out_message_is_a_seed(seeds: Seeds) -> None:
    known = {example.text.casefold() for example in seeds.examples}

    for language in LANGUAGES:
        rows = read_rows(f"heldout_{language}.jsonl")
        assert not known & {row["text"].casefold() for row in rows}
        least = 40 if language in MAIN_LANGUAGES else 14
        assert min(Counter(row["route"] for row in rows).values()) >= least


def test_no_held_out_question_is_one_that_the_gate_is_fitted_from(seeds: Seeds) -> None:
    known = {question.text.casefold() for question in seeds.gate_questions}

    for name in ("questions_en.jsonl", "questions_de.jsonl", "everyday.jsonl"):
        assert not known & {row["text"].casefold() for row in read_rows(name)}


def test_the_gate_has_texts_in_five_languages_with_questions_of_both_kinds(seeds: Seeds) -> None:
    counts = Counter(text.passage.language for text in seeds.gate_texts)

    assert set(counts) == set(LANGUAGES)
    assert min(counts.values()) >= 8
    assert len({text.passage.id for text in seeds.gate_texts}) == len(seeds.gate_texts)
    for text in seeds.gate_texts:
        assert len(text.answered) >= 5
        assert len(text.unanswered) >= 3
        assert not set(text.answered) & set(text.unanswered)


def test_fixed_texts_exist_in_five_languages(seeds: Seeds) -> None:
    assert set(seeds.templates) == set(LANGUAGES)
    assert all("{hours}" in texts["handoff_hours"] for texts in seeds.templates.values())


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("intents.toml", '[greeting]\nroute = "nowhere"\n', "greeting has no route"),
        ("examples/en.jsonl", '{"text": "hi", "intent": "unheard_of", "language": "en"}\n', "unheard_of is no intent"),
        ("examples/en.jsonl", "not json\n", "line 1"),
        (
            "examples/nl.jsonl",
            '{"text": "hoi", "intent": "greeting", "language": "nl"}\n',
            "nl.jsonl: account_login has 0",
        ),
        ("sentiment/en.jsonl", '{"text": "hi", "label": "meh", "language": "en"}\n', "'meh' is none of"),
        ("phrases.toml", '[rage]\nen = ["grr"]\n', "no head rage"),
        ("phrases.toml", '[urgent]\nen = ["asap"]\n', "urgent has no phrases in de, es, it, nl"),
        ("templates.toml", '[en]\ngreeting = "Hi"\n', "each has its texts"),
        ("articles/en/returns.md", "# no front matter\n", "front matter"),
        ("gate/texts/en.toml", '[[text]]\ntitle = "Mill"\n', "en.toml, text 1"),
    ],
)
def test_a_mistake_in_a_seed_file_is_named(tmp_path: Path, file: str, content: str, message: str) -> None:
    folder = tmp_path / "seeds"
    shutil.copytree(SEEDS_FOLDER, folder)
    (folder / file).write_text(content, encoding="utf-8")
    broken = Seeds(folder)

    with pytest.raises(SeedError, match=message):
        _ = (
            broken.intents,
            broken.examples,
            broken.sentiment,
            broken.phrases,
            broken.templates,
            broken.articles,
            broken.gate_texts,
        )
