"""The shipped seeds: intents, examples, phrases, articles and fixed texts, read and checked.

Every mistake in a seed file ends in SeedError with the file's name, so that an edit which cannot work is refused
before anything is fitted from it.
"""

from __future__ import annotations

import json
import string
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from agent.engine.passages import WHOLE_ARTICLE, split_article
from agent.engine.types import (
    HEAD_NAMES,
    PHRASE_HEADS,
    ROUTES,
    SENTIMENT_LABELS,
    Example,
    IntentSpec,
    LabelledText,
    PassageSource,
    Phrase,
)

SEEDS_FOLDER = Path(__file__).resolve().parent.parent / "seeds"

LANGUAGES = ("en", "de", "es", "it", "nl")
"""The languages the product speaks as it comes: each has its own examples, phrases and fixed texts."""

LEAST_EXAMPLES = 12
"""Of each intent in each language; with fewer the heads lean on what other languages say."""

TEMPLATE_KEYS = frozenset(
    {
        "greeting",
        "thanks",
        "goodbye",
        "bot_identity",
        "handoff",
        "handoff_hours",
        "clarify",
        "cannot_answer",
        "holding",
        "unsupported_message",
        "language_not_supported",
        "did_this_help",
        "urgent_handoff",
        "public_invitation",
    }
)
TEMPLATE_SLOTS = frozenset({"name", "hours", "first", "second", "question"})

_FENCE = "+++"


