"""What no page, script or stylesheet of ours may do, since the content security policy or the customer forbids it.

python3 scripts/lint_pages.py [file ...]     prints `file:line: what is wrong`, exit 1 if anything is
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern that must not be found in files with one of the endings."""

    endings: tuple[str, ...]
    pattern: re.Pattern[str]
    problem: str


def rule(endings: str, pattern: str, problem: str) -> Rule:
    """A rule over space-separated endings."""
    return Rule(tuple(endings.split()), re.compile(pattern, re.IGNORECASE), problem)


RULES = [
    rule(".html", r"\|\s*safe(seq)?\b", "a value goes out unescaped (`|safe`)"),
    rule(".html", r"{%\s*autoescape\s+off", "values go out unescaped (`autoescape off`)"),
    rule(".py", r"\bmark_safe\s*\(|\bSafeString\s*\(|\bSafeText\s*\(", "a value goes out unescaped (use format_html)"),
    rule(
        ".html",
        r"<script(?![^>]*\bsrc\s*=)[^>]*>",
        "an inline script (move it into static/js; data go through json_script)",
    ),
    rule(".html", r"<style[\s>]", "an inline style sheet (move it into static/css)"),
    rule(".html", r"<[^>]*\sstyle\s*=", "an inline style (use a class)"),
    rule(".html", r"<[^>]*\son[a-z]+\s*=", "an inline event handler (listen in static/js)"),
    rule(".html", r"<[^>]*\shx-on[:-]|\bhx-vals\s*=\s*[\"']js:", "htmx would evaluate a string (listen in static/js)"),
    rule(".html .js", r"javascript:", "a javascript: address"),
    rule(".html", r"<[^>]*\s(src|action|data-src)\s*=\s*[\"'](https?:)?//", "something is loaded from another server"),
    rule(".html", r"<link[^>]*\shref\s*=\s*[\"'](https?:)?//", "something is loaded from another server"),
    rule(".css", r"url\(\s*[\"']?(https?:)?//|@import\s+[\"'](https?:)?//", "something is loaded from another server"),
    rule(
        ".js",
        r"(fetch|import|WebSocket|EventSource|Worker)\s*\(\s*[\"'`](https?|wss?)?:?//",
        "another server is called",
    ),
    rule(".js", r"\b(from|import)\s+[\"'](https?:)?//", "a module is loaded from another server"),
    rule(
        ".js",
        r"\.(inner|outer)HTML\b|\.insertAdjacentHTML\b|document\.write\b",
        "text becomes markup (use textContent or a template)",
    ),
    rule(".js", r"\beval\s*\(|\bnew\s+Function\b|set(Timeout|Interval)\s*\(\s*[\"'`]", "a string is evaluated"),
    rule(
        ".js",
        r"\.setAttribute\s*\(\s*[\"'](style|on[a-z]+)[\"']",
        "an inline style or handler (use a class, or listen)",
    ),
]
PLACES = [
    "templates",
    "static",
    "core",
    "conversations",
    "integrations",
    "privacy",
    "agent",
    "analytics",
    "workspace",
    "supportagent",
    "simulator",
]
# Libraries are taken whole, with licence and version, and are not ours to mend.
NOT_OURS = ("static/vendor/",)
COMMENTS = {
    ".html": r"{#.*?#}|{%\s*comment.*?endcomment\s*%}",
    ".js": r"(?<![:\"'`])//[^\n]*|/\*.*?\*/",
    ".css": r"/\*.*?\*/",
    ".py": r"#[^\n]*",
}


def main() -> int:
    """Look through the files that were named, or through all of ours."""
    files = [Path(name).resolve() for name in sys.argv[1:]] or sorted(our_files())
    problems = [problem for file in files for problem in look_through(file)]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


def our_files() -> Iterator[Path]:
    """Each template, script, style sheet and module of ours."""
    for place in PLACES:
        for file in (ROOT / place).rglob("*"):
            name = file.relative_to(ROOT).as_posix()
            if file.suffix in COMMENTS and not name.startswith(NOT_OURS):
                yield file


def look_through(file: Path) -> Iterator[str]:
    """What is wrong in one file, as `file:line: problem`."""
    name = file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.as_posix()
    text = without_comments(file.read_text(), file.suffix)
    for each in RULES:
        if file.suffix in each.endings:
            for found in each.pattern.finditer(text):
                if not (each.problem.startswith("an inline script") and is_data(found.group())):
                    yield f"{name}:{text.count(chr(10), 0, found.start()) + 1}: {each.problem}"


def is_data(tag: str) -> bool:
    """Whether a script element holds data, which no browser runs."""
    return re.search(r"type\s*=\s*[\"']application/(json|ld\+json)", tag, re.IGNORECASE) is not None


def without_comments(text: str, ending: str) -> str:
    """The text with its comments blanked, line numbers kept."""
    return re.sub(COMMENTS[ending], lambda found: re.sub(r"[^\n]", " ", found.group()), text, flags=re.DOTALL)


if __name__ == "__main__":
    sys.exit(main())
