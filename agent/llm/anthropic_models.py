"""Models of Anthropic. Imported only where one is configured."""

from collections.abc import Sequence

import anthropic
import httpx2
from django.conf import settings
from langchain.chat_models import init_chat_model
from langchain_core.messages import BaseMessage

from agent.llm import calls
from agent.llm.calls import CallFailed, Completion, FailureKind, StructuredReply


class AnthropicModel:
    """One Anthropic model."""

    provider = "anthropic"

    def __init__(self, model: str) -> None:
        """Prepare it; nothing is sent."""
        self.model = model
        self._chat = init_chat_model(
            model,
            model_provider="anthropic",
            api_key=settings.ANTHROPIC_API_KEY,
            base_url=settings.ANTHROPIC_BASE_URL or None,
            max_retries=0,
            temperature=0,
        )

    def complete(self, messages: Sequence[BaseMessage], *, seconds: float, max_tokens: int) -> Completion:
        """One attempt. Raises CallFailed."""
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
        except anthropic.APITimeoutError:
            raise CallFailed(FailureKind.TIMEOUT, "timed out") from None
        except anthropic.APIConnectionError:
            raise CallFailed(FailureKind.RETRY, "no connection") from None
        except anthropic.APIStatusError as error:
            raise calls.failure_of_status(
                error.status_code, error.body, error.response.headers.get("retry-after")
            ) from None
        except (
            anthropic.AnthropicError,
            httpx2.HTTPError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
        ) as error:
            raise CallFailed(FailureKind.UNUSABLE, type(error).__name__) from None
        return calls.read_answer(answer)


def build(model: str) -> AnthropicModel:
    """The model of that name."""
    return AnthropicModel(model)
