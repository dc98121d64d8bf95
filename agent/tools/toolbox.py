"""The graph's ``Tools`` for one turn: what is switched on, what it knows, and the call itself with its time."""

import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone

from agent.exceptions import ToolInputInvalid
from agent.graph.brief import Brief
from agent.graph.context import Planned
from agent.graph.state import AgentState, ToolPlan, ToolUse
from agent.models import Lead, Tool, ToolCall
from agent.tools import catalogue, opening, orders, planning, slots
from agent.tools.registry import SPECS, HoursQuery, OrderQuery, QuoteQuery, used
from agent.tools.words import HOURS, PRICE
from core.hours import Hours, business_hours
from core.statements import Read

logger = logging.getLogger(__name__)

MOST_LOOKUPS = 10
LOOKUPS_WITHIN = timedelta(hours=1)
"""So many orders of one conversation are looked up in an hour: whoever tries more numbers talks to a person."""


class Toolbox:
    """What one turn may use. Rows are read when they are first needed, so that most turns read one table."""

    def __init__(self, brief: Brief, *, most_questions: int) -> None:
        """For the customer and the conversation of ``brief``; at most so many clarifying questions in a row."""
        self._brief = brief
        self._most_questions = most_questions

    def plan(self, state: AgentState) -> Planned:
        """The tool that fits the message, ready or asking."""
        needed = self._needed(state)
        usable = frozenset(name for name in needed if self._is_usable(name))
        situation = planning.Situation(
            state=state,
            usable=usable,
            dialogue=self._brief.dialogue,
            most_questions=self._most_questions,
            today=timezone.now().astimezone(ZoneInfo(self._hours.zone if "opening_hours" in usable else "UTC")).date(),
            asks_for_email="order_status" in usable and self._settings["order_status"].asks_for_email,
            known_email=self._brief.customer["email"],
            asks_for_leads="lead" in usable,
            items=tuple(self._items) if "catalogue" in usable else (),
        )
        return planning.plan(situation)

    def _needed(self, state: AgentState) -> list[str]:
        """The tools that the message may concern, so that what the others know is not read for nothing."""
        text, before = state["message"], self._brief.dialogue
        concerned = {
            "order_status": True,
            "catalogue": state["route"] == "sales"
            or before["waiting"] == "catalogue"
            or slots.PRODUCT in before["slots"]
            or slots.has_any(text, PRICE),
            "opening_hours": slots.has_any(text, HOURS),
            "lead": state["intent"] == "bulk_order" or before["waiting"] == "lead",
        }
        return [name for name in SPECS if concerned[name]]

    def use(self, plan: ToolPlan, *, language: str) -> ToolUse:
        """Use a ready tool. What goes wrong is an outcome, also what nobody thought of."""
        spec, started = SPECS[plan["tool"]], time.monotonic()
        try:
            use = self._use(plan["tool"], plan["input"], language)
        except ToolInputInvalid as problem:
            use = used(spec, plan["input"], outcome="refused", problem=str(problem))
        use["ms"] = round((time.monotonic() - started) * 1000, 1)
        logger.info("Tool %s: %s after %.0f ms", spec.name, use["outcome"], use["ms"])
        return use

    def _use(self, name: str, given: Mapping[str, str], language: str) -> ToolUse:
        if name == "order_status":
            return self._look_up(OrderQuery.read(given), language)
        if name == "catalogue":
            return catalogue.answer(QuoteQuery.read(given), self._items, language)
        if SPECS[name].is_risky:
            raise ToolInputInvalid(name, "tool", "a person decides about it")
        return opening.answer(HoursQuery.read(given), self._hours, timezone.now(), language)

    def _look_up(self, query: OrderQuery, language: str) -> ToolUse:
        since = timezone.now() - LOOKUPS_WITHIN
        mine = ToolCall.objects.filter(conversation_id=self._brief.conversation_id, created_at__gt=since)
        if mine.filter(tool="order_status").count() >= MOST_LOOKUPS:
            problem = f"More than {MOST_LOOKUPS} orders were asked about within an hour."
            return used(SPECS["order_status"], {}, outcome="refused", problem=problem)
        own = self._settings["order_status"]
        endpoint = orders.Endpoint(url=own.url, secret=own.secrets.get("secret", ""), seconds=own.timeout_seconds)
        customer = self._brief.customer
        return orders.answer(
            query, orders.Asker(customer_id=customer["id"], platform=customer["platform"]), endpoint, language
        )

    def _is_usable(self, name: str) -> bool:
        """Whether the tool is switched on, has what it needs, and may be used where this is read."""
        own = self._settings.get(name)
        if own is not None and not own.is_enabled:
            return False
        if self._brief.channel["is_public"] and not SPECS[name].is_public_safe:
            return False
        if name == "order_status":
            return own is not None and bool(own.url)
        if name == "lead":
            # It asks customers for their address, so nobody's bot does that unasked; once in an episode is enough.
            of_episode = Lead.objects.filter(
                conversation_id=self._brief.conversation_id, episode__ended_at=None, state__in=["waiting", "open"]
            )
            return own is not None and not of_episode.exists()
        return bool(self._items) if name == "catalogue" else self._hours.are_known

    @cached_property
    def _settings(self) -> dict[str, Tool]:
        return {row.name: row for row in _tools.all()}

    @cached_property
    def _items(self) -> list[catalogue.Item]:
        return catalogue.items()

    @cached_property
    def _hours(self) -> Hours:
        return business_hours()


# Each turn asks; a secret is opened only by the tool that needs it.
@Read
def _tools() -> QuerySet[Tool]:
    return Tool.objects.defer("secrets").order_by()
