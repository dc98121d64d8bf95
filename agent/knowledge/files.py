"""Files as articles: Markdown, plain text, web pages, CSV and PDF. Nothing is stored here; what cannot be read says why."""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.utils.text import slugify

from agent.exceptions import ArticleUnreadable
from agent.knowledge.services import (
    MOST_CHARACTERS,
    MOST_QUESTIONS,
    MOST_TITLE_CHARACTERS,
    ArticleText,
    read_markdown,
)
from agent.models import Article

MOST_BYTES = 10_000_000
MOST_ROWS = 20_000
# An article that people can still look over and edit.
MOST_SECTIONS = 100
# A reader ends itself well before.
READER_SECONDS = 60
KINDS = {".md": "markdown", ".markdown": "markdown", ".txt": "markdown", ".csv": "csv"} | {
    ".html": "html", ".htm": "html", ".pdf": "pdf",
}  # fmt: skip
KINDS_IN_WORDS = "Markdown, plain text, HTML, CSV and PDF"

_COLUMNS = {
    "question": "question", "title": "question", "heading": "question",
    "answer": "answer", "text": "answer", "body": "answer",
    "article": "article", "language": "language", "audience": "audience", "questions": "questions",
}  # fmt: skip
_SEPARATORS = ",;\t"
_NUMBERS_SHOWN = 5
_OWN_SLUG = re.compile(r"\A(?:\ufeff)?\s*\+\+\+(?:(?!^\+\+\+).)*?^slug[ \t]*=", re.DOTALL | re.MULTILINE)
_TITLED = re.compile(r"\A(?:\ufeff)?\s*(?:#\s+\S|\+\+\+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How files are to be read: their language where they name none, for whom they are, and the business's languages."""

    language: str
    audience: str
    languages: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundArticle:
    """An article of a file. ``source`` says which, the same whenever the file is read; ``names_itself`` whether it has a slug."""

    source: str
    text: ArticleText
    names_itself: bool = False


@dataclass(slots=True, kw_only=True)
class _Group:
    """The rows of a CSV that make one article."""

    title: str
    rows: list[tuple[str, str]] = field(default_factory=list)
    questions: dict[str, list[str]] = field(default_factory=dict)


def kind_of(name: str) -> str | None:
    """What a file of this name is read as; None for what is not read."""
    return KINDS.get(PurePosixPath(name).suffix.lower())


def articles_in(name: str, content: bytes, manner: Manner) -> list[FoundArticle]:
    """The articles of a file; ``name`` is its path within what is imported. Raises ArticleUnreadable.

    A file is imported whole or not at all.
    """
    kind = kind_of(name)
    if kind is None:
        raise ArticleUnreadable(f"This kind of file is not read; {KINDS_IN_WORDS} are.")
    if len(content) > MOST_BYTES:
        raise ArticleUnreadable(f"The file has more than {MOST_BYTES // 1_000_000} MB. Cut it into several files.")
    manner = replace(manner, language=_named_by_path(name, manner))
    if kind == "markdown":
        return [_markdown(name, _text_of(content), manner)]
    if kind == "csv":
        return _csv(name, _text_of(content), manner)
    said = _read_apart(kind, content)
    language = said["language"] if said["language"] in manner.languages else manner.language
    title = said["title"] if kind == "html" and said["title"] else _title_of(name)
    return list(_parts(name, title, language, manner.audience, [(_line(h), t) for h, t in said["sections"]], {}))


def _named_by_path(name: str, manner: Manner) -> str:
    """A folder that is called like a language holds articles in it."""
    folders = [part.lower() for part in PurePosixPath(name).parts[:-1]]
    return next((part for part in reversed(folders) if part in manner.languages), manner.language)


def _text_of(content: bytes) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise ArticleUnreadable("The file is not in UTF-8. Save it as UTF-8 and import it again.") from None


def _markdown(name: str, content: str, manner: Manner) -> FoundArticle:
    if not _TITLED.match(content):
        content = f"# {_title_of(name)}\n\n{content}"
    text = read_markdown(content, language=manner.language)
    # Of what the file says and what the import says, the narrower audience counts.
    if text.audience == Article.Audience.PUBLIC:
        text = replace(text, audience=manner.audience)
    if len(text.body) > MOST_CHARACTERS:
        raise ArticleUnreadable(
            f"The text has {len(text.body)} characters; an article has at most {MOST_CHARACTERS}. Cut it into several files."
        )
    return FoundArticle(source=name, text=text, names_itself=_OWN_SLUG.match(content) is not None)


def _csv(name: str, content: str, manner: Manner) -> list[FoundArticle]:
    """Rows of questions and answers: those of one article, language and audience make an article, each row a section."""
    head = content.partition("\n")[0]
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=max(_SEPARATORS, key=head.count))
    groups: dict[tuple[str, str, str], _Group] = {}
    try:
        columns = [_COLUMNS.get(cell.strip().lower(), "") for cell in next(reader, [])]
        if not {"question", "answer"} <= set(columns):
            raise ArticleUnreadable("The first line of a CSV names its columns: at least “question” and “answer”.")
        missing: list[int] = []
        for number, cells in enumerate(reader, start=2):
            if not any(cell.strip() for cell in cells):
                continue
            if number > MOST_ROWS:
                raise ArticleUnreadable(f"The CSV has more than {MOST_ROWS} rows. Cut it into several files.")
            row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
            if not row.get("question") or not row.get("answer"):
                missing.append(number)
                continue
            _add_row(groups, row, name, number, manner)
    except csv.Error as problem:
        raise ArticleUnreadable(f"Line {reader.line_num} is no CSV: {problem}.") from None
    if missing:
        shown = ", ".join(map(str, missing[:_NUMBERS_SHOWN])) + (" and more" if missing[_NUMBERS_SHOWN:] else "")
        raise ArticleUnreadable(f"A question or an answer is missing in row {shown}. Fill it in, or take the row out.")
    found: list[FoundArticle] = []
    for (key, language, audience), group in groups.items():
        parts = _parts(name, group.title, language, audience, group.rows, group.questions, key=key)
        found.extend(parts)
    if not found:
        raise ArticleUnreadable("The CSV has no rows below the line that names its columns.")
    return found


