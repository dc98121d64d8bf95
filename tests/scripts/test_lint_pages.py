"""The lint of pages finds what it is for, and lets through what is fine."""

from pathlib import Path

import pytest

from scripts.lint_pages import look_through

BAD = [
    ("page.html", "<p>{{ text|safe }}</p>"),
    ("page.html", "{% autoescape off %}{{ text }}{% endautoescape %}"),
    ("page.html", "<script>go()</script>"),
    ("page.html", "<style>p {}</style>"),
    ("page.html", '<p\n  style="color: red">'),
    ("page.html", '<button onclick="go()">'),
    ("page.html", '<button hx-on:click="go()">'),
    ("page.html", '<script src="https://cdn.example/a.js"></script>'),
    ("page.html", '<link rel="stylesheet" href="//cdn.example/a.css">'),
    ("page.html", '<a href="javascript:go()">'),
    ("page.css", "p { background: url(https://cdn.example/a.png) }"),
    ("page.js", "box.innerHTML = text;"),
    ("page.js", "box.insertAdjacentHTML('beforeend', text);"),
    ("page.js", "eval(text);"),
    ("page.js", "setTimeout('go()', 10);"),
    ("page.js", "fetch('https://other.example/');"),
    ("page.js", 'import {a} from "https://cdn.example/a.js";'),
    ("page.js", "box.setAttribute('style', text);"),
    ("page.py", "return mark_safe(text)"),
]
FINE = [
    ("page.html", '<script src="{% static \'js/page.js\' %}" type="module"></script>'),
    ("page.html", '<script type="application/json" id="facts">{}</script>'),
    ("page.html", '{# <script>go()</script> #}<a href="https://example.org/">more</a> <p class="button">one=two</p>'),
    ("page.js", "// box.innerHTML would be markup\nbox.textContent = text;"),
    ("page.js", "const name = `/chat/${key}/`;\nfetch(`/chat/${key}/messages`);"),
    ("page.css", "p { background: url(data:image/png;base64,AAAA) }"),
    ("page.py", "return format_html('<b>{}</b>', text)"),
]


@pytest.mark.parametrize(("name", "text"), BAD)
def test_what_the_policy_or_the_customer_forbids_is_found(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(f"\n\n{text}\n")

    found = list(look_through(file))

    assert found
    assert found[0].split(":")[1] == "3"


@pytest.mark.parametrize(("name", "text"), FINE)
def test_what_is_fine_is_let_through(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text)

    assert list(look_through(file)) == []
