"""One call to a model: what is asked in which form, what came back, and how it failed."""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Protocol

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import BaseModel, ConfigDict, Field, ValidationError

CONNECT_SECONDS, READ_SECONDS, WRITE_SECONDS, POOL_SECONDS = 3.0, 15.0, 5.0, 2.0
# Of one attempt as a whole: an answer that trickles ends here, and leaves the next model some of the turn's time.
ATTEMPT_SECONDS = CONNECT_SECONDS + READ_SECONDS
MOST_BYTES = 2 * 1024 * 1024
NOT_CLEAN = "not clean UTF-8"


class FailureKind(StrEnum):
    """What a failed call means for the next one."""

    RETRY = "retry"
    REFUSED = "refused"
    ACCOUNT = "account"
    TIMEOUT = "timeout"
    UNUSABLE = "unusable"


class CallFailed(Exception):
    """A model did not answer usably. ``evidence`` is short and holds neither key nor text."""

    def __init__(self, kind: FailureKind, evidence: str, *, retry_after: float | None = None) -> None:
        self.kind = kind
        self.evidence = evidence
        self.retry_after = retry_after
        super().__init__(evidence)


class StructuredReply(BaseModel):
    """Your answer to the customer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    answer: str = Field(description="The text for the customer. Empty if a person is needed.", max_length=8_000)
    cited: list[str] = Field(description="The ids of the passages the answer rests on.", max_length=20)
    needs_person: bool = Field(description="True if the passages do not answer or an action is needed.")
    reason: str = Field(description="Why, in a few words, for the staff.", max_length=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A usable answer and what it used."""

    reply: StructuredReply
    tokens_in: int
    tokens_out: int


class Provider(Protocol):
    """One model of one provider."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    def complete(self, messages: Sequence[BaseMessage], *, seconds: float, max_tokens: int) -> Completion:
        """One attempt without retries, of at most ``seconds``. Raises CallFailed."""


STATUS_KINDS = {
    401: FailureKind.ACCOUNT,
    402: FailureKind.ACCOUNT,
    403: FailureKind.ACCOUNT,
    **dict.fromkeys((408, 409, 429, 500, 501, 502, 503, 504, 529), FailureKind.RETRY),
}


def failure_of_status(status: int, body: object, retry_after: str | None) -> CallFailed:
    """What an HTTP status means; exhausted credit is an account's problem although it comes as 429."""
    kind = STATUS_KINDS.get(status, FailureKind.REFUSED)
    try:
        told = str(body)
    except RecursionError:
        # Nested without end; the status says enough.
        told = ""
    if "insufficient_quota" in told or "credit balance" in told:
        kind = FailureKind.ACCOUNT
    return CallFailed(kind, f"HTTP {status}", retry_after=_pause(retry_after or ""))


def _pause(asked: str) -> float | None:
    """The pause that a Retry-After asks for, in seconds or up to a moment; None where it asks for none that can be kept."""
    try:
        pause = float(asked)
    except ValueError:
        pause = _until(asked)
    return pause if 0 <= pause < math.inf else None


def _until(moment: str) -> float:
    """The seconds up to a moment of HTTP; not a number where it is none."""
    try:
        return parsedate_to_datetime(moment).timestamp() - time.time()
    except (ValueError, OverflowError):
        return math.nan


def read_answer(message: BaseMessage) -> Completion:
    """The structured reply of a model's message. Raises CallFailed for one that is empty, cut, too big, unclean or off-schema."""
    if not isinstance(message, AIMessage):
        raise CallFailed(FailureKind.UNUSABLE, "no answer")
    details: dict[str, Any] = message.response_metadata
    if details.get("finish_reason") == "length" or details.get("stop_reason") == "max_tokens":
        raise CallFailed(FailureKind.UNUSABLE, "cut short")
    if len(message.tool_calls) != 1 or message.invalid_tool_calls:
        raise CallFailed(FailureKind.UNUSABLE, "not in the form asked for")
    if message.tool_calls[0]["name"] != StructuredReply.__name__:
        raise CallFailed(FailureKind.UNUSABLE, "a tool that there is not")
    arguments = message.tool_calls[0]["args"]
    if len(str(arguments)) > MOST_BYTES:
        raise CallFailed(FailureKind.UNUSABLE, "too long")
    try:
        # Half a character, as JSON can escape it, is no text: the schema lets it pass, and no database would.
        json.dumps(arguments, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise CallFailed(FailureKind.UNUSABLE, NOT_CLEAN) from None
    try:
        reply = StructuredReply.model_validate(arguments)
    except ValidationError:
        raise CallFailed(FailureKind.UNUSABLE, "off the schema") from None
    if not reply.answer.strip() and not reply.needs_person:
        raise CallFailed(FailureKind.UNUSABLE, "empty")
    usage = message.usage_metadata
    return Completion(
        reply=reply,
        tokens_in=usage["input_tokens"] if usage else 0,
        tokens_out=usage["output_tokens"] if usage else 0,
    )
