"""The chain of models: each in its turn, within the turn's time and money, until one answers."""

import logging
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from langchain_core.messages import BaseMessage

from agent.graph.context import WriteRequest, WriteResult, Written
from agent.graph.state import ModelCall
from agent.llm import spend
from agent.llm.breaker import Breakers
from agent.llm.calls import CallFailed, Completion, FailureKind, Provider
from agent.llm.hosted import CONNECTIONS, HostedModel
from agent.llm.wording import messages_of, without_personal
from core import vitals
from core.crashpoints import crash_point
from core.personal import Placeholders

logger = logging.getLogger(__name__)

CALLS_A_TURN = 3
CALLS_AT_ONCE = 8
LONGEST_WAIT = 5.0
LEAST_SECONDS = 1.0
_JITTER = 0.5
_random = random.SystemRandom()


class UnknownProvider(ValueError):
    """MODEL_CHAIN names a provider that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one turn may use. ``deadline`` is on the monotonic clock."""

    deadline: float
    caps: tuple[spend.Cap, ...]
    prices: Mapping[str, Any]
    max_tokens: int


class Chain:
    """The configured models of this process, shared by its threads."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        """Ask them in this order."""
        self.providers = tuple(providers)
        self.breakers = Breakers(time.monotonic)
        vitals.tell("models", self.breakers.open_now)
        self._places = {p.provider: threading.BoundedSemaphore(CALLS_AT_ONCE) for p in self.providers}

    def writer(self, budget: Budget) -> "TurnWriter":
        """A writer for one turn."""
        return TurnWriter(self, budget)

    def place(self, provider: Provider) -> threading.BoundedSemaphore:
        """The places a provider has, so that a slow one cannot hold every worker."""
        return self._places[provider.provider]


def configured() -> Chain | None:
    """The chain that MODEL_CHAIN names, leaving out models without a key; None if none is left.

    Without keys no provider's package is imported. Raises UnknownProvider.
    """
    providers: list[Provider] = []
    for entry in settings.MODEL_CHAIN:
        provider, _, model = entry.partition(":")
        if provider not in CONNECTIONS or not model:
            raise UnknownProvider(f"MODEL_CHAIN holds “{entry}”; write openai:<model> or anthropic:<model>.")
        if not CONNECTIONS[provider].key:
            logger.warning("%s has no key, so %s is not used.", provider, entry)
            continue
        providers.append(HostedModel(provider, model))
    return Chain(providers) if providers else None


class TurnWriter:
    """The graph's ``Writes`` for one turn."""

    def __init__(self, chain: Chain, budget: Budget) -> None:
        """Count what this turn uses."""
        self._chain = chain
        self._budget = budget
        self._written = 0

    def write(self, request: WriteRequest) -> WriteResult:
        """Ask each model until one answers usably; None when none did, the time is up, or the money is."""
        if self._written >= CALLS_A_TURN:
            return WriteResult(written=None, calls=())
        self._written += 1
        # What is personal in the customer's words stays here; the models are given what stands for it.
        personal = Placeholders()
        messages = messages_of(without_personal(request, personal))
        calls: list[ModelCall] = []
        for provider in self._chain.providers:
            completion = self._ask(provider, messages, calls)
            if completion is not None:
                reply = completion.reply
                written = Written(
                    text=personal.restore(reply.answer),
                    cited=tuple(reply.cited),
                    needs_person=reply.needs_person,
                    reason=reply.reason,
                    provider=provider.provider,
                    model=provider.model,
                )
                return WriteResult(written=written, calls=tuple(calls))
        return WriteResult(written=None, calls=tuple(calls))

    def _ask(self, provider: Provider, messages: Sequence[BaseMessage], calls: list[ModelCall]) -> Completion | None:
        """Up to two attempts at one model."""
        name = (provider.provider, provider.model)
        place = self._chain.place(provider)
        for attempt in (1, 2):
            left = self._budget.deadline - time.monotonic()
            if left < LEAST_SECONDS or not place.acquire(timeout=LEAST_SECONDS):
                return None
            try:
                if not self._chain.breakers.allows(name):
                    return None
                return self._attempt(provider, messages, calls, seconds=left)
            except spend.CapReached as reached:
                self._chain.breakers.left_alone(name)
                logger.warning("No call of %s: %s", provider.model, reached)
                return None
            except CallFailed as failed:
                is_open = self._chain.breakers.failed(name, is_account=failed.kind is FailureKind.ACCOUNT)
                logger.warning("%s:%s failed (%s)", *name, failed.evidence)
                wait = failed.retry_after if failed.retry_after is not None else _random.uniform(0, _JITTER)
                if attempt == 2 or is_open or failed.kind is not FailureKind.RETRY or wait > LONGEST_WAIT:
                    return None
            finally:
                place.release()
            time.sleep(min(wait, max(self._budget.deadline - time.monotonic(), 0.0)))
        return None

    def _attempt(
        self, provider: Provider, messages: Sequence[BaseMessage], calls: list[ModelCall], *, seconds: float
    ) -> Completion:
        full_name = f"{provider.provider}:{provider.model}"
        tokens = spend.estimate_tokens("".join(str(message.content) for message in messages))
        prices, most = self._budget.prices, self._budget.max_tokens
        held = spend.reserve(self._budget.caps, spend.price(prices, full_name, tokens_in=tokens, tokens_out=most))
        crash_point("spend.after_reserve")
        started, outcome, cost = time.monotonic(), "ok", 0
        completion: Completion | None = None
        try:
            completion = provider.complete(messages, seconds=seconds, max_tokens=most)
            cost = spend.price(prices, full_name, tokens_in=completion.tokens_in, tokens_out=completion.tokens_out)
            self._chain.breakers.succeeded((provider.provider, provider.model))
            return completion
        except CallFailed as failed:
            outcome = f"{failed.kind.value}: {failed.evidence}"
            if failed.kind in {FailureKind.TIMEOUT, FailureKind.UNUSABLE}:
                # The provider may well have worked for it, and an unusable answer is charged.
                cost = held.micros
            raise
        finally:
            spend.settle(held, cost)
            calls.append(
                ModelCall(
                    provider=provider.provider,
                    model=provider.model,
                    outcome=outcome,
                    ms=round((time.monotonic() - started) * 1000, 1),
                    tokens_in=completion.tokens_in if completion else 0,
                    tokens_out=completion.tokens_out if completion else 0,
                    cost_micros=cost,
                )
            )
