"""Reading labelled rows: what is taken, what is refused, and how draws are cut."""

from pathlib import Path

import pytest

from agent.evaluation.rows import FileProblem, Row, draws, read_suite
from tests.agent.evaluation.conftest import Write, measured, train


def row(text: str, intent: str | None) -> Row:
    return Row(text=text, language="en", is_training=True, intent=intent)


def test_rows_come_in_their_order_with_their_labels(write: Write) -> None:
    path = write("pool.jsonl", [train("open?", intent="opening"), measured("no, thanks", in_scope=False)])

    suite = read_suite(path)

    assert [each.text for each in suite.training] == ["open?"]
    assert [each.is_foreign for each in suite.measured] == [True]
    assert suite.languages == ("en",)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2: this is no JSON"),
        ("[1]", "line 2: an object is expected"),
        ('{"split": "test", "lang": "en", "intent": "a"}', "line 2: “text” is missing"),
        ('{"split": "test", "lang": "en", "text": " ", "intent": "a"}', "line 2: “text” is a text that is not empty"),
        ('{"split": "dev", "lang": "en", "text": "x", "intent": "a"}', "line 2: “split” is train or test"),
        ('{"split": "test", "text": "x", "intent": "a"}', "line 2: “lang” is missing"),
        ('{"split": "test", "lang": "en", "text": "x"}', "line 2: a label is missing"),
        ('{"split": "test", "lang": "en", "text": "x", "in_scope": "no"}', "line 2: “in_scope” is true or false"),
        ('{"split": "test", "lang": "en", "text": "x", "sentiment": "sad"}', "line 2: “sentiment” is one of negative"),
        ('{"split": "test", "lang": "en", "text": "x", "intent": 3}', "line 2: “intent” is a text"),
        (
            '{"split": "test", "lang": "en", "text": "x", "intent": "a", "in_scope": false}',
            "line 2: a text that is not in scope has no “intent”",
        ),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(write: Write, line: str, says: str) -> None:
    path = write("pool.jsonl", [measured("open?", intent="opening")])
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")

    with pytest.raises(FileProblem, match=f"pool.jsonl, {says}"):
        read_suite(path)


def test_of_many_wrong_lines_the_first_five_are_named(write: Write) -> None:
    path = write("pool.jsonl", [{"split": "test"}] * 8)

    with pytest.raises(FileProblem) as refused:
        read_suite(path)

    assert str(refused.value).count("pool.jsonl, line") == 5
    assert str(refused.value).endswith("… and 3 lines more.")


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty"), (b"\n\n", "is empty"), (b'{"text": "\xff"}', "is not UTF-8")],
)
def test_a_file_without_rows_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_bytes(content)

    with pytest.raises(FileProblem, match=says):
        read_suite(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="cannot be read"):
        read_suite(tmp_path)


def test_train_rows_alone_leave_nothing_to_measure(write: Write) -> None:
    with pytest.raises(FileProblem, match="nothing to measure"):
        read_suite(write("pool.jsonl", [train("open?", intent="opening")]))


def test_passages_lie_beside_the_file(write: Write) -> None:
    path = write("pool.jsonl", [measured("open?", passage_id="p1")])

    with pytest.raises(FileProblem, match=r"put them beside it, into pool\.passages\.jsonl"):
        read_suite(path)
    write("pool.passages.jsonl", [{"id": "p2", "lang": "en", "title": "Hours", "text": "From 8 to 20."}])
    with pytest.raises(FileProblem, match=r"the passage “p1” is not in pool\.passages\.jsonl"):
        read_suite(path)
    write("pool.passages.jsonl", [{"id": "p1", "lang": "en", "title": "Hours", "text": "From 8 to 20."}])
    assert [passage.id for passage in read_suite(path).passages] == ["p1"]


def test_a_draw_has_the_next_rows_of_each_label_in_file_order() -> None:
    rows = [
        row("a1", "a"),
        row("b1", "b"),
        row("a2", "a"),
        row("x", None),
        row("b2", "b"),
        row("a3", "a"),
        row("b3", "b"),
    ]

    found = draws(rows, lambda each: each.intent, 1)

    assert [[each.text for each in draw] for draw in found] == [["a1", "b1"], ["a2", "b2"], ["a3", "b3"]]


def test_a_label_that_is_too_rare_gives_all_it_has_to_the_only_draw() -> None:
    rows = [row("a1", "a"), row("b1", "b"), row("a2", "a"), row("a3", "a")]

    found = draws(rows, lambda each: each.intent, 2)

    assert [[each.text for each in draw] for draw in found] == [["a1", "b1", "a2"]]
