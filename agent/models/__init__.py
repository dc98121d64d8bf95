"""The agent's rows: runs, releases and what they publish, knowledge, tools, and spend."""

from agent.models.gaps import ArticleOrigin, Bookmark, Gap, GapQuestion, PassageUse
from agent.models.importing import ImportFile, ImportJob
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
from agent.models.replay import Replay
from agent.models.reviewing import KnowledgeFinding
from agent.models.run import AgentRun, SpendLedger, SpendReservation
from agent.models.searching import KnowledgeSearch
from agent.models.switch import IntentSwitch
from agent.models.tool import Approval, Dialogue, Lead, PriceTier, Product, Tool, ToolCall

__all__ = [
    "AgentConfig",
    "AgentRun",
    "Approval",
    "Article",
    "ArticleOrigin",
    "ArticleVersion",
    "Bookmark",
    "Dialogue",
    "EngineBuild",
    "EscalationRule",
    "Gap",
    "GapQuestion",
    "ImportFile",
    "ImportJob",
    "Intent",
    "IntentSwitch",
    "KnowledgeFinding",
    "KnowledgeSearch",
    "Lead",
    "Passage",
    "PassageUse",
    "Phrase",
    "PriceTier",
    "Product",
    "Release",
    "Replay",
    "ReplyTemplate",
    "SpendLedger",
    "SpendReservation",
    "TextVector",
    "Tool",
    "ToolCall",
    "TrainingExample",
]