class SeedError(ValueError):
    """A seed file cannot be used; the message names the file and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A knowledge article. ``questions`` maps a heading to the example questions its section answers."""

    slug: str
    title: str
    language: str
    audience: Literal["public", "internal"]
    body: str
    questions: Mapping[str, tuple[str, ...]]

    def passages(self) -> tuple[PassageSource, ...]:
        """The article cut into passages, with ids ``<slug>.<language>#<number>``."""
        return split_article(
            article_id=f"{self.slug}.{self.language}",
            title=self.title,
            body=self.body,
            language=self.language,
            questions=self.questions,
            slug=self.slug,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GateQuestion:
    """A question for fitting the gate: the slug of the article that answers it, or None if none does."""

    text: str
    article: str | None
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateText:
    """A text for fitting the gate: questions that it answers, and questions that only sound like it."""

    passage: PassageSource
    answered: tuple[str, ...]
    unanswered: tuple[str, ...]


class Seeds:
    """The files of one seeds folder, each read at first use."""

    def __init__(self, folder: Path = SEEDS_FOLDER) -> None:
        """Name the folder; nothing is read yet."""
        self._folder = folder

    @cached_property
    def intents(self) -> tuple[IntentSpec, ...]:
        """The intents in the order of the file."""
        path = self._folder / "intents.toml"
        specs: list[IntentSpec] = []
        for key, entry in _toml(path).items():
            if entry.get("route") not in ROUTES:
                raise SeedError(f"{path.name}: {key} has no route of {', '.join(ROUTES)}.")
            unknown = set(entry.get("signals", [])) - set(HEAD_NAMES)
            if unknown:
                raise SeedError(f"{path.name}: {key} names the unknown head {', '.join(sorted(unknown))}.")
            specs.append(IntentSpec(**{**entry, "key": key, "signals": tuple(entry.get("signals", []))}))
        return tuple(specs)

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The example utterances of every language."""
        known = {spec.key for spec in self.intents}
        found: list[Example] = []
        for path, row in self._rows("examples"):
            if row.get("intent") not in known:
                raise SeedError(f"{path.name}: {row.get('intent')} is no intent.")
            found.append(Example(text=_text(path, row), intent=row["intent"], language=_language(path, row)))
        _require_examples(found, known)
        return tuple(found)

    @cached_property
    def sentiment(self) -> tuple[LabelledText, ...]:
        """Texts labelled negative, neutral or positive."""
        return tuple(_labelled(path, row, SENTIMENT_LABELS) for path, row in self._rows("sentiment"))

    @cached_property
    def heads(self) -> dict[str, tuple[LabelledText, ...]]:
        """Escalation head to texts labelled yes or no."""
        found: dict[str, list[LabelledText]] = {name: [] for name in HEAD_NAMES}
        for path, row in self._rows("heads"):
            if path.stem not in found:
                raise SeedError(f"{path.name}: there is no head {path.stem}.")
            found[path.stem].append(_labelled(path, row, ("yes", "no")))
        return {name: tuple(texts) for name, texts in found.items()}

    @cached_property
    def phrases(self) -> tuple[Phrase, ...]:
        """The phrase lists of every head and language."""
        path = self._folder / "phrases.toml"
        found: list[Phrase] = []
        for head, languages in _toml(path).items():
            if head not in PHRASE_HEADS:
                raise SeedError(f"{path.name}: there is no head {head}.")
            for language, texts in languages.items():
                found.extend(Phrase(text=text, head=head, language=language) for text in texts)
            missing = set(LANGUAGES) - set(languages)
            if missing:
                raise SeedError(f"{path.name}: {head} has no phrases in {', '.join(sorted(missing))}.")
        return tuple(found)

    @cached_property
    def articles(self) -> tuple[Article, ...]:
        """Every article, public and internal, by language and slug."""
        return tuple(_article(path) for path in sorted((self._folder / "articles").glob("*/*.md")))

    @cached_property
    def public_passages(self) -> tuple[PassageSource, ...]:
        """The passages that may be quoted to customers."""
        public = (article for article in self.articles if article.audience == "public")
        return tuple(passage for article in public for passage in article.passages())

    @cached_property
    def gate_questions(self) -> tuple[GateQuestion, ...]:
        """Questions the articles answer, and questions they do not."""
        slugs = {article.slug for article in self.articles}
        found: list[GateQuestion] = []
        for path, row in self._rows("gate"):
            if row.get("article") is not None and row["article"] not in slugs:
                raise SeedError(f"{path.name}: there is no article {row['article']}.")
            found.append(GateQuestion(text=_text(path, row), article=row["article"], language=_language(path, row)))
        return tuple(found)

    @cached_property
    def gate_texts(self) -> tuple[GateText, ...]:
        """Texts without example questions, other than the articles, and what is asked of them."""
        return tuple(
            text for path in sorted((self._folder / "gate" / "texts").glob("*.toml")) for text in _gate_texts(path)
        )

    @cached_property
    def templates(self) -> dict[str, dict[str, str]]:
        """Language to the fixed texts by key; every language has every key."""
        path = self._folder / "templates.toml"
        templates = _toml(path)
        if set(templates) != set(LANGUAGES):
            raise SeedError(f"{path.name}: the languages are {', '.join(LANGUAGES)}, and each has its texts.")
        for language, texts in templates.items():
            if set(texts) != TEMPLATE_KEYS:
                raise SeedError(
                    f"{path.name}: {language} lacks or exceeds {', '.join(sorted(set(texts) ^ TEMPLATE_KEYS))}."
                )
            for key, text in texts.items():
                slots = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
                if not slots <= TEMPLATE_SLOTS:
                    raise SeedError(f"{path.name}: {language}.{key} has unknown slots.")
        return templates

    def _rows(self, name: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        paths = sorted((self._folder / name).glob("*.jsonl"))
        if not paths:
            raise SeedError(f"{name}: there are no files.")
        for path in paths:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                try:
                    row = json.loads(line)
                except json.JSONDecodeError as error:
                    raise SeedError(f"{path.name}, line {number}: {error.msg}.") from error
                if not isinstance(row, dict):
                    raise SeedError(f"{path.name}, line {number}: an object is expected.")
                yield path, row


def _require_examples(examples: Iterable[Example], intents: Iterable[str]) -> None:
    """Raise SeedError unless every intent is shown often enough in every language."""
    counts = Counter((example.intent, example.language) for example in examples)
    for intent in sorted(intents):
        for language in LANGUAGES:
            count = counts[intent, language]
            if count < LEAST_EXAMPLES:
                raise SeedError(
                    f"examples/{language}.jsonl: {intent} has {count} examples, and at least {LEAST_EXAMPLES} are needed."
                )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SeedError(f"{path.name}: {error}") from error


def _text(path: Path, row: Mapping[str, Any]) -> str:
    text = row.get("text")
    if not isinstance(text, str) or not text.strip():
        raise SeedError(f"{path.name}: a row has no text.")
    return text


def _language(path: Path, row: Mapping[str, Any]) -> str:
    language = row.get("language")
    if not isinstance(language, str) or len(language) != 2:
        raise SeedError(f"{path.name}: {row.get('text')!r} has no language of two letters.")
    return language


def _labelled(path: Path, row: Mapping[str, Any], labels: tuple[str, ...]) -> LabelledText:
    if row.get("label") not in labels:
        raise SeedError(f"{path.name}: {row.get('label')!r} is none of {', '.join(labels)}.")
    return LabelledText(text=_text(path, row), label=row["label"], language=_language(path, row))


def _gate_texts(path: Path) -> Iterator[GateText]:
    for number, entry in enumerate(_toml(path).get("text", []), start=1):
        if set(entry) != {"title", "body", "answered", "unanswered"} or not entry["body"].strip():
            raise SeedError(f"{path.name}, text {number}: title, body, answered and unanswered are needed.")
        name = f"text-{number}.{path.stem}"
        yield GateText(
            passage=PassageSource(
                id=f"{name}#0",
                article_id=name,
                title=entry["title"],
                heading="",
                text=" ".join(entry["body"].split()),
                language=path.stem,
            ),
            answered=tuple(entry["answered"]),
            unanswered=tuple(entry["unanswered"]),
        )


def _article(path: Path) -> Article:
    name = f"{path.parent.name}/{path.name}"
    _, fence, rest = path.read_text(encoding="utf-8").partition(f"{_FENCE}\n")
    head, second_fence, body = rest.partition(f"\n{_FENCE}\n")
    if not fence or not second_fence:
        raise SeedError(f"{name}: the front matter between two lines of {_FENCE} is missing.")
    try:
        matter = tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        raise SeedError(f"{name}: {error}") from error
    questions = matter.get("questions", {})
    if isinstance(questions, list):
        questions = {WHOLE_ARTICLE: questions}
    missing = {"slug", "title", "language", "audience"} - matter.keys()
    if missing or matter["audience"] not in {"public", "internal"} or not body.strip():
        raise SeedError(f"{name}: slug, title, language, audience (public or internal) and a text are needed.")
    for heading in questions:
        if heading != WHOLE_ARTICLE and f"# {heading}\n" not in body:
            raise SeedError(f"{name}: there is no heading {heading!r} for its questions.")
    return Article(
        slug=matter["slug"],
        title=matter["title"],
        language=matter["language"],
        audience=matter["audience"],
        body=body.strip(),
        questions={heading: tuple(texts) for heading, texts in questions.items()},
    )
