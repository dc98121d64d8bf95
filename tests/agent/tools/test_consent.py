"""What is a yes, a no, and neither, when a customer was asked whether sales may write."""

import pytest

from agent.tools.consent import answer_in, asks, refuses


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "Yes please, ada@mail.example",
        "yes, no problem",
        "Yes, ada@mail.no",
        "No problem, ada@mail.example",
        "Yes, 60 pieces by 15 March, budget 4000 EUR, ada@mail.example",
        "Ja, kein Problem",
        "Ja gerne, meine Adresse ist ada@mail.de",
        "Natürlich, ada@kein.example",
        "Sí, claro: ada@mail.es",
        "No hay problema, ada@mail.es",
        "Sì, va bene, ada@mail.it",
        "Non c'è problema: ada@mail.it",
        "Ja graag, ada@mail.nl",
        "Geen probleem, ada@mail.nl",
    ],
)
def test_what_is_a_yes_as_a_whole_is_one(text: str) -> None:
    assert answer_in(text) == "yes"
    assert not refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "No",
        "No, please do not write to me",
        "I'd rather not",
        "Nein danke",
        "Lieber nicht",
        "No, gracias",
        "Prefiero que no",
        "No, grazie",
        "Preferisco di no",
        "Nee, dank je",
        "Liever niet",
    ],
)
def test_what_is_a_no_is_one(text: str) -> None:
    assert answer_in(text) == "no"
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "ok, but how much is shipping?",
        "ok but how much is shipping",
        "Ja, aber was kostet der Versand?",
        "Vale, ¿y cuánto cuesta el envío?",
        "Bene, ma quanto costa?",
        "Goed, maar wat kost verzending?",
    ],
)
def test_a_yes_with_a_question_is_neither(text: str) -> None:
    assert answer_in(text) == ""
    assert asks(text)
    assert not refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "yes but do not call me",
        "ada@yes.example",
        "No sé",
        "Non ho capito",
        "Ich bin nicht sicher",
        "Ik weet het niet",
        "",
    ],
)
def test_what_is_not_clear_is_no_agreement(text: str) -> None:
    assert answer_in(text) == ""


def test_a_no_with_a_question_is_not_asked_again() -> None:
    assert answer_in("No, how long does delivery take?") == ""
    assert refuses("No, how long does delivery take?")
