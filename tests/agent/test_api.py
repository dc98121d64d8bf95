"""Runs and articles over REST."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agent.knowledge.services import ArticleText, save_article
from agent.models import AgentRun, Article, Release
from conversations.models import Conversation
from core.policy import Role
from tests.factories import make_channel, make_conversation, make_message, make_release, make_team
from tests.rest import signed_in, with_key

pytestmark = pytest.mark.django_db
ARTICLES = "/api/v1/articles/"
DELIVERY = {"slug": "delivery", "language": "en", "title": "Delivery", "body": "It takes three days."}


def ran(conversation: Conversation, release: Release, epoch: int = 1) -> AgentRun:
    return AgentRun.objects.create(
        conversation_id=conversation.pk,
        epoch=epoch,
        release=release,
        from_seq=1,
        to_seq=1,
        state=AgentRun.State.REPLIED,
        intent="track-parcel",
        ended_at=timezone.now(),
    )


def test_runs_are_told_with_their_conversations_and_seen_by_who_reads_those() -> None:
    release, team = make_release(), make_team()
    own, other = make_conversation(channel=make_channel(team_id=team.pk)), make_conversation()
    runs = [ran(own, release), ran(own, release, 2), ran(other, release)]
    caller = with_key("conversations:read")
    caller.get("/api/v1/runs/")

    with CaptureQueriesContext(connection) as asked:
        told = caller.get("/api/v1/runs/").json()["results"]

    assert [row["id"] for row in told] == [str(run.public_id) for run in runs[::-1]]
    assert {row["conversation"] for row in told} == {str(own.public_id), str(other.public_id)}
    assert told[0]["release"] == release.number
    assert len(asked) == 3
    narrowed = caller.get("/api/v1/runs/", conversation=str(other.public_id)).json()["results"]
    assert [row["id"] for row in narrowed] == [str(runs[2].public_id)]
    viewer = signed_in(Role.VIEWER, team=team)
    assert len(viewer.get("/api/v1/runs/").json()["results"]) == 2
    assert viewer.get(f"/api/v1/runs/{runs[2].public_id}/").status_code == 404


def test_an_article_saved_by_a_key_waits_in_a_draft() -> None:
    release = make_release()
    caller = with_key("knowledge:write")

    first = caller.post(ARTICLES, DELIVERY)
    second = caller.post(ARTICLES, DELIVERY | {"body": "It takes two days."})

    assert (first.status_code, first.json()["version"], second.json()["version"]) == (201, 1, 2)
    draft = Release.objects.drafts().get()
    assert second.json()["release"] == draft.number
    assert draft.articles.get().body == "It takes two days."
    assert not release.articles.exists()
    told = caller.get(f"{ARTICLES}{first.json()['id']}/").json()
    assert (told["body"], told["version"], told["published_version"]) == ("It takes two days.", 2, None)


def test_an_editors_article_goes_into_a_draft_and_no_answer_changes() -> None:
    release = make_release()

    saved = signed_in(Role.PROMPT_EDITOR).post(ARTICLES, DELIVERY).json()

    draft = Release.objects.drafts().get()
    assert saved["release"] == draft.number
    assert draft.articles.get().title == "Delivery"
    assert not release.articles.exists()


def test_a_published_article_says_so_and_lists_cost_the_same() -> None:
    release = make_release()
    version = save_article(ArticleText(slug="delivery", language="en", title="Delivery", body="Three days."), None)
    release.articles.add(version)
    caller = with_key("knowledge:write")
    for number in range(5):
        save_article(ArticleText(slug=f"more-{number}", language="en", title="More", body="More."), None)
    caller.get(ARTICLES)

    with CaptureQueriesContext(connection) as asked:
        told = caller.get(ARTICLES).json()["results"]

    assert [row["published_version"] for row in told] == [None] * 5 + [1]
    assert len(asked) == 4


@pytest.mark.parametrize(
    "wrong", [{"language": "english"}, {"slug": "a b"}, {"body": ""}, {"audience": "all"}, {"extra": 1}]
)
def test_an_article_that_does_not_fit_is_refused_by_its_field(wrong: dict[str, object]) -> None:
    refused = with_key("knowledge:write").post(ARTICLES, DELIVERY | wrong)

    assert refused.status_code == 400
    assert [each["field"] for each in refused.json()["errors"]] == list(wrong)
    assert not Article.objects.exists()


def test_viewers_and_keys_without_the_scope_have_no_articles() -> None:
    assert signed_in(Role.VIEWER).get(ARTICLES).status_code == 403
    assert with_key("conversations:read").post(ARTICLES, DELIVERY).status_code == 403


def test_a_conversations_messages_are_not_needed_for_its_runs() -> None:
    conversation = make_conversation()
    make_message(conversation)
    ran(conversation, make_release())

    assert len(with_key("conversations:read").get("/api/v1/runs/", state="replied").json()["results"]) == 1
