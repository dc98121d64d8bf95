"""The engine alone, on one processor: messages a second, search in a large library, a refit, and memory."""

import hashlib
import random
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np

from agent.engine.encoder import USE_DIMENSIONS
from agent.engine.fitting import fit
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.minilm import DIMENSIONS as ENGLISH_DIMENSIONS
from agent.engine.text import sentence_spans
from agent.engine.types import Example, IntentSpec, PassageSource
from agent.evaluation import held
from agent.evaluation.business import Workshop
from bench.figures import Figure, Figures, percentile
from drill.rig import ROOT

PASSAGES, SENTENCES = 10_000, 4
NEW = 1_000
INTENTS, EXAMPLES = 50, 50
MESSAGES, QUESTIONS = 300, 200
_SEED = 20


class _AnyVectors(dict[str, bytes]):
    """A cache that knows a vector for every text: how long a search takes does not depend on what is in them."""

    def __init__(self, widths: dict[str, int]) -> None:
        super().__init__()
        self._widths = widths

    def get(self, key: str, default: bytes | None = None) -> bytes | None:  # type: ignore[override]
        width = self._widths.get(key.partition(":")[0])
        if width is None:
            return super().get(key, default)
        drawn = np.random.default_rng(int(hashlib.sha256(key.encode()).hexdigest()[:12], 16)).normal(size=width)
        return bytes((drawn / np.linalg.norm(drawn)).astype("<f2").tobytes())


def measure(figures: Figures) -> None:
    """Everything in this process, and the memory in one of its own."""
    workshop = Workshop(lambda words: print(words, file=sys.stderr))
    _messages(workshop, figures)
    _search(workshop, figures)
    _refit(workshop, figures)
    done = subprocess.run([sys.executable, "-m", "bench.alone"], cwd=ROOT, capture_output=True, text=True, check=True)
    english = workshop.encoder.has_english
    figures.tell(
        Figure(
            name="engine: memory of a process with nothing else", value=float(done.stdout), unit="MB", less_is_better=True,
            must=460.0 if english else 370.0, aim=430.0 if english else 342.0,
        )
    )  # fmt: skip


def _messages(workshop: Workshop, figures: Figures) -> None:
    """Understanding, search and gate of messages that nothing was fitted from."""
    shipped, engine = workshop.shipped, workshop.shipped.engine
    texts = [message.text for message in held.routed_messages()][:MESSAGES]
    took = []
    for text in texts:
        started = time.process_time()
        said = engine.understand(text, language_prior=None, languages=shipped.languages)
        hits = engine.search(text, language=said.language, k=7, topics=said.topics)
        engine.gate(text, hits)
        took.append(time.process_time() - started)
    figures.tell(Figure(name="engine: turns a second on one processor", value=len(took) / sum(took), unit="/s"))
    figures.tell(
        Figure(
            name="engine: processor time of one turn, p50", value=1000 * percentile(took, 0.5), unit="ms", less_is_better=True,
            must=15.0 if workshop.encoder.has_english else 3.0, aim=10.0 if workshop.encoder.has_english else 1.5,
        )
    )  # fmt: skip


def _search(workshop: Workshop, figures: Figures) -> None:
    chosen = random.Random(_SEED)
    source = [passage for passage in workshop.seeds.public_passages if passage.language == "en"]
    sentences = [passage.text[start:end] for passage in source for start, end in sentence_spans(passage.text)]
    passages = [
        PassageSource(
            id=f"p{number}", article_id=f"a{number}", title=chosen.choice(source).title, heading="",
            text=" ".join(chosen.sample(sentences, SENTENCES)), language="en",
        )
        for number in range(PASSAGES)
    ]  # fmt: skip
    encoder = workshop.encoder
    vectors = _AnyVectors({encoder.fingerprint: USE_DIMENSIONS, encoder.english_fingerprint: ENGLISH_DIMENSIONS})
    started = time.process_time()
    index = KnowledgeIndex.build(passages, encoder, vectors)
    figures.tell(
        Figure(
            name=f"engine: index over {PASSAGES:,} passages", value=time.process_time() - started, unit="s",
            less_is_better=True, detail="their vectors known, as at every publication after the first",
        )
    )  # fmt: skip
    started = time.process_time()
    KnowledgeIndex.build(passages[:NEW], encoder, {})
    figures.tell(
        Figure(
            name=f"engine: index over {NEW:,} new passages", value=time.process_time() - started, unit="s",
            less_is_better=True, detail="with their vectors worked out",
        )
    )  # fmt: skip
    took = []
    for question in [question for question in held.questions() if question.language == "en"][:QUESTIONS]:
        vector, english = encoder.encode_message(question.text), encoder.encode_english_message(question.text)
        started = time.process_time()
        index.search(question.text, vector=vector, english=english, language="en", k=7)
        took.append(time.process_time() - started)
    figures.tell(
        Figure(
            name=f"engine: search in {PASSAGES:,} passages, p95", value=1000 * percentile(took, 0.95), unit="ms",
            less_is_better=True, detail="without the question's vectors",
        )
    )  # fmt: skip


def _refit(workshop: Workshop, figures: Figures) -> None:
    """All heads with cross-validation, as after an edit: the vectors of the examples are there already."""
    chosen = random.Random(_SEED)
    own: dict[str, list[Example]] = {}
    for example in workshop.seeds.examples:
        own.setdefault(f"{example.intent} {example.language}", []).append(example)
    examples: list[Example] = []
    for key, texts in sorted(own.items())[:INTENTS]:
        more = [
            replace(one, text=f"{one.text}. {two.text}")
            for one, two in (chosen.sample(texts, 2) for _ in range(EXAMPLES))
        ]
        examples.extend(replace(example, intent=key) for example in [*texts, *more][:EXAMPLES])
    intents = [IntentSpec(key=key, route="support") for key in sorted({example.intent for example in examples})]
    seeds = workshop.seeds
    fit(examples, intents, seeds.sentiment, seeds.heads, workshop.encoder, workshop.vectors)
    heads = fit(examples, intents, seeds.sentiment, seeds.heads, workshop.encoder, workshop.vectors)
    figures.tell(
        Figure(
            name=f"engine: refit of {len(intents)} intents with {EXAMPLES} examples each",
            value=float(heads.report["cpu_seconds"]), unit="s", must=5.0, less_is_better=True, detail="processor time",
        )
    )  # fmt: skip
