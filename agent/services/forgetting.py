"""Erasing what the agent holds of a person: what runs were asked, drafted, thought and sent to models, and articles drafted
from the person's talks. Figures stay."""

from collections.abc import Iterable, Sequence

from agent.models import AgentRun, Article, ArticleVersion, Gap, KnowledgeFinding, Passage, Replay
from agent.services.gaps import forget_questions
from core import audit

TO_READ_OVER = "A customer whose words this article was drafted from was erased. See whether it still names them."


def forget_runs(conversation_ids: Iterable[int]) -> int:
    """Empty the runs of these conversations; returns how many there are."""
    ids = list(conversation_ids)
    forget_questions(ids)
    runs = AgentRun.objects.filter(conversation_id__in=ids)
    Replay.objects.filter(run__in=runs).delete()
    return runs.update(draft="", envelope={}, trace={}, error="")


def forget_articles(conversation_ids: Sequence[int]) -> int:
    """Delete the articles drafted from these conversations that were never published; returns how many.

    Of a published one the versions that no release has go; the rest is a finding, so that a person reads it over: other
    customers are answered from it, and what they were told has to stay known.
    """
    gone = 0
    drafted = Article.objects.filter(origins__conversation__in=conversation_ids).distinct()
    for article in drafted.order_by("pk"):
        if article.was_published:
            ArticleVersion.objects.filter(article=article, releases=None).delete()
            _find(article)
        else:
            # What others asked of it is unanswered again.
            Gap.objects.filter(article=article).update(state=Gap.State.OPEN, article=None)
            article.delete()
            gone += 1
    return gone


def _find(article: Article) -> None:
    """Ask a person to look, also where an earlier finding of the same kind was dismissed."""
    passages = Passage.objects.filter(version__article=article, version__releases__published_at__isnull=False)
    first = passages.order_by("-version__number", "position").first()
    if first is None:
        return
    finding, _ = KnowledgeFinding.objects.update_or_create(
        kind=KnowledgeFinding.Kind.ERASED,
        left_public_id=first.public_id,
        right_public_id=first.public_id,
        defaults={
            "left": first,
            "right": first,
            "left_words": TO_READ_OVER,
            "right_words": "",
            "score": 0.0,
            "state": KnowledgeFinding.State.OPEN,
            "is_current": True,
        },
    )
    audit.record(None, "knowledge.to_read_over", article, after={"finding": finding.pk})


def forget_run(run: AgentRun) -> None:
    """The same for a run that is not saved yet."""
    run.draft = run.error = ""
    run.envelope, run.trace = {}, {}
