"""Whom the engine is measured as: the shop that the product comes with, or one fitted for this measurement and forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from agent.engine.encoder import Encoder
from agent.engine.engine import Engine
from agent.engine.fitting import fit
from agent.engine.heads import Heads
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.seeds import Seeds
from agent.engine.types import OTHER_INTENT, Example, IntentSpec, LabelledText, PassageSource, Phrase
from agent.evaluation.rows import Row
from agent.releases.keys import KEYS
from agent.releases.keys import read as read_setting
from agent.releases.shipped import KnownVectors

_REMEMBERED = 50_000

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """An engine, and the languages the business speaks, its default first."""

    engine: Engine
    languages: tuple[str, ...]


class Workshop:
    """The encoder and the vectors that all measurements of a run share; the database is neither read nor written."""

    def __init__(self, tell: Tell, encoder: Encoder | None = None) -> None:
        """Load nothing yet. ``tell`` is told how things go on; without ``encoder`` the installed one is loaded."""
        self.tell = tell
        self.seeds = Seeds()
        self._encoder = encoder

    @cached_property
    def encoder(self) -> Encoder:
        """The encoders that are installed here."""
        # A text is asked about once a draw, and its vector does not change with the heads.
        encoder = self._encoder or Encoder.load(remembered=_REMEMBERED)
        for note in encoder.notes:
            self.tell(note)
        return encoder

    @cached_property
    def vectors(self) -> KnownVectors:
        """What the product knows beforehand, and what this run has worked out."""
        return KnownVectors()

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages that the product speaks as it comes."""
        languages: Sequence[str] = read_setting("business.languages", KEYS["business.languages"].default)
        return tuple(languages)

    @cached_property
    def shipped(self) -> Business:
        """The business of the product's own seeds."""
        self.tell("Fitting the heads that the product comes with …")
        return self.seeded()

    def seeded(
        self,
        *,
        examples: Sequence[Example] | None = None,
        sentiment: Sequence[LabelledText] | None = None,
        heads: Mapping[str, Sequence[LabelledText]] | None = None,
    ) -> Business:
        """The product's own business, with these seeds in the place of its own ones."""
        seeds = self.seeds
        fitted = self._fit(
            seeds.examples if examples is None else examples,
            seeds.intents,
            seeds.sentiment if sentiment is None else sentiment,
            seeds.heads if heads is None else heads,
        )
        return Business(engine=self._engine(fitted, seeds.phrases, seeds.public_passages), languages=self.languages)

    def taught(self, rows: Sequence[Row], languages: Sequence[str]) -> Business:
        """A throw-away business that learns from the rows alone what they have labels for, and keeps the seeds for the rest.

        Rows out of scope are its examples of background talk. Raises NotEnoughExamples.
        """
        examples: Sequence[Example] = [
            Example(text=row.text, intent=row.intent or OTHER_INTENT, language=row.language)
            for row in rows
            if row.intent is not None or row.is_foreign
        ]
        intents: Sequence[IntentSpec] = [
            IntentSpec(key=key, route="support") for key in sorted({example.intent for example in examples})
        ]
        if not any(row.intent is not None for row in rows):
            examples, intents = self.seeds.examples, self.seeds.intents
        sentiment = [
            LabelledText(text=row.text, label=row.sentiment, language=row.language)
            for row in rows
            if row.sentiment is not None
        ]
        fitted = self._fit(examples, intents, sentiment or self.seeds.sentiment, {})
        return Business(engine=self._engine(fitted, (), ()), languages=tuple(languages))

    def library(self, passages: Sequence[PassageSource]) -> KnowledgeIndex:
        """The passages, indexed."""
        return KnowledgeIndex.build(passages, self.encoder, self.vectors)

    def asked(self, passages: Sequence[PassageSource]) -> Engine:
        """The shipped heads over a library of other passages."""
        shipped = self.shipped.engine
        return Engine(self.encoder, shipped.heads, (), self.library(passages), self.vectors)

    def _fit(
        self,
        examples: Sequence[Example],
        intents: Sequence[IntentSpec],
        sentiment: Sequence[LabelledText],
        heads: Mapping[str, Sequence[LabelledText]],
    ) -> Heads:
        return fit(examples, intents, sentiment, heads, self.encoder, self.vectors)

    def _engine(self, heads: Heads, phrases: Sequence[Phrase], passages: Sequence[PassageSource]) -> Engine:
        return Engine(self.encoder, heads, phrases, self.library(passages), self.vectors)
