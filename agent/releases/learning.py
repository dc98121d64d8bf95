"""When a release's heads are fitted, and with which it answers: its own, or where these are worse those before them.

A fit takes seconds, and no customer waits for it: until it is done, the release that was published before answers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from agent.models import EngineBuild, Release
from agent.releases.training import training_set
from agent.signals import heads_wanted
from core import audit

DEBOUNCE = timedelta(seconds=10)
"""So long after the last edit an edited draft is fitted."""

NOISE = 0.015
"""A cross-validation on a few examples more or less differs by so much without anything being worse."""

_FIGURES = {
    "intents": ("general", "intent", "accuracy"),
    "intents in English": ("english", "intent", "accuracy"),
    "tone": ("general", "sentiment", "macro_f1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One cross-validated figure of the heads before and of those after."""

    name: str
    before: float
    after: float

    @property
    def is_worse(self) -> bool:
        """Whether it fell by more than chance explains."""
        return self.after < self.before - NOISE

    @property
    def before_percent(self) -> str:
        """For people."""
        return f"{self.before:.1%}"

    @property
    def after_percent(self) -> str:
        """For people."""
        return f"{self.after:.1%}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How much is understood with a release's own heads, against those of ``against``."""

    against: Release
    figures: tuple[Figure, ...]

    @property
    def is_worse(self) -> bool:
        """Whether anything is understood less well."""
        return any(figure.is_worse for figure in self.figures)


def want(release: Release, *, after: timedelta = timedelta(0)) -> None:
    """Have a release's heads fitted, so long from now. Another call before that begins anew."""
    release.fit_at = timezone.now() + after
    Release.objects.filter(pk=release.pk).update(fit_at=release.fit_at)
    announce(release, after=after)


def announce(release: Release, *, after: timedelta = timedelta(0)) -> None:
    """Tell, once this is committed, whoever has heads fitted."""
    tell = partial(heads_wanted.send, Release, release_id=release.pk, after=after.total_seconds())
    transaction.on_commit(tell, robust=True)


def due() -> list[int]:
    """The releases whose heads are to be fitted now; the published one first."""
    waiting = Release.objects.filter(fit_at__isnull=False).exclude(state=Release.State.RETIRED)
    return [release.pk for release in waiting.order_by("-state", "-number") if is_due(release)]


def is_due(release: Release) -> bool:
    """Whether its heads are to be fitted now. While a draft is edited it waits."""
    if release.fit_at is None or release.state == Release.State.RETIRED:
        return False
    now = timezone.now()
    # What is further off than an edit can have said was said before the clock was put back.
    return release.state == Release.State.PUBLISHED or not now < release.fit_at <= now + 2 * DEBOUNCE


def source_of(release: Release) -> Release:
    """The release whose examples its heads are fitted from."""
    return release.heads_from or release


def compare(release: Release, against: Release | None) -> Comparison | None:
    """A release's own heads against those of another; None where they are the same, or either was not fitted yet."""
    if against is None:
        return None
    own, other = training_set(release.pk).digest, training_set(against.pk).digest
    if own == other:
        return None
    # Figures of different encoders tell nothing about the examples.
    known = dict(EngineBuild.objects.filter(training_hash=other).order_by("id").values_list("encoder", "report"))
    builds = EngineBuild.objects.filter(training_hash=own).order_by("-id").values_list("encoder", "report")
    for encoder, report in builds:
        if encoder in known:
            return Comparison(against=against, figures=tuple(_figures(known[encoder], report)))
    return None


def _figures(before: dict[str, Any], after: dict[str, Any]) -> list[Figure]:
    found = []
    for name, way in _FIGURES.items():
        was, now = _at(before, way), _at(after, way)
        if was is not None and now is not None:
            found.append(Figure(name=name, before=was, after=now))
    return found


def _at(report: Any, way: tuple[str, ...]) -> float | None:
    for step in way:
        report = report.get(step) if isinstance(report, dict) else None
    return float(report) if isinstance(report, int | float) else None


def teaches_the_same(release: Release, other: Release) -> bool:
    """Whether two releases have the same examples and intents."""
    return training_set(release.pk).digest == training_set(other.pk).digest


def is_fitted(release: Release) -> bool:
    """Whether heads were fitted from exactly its examples."""
    return EngineBuild.objects.filter(training_hash=training_set(release.pk).digest).exists()


def choose_heads(draft: Release, before: Release | None, *, accept_worse: bool) -> None:
    """Say on a draft that is being published with which heads it answers; the caller saves it.

    Where they are not fitted yet, that is asked for, and the choice is made when they are: until then the former ones are
    named, unless ``accept_worse``.
    """
    draft.heads_from = draft.fit_at = None
    if before is None:
        return
    former = source_of(before)
    if teaches_the_same(draft, former):
        return
    if not is_fitted(draft):
        draft.fit_at = timezone.now()
        draft.heads_from = None if accept_worse else former
        announce(draft)
        return
    compared = compare(draft, former)
    if compared is not None and compared.is_worse and not accept_worse:
        draft.heads_from = former


def choose_heads_again(copy: Release, original: Release) -> None:
    """Say on a copy, which is being published again, that it answers with the heads of its original; the caller saves it."""
    copy.heads_from, copy.fit_at = original.heads_from, None
    if original.fit_at is not None:
        copy.fit_at = timezone.now()
        announce(copy)


def decide(release_id: int) -> Release:
    """With its heads fitted, let a published release answer with its own unless they are worse; the release as it is then."""
    with transaction.atomic():
        release = Release.objects.select_related("heads_from").get(pk=release_id)
        if release.state == Release.State.PUBLISHED and release.heads_from is not None:
            compared = compare(release, release.heads_from)
            if compared is None or not compared.is_worse:
                release.heads_from = None
                release.save(update_fields=["heads_from"])
    return release


@transaction.atomic
def give_up(release: Release) -> None:
    """Let a published release that nothing can be learnt from answer with the heads of the one before it."""
    former = former_release()
    if release.state == Release.State.PUBLISHED and release.heads_from is None and former is not None:
        release.heads_from = source_of(former)
        release.save(update_fields=["heads_from"])


def former_release() -> Release | None:
    """The release that was the last to answer before the published one."""
    answered = Release.objects.filter(state=Release.State.RETIRED, fit_at__isnull=True)
    return answered.select_related("heads_from").order_by("-published_at", "-number").first()


@transaction.atomic
def finish(release: Release, *, asked_for: datetime) -> bool:
    """Note that a release's heads are fitted, and let a published one answer; False where it was edited or published meanwhile."""
    if not Release.objects.filter(pk=release.pk, fit_at=asked_for).update(fit_at=None):
        return False
    if release.state == Release.State.PUBLISHED:
        audit.record(None, "release.learnt", release, after={"heads_of_release": source_of(release).number})
    return True
