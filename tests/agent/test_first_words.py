"""What customers are told who write the first thing that comes to mind, with the real engine and release 1."""

import pytest

from agent.models import ReplyTemplate
from agent.releases.defaults.texts import REQUIRED
from agent.runtime import Runtime
from agent.services.card import NEXT_STEPS
from conversations.models import Escalation, Message
from tests.agent.asking import quoted, said, told

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("Hello", "Hello!"),
        ("Hallo", "Hallo! Ich bin"),
        ("Guten Tag", "Hallo! Ich bin"),
        ("Hola", "¡Hola!"),
        ("Ciao", "Salve!"),
        ("Hoi", "Hallo! Ik ben"),
    ],
)
def test_a_greeting_is_returned_in_its_language(mind: Runtime, text: str, begins: str) -> None:
    assert told(text, mind).startswith(begins)


@pytest.mark.parametrize("text", ["Combien coûte la livraison ?", "Où est ma commande ?", "Ile kosztuje dostawa?"])
def test_a_question_in_a_language_nobody_here_speaks_goes_to_a_person(mind: Runtime, text: str) -> None:
    told(text, mind)

    assert said() == ("hand_over", "language_not_supported")
    assert Escalation.objects.get().reason == "language_not_spoken"


@pytest.mark.parametrize("text", ["asdkjh qwpoei zxmcn", "fghjkl wertz qazwsx"])
def test_keys_hit_at_random_are_asked_about_in_the_business_language(mind: Runtime, text: str) -> None:
    assert told(text, mind).startswith("Could you tell me")


@pytest.mark.parametrize(
    "text",
    ["I don't want to speak to a human", "ich will keinen Menschen", "Ich möchte nicht mit einem Mitarbeiter sprechen"],
)
def test_who_declines_a_person_keeps_the_bot(mind: Runtime, text: str) -> None:
    told(text, mind)

    assert said() == ("template", "offer_declined")
    assert not Escalation.objects.exists()


def test_who_declines_a_person_and_asks_is_answered(mind: Runtime) -> None:
    assert "working days" in told("No need for a person, just tell me the delivery time", mind)


@pytest.mark.parametrize(
    "text", ["I don't want a bot, give me a human", "Ich will keinen Bot, ich will einen Menschen"]
)
def test_who_declines_the_bot_gets_a_person(mind: Runtime, text: str) -> None:
    told(text, mind)

    assert Escalation.objects.get().reason == "asked_for_person"


@pytest.mark.parametrize("text", ["no", "No!", "nein", "nee", "ja", "ok"])
def test_a_bare_yes_or_no_is_asked_about_and_is_no_mood(mind: Runtime, text: str) -> None:
    told(text, mind)

    assert said() == ("clarify", "clarify_open")
    assert Message.objects.get(direction="in").sentiment_score == 0.0


@pytest.mark.parametrize(
    ("text", "reason", "priority", "template"),
    [
        ("I want to kill myself", "danger", "first", "danger_handoff"),
        ("quiero matarme", "danger", "first", "danger_handoff"),
        ("My stove exploded and burned my hand", "danger", "first", "danger_handoff"),
        ("Aus der Kartusche strömt Gas ins Zelt", "danger", "first", "danger_handoff"),
        ("someone hacked my account", "account_security", "high", "security_handoff"),
        ("jemand hat mein Konto gehackt", "account_security", "high", "security_handoff"),
        ("me han hackeado la cuenta", "account_security", "high", "security_handoff"),
        ("There are orders in my account that I never placed", "account_security", "high", "security_handoff"),
        ("You are cheats, I want my money back!!!", "dispute", "high", "dispute_handoff"),
        ("worst service ever, I'm calling my lawyer", "dispute", "high", "dispute_handoff"),
        ("Ihr seid Betrüger, ich will mein Geld zurück!!!", "dispute", "high", "dispute_handoff"),
        ("Siete dei ladri, chiamo il mio avvocato", "dispute", "high", "dispute_handoff"),
        ("this is urgent, I need my parcel immediately", "urgent", "high", "urgent_handoff"),
    ],
)
def test_each_kind_of_urgency_has_its_reason_its_rank_and_its_words(
    mind: Runtime, text: str, reason: str, priority: str, template: str
) -> None:
    words = told(text, mind)

    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.priority) == (reason, priority)
    assert said() == ("hand_over", template)
    is_emergency = any(word in words for word in ("emergency", "Notruf", "emergencias"))
    assert is_emergency == (reason == "danger")
    assert ("danger" in escalation.card["next_step"]) == (reason == "danger")


