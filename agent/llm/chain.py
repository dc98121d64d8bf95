"""The chain of models: each in its turn, within the turn's time and money, until one answers."""

import logging
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from langchain_core.messages import BaseMessage

from agent.graph.brief import Exchange, ModelAnswer
from agent.graph.context import WriteRequest, WriteResult
from agent.graph.state import ModelCall
from agent.llm import spend
from agent.llm.breaker import Breakers
from agent.llm.bulkhead import Bulkhead
from agent.llm.calls import CallFailed, Completion, FailureKind, Provider
from agent.llm.hosted import CONNECTIONS, HostedModel
from agent.llm.recorded import result_of
from agent.llm.wording import digest_of, messages_of, without_personal
from core import vitals
from core.crashpoints import crash_point
from core.personal import Placeholders

logger = logging.getLogger(__name__)

CALLS_A_TURN = 3
LONGEST_WAIT = 5.0
LEAST_SECONDS = 1.0
LONGEST_ID = 80
EMBEDDED = "embedded"
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

    def __init__(self, providers: Sequence[Provider], purposes: Mapping[str, Sequence[Provider]] | None = None) -> None:
        """Ask them in this order; ``purposes`` are those that have an order of their own."""
        self._main = tuple(providers)
        self._purposes = {purpose: tuple(own) for purpose, own in (purposes or {}).items()}
        everyone = [*self._main, *(each for own in self._purposes.values() for each in own)]
        self.providers = tuple({(each.provider, each.model): each for each in everyone}.values())
        self.breakers = Breakers(time.monotonic)
        vitals.tell("models", self.breakers.open_now)
        # Read here and not at import: a process may be told its number of threads as it starts.
        self.bulkhead = Bulkhead({each.provider for each in self.providers}, threads=settings.WORK_THREADS)

    @property
    def names(self) -> tuple[str, ...]:
        """All models, each as provider:model."""
        return tuple(f"{each.provider}:{each.model}" for each in self.providers)

    def models_for(self, purpose: str) -> tuple[Provider, ...]:
        """The models for a purpose, in their order."""
        return self._purposes.get(purpose, self._main)

    def writer(self, budget: Budget) -> "TurnWriter":
        """A writer for one turn."""
        return TurnWriter(self, budget)


def configured() -> Chain | None:
    """The chains that MODEL_CHAIN names, leaving out models without a key; None if no model is left.

    An entry is ``provider:model`` or ``embedded``, which ends a chain as the end does; ``purpose=`` before it puts it into
    that purpose's own chain. Without keys no provider's package is imported. Raises UnknownProvider.
    """
    made: dict[str, Provider | None] = {}
    chains: dict[str, list[Provider]] = {"": []}
    for entry in settings.MODEL_CHAIN:
        name, _, model = entry.partition(":")
        purpose, _, provider = name.rpartition("=")
        own = chains.setdefault(purpose, [])
        if provider == EMBEDDED:
            continue
        full_name = f"{provider}:{model}"
        if full_name not in made:
            made[full_name] = _model(provider, model, entry)
        found = made[full_name]
        if found is not None:
            own.append(found)
    main = chains.pop("")
    return Chain(main, chains) if any(made.values()) else None


def _model(provider: str, model: str, entry: str) -> Provider | None:
    if provider not in CONNECTIONS or not model:
        raise UnknownProvider(f"MODEL_CHAIN holds “{entry}”; write {':<model>, '.join(CONNECTIONS)}:<model>.")
    missing = CONNECTIONS[provider].missing
    if missing:
        logger.warning("%s is not set, so %s is not used.", missing, entry)
        return None
    return HostedModel(provider, model)


class TurnWriter:
    """The graph's ``Writes`` for one turn."""

    def __init__(self, chain: Chain, budget: Budget) -> None:
        """Count what this turn uses."""
        self._chain = chain
        self._budget = budget
        self._written = 0
        self.exchanges: list[Exchange] = []

    def write(self, request: WriteRequest) -> WriteResult:
        """Ask each model until one answers usably; None when none did, the time is up, or the money is."""
        if self._written >= CALLS_A_TURN:
            return WriteResult(written=None, calls=())
        self._written += 1
        # What is personal in the customer's words stays here; the models are given what stands for it.
        personal = Placeholders()
        messages = messages_of(without_personal(request, personal))
        calls: list[ModelCall] = []
        answer = self._first_answer(self._chain.models_for(request.purpose), messages, calls)
        exchange = Exchange(asked=digest_of(messages), answer=answer, calls=calls)
        self.exchanges.append(exchange)
        return result_of(exchange, personal)

    def _first_answer(
        self, models: Sequence[Provider], messages: Sequence[BaseMessage], calls: list[ModelCall]
    ) -> ModelAnswer | None:
        for provider in models:
            completion = self._ask(provider, messages, calls)
            if completion is not None:
                reply = completion.reply
                return ModelAnswer(
                    text=reply.answer,
                    # What is longer is no passage's id, and would be kept for nothing.
                    cited=[name for name in reply.cited if len(name) <= LONGEST_ID],
                    needs_person=reply.needs_person,
                    reason=reply.reason,
                    provider=provider.provider,
                    model=provider.model,
                )
        return None

    def _ask(self, provider: Provider, messages: Sequence[BaseMessage], calls: list[ModelCall]) -> Completion | None:
        """Up to two attempts at one model."""
        name = (provider.provider, provider.model)
        breakers = self._chain.breakers
        for attempt in (1, 2):
            if self._left < LEAST_SECONDS:
                return None
            try:
                with self._chain.bulkhead.place(provider.provider, wait=LEAST_SECONDS) as has_place:
                    left = self._left
                    if not has_place or left < LEAST_SECONDS or not breakers.allows(name):
                        return None
                    return self._attempt(provider, messages, calls, seconds=left)
            except spend.CapReached as reached:
                breakers.left_alone(name)
                logger.warning("No call of %s: %s", provider.model, reached)
                return None
            except CallFailed as failed:
                is_open = breakers.failed(name, is_account=failed.kind is FailureKind.ACCOUNT)
                logger.warning("%s:%s failed (%s)", *name, failed.evidence)
                wait = failed.retry_after if failed.retry_after is not None else _random.uniform(0, _JITTER)
                if attempt == 2 or is_open or failed.kind is not FailureKind.RETRY or wait > LONGEST_WAIT:
                    return None
            except BaseException:
                # The database's errors among them, before the call or after it: nothing is known of the model by them.
                breakers.left_alone(name)
                raise
            time.sleep(min(wait, max(self._left, 0.0)))
        return None

    @property
    def _left(self) -> float:
        """The seconds of the turn that are left."""
        return self._budget.deadline - time.monotonic()

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
        except Exception as error:
            # Whatever else a provider's package raises about what a stranger's server sent costs its model, not the turn.
            logger.exception("%s raised what nobody expected", full_name)
            outcome, cost = f"{FailureKind.UNUSABLE.value}: {type(error).__name__}", held.micros
            raise CallFailed(FailureKind.UNUSABLE, type(error).__name__) from None
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
