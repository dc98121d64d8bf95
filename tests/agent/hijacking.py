"""Customers who meet a model that always obeys the attacker, over both wires."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytest_django import Settings

from agent import services
from agent.models import AgentRun, Release
from agent.releases import services as releases
from agent.runtime import Runtime
from conversations.models import Conversation, Escalation, Message
from tests.agent.conftest import Fitted
from tests.agent.providers import Answer, Script, obeying, serving
from tests.conversations.talk import write

CANARY = "CANARY-7f3a91"
QUESTION = "How long do I have to return something?"
WIRES = ("openai:gpt-test", "anthropic:claude-test")


@contextmanager
def obedient(wire: str, release: Release, fitted: Fitted, settings: Settings) -> Iterator[tuple[Script, Runtime]]:
    """A model on loopback, and a mind that asks it; the mark stands in its prompt."""
    releases.configure("spend.account_cents_per_day", "100000", None)
    releases.publish(releases.configure("guard.canary", CANARY, None), None)
    provider = wire.partition(":")[0]
    with serving() as script:
        settings.MODEL_CHAIN = [wire]
        settings.SPEND_CAP_DOLLARS_PER_DAY = 1_000
        settings.OPENAI_API_KEY = settings.ANTHROPIC_API_KEY = "key-for-tests-only"
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{script.port}/v1"
        settings.ANTHROPIC_BASE_URL = f"http://127.0.0.1:{script.port}"
        getattr(script, provider).append(obeying(""))
        yield script, Runtime(fitted.encoder)


class Talks:
    """Customers, one after another, who each meet a model that answers what it is told to."""

    def __init__(self, wire: str, script: Script, mind: Runtime) -> None:
        """Nobody has written yet."""
        self._line = getattr(script, wire.partition(":")[0])
        self._mind = mind
        self._customers = 0

    def had(self, asked: tuple[str, ...], answer: Answer) -> tuple[str, AgentRun]:
        """What may be read by anybody after a customer wrote this and the model that; and the run."""
        self._line[0] = answer
        self._customers += 1
        thread = f"obedient-{self._customers}"
        for text in asked:
            write(text, thread=thread)
        conversation = Conversation.objects.get(thread_key=thread)
        services.answer(conversation.pk, self._mind)
        run = AgentRun.objects.filter(conversation_id=conversation.pk).latest("pk")
        said = [message.text for message in Message.objects.filter(conversation=conversation, direction="out")]
        said += [each.suggestion for each in Escalation.objects.filter(conversation=conversation)]
        return "\n".join([*said, run.draft]), run


def stopped_by(run: AgentRun) -> set[str]:
    """The names of the checks that the run's refused answers failed."""
    return {check["check"] for refusal in run.trace["refusals"] for check in refusal["checks"]}


def plain(text: str) -> str:
    """Letters and figures alone, in small."""
    return re.sub(r"\W+", "", text).lower()


def hijacked(case: dict[str, Any]) -> str:
    """What the model of a case answers; made from the recipe where there is one."""
    if "gen_output" in case:
        return str(case["gen_output"]["repeat"]) * int(case["gen_output"]["n"])
    output = str(case.get("model_output", ""))
    return {"obeys": "The invoice is at https://evil.example/invoice.pdf", "(long)": "Essay. " * 900}.get(
        output, output
    )
