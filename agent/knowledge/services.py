"""Articles: saved as a new version, cut into passages, imported from Markdown. A release names what is published."""

import re
import tomllib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Max, Min, Q, QuerySet
from django.utils import timezone
from django.utils.text import slugify

from agent.engine.passages import split_article
from agent.engine.types import PassageSource
from agent.exceptions import ArticleAudienceFixed, ArticleExists, ArticleUnreadable, DateInThePast
from agent.knowledge.hidden import without_hidden
from agent.models import Article, ArticleVersion, Passage, Release
from core import audit
from core.exceptions import NotAllowed
from core.models import ApiKey, User
from core.policy import Action, allows, require
from core.text import clean_text

MOST_CHARACTERS = 100_000
MOST_TITLE_CHARACTERS = 200
MOST_QUESTION_CHARACTERS = 300
MOST_QUESTIONS = 200
# So many passages of earlier versions are looked at for unchanged text.
MOST_EARLIER_PASSAGES = 5_000

_FRONT = re.compile(r"\A\+\+\+[ \t]*\n(.*?)\n\+\+\+[ \t]*\n", re.DOTALL)
_TITLE = re.compile(r"\A\s*#\s+(.+?)\s*#*\s*\n")


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
    """The text as it is stored: cleaned, without what a page would not show. Raises ArticleUnreadable (no title, no words)."""
    title = clean_text(text.title, limit=MOST_TITLE_CHARACTERS).strip()
    body = clean_text(without_hidden(text.body), limit=MOST_CHARACTERS).strip()
    if not title or not body:
        raise ArticleUnreadable("An article needs a title and a text.")
    questions = {
        heading: [clean_text(q, limit=MOST_QUESTION_CHARACTERS) for q in asked]
        for heading, asked in text.questions.items()
    }
    return replace(text, title=title, body=body, questions=questions)


def require_edit(by: User | ApiKey | None, article: Article | None = None) -> None:
    """Raise NotAllowed unless ``by`` may edit articles, and this one: agents edit those that they look after.

    A key looks after nothing, so it is not asked whose an article is.
    """
    if by is None:
        return
    require(by, Action.EDIT_KNOWLEDGE)
    if article is not None and isinstance(by, User) and not allows(by, Action.EDIT_KNOWLEDGE, article.policy_subject):
        raise NotAllowed(
            "You edit the articles that you look after. Ask a supervisor to make you the owner of this one."
        )


@transaction.atomic
def add_article(text: ArticleText, by: User | ApiKey | None) -> ArticleVersion:
    """Store a new article's first version; whoever writes it looks after it. No release changes.

    Raises NotAllowed, ArticleUnreadable, ArticleExists (its slug is taken in its language).
    """
    require_edit(by)
    try:
        with transaction.atomic():
            Article.objects.create(slug=text.slug, language=text.language, audience=text.audience, owner=_writer(by))
    except IntegrityError:
        raise ArticleExists(text.slug, text.language) from None
    return save_article(text, by)


