"""Models behind an API: Anthropic's, and OpenAI's with every server that speaks its protocol."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import httpx2
from django.conf import settings
from langchain.chat_models import init_chat_model
from langchain_core.messages import BaseMessage

from agent.llm import calls
from agent.llm.calls import CallFailed, Completion, FailureKind, StructuredReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How a provider is reached: its SDK's module, what all that SDK's errors are, and the settings."""

    sdk: str
    any_error: str
    key_setting: str
    base_url_setting: str

    @property
    def key(self) -> str:
        """The API key; empty where none is set."""
        return str(getattr(settings, self.key_setting))

    @property
    def base_url(self) -> str | None:
        """Another server than the provider's own."""
        return getattr(settings, self.base_url_setting) or None


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
        self._chat = init_chat_model(
            model,
            model_provider=provider,
            api_key=connection.key,
            base_url=connection.base_url,
            max_retries=0,
            temperature=0,
        )

    def complete(self, messages: Sequence[BaseMessage], *, seconds: float, max_tokens: int) -> Completion:
        """One attempt of at most ``seconds``. Raises CallFailed."""
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
            answer = asked.invoke(list(messages))
        except self._sdk.APITimeoutError:
            raise CallFailed(FailureKind.TIMEOUT, "timed out") from None
        except self._sdk.APIConnectionError:
            raise CallFailed(FailureKind.RETRY, "no connection") from None
        except self._sdk.APIStatusError as error:
            raise calls.failure_of_status(
                error.status_code, error.body, error.response.headers.get("retry-after")
            ) from None
        except (
            self._any_error,
            httpx2.HTTPError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
        ) as error:
            raise CallFailed(FailureKind.UNUSABLE, type(error).__name__) from None
        return calls.read_answer(answer)
