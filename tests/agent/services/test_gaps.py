"""Gaps and use, read from the runs: once each, like questions together, nothing kept of who was erased."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agent.models import AgentRun, Article, ArticleVersion, Gap, GapQuestion, KnowledgeFinding, PassageUse, Release
from agent.releases import services as releases
from agent.services import gaps
from agent.services.forgetting import forget_articles, forget_runs
from conversations.models import Conversation, Message
from core.exceptions import NotAllowed
from core.models import AuditEvent
from core.policy import Role
from tests.factories import make_conversation, make_message, make_user

pytestmark = pytest.mark.django_db


class FirstWords:
    """Groups by the first word: what is like what is the engine's affair, and tested there."""

    def place_questions(
        self, texts: Sequence[str], middles: Sequence[bytes], counts: Sequence[int]
    ) -> tuple[list[int], dict[int, bytes]]:
        known = [bytes(middle).decode() for middle in middles]
        placed = []
        for text in texts:
            word = text.split()[0].strip(",")
            if word not in known:
                known.append(word)
            placed.append(known.index(word))
        return placed, {number: known[number].encode() for number in placed}


def ran(
    text: str, *, state: str = "escalated", conversation: Conversation | None = None, minutes: int = 5, **reply: Any
) -> AgentRun:
    """A run over a customer's words that ended, as the agent leaves it."""
    conversation = conversation or make_conversation()
    message = make_message(conversation, text)
    at = timezone.now() - timedelta(minutes=minutes)
    given = {"kind": "hand_over", "template": "", "sources": []} | reply
    return AgentRun.objects.create(
        conversation_id=conversation.pk, epoch=message.seq, release=Release.objects.current().get(), from_seq=message.seq,
        to_seq=message.seq, state=state, started_at=at, ended_at=at, language="en", envelope={"brief": {"message": text}},
        trace={"reply": given, "escalation": {"reason": "low_confidence" if given["kind"] == "hand_over" else ""}},
    )  # fmt: skip


def read() -> int:
    return gaps.read_runs(FirstWords())


def test_unanswered_questions_are_grouped_and_ranked_with_a_persons_answer(first_release: Release) -> None:
    run = ran("Canoes, do you rent them? Call +44 20 7946 0000")
    conversation = Conversation.objects.get(pk=run.conversation_id)
    make_message(conversation, "Yes, at the lake. Write to ada@mail.example.", sender=Message.Sender.HUMAN)
    ran("Students get a discount?", kind="offer", template="cannot_answer", state="replied")
    ran("Canoes for a weekend maybe?")
    ran("Canoes cost how much?", kind="answer", state="replied")
    ran("Thanks a lot then", kind="offer", template="calm_offer", state="replied")

    assert read() == 5
    shown, has_more = gaps.page_of_gaps("open", 0)

    assert [(each.gap.count, each.title) for each in shown] == [
        (2, "Canoes for a weekend maybe?"),
        (1, "Students get a discount?"),
    ]
    assert [each.answer for each in shown] == ["Yes, at the lake. Write to [e-mail].", ""]
    assert "7946" not in str(shown)
    assert not has_more


def test_each_run_is_read_once_and_none_before_it_has_ended(first_release: Release) -> None:
    ran("Canoes are for rent?")
    ran("Canoes, still thinking", state="running", minutes=2)
    AgentRun.objects.filter(state="running").update(ended_at=None)
    ran("Canoes after that one?", minutes=2)

    assert (read(), gaps.unread(), read()) == (1, False, 0)
    AgentRun.objects.filter(state="running").update(state="failed", ended_at=timezone.now())
    assert (gaps.unread(), read()) == (True, 2)
    assert Gap.objects.get().count == 2


def test_passages_are_counted_where_they_are_quoted(first_release: Release) -> None:
    passage = str(uuid.uuid4())
    sources = [{"passage": passage, "title": "Returns"}]
    ran("How long?", state="replied", kind="answer", sources=sources, minutes=9)
    last = ran("How long then?", state="replied", kind="answer", sources=[*sources, *sources, {"passage": "x"}])
    read()
    ran("And now how long?", state="failed", kind="answer", sources=sources)
    read()

    use = PassageUse.objects.get()
    assert (str(use.passage), use.count, use.last_at) == (passage, 2, last.started_at)


def test_an_answer_becomes_a_draft_article(client: Client, first_release: Release) -> None:
    run = ran("Canoes, do you rent them?")
    make_message(Conversation.objects.get(pk=run.conversation_id), "Yes, at the lake.", sender=Message.Sender.HUMAN)
    read()
    gap = Gap.objects.get()
    client.force_login(make_user(role=Role.ADMIN))
    listed = client.get(reverse("knowledge-gaps")).content.decode()
    assert "Yes, at the lake." in listed

    pressed = client.post(reverse("knowledge-gap", args=[gap.public_id]), {"deed": "draft"})

    gap.refresh_from_db()
    article = Article.objects.get(slug__startswith="canoes-do-you-rent-them")
    version = article.newest_version
    assert version is not None
    assert pressed["Location"] == reverse("admin:agent_article_change", args=[article.pk])
    assert (version.body, version.questions) == ("Yes, at the lake.", {"": ["Canoes, do you rent them?"]})
    assert (gap.state, gap.article) == ("drafted", article)
    assert not first_release.articles.filter(article=article).exists()
    assert AuditEvent.objects.filter(action="knowledge.gap_drafted").exists()