@transaction.atomic
def entrust(article: Article, by: User | ApiKey | None, *, owner: User | None, valid_until: date | None) -> None:
    """Say who looks after an article, and until which day what it says is known to hold: later nobody is answered from it.

    The next answer follows, without a release. A day that stays as it is may be over. Raises NotAllowed, also for giving away
    what one may edit only as its owner, and DateInThePast.
    """
    require_edit(by, article)
    check_valid_until(valid_until, before=article.valid_until)
    before = _care(article)
    article.owner, article.valid_until = owner, valid_until
    require_edit(by, article)
    after = _care(article)
    if before != after:
        article.save(update_fields=["owner", "valid_until"])
        if before["valid_until"] != after["valid_until"]:
            # Processes that hold a release in memory see by this that another set of passages answers.
            using = Release.objects.exclude(state=Release.State.RETIRED).filter(articles__article=article)
            Release.objects.filter(pk__in=using.values("pk")).update(validity=F("validity") + 1)
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
    version into a draft with ``releases.services.use_article``. HTML comments and elements that are not shown are taken out. Raises
    NotAllowed, ArticleUnreadable (no words), ArticleAudienceFixed (published for others).
    """
    require_edit(by)
    text = tidied(text)
    title, body, questions = text.title, text.body, dict(text.questions)
    article, created = Article.objects.get_or_create(
        slug=text.slug, language=text.language, defaults={"audience": text.audience, "owner": _writer(by)}
    )
    require_edit(by, article)
    if not created and article.audience != text.audience:
        # The audience is no part of a version: changing it would open or close what earlier releases published.
        if article.was_published:
            raise ArticleAudienceFixed(article.slug)
        article.audience = text.audience
        article.save(update_fields=["audience"])
        # It is a change of the drafts that hold the article, and whoever made it does not publish them alone.
        for draft in Release.objects.drafts().filter(articles__article=article).distinct():
            audit.record(by, "release.article_readers_changed", draft, after={"article": article.pk})
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
        author=_writer(by),
    )
    Passage.objects.bulk_create(_passages(version))
    audit.record(by, "article.saved", article, after={"version": number})
    return version


def _writer(by: User | ApiKey | None) -> User | None:
    return by if isinstance(by, User) else None


def _passages(version: ArticleVersion) -> list[Passage]:
    pieces = split_article(
        article_id=version.article.slug,
        title=version.title,
        body=version.body,
        language=version.article.language,
        questions=version.questions or {},
    )
    known = _earlier_ids(version.article)
    return [
        Passage(
            public_id=_take(known, piece.heading[:200], piece.text),
            version=version,
            position=position,
            heading=piece.heading[:200],
            text=piece.text,
            questions=list(piece.questions),
        )
        for position, piece in enumerate(pieces)
    ]


def _earlier_ids(article: Article) -> dict[str, dict[uuid.UUID, str]]:
    """What the article's versions said: each text with the ids it had, newest first, and the headings they stood below."""
    known: dict[str, dict[uuid.UUID, str]] = {}
    rows = Passage.objects.filter(version__article=article).order_by("-version__number", "position")
    for text, heading, public_id in rows.values_list("text", "heading", "public_id")[:MOST_EARLIER_PASSAGES]:
        known.setdefault(text, {}).setdefault(public_id, heading)
    return known


def _take(known: dict[str, dict[uuid.UUID, str]], heading: str, text: str) -> uuid.UUID:
    """The id of a text that stood in the article before, taken out so that it stands once; else a new one."""
    ids = known.get(text)
    if not ids:
        return uuid.uuid4()
    chosen = next((public_id for public_id, below in ids.items() if below == heading), next(iter(ids)))
    del ids[chosen]
    return chosen


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


def published_passages(release_id: int, *, on: date | None = None) -> tuple[PassageSource, ...]:
    """The passages a release lets the agent quote: public ones that hold on that day, which is today if none is named.

    Their ids are the passages' public ids.
    """
    return _passages_for(Article.Audience.PUBLIC, release_id, on or timezone.localdate())


def internal_passages(release_id: int, *, on: date | None = None) -> tuple[PassageSource, ...]:
    """The passages of a release that only staff may find, as ``published_passages`` tells the others."""
    return _passages_for(Article.Audience.INTERNAL, release_id, on or timezone.localdate())


def _passages_for(audience: Article.Audience, release_id: int, on: date) -> tuple[PassageSource, ...]:
    rows = (
        _holding(release_id, on=on)
        .filter(version__article__audience=audience)
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
            slug=row.version.article.slug,
        )
        for row in rows
    )


def holds_until(release_id: int, *, on: date) -> date | None:
    """The last day on which the release's passages are those of ``on``; None if no article of it has a last day."""
    found: date | None = _holding(release_id, on=on).aggregate(first=Min("version__article__valid_until"))["first"]
    return found


def _holding(release_id: int, *, on: date) -> "QuerySet[Passage]":
    until = "version__article__valid_until"
    return Passage.objects.filter(Q(**{until: None}) | Q(**{f"{until}__gte": on}), version__releases=release_id)
