"""Both providers' protocols, spoken by a server on loopback."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.agent.llm.asking import ANTHROPIC, OPENAI
from tests.agent.providers import Script, serving


@pytest.fixture
def script(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """Both providers, on loopback."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving() as script:
        settings.OPENAI_API_KEY = settings.ANTHROPIC_API_KEY = "key-for-tests-only"
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{script.port}/v1"
        settings.ANTHROPIC_BASE_URL = f"http://127.0.0.1:{script.port}"
        settings.MODEL_CHAIN = [OPENAI, ANTHROPIC]
        yield script
