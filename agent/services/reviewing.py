"""Looking the published articles over for duplicates and contradictions, once a release."""

from typing import Any, Protocol

from django.db import transaction

from agent.models import Bookmark, KnowledgeFinding, Passage
from agent.releases.services import current_release
from core import audit, leases
from core.exceptions import NotAllowed
from core.models import User
from core.policy import Action, allows
from core.text import one_line

LEASE_SECONDS = 300
_NAME = "knowledge review"
_WORDS = 400


class Reviews(Protocol):
    """A worker's mind, as far as it is needed here."""

    def review(self, release_id: int) -> list[dict[str, Any]]:
        """``{kind, left, right, left_words, right_words, score}`` of each pair of passages, named by their public ids."""


def is_due() -> bool:
    """Whether the published release has articles that were not looked over yet."""
    release = current_release()
    if release is None or Bookmark.objects.filter(name=_NAME, position=release.pk).exists():
        return False
    return release.articles.exists()


def review(mind: Reviews) -> int:
    """Look the published release over; returns how many findings it has. What was dismissed before stays dismissed."""
    release = current_release()
    with leases.held(_NAME, seconds=LEASE_SECONDS) as is_ours:
        if release is None or not is_ours:
            return 0
        found = mind.review(release.pk)
        rows = Passage.objects.filter(version__releases=release).values_list("public_id", "pk")
        numbers = {str(public_id): pk for public_id, pk in rows}
        with transaction.atomic():
            pairs = KnowledgeFinding.objects.exclude(kind=KnowledgeFinding.Kind.ERASED)
            pairs.filter(is_current=True).update(is_current=False)
            for each in found:
                left, right = sorted(((each["left"], each["left_words"]), (each["right"], each["right_words"])))
                KnowledgeFinding.objects.update_or_create(
                    kind=each["kind"],
                    left_public_id=left[0],
                    right_public_id=right[0],
                    defaults={
                        "left_id": numbers[left[0]],
                        "right_id": numbers[right[0]],
                        "left_words": one_line(left[1], _WORDS),
                        "right_words": one_line(right[1], _WORDS),
                        "score": each["score"],
                        "is_current": True,
                    },
                )
            Bookmark.objects.update_or_create(name=_NAME, defaults={"position": release.pk})
        return len(found)


@transaction.atomic
def dismiss(finding: KnowledgeFinding, by: User) -> None:
    """Say that both may stand as they do. Raises NotAllowed."""
    _require(by, finding)
    dismissed = KnowledgeFinding.State.DISMISSED
    if KnowledgeFinding.objects.filter(pk=finding.pk).exclude(state=dismissed).update(state=dismissed):
        audit.record(by, "knowledge.finding_dismissed", finding)


@transaction.atomic
def reopen(finding: KnowledgeFinding, by: User) -> None:
    """Say that it is to be looked at after all. Raises NotAllowed."""
    _require(by, finding)
    opened = KnowledgeFinding.State.OPEN
    if KnowledgeFinding.objects.filter(pk=finding.pk).exclude(state=opened).update(state=opened):
        audit.record(by, "knowledge.finding_reopened", finding)


def _require(by: User, finding: KnowledgeFinding) -> None:
    """Raise NotAllowed unless ``by`` may edit one of the two articles."""
    for passage in (finding.left, finding.right):
        if allows(by, Action.EDIT_KNOWLEDGE, passage.version.article.policy_subject):
            return
    raise NotAllowed("You look after neither of the two articles. Ask whoever does.")
