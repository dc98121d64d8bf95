"""The models that read files for this process: one that hears recordings, one that looks at pictures, each if it is set."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from agent.exceptions import ReadingFailed
from agent.llm import spend
from agent.llm.breaker import Breakers
from agent.llm.calls import CallFailed, FailureKind
from agent.llm.hosted import CONNECTIONS
from agent.llm.wires import MOST_TOKENS, FileReader, Told
from conversations.types import Reading
from core import vitals

logger = logging.getLogger(__name__)

CALL_SECONDS = 30.0
# Of their own, so that long recordings take no place from answers.
CALLS_AT_ONCE = 2
LEAST_WAIT = 1.0
# How long a recording is stands in none that is compressed, so it is taken for one of a poor line: at least as long as it is.
_BYTES_A_SECOND = {"audio/wav": 16_000, "audio/flac": 8_000}
_FEWEST_BYTES_A_SECOND = 2_000
# What providers count for one large picture and the question.
_TOKENS_OF_A_PICTURE = 3_000


class Senses:
    """The configured readers by the kind of attachment they are for, shared by the process's threads."""

    def __init__(self, readers: Mapping[str, FileReader]) -> None:
        """``readers`` for ``audio`` and ``image``, or for one of them."""
        self._readers = dict(readers)
        self._places = {kind: threading.BoundedSemaphore(CALLS_AT_ONCE) for kind in readers}
        self.breakers = Breakers(time.monotonic)
        vitals.tell("readers", self.breakers.open_now)

    def can_read(self, kind: str) -> bool:
        """Whether somebody is there for it."""
        return kind in self._readers

    def read(
        self, kind: str, content: bytes, content_type: str, *, caps: Sequence[spend.Cap], prices: Mapping[str, Any]
    ) -> Reading:
        """One call. Money is reserved before it and settled after it; no transaction is open meanwhile.

        Raises ReadingFailed.
        """
        reader, place = self._readers[kind], self._places[kind]
        name = (reader.provider, reader.model)
        if not place.acquire(timeout=LEAST_WAIT):
            raise ReadingFailed("All places are taken.", is_counted=False)
        try:
            if not self.breakers.allows(name):
                raise ReadingFailed("The model is left alone for a while.", is_counted=False)
            try:
                return self._call(reader, kind, content, content_type, caps, prices)
            except ReadingFailed:
                raise
            except BaseException:
                # A cap, or the database: nothing is known of the model, so that another may try it.
                self.breakers.left_alone(name)
                raise
        except spend.CapReached as reached:
            raise ReadingFailed(str(reached), is_counted=False) from None
        finally:
            place.release()

    def _call(
        self,
        reader: FileReader,
        kind: str,
        content: bytes,
        content_type: str,
        caps: Sequence[spend.Cap],
        prices: Mapping[str, Any],
    ) -> Reading:
        name, full_name = (reader.provider, reader.model), f"{reader.provider}:{reader.model}"
        seconds = len(content) / _BYTES_A_SECOND.get(content_type, _FEWEST_BYTES_A_SECOND)
        estimate = (
            _for_seconds(seconds)
            if kind == "audio"
            else spend.price(prices, full_name, tokens_in=_TOKENS_OF_A_PICTURE, tokens_out=MOST_TOKENS)
        )
        held, cost = spend.reserve(caps, estimate), 0
        try:
            ask = reader.transcribe if kind == "audio" else reader.describe
            told = ask(content, content_type, seconds=CALL_SECONDS)
            cost = _cost(told, full_name, prices, estimate=estimate)
            self.breakers.succeeded(name)
        except CallFailed as failed:
            self.breakers.failed(name, is_account=failed.kind is FailureKind.ACCOUNT)
            logger.warning("%s:%s did not read a file (%s)", *name, failed.evidence)
            # As for answers: it may well have been worked for.
            cost = estimate if failed.kind in {FailureKind.TIMEOUT, FailureKind.UNUSABLE} else 0
            raise ReadingFailed(
                failed.evidence,
                is_final=failed.kind is FailureKind.REFUSED,
                retry_after=failed.retry_after,
                cost_micros=cost,
            ) from None
        finally:
            spend.settle(held, cost)
        return Reading(
            text=told.text, language=told.language, provider=reader.provider, model=reader.model, cost_micros=cost
        )


def configured() -> Senses | None:
    """What TRANSCRIPTION_MODEL and DESCRIPTION_MODEL name, leaving out models without a key; None if neither is left."""
    readers: dict[str, FileReader] = {}
    for kind, setting in (("audio", "TRANSCRIPTION_MODEL"), ("image", "DESCRIPTION_MODEL")):
        provider, _, model = str(getattr(settings, setting)).partition(":")
        if not provider:
            continue
        missing = CONNECTIONS[provider].missing
        if missing:
            logger.warning("%s is not set, so %s is not used.", missing, setting)
            continue
        readers[kind] = FileReader(provider, model)
    return Senses(readers) if readers else None


def _for_seconds(seconds: float) -> int:
    return round(seconds / 60 * settings.TRANSCRIPTION_DOLLARS_PER_MINUTE * spend.MICROS)


def _cost(told: Told, full_name: str, prices: Mapping[str, Any], *, estimate: int) -> int:
    """What the provider says that it was; the estimate where it says nothing."""
    if told.seconds is not None:
        return _for_seconds(told.seconds)
    if told.tokens_in or told.tokens_out:
        return spend.price(prices, full_name, tokens_in=told.tokens_in, tokens_out=told.tokens_out)
    return estimate
