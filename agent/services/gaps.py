"""Reading the runs: which questions no article answers, in groups of like ones, and which passages were quoted.

The runs are read once each and in order, some at a time, after they have ended; one process does it at a time.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.text import slugify

from agent.exceptions import ArticleUnreadable
from agent.knowledge.services import MOST_TITLE_CHARACTERS, ArticleText
from agent.models import AgentRun, Article, ArticleOrigin, Bookmark, Gap, GapQuestion, PassageUse
from agent.releases.editing import propose_article
from agent.services.importing import business_languages
from conversations.models import Conversation, Message
from conversations.types import ReasonCategory
from core import audit, leases
from core.models import User
from core.policy import Action, require
from core.redaction import redact
from core.text import one_line

RUNS_A_PASS = 200
# A run that began this long ago is written, if its number was given out before a later one's.
SETTLED = timedelta(seconds=60)
LEASE_SECONDS = 100
# Questions join groups that were asked within so many days, the most recent so many of them.
JOINED_WITHIN = timedelta(days=90)
MOST_GROUPS = 1_000
GROUPS_A_PAGE = 20
QUESTIONS_SHOWN = 4
LEAST_WORDS = 3

_NAME = "knowledge runs"
_NOT_KNOWN = frozenset(
    {ReasonCategory.LOW_CONFIDENCE.value, ReasonCategory.REPEATED.value, ReasonCategory.BOT_FAILED.value}
)
_SAYS_SO = frozenset({"cannot_answer", "unsupported_message"})
_ENDED = (AgentRun.State.REPLIED, AgentRun.State.ESCALATED)


class Places(Protocol):
    """A worker's mind, as far as it is needed here."""

    def place_questions(
        self, texts: Sequence[str], middles: Sequence[bytes], counts: Sequence[int]
    ) -> tuple[list[int], dict[int, bytes]]:
        """The group of each text, by number, and the middles of the groups that changed; new groups have new numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuestion:
    """An unanswered question with a person's answer, where there is one; addresses and numbers of people are masked.

    ``asked_in`` is the number of the conversation, and ``conversation`` its public id where a person answered.
    """

    text: str
    language: str
    at: datetime
    asked_in: int
    conversation: uuid.UUID | None
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGap:
    """A gap as its page shows it; ``answer`` is a person's, the latest there is."""

    gap: Gap
    questions: tuple[AskedQuestion, ...]

    @property
    def title(self) -> str:
        """The newest question stands for all."""
        return self.questions[0].text if self.questions else ""

    @property
    def answer(self) -> str:
        """What the draft would say."""
        return next((each.answer for each in self.questions if each.answer), "")


def unread() -> bool:
    """Whether a run waits to be read."""
    return _waiting().exists()


def _waiting() -> "QuerySet[AgentRun]":
    position = Bookmark.objects.filter(name=_NAME).values_list("position", flat=True).first() or 0
    running = AgentRun.objects.filter(state=AgentRun.State.RUNNING).order_by("pk").values_list("pk", flat=True).first()
    runs = AgentRun.objects.filter(pk__gt=position, started_at__lt=timezone.now() - SETTLED)
    return runs.filter(pk__lt=running) if running is not None else runs


def read_runs(mind: Places) -> int:
    """Read the next runs; returns how many. What they say is counted once, whatever is killed when."""
    with leases.held(_NAME, seconds=LEASE_SECONDS) as is_ours:
        if not is_ours:
            return 0
        rows = list(
            _waiting()
            .order_by("pk")
            .values_list(
                "pk", "state", "started_at", "trace__reply__kind", "trace__reply__template", "trace__reply__sources",
                "trace__escalation__reason", "trace__knowledge__rest_unanswered", "envelope__brief__message",
            )[:RUNS_A_PASS]
        )  # fmt: skip
        if rows:
            _take_in(rows, mind)
        return len(rows)


@transaction.atomic
def _take_in(rows: Sequence[tuple[Any, ...]], mind: Places) -> None:
    cited: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    unanswered: list[tuple[int, datetime, str]] = []
    for pk, state, at, kind, template, sources, reason, rest, message in rows:
        if state not in _ENDED:
            continue
        for passage in _passages(sources):
            cited[passage] += 1
            last[passage] = at
        is_open = (
            (kind == "offer" and template in _SAYS_SO) or (kind == "hand_over" and reason in _NOT_KNOWN) or rest is True
        )
        if is_open and isinstance(message, str) and len(message.split()) >= LEAST_WORDS:
            unanswered.append((pk, at, message))
    _count(cited, last)
    _group(unanswered, mind)
    Bookmark.objects.update_or_create(name=_NAME, defaults={"position": rows[-1][0]})


def _passages(sources: object) -> list[str]:
    found = [each.get("passage") for each in sources if isinstance(each, dict)] if isinstance(sources, list) else []
    return [each for each in dict.fromkeys(found) if isinstance(each, str) and _is_uuid(each)]


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _count(cited: Counter[str], last: dict[str, datetime]) -> None:
    for passage, number in cited.items():
        if not PassageUse.objects.filter(passage=passage).update(count=F("count") + number, last_at=last[passage]):
            PassageUse.objects.create(passage=passage, count=number, last_at=last[passage])


