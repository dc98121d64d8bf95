"""Retrieval and the gate: what a question finds among the passages, and whether it is known when nothing answers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.engine.engine import Engine
from agent.engine.types import GateResult, Hit, PassageSource
from agent.evaluation import figures as fig
from agent.evaluation.business import Workshop
from agent.evaluation.figures import Figures, Finding
from agent.evaluation.rows import Row, Suite, draws

_LOOKED_AT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that has been asked: the rank of the first passage that answers it, and what the gate says of the first.

    ``has_answer`` says whether a passage that answers was there to be found, ``quoted`` whether the words taken from the
    first passage hold the expected answer; None where none is expected.
    """

    has_answer: bool
    rank: int | None
    judged: GateResult
    milliseconds: float
    quoted: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, in which language, and which articles answer it."""

    text: str
    language: str
    articles: frozenset[str]
    answer: str | None = None
    topics: Mapping[str, float] = field(default_factory=dict)


def ask(engine: Engine, question: Question) -> Asked:
    """Ask once. Passages in the question's language are looked at first, as where customers are answered."""
    started = time.thread_time()
    hits = engine.search(question.text, language=question.language, k=_LOOKED_AT, topics=question.topics)
    hits = tuple(hit for hit in hits if not hit.cross_language) or hits
    judged = engine.gate(question.text, hits)
    took = time.thread_time() - started
    rank = next((place for place, hit in enumerate(hits, start=1) if hit.article_id in question.articles), None)
    quoted = None if question.answer is None else _quotes(engine, question.text, question.answer, hits)
    return Asked(has_answer=bool(question.articles), rank=rank, judged=judged, milliseconds=1_000 * took, quoted=quoted)


def judge_retrieval(asked: Sequence[Asked]) -> Finding:
    """The ranks of what answers, over the questions that something answers."""
    ranks = [each.rank for each in asked if each.has_answer]
    lines = [f"retrieval: {len(ranks)} questions"]
    quoted = [each.quoted for each in asked if each.quoted is not None]
    if quoted:
        lines.append(
            f"  the answer stands in the sentences quoted of the first passage: {fig.percent(fig.share(quoted))}"
        )
    return Finding(
        figures={
            "recall_at_1": fig.recall(ranks, 1),
            "recall_at_5": fig.recall(ranks, 5),
            "mrr": fig.mean_reciprocal_rank(ranks),
        },
        lines=tuple(lines),
    )


def judge_gate(asked: Sequence[Asked], without: Sequence[Asked]) -> Finding:
    """The gate, over questions as they are and questions whose answer is not there.

    ``coverage`` is the share of the answerable questions that are answered, ``precision_covered`` how many of these
    answers are right.
    """
    answerable = [each for each in asked if each.has_answer]
    vain = [*(each for each in asked if not each.has_answer), *without]
    answered = [each for each in answerable if each.judged.answerable]
    figures: Figures = {"coverage": fig.share(each.judged.answerable for each in answerable)}
    if answered:
        figures["precision_covered"] = fig.share(each.rank == 1 for each in answered)
    lines = [
        f"gate: of {len(answerable)} questions with an answer {fig.percent(figures['coverage'])} are answered",
    ]
    if answerable and vain:
        figures["gate_auroc"] = fig.auroc(
            [each.judged.score for each in answerable], [each.judged.score for each in vain]
        )
        declined = fig.share(not each.judged.answerable for each in vain)
        lines.append(f"      of {len(vain)} without one {fig.percent(declined)} are declined")
    return Finding(figures=figures, lines=tuple(lines))


def measure_suite(suite: Suite, workshop: Workshop, shots: int | None) -> Finding:
    """A file's questions among the passages beside it; its train rows are example questions of their passages."""
    examples = [row for row in suite.training if row.passage is not None]
    if shots == 0 or not examples:
        return _measure(suite, (), workshop)
    if shots is None:
        return _measure(suite, examples, workshop)
    found: list[Finding] = []
    for number, draw in enumerate(draws(examples, lambda row: row.passage, shots), start=1):
        workshop.tell(f"Asking, with draw {number} of {shots} example questions a passage …")
        found.append(_measure(suite, draw, workshop))
    return fig.mean_of(found)


def _measure(suite: Suite, examples: Sequence[Row], workshop: Workshop) -> Finding:
    asked: list[Asked] = []
    without: list[Asked] = []
    questions: dict[str, list[str]] = {}
    for row in examples:
        questions.setdefault(row.passage or "", []).append(row.text)
    passages = [replace(passage, questions=tuple(questions.get(passage.id, ()))) for passage in suite.passages]
    language_of = {passage.id: passage.language for passage in passages}
    rows = [row for row in suite.measured if row.passage is not None or row.is_foreign]
    # Each question is asked of the passages in the language of the one that answers it, and of no translations.
    for language in sorted(set(language_of.values())):
        own = [passage for passage in passages if passage.language == language]
        theirs = [row for row in rows if row.passage is None or language_of[row.passage] == language]
        workshop.tell(f"Asking {len(theirs)} questions of {len(own)} passages …")
        engine = workshop.asked(own)
        asked.extend(ask(engine, _question(row)) for row in theirs)
        without.extend(_ask_in_vain(theirs, own, workshop))
    found = fig.together([judge_retrieval(asked), judge_gate(asked, without)], count=len(rows))
    return replace(found, milliseconds=tuple(each.milliseconds for each in asked))


def _ask_in_vain(rows: Sequence[Row], passages: Sequence[PassageSource], workshop: Workshop) -> list[Asked]:
    """Every question again, with the passage that answers it taken out."""
    by_passage: dict[str, list[Row]] = {}
    for row in rows:
        if row.passage is not None:
            by_passage.setdefault(row.passage, []).append(row)
    found: list[Asked] = []
    if len(passages) < 2:
        return found
    for passage, own in by_passage.items():
        engine = workshop.asked([other for other in passages if other.id != passage])
        found.extend(ask(engine, replace(_question(row), articles=frozenset())) for row in own)
    return found


def _question(row: Row) -> Question:
    articles = frozenset() if row.passage is None else frozenset({row.passage})
    return Question(text=row.text, language=row.language, articles=articles, answer=row.answer)


def _quotes(engine: Engine, query: str, answer: str, hits: Sequence[Hit]) -> bool:
    return bool(hits) and answer in engine.extract(query, hits[0]).text
