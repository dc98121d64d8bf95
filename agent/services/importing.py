"""Importing files as articles: asked for, read in the background file by file, each whole or not at all.

What was imported before is found by its source, so that a file that is imported again is the next version of the same
articles. Nothing is published: the versions are used in a draft where whoever asks may make one.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from agent.exceptions import AgentError, ArticleUnreadable, NothingToImport
from agent.knowledge.files import FoundArticle, Manner, articles_in
from agent.knowledge.given import GivenFile
from agent.knowledge.services import ArticleText
from agent.models import Article, ImportFile, ImportJob
from agent.releases import keys
from agent.releases.content import read_content
from agent.releases.editing import propose_article, version_in_use
from agent.releases.screening import left_out
from agent.releases.services import allowed_hosts, current_release, newest_draft
from core import audit, leases
from core.exceptions import NotAllowed
from core.models import User
from core.policy import Action, require

logger = logging.getLogger(__name__)

LEASE_SECONDS = 150
SECONDS_A_PASS = 20.0
MOST_ATTEMPTS = 3
_FILES_AT_ONCE = 20
_TOLD = 500

State = ImportFile.State


@dataclass(slots=True)
class _Tally:
    """What a file came to."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    passages: int = 0
    bodies: list[str] = field(default_factory=list)


def business_languages() -> tuple[str, ...]:
    """The languages articles may have, the default one first."""
    current, key = current_release(), "business.languages"
    found: tuple[str, ...] = (
        read_content(current.pk).settings[key] if current is not None else keys.read(key, keys.KEYS[key].default)
    )
    return found


@transaction.atomic
def begin_import(
    files: Iterable[GivenFile], by: User | None, *, language: str = "", audience: str = Article.Audience.PUBLIC
) -> ImportJob:
    """Keep the files to be read in the background. ``language`` is theirs where they name none.

    ``by`` None is an operator. Raises NotAllowed, ArticleUnreadable (a language that is not the business's), NothingToImport.
    """
    if by is not None:
        require(by, Action.EDIT_KNOWLEDGE)
    languages = business_languages()
    language = language or languages[0]
    if language not in languages:
        raise ArticleUnreadable(
            f"“{language}” is none of the business's languages: choose one of {', '.join(languages)}."
        )
    job = ImportJob.objects.create(language=language, audience=audience, requested_by=by)
    rows = (_row_of(job, given, position) for position, given in enumerate(files, start=1))
    number = 0
    # Some at a time, for together they may be larger than memory.
    while some := list(islice(rows, _FILES_AT_ONCE)):
        number += len(ImportFile.objects.bulk_create(some))
    if not number:
        raise NothingToImport
    audit.record(by, "knowledge.import_asked", job, after={"files": number, "language": language, "audience": audience})
    return job


def _row_of(job: ImportJob, given: GivenFile, position: int) -> ImportFile:
    row = ImportFile(job=job, position=position, name=given.name, content=given.content, size=len(given.content))
    if given.problem:
        row.state, row.told = State.FAILED, given.problem
    return row


def import_now(
    files: Iterable[GivenFile],
    by: User | None,
    *,
    language: str = "",
    audience: str = Article.Audience.PUBLIC,
    tell: Callable[[ImportFile], None],
) -> ImportJob:
    """Import files and wait for it; ``tell`` hears of each when it is done. Raises as ``begin_import`` does."""
    with transaction.atomic():
        job = begin_import(files, by, language=language, audience=audience)
        # Nobody else sees the job before it is taken.
        leases.take(_lease_of(job.pk), owner=leases.process_name(), seconds=LEASE_SECONDS)
    for row in job.files.filter(state=State.FAILED).defer("content"):
        tell(row)
    work_import(job.pk, seconds=float("inf"), tell=tell)
    job.refresh_from_db()
    return job


def due_imports(limit: int = 2) -> list[int]:
    """Imports with files that wait, the oldest first."""
    waiting = ImportJob.objects.exclude(state=ImportJob.State.DONE).order_by("id")
    return list(waiting.values_list("pk", flat=True)[:limit])


def work_import(
    pk: int, *, seconds: float = SECONDS_A_PASS, tell: Callable[[ImportFile], None] = lambda _: None
) -> bool:
    """Read the files of an import for about so many seconds; True once all are read. Killed anywhere, it goes on."""
    name = _lease_of(pk)
    with leases.held(name, seconds=LEASE_SECONDS) as is_ours:
        if not is_ours:
            return False
        job = ImportJob.objects.select_related("requested_by").exclude(state=ImportJob.State.DONE).filter(pk=pk).first()
        if job is None:
            return True
        ImportJob.objects.filter(pk=pk).update(state=ImportJob.State.RUNNING)
        until, languages = time.monotonic() + seconds, business_languages()
        waiting = job.files.filter(state=State.WAITING).order_by("position")
        while (row := waiting.first()) is not None:
            _work_file(job, row, languages)
            tell(row)
            if time.monotonic() > until:
                return False
            leases.take(name, owner=leases.process_name(), seconds=LEASE_SECONDS)
        _end(job)
        return True


