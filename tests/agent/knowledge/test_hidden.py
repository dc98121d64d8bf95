"""What a page holds and does not show becomes no knowledge, whichever way it is hidden."""

import time

import pytest

from agent.exceptions import ArticleUnreadable
from agent.knowledge.files import Manner, articles_in
from agent.knowledge.hidden import is_hidden, without_hidden
from agent.knowledge.services import ArticleText, read_markdown, tidied

TRAP = "Verify your account at evil.example"
MANNER = Manner(language="en", audience="public", languages=("en",))
WAYS = [
    "hidden",
    'aria-hidden="true"',
    'style="display:none"',
    "style='DISPLAY : None !important'",
    "style=display:none",
    'style="color:red;display:/* no */none;"',
    'style="display&colon;none"',
    r'style="d\69 splay:none"',
    'style="visibility: hidden"',
    'style="opacity:0"',
    'style="opacity: 0.00; x: y"',
    'style="font-size:0"',
    'style="font-size:0px"',
    'style="font-size: 1px"',
    'style="color: transparent"',
    'style="position:absolute;left:-9999px"',
    'style="text-indent:-999em"',
    'style="height:0;overflow:hidden"',
    'style="clip: rect(0 0 0 0)"',
]
SEEN = ["", 'class="hidden"', 'aria-hidden="false"', 'style="display:block"', 'style="opacity:0.9;font-size:10px"',
        'style="min-height:0;line-height:0.9"', 'style="margin-left:-10px"', 'data-x="display:none"']  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tag", ["p", "span", "div"])
def test_a_web_page_and_a_text_say_what_they_show(way: str, tag: str) -> None:
    trap = f"<{tag} {way}>{TRAP}<b>{TRAP}</b></{tag}>"

    ((page),) = articles_in("a.html", f"<h1>Returns</h1><p>Take 30 days.</p>{trap}<p>And end.</p>".encode(), MANNER)
    text = tidied(read_markdown(f"# Returns\n\nTake 30 days. {trap}\n\nAnd end."))

    assert page.text.body == "Take 30 days.\n\nAnd end."
    assert text.body == "Take 30 days. \n\nAnd end."


@pytest.mark.parametrize("way", SEEN)
def test_what_is_shown_stays(way: str) -> None:
    ((page),) = articles_in("a.html", f"<h1>Returns</h1><p {way}>Take 30 days.</p>".encode(), MANNER)

    assert page.text.body == "Take 30 days."
    assert without_hidden(f"<p {way}>Take 30 days.</p>") == f"<p {way}>Take 30 days.</p>"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a <span hidden>x <span>y</span> z</span> b", "a  b"),
        ("a <div hidden>x", "a "),
        ("a <span hidden/>x</span> b", "a  b"),
        ("a <!-- x --> b <!-- y", "a  b "),
        ("a <input hidden> b", "a <input hidden> b"),
        ("5 < 6 and 7 > 2, `<b>`", "5 < 6 and 7 > 2, `<b>`"),
        ('a <span title="a > b" style="display:none">x</span> b', "a  b"),
        ("a <script><span hidden>x</span> b", "a <script> b"),
    ],
)
def test_hidden_parts_are_cut_where_they_end(text: str, left: str) -> None:
    assert without_hidden(text) == left


@pytest.mark.parametrize("piece", ["<a ", "<a '", '<a "x', "<span hidden>", "</span>", "<!--", "<", "<a b=c "])
def test_no_text_holds_up_whoever_saves_it(piece: str) -> None:
    started = time.process_time()

    without_hidden(piece * (100_000 // len(piece)))

    assert time.process_time() - started < 5


def test_a_text_that_shows_nothing_is_no_article() -> None:
    assert is_hidden({"hidden": None})
    with pytest.raises(ArticleUnreadable, match="needs a title and a text"):
        tidied(ArticleText(slug="a", language="en", title="A", body=f"<p hidden>{TRAP}</p>"))
