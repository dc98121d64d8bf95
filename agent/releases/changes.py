"""What a release changes against another: a line a setting, text, rule, intent, example, phrase and article."""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.knowledge import questions
from agent.models import Release

# Beyond this only the lines that differ are shown.
WHOLE_CHARACTERS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that differs. ``before`` or ``after`` is None where there is none; both are short enough to be read."""

    kind: str
    name: str
    before: str | None
    after: str | None

    @property
    def verb(self) -> str:
        """Added, removed or changed."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def changes_between(before: Release, after: Release) -> list[Change]:
    """Everything in which ``after`` differs from ``before``, in the order in which people read it; 14 queries."""
    changes = []
    for kind, read in KINDS.items():
        old, new = read(before), read(after)
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                was, now = _readable(old.get(name), new.get(name))
                changes.append(Change(kind=kind, name=name, before=was, after=now))
    return changes


def _settings(release: Release) -> Mapping[str, str]:
    return dict(release.configs.values_list("config_key", "config_value"))


def _texts(release: Release) -> Mapping[str, str]:
    return {
        f"{key} ({language})": text for key, language, text in release.templates.values_list("key", "language", "text")
    }


def _rules(release: Release) -> Mapping[str, str]:
    rows = release.rules.values_list("name", "conditions", "reason", "priority", "order", "is_enabled")
    return {
        name: f"{'on' if is_enabled else 'off'}, {reason}, priority {priority}, place {order}: "
        f"{json.dumps(conditions, ensure_ascii=False, sort_keys=True)}"
        for name, conditions, reason, priority, order, is_enabled in rows
    }


def _intents(release: Release) -> Mapping[str, str]:
    rows = release.intents.values_list("key", "route", "is_enabled", "description")
    return {
        key: f"{'on' if is_enabled else 'off'}, {route}. {description}" for key, route, is_enabled, description in rows
    }


def _examples(release: Release) -> Mapping[str, str]:
    rows = release.examples.values_list("purpose", "label", "language", "text")
    return {f"{purpose} {label} ({language}): {text}": text for purpose, label, language, text in rows}


def _phrases(release: Release) -> Mapping[str, str]:
    rows = release.phrases.values_list("head", "language", "text")
    return {f"{head} ({language}): {text}": text for head, language, text in rows}


def _articles(release: Release) -> Mapping[str, str]:
    rows = release.articles.values_list("article__slug", "article__language", "title", "body", "questions")
    return {
        f"{slug} ({language})": "\n".join([title, body, questions.written(asked)]).strip()
        for slug, language, title, body, asked in rows
    }


KINDS: dict[str, Callable[[Release], Mapping[str, str]]] = {
    "Setting": _settings,
    "Reply text": _texts,
    "Rule": _rules,
    "Intent": _intents,
    "Example": _examples,
    "Phrase": _phrases,
    "Article": _articles,
}


def _readable(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Both sides, or of long ones the lines that differ."""
    if before is None or after is None or len(before) + len(after) <= 2 * WHOLE_CHARACTERS:
        return before, after
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    was = "\n".join(line[2:] for line in lines if line.startswith("- "))
    now = "\n".join(line[2:] for line in lines if line.startswith("+ "))
    return was, now
