"""Drafts and publishing. The agent reads the published release and nothing else, so a draft changes no answer."""

import hashlib
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Model, QuerySet
from django.utils import timezone

from agent.engine.types import SENTIMENT_LABELS
from agent.exceptions import (
    AgentError,
    ArticleNotUsed,
    NotADraft,
    NothingPublished,
    NothingToRollBackTo,
    ReleaseIncomplete,
)
from agent.graph.rules import RuleMalformed
from agent.knowledge.services import require_edit
from agent.models import (
    AgentConfig,
    Article,
    ArticleVersion,
    EscalationRule,
    Intent,
    Phrase,
    Release,
    ReplyTemplate,
    TrainingExample,
)
from agent.releases import four_eyes, keys, learning
from agent.releases.content import canonical, read_content, rule_of
from agent.releases.defaults.texts import REQUIRED, TEXTS
from agent.releases.screening import screen
from core import audit
from core.models import ApiKey, User
from core.policy import Action, require
from core.statements import Read
from core.text import clean_text

_LEAST_INTENTS = 2


def current_release() -> Release | None:
    """The published release, asked of the database each time: one indexed row, and no process can be behind."""
    return _current.first()


@Read
def _current() -> QuerySet[Release]:
    return Release.objects.current().order_by()


def answering_release() -> Release | None:
    """The release that answers customers: the published one, or while its heads are being fitted the one before it."""
    current = current_release()
    if current is None or current.fit_at is None:
        return current
    return learning.former_release() or current


@transaction.atomic
def create_draft(
    by: User | ApiKey | None,
    *,
    based_on: Release | None = None,
    note: str = "",
    needs: Action = Action.EDIT_PROMPTS,
) -> Release:
    """A draft that holds a copy of ``based_on``, else of the current release. ``needs`` is the right to what it is made for.

    Raises NotAllowed, NothingPublished.
    """
    if by is not None:
        require(by, needs)
    source = based_on or current_release()
    if source is None:
        raise NothingPublished
    draft = new_release(by, based_on=source, note=note)
    _copy_everything(source, draft)
    audit.record(by, "release.drafted", draft, after={"based_on": source.number})
    return draft


def new_release(by: User | ApiKey | None, *, based_on: Release | None = None, note: str = "") -> Release:
    """An empty draft with the next number."""
    last = Release.objects.aggregate(last=Max("number"))["last"] or 0
    return Release.objects.create(
        number=last + 1, based_on=based_on, note=note[:300], created_by=by if isinstance(by, User) else None
    )


def _copy_everything(source: Release, draft: Release) -> None:
    for model in (
        AgentConfig,
        Intent,
        TrainingExample,
        Phrase,
        EscalationRule,
        ReplyTemplate,
        Release.articles.through,
    ):
        _copy_rows(model, source, draft)
    _add_texts_learnt_since(draft)


def _copy_rows(model: type[Model], source: Release, draft: Release) -> None:
    """Thousands of rows that differ in nothing but their release: the database writes them from its own."""
    quoted = connection.ops.quote_name
    named = {field.name: quoted(str(field.column)) for field in model._meta.concrete_fields if not field.primary_key}
    owner = named.pop("release")
    columns = ", ".join(named.values())
    table = quoted(model._meta.db_table)
    statement = f"INSERT INTO {table} ({owner}, {columns}) SELECT %s, {columns} FROM {table} WHERE {owner} = %s ORDER BY {quoted('id')}"  # noqa: S608  (names of our own models)
    with connection.cursor() as cursor:
        cursor.execute(statement, [draft.pk, source.pk])


def _add_texts_learnt_since(draft: Release) -> None:
    """The texts that the graph asks for now and an older release could not know, or it could not be published again."""
    known = set(draft.templates.values_list("key", flat=True))
    ReplyTemplate.objects.bulk_create(
        ReplyTemplate(release=draft, key=key, language=language, text=text)
        for key in REQUIRED
        if key not in known
        for language, text in TEXTS.get(key, {}).items()
    )


