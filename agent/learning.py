"""The heads that a release answers with: those that are kept, or fitted now. Loads scikit-learn, so workers import it only."""

import logging
import time

from agent.engine.encoder import Encoder
from agent.engine.fitting import NotEnoughExamples, fit
from agent.engine.heads import Heads, HeadsFormatError
from agent.exceptions import NothingToLearnFrom
from agent.models import Release
from agent.releases.training import keep_heads, stored_heads, training_set
from agent.releases.vectors import VectorCache

logger = logging.getLogger(__name__)


def answers_with(release_id: int) -> int:
    """The release from whose examples this one's heads are fitted: itself, or the one whose heads were kept."""
    kept = Release.objects.filter(pk=release_id).values_list("heads_from", flat=True).get()
    return release_id if kept is None else kept


def heads_of(release_id: int, encoder: Encoder, cache: VectorCache) -> Heads:
    """The heads of a release's own examples; what is not stored, or cannot be read, is fitted now and stored.

    Raises NothingToLearnFrom.
    """
    lessons = training_set(release_id)
    name = encoder_name(encoder)
    stored = stored_heads(encoder=name, digest=lessons.digest)
    if stored is not None:
        try:
            return Heads.from_bytes(stored)
        except HeadsFormatError:
            logger.warning("The stored heads of release id %d are of an older format and are fitted again", release_id)
    started = time.monotonic()
    try:
        heads = fit(lessons.examples, lessons.intents, lessons.sentiment, lessons.heads, encoder, cache)
    except NotEnoughExamples as problem:
        raise NothingToLearnFrom(str(problem)) from problem
    cache.save()
    keep_heads(release_id, encoder=name, digest=lessons.digest, data=heads.to_bytes(), report=dict(heads.report))
    logger.info("Fitted the heads of release id %d in %.1f s", release_id, time.monotonic() - started)
    return heads


def is_kept(release_id: int, encoder: Encoder) -> bool:
    """Whether the heads of a release's own examples are stored."""
    return stored_heads(encoder=encoder_name(encoder), digest=training_set(release_id).digest) is not None


def encoder_name(encoder: Encoder) -> str:
    """Which encoders the heads belong to."""
    return "+".join(part for part in (encoder.fingerprint, encoder.english_fingerprint) if part)
