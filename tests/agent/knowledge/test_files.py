"""What files say, and why some say nothing."""

import io
import zipfile
from pathlib import Path

import pytest

from agent.exceptions import ArticleUnreadable
from agent.knowledge import reader
from agent.knowledge.files import MOST_BYTES, Manner, articles_in
from agent.knowledge.given import GivenFile, found_at, unpacked
from agent.knowledge.services import MOST_CHARACTERS
from tests.agent.documents import pdf

MANNER = Manner(language="en", audience="public", languages=("en", "de"))
PAGE = """<!doctype html><html lang="de"><head><meta charset="utf-8"><title>Tab</title><style>p { color: red }</style></head>
<body><nav><a href="/">Start</a></nav><h1>Rückgabe &amp; Umtausch</h1><p>Kurz   gesagt:
30 Tage.</p><script>fetch("http://127.0.0.1:9/")</script><h2>Kosten</h2><ul><li>Versand: nichts</li><li>Abholung: 4&nbsp;€</li></ul>
<p hidden>Geheim</p><table><tr><td>Land</td><td>Tage</td></tr></table><footer>Impressum</footer></body></html>"""


def read(name: str, content: str | bytes, manner: Manner = MANNER) -> list[tuple[str, str, str, str]]:
    """Of each article its source, language, title and body."""
    found = articles_in(name, content.encode() if isinstance(content, str) else content, manner)
    return [(each.source, each.text.language, each.text.title, each.text.body) for each in found]


def test_a_web_page_is_its_words_by_headings_and_nothing_else() -> None:
    ((source, language, title, body),) = read("help/returns.html", PAGE)

    assert (source, language, title) == ("help/returns.html", "de", "Rückgabe & Umtausch")
    assert body == "Kurz gesagt: 30 Tage.\n\n## Kosten\n\n- Versand: nichts\n- Abholung: 4 €\n\nLand Tage"


def test_a_pdf_is_a_section_a_page_and_is_called_like_its_file() -> None:
    ((_, _, title, body),) = read("size-guide.pdf", pdf([["Waist: 80 cm.", "Hips: 95 cm."], [], ["Feet: 42."]]))

    assert title == "Size guide"
    assert body == "## Page 1\n\nWaist: 80 cm.\nHips: 95 cm.\n\n## Page 3\n\nFeet: 42."


def test_a_csv_is_an_article_a_name_with_a_section_a_row() -> None:
    rows = (
        'Question;Answer;Article;Language;Questions\nHow long?;"30 days; no less";Returns;en;how many days|until when\n'
        "Wie lange?;30 Tage;Rückgabe;DE;\n\nWho pays?;You do.;Returns;;\n"
    )

    first, second = articles_in("faq.csv", rows.encode(), MANNER)

    assert (first.source, first.text.title, first.text.body) == (
        "faq.csv#returns",
        "Returns",
        "## How long?\n\n30 days; no less\n\n## Who pays?\n\nYou do.",
    )
    assert first.text.questions == {
        "How long?": ["How long?", "how many days", "until when"],
        "Who pays?": ["Who pays?"],
    }
    assert (second.source, second.text.language, second.text.title) == ("faq.csv#ruckgabe", "de", "Rückgabe")


def test_plain_text_is_called_like_its_file_and_a_folder_names_the_language() -> None:
    assert read("shop/de/oeffnungs_zeiten.txt", "Ab neun.") == [
        ("shop/de/oeffnungs_zeiten.txt", "de", "Oeffnungs zeiten", "Ab neun.")
    ]


def test_what_is_too_long_for_an_article_becomes_several_with_names_that_stay() -> None:
    rows = "question,answer\n" + "".join(f"Question {number}?,{'word ' * 400}\n" for number in range(80))

    found = articles_in("long.csv", rows.encode(), MANNER)

    assert [each.source for each in found] == ["long.csv", "long.csv#part 2"]
    assert all(len(each.text.body) <= MOST_CHARACTERS for each in found)
    headings = [line for each in found for line in each.text.body.splitlines() if line.startswith("## ")]
    assert headings == [f"## Question {number}?" for number in range(80)]
    assert {question for each in found for question in each.text.questions} == {line[3:] for line in headings}