def _group(unanswered: Sequence[tuple[int, datetime, str]], mind: Places) -> None:
    if not unanswered:
        return
    recent = Gap.objects.filter(last_at__gte=timezone.now() - JOINED_WITHIN).order_by("-last_at")[:MOST_GROUPS]
    groups = list(recent)
    placed, middles = mind.place_questions(
        [message for _, _, message in unanswered], [bytes(gap.vector) for gap in groups], [gap.count for gap in groups]
    )
    for (pk, at, _), number in zip(unanswered, placed, strict=True):
        if number == len(groups):
            groups.append(Gap(vector=b"", first_at=at, last_at=at))
        gap = groups[number]
        gap.count, gap.last_at, gap.vector = gap.count + 1, max(gap.last_at, at), middles[number]
        gap.save()
        GapQuestion.objects.create(run_id=pk, gap=gap, at=at)


def page_of_gaps(state: str, number: int) -> tuple[list[ShownGap], bool]:
    """The gaps of a page, those asked most and latest first, and whether there are more; always the same few queries."""
    start = number * GROUPS_A_PAGE
    found = list(Gap.objects.filter(state=state).select_related("article")[start : start + GROUPS_A_PAGE + 1])
    page = found[:GROUPS_A_PAGE]
    questions = _questions_of(page)
    return [ShownGap(gap=gap, questions=tuple(questions.get(gap.pk, ()))) for gap in page], len(found) > GROUPS_A_PAGE


def _questions_of(gaps: Sequence[Gap]) -> dict[int, list[AskedQuestion]]:
    """The newest questions of each gap, those that a person answered first."""
    newest = GapQuestion.objects.filter(gap=OuterRef("gap")).order_by("-at", "-id").values("pk")[:QUESTIONS_SHOWN]
    human = Message.objects.filter(
        conversation=OuterRef("run__conversation_id"), seq__gt=OuterRef("run__to_seq"), sender_type=Message.Sender.HUMAN
    ).order_by("seq")
    rows = (
        GapQuestion.objects.filter(gap__in=gaps, pk__in=Subquery(newest))
        .annotate(
            answer=Subquery(human.values("text")[:1]),
            conversation=Subquery(human.values("conversation__public_id")[:1]),
        )
        .order_by("gap", "-at", "-id")
        .values_list(
            "gap",
            "at",
            "run__conversation_id",
            "run__envelope__brief__message",
            "run__language",
            "answer",
            "conversation",
        )
    )
    found: dict[int, list[AskedQuestion]] = {}
    for gap, at, asked_in, message, language, answer, conversation in rows:
        if not message:
            # Its time of keeping was over.
            continue
        found.setdefault(gap, []).append(
            AskedQuestion(
                text=redact(one_line(message)),
                language=language,
                at=at,
                asked_in=asked_in,
                conversation=conversation,
                answer=redact(answer or ""),
            )
        )
    return found


@transaction.atomic
def draft_article(gap: Gap, by: User) -> Article:
    """Make a person's answer a draft article that answers the gap's questions. Raises NotAllowed, ArticleUnreadable.

    Nobody is answered from it until a release publishes it, and until then it is to be read over: it speaks to one customer.
    Whose words it holds is kept, so that it goes, or is read over again, when one of them is erased.
    """
    _may_see(by)
    shown = ShownGap(gap=gap, questions=tuple(_questions_of([gap]).get(gap.pk, ())))
    answered = next((each for each in shown.questions if each.answer), None)
    if answered is None:
        raise ArticleUnreadable("No person has answered this yet. Write the article yourself.")
    languages = business_languages()
    title = one_line(shown.title, MOST_TITLE_CHARACTERS)
    stem = slugify(title)[:100] or "question"
    text = ArticleText(
        slug=f"{stem}-{gap.public_id.hex[:6]}",
        language=answered.language if answered.language in languages else languages[0],
        title=title,
        body=answered.answer,
        questions={"": list(dict.fromkeys(each.text for each in shown.questions))},
    )
    version, _ = propose_article(text, by)
    talks = {each.asked_in for each in shown.questions}
    for talk in Conversation.objects.filter(pk__in=talks):
        ArticleOrigin.objects.get_or_create(article=version.article, conversation=talk)
    Gap.objects.filter(pk=gap.pk).update(state=Gap.State.DRAFTED, article=version.article)
    audit.record(by, "knowledge.gap_drafted", gap, after={"article": version.article_id})
    return version.article


@transaction.atomic
def dismiss(gap: Gap, by: User) -> None:
    """Say that no article is to answer this. Raises NotAllowed."""
    _may_see(by)
    if Gap.objects.filter(pk=gap.pk, state=Gap.State.OPEN).update(state=Gap.State.DISMISSED):
        audit.record(by, "knowledge.gap_dismissed", gap)


@transaction.atomic
def reopen(gap: Gap, by: User) -> None:
    """Say that an article is wanted after all. Raises NotAllowed."""
    _may_see(by)
    if Gap.objects.filter(pk=gap.pk, state=Gap.State.DISMISSED).update(state=Gap.State.OPEN):
        audit.record(by, "knowledge.gap_reopened", gap)


def _may_see(by: User) -> None:
    require(by, Action.EDIT_KNOWLEDGE)
    require(by, Action.VIEW_ALL_CONVERSATIONS)


def forget_questions(conversation_ids: Sequence[int]) -> None:
    """Take the questions of these conversations out of their gaps; gaps that have none left go too."""
    questions = GapQuestion.objects.filter(run__conversation_id__in=conversation_ids)
    touched = list(questions.values_list("gap", flat=True).distinct())
    questions.delete()
    kept = GapQuestion.objects.filter(gap=OuterRef("pk"))
    Gap.objects.filter(pk__in=touched).exclude(Exists(kept)).delete()