def drafted() -> tuple[Article, int]:
    """An article drafted from a person's answer, and the number of the conversation."""
    run = ran("Canoes, do you rent them?")
    make_message(Conversation.objects.get(pk=run.conversation_id), "Yes, dear Ada.", sender=Message.Sender.HUMAN)
    read()
    return gaps.draft_article(Gap.objects.get(), make_user(role=Role.SUPERVISOR)), run.conversation_id


def test_a_draft_from_the_words_of_somebody_erased_goes(first_release: Release) -> None:
    article, talk = drafted()
    ran("Canoes for a weekend maybe?")
    read()

    assert forget_articles([talk + 1000]) == 0
    assert forget_articles([talk]) == 1

    assert not Article.objects.filter(pk=article.pk).exists()
    assert (Gap.objects.get().state, Gap.objects.get().article) == ("open", None)


def test_what_was_published_of_somebody_erased_is_read_over_by_a_person(client: Client, first_release: Release) -> None:
    article, talk = drafted()
    version = article.newest_version
    assert version is not None
    releases.publish(Release.objects.drafts().get(), None)
    ArticleVersion.objects.create(article=article, number=version.number + 1, title="Canoes", body="Dear Ada.")

    assert forget_articles([talk]) == 0

    assert list(article.versions.all()) == [version]
    finding = KnowledgeFinding.objects.get()
    assert (finding.kind, finding.state, finding.left.version) == ("erased", "open", version)
    client.force_login(make_user(role=Role.PROMPT_EDITOR))
    assert "was erased" in client.get(reverse("admin:agent_knowledgefinding_changelist")).content.decode()


def test_what_nobody_answered_is_not_drafted_and_can_be_dismissed(client: Client, first_release: Release) -> None:
    ran("Canoes, do you rent them?")
    read()
    page = reverse("knowledge-gap", args=[Gap.objects.get().public_id])
    client.force_login(make_user(role=Role.SUPERVISOR))

    refused = client.post(page, {"deed": "draft"}, follow=True).content.decode()
    client.post(page, {"deed": "dismiss"})

    assert "No person has answered this yet" in refused
    assert Gap.objects.get().state == "dismissed"
    assert client.post(page, {"deed": "burn"}).status_code == 400
    assert client.get(reverse("knowledge-gaps"), {"page": "x"}).status_code == 400


def test_what_was_put_away_is_opened_again(client: Client, first_release: Release) -> None:
    gap = Gap.objects.create(vector=b"", count=1, state=Gap.State.DISMISSED)
    client.force_login(make_user(role=Role.SUPERVISOR))
    listed = client.get(reverse("knowledge-gaps"), {"state": "dismissed"}).content.decode()

    client.post(reverse("knowledge-gap", args=[gap.public_id]), {"deed": "reopen"})

    gap.refresh_from_db()
    assert "An article after all" in listed
    assert gap.state == "open"
    assert AuditEvent.objects.filter(action="knowledge.gap_reopened").count() == 1


def test_what_was_drafted_is_not_opened_again(first_release: Release) -> None:
    gap = Gap.objects.create(vector=b"", count=1, state=Gap.State.DRAFTED)

    gaps.reopen(gap, make_user(role=Role.SUPERVISOR))

    gap.refresh_from_db()
    assert gap.state == "drafted"


@pytest.mark.parametrize("state", Gap.State.values)
def test_an_empty_page_says_what_would_stand_there(client: Client, first_release: Release, state: str) -> None:
    client.force_login(make_user(role=Role.SUPERVISOR))

    page = client.get(reverse("knowledge-gaps"), {"state": state}).content.decode()

    words = {"open": "No gap is open", "drafted": "No article was drafted", "dismissed": "Nothing was put away"}
    assert words[state] in page


def test_editors_without_customers_in_sight_see_none(first_release: Release) -> None:
    gap = Gap.objects.create(vector=b"", count=1)

    with pytest.raises(NotAllowed):
        gaps.draft_article(gap, make_user(role=Role.PROMPT_EDITOR))


def test_whoever_is_erased_leaves_no_question(first_release: Release) -> None:
    run, other = ran("Canoes, do you rent them?"), ran("Students get a discount?")
    read()

    forget_runs([run.conversation_id])

    assert GapQuestion.objects.get().run == other
    assert Gap.objects.count() == 1


def test_what_was_not_kept_longer_is_not_shown(client: Client, first_release: Release) -> None:
    old = ran("Canoes, do you rent them?")
    ran("Canoes for a weekend maybe?")
    read()
    AgentRun.objects.filter(pk=old.pk).update(envelope={}, trace={})

    ((shown,), _) = gaps.page_of_gaps("open", 0)

    assert (shown.gap.count, [each.text for each in shown.questions]) == (2, ["Canoes for a weekend maybe?"])


def test_the_page_asks_as_much_for_many_gaps_as_for_few(
    client: Client, first_release: Release, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(25):
        ran(f"word{number} is what now?")
    read()
    client.force_login(make_user(role=Role.SUPERVISOR))

    with django_assert_max_num_queries(12):
        page = client.get(reverse("knowledge-gaps"))

    assert len(page.context["gaps"]) == gaps.GROUPS_A_PAGE
    assert "page=1" in page.content.decode()
