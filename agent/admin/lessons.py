"""What those who publish are told of what a draft's examples teach."""

from dataclasses import dataclass

from agent.models import Release
from agent.releases import learning
from agent.releases.learning import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """One sentence, and the figures it rests on. ``may_choose`` says that publishing may have to take less."""

    sentence: str
    figures: tuple[Figure, ...] = ()
    may_choose: bool = False


def lessons_of(release: Release, answering: Release | None) -> Lessons | None:
    """What publishing a draft changes in what is understood, or what a published release learnt; None where nothing differs."""
    if release.state != Release.State.DRAFT:
        return _published(release)
    if answering is None:
        return None
    former = learning.source_of(answering)
    found = learning.compare(release, former)
    if found is None:
        return None if learning.teaches_the_same(release, former) else _unknown(former)
    if not found.is_worse:
        return Lessons(sentence="With the changed examples no less is understood.", figures=found.figures)
    return Lessons(
        sentence=f"With the changed examples less is understood. What {former} learnt is kept, unless you say otherwise.",
        figures=found.figures,
        may_choose=True,
    )


def _unknown(former: Release) -> Lessons:
    return Lessons(
        sentence="The examples changed and are being learnt; load this page again in a minute to see what comes of it. "
        f"Published now, answers follow this release once they are learnt. If less is then understood, what {former} "
        "learnt is kept, unless you say otherwise.",
        may_choose=True,
    )


def _published(release: Release) -> Lessons | None:
    if release.state == Release.State.PUBLISHED and release.fit_at is not None:
        return Lessons(sentence="Its examples are being learnt. Until that is done the release before it answers.")
    if release.heads_from is None:
        return None
    found = learning.compare(release, release.heads_from)
    return Lessons(
        sentence=f"It answers with what {release.heads_from} learnt, because with its own examples less is understood.",
        figures=found.figures if found is not None else (),
    )
