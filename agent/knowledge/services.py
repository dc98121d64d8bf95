"""Articles: saved as a new version, cut into passages, imported from Markdown. A release names what is published."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify

from agent.engine.passages import split_article
from agent.engine.types import PassageSource
from agent.exceptions import ArticleAudienceFixed, ArticleExists, ArticleUnreadable, DateInThePast
from agent.models import Article, ArticleVersion, Passage
from core import audit
from core.models import ApiKey, User
from core.policy import Action, require
from core.text import clean_text

MOST_CHARACTERS = 100_000
MOST_TITLE_CHARACTERS = 200
MOST_QUESTION_CHARACTERS = 300

_FRONT = re.compile(r"\A\+\+\+[ \t]*\n(.*?)\n\+\+\+[ \t]*\n", re.DOTALL)
_TITLE = re.compile(r"\A\s*#\s+(.+?)\s*#*\s*\n")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleText:
    """What an article says. ``questions`` maps a heading (empty: the whole) to the questions it answers."""

    slug: str
    language: str
    title: str
    body: str
    questions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    audience: str = Article.Audience.PUBLIC


def tidied(text: ArticleText) -> ArticleText:
    """The text as it is stored: cleaned, without hidden HTML comments. Raises ArticleUnreadable (no title, no words)."""
    title = clean_text(text.title, limit=MOST_TITLE_CHARACTERS).strip()
    body = clean_text(_COMMENT.sub("", text.body), limit=MOST_CHARACTERS).strip()
    if not title or not body:
        raise ArticleUnreadable("An article needs a title and a text.")
    questions = {
        heading: [clean_text(q, limit=MOST_QUESTION_CHARACTERS) for q in asked]
        for heading, asked in text.questions.items()
    }
    return replace(text, title=title, body=body, questions=questions)


@transaction.atomic
def add_article(text: ArticleText, by: User | ApiKey | None) -> ArticleVersion:
    """Store a new article's first version. No release changes.

    Raises NotAllowed, ArticleUnreadable, ArticleExists (its slug is taken in its language).
    """
    if by is not None:
        require(by, Action.EDIT_KNOWLEDGE)
    try:
        with transaction.atomic():
            Article.objects.create(slug=text.slug, language=text.language, audience=text.audience)
    except IntegrityError:
        raise ArticleExists(text.slug, text.language) from None
    return save_article(text, by)


@transaction.atomic
def entrust(article: Article, by: User | ApiKey | None, *, owner: User | None, valid_until: date | None) -> None:
    """Say who looks after an article, and until which day what it says is known to hold; no answer follows from either.

    A day that stays as it is may be over. Raises NotAllowed, DateInThePast.
    """
    if by is not None:
        require(by, Action.EDIT_KNOWLEDGE)
    check_valid_until(valid_until, before=article.valid_until)
    before = _care(article)
    article.owner, article.valid_until = owner, valid_until
    after = _care(article)
    if before != after:
        article.save(update_fields=["owner", "valid_until"])
        audit.record(by, "article.entrusted", article, before=before, after=after)


def check_valid_until(day: date | None, *, before: date | None) -> None:
    """Raise DateInThePast for a new day that is over."""
    if day is not None and day != before and day < timezone.localdate():
        raise DateInThePast


def _care(article: Article) -> dict[str, Any]:
    return {
        "owner": article.owner_id,
        "valid_until": article.valid_until.isoformat() if article.valid_until else None,
    }


@transaction.atomic
def save_article(text: ArticleText, by: User | ApiKey | None) -> ArticleVersion:
    """Store a new version of the article (making the article where it is new) and its passages.

    Saving what the latest version says already changes nothing and returns that version. No release changes: put the
    version into a draft with ``releases.services.use_article``. Hidden HTML comments are taken out. Raises NotAllowed,
    ArticleUnreadable (no words), ArticleAudienceFixed (published for others).
    """
    if by is not None:
        require(by, Action.EDIT_KNOWLEDGE)
    text = tidied(text)
    title, body, questions = text.title, text.body, dict(text.questions)
    article, created = Article.objects.get_or_create(
        slug=text.slug, language=text.language, defaults={"audience": text.audience}
    )
    if not created and article.audience != text.audience:
        # The audience is no part of a version: changing it would open or close what earlier releases published.
        if article.was_published:
            raise ArticleAudienceFixed(article.slug)
        article.audience = text.audience
        article.save(update_fields=["audience"])
    latest = article.versions.order_by("-number").first()
    if latest is not None and (latest.title, latest.body, latest.questions or {}) == (title, body, questions):
        return latest
    number = (article.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = ArticleVersion.objects.create(
        article=article,
        number=number,
        title=title,
        body=body,
        questions=questions,
        author=by if isinstance(by, User) else None,
    )
    Passage.objects.bulk_create(_passages(version))
    audit.record(by, "article.saved", article, after={"version": number})
    return version


def _passages(version: ArticleVersion) -> list[Passage]:
    pieces = split_article(
        article_id=version.article.slug,
        title=version.title,
        body=version.body,
        language=version.article.language,
        questions=version.questions or {},
    )
    return [
        Passage(
            version=version,
            position=position,
            heading=piece.heading[:200],
            text=piece.text,
            questions=list(piece.questions),
        )
        for position, piece in enumerate(pieces)
    ]


def import_markdown(content: str, by: User | ApiKey | None, *, language: str = "en") -> ArticleVersion:
    """Save an article from Markdown.

    TOML between ``+++`` lines may give slug, title, language, audience and questions; else the first heading is the
    title. Raises ArticleUnreadable, NotAllowed.
    """
    return save_article(read_markdown(content, language=language), by)


def read_markdown(content: str, *, language: str = "en") -> ArticleText:
    """What a Markdown file says. Raises ArticleUnreadable."""
    content = content.replace("\r\n", "\n").lstrip("\ufeff")
    front: dict[str, Any] = {}
    found = _FRONT.match(content)
    if found:
        try:
            front = tomllib.loads(found[1])
        except tomllib.TOMLDecodeError as error:
            raise ArticleUnreadable(f"The lines between +++ are no TOML: {error}") from None
        content = content[found.end() :]
    heading = _TITLE.match(content)
    title = str(front.get("title", "")) or (heading[1] if heading else "")
    if heading and heading[1] == title:
        content = content[heading.end() :]
    if not title:
        raise ArticleUnreadable("The file has no title: begin it with a line “# Title”.")
    questions = front.get("questions", {})
    if isinstance(questions, list):
        questions = {"": questions}
    audience = str(front.get("audience", Article.Audience.PUBLIC))
    if audience not in Article.Audience.values:
        raise ArticleUnreadable(f"There is no audience “{audience}”; it is public or internal.")
    return ArticleText(
        slug=str(front.get("slug", "")) or slugify(title)[:120] or "article",
        language=str(front.get("language", language)),
        title=title,
        body=content,
        questions={str(name): [str(q) for q in asked] for name, asked in dict(questions).items()},
        audience=audience,
    )


def published_passages(release_id: int) -> tuple[PassageSource, ...]:
    """The passages a release lets the agent quote: public ones only. Their ids are the passages' public ids."""
    rows = (
        Passage.objects.filter(version__releases=release_id, version__article__audience=Article.Audience.PUBLIC)
        .select_related("version__article")
        .order_by("version__article__slug", "version__article__language", "position")
    )
    return tuple(
        PassageSource(
            id=str(row.public_id),
            article_id=str(row.version.article.public_id),
            title=row.version.title,
            heading=row.heading,
            text=row.text,
            language=row.version.article.language,
            questions=tuple(row.questions),
        )
        for row in rows
    )
