"""Staff look things up in the articles that are published. The question is answered in a worker, where the engine is."""

import uuid
from datetime import timedelta

from django.utils import timezone

from agent.knowledge.found import LooksUp
from agent.models import KnowledgeSearch
from agent.releases.services import answering_release
from core.models import User
from core.policy import Action, require
from core.redaction import redact
from core.text import clean_text

KEPT = timedelta(minutes=10)
MOST_CHARACTERS = 300


def ask(text: str, by: User) -> KnowledgeSearch | None:
    """Keep a question to be answered; None where there are no words in it. Addresses and numbers of people are left out.

    Raises NotAllowed.
    """
    require(by, Action.REPLY)
    words = redact(clean_text(text, limit=MOST_CHARACTERS)).strip()[:MOST_CHARACTERS]
    return KnowledgeSearch.objects.create(asked_by=by, text=words) if words else None


def asked(public_id: uuid.UUID, by: User) -> KnowledgeSearch | None:
    """The question of this id, if ``by`` asked it and it is not forgotten."""
    return KnowledgeSearch.objects.filter(public_id=public_id, asked_by=by).first()


def work_search(pk: int, mind: LooksUp) -> None:
    """Answer a question from what is published; one that is answered already stays as it is."""
    search = KnowledgeSearch.objects.filter(pk=pk, is_answered=False).first()
    release = answering_release()
    if search is None or release is None:
        return
    found = mind.look_up(release.pk, search.text)
    KnowledgeSearch.objects.filter(pk=pk).update(found=found, is_answered=True)


def forget_old_searches() -> int:
    """Delete what was asked some minutes ago; returns how many."""
    return KnowledgeSearch.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
