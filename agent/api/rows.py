"""REST: what the agent worked out, and what it may quote."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from agent import serializers
from agent.knowledge.services import ArticleText
from agent.models import AgentRun, Article, ArticleVersion, Release
from agent.releases.editing import propose_article
from conversations.models import Conversation
from core.doors import Listed, Rows
from core.idempotency import idempotent
from core.policy import Action, allows


class Runs(Listed):
    """Answers worked out."""

    filters = serializers.RunFilters
    serializer_class = serializers.RunShown
    needs = {"list": Action.VIEW_TEAM_CONVERSATIONS, "retrieve": Action.VIEW_TEAM_CONVERSATIONS}

    def get_queryset(self) -> QuerySet[AgentRun]:
        """Those of conversations that the caller may read."""
        of_run = Conversation.objects.filter(pk=OuterRef("conversation_id"))
        found = AgentRun.objects.select_related("release").defer("envelope", "trace", "draft")
        found = found.annotate(conversation_public_id=Subquery(of_run.values("public_id")[:1]))
        if allows(self.who, Action.VIEW_ALL_CONVERSATIONS):
            return found
        return found.filter(conversation_id__in=Conversation.objects.visible_to(self.who).values("pk"))

    def narrow(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        """A conversation is named by its public id, which a run does not hold."""
        conversation = wanted.pop("conversation", None)
        if conversation is not None:
            rows = rows.filter(conversation_id__in=Conversation.objects.filter(public_id=conversation).values("pk"))
        return rows.filter(**wanted)


class Articles(Listed):
    """What the agent may quote. Saving changes no answer: a release publishes it."""

    filters = serializers.ArticleFilters
    serializer_class = serializers.ArticleShown
    needs = {"list": Action.EDIT_KNOWLEDGE, "retrieve": Action.EDIT_KNOWLEDGE, "create": Action.EDIT_KNOWLEDGE}

    def get_queryset(self) -> QuerySet[Article]:
        """All, with the number of the version that is published."""
        published = ArticleVersion.objects.filter(article=OuterRef("pk"), releases__state=Release.State.PUBLISHED)
        return Article.objects.annotate(published_version=Subquery(published.values("number")[:1]))

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        """One article is shown with its text."""
        return serializers.ArticleWhole if self.action == "retrieve" else serializers.ArticleShown

    def shown(self, rows: Rows) -> Rows:
        """The articles with their newest versions, read in one query."""
        newest: dict[int, ArticleVersion] = {}
        versions = ArticleVersion.objects.filter(article__in=rows).order_by("article", "number")
        if self.action == "list":
            versions = versions.only("article", "number", "title")
        for version in versions:
            newest[version.article_id] = version
        for article in rows:
            article.newest = newest.get(article.pk)
        return super().shown(rows)

    @extend_schema(request=serializers.ArticleForm, responses={201: serializers.ArticleSaved})
    @idempotent
    def create(self, request: Request) -> Response:
        """Save an article, or the next version of the one with this slug and language, as a draft."""
        version, draft = propose_article(ArticleText(**self.read(serializers.ArticleForm)), self.who)
        saved = {
            "id": version.article.public_id,
            "slug": version.article.slug,
            "language": version.article.language,
            "version": version.number,
            "release": draft.number if draft else None,
        }
        return Response(serializers.ArticleSaved(saved).data, status=201)