def test_the_staff_sentence_of_each_kind_is_its_own() -> None:
    steps = [NEXT_STEPS[reason] for reason in ("danger", "account_security", "urgent", "dispute")]

    assert len(set(steps)) == 4


@pytest.mark.parametrize("key", REQUIRED)
def test_every_text_that_the_graph_asks_for_exists_in_five_languages(mind: Runtime, key: str) -> None:
    languages = set(ReplyTemplate.objects.filter(key=key).values_list("language", flat=True))

    assert languages == {"en", "de", "es", "it", "nl"}


@pytest.mark.parametrize("kind", ["text", "emoji"])
@pytest.mark.parametrize("text", ["👍", "😀", "❤️"])
def test_a_kind_reaction_needs_no_answer(mind: Runtime, text: str, kind: str) -> None:
    assert told(text, mind, kind=kind) == ""


@pytest.mark.parametrize("kind", ["text", "emoji"])
@pytest.mark.parametrize("text", ["😡", "🤬🤬", "👎"])
def test_an_angry_reaction_is_asked_what_happened_once(mind: Runtime, text: str, kind: str) -> None:
    assert "What happened?" in told(text, mind, kind=kind)
    asked = Message.objects.get(direction="in").sentiment_score
    assert asked is not None
    assert asked < -0.5

    assert told(text, mind, kind=kind) == ""


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("Kann ich auf Rechnung zahlen?", "Zahlungsarten"),
        ("Zahlung per Rechnung möglich?", "Zahlungsarten"),
        ("Can I pay by invoice?", "Payment methods"),
        ("Can I get a refund?", "What is refunded"),
        ("Kann ich eine Erstattung bekommen?", "Was erstattet wird"),
        ("I want to change my delivery address", "Changing the address"),
        ("I was charged twice", "Charged twice"),
        ("you took the money two times", "Charged twice"),
        ("Mir wurde doppelt abgebucht", "Doppelt abgebucht"),
        ("dilivery tiem??", "Standard and express delivery"),
        ("wo ist meine bestelung", "Sendungsverfolgung"),
        ("Where is my pacrel", "Tracking a parcel"),
        ("Hola, quiero devolver un producto", "How to send something back"),
        ("Buongiorno, vorrei restituire un prodotto", "How to send something back"),
        ("Hallo, ik wil een product terugsturen", "How to send something back"),
        ("my order TH-204816 still has not come", "When a parcel does not move"),
        ("meine Bestellung TH-204816 ist immer noch nicht da", "Wenn sich nichts bewegt"),
    ],
)
def test_the_passage_that_answers_is_quoted(mind: Runtime, text: str, heading: str) -> None:
    told(text, mind)

    assert quoted() == heading


@pytest.mark.parametrize("text", ["I was charged twice", "Mir wurde doppelt abgebucht"])
def test_who_was_charged_twice_reads_nothing_of_declined_cards(mind: Runtime, text: str) -> None:
    answer = told(text, mind)

    assert "3-D Secure" not in answer
    assert "2 " in answer


@pytest.mark.parametrize("text", ["How much does the lamp cost?", "Was kostet die Lampe?"])
def test_a_price_that_no_article_names_is_admitted_and_a_person_offered(mind: Runtime, text: str) -> None:
    told(text, mind)

    assert said() == ("offer", "cannot_answer")


@pytest.mark.parametrize("text", ["You are all idiots", "you bunch of morons"])
def test_an_insult_is_met_calmly_with_the_offer_of_a_person(mind: Runtime, text: str) -> None:
    told(text, mind)

    assert said() in {("offer", "calm_offer"), ("hand_over", "handoff")}