@transaction.atomic
def configure(
    key: str,
    value: str,
    by: User | ApiKey | None,
    *,
    description: str = "",
    draft: Release | None = None,
) -> Release:
    """Set one setting in a draft and return the draft; without ``draft`` the newest draft based on the current release,
    or a new one, is used. Nothing is published. Raises UnknownKey, InvalidValue, NotADraft, NotAllowed.
    """
    if by is not None:
        require(by, Action.EDIT_PROMPTS)
    value = clean_text(value)
    keys.read(key, value)
    if by is not None:
        require(by, keys.KEYS[key].right)
    draft = editable(draft) if draft is not None else open_draft(by)
    check_setting(key, value, draft)
    row, _ = AgentConfig.objects.get_or_create(
        release=draft, config_key=key, defaults={"description": keys.KEYS[key].description}
    )
    before = row.config_value
    row.config_value = value
    row.description = description[:300] or row.description
    row.save(update_fields=["config_value", "description", "updated_at"])
    audit.record(
        by, "release.configured", draft, before={key: _digest(before)}, after={key: _digest(value)}, reason=description
    )
    return draft


def check_setting(key: str, value: str, release: Release) -> None:
    """Raise UnknownKey or InvalidValue unless ``release`` may hold this value."""
    keys.read(key, value)
    if keys.KEYS[key].kind == "text":
        screen(key, value, allowed_hosts=allowed_hosts(release))


def allowed_hosts(release: Release) -> frozenset[str]:
    """The hosts that replies of this release may link to."""
    row = release.configs.filter(config_key="links.allowed").first()
    lines = keys.read("links.allowed", row.config_value) if row is not None else ()
    return frozenset(host.lower() for host in lines)


def open_draft(by: User | ApiKey | None, *, needs: Action = Action.EDIT_PROMPTS) -> Release:
    """The newest draft based on the current release, or a new one. Raises NotAllowed, NothingPublished."""
    return newest_draft() or create_draft(by, needs=needs)


def newest_draft() -> Release | None:
    """The newest draft based on the current release."""
    current = current_release()
    return Release.objects.drafts().filter(based_on=current).order_by("-number").first() if current else None


def earlier_release() -> Release | None:
    """The release that answered before the current one, to which ``rollback`` goes back."""
    return Release.objects.filter(state=Release.State.RETIRED).order_by("-published_at", "-number").first()


def editable(release: Release) -> Release:
    """The release again from the database; raises NotADraft unless it may be edited."""
    fresh = Release.objects.get(pk=release.pk)
    if fresh.state != Release.State.DRAFT:
        raise NotADraft(fresh.number)
    return fresh


@transaction.atomic
def set_template(draft: Release, key: str, language: str, text: str, by: User | ApiKey | None) -> ReplyTemplate:
    """Change a fixed text of a draft. Raises NotADraft, NotAllowed."""
    if by is not None:
        require(by, Action.EDIT_PROMPTS)
    draft = editable(draft)
    row, _ = ReplyTemplate.objects.update_or_create(
        release=draft, key=key, language=language, defaults={"text": clean_text(text)}
    )
    audit.record(by, "release.template_changed", draft, after={"key": key, "language": language, "text": _digest(text)})
    return row


@transaction.atomic
def use_article(draft: Release, version: ArticleVersion, by: User | ApiKey | None) -> None:
    """Publish this version with the draft, in place of the article's other versions. Raises NotADraft, NotAllowed."""
    require_edit(by, version.article)
    draft = editable(draft)
    draft.articles.remove(*draft.articles.filter(article=version.article_id))
    draft.articles.add(version)
    audit.record(by, "release.article_used", draft, after={"article": version.article_id, "version": version.number})


@transaction.atomic
def drop_article(draft: Release, article: Article, by: User | ApiKey | None, *, reason: str = "") -> None:
    """Leave an article out of the draft. Raises NotADraft, NotAllowed, ArticleNotUsed."""
    require_edit(by, article)
    draft = editable(draft)
    used = list(draft.articles.filter(article=article))
    if not used:
        raise ArticleNotUsed(article.slug)
    draft.articles.remove(*used)
    audit.record(by, "release.article_dropped", draft, after={"article": article.pk}, reason=reason)


