"""A release as the agent reads it: typed settings, rules, texts, intents and phrases in frozen values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from agent.engine.types import IntentSpec, Phrase, Route
from agent.graph.rules import Rule, RuleMalformed, read_conditions
from agent.models import AgentConfig, EscalationRule, Intent, Release, ReplyTemplate
from agent.models import Phrase as PhraseRow
from agent.releases import keys


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseContent:
    """Everything of a release but its examples and articles. ``templates`` is keyed by (key, language)."""

    release_id: int
    number: int
    content_hash: str
    settings: Mapping[str, Any]
    rules: tuple[Rule, ...]
    templates: Mapping[tuple[str, str], str]
    intents: tuple[IntentSpec, ...]
    disabled_intents: frozenset[str]
    phrases: tuple[Phrase, ...]


def read_content(release_id: int) -> ReleaseContent:
    """The release's content; settings it does not hold have their default. Raises InvalidValue, RuleMalformed."""
    release = Release.objects.get(pk=release_id)
    stored = dict(AgentConfig.objects.filter(release=release).values_list("config_key", "config_value"))
    intents = list(Intent.objects.filter(release=release))
    return ReleaseContent(
        release_id=release.pk,
        number=release.number,
        content_hash=release.content_hash,
        settings={key: keys.read(key, stored.get(key, known.default)) for key, known in keys.KEYS.items()},
        rules=tuple(rule_of(row) for row in EscalationRule.objects.filter(release=release, is_enabled=True)),
        templates={
            (key, language): text
            for key, language, text in ReplyTemplate.objects.filter(release=release).values_list(
                "key", "language", "text"
            )
        },
        intents=tuple(spec_of(row) for row in intents),
        disabled_intents=frozenset(row.key for row in intents if not row.is_enabled),
        phrases=tuple(
            Phrase(text=text, head=head, language=language)
            for head, language, text in PhraseRow.objects.filter(release=release).values_list(
                "head", "language", "text"
            )
        ),
    )


def rule_of(row: EscalationRule) -> Rule:
    """A stored rule as the graph judges it. Raises RuleMalformed naming the rule."""
    try:
        conditions = read_conditions(row.conditions)
    except RuleMalformed as error:
        raise RuleMalformed(f"Rule “{row.key}”: {error}") from None
    return Rule(key=row.key, name=row.name, conditions=conditions, reason=row.reason, priority=row.priority)


def spec_of(row: Intent) -> IntentSpec:
    """A stored intent as the engine knows it."""
    return IntentSpec(
        key=row.key,
        route=cast("Route", row.route),
        description=row.description,
        signals=tuple(row.signals),
        background=row.is_background,
    )


def canonical(release: Release) -> str:
    """Everything the release tells the agent, as one JSON text that only its content decides."""
    parts: dict[str, Any] = {
        "settings": list(release.configs.order_by("config_key").values_list("config_key", "config_value")),
        "intents": list(
            release.intents.order_by("key").values_list("key", "route", "is_enabled", "signals", "is_background")
        ),
        "examples": list(
            release.examples.order_by("purpose", "label", "language", "text").values_list(
                "purpose", "label", "language", "text"
            )
        ),
        "phrases": list(release.phrases.order_by("head", "language", "text").values_list("head", "language", "text")),
        "rules": list(
            release.rules.order_by("key").values_list("key", "conditions", "reason", "priority", "order", "is_enabled")
        ),
        "templates": list(release.templates.order_by("key", "language").values_list("key", "language", "text")),
        "articles": list(
            release.articles.order_by("article__slug", "article__language").values_list(
                "article__slug", "article__language", "article__audience", "title", "body", "questions"
            )
        ),
    }
    return json.dumps(parts, ensure_ascii=False, sort_keys=True)
