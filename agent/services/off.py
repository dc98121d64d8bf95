"""The bot switched off by its release: people answer everything, and the customer is told so truthfully."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from agent.exceptions import NothingPublished
from agent.graph.brief import Brief, ReleaseState
from agent.graph.context import Staffed
from agent.graph.handoff import answer_by, time_told
from agent.models import AgentConfig, IntentSwitch, Release, ReplyTemplate
from agent.releases import keys, learning
from agent.releases.defaults.texts import TEXTS
from conversations.alarms import alarm_in
from conversations.types import HandOver, Outcome, Priority, ReasonCategory
from core.statements import Read

SWITCH = "bot.enabled"
_IS_OFF = "The bot is switched off."
_OFF_TEXTS = {
    ReasonCategory.DANGER: "danger_handoff",
    ReasonCategory.SECURITY: "security_handoff",
    ReasonCategory.URGENT: "urgent_handoff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """The release that answers at this moment, whether it has the bot switched off, and whether any intent is, by its switch."""

    release_id: int
    state: ReleaseState
    is_off: bool
    has_intents_off: bool


def answering() -> Answering:
    """While the published release's heads are being fitted the one before it answers; its switch counts at once.

    Raises NothingPublished.
    """
    published = _published.first()
    if published is None:
        raise NothingPublished
    found, off = published, not _read(published.switch)
    former = learning.former_release() if published.fit_at is not None and not off else None
    if former is not None:
        found, off = former, is_off(former.pk)
    return Answering(
        release_id=found.pk,
        state=ReleaseState(found.content_hash, found.validity, found.heads_from_id),
        is_off=off,
        has_intents_off=published.has_intents_off,
    )


@Read
def _published() -> QuerySet[Release, Any]:
    stored = AgentConfig.objects.filter(release_id=OuterRef("pk"), config_key=SWITCH).order_by()
    off = IntentSwitch.objects.filter(is_enabled=False)
    published = Release.objects.current().order_by()
    return published.annotate(switch=Subquery(stored.values("config_value")), has_intents_off=Exists(off))


def is_switched_off(brief: Brief) -> bool:
    """Whether the brief's release has the bot switched off."""
    return is_off(brief.release_id)


def is_off(release_id: int) -> bool:
    """Whether a release has the bot switched off."""
    return not _read(_setting.first(release_id, SWITCH))


def _read(stored: str | None) -> bool:
    return bool(keys.read(SWITCH, stored or keys.KEYS[SWITCH].default))


@Read
def _setting(release_id: int, key: str) -> QuerySet[AgentConfig, str]:
    stored = AgentConfig.objects.filter(release_id=release_id, config_key=key)
    return stored.order_by().values_list("config_value", flat=True)


def switched_off(brief: Brief, people: Staffed) -> Outcome:
    """What is said and done while the bot is switched off. Danger and haste are heard by fixed words, and come first."""
    alarm = alarm_in(brief.message, language=brief.language_prior or "")
    texts = _FixedTexts(brief.release_id)
    language = alarm.language if alarm else brief.language_prior or ""
    staffing = people.staffing()
    told = time_told(staffing, texts, language)
    by = answer_by(staffing) if told else ""
    said = texts.render(_OFF_TEXTS[alarm.reason] if alarm else "handoff", language)
    return HandOver(
        reason=alarm.reason if alarm else ReasonCategory.POLICY,
        detail=f"{alarm.detail} {_IS_OFF}" if alarm else _IS_OFF,
        priority=alarm.priority if alarm else Priority.NORMAL,
        customer_text=f"{said} {told}".strip(),
        answer_by=datetime.fromisoformat(by) if by else None,
    )


class _FixedTexts:
    """The graph's ``Renders`` where no mind is loaded: the release's texts, else those the product comes with."""

    def __init__(self, release_id: int) -> None:
        wanted = {*_OFF_TEXTS.values(), "handoff", "people_back", "people_wait"}
        rows = ReplyTemplate.objects.filter(release_id=release_id, key__in=wanted)
        self._texts = {(key, language): text for key, language, text in rows.values_list("key", "language", "text")}

    def render(self, key: str, language: str, **values: str) -> str:
        """The text in ``language``, else in English, else in any."""
        shipped = TEXTS.get(key, {})
        own = [text for (name, _), text in self._texts.items() if name == key]
        found = (
            self._texts.get((key, language))
            or shipped.get(language)
            or self._texts.get((key, "en"))
            or shipped.get("en")
            or next(iter(own), "")
        )
        return keys.fill(found, values)
