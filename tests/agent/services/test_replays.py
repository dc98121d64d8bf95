"""Every run can be thought again from what it kept, and comes to the same; where it does not, the difference is told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pytest_django import Settings

from agent import services
from agent.engine.encoder import Encoder
from agent.exceptions import NothingToReplay
from agent.models import AgentRun, EscalationRule, Release
from agent.releases import services as releases
from agent.revisiting import Recollection
from agent.runtime import Runtime
from agent.services.replays import replay
from conversations.models import Conversation, Message
from tests.agent.providers import Answer, Script, reply, serving
from tests.conversations.talk import write, wrote

pytestmark = pytest.mark.django_db


def fresh_memory(mind: Runtime) -> Recollection:
    """Another process's memory: only the encoder, which changes nothing, is shared."""
    encoder = mind.release(Release.objects.current().get().pk).engine.encoder
    return Recollection(runtime=Runtime(encoder))


def answered(text: str, mind: Runtime, *, thread: str = "t1") -> AgentRun:
    """The run that answered these words."""
    conversation = wrote(text, thread=thread)
    services.answer(conversation.pk, mind)
    return AgentRun.objects.latest("id")


@contextmanager
def a_model(settings: Settings, encoder: Encoder) -> Iterator[tuple[Script, Runtime]]:
    """A mind with a language model behind it."""
    with serving() as script:
        settings.MODEL_CHAIN = ["openai:gpt-test"]
        settings.OPENAI_API_KEY = "key"
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{script.port}/v1"
        yield script, Runtime(encoder)


TALKS = [
    ["How long does delivery take?"],
    ["hello there", "How long does delivery take?", "and to Austria?", "thanks", "thank you!"],
    ["Where is my order TH1234567? You can write to jane@mail.example or call +44 20 7946 0000"],
    ["I want to speak to a real person"],
    ["Wie lange dauert die Lieferung nach Österreich?", "Das hat nicht geholfen"],
    ["¿Cómo puedo devolver una chaqueta?"],
    ["Your service is the worst I have ever seen"],
    ["The stove exploded and my hand is burnt, help"],
    ["Somebody hacked my account and ordered things"],
    ["asdf qwer", "zxcv", "hjkl uiop", "mnbv"],
    ["Can I return a jacket, and how long does delivery take?"],
    ["Привет, где мой заказ?"],
    ["👍", "?", "😡😡"],
    ["I will sue you if I do not get my money back"],
    ["What is the capital of Peru?", "yes please"],
]


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk[0][:20])
def test_a_run_thought_again_comes_to_the_same(talk: list[str], mind: Runtime) -> None:
    conversation = wrote(talk[0])
    services.answer(conversation.pk, mind)
    for text in talk[1:]:
        Conversation.objects.filter(pk=conversation.pk).update(mode=Conversation.Mode.BOT)
        write(text)
        services.answer(conversation.pk, mind)

    memory = fresh_memory(mind)
    found = [(run, replay(run, memory)) for run in AgentRun.objects.order_by("id")]

    assert len(found) == len(talk)
    assert [
        (run.envelope["brief"]["message"], each.differences, each.missing) for run, each in found if not each.equal
    ] == []


def test_a_run_of_an_older_release_is_thought_with_that_one(mind: Runtime) -> None:
    run = answered("hello there", mind)
    draft = releases.create_draft(None)
    releases.set_template(draft, "greeting", "en", "Ahoy!", None)
    releases.publish(draft, None)

    found = replay(run, fresh_memory(mind))

    assert found.equal, found.differences


def test_looking_back_leaves_alone_what_answers_now(mind: Runtime, release: Release) -> None:
    run = answered("hello there", mind)
    releases.publish(releases.configure("bot.name", "Kim", None), None)
    releases.publish(releases.configure("bot.name", "Sam", None), None)
    current = mind.release(Release.objects.current().get().pk)
    answered("hello there", mind, thread="t2")

    replay(run, Recollection(runtime=mind))

    assert mind.release(Release.objects.current().get().pk) is current


def test_a_switched_off_bot_is_replayed_too(mind: Runtime) -> None:
    releases.publish(releases.configure("bot.enabled", "false", None), None)
    run = answered("hello there", mind)

    found = replay(run, fresh_memory(mind))

    assert run.trace == {"switched_off": True}
    assert found.equal, found.differences


