"""Which tool fits a message, and what it still needs: rules over what was understood. Nothing outside is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from agent.graph.context import Planned
from agent.graph.state import AgentState, Dialogue, Slot, TextPart, ToolPlan
from agent.tools import consent, slots
from agent.tools.catalogue import Item, named
from agent.tools.registry import SPECS
from agent.tools.words import HOURS, OWN, PRICE, REACHING

LIKELY = 0.5
_FEW_WORDS = 6
_QUOTES = frozenset({"price_quote", "bulk_order"})
_CHOICES = 3
MOST_NEED, MOST_CONSENT = 300, 500
_AGAIN = "again"
_QUALIFYING = {
    slots.QUANTITY: "ask_quantity",
    slots.PRODUCT: "ask_product",
    slots.WANTED_BY: "ask_lead_wanted_by",
    slots.BUDGET: "ask_lead_budget",
}
"""What qualifies a lead, in the order in which it is asked for, and the texts that ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a message is planned from: the state, the tools that may be used here, and what they know."""

    state: AgentState
    usable: frozenset[str]
    dialogue: Dialogue
    most_questions: int
    today: date
    asks_for_email: bool = True
    known_email: str = ""
    asks_for_leads: bool = False
    items: tuple[Item, ...] = ()

    @property
    def message(self) -> str:
        """The customer's words."""
        return self.state["message"]

    @property
    def intent(self) -> str:
        """What the message is likely about; empty where that is not clear."""
        likely = self.state["confident"] or self.state["confidence"] >= LIKELY
        return self.state["intent"] if likely and self.state["in_scope"] else ""

    @property
    def may_ask(self) -> bool:
        """Whether another question may be put to the customer."""
        return self.state["progress"]["clarifications"] < self.most_questions

    @property
    def is_short(self) -> bool:
        """Whether the message is an answer or an addition rather than a question of its own."""
        return len(self.message.split()) <= _FEW_WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The slots of the present message, all that are known with it, and the products among which it leaves open."""

    values: Mapping[str, str]
    known: dict[str, Slot]
    choice: tuple[Item, ...] = ()

    def get(self, slot: str) -> str:
        """What is known of a slot; empty for nothing."""
        return self.known[slot]["value"] if slot in self.known else ""


def plan(situation: Situation) -> Planned:
    """The tool that fits, ready or asking, and the dialogue from now on."""
    heard = hear(situation)
    for name in (situation.dialogue["waiting"], *SPECS):
        if name in situation.usable and _FITS[name](situation, heard):
            found = _PLANS[name](situation, heard)
            if found is not None:
                if name != "lead" and found["asks"] is None and found["adds"] is None:
                    found["adds"] = _lead_again(situation, heard)
                return Planned(plan=found, dialogue=Dialogue(slots=heard.known, waiting=_waiting(found)))
    is_answered = situation.state["answerable"] and not {"decline", "not_helped"} & set(situation.state["says"])
    again = _lead_again(situation, heard) if is_answered else None
    return Planned(plan=None, dialogue=Dialogue(slots=heard.known, waiting="lead" if again else ""), asks_after=again)


def _lead_again(situation: Situation, heard: Heard) -> TextPart | None:
    """The question whether sales may write, under the answer to what was asked instead; once in an episode."""
    is_open = situation.dialogue["waiting"] == "lead" and "lead" in situation.usable
    if not is_open or consent.refuses(situation.message) or not _first_time(heard, _AGAIN):
        return None
    return TextPart(template="ask_lead_consent" if heard.get(slots.EMAIL) else "ask_lead", values={})


def _first_time(heard: Heard, what: str) -> bool:
    """Whether this was not asked for a lead before in the episode; from now on it was."""
    asked = heard.get(slots.LEAD_ASKED).split()
    if what in asked:
        return False
    heard.known[slots.LEAD_ASKED] = Slot(value=" ".join([*asked, what]), seq=0)
    return True


def _waiting(found: ToolPlan) -> str:
    """The tool that the next message may answer."""
    if found["adds"] is not None:
        return "lead"
    asks = found["asks"]
    return found["tool"] if asks is not None and asks["template"] != "lead_declined" else ""


def hear(situation: Situation) -> Heard:
    """The slots that stand in the message."""
    text, waiting = situation.message, situation.dialogue["waiting"]
    values = {
        slots.ORDER_NUMBER: slots.order_number_in(text, is_asked_for=waiting == "order_status"),
        slots.EMAIL: slots.email_in(text),
    }
    day = slots.day_in(text, situation.today)
    if day is not None:
        values[slots.DAY] = day.isoformat()
    if situation.asks_for_leads:
        values |= _heard_for_sales(situation)
        # What was read as a sum or a day is no quantity.
        text = slots.without(text, [values[slots.BUDGET], values[slots.WANTED_BY]])
    choice: tuple[Item, ...] = ()
    if situation.items:
        keys = slots.named_in(text, named(situation.items))
        mentioned = [item for key in keys for item in situation.items if item.sku == key]
        names = [name for item in mentioned for name in item.names]
        # A number in a name is no quantity; one right before a name is.
        bare = slots.without(text, [name for name in names if slots.holds_a_number(name)])
        quantity = slots.quantity_in(
            bare, is_asked_for=waiting == "catalogue", beside=[name.split()[0] for name in names]
        )
        values[slots.QUANTITY] = str(quantity) if quantity is not None else ""
        values[slots.PRODUCT] = mentioned[0].sku if len(mentioned) == 1 else ""
        choice = tuple(mentioned[:_CHOICES]) if len(mentioned) > 1 else ()
    said = {name: value for name, value in values.items() if value}
    return Heard(values=said, known=_known(situation.dialogue, said), choice=choice)


def _heard_for_sales(situation: Situation) -> dict[str, str]:
    """What qualifies a lead; consent is the whole answer to the question for it, and nothing else is."""
    text, is_waiting = situation.message, situation.dialogue["waiting"] == "lead"
    before = situation.dialogue["slots"]
    last = before[slots.LEAD_ASKED]["value"].split()[-1] if is_waiting and slots.LEAD_ASKED in before else ""
    found = {
        slots.BUDGET: slots.budget_in(text, is_asked_for=last == slots.BUDGET),
        slots.WANTED_BY: slots.wanted_by_in(text, is_asked_for=last == slots.WANTED_BY),
    }
    quantity = slots.quantity_in(slots.without(text, found.values()), is_asked_for=last == slots.QUANTITY)
    if quantity is not None and not situation.items:
        found[slots.QUANTITY] = str(quantity)
    if situation.intent == "bulk_order" and slots.NEED not in before:
        found[slots.NEED] = " ".join(text.split())[:MOST_NEED]
    if is_waiting and (consent.answer_in(text) == "yes" or "accept" in situation.state["says"]):
        found[slots.CONSENT] = " ".join(text.split())[:MOST_CONSENT]
    return found


def _known(before: Dialogue, said: Mapping[str, str]) -> dict[str, Slot]:
    """What was known and what is said now. A quantity goes with the product it was said of."""
    known = before["slots"] | {name: Slot(value=value, seq=0) for name, value in said.items()}
    earlier = before["slots"].get(slots.PRODUCT)
    if (
        earlier is not None
        and said.get(slots.PRODUCT, earlier["value"]) != earlier["value"]
        and slots.QUANTITY not in said
    ):
        known.pop(slots.QUANTITY, None)
    return known


def _wants_order(situation: Situation, heard: Heard) -> bool:
    if situation.dialogue["waiting"] == "order_status" and {slots.ORDER_NUMBER, slots.EMAIL} & heard.values.keys():
        return True
    if situation.intent == "order_status":
        is_own = slots.has_any(situation.message, OWN)
        return is_own or slots.ORDER_NUMBER in heard.values or not situation.state["answerable"]
    if situation.dialogue["waiting"] == "order_status":
        return not _is_another_topic(situation)
    # A number alone, without a word on what it is about.
    return slots.ORDER_NUMBER in heard.values and len(situation.message.split()) <= 2


def _wants_price(situation: Situation, heard: Heard) -> bool:
    named_now = bool(heard.choice) or slots.PRODUCT in heard.values
    if situation.dialogue["waiting"] == "catalogue" and (named_now or slots.QUANTITY in heard.values):
        return True
    if named_now:
        asks_price = situation.intent in _QUOTES or slots.has_any(situation.message, PRICE)
        return asks_price or (situation.intent == "product_question" and not situation.state["answerable"])
    if slots.PRODUCT in heard.known and slots.QUANTITY in heard.values:
        return situation.intent in _QUOTES or (situation.is_short and not situation.state["answerable"])
    if slots.PRODUCT in heard.known and slots.has_any(situation.message, PRICE):
        return situation.is_short and not situation.state["answerable"]
    if situation.dialogue["waiting"] == "catalogue":
        return not _is_another_topic(situation)
    return bool(situation.items) and situation.intent in _QUOTES and not situation.state["answerable"]


def _wants_hours(situation: Situation, _heard: Heard) -> bool:
    if not slots.has_any(situation.message, HOURS) or slots.has_any(situation.message, REACHING):
        return False
    return situation.intent == "opening_hours" or (not situation.intent and not situation.state["answerable"])


def _wants_lead(situation: Situation, heard: Heard) -> bool:
    if situation.dialogue["waiting"] == "lead":
        return _answers_lead(situation, heard)
    if situation.intent != "bulk_order" or slots.NEED in situation.dialogue["slots"]:
        return False
    return slots.has_any(situation.message, PRICE) or not situation.state["answerable"]


def _answers_lead(situation: Situation, heard: Heard) -> bool:
    """Whether the message answers what was asked for a lead, rather than to ask something itself."""
    if slots.CONSENT in heard.values or consent.answer_in(situation.message) == "no":
        return True
    if consent.asks(situation.message) or consent.refuses(situation.message):
        return False
    told = {slots.QUANTITY, slots.BUDGET, slots.WANTED_BY, slots.PRODUCT} & heard.values.keys()
    return slots.EMAIL in heard.values or (bool(told) and situation.is_short) or not _is_another_topic(situation)


def _is_another_topic(situation: Situation) -> bool:
    """Whether the customer speaks of something else than what was asked."""
    state = situation.state
    return bool(state["small_talk"] or state["answerable"] or {"decline", "not_helped"} & set(state["says"]))


def _plan_order(situation: Situation, heard: Heard) -> ToolPlan | None:
    number = heard.get(slots.ORDER_NUMBER)
    email = heard.get(slots.EMAIL) or situation.known_email
    needs_email = situation.asks_for_email and not email
    if number and not needs_email:
        given = {slots.ORDER_NUMBER: number} | ({slots.EMAIL: email} if situation.asks_for_email else {})
        return _ready("order_status", given)
    if not number:
        template = "ask_order_and_email" if needs_email else "ask_order_number"
        return _asking(situation, "order_status", template)
    return _asking(situation, "order_status", "ask_order_email", order=number)


def _plan_price(situation: Situation, heard: Heard) -> ToolPlan | None:
    if heard.choice:
        return _asking(
            situation, "catalogue", "ask_which_product", products=", ".join(item.name for item in heard.choice)
        )
    product = heard.get(slots.PRODUCT)
    if not any(item.sku == product for item in situation.items):
        return _asking(situation, "catalogue", "ask_product")
    quantity = heard.get(slots.QUANTITY)
    if not quantity and situation.intent == "bulk_order" and situation.may_ask:
        return _asking(situation, "catalogue", "ask_quantity")
    ready = _ready("catalogue", {slots.PRODUCT: product} | ({slots.QUANTITY: quantity} if quantity else {}))
    is_new = slots.NEED not in situation.dialogue["slots"]
    if "lead" in situation.usable and situation.intent == "bulk_order" and is_new:
        ready["adds"] = TextPart(template="ask_lead", values={})
        ready["asks_also"] = _what_is_missing(situation, heard)
    return ready


def _plan_hours(_situation: Situation, heard: Heard) -> ToolPlan | None:
    day = heard.values.get(slots.DAY, "")
    return _ready("opening_hours", {slots.DAY: day} if day else {})


def _plan_lead(situation: Situation, heard: Heard) -> ToolPlan | None:
    if situation.dialogue["waiting"] == "lead" and consent.answer_in(situation.message) == "no":
        heard.known.pop(slots.EMAIL, None)
        return _asking(situation, "lead", "lead_declined", is_question=False)
    email, agreed = heard.get(slots.EMAIL), heard.get(slots.CONSENT)
    if not email or not agreed:
        template = "ask_lead_consent" if email else "ask_lead_email" if agreed else "ask_lead"
        asking = _asking(situation, "lead", template)
        if asking is not None:
            asking["asks_also"] = _what_is_missing(situation, heard)
        return asking
    names = (slots.EMAIL, slots.CONSENT, slots.NEED, slots.PRODUCT, slots.QUANTITY, slots.BUDGET, slots.WANTED_BY)
    ready = _ready("lead", {name: heard.get(name) for name in names if heard.get(name)})
    ready["waits_with"] = TextPart(template="lead_accepted", values={"email": email})
    return ready


def _what_is_missing(situation: Situation, heard: Heard) -> TextPart | None:
    """A question for one thing that sales would want to know. It rides on another question, so that no lead waits for it."""
    for slot, template in _QUALIFYING.items():
        is_needed = slot != slots.PRODUCT or bool(situation.items)
        if is_needed and not heard.get(slot) and not heard.choice and _first_time(heard, slot):
            return TextPart(template=template, values={})
    return None


def _ready(tool: str, given: dict[str, str]) -> ToolPlan:
    return ToolPlan(tool=tool, input=given, asks=None, waits_with=None, adds=None, asks_also=None)


def _asking(
    situation: Situation, tool: str, template: str, *, is_question: bool = True, **values: str
) -> ToolPlan | None:
    """A question, or None where enough were put."""
    if is_question and not situation.may_ask:
        return None
    asks = TextPart(template=template, values=values)
    return ToolPlan(tool=tool, input={}, asks=asks, waits_with=None, adds=None, asks_also=None)


_FITS: Mapping[str, Callable[[Situation, Heard], bool]] = {
    "order_status": _wants_order,
    "catalogue": _wants_price,
    "opening_hours": _wants_hours,
    "lead": _wants_lead,
}
_PLANS: Mapping[str, Callable[[Situation, Heard], ToolPlan | None]] = {
    "order_status": _plan_order,
    "catalogue": _plan_price,
    "opening_hours": _plan_hours,
    "lead": _plan_lead,
}
