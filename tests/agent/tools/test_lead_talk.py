"""Talks about an offer in five languages: what counts as agreement, what is answered instead, and what is asked for."""

import pytest

from agent.models import Approval, Dialogue, Lead, Product, Tool
from agent.releases.defaults.tool_texts import TOOL_TEXTS
from agent.runtime import Runtime
from conversations.models import Message
from tests.agent.asking import said, told
from tests.agent.tools.shop import Shop

pytestmark = pytest.mark.django_db

ASKS = {
    "en": "We are a hiking club and need an offer for 60 rain jackets.",
    "de": "Wir sind ein Wanderverein und brauchen ein Mengenangebot für 60 Regenjacken.",
    "es": "Somos un club y necesitamos un presupuesto para 60 chubasqueros al por mayor.",
    "it": "Siamo un'associazione e vorremmo un preventivo per un ordine all'ingrosso di 60 giacche.",
    "nl": "Wij zijn een vereniging en willen een offerte voor 60 regenjassen.",
}
SHIPPING = {
    "en": "ok, but how much is shipping?",
    "de": "Ja, aber was kostet der Versand?",
    "es": "Vale, pero ¿cuánto cuesta el envío?",
    "it": "Bene, ma quanto costa la spedizione?",
    "nl": "Goed, maar wat kost verzending?",
}
AGREES = {
    "en": "Yes, no problem: ada@mail.no",
    "de": "Ja, kein Problem: ada@mail.de",
    "es": "Sí, no hay problema: ada@mail.es",
    "it": "Sì, nessun problema: ada@mail.it",
    "nl": "Ja, geen probleem: ada@mail.nl",
}


@pytest.fixture(autouse=True)
def _leads(mind: Runtime) -> None:
    Tool.objects.create(name=Tool.Name.LEAD)


@pytest.mark.parametrize("language", sorted(ASKS))
def test_a_yes_with_a_question_is_answered_asked_again_once_and_is_no_agreement(
    mind: Runtime, catalogue: Product, language: str
) -> None:
    question = TOOL_TEXTS["ask_lead"][language]
    assert question in told(ASKS[language], mind)

    answer = told(SHIPPING[language], mind)

    assert said()[0] == "answer"
    assert "4.90" in answer or "4,90" in answer
    assert answer.endswith(f"\n\n{question}")
    assert not Lead.objects.exists()
    assert "consent" not in Dialogue.objects.get().slots
    assert told(AGREES[language], mind)
    assert Lead.objects.get().consent == AGREES[language]
    assert Approval.objects.get().input["email"] == AGREES[language].split()[-1]


def test_it_is_asked_again_once_at_most(mind: Runtime) -> None:
    question = TOOL_TEXTS["ask_lead"]["en"]
    told(ASKS["en"], mind)

    answers = [told(text, mind) for text in (SHIPPING["en"], "How long does delivery take?", "Where is your shop?")]

    assert [question in answer for answer in answers] == [True, False, False]


def test_whoever_says_no_and_asks_something_is_answered_and_left_alone(mind: Runtime) -> None:
    told(ASKS["en"], mind)

    answer = told("No, but how long does delivery take?", mind)

    assert "working days" in answer
    assert TOOL_TEXTS["ask_lead"]["en"] not in answer


def test_what_is_missing_is_asked_for_one_thing_a_turn_and_no_lead_waits_for_it(mind: Runtime) -> None:
    first = told("We are a hiking club and would like an offer for rain jackets in bulk.", mind)
    second = told("ada@mail.example, 60 pieces", mind)
    told("yes, by 15 March", mind)

    assert first == f"{TOOL_TEXTS['ask_lead']['en']} {TOOL_TEXTS['ask_quantity']['en']}"
    assert second == f"{TOOL_TEXTS['ask_lead_consent']['en']} {TOOL_TEXTS['ask_lead_wanted_by']['en']}"
    lead = Lead.objects.get()
    assert (lead.quantity, lead.wanted_by, lead.budget, lead.email) == (60, "15 March", "", "ada@mail.example")


def test_a_budget_that_was_asked_for_is_understood_as_a_number_alone(mind: Runtime) -> None:
    told("We are a hiking club and would like an offer for 60 rain jackets by 15 March.", mind)
    told("yes, ada@mail.example, 4000", mind)

    lead = Lead.objects.get()
    assert (lead.quantity, lead.wanted_by, lead.budget) == (60, "15 March", "4000")


def test_an_unknown_order_is_asked_for_as_it_is_looked_up(mind: Runtime, shop: Shop) -> None:
    asked = told("Where is my order TH1234567?", mind)

    assert asked == TOOL_TEXTS["order_number_not_found"]["en"].format(order="TH1234567")
    told("I ordered in 2024, my phone is 01512345678", mind)
    assert [each["data"]["order_number"] for each in shop.asked] == ["TH1234567"]


def test_an_unknown_order_of_an_address_asks_for_both(mind: Runtime, shop: Shop) -> None:
    Tool.objects.filter(name="order_status").update(asks_for_email=True)

    asked = told("Where is my order TH1234567? ada@mail.example", mind)

    assert asked == TOOL_TEXTS["order_not_found"]["en"].format(order="TH1234567")
    assert Message.objects.filter(direction="out").count() == 1