def problems_of(release: Release) -> list[str]:
    """What stands against publishing, one sentence each; empty is ready."""
    problems: list[str] = []
    for key, value in release.configs.values_list("config_key", "config_value"):
        try:
            keys.read(key, value)
        except AgentError as error:
            problems.append(str(error))
    for row in release.rules.all():
        try:
            rule_of(row)
        except RuleMalformed as error:
            problems.append(str(error))
    if problems:
        return problems
    language = read_content(release.pk).settings["business.languages"][:1]
    if not language:
        return ["“business.languages” names no language."]
    have = set(release.templates.filter(language=language[0]).exclude(text="").values_list("key", flat=True))
    problems += [f"The text “{key}” is missing in {language[0]}." for key in REQUIRED if key not in have]
    taught = release.examples.filter(purpose=TrainingExample.Purpose.INTENT).values("label").distinct().count()
    if taught < _LEAST_INTENTS:
        problems.append("Examples of at least two intents are needed.")
    moods = set(release.examples.filter(purpose=TrainingExample.Purpose.SENTIMENT).values_list("label", flat=True))
    problems += [f"An example of the tone “{label}” is needed." for label in SENTIMENT_LABELS if label not in moods]
    return problems


@transaction.atomic
def publish(release: Release, by: User | ApiKey | None, *, note: str = "", accept_worse: bool = False) -> Release:
    """Make the draft the one release the agent reads; the one before retires. The next answer follows it.

    Where its examples changed and were not learnt yet, answers follow it once they are. Where less is understood with what
    they teach, the heads of the release before are kept, unless ``accept_worse``. ``note`` takes the place of the draft's own.
    With FOUR_EYES a draft that a key or a command changed is returned as the draft it is, until a second person publishes it.
    Raises NotADraft, ReleaseIncomplete, NotAllowed, SecondPersonNeeded (FOUR_EYES).
    """
    draft, before = editable(release), current_release()
    if by is not None:
        right = four_eyes.right_to_publish(draft, before)
        require(by, right)
        if not four_eyes.may_publish(draft, by, current=before, right=right):
            return draft
    draft.note = clean_text(note)[:300] or draft.note
    learning.choose_heads(draft, before, accept_worse=accept_worse)
    return _publish(draft, by, before=before)


def _publish(draft: Release, by: User | ApiKey | None, *, before: Release | None) -> Release:
    problems = problems_of(draft)
    if problems:
        raise ReleaseIncomplete(problems)
    Release.objects.current().update(state=Release.State.RETIRED)
    draft.state = Release.State.PUBLISHED
    draft.content_hash = hashlib.sha256(canonical(draft).encode()).hexdigest()
    draft.published_at = timezone.now()
    draft.published_by = by if isinstance(by, User) else None
    draft.save(update_fields=["state", "note", "content_hash", "published_at", "published_by", "heads_from", "fit_at"])
    audit.record(
        by,
        "release.published",
        draft,
        reason=draft.note,
        before={"release": before.number if before else None},
        after={"release": draft.number, "content": draft.content_hash},
    )
    return draft


@transaction.atomic
def rollback(by: User | ApiKey | None, *, reason: str = "") -> Release:
    """Publish a copy of the release that was current before this one, as a new release.

    With FOUR_EYES the first person's wish is written down and what is current is returned; the second one goes back.
    Raises NothingToRollBackTo, NotAllowed, SecondPersonNeeded (a key).
    """
    current, earlier = current_release(), earlier_release()
    if current is None or earlier is None:
        raise NothingToRollBackTo
    if by is not None:
        right = four_eyes.right_to_publish(earlier, current)
        require(by, right)
        if not four_eyes.may_roll_back(current, earlier, by, right=right, reason=reason):
            return current
    note = f"Back to release {earlier.number}. {reason}".strip()
    draft = new_release(by, based_on=earlier, note=note)
    _copy_everything(earlier, draft)
    learning.choose_heads_again(draft, earlier)
    return _publish(draft, by, before=current)


def _digest(value: str) -> dict[str, Any]:
    """A text for the audit trail: how long it is and its hash, never its words."""
    return {"characters": len(value), "sha256": hashlib.sha256(value.encode()).hexdigest()[:16]}
