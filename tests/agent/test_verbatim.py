"""With no model and no network, every sentence of every answer is an article's, word for word, or a filled fixed text."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from agent.engine.seeds import Seeds
from agent.engine.text import sentence_spans
from agent.evaluation import held
from agent.graph.brief import Brief
from agent.graph.numbers import ungrounded_numbers
from agent.graph.state import ChannelFacts, Progress
from agent.models import Release
from agent.runtime import LoadedRelease, Runtime

# Thousands of turns: beside other work they may take longer than a test has.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

EVERY_OWN = 5
ROWS_OF_A_SUITE = 60
SUITES = os.environ.get("EVAL_DATA_DIR", "")
_BLANK = re.compile(r"\\\{\w+\\\}")


class Sayable:
    """What the release may say: its passages' sentences and headings, and its texts with their blanks filled."""

    def __init__(self, loaded: LoadedRelease) -> None:
        """Take the release apart."""
        passages = loaded.engine.knowledge.passages
        self.passages = {passage.id: passage.text for passage in passages}
        self._quoted = {sentence for text in self.passages.values() for sentence in sentences(text)}
        headings = {heading for passage in passages for heading in (passage.heading, passage.title) if heading}
        self._quoted |= {f"{heading}:" for heading in headings}
        blanks = "|".join(sorted(re.escape(each) for each in {*headings, "Robin", "Tarnhollow"}))
        texts = {
            loaded.texts.render(key, language, first="{first}", second="{second}")
            for key, language in loaded.content.templates
            if key not in {"people_back", "people_wait"}
        }
        self.texts = texts
        self._filled = [
            re.compile(_BLANK.sub(f"“?(?:{blanks})”?", re.escape(sentence)))
            for text in texts
            for sentence in sentences(text)
        ]

    def foreign_in(self, text: str) -> list[str]:
        """The sentences of ``text`` that stand nowhere."""
        return [sentence for sentence in sentences(text) if not self._knows(sentence)]

    def _knows(self, sentence: str) -> bool:
        return sentence in self._quoted or any(each.fullmatch(sentence) for each in self._filled)


def sentences(text: str) -> list[str]:
    """The text's sentences, lines and list items."""
    return [text[start:end] for start, end in sentence_spans(text)]


def wrong_answers(mind: Runtime, release: Release, asked: Iterable[str]) -> tuple[list[object], set[str]]:
    """What answers say that stands nowhere, or a number that has no source; and the kinds of replies there were."""
    sayable = Sayable(mind.release(release.pk))
    wrong: list[object] = []
    kinds: set[str] = set()
    for text in asked:
        state = mind.think(brief(release, text)).state
        kinds.add(state["reply_kind"])
        foreign = sayable.foreign_in(state["response"]) if state["reply_kind"] != "silence" else []
        grounds = [*(sayable.passages[name] for name in state.get("cited", [])), *sayable.texts]
        if foreign or ungrounded_numbers(state.get("response", ""), grounds):
            wrong.append((text, state["reply_kind"], foreign))
        if state["reply_kind"] == "answer" and not state["sources"]:
            wrong.append((text, "without a source"))
    return wrong, kinds


def brief(release: Release, text: str) -> Brief:
    """A customer's first message in a private chat."""
    return Brief(
        release_id=release.pk,
        conversation_id=1,
        message=text,
        message_kinds=("text",),
        history=(),
        channel=ChannelFacts(platform="webchat", text_limit=4_000, is_public=False),
        progress=Progress(clarifications=0, offers=0, failures=0, last_kind=""),
    )


def own_questions() -> Iterator[str]:
    """What the product's own sets ask: of its articles, beside them, and of its intents."""
    seeds = Seeds()
    for article in seeds.articles:
        yield from (question for asked in article.questions.values() for question in asked)
    for path in sorted((Path(__file__).parents[2] / "agent" / "seeds" / "gate").glob("*.jsonl")):
        yield from (json.loads(line)["text"] for line in path.read_text().splitlines())
    yield from (example.text for example in seeds.examples)


def held_messages() -> list[str]:
    """What nothing is fitted from: questions, and messages of every route, in every language."""
    asked = [*(each.text for each in held.questions()), *(each.text for each in held.routed_messages())]
    return list(dict.fromkeys(asked))


def rows_of_suites(most: int | None = None) -> list[str]:
    """The public suites' messages, of each so many at even distances, or all."""
    asked: list[str] = []
    for path in sorted(Path(SUITES).glob("*.jsonl")):
        if not path.name.endswith(".passages.jsonl"):
            rows = [json.loads(line)["text"] for line in path.read_text().splitlines()]
            asked += rows if most is None else rows[:: max(1, len(rows) // most)]
    return list(dict.fromkeys(asked))


@pytest.mark.usefixtures("without_network")
def test_every_sentence_of_every_answer_is_quoted_or_filled(mind: Runtime, release: Release) -> None:
    wrong, kinds = wrong_answers(mind, release, list(own_questions())[::EVERY_OWN])

    assert wrong == []
    assert {"answer", "offer", "hand_over", "template"} <= kinds


@pytest.mark.usefixtures("without_network")
@pytest.mark.suites
@pytest.mark.skipif(not SUITES, reason="EVAL_DATA_DIR is not set: the public suites are outside data")
def test_the_same_over_the_public_suites(mind: Runtime, release: Release) -> None:
    wrong, _ = wrong_answers(mind, release, rows_of_suites(ROWS_OF_A_SUITE))

    assert wrong == []


@pytest.mark.usefixtures("without_network")
def test_the_same_over_what_nothing_is_fitted_from(mind: Runtime, release: Release) -> None:
    wrong, kinds = wrong_answers(mind, release, held_messages())

    assert wrong == []
    assert {"answer", "offer", "hand_over", "template"} <= kinds


@pytest.mark.whole
@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("without_network")
def test_the_same_over_everything_there_is(mind: Runtime, release: Release) -> None:
    asked = list(dict.fromkeys([*own_questions(), *held_messages(), *(rows_of_suites() if SUITES else [])]))

    wrong, _ = wrong_answers(mind, release, asked)

    assert wrong == []


def test_the_check_itself_sees_what_stands_nowhere(mind: Runtime, release: Release) -> None:
    sayable = Sayable(mind.release(release.pk))
    quoted = next(iter(sayable.passages.values()))

    assert sayable.foreign_in(quoted) == []
    assert sayable.foreign_in(f"{quoted} You get it for nothing.") == ["You get it for nothing."]
    assert sayable.foreign_in(quoted.replace("the", "a")) != []
