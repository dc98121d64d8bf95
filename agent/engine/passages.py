"""Articles cut into passages: by their headings, then by paragraphs, at most 200 words each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent.engine.text import sentence_spans, stems
from agent.engine.types import PassageSource

MAX_PASSAGE_WORDS = 200
WHOLE_ARTICLE = ""
"""The key of questions that name no heading; each goes to the section whose words it shares."""

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def split_article(
    *,
    article_id: str,
    title: str,
    body: str,
    language: str,
    questions: Mapping[str, Sequence[str]],
    slug: str = "",
) -> tuple[PassageSource, ...]:
    """The passages of a Markdown article; their ids are ``<article_id>#<number>``.

    ``questions`` maps a heading to the example questions it answers.
    """
    pieces = [(heading, piece) for heading, text in _sections(body) for piece in _pieces(text)]
    asked: list[list[str]] = [[] for _ in pieces]
    for heading, own in questions.items():
        for question in own:
            if pieces:
                asked[_place(question, heading, pieces, language)].append(question)
    return tuple(
        PassageSource(
            id=f"{article_id}#{number}",
            article_id=article_id,
            title=title,
            heading=heading,
            text=piece,
            language=language,
            questions=tuple(asked[number]),
            slug=slug,
        )
        for number, (heading, piece) in enumerate(pieces)
    )


def _sections(body: str) -> list[tuple[str, str]]:
    sections: list[tuple[str, str]] = []
    heading, position = "", 0
    for match in _HEADING.finditer(body):
        sections.append((heading, body[position : match.start()]))
        heading, position = match.group(1), match.end()
    sections.append((heading, body[position:]))
    return [(heading, text.strip()) for heading, text in sections if text.strip()]


def _pieces(text: str) -> list[str]:
    """A section in pieces of at most 200 words, cut between paragraphs where that is possible, else between sentences."""
    if len(text.split()) <= MAX_PASSAGE_WORDS:
        return [text]
    parts: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        if len(paragraph.split()) <= MAX_PASSAGE_WORDS:
            parts.append(paragraph)
        else:
            parts.extend(paragraph[start:end] for start, end in sentence_spans(paragraph))
    pieces: list[str] = []
    for part in parts:
        if pieces and len(pieces[-1].split()) + len(part.split()) <= MAX_PASSAGE_WORDS:
            pieces[-1] = f"{pieces[-1]}\n{part}"
        else:
            pieces.append(part)
    return [piece for piece in pieces if piece.strip()]


def _place(question: str, heading: str, pieces: Sequence[tuple[str, str]], language: str) -> int:
    own = set(stems(question, language))
    named = [number for number, (name, _) in enumerate(pieces) if heading and name == heading]
    choices = named or range(len(pieces))
    return max(choices, key=lambda number: len(own & set(stems(" ".join(pieces[number]), language))))