def test_what_a_model_said_is_said_again_without_asking_it(mind: Runtime, release: Release, settings: Settings) -> None:
    engine = mind.release(release.pk).engine
    cited = next(p for p in engine.knowledge.passages if p.title == "Delivery times" and p.language == "en")
    with a_model(settings, engine.encoder) as (script, modelled):
        script.will("openai", [reply("I write it to [e-mail 1] in 1 to 3 days.", cited.id)])
        run = answered("How long does delivery take? jane@mail.example", modelled)
        asked = len(script.asked)
    settings.MODEL_CHAIN = []

    found = replay(run, fresh_memory(mind))

    assert run.provider == "openai"
    assert Message.objects.get(run_id=run.pk).text == "I write it to jane@mail.example in 1 to 3 days."
    assert found.equal, (found.differences, found.missing)
    assert asked == len(script.asked)


def test_refused_answers_and_failed_calls_are_replayed(mind: Runtime, release: Release, settings: Settings) -> None:
    with a_model(settings, mind.release(release.pk).engine.encoder) as (script, modelled):
        script.will("openai", [reply("In 33 minutes, promised!", "made-up"), Answer(status=400)])
        run = answered("How long does delivery take?", modelled)

    found = replay(run, fresh_memory(mind))

    assert run.provider == "embedded"
    assert run.trace["failed_validations"] == 1
    assert found.equal, (found.differences, found.missing)


def test_exchanges_are_kept_without_what_is_personal(mind: Runtime, release: Release, settings: Settings) -> None:
    with a_model(settings, mind.release(release.pk).engine.encoder) as (script, modelled):
        script.will("openai", [reply("I will call [phone 1].", "x" * 5000)])
        run = answered("How long does delivery take? My number is +44 20 7946 0000", modelled)

    kept = json.dumps(run.envelope["exchanges"])
    assert "[phone 1]" in kept
    assert "7946" not in kept
    assert len(kept) < 5000


def test_a_missing_exchange_is_said_and_nothing_is_made_up(mind: Runtime, release: Release, settings: Settings) -> None:
    with a_model(settings, mind.release(release.pk).engine.encoder) as (script, modelled):
        script.will("openai", [reply("Soon.", "x")])
        run = answered("How long does delivery take?", modelled)
    del run.envelope["exchanges"], run.envelope["versions"]

    found = replay(run, fresh_memory(mind))

    assert not found.equal
    assert "no answer of one was kept" in found.missing


def test_a_release_that_was_tampered_with_is_noticed_and_told(mind: Runtime, release: Release) -> None:
    run = answered("hello there", mind)
    release.templates.filter(key="greeting", language="en").update(text="Go away.")
    Release.objects.filter(pk=release.pk).update(content_hash="another")

    found = replay(run, fresh_memory(mind))

    assert not found.equal
    told = {each.what: (each.then, each.now) for each in found.differences}
    assert told["release's content"] == (release.content_hash[:12], "another")
    assert told["outcome.text"][1] == '"Go away."'
    assert told["columns.draft"][0].startswith('"Hello!')


def test_a_changed_rule_is_a_difference(mind: Runtime, release: Release) -> None:
    run = answered("I want to speak to a real person", mind)
    EscalationRule.objects.filter(release=release, key="asks-for-person").update(is_enabled=False)

    found = replay(run, fresh_memory(mind))

    assert "outcome.kind" in {each.what for each in found.differences}


def test_the_name_of_the_business_is_that_of_then(mind: Runtime, settings: Settings) -> None:
    run = answered("hello there", mind)
    settings.BUSINESS_NAME = "Somebody else"

    found = replay(run, fresh_memory(mind))

    assert found.equal, found.differences


@pytest.mark.parametrize(
    ("emptied", "says"),
    [
        ({"envelope": {}, "trace": {}}, "no longer kept"),
        ({"trace": {}}, "failed before"),
        ({"state": "running", "ended_at": None}, "not ended"),
    ],
)
def test_what_cannot_be_replayed_says_why(mind: Runtime, emptied: dict[str, object], says: str) -> None:
    run = answered("hello there", mind)
    AgentRun.objects.filter(pk=run.pk).update(**emptied)
    run.refresh_from_db()

    with pytest.raises(NothingToReplay, match=says):
        replay(run, fresh_memory(mind))


def test_a_replay_writes_nothing(mind: Runtime) -> None:
    run = answered("How long does delivery take?", mind)
    before = (Message.objects.count(), AgentRun.objects.values().get())

    replay(run, fresh_memory(mind))

    assert (Message.objects.count(), AgentRun.objects.values().get()) == before