def _lease_of(pk: int) -> str:
    return f"knowledge import {pk}"


def _work_file(job: ImportJob, row: ImportFile, languages: tuple[str, ...]) -> None:
    if row.attempts >= MOST_ATTEMPTS:
        _fail(row, f"Reading it ended the process {MOST_ATTEMPTS} times. Save it anew, or cut it into several files.")
        return
    ImportFile.objects.filter(pk=row.pk).update(attempts=row.attempts + 1)
    manner = Manner(language=job.language, audience=job.audience, languages=languages)
    try:
        found = articles_in(row.name, bytes(row.content), manner)
        with transaction.atomic():
            tally = _Tally()
            for each in found:
                _store(each, job, tally)
            _finish(row, tally, left=_left_over(row.name, found), warning=_left_out(tally.bodies))
    except (AgentError, NotAllowed) as problem:
        _fail(row, str(problem))
    except Exception as error:
        # One file that nobody thought of must not hold up the others.
        logger.exception("File %d of import %d could not be imported", row.position, job.pk)
        _fail(row, f"It could not be imported ({type(error).__name__}). The log says more.")


def _store(found: FoundArticle, job: ImportJob, tally: _Tally) -> None:
    text = _placed(found, job)
    before = Article.objects.filter(slug=text.slug, language=text.language).first()
    newest = before.newest_version if before is not None else None
    version, _ = propose_article(text, job.requested_by)
    Article.objects.filter(pk=version.article_id).exclude(source=found.source).update(source=found.source)
    if newest is None:
        tally.new += 1
    elif newest.pk == version.pk:
        tally.unchanged += 1
    else:
        tally.changed += 1
    tally.passages += version.passages.count()
    tally.bodies.append(version.body)


def _placed(found: FoundArticle, job: ImportJob) -> ArticleText:
    """The text under the slug of the article that it is: the one of this source, the one it names, or a new one."""
    text = found.text
    same_language = Article.objects.filter(language=text.language)
    known = same_language.filter(source=found.source).first()
    if known is not None:
        return replace(text, slug=known.slug)
    if found.names_itself:
        other = same_language.filter(slug=text.slug).exclude(source="").first()
        if other is not None and job.files.filter(name=other.source.partition("#")[0]).exists():
            raise ArticleUnreadable(f"The file {other.source} has the slug “{text.slug}” too. Change one of them.")
        return text
    stem = text.slug[:110]
    taken = set(same_language.filter(slug__startswith=stem).values_list("slug", flat=True))
    free = (slug for number in count(1) if (slug := text.slug if number == 1 else f"{stem}-{number}") not in taken)
    return replace(text, slug=next(free))


def _left_over(name: str, found: list[FoundArticle]) -> list[str]:
    """What an earlier import of the file brought, is in use, and stands in it no more."""
    sources = {each.source for each in found}
    earlier = Article.objects.filter(Q(source=name) | Q(source__startswith=f"{name}#")).exclude(source__in=sources)
    used = (version_in_use(article) for article in earlier)
    return [version.title for version in used if version is not None]


def _left_out(bodies: list[str]) -> str:
    """What of the articles no answer will hold."""
    present = newest_draft() or current_release()
    return left_out("\n".join(bodies), allowed_hosts=allowed_hosts(present)) if present is not None else ""


def _finish(row: ImportFile, tally: _Tally, *, left: list[str], warning: str) -> None:
    row.articles_new, row.articles_changed, row.articles_unchanged = tally.new, tally.changed, tally.unchanged
    row.state = State.DONE if tally.new or tally.changed else State.UNCHANGED
    counted = ((tally.new, "new"), (tally.changed, "changed"), (tally.unchanged, "unchanged"))
    words = ", ".join(f"{number} {what}" for number, what in counted if number)
    told = f"Articles: {words}; passages: {tally.passages}."
    if left:
        told += f" No longer in the file, so withdraw what is over: {', '.join(left)}."
    _save(row, f"{told} {warning}".strip())


def _fail(row: ImportFile, told: str) -> None:
    row.state = State.FAILED
    _save(row, told)


def _save(row: ImportFile, told: str) -> None:
    row.told, row.content = told[:_TOLD], b""
    row.save(
        update_fields=["state", "told", "content", "articles_new", "articles_changed", "articles_unchanged"],
    )


@transaction.atomic
def _end(job: ImportJob) -> None:
    if (
        ImportJob.objects.filter(pk=job.pk)
        .exclude(state=ImportJob.State.DONE)
        .update(state=ImportJob.State.DONE, ended_at=timezone.now())
    ):
        audit.record(job.requested_by, "knowledge.imported", job, after=counts_of(job))


def counts_of(job: ImportJob) -> dict[str, Any]:
    """How many files an import has in each state: ``{state: number}``."""
    return dict(job.files.values_list("state").annotate(number=Count("pk")).order_by())
