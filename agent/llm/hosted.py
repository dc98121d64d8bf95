"""Models behind an API: Anthropic's, and OpenAI's with every server that speaks its protocol."""

import importlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import httpx2
from django.conf import settings
from langchain.chat_models import init_chat_model
from langchain_core.messages import BaseMessage

from agent.llm import calls
from agent.llm.calls import CallFailed, Completion, FailureKind, StructuredReply
from core import http
from core.exceptions import AnswerTooLong, EgressRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How a provider is reached: its SDK's module, what all that SDK's errors are, and the settings.

    ``needs_server`` says that it is somebody's own server: it has no address by itself, and may want no key.
    """

    sdk: str
    any_error: str
    key_setting: str
    base_url_setting: str
    needs_server: bool = False

    @property
    def key(self) -> str:
        """The API key; empty where none is set."""
        return str(getattr(settings, self.key_setting))

    @property
    def base_url(self) -> str | None:
        """Another server than the provider's own."""
        return getattr(settings, self.base_url_setting) or None

    @property
    def missing(self) -> str:
        """The setting without which nothing can be called; empty where all is there."""
        if self.needs_server:
            return "" if self.base_url else self.base_url_setting
        return "" if self.key else self.key_setting


# How the names of models begin that take no temperature (langchain-openai 1.7 and langchain-anthropic 1.7 say so).
_THINKING = ("o1", "o3", "o4", "gpt-5", "claude-fable-5", "claude-sonnet-5-5")

CONNECTIONS = {
    "anthropic": Connection(
        sdk="anthropic",
        any_error="AnthropicError",
        key_setting="ANTHROPIC_API_KEY",
        base_url_setting="ANTHROPIC_BASE_URL",
    ),
    "openai": Connection(
        sdk="openai",
        any_error="OpenAIError",
        key_setting="OPENAI_API_KEY",
        base_url_setting="OPENAI_BASE_URL",
    ),
    "compatible": Connection(
        sdk="openai",
        any_error="OpenAIError",
        key_setting="COMPATIBLE_API_KEY",
        base_url_setting="COMPATIBLE_BASE_URL",
        needs_server=True,
    ),
}


class HostedModel:
    """One model of one of ``CONNECTIONS``. The provider's packages are imported when the first one is made."""

    def __init__(self, provider: str, model: str) -> None:
        """Prepare it; nothing is sent. Raises KeyError for an unknown provider."""
        connection = CONNECTIONS[provider]
        self.provider = provider
        self.model = model
        # Both SDKs come from one generator and name their errors alike, but for the one above all.
        self._sdk: ModuleType = importlib.import_module(connection.sdk)
        self._any_error: type[Exception] = getattr(self._sdk, connection.any_error)
        self._chat = _chat_model(model, connection)

    def complete(self, messages: Sequence[BaseMessage], *, seconds: float, max_tokens: int) -> Completion:
        """One attempt of at most ``seconds``, however slowly its answer comes. Raises CallFailed."""
        deadline = time.monotonic() + min(seconds, calls.ATTEMPT_SECONDS)
        timeout = httpx2.Timeout(
            connect=min(calls.CONNECT_SECONDS, seconds),
            read=min(calls.READ_SECONDS, seconds),
            write=calls.WRITE_SECONDS,
            pool=calls.POOL_SECONDS,
        )
        asked = self._chat.bind_tools(
            [StructuredReply], tool_choice=StructuredReply.__name__, timeout=timeout, max_tokens=max_tokens
        )
        try:
            with http.bounded(deadline=deadline, limit=calls.MOST_BYTES):
                return calls.read_answer(asked.invoke(list(messages)))
        except (self._sdk.APIConnectionError, AnswerTooLong, EgressRefused) as error:
            raise failure_of_connection(error) from None
        except self._sdk.APIStatusError as error:
            raise calls.failure_of_status(
                error.status_code, error.body, error.response.headers.get("retry-after")
            ) from None
        except UnicodeError:
            raise CallFailed(FailureKind.UNUSABLE, calls.NOT_CLEAN) from None
        except (
            self._any_error,
            httpx2.HTTPError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            # An answer that is nested without end.
            RecursionError,
        ) as error:
            raise CallFailed(FailureKind.UNUSABLE, type(error).__name__) from None


def _chat_model(model: str, connection: Connection) -> Any:
    """LangChain's model, over a guarded client: where it may connect, how long and how much is judged there."""
    client = http.client()
    named: dict[str, Any] = {"http_client": client} if connection.sdk == "openai" else {}
    chat: Any = init_chat_model(
        model,
        model_provider=connection.sdk,
        # A server that wants no key still gets the header; the SDK refuses to send an empty one.
        api_key=connection.key or "none",
        base_url=connection.base_url,
        max_retries=0,
        **named,
        **_sampling(model, connection),
    )
    if connection.sdk == "anthropic":
        # LangChain's class for it has no parameter for this.
        chat._client = chat._client.with_options(http_client=client)  # noqa: SLF001
    return chat


def _sampling(model: str, connection: Connection) -> dict[str, Any]:
    """The same answer to the same question, as far as the model lets one say so.

    Models that think first refuse a temperature. Of OpenAI's the tokens they think with count as answer, so they are told to
    think little: all that an answer needs stands before them.
    """
    if not model.startswith(_THINKING) or model.startswith("gpt-5-chat"):
        return {"temperature": 0}
    return {"reasoning_effort": "low"} if connection.sdk == "openai" else {}


def failure_of_connection(error: BaseException) -> CallFailed:
    """What it means that no answer came. Where nothing was sent, nothing can have been charged."""
    cause: BaseException | None = error
    # LangChain puts an error of its own around it, and one SDK does so too.
    while cause is not None:
        if isinstance(cause, AnswerTooLong):
            return CallFailed(FailureKind.UNUSABLE, "too long")
        if isinstance(cause, EgressRefused):
            return CallFailed(FailureKind.REFUSED, str(cause))
        if isinstance(cause, httpx2.ConnectTimeout | httpx2.PoolTimeout):
            return CallFailed(FailureKind.RETRY, "could not connect in time")
        if isinstance(cause, httpx2.TimeoutException):
            return CallFailed(FailureKind.TIMEOUT, "timed out")
        cause = cause.__cause__
    return CallFailed(FailureKind.RETRY, "no connection")
