"""A file of labelled rows, measured by whichever labels they have."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from agent.engine.fitting import NotEnoughExamples
from agent.evaluation import figures as fig
from agent.evaluation.business import Business, Workshop
from agent.evaluation.figures import Finding
from agent.evaluation.languages import Spoken, measure_language
from agent.evaluation.retrieval import measure_suite
from agent.evaluation.rows import FileProblem, Row, Suite, draws
from agent.evaluation.understanding import hear, judge


def find_file(name: str) -> Path | None:
    """The file of that path, or of that name in EVAL_DATA_DIR; None if there is neither."""
    path = Path(name)
    if path.exists():
        return path
    folder = settings.EVAL_DATA_DIR
    named = Path(folder) / f"{name}.jsonl"
    return named if folder and Path(name).name == name and named.is_file() else None


def measure_file(suite: Suite, workshop: Workshop, shots: int | None) -> Finding:
    """Everything the suite's labels let one say. Raises FileProblem where they do not fit together.

    ``shots`` limits the train rows of each label, and with 0 none is used; without it all are.
    """
    findings: list[Finding] = []
    understood = [
        row for row in suite.measured if row.intent is not None or row.is_foreign or row.sentiment is not None
    ]
    if any(row.intent is not None or row.sentiment is not None for row in understood):
        findings.append(_understand(suite, understood, workshop, shots))
    spoken = [Spoken(text=row.text, language=row.spoken) for row in suite.measured if row.spoken is not None]
    if spoken:
        others = sorted({each.language for each in spoken} - set(workshop.languages))
        languages = (*workshop.languages, *others)
        findings.append(measure_language(spoken, languages))
    if any(row.passage is not None for row in suite.measured):
        findings.append(measure_suite(suite, workshop, shots))
    if not findings:
        raise FileProblem(f"{suite.name}: the test rows have no label that alone can be measured.")
    return fig.together(findings, count=len(suite.measured))


def _understand(suite: Suite, rows: list[Row], workshop: Workshop, shots: int | None) -> Finding:
    lessons = [row for row in suite.training if row.intent is not None or row.is_foreign or row.sentiment is not None]
    if shots == 0 or not lessons:
        known = {spec.key for spec in workshop.seeds.intents}
        if all(row.sentiment is None and row.intent not in known for row in rows):
            raise FileProblem(
                f"{suite.name}: the product knows none of these intents; give it train rows to learn them from."
            )
        return _heard(workshop.shipped, rows)
    found: list[Finding] = []
    drawn = _draws(lessons, workshop, shots)
    for number, draw in enumerate(drawn, start=1):
        workshop.tell(f"Fitting from {len(draw)} rows (draw {number} of {len(drawn)}) …")
        try:
            business = workshop.taught(draw, suite.languages)
        except NotEnoughExamples as error:
            raise FileProblem(f"{suite.name}: the train rows do not suffice. {error}") from error
        found.append(_heard(business, rows))
    return fig.mean_of(found)


def _draws(lessons: list[Row], workshop: Workshop, shots: int | None) -> list[list[Row]]:
    if shots is None:
        return [lessons]
    has_intents = any(row.intent is not None for row in lessons)

    def label(row: Row) -> str | None:
        return row.intent if has_intents else row.sentiment

    drawn = draws(lessons, label, shots)
    counts = Counter(own for row in lessons if (own := label(row)) is not None)
    fewest = min(counts.values(), default=0)
    if fewest < shots:
        workshop.tell(f"Some labels have fewer than {shots} train rows ({fewest} at least); all of theirs are used.")
    # What is out of scope has no label to count by, and is the same background of every draw.
    background = [row for row in lessons if row.is_foreign]
    return [[*own, *background] for own in drawn]


def _heard(business: Business, rows: list[Row]) -> Finding:
    heard, milliseconds = hear(business, rows)
    found = fig.together(judge(heard), count=len(rows))
    return replace(found, milliseconds=tuple(milliseconds))
