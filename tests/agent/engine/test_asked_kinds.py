"""What kind of thing a question asks for, and which sentences hold one, in the five languages of the product."""

from __future__ import annotations

import pytest

from agent.engine.asked_kinds import Kind, asked_kind, holds


@pytest.mark.parametrize(
    ("language", "question", "kind"),
    [
        ("en", "When was the mill built?", "time"),
        ("en", "hi, until when can I cancel", "time"),
        ("en", "How long does a refund take?", "duration"),
        ("en", "how many working days does it take", "duration"),
        ("en", "How much is shipping to Norway?", "money"),
        ("en", "what does a new zip cost", "money"),
        ("en", "How many people worked there?", "number"),
        ("en", "Where is your store?", "place"),
        ("en", "Which country do you ship to?", "place"),
        ("en", "Who pays for the return?", "person"),
        ("en", "Why was my card declined?", "reason"),
        ("de", "Wann wurde die Bahn eröffnet?", "time"),
        ("de", "Wie lange dauert der Versand?", "duration"),
        ("de", "Was kostet ein Flicken?", "money"),
        ("de", "Wie viele Parkplätze habt ihr?", "number"),
        ("de", "Wo ist euer Laden?", "place"),
        ("de", "Wer zahlt die Rücksendung?", "person"),
        ("de", "Warum wurde meine Karte abgelehnt?", "reason"),
        ("es", "¿Cuándo caducan mis puntos?", "time"),
        ("es", "¿Cuánto tarda el envío?", "duration"),
        ("es", "¿Cuánto cuesta la entrada?", "money"),
        ("es", "¿Cuántos escalones tiene la torre?", "number"),
        ("es", "¿Dónde está la tienda?", "place"),
        ("es", "¿Quién fue el último farero?", "person"),
        ("es", "¿Por qué está cerrado?", "reason"),
        ("it", "Quando scadono i punti?", "time"),
        ("it", "Quanto dura la garanzia?", "duration"),
        ("it", "Quanto costa una toppa?", "money"),
        ("it", "Quanti posti ci sono?", "number"),
        ("it", "Dov'è il negozio?", "place"),
        ("it", "Chi paga il reso?", "person"),
        ("it", "Perché è chiuso?", "reason"),
        ("nl", "Wanneer vervallen mijn punten?", "time"),
        ("nl", "Hoe lang duurt de levering?", "duration"),
        ("nl", "Wat kost een kaartje?", "money"),
        ("nl", "Hoeveel leden zijn er?", "number"),
        ("nl", "Waar is de winkel?", "place"),
        ("nl", "Wie betaalt de douane?", "person"),
        ("nl", "Waarom is hij dicht?", "reason"),
    ],
)
def test_a_question_says_what_kind_of_thing_it_asks_for(language: str, question: str, kind: Kind) -> None:
    assert asked_kind(question, language) == kind


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "Can I get my money back when I return a tent?"),
        ("en", "How do I wash my jacket?"),
        ("en", "the boots that I bought where my sister works are torn"),
        ("de", "Kann ich die Jacke bügeln?"),
        ("de", "Ich habe die Stiefel, die wer anders bestellt hat"),
        ("fr", "Quand est-ce que vous ouvrez ?"),
        ("en", ""),
    ],
)
def test_where_no_kind_is_asked_for_none_is_heard(language: str, question: str) -> None:
    assert asked_kind(question, language) is None


@pytest.mark.parametrize(
    ("kind", "language", "holding", "lacking"),
    [
        ("time", "en", "It opens on Monday at 9:00.", "It opens for everybody who has a card."),
        ("time", "en", "The roof burned down in 1923.", "The roof burned down."),
        ("duration", "en", "A repair takes about ten working days.", "A repair takes some patience."),
        ("money", "en", "Patches cost 9 euros.", "Patches come in 9 colours."),
        ("money", "en", "Returns are free.", "Returns are welcome."),
        ("number", "en", "It employed thirty-four people.", "It employed many people."),
        ("place", "en", "Goods leave from Leipzig.", "Goods leave at noon."),
        ("person", "en", "It is led by Judith Amory.", "It is led well."),
        ("reason", "en", "It closed because the grain was sold.", "It closed."),
        ("time", "de", "Geöffnet ist montags ab 9 Uhr.", "Geöffnet ist für alle."),
        ("duration", "de", "Das dauert drei Wochen.", "Das dauert."),
        ("money", "de", "Der Umtausch ist kostenlos.", "Der Umtausch ist einfach."),
        ("person", "de", "Geleitet wird sie von Maren Harms.", "Geleitet wird sie mit Sorgfalt."),
        ("time", "es", "Abre los lunes.", "Abre con llave."),
        ("reason", "es", "Cerró porque llovía.", "Cerró."),
        ("duration", "it", "Ci vogliono tre giorni.", "Ci vuole pazienza."),
        ("place", "it", "Si compra al bar in piazza Dante.", "Si compra volentieri."),
        ("money", "nl", "Een kaartje kost 6 euro.", "Een kaartje is geldig."),
        ("person", "nl", "Noor Bakker antwoordt.", "Het antwoord komt."),
    ],
)
def test_a_sentence_holds_a_thing_of_a_kind_or_does_not(kind: Kind, language: str, holding: str, lacking: str) -> None:
    assert holds(kind, holding, language, "?")
    assert not holds(kind, lacking, language, "?")


def test_what_the_question_says_itself_is_no_answer() -> None:
    assert not holds("number", "In 1900 canneries worked here.", "en", "How many canneries were there in 1900?")
    assert holds("number", "In 1900 sixteen canneries worked here.", "en", "How many canneries were there in 1900?")
    assert not holds("person", "Then Judith Amory came.", "en", "Who came before Judith Amory?")


def test_in_a_language_without_words_of_its_own_nothing_is_held() -> None:
    assert not holds("time", "Der er åbent mandag.", "da", "Hvornår er der åbent?")
