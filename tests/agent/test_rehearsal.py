"""Every dialogue ends as it should, with the facts told that had to be told."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from agent import services as agent
from agent.engine.seeds import LANGUAGES
from agent.models import AgentRun, Release
from agent.revisiting import Recollection
from agent.runtime import Runtime
from agent.services.replays import replay
from integrations.models import PlatformAccount
from simulator.scripted.script import Script
from simulator.scripted.script import load_all as load_demo
from supportagent.rehearsal.script import TOPICS, Dialogue, DialogueTurn, End, ScriptError, load, load_all
from supportagent.rehearsal.stage import Answer, rehearse
from tests.agent.conftest import Fitted
from tests.factories import make_account

DIALOGUES = load_all()


@pytest.fixture(scope="session")
def _one_mind(fitted: Fitted) -> Runtime:
    """Release 1 has the same key and the same content in every test, so it is loaded once."""
    return Runtime(fitted.encoder)


@pytest.fixture
def answer(release: Release, _one_mind: Runtime) -> Answer:
    """The bot, answering a conversation."""
    return lambda conversation_id: agent.answer(conversation_id, _one_mind)


@pytest.fixture(scope="session")
def _another_mind(fitted: Fitted) -> Runtime:
    """As another process would have it: it has heard none of the talk."""
    return Runtime(fitted.encoder)


@pytest.fixture
def memory(release: Release, _another_mind: Runtime) -> Recollection:
    """Which thinks turns again, with the release loaded once for all of them."""
    _another_mind.prepare(release.pk)
    return Recollection(runtime=_another_mind)


@pytest.fixture
def account(db: None) -> PlatformAccount:
    """A web chat that takes files."""
    return make_account(platform="webchat", takes_files=True)


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue.name)
def test_the_dialogue_ends_as_it_should_and_is_thought_again_alike(
    dialogue: Dialogue, account: PlatformAccount, answer: Answer, memory: Recollection
) -> None:
    faults = rehearse(dialogue, account, answer)
    again = [replay(run, memory) for run in AgentRun.objects.order_by("id")]

    assert not faults, "\n".join(faults)
    assert again
    assert [(each.missing, each.differences) for each in again if not each.equal] == []


@pytest.mark.parametrize("story", load_demo(), ids=lambda story: story.name)
def test_what_the_demos_customers_are_told_is_thought_again_alike(
    story: Script, account: PlatformAccount, answer: Answer, memory: Recollection
) -> None:
    said = [line for line in story.lines if line.texts or line.image]
    turns = tuple(DialogueTurn(says=line.texts, picture=line.image) for line in said)

    rehearse(replace(DIALOGUES[0], name=story.name, products=(), turns=turns), account, answer)
    again = [replay(run, memory) for run in AgentRun.objects.order_by("id")]

    assert again
    assert [(each.missing, each.differences) for each in again if not each.equal] == []


def test_what_is_not_as_the_script_says_is_told(account: PlatformAccount, answer: Answer) -> None:
    dialogue = next(each for each in DIALOGUES if each.name == "es_persona")
    first, *others = dialogue.turns
    wrong = replace(first, told=("nothing of this kind",), never=first.told, quotes=("order-tracking",))
    end = End(mode="closed", dispositions=("ignored",) * len(dialogue.end.dispositions))

    faults = rehearse(replace(dialogue, turns=(wrong, *others), end=end), account, answer)

    assert [fault.split(":")[0].split(",")[0] for fault in faults] == [
        "'nothing of this kind' was not told",
        "'Soy' was told",
        "order-tracking was not quoted",
        "It ended as human",
        "The messages were answered",
        "Opened was [('asked_for_person'",
    ]


def test_there_are_dialogues_of_every_kind_in_every_language() -> None:
    languages = Counter(dialogue.language for dialogue in DIALOGUES)
    topics = Counter(topic for dialogue in DIALOGUES for topic in dialogue.about)

    assert len(DIALOGUES) >= 40
    assert min(languages[language] for language in LANGUAGES) >= 8
    assert min(topics[topic] for topic in TOPICS) >= 2
    assert all(len(dialogue.turns) >= 2 for dialogue in DIALOGUES)


VALID = """
title = "Greets"
language = "en"
about = ["support"]

[[turns]]
says = ["Hi"]
told = ["Hello"]

[end]
mode = "bot"
dispositions = ["answered"]
"""


@pytest.mark.parametrize(
    ("wrong", "instead", "message"),
    [
        ('language = "en"', 'language = "xx"', "the language is one of"),
        ('about = ["support"]', 'about = ["weather"]', "not weather"),
        ('dispositions = ["answered"]', "dispositions = []", "1 messages are sent"),
        ('says = ["Hi"]', "says = []", "0 messages are sent"),
        ('told = ["Hello"]', "", "either silent, or told"),
        ('told = ["Hello"]', 'told = ["("]', "no regular expression"),
        ('mode = "bot"', 'mood = "bot"', "mood"),
        ('title = "Greets"', "", "title"),
    ],
)
def test_a_mistake_in_a_dialogue_is_named(tmp_path: Path, wrong: str, instead: str, message: str) -> None:
    path = tmp_path / "en_greets.toml"
    path.write_text(VALID)
    assert load(path).title == "Greets"

    path.write_text(VALID.replace(wrong, instead))

    with pytest.raises(ScriptError, match=message):
        load(path)
