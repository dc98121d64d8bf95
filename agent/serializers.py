"""Runs and articles in the words of programs."""

from typing import Any

from rest_framework import serializers

from agent.knowledge.services import MOST_CHARACTERS
from agent.models import AgentRun, Article, ArticleVersion


class RunShown(serializers.ModelSerializer[AgentRun]):
    """One answer worked out: what was understood, how it ended, what it cost. Its "why?" is in the workspace."""

    id = serializers.UUIDField(source="public_id")
    conversation = serializers.UUIDField(source="conversation_public_id", allow_null=True)
    release = serializers.IntegerField(source="release.number")

    class Meta:
        model = AgentRun
        fields = [
            "id", "conversation", "release", "state", "from_seq", "to_seq", "attempt", "route", "intent", "confidence", "sentiment",
            "language", "provider", "model", "tokens_in", "tokens_out", "cost_micros", "duration_ms", "error", "started_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields


class ArticleShown(serializers.ModelSerializer[Article]):
    """An article as its newest version has it. ``published_version`` is what customers are answered from, null for none."""

    id = serializers.UUIDField(source="public_id")
    title = serializers.CharField(source="newest.title", default="")
    version = serializers.IntegerField(source="newest.number", default=0)
    published_version = serializers.IntegerField(allow_null=True)

    class Meta:
        model = Article
        fields = [
            "id",
            "slug",
            "language",
            "audience",
            "title",
            "version",
            "published_version",
            "valid_until",
            "created_at",
        ]
        read_only_fields = fields


class ArticleWhole(ArticleShown):
    """The same with its text."""

    body = serializers.CharField(source="newest.body", default="")
    questions = serializers.SerializerMethodField()

    class Meta(ArticleShown.Meta):
        fields = [*ArticleShown.Meta.fields, "body", "questions"]

    def get_questions(self, article: Article) -> dict[str, list[str]]:
        """Headings (empty: the whole article), each with the questions it answers."""
        newest: ArticleVersion | None = getattr(article, "newest", None)
        kept: Any = newest.questions if newest is not None else {}
        return kept if isinstance(kept, dict) else {"": list(kept)}


class ArticleSaved(serializers.Serializer[Any]):
    """A version that was saved. ``release`` is the draft it was put into, null where an editor still has to."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    language = serializers.CharField()
    version = serializers.IntegerField()
    release = serializers.IntegerField(allow_null=True)


class ArticleForm(serializers.Serializer[Any]):
    """What an article says. ``slug`` and ``language`` name it: an article that exists gets its next version."""

    slug = serializers.SlugField(max_length=120)
    language = serializers.RegexField("^[a-z]{2}$", help_text="Two letters.")
    title = serializers.CharField(max_length=200)
    body = serializers.CharField(max_length=MOST_CHARACTERS, trim_whitespace=False)
    audience = serializers.ChoiceField(choices=Article.Audience.choices, default=Article.Audience.PUBLIC)
    questions = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=300), max_length=50),
        default=dict,
        help_text="A heading (empty for the whole article), and the questions it answers.",
    )


class RunFilters(serializers.Serializer[Any]):
    """Which runs."""

    conversation = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(choices=AgentRun.State.choices, required=False)
    started_since = serializers.DateTimeField(required=False, source="started_at__gte")


class ArticleFilters(serializers.Serializer[Any]):
    """Which articles."""

    slug = serializers.SlugField(required=False, max_length=120)
    language = serializers.CharField(required=False, max_length=8)
    audience = serializers.ChoiceField(choices=Article.Audience.choices, required=False)
