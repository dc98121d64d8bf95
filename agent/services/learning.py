"""Fitting the heads of what was edited or published, in a worker, while turns go on."""

import logging
from typing import Protocol

from agent.exceptions import NothingToLearnFrom
from agent.models import Release
from agent.releases import learning
from core import leases

logger = logging.getLogger(__name__)

LEASE_SECONDS = 120
_LEASE = "fitting of heads"


class Learns(Protocol):
    """A worker's mind, as far as it is needed here."""

    def learn(self, release_id: int) -> None:
        """Fit a release's heads from its examples and keep them, unless they are kept already. Raises NothingToLearnFrom."""

    def prepare(self, release_id: int) -> None:
        """Load a release, so that its first turn does not wait."""


def work_fitting(release_id: int, mind: Learns) -> bool:
    """Fit what a release's examples teach, if that is due; a published release answers from then on.

    False: nothing was due, or somebody else is at it, or it was edited meanwhile. Then the sweeper asks again.
    """
    release = Release.objects.filter(pk=release_id).first()
    if release is None or release.fit_at is None or not learning.is_due(release):
        return False
    asked_for = release.fit_at
    with leases.held(_LEASE, seconds=LEASE_SECONDS) as is_ours:
        if not is_ours:
            return False
        try:
            mind.learn(release_id)
        except NothingToLearnFrom as problem:
            logger.warning("The heads of release %d cannot be fitted: %s", release.number, problem)
            learning.give_up(release)
        else:
            release = learning.decide(release_id)
        if release.state == Release.State.PUBLISHED:
            mind.prepare(release_id)
        return learning.finish(release, asked_for=asked_for)
