"""Editing what is published: the change goes into a draft's copy of the row, and the published row stays as it is."""

from datetime import date
from typing import Any, TypeVar

from django.db import models, transaction

from agent.exceptions import NotInRelease
from agent.knowledge.services import ArticleText, add_article, entrust, save_article
from agent.models import Article, ArticleVersion, Release
from agent.releases.services import current_release, drop_article, editable, newest_draft, open_draft, use_article
from core.models import ApiKey, User
from core.policy import Action

Row = TypeVar("Row", bound=models.Model)


def draft_for(release: Release, by: User | ApiKey | None) -> Release:
    """The draft that a change to ``release`` goes into: itself, or the newest draft made from the published one.

    Raises NotADraft for a retired release, NotAllowed.
    """
    if release.state == Release.State.PUBLISHED:
        return open_draft(by)
    return editable(release)


def goes_into(release: Release) -> Release:
    """The release whose row a change to ``release`` will stand beside: the draft that there is, or itself, which a new draft copies."""
    return (newest_draft() or release) if release.state == Release.State.PUBLISHED else release


def counterpart(row: Row, release: Release) -> Row | None:
    """What stands in another release's place of a release's row, found by what names it within a release."""
    constraint = next(
        found
        for found in row._meta.constraints
        if isinstance(found, models.UniqueConstraint) and "release" in found.fields
    )
    names: dict[str, Any] = {name: getattr(row, name) for name in constraint.fields if name != "release"}
    return type(row)._default_manager.filter(release=release, **names).first()


def twin(row: Row, draft: Release) -> Row:
    """The draft's copy of a release's row. Raises NotInRelease."""
    found = counterpart(row, draft)
    if found is None:
        raise NotInRelease(draft.number)
    return found


def successor(row: Row) -> Row | None:
    """What stands in the place of a retired release's row now: in the draft that is edited, else in what answers."""
    present = newest_draft() or current_release()
    return counterpart(row, present) if present is not None else None


@transaction.atomic
def write_article(
    text: ArticleText, by: User | ApiKey | None, *, owner: User | None = None, valid_until: date | None = None
) -> tuple[Article, Release]:
    """A new article, used in a draft. Raises ArticleUnreadable, ArticleExists, DateInThePast, NotAllowed."""
    version = add_article(text, by)
    entrust(version.article, by, owner=owner, valid_until=valid_until)
    draft = open_draft(by, needs=Action.EDIT_KNOWLEDGE)
    use_article(draft, version, by)
    return version.article, draft


@transaction.atomic
def revise_article(text: ArticleText, by: User | ApiKey | None) -> Release | None:
    """Save an article's next version and use it in a draft, which is returned; None where it is used as it stands.

    Raises ArticleUnreadable, ArticleAudienceFixed, NotAllowed.
    """
    version = save_article(text, by)
    present = newest_draft() or current_release()
    if present is not None and present.articles.filter(pk=version.pk).exists():
        return None
    draft = open_draft(by, needs=Action.EDIT_KNOWLEDGE)
    use_article(draft, version, by)
    return draft


def version_in_use(article: Article) -> ArticleVersion | None:
    """The version that the draft which is edited uses, or the published release where there is no draft."""
    present = newest_draft() or current_release()
    return present.articles.filter(article=article).first() if present is not None else None


@transaction.atomic
def withdraw_article(article: Article, by: User | ApiKey | None, *, reason: str = "") -> Release:
    """Leave an article out of a draft, which is returned; customers read it until that is published.

    Raises ArticleNotUsed, NotAllowed.
    """
    draft = open_draft(by, needs=Action.EDIT_KNOWLEDGE)
    drop_article(draft, article, by, reason=reason)
    return draft


@transaction.atomic
def propose_article(text: ArticleText, by: User | ApiKey | None) -> tuple[ArticleVersion, Release | None]:
    """Save an article's next version, and use it in a draft of the published release; None where nothing was published yet.

    Raises ArticleUnreadable, NotAllowed.
    """
    version = save_article(text, by)
    if current_release() is None:
        return version, None
    draft = open_draft(by, needs=Action.EDIT_KNOWLEDGE)
    if not draft.articles.filter(pk=version.pk).exists():
        use_article(draft, version, by)
    return version, draft
