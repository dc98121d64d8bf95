"""What the engine's heads are fitted from, and the fitted heads that are kept for it."""

import hashlib
import json
from dataclasses import dataclass

from agent.engine.types import HEAD_NAMES, Example, IntentSpec, LabelledText
from agent.models import EngineBuild, Intent, TrainingExample
from agent.releases.content import spec_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """The examples of a release by what they teach. ``digest`` is the same for the same set."""

    intents: tuple[IntentSpec, ...]
    examples: tuple[Example, ...]
    sentiment: tuple[LabelledText, ...]
    heads: dict[str, tuple[LabelledText, ...]]
    digest: str


def training_set(release_id: int) -> TrainingSet:
    """Everything the release's heads learn from."""
    rows = list(
        TrainingExample.objects.filter(release_id=release_id)
        .order_by("purpose", "label", "language", "text")
        .values_list("purpose", "label", "language", "text")
    )
    intents = tuple(spec_of(row) for row in Intent.objects.filter(release_id=release_id).order_by("key"))
    outline = [[spec.key, spec.route, list(spec.signals), spec.background] for spec in intents]
    digest = hashlib.sha256(json.dumps([outline, rows], ensure_ascii=False).encode()).hexdigest()

    def labelled(purpose: str) -> tuple[LabelledText, ...]:
        return tuple(
            LabelledText(text=text, label=label, language=language)
            for found, label, language, text in rows
            if found == purpose
        )

    return TrainingSet(
        intents=intents,
        examples=tuple(
            Example(text=text, intent=label, language=language)
            for purpose, label, language, text in rows
            if purpose == TrainingExample.Purpose.INTENT
        ),
        sentiment=labelled(TrainingExample.Purpose.SENTIMENT),
        heads={head: labelled(head) for head in HEAD_NAMES},
        digest=digest,
    )


def stored_heads(*, encoder: str, digest: str) -> bytes | None:
    """The heads that were fitted from exactly these examples, for whichever release; None if there are none."""
    data = (
        EngineBuild.objects.filter(encoder=encoder, training_hash=digest)
        .order_by("-id")
        .values_list("data", flat=True)
        .first()
    )
    return None if data is None else bytes(data)


def keep_heads(release_id: int, *, encoder: str, digest: str, data: bytes, report: dict[str, object]) -> None:
    """Store fitted heads, in place of the release's older ones for this encoder."""
    EngineBuild.objects.update_or_create(
        release_id=release_id, encoder=encoder, defaults={"training_hash": digest, "data": data, "report": report}
    )