def _add_row(
    groups: dict[tuple[str, str, str], _Group], row: dict[str, str], name: str, number: int, manner: Manner
) -> None:
    article, language = row.get("article", ""), row.get("language", "").lower() or manner.language
    audience = row.get("audience", "").lower() or manner.audience
    if language not in manner.languages:
        raise ArticleUnreadable(f"Row {number}: “{language}” is none of the business's languages.")
    if audience not in Article.Audience.values:
        raise ArticleUnreadable(f"Row {number}: there is no audience “{audience}”; it is public or internal.")
    group = groups.setdefault((slugify(article), language, audience), _Group(title=article or _title_of(name)))
    heading = _line(row["question"])
    group.rows.append((heading, "\n".join(line.lstrip("# ") for line in row["answer"].splitlines())))
    others = [_line(line) for line in re.split(r"[\n|]", row.get("questions", "")) if line.strip()]
    group.questions.setdefault(heading, []).extend([heading, *others])


def _read_apart(kind: str, content: bytes) -> dict[str, Any]:
    """What the reader says, in a process of its own."""
    try:
        done = subprocess.run(  # noqa: S603  (nothing of the file's is part of the command)
            [sys.executable, "-B", "-m", "agent.knowledge.reader", kind],
            input=content,
            capture_output=True,
            timeout=READER_SECONDS,
            cwd=settings.BASE_DIR,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        raise ArticleUnreadable(
            "The file takes more time or memory to be read than any file may. Cut it into several, or save it anew."
        ) from None
    said: dict[str, Any] = json.loads(done.stdout)
    if "problem" in said:
        raise ArticleUnreadable(said["problem"])
    return said


def _parts(
    name: str,
    title: str,
    language: str,
    audience: str,
    sections: Sequence[tuple[str, str]],
    questions: dict[str, list[str]],
    *,
    key: str = "",
) -> Iterator[FoundArticle]:
    """The sections as Markdown, in as many articles as their length asks for."""
    bodies: list[tuple[str, list[str]]] = [("", [])]
    asked = 0
    for heading, text in sections:
        for piece in _pieces(text):
            block = f"## {heading}\n\n{piece}" if heading else piece
            body, headings = bodies[-1]
            asked += len(questions.get(heading, ()))
            is_full = len(headings) >= MOST_SECTIONS or asked > MOST_QUESTIONS
            if body and (is_full or len(body) + len(block) + 2 > MOST_CHARACTERS):
                bodies.append((block, [heading]))
                asked = len(questions.get(heading, ()))
            else:
                bodies[-1] = (f"{body}\n\n{block}".strip(), [*headings, heading])
    title = _line(title)[: MOST_TITLE_CHARACTERS - 10]
    for number, (body, headings) in enumerate(bodies, start=1):
        part = f"part {number}" if number > 1 else ""
        called = f"{title} ({part})" if part else title
        marks = "#".join(filter(None, (name, key, part)))
        article = ArticleText(
            slug=slugify(called)[:120] or "article",
            language=language,
            title=called,
            body=body,
            questions={heading: questions[heading] for heading in dict.fromkeys(headings) if heading in questions},
            audience=audience,
        )
        yield FoundArticle(source=marks, text=article)


def _pieces(text: str) -> Iterator[str]:
    """A text in pieces that fit into an article with their heading, cut where a line ends if one does."""
    most = MOST_CHARACTERS - 2 * MOST_TITLE_CHARACTERS
    while len(text) > most:
        cut = text.rfind("\n", 0, most) if "\n" in text[:most] else most
        yield text[:cut]
        text = text[cut:].lstrip("\n")
    yield text


def _title_of(name: str) -> str:
    """“delivery-times.pdf” is about “Delivery times”."""
    words = " ".join(re.split(r"[\s_-]+", PurePosixPath(name).stem)).strip()
    return words[:1].upper() + words[1:] or "Article"


def _line(text: str) -> str:
    return " ".join(text.split()).lstrip("# ")[:MOST_TITLE_CHARACTERS]
