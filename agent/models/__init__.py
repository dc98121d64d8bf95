"""The agent's rows: runs, releases and what they publish, knowledge, and spend."""

from agent.models.knowledge import Article, ArticleVersion, Passage
from agent.models.release import (
    AgentConfig,
    EngineBuild,
    EscalationRule,
    Intent,
    Phrase,
    Release,
    ReplyTemplate,
    TextVector,
    TrainingExample,
)
from agent.models.run import AgentRun, SpendLedger

__all__ = [
    "AgentConfig",
    "AgentRun",
    "Article",
    "ArticleVersion",
    "EngineBuild",
    "EscalationRule",
    "Intent",
    "Passage",
    "Phrase",
    "Release",
    "ReplyTemplate",
    "SpendLedger",
    "TextVector",
    "TrainingExample",
]
