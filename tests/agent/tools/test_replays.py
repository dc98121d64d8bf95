"""A turn with a tool is thought again from what was noted, whatever has become of the shop, the prices and the hours."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agent import services
from agent.models import AgentRun, PriceTier, Product, Release, Tool, ToolCall
from agent.revisiting import Recollection
from agent.runtime import Runtime
from agent.services.replays import replay
from core.models import OpeningCalendar, OpeningSpan
from tests.agent.asking import told
from tests.agent.tools.shop import Shop
from tests.conversations.talk import answered_after, wrote

pytestmark = pytest.mark.django_db


def differing(mind: Runtime) -> list[object]:
    """What comes to something else when every run is thought again in another process."""
    encoder = mind.release(Release.objects.current().get().pk).engine.encoder
    memory = Recollection(runtime=Runtime(encoder))
    found = [(run, replay(run, memory)) for run in AgentRun.objects.order_by("id")]
    return [(run.pk, each.missing, each.differences) for run, each in found if not each.equal]


def test_an_order_that_was_told_is_told_again_without_asking_the_shop(mind: Runtime, shop: Shop) -> None:
    shop.knows("TH1234567", carrier="Northmail", expected_on="2026-12-03")
    told("Where is my order?", mind)
    told("TH1234567", mind)
    told("And where is it now?", mind)
    asked, calls = len(shop.asked), ToolCall.objects.count()
    assert calls
    shop.status = 500
    Tool.objects.all().delete()

    assert differing(mind) == []
    assert (len(shop.asked), ToolCall.objects.count()) == (asked, calls)


@pytest.mark.parametrize("status", [200, 500])
def test_what_was_not_found_or_not_answered_is_so_again(mind: Runtime, shop: Shop, status: int) -> None:
    shop.status = status
    told("Where is my order TH1234567?", mind)
    shop.status = 200
    shop.knows("TH1234567")

    assert ToolCall.objects.get().outcome == ("not_found" if status == 200 else "bad_answer")
    assert differing(mind) == []


def test_a_price_of_then_is_told_again(mind: Runtime, catalogue: Product) -> None:
    told("How much are 20 rain jackets?", mind)
    told("And for 60?", mind)
    assert AgentRun.objects.latest("id").trace["reply"]["kind"] == "tool"
    PriceTier.objects.all().delete()
    Product.objects.update(price=1)

    assert differing(mind) == []


def test_the_hours_of_then_are_told_again(mind: Runtime, always_open: OpeningCalendar) -> None:
    told("When are you open?", mind)
    assert AgentRun.objects.get().trace["reply"]["kind"] == "tool"
    OpeningSpan.objects.all().delete()
    OpeningCalendar.objects.all().delete()

    assert differing(mind) == []


def test_a_lead_is_asked_for_and_taken_again(mind: Runtime, catalogue: Product) -> None:
    Tool.objects.create(name=Tool.Name.LEAD)
    told("We are a hiking club and need an offer for 60 rain jackets by 15 March, budget 4000 EUR.", mind)
    told("Yes please, ada@mail.example", mind)
    assert AgentRun.objects.latest("id").trace["tools"]["planned"] == "lead"
    Tool.objects.all().delete()
    Product.objects.all().delete()

    assert differing(mind) == []


def test_a_hand_over_tells_the_same_time_again(mind: Runtime, always_open: OpeningCalendar) -> None:
    answered_after(4, 4, 4, 4, 4, now=timezone.now())
    conversation = wrote("I want to speak to a real person", thread="asks")
    services.answer(conversation.pk, mind)
    run = AgentRun.objects.get(conversation_id=conversation.pk)
    assert run.envelope["outcome"]["answer_by"]
    answered_after(90, 90, 90, 90, 90, now=timezone.now() - timedelta(hours=1))
    OpeningSpan.objects.all().delete()
    OpeningCalendar.objects.all().delete()

    assert differing(mind) == []
