"""Which language a text is in: greetings, short words, other people's languages, and keys hit at random."""

from __future__ import annotations

import pytest

from agent.engine.language import LanguageDetector

LANGUAGES = ("en", "de", "es", "it", "nl")
DETECTOR = LanguageDetector()


def language(text: str, prior: str | None = None) -> str:
    """The language that a business speaking five of them hears."""
    return DETECTOR.detect(text, prior=prior, languages=LANGUAGES)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello", "en"), ("hey there", "en"), ("Hallo", "de"), ("Moin", "de"), ("Guten Tag", "de"), ("Hola", "es"),
        ("Buenas tardes", "es"), ("Ciao", "it"), ("Buongiorno", "it"), ("Hoi", "nl"), ("Goedemiddag", "nl"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prior", [None, "en"])
def test_a_greeting_is_heard_in_its_own_language_whatever_was_expected(
    text: str, expected: str, prior: str | None
) -> None:
    assert language(text, prior) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no", "en"), ("nein", "de"), ("nee", "nl"), ("Danke", "de"), ("gracias", "es"), ("grazie", "it"),
        ("Retoure", "de"), ("Paket weg", "de"), ("Umtausch?", "de"), ("devolución", "es"), ("reso", "it"),
        ("waar is mijn pakket", "nl"), ("my boots", "en"), ("size 42 boots", "en"),
    ],
)  # fmt: skip
def test_a_word_or_two_are_enough_where_they_are_known(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Combien coûte la livraison ?", "fr"), ("combien coute la livraison", "fr"), ("Où est ma commande ?", "fr"),
        ("Je veux un remboursement", "fr"), ("Bonjour", "fr"), ("Quanto custa a entrega?", "pt"),
        ("Onde está a minha encomenda?", "pt"), ("Gdzie jest moja paczka?", "pl"), ("Siparişim nerede?", "tr"),
        ("Hvor er min pakke?", "da"), ("Var är mitt paket?", "sv"), ("Kde je moje objednávka?", "cs"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prior", [None, "en"])
def test_a_short_question_in_a_language_nobody_here_speaks_is_named(
    text: str, expected: str, prior: str | None
) -> None:
    assert language(text, prior) == expected


@pytest.mark.parametrize(
    "text",
    ["asdkjh qwpoei zxmcn", "fghjkl wertz qazwsx", "lkjsdf oiuwer nmxcv", "qwertz", "xyzzy plugh", "blorp fnord"],
)
@pytest.mark.parametrize(("prior", "expected"), [(None, "en"), ("de", "de")])
def test_what_no_language_knows_leaves_the_expected_one(text: str, prior: str | None, expected: str) -> None:
    assert language(text, prior) == expected


@pytest.mark.parametrize("text", ["Wann startet der Sommerschlussverkauf", "Rechtschutz fehlt", "Herbststurm"])
def test_long_words_are_not_keys_hit_at_random(text: str) -> None:
    assert DETECTOR.detect(text, prior=None, languages=LANGUAGES)[1] > 0.0


def test_the_talks_language_holds_for_a_word_that_two_languages_share() -> None:
    assert language("ok", "de") == "de"
    assert language("retour", "nl") == "nl"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("请在明天上午9点打电话给我", "zh"), ("注文番号は123456です", "ja"), ("โทรหาฉันตอน10โมง", "th")],
)
def test_a_number_takes_no_words_away_where_words_are_not_spaced(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("أين طردي من Tarnhollow", "ar"), ("Где мой Ridgewalker 40", "ru"), ("μέγεθος Ridgewalker Pro", "el")],
)
def test_a_latin_name_does_not_hide_the_script_around_it(text: str, expected: str) -> None:
    assert language(text) == expected


def test_a_language_written_like_one_of_the_business_is_taken_for_it() -> None:
    text = "Kada će stići moja narudžba, čekam već dva tjedna"

    assert DETECTOR.detect(text, prior=None, languages=("en", "sr"))[0] == "sr"
    assert language(text) == "hr"
