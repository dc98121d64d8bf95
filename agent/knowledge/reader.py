"""What a web page or a PDF says, read in a process of its own: ``python -m agent.knowledge.reader html|pdf``.

The file comes by standard input; what was read goes to standard output as JSON, ``{"title", "language", "sections":
[[heading, text], …]}`` or ``{"problem"}``. Files are written by strangers: the process may use so much time and memory
and no more, writes no file, asks nothing of the network, and takes nobody with it when it dies. Django is not loaded.
"""

import io
import json
import logging
import re
import resource
import sys
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any, TypedDict

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from agent.knowledge.hidden import EMPTY, is_hidden

MOST_SECONDS = 20
MOST_MEMORY = 1024 * 1024 * 1024
MOST_PAGES = 500
MOST_LETTERS = 3_000_000
SNIFFED_BYTES = 2_048

_BLANKS = re.compile(r"[^\S\n]+")
_MANY_LINES = re.compile(r"\n{3,}")
_MARK = re.compile(r"^[ \t]*#{1,6}[ \t]+", re.MULTILINE)
_BROKEN_WORD = re.compile(r"(?<=\w)-\n(?=[^\W\d_])")
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class Said(TypedDict):
    """What a file says."""

    title: str
    language: str
    sections: list[tuple[str, str]]


class Unreadable(Exception):
    """The file cannot be read; the message says why and what to do."""


class Page(HTMLParser):
    """A web page's words by its headings, without what leads through the site or is not shown."""

    _SILENT = frozenset(
        {
            "script", "style", "noscript", "template", "svg", "head", "nav", "header", "footer", "aside", "form", "button",
            "select", "iframe", "object", "canvas", "math", "audio", "video",
        }
    )  # fmt: skip
    _BLOCKS = frozenset(
        {
            "p", "div", "section", "article", "main", "ul", "ol", "dl", "dt", "dd", "table", "tr", "blockquote", "pre",
            "figure", "figcaption", "address", "details", "summary", "body", "html",
        }
    )  # fmt: skip
    _HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.language = ""
        self.sections: list[tuple[str, str]] = []
        self._title: list[str] = []
        self._first: str = ""
        self._heading = ""
        self._words: list[str] = []
        self._named: list[str] | None = None
        self._is_title = False
        # The element whose content is left out, and how many of its name are open.
        self._silent, self._depth = "", 0

    @property
    def title(self) -> str:
        """The first large heading, else what the browser's tab says."""
        return self._first or _tidy("".join(self._title))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a heading, a line or a part that is left out."""
        if tag == "html":
            self.language = (dict(attrs).get("lang") or "")[:2].lower()
        if tag == "title" and not self._title:
            self._is_title = True
        if self._silent:
            self._depth += tag == self._silent
        elif tag in self._SILENT or (tag not in EMPTY and is_hidden(dict(attrs))):
            self._silent, self._depth = tag, 1
        elif tag in self._HEADINGS:
            self._end_heading()
            self._named = []
        elif tag == "li":
            self._say("\n- ")
        elif tag in {"td", "th"}:
            self._say(" ")
        elif tag in self._BLOCKS or tag == "br":
            self._say("\n" if tag in {"br", "tr"} else "\n\n")

    def handle_endtag(self, tag: str) -> None:
        """End what was begun."""
        if tag == "title":
            self._is_title = False
        if self._silent:
            self._depth -= tag == self._silent
            self._silent = self._silent if self._depth > 0 else ""
        elif tag in self._HEADINGS:
            self._end_heading(is_large=tag == "h1")
        elif tag in self._BLOCKS:
            self._say("\n")

    def handle_data(self, data: str) -> None:
        """Take words in."""
        if self._is_title:
            self._title.append(data)
        elif not self._silent:
            self._say(_BLANKS.sub(" ", data.replace("\n", " ")))

    def close(self) -> None:
        """End the last section."""
        super().close()
        self._end_heading()
        self._end_section()

    def _say(self, words: str) -> None:
        (self._words if self._named is None else self._named).append(words)

    def _end_heading(self, *, is_large: bool = False) -> None:
        if self._named is None:
            return
        name, self._named = " ".join("".join(self._named).split()), None
        if is_large and name and not self._first:
            self._first = name
        elif name:
            self._end_section()
            self._heading = name

    def _end_section(self) -> None:
        text = _tidy("".join(self._words))
        if text:
            self.sections.append((self._heading, text))
        self._words = []


def read_html(content: bytes) -> Said:
    """A web page. Raises Unreadable."""
    page = Page()
    page.feed(_decoded(content))
    page.close()
    return Said(title=page.title, language=page.language, sections=page.sections)


def _decoded(content: bytes) -> str:
    named = _CHARSET.search(content[:SNIFFED_BYTES])
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    for encoding in ("utf-8", *([named[1].decode()] if named else [])):
        with suppress(UnicodeDecodeError, LookupError):
            return content.decode(encoding)
    raise Unreadable("Its text is in an encoding that it does not name. Save the page as UTF-8 and import it again.")


def read_pdf(content: bytes) -> Said:
    """A PDF, a section a page. Raises Unreadable."""
    try:
        document = PdfReader(io.BytesIO(content))
        if document.is_encrypted and not document.decrypt(""):
            raise Unreadable("The PDF asks for a password. Save it without one and import it again.")
        count = len(document.pages)
        if count > MOST_PAGES:
            raise Unreadable(f"The PDF has {count} pages; at most {MOST_PAGES} are read. Cut it into several files.")
        sections, letters = [], 0
        for number, page in enumerate(document.pages, start=1):
            text = _tidy(_BROKEN_WORD.sub("", page.extract_text() or ""))
            letters += len(text)
            if letters > MOST_LETTERS:
                raise Unreadable("The PDF has more text than can be imported. Cut it into several files.")
            if text:
                sections.append((f"Page {number}", text))
        title = (document.metadata.title or "").strip() if document.metadata else ""
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
        NotImplementedError,
    ):
        raise Unreadable("The PDF is damaged or of an unusual kind. Print it to a new PDF and import that.") from None
    if not sections:
        raise Unreadable("The PDF has no text, only pictures of pages. Run a text recognition over it and import that.")
    return Said(title=title, language="", sections=sections)


def _tidy(text: str) -> str:
    """Lines without blanks at their ends and without marks that Markdown would take for headings."""
    lines = (_BLANKS.sub(" ", line).strip() for line in text.replace("\x00", "").splitlines())
    return _MARK.sub("", _MANY_LINES.sub("\n\n", "\n".join(lines))).strip()


READERS = {"html": read_html, "pdf": read_pdf}


def limit_this_process() -> None:
    """From here on so much time and memory, and no file is written."""
    limits = ((resource.RLIMIT_CPU, MOST_SECONDS), (resource.RLIMIT_AS, MOST_MEMORY), (resource.RLIMIT_FSIZE, 0))
    for what, most in limits:
        # Some systems refuse to limit one of them; whoever started this still ends it in time.
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def main(kind: str) -> None:
    """Read standard input and say what it says."""
    limit_this_process()
    # The library tells of every oddity that it reads over.
    logging.disable(logging.CRITICAL)
    answer: Any
    try:
        answer = READERS[kind](sys.stdin.buffer.read())
    except Unreadable as problem:
        answer = {"problem": str(problem)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
