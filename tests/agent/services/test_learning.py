"""Heads are fitted in a task while turns go on, and those that understand less are not taken unasked."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agent import services, tasks
from agent.engine.encoder import Encoder
from agent.exceptions import NothingToLearnFrom, ReleaseIncomplete
from agent.learning import encoder_name
from agent.models import AgentRun, EngineBuild, Release
from agent.releases import learning
from agent.releases import services as releases
from agent.releases.training import keep_heads, training_set
from agent.revisiting import Recollection
from agent.runtime import Runtime
from agent.services.learning import work_fitting
from agent.services.replays import replay
from conversations.models import Message
from core import leases
from core.models import AuditEvent
from tests.agent.conftest import Fitted
from tests.conversations.talk import wrote

pytestmark = pytest.mark.django_db

QUESTION = "How long does delivery take?"


def told(text: str, mind: Runtime, *, thread: str) -> AgentRun:
    """The run that answered a new customer."""
    conversation = wrote(text, thread=thread)
    services.answer(conversation.pk, mind)
    return AgentRun.objects.latest("id")


def taught(text: str = "where on earth has my parcel got to") -> Release:
    """A draft with one more example, and another greeting, so that one sees which release answered."""
    draft = releases.create_draft(None)
    draft.examples.create(purpose="intent", label="order_status", language="en", text=text)
    releases.set_template(draft, "greeting", "en", "Ahoy!", None)
    return draft


def fallen(report: dict[str, Any], by: float) -> dict[str, Any]:
    """A report in which so much less is understood."""
    intent = report["general"]["intent"]
    return {**report, "general": {**report["general"], "intent": {**intent, "accuracy": intent["accuracy"] - by}}}


@dataclass
class Pupil:
    """A mind that learns at once: the heads at hand, with the report it is told to bring home."""

    fitted: Fitted
    by: float = 0.0
    meanwhile: Callable[[], object] = lambda: None
    prepared: list[int] = field(default_factory=list)
    learnt: list[int] = field(default_factory=list)

    def learn(self, release_id: int) -> None:
        self.learnt.append(release_id)
        self.meanwhile()
        keep_heads(
            release_id,
            encoder=encoder_name(self.fitted.encoder),
            digest=training_set(release_id).digest,
            data=self.fitted.heads,
            report=fallen(self.fitted.report, self.by),
        )

    def prepare(self, release_id: int) -> None:
        self.prepared.append(release_id)


class Hopeless(Pupil):
    """One that learns nothing."""

    def learn(self, release_id: int) -> None:
        raise NothingToLearnFrom("Sentiment examples are missing: neutral.")


def test_until_changed_examples_are_learnt_the_release_before_answers(mind: Runtime, fitted: Fitted) -> None:
    first = told("hello there", mind, thread="one")
    published = releases.publish(taught(), None)
    builds = EngineBuild.objects.count()

    meanwhile = told("hello there", mind, thread="two")
    assert EngineBuild.objects.count() == builds
    work_fitting(published.pk, Pupil(fitted))
    after = told("hello there", mind, thread="three")

    assert [run.trace["release"] for run in (first, meanwhile, after)] == [1, 1, published.number]
    assert [run.release_id for run in (first, meanwhile, after)] == [first.release_id, first.release_id, published.pk]
    assert after.draft == "Ahoy!"
    memory = Recollection(runtime=Runtime(fitted.encoder))
    assert [replay(run, memory).differences for run in (first, meanwhile, after)] == [()] * 3


def test_what_really_is_fitted_in_the_task_answers_then(mind: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.runtime._runtime", mind)
    published = releases.publish(taught(), None)

    tasks.refit(published.pk)

    published.refresh_from_db()
    build = EngineBuild.objects.get(release=published)
    assert build.training_hash == training_set(published.pk).digest
    assert build.report["general"]["intent"]["accuracy"] > 0.8
    assert (published.fit_at, published.heads_from) == (None, None)
    assert told("hello there", mind, thread="one").draft == "Ahoy!"


def test_a_release_without_other_examples_answers_at_once(mind: Runtime) -> None:
    published = releases.publish(releases.configure("bot.name", "Kim", None), None)

    assert published.fit_at is None
    assert releases.answering_release() == published


def test_what_was_fitted_as_a_draft_answers_at_once(mind: Runtime, fitted: Fitted) -> None:
    draft = taught()
    learning.want(draft)
    work_fitting(draft.pk, Pupil(fitted))

    published = releases.publish(draft, None)

    assert published.fit_at is None
    assert told("hello there", mind, thread="one").draft == "Ahoy!"


def test_the_switch_of_a_release_that_still_learns_counts_at_once(mind: Runtime, fitted: Fitted) -> None:
    draft = taught()
    releases.configure("bot.enabled", "false", None, draft=draft)
    published = releases.publish(draft, None)

    run = told("hello there", mind, thread="one")

    assert (run.release_id, run.trace) == (published.pk, {"switched_off": True})
    assert replay(run, Recollection(runtime=Runtime(fitted.encoder))).equal


@pytest.mark.parametrize(("by", "keeps"), [(0.05, True), (0.01, False), (-0.05, False)])
@pytest.mark.parametrize("when", ["before", "after"])
def test_heads_that_understand_less_are_not_taken(
    mind: Runtime, release: Release, fitted: Fitted, by: float, keeps: bool, when: str
) -> None:
    draft = taught()
    if when == "before":
        learning.want(draft)
        work_fitting(draft.pk, Pupil(fitted, by=by))
    published = releases.publish(draft, None)
    if when == "after":
        work_fitting(published.pk, Pupil(fitted, by=by))

    published.refresh_from_db()
    assert published.heads_from == (release if keeps else None)
    run = told("hello there", mind, thread="one")
    assert (run.draft, run.release_id) == ("Ahoy!", published.pk)
    assert replay(run, Recollection(runtime=Runtime(fitted.encoder))).equal


@pytest.mark.parametrize("when", ["before", "after"])
def test_whoever_publishes_may_take_heads_that_understand_less(release: Release, fitted: Fitted, when: str) -> None:
    draft = taught()
    if when == "before":
        learning.want(draft)
        work_fitting(draft.pk, Pupil(fitted, by=0.05))
    published = releases.publish(draft, None, accept_worse=True)
    if when == "after":
        work_fitting(published.pk, Pupil(fitted, by=0.05))

    published.refresh_from_db()
    assert (published.heads_from, published.fit_at) == (None, None)


def test_kept_heads_are_kept_over_the_next_releases_and_on_the_way_back(
    mind: Runtime, release: Release, fitted: Fitted
) -> None:
    published = releases.publish(taught(), None)
    work_fitting(published.pk, Pupil(fitted, by=0.05))

    following = releases.publish(releases.configure("bot.name", "Kim", None), None)
    back = releases.rollback(None)

    assert (following.heads_from, following.fit_at) == (release, None)
    assert (back.heads_from, back.fit_at) == (release, None)
    assert EngineBuild.objects.filter(training_hash=training_set(release.pk).digest).count() == 1


def test_what_is_decided_and_what_answers_is_audited(release: Release, fitted: Fitted) -> None:
    published = releases.publish(taught(), None)

    work_fitting(published.pk, Pupil(fitted, by=0.05))

    event = AuditEvent.objects.filter(action="release.learnt").get()
    assert event.after == {"heads_of_release": release.number}


def test_a_published_release_is_prepared_before_it_answers_and_a_draft_is_not(release: Release, fitted: Fitted) -> None:
    draft = taught()
    learning.want(draft)
    pupil = Pupil(fitted)

    work_fitting(draft.pk, pupil)
    assert pupil.prepared == []
    published = releases.publish(taught("has my parcel got lost somewhere on its way"), None)
    work_fitting(published.pk, pupil)

    assert pupil.prepared == [published.pk]


def test_an_edited_draft_is_fitted_once_nobody_edited_it_for_a_while(release: Release, fitted: Fitted) -> None:
    draft = taught()
    pupil = Pupil(fitted)
    learning.want(draft, after=learning.DEBOUNCE)

    assert not work_fitting(draft.pk, pupil)
    Release.objects.filter(pk=draft.pk).update(fit_at=timezone.now() - timedelta(seconds=1))

    assert learning.due() == [draft.pk]
    assert work_fitting(draft.pk, pupil)
    assert (pupil.learnt, learning.due()) == ([draft.pk], [])


def test_an_edit_during_a_fit_asks_for_another(release: Release, fitted: Fitted) -> None:
    draft = taught()
    learning.want(draft)

    done = work_fitting(draft.pk, Pupil(fitted, meanwhile=lambda: learning.want(draft, after=learning.DEBOUNCE)))

    draft.refresh_from_db()
    assert not done
    assert draft.fit_at is not None


def test_a_draft_published_during_its_fit_is_decided_upon(release: Release, fitted: Fitted) -> None:
    draft = taught()
    learning.want(draft)

    work_fitting(draft.pk, Pupil(fitted, by=0.05, meanwhile=lambda: releases.publish(draft, None)))
    assert learning.due() == [draft.pk]
    work_fitting(draft.pk, Pupil(fitted, by=0.05))

    draft.refresh_from_db()
    assert (draft.heads_from, draft.fit_at) == (release, None)


def test_one_fits_at_a_time(release: Release, fitted: Fitted) -> None:
    published = releases.publish(taught(), None)
    leases.take("fitting of heads", owner="somebody else", seconds=60)

    assert not work_fitting(published.pk, Pupil(fitted))

    assert learning.due() == [published.pk]


@pytest.mark.parametrize("accept_worse", [True, False])
def test_what_nothing_can_be_learnt_from_answers_with_the_heads_before_it(
    release: Release, fitted: Fitted, accept_worse: bool
) -> None:
    published = releases.publish(taught(), None, accept_worse=accept_worse)

    work_fitting(published.pk, Hopeless(fitted))

    published.refresh_from_db()
    assert (published.heads_from, published.fit_at) == (release, None)


def test_a_draft_without_a_tone_is_not_published(release: Release) -> None:
    draft = taught()
    draft.examples.filter(purpose="sentiment", label="neutral").delete()

    with pytest.raises(ReleaseIncomplete, match="tone “neutral”"):
        releases.publish(draft, None)


class Held(Encoder):
    """An encoder that stands still at one text until it may go on."""

    def __init__(self, encoder: Encoder) -> None:
        self.__dict__.update(encoder.__dict__)
        self.reached, self.may_go_on = threading.Event(), threading.Event()

    def encode(self, texts: Any, cache: Any = None) -> Any:
        if any("on earth" in text for text in texts):
            self.reached.set()
            assert self.may_go_on.wait(30)
        return super().encode(texts, cache)


@pytest.mark.django_db(transaction=True)
def test_turns_go_on_in_the_process_that_fits(release: Release, fitted: Fitted) -> None:
    encoder = Held(fitted.encoder)
    mind = Runtime(encoder)
    told(QUESTION, mind, thread="one")
    published = releases.publish(taught(), None)
    fitting = threading.Thread(target=lambda: mind.learn(published.pk), daemon=True)

    fitting.start()
    assert encoder.reached.wait(30)
    told(QUESTION, mind, thread="two")
    assert fitting.is_alive()
    encoder.may_go_on.set()
    fitting.join(60)

    assert Message.objects.filter(direction="out").count() == 2
    assert learning.is_fitted(published)
