"""Example questions as people write them: one a line, and a line “# Heading” before those of one section."""

from collections.abc import Mapping, Sequence

from agent.engine.passages import WHOLE_ARTICLE

_MARK = "#"


def written(questions: Mapping[str, Sequence[str]] | Sequence[str]) -> str:
    """The questions as lines: first those of the whole article, then each heading's. A list has no headings."""
    by_heading = questions if isinstance(questions, Mapping) else {WHOLE_ARTICLE: questions}
    lines = [*by_heading.get(WHOLE_ARTICLE, ())]
    for heading, asked in by_heading.items():
        if heading != WHOLE_ARTICLE:
            lines += [f"{_MARK} {heading}", *asked]
    return "\n".join(lines)


def read(lines: str) -> dict[str, list[str]]:
    """Headings (empty: the whole article), each with its questions; what ``written`` wrote."""
    found: dict[str, list[str]] = {}
    heading = WHOLE_ARTICLE
    for line in map(str.strip, lines.splitlines()):
        if line.startswith(_MARK):
            heading = line.strip(_MARK).strip()
        elif line:
            found.setdefault(heading, []).append(line)
    return found
