"""Editing what is published: the change goes into a draft's copy of the row, and the published row stays as it is."""

from typing import Any, TypeVar

from django.db import models, transaction

from agent.knowledge.services import ArticleText, save_article
from agent.models import Article, ArticleVersion, Release
from agent.releases.services import current_release, editable, open_draft, use_article
from core.models import ApiKey, User
from core.policy import Action, allows

Row = TypeVar("Row", bound=models.Model)


def draft_for(release: Release, by: User | ApiKey | None) -> Release:
    """The draft that a change to ``release`` goes into: itself, or the newest draft made from the published one.

    Raises NotADraft for a retired release, NotAllowed.
    """
    if release.state == Release.State.PUBLISHED:
        return open_draft(by)
    return editable(release)


def twin(row: Row, draft: Release) -> Row:
    """The draft's copy of a release's row, found by what names it within a release."""
    constraint = next(
        found
        for found in row._meta.constraints
        if isinstance(found, models.UniqueConstraint) and "release" in found.fields
    )
    names: dict[str, Any] = {name: getattr(row, name) for name in constraint.fields if name != "release"}
    return type(row)._default_manager.get(release=draft, **names)


@transaction.atomic
def revise_article(
    article: Article, *, title: str, body: str, questions: dict[str, list[str]], by: User | ApiKey | None
) -> Release:
    """Save the article's next version and use it in a draft, which is returned. Raises ArticleUnreadable, NotAllowed."""
    version = save_article(
        ArticleText(
            slug=article.slug,
            language=article.language,
            title=title,
            body=body,
            questions=questions,
            audience=article.audience,
        ),
        by,
    )
    draft = open_draft(by)
    use_article(draft, version, by)
    return draft


@transaction.atomic
def propose_article(text: ArticleText, by: User | ApiKey) -> tuple[ArticleVersion, Release | None]:
    """Save an article's next version, and use it in the draft of the published release where there is one.

    Whoever may edit prompts gets a draft made; for others the version waits until an editor takes it into one.
    Raises ArticleUnreadable, NotAllowed.
    """
    version = save_article(text, by)
    current = current_release()
    draft = Release.objects.drafts().filter(based_on=current).order_by("-number").first() if current else None
    if draft is None and current is not None and allows(by, Action.EDIT_PROMPTS):
        draft = open_draft(by)
    if draft is not None:
        use_article(draft, version, by)
    return version, draft
