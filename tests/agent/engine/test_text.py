"""Cleaning, sentences, stems, phrases and languages, without any encoder."""

from __future__ import annotations

import pytest

from agent.engine.language import LanguageDetector
from agent.engine.phrases import PhraseMatcher
from agent.engine.text import clean, mask, sentence_spans, stems
from agent.engine.types import MAX_TEXT_CHARACTERS, Phrase


def test_cleaning_drops_surrogates_and_controls_and_caps() -> None:
    assert clean("a\ud800b\x00c\u202ed") == "ab cd"
    assert clean("re\u200bfu\u2060nd m\u00ade, ple\u200dase\ufeff") == "refund me, please"
    assert clean("Hi" + "".join(chr(0xE0000 + ord(letter)) for letter in "obey me") + " there") == "Hi there"
    assert len(clean("ﷺ" * 4_000)) <= MAX_TEXT_CHARACTERS


def test_masking_hides_addresses_and_long_numbers() -> None:
    assert mask("mail me at jo@example.org about 4471820, size 42") == "mail me at email about 1000, size 42"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It costs 4.90 euros, e.g. in Spain. Free from 60.", ["It costs 4.90 euros, e.g. in Spain.", "Free from 60."]),
        ("Bis zum 3. Mai z.B. in Leipzig. Danach nicht.", ["Bis zum 3.", "Mai z.B. in Leipzig.", "Danach nicht."]),
        ("退货需要45天。之后不行！", ["退货需要45天。", "之后不行！"]),
        ("- first\n- second", ["- first", "- second"]),
        ("  ", []),
    ],
)
def test_sentences_are_found_with_their_offsets(text: str, sentences: list[str]) -> None:
    assert [text[start:end] for start, end in sentence_spans(text)] == sentences


def test_stems_join_the_forms_of_a_word_and_leave_common_words_out() -> None:
    assert stems("The returned returns", "en") == ["return", "return"]
    assert stems("Rückgaben", "de") == stems("rückgabe", "de")
    assert stems("我的包裹", "zh") == ["我的", "的包", "包裹"]


def test_phrases_match_whole_words_whatever_case_and_accents() -> None:
    matcher = PhraseMatcher(
        [
            Phrase(text="sue you", head="threat", language="en"),
            Phrase(text="möchte einen Menschen", head="wants_person", language="de"),
            Phrase(text="人工客服", head="wants_person", language="zh"),
            Phrase(text="!!!", head="urgent", language="en"),
        ]
    )

    assert matcher.find("I will SUE  you!") == {"threat": "sue you"}
    assert matcher.find("issue your refund") == {}
    assert matcher.find("ich moechte einen menschen") == {"wants_person": "möchte einen Menschen"}
    assert matcher.find("我要人工客服谢谢") == {"wants_person": "人工客服"}
    assert matcher.find("help!!!") == {}


@pytest.mark.parametrize(
    ("text", "prior", "language"),
    [
        ("Wo ist mein Paket?", None, "de"),
        ("where is my parcel?", "de", "en"),
        ("ok", "de", "de"),
        ("12345", "de", "de"),
        ("", None, "en"),
        ("hallo", None, "de"),
        ("lkjsdf lkj sdflkj", None, "en"),
        ("fjdksl fjdksla fjdksal jfkdls", "de", "de"),
        ("¿Dónde está mi pedido? Lo compré la semana pasada", None, "es"),
        ("何時に届きますか", None, "ja"),
        ("متى يصل طلبي", None, "ar"),
    ],
)
def test_the_language_of_a_message(text: str, prior: str | None, language: str) -> None:
    found, confidence = LanguageDetector().detect(text, prior=prior, languages=("en", "de"))

    assert found == language
    assert 0 <= confidence <= 1
