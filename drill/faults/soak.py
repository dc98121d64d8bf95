"""Everything at random: for as long as there is time, one thing after another goes wrong, whatever else is wrong."""

from collections.abc import Callable

from drill.faults.base import BOTH, Fault, Stage

PLATFORM = (
    {"where": "api", "kind": "http_503", "probability": 0.05, "seconds": 1},
    {"where": "api", "kind": "http_429", "probability": 0.05, "seconds": 1},
    {"where": "send", "kind": "timeout_after_accept", "probability": 0.02, "seconds": 12},
    {"where": "send", "kind": "reset_after_accept", "probability": 0.04},
    {"where": "send", "kind": "half_response", "probability": 0.02},
    {"where": "echo", "kind": "drop_echo", "probability": 0.3},
)
FROZEN_SECONDS = 4.0
AWAY_SECONDS = 2.0


def _kill_one(stage: Stage) -> None:
    name = stage.dice.choice([process.name for process in stage.rig.processes])
    stage.rig.kill(name)
    stage.pause(0.0, 0.5)
    stage.rig.start(name)


def _kill_all(stage: Stage) -> None:
    for process in stage.rig.processes:
        stage.rig.kill(process.name)
    stage.rig.start_all()


def _flush(stage: Stage) -> None:
    stage.own_servers.flush_redis()


def _cut_off(stage: Stage) -> None:
    stage.own_servers.cut_redis_connections()


def _freeze(stage: Stage) -> None:
    with stage.own_servers.frozen_redis():
        stage.pause(FROZEN_SECONDS)


def _lose_redis(stage: Stage) -> None:
    stage.own_servers.kill_redis()
    stage.pause(AWAY_SECONDS)
    stage.own_servers.start_redis()


def _restart_postgres(stage: Stage) -> None:
    stage.own_servers.restart_postgres()


# What strikes, and how often beside the others.
BLOWS: dict[str, tuple[tuple[Callable[[Stage], None], int], ...]] = {
    "embedded": ((_kill_one, 1),),
    "services": (
        (_kill_one, 8),
        (_kill_all, 1),
        (_flush, 3),
        (_cut_off, 3),
        (_freeze, 1),
        (_lose_redis, 1),
        (_restart_postgres, 1),
    ),
}


def soak(stage: Stage) -> None:
    """One blow after another, while the platform refuses some calls and takes others without saying so."""
    blows, weights = zip(*BLOWS[stage.rig.shape], strict=True)
    with stage.rules(*PLATFORM):
        for _ in stage.strikes(0.5, 4.0):
            stage.dice.choices(blows, weights)[0](stage)


FAULTS = (Fault(number="SOAK", name="everything at random", strike=soak, shapes=BOTH),)