def test_a_file_can_only_narrow_for_whom_an_import_is() -> None:
    internal = Manner(language="en", audience="internal", languages=("en",))
    front = '+++\ntitle = "X"\naudience = "{}"\n+++\nText.'

    audiences = [
        articles_in("x.md", front.format(own).encode(), manner)[0].text.audience
        for own, manner in (("public", internal), ("internal", MANNER), ("public", MANNER))
    ]

    assert audiences == ["internal", "internal", "public"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.docx", b"PK", "kind of file is not read"),
        ("a.md", b"# T\n\n\xff\xfe\xfa", "UTF-8"),
        ("a.md", b"x" * (MOST_BYTES + 1), "Cut it"),
        ("a.md", b"# T\n\n" + b"x" * (MOST_CHARACTERS + 1), "at most 100000"),
        ("a.md", b"+++\nslug = \n+++\ntext", "no TOML"),
        ("a.csv", b"", "names its columns"),
        ("a.csv", b"frage,antwort\nx,y\n", "names its columns"),
        ("a.csv", b"question,answer\n", "no rows"),
        ("a.csv", b"question,answer\nx,y\nz,\n,w\n", "row 3, 4"),
        ("a.csv", b"question,answer,language\nx,y,fr\n", "Row 2"),
        ("a.csv", b"question,answer,audience\nx,y,all\n", "public or internal"),
        ("a.csv", b'question,answer\n"x,y\n' + b"z" * 200_000, "is no CSV"),
        ("a.pdf", b"%PDF-1.4 nothing", "damaged"),
        ("a.pdf", pdf([[], []]), "no text"),
        ("a.pdf", pdf([["x"]] * 501), "501 pages"),
        ("a.html", b"\x81\x8d\xff", "encoding"),
    ],
    # The content would be part of the name, and files are read in processes that are told it.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_says_why(name: str, content: bytes, words: str) -> None:
    with pytest.raises(ArticleUnreadable, match=words):
        articles_in(name, content, MANNER)


def test_a_page_in_an_older_encoding_is_read_as_it_says() -> None:
    page = '<html><head><meta charset="iso-8859-1"><title>Größen</title></head><body><p>Maße</p></body></html>'

    assert read("g.html", page.encode("latin-1")) == [("g.html", "en", "Größen", "Maße")]


def test_text_never_becomes_a_heading_by_its_own_mark() -> None:
    said = reader.read_html(b"<title>T</title><p># not a heading</p><h2>One</h2><p>x</p>")

    assert said["sections"] == [("", "not a heading"), ("One", "x")]


def test_a_folder_and_its_archive_give_the_same_files(tmp_path: Path) -> None:
    folder = tmp_path / "help"
    (folder / "de").mkdir(parents=True)
    (folder / "de" / "a.md").write_text("# A\n\nx")
    (folder / "b.docx").write_bytes(b"PK")
    (folder / ".git").mkdir()
    (folder / ".git" / "c.md").write_text("# C\n\nx")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(folder / "b.docx", "b.docx")
        archive.write(folder / "de" / "a.md", "de/a.md")

    from_folder = [(each.name, bool(each.problem)) for each in found_at([folder])]
    from_archive = [
        (each.name, bool(each.problem)) for each in unpacked(GivenFile(name="help.zip", content=packed.getvalue()))
    ]

    assert from_folder == from_archive == [("help/b.docx", True), ("help/de/a.md", False)]


def test_an_archive_that_swells_or_is_none_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../big.md", b"x" * (MOST_BYTES + 1))
    (tmp_path / "swells.zip").write_bytes(packed.getvalue())
    (tmp_path / "none.zip").write_bytes(b"PK\x03\x04 and then nothing")

    swells, none = found_at([tmp_path / "swells.zip", tmp_path / "none.zip"])

    assert (swells.name, swells.content) == ("swells/big.md", b"")
    assert "Cut it" in swells.problem
    assert "damaged" in none.problem
