"""The judge is judged: with one promise taken out of the product, the invariant that watches it must bite.

Each trial provokes what its mutant gets wrong. The product as it is goes through the same trial first, and must hold.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from drill.checker import Verdict, drain, judge
from drill.crash import STRIKE_SECONDS, Scene
from drill.database import Database
from drill.rig import DrillFailed, wait_for
from drill.shapes import Process

THINKING = """
SELECT count(*) FROM agent_agentrun WHERE state = 'running' OR error = 'The process that worked on it ended.'
"""
ENDED = "SELECT count(*) FROM agent_agentrun WHERE state <> 'running'"
RECEIVED = "SELECT id FROM integrations_webhookevent WHERE state = 'received' ORDER BY id"
EXPIRE = (
    "UPDATE conversations_conversation SET lease_until = '2000-01-01 00:00:00' WHERE id = {pk} AND lease_owner <> ''"
)
WAITS_FOR_A_LOCK = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
# A mutant may never come to rest.
REST_SECONDS = 60.0
COPIES = 9
AT_ONCE = 4
# Dollars: room for one call's estimate and not for two; what AT_ONCE calls cost is more than it and one call.
CAP = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What provokes a mutant. ``bites`` are the invariants' numbers of which one must be broken.

    ``change`` is what the mutant's database lacks, ``settings`` hold with the mutant and without it; ``only`` names the
    one shape in which it can be.
    """

    mutant: str
    bites: tuple[int, ...]
    drive: Callable[[Scene], None]
    change: Callable[[Database], object] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    only: str = ""
    is_quick: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One trial's end: what the judge said of the product as it is, and of the mutant."""

    trial: Trial
    control: Verdict
    mutant: Verdict
    seconds: float

    @property
    def bitten_by(self) -> list[str]:
        """The invariants that broke, of those that must."""
        return [name for name in self.mutant.names if int(name.split()[0]) in self.trial.bites]

    @property
    def result(self) -> tuple[str, str]:
        """In a word and in a line what came of it."""
        if not self.control.holds:
            return "BROKEN", f"without the mutant: {', '.join(self.control.names)}"
        if not self.bitten_by:
            return "SURVIVED", f"nothing that should bite does; {self.seconds:.1f} s"
        return "caught", f"by {', '.join(self.bitten_by)}; {self.seconds:.1f} s"


def _faults(scene: Scene, *rules: dict[str, object]) -> None:
    scene.rig.simulator("POST", "faults", {"rules": list(rules), "replace": True})


def _write_and_die(scene: Scene, point: str) -> None:
    rig = scene.rig
    rig.order.write_text(point)
    scene.write()
    wait_for(lambda: not rig.order.exists(), seconds=STRIKE_SECONDS, what=f"anybody to pass {point}")
    rig.bury_the_dead()


def _until_asked(scene: Scene, before: int) -> None:
    wait_for(lambda: scene.model.asked > before, seconds=STRIKE_SECONDS, what="the model to be asked")


def _until_thought(scene: Scene) -> None:
    wait_for(lambda: scene.rig.query(THINKING)[0][0] == 0, seconds=STRIKE_SECONDS, what="every turn to end")


def _acked_and_dead(scene: Scene) -> None:
    """The door's process ends before it keeps the message."""
    _write_and_die(scene, "ingress.before_insert")


def _again_and_again(scene: Scene) -> None:
    """The platform delivers one message ten times."""
    _faults(scene, {"where": "webhook", "kind": "duplicate", "copies": COPIES})
    scene.write()


def _two_at_one_turn(scene: Scene) -> None:
    """While the model thinks, the lease runs out and another worker claims the turn; then both come to their end."""
    rig, model = scene.rig, scene.model
    before = model.asked
    model.hold()
    try:
        pk, _, _ = scene.conversation(scene.write())
        _until_asked(scene, before)
        if rig.shape == "embedded":
            other = f"from agent import runtime, services; services.answer({pk}, runtime.mind())"
            rig.database.change(EXPIRE.format(pk=pk))
            rig.begin(Process(name="other", command=("manage.py", "shell", "-c", other)))

        def is_claimed_again() -> bool:
            if model.asked > before + 1:
                return True
            # The first claimer keeps its lease alive for as long as it lives.
            rig.database.change(EXPIRE.format(pk=pk))
            return False

        wait_for(is_claimed_again, seconds=STRIKE_SECONDS, what="another worker to claim the turn")
    finally:
        model.let_go()
    _until_thought(scene)


def _sent_and_dead(scene: Scene) -> None:
    """The sender dies with the platform's answer in its hand, and the echo is lost."""
    _faults(scene, {"where": "echo", "kind": "drop_echo"})
    _write_and_die(scene, "send.after_response_before_write")


def _sent_and_cut(scene: Scene) -> None:
    """The platform takes the reply, and neither its answer nor its echo comes."""
    _faults(
        scene,
        {"where": "send", "kind": "reset_after_accept"},
        {"where": "echo", "kind": "drop_echo"},
    )
    scene.write()


def _one_row_held(scene: Scene) -> None:
    """Two messages of one customer wait; somebody has the first in hand when the workers come."""
    rig = scene.rig
    for name in ("worker", "sweeper"):
        rig.kill(name)
    for text in ("Where is my parcel?", "And when will it come?"):
        rig.simulator("POST", "say", {"user": "customer-of-two", "text": text})
    waiting: list[int] = []

    def are_both_there() -> bool:
        waiting[:] = [row[0] for row in rig.query(RECEIVED)]
        return len(waiting) == 2

    wait_for(are_both_there, seconds=STRIKE_SECONDS, what="both messages to be kept")
    with psycopg.connect(rig.database.url) as holder:
        holder.execute("SELECT id FROM integrations_webhookevent WHERE id = %s FOR UPDATE", (waiting[0],))
        rig.start("worker")
        rig.start("sweeper")
        wait_for(
            lambda: rig.query(WAITS_FOR_A_LOCK)[0][0] > 0 or len(rig.query(RECEIVED)) < 2,
            seconds=STRIKE_SECONDS,
            what="a worker to come to the row that is held",
        )


def _take_over(scene: Scene) -> None:
    """A person takes over while the bot thinks; then the bot has thought."""
    before = scene.model.asked
    scene.model.hold()
    try:
        _, public_id, _ = scene.conversation(scene.write())
        _until_asked(scene, before)
        status = scene.colleague.take_over(public_id)
        if status >= 400:
            raise DrillFailed(f"Nobody could take over (HTTP {status}).")
    finally:
        scene.model.let_go()
    _until_thought(scene)


def _all_at_once(scene: Scene) -> None:
    """Several turns ask for money while none has paid yet."""
    rig, model = scene.rig, scene.model
    before, ended = model.asked, rig.query(ENDED)[0][0]
    model.hold()
    try:
        for _ in range(AT_ONCE):
            scene.write()
        wait_for(
            lambda: model.asked - before + rig.query(ENDED)[0][0] - ended >= AT_ONCE,
            seconds=STRIKE_SECONDS,
            what="every turn to ask the model or to be refused the money",
        )
    finally:
        model.let_go()
    _until_thought(scene)


TRIALS = (
    Trial(
        mutant="no-unique-key",
        bites=(1,),
        drive=_again_and_again,
        change=lambda database: database.drop_unique("integrations_webhookevent", "one_row_per_event"),
        is_quick=True,
    ),
    Trial(mutant="blind-retry", bites=(3,), drive=_sent_and_cut, is_quick=True),
    Trial(mutant="takeover-without-epoch", bites=(7,), drive=_take_over, is_quick=True),
    Trial(mutant="ack-before-commit", bites=(1,), drive=_acked_and_dead),
    Trial(mutant="expired-sending-to-pending", bites=(3,), drive=_sent_and_dead),
    Trial(mutant="no-fencing", bites=(4,), drive=_two_at_one_turn),
    Trial(mutant="skip-locked", bites=(6,), drive=_one_row_held, only="services"),
    Trial(
        mutant="check-then-act-cap",
        bites=(10,),
        drive=_all_at_once,
        # Half of the threads may call a model at once.
        settings={"SPEND_CAP_DOLLARS_PER_DAY": CAP, "WORK_THREADS": 2 * AT_ONCE},
    ),
)


def take_all(scene: Scene, trials: Sequence[Trial], tell: Callable[[Tried], None]) -> None:
    """Carry the trials out on one rig, first the product as it is through all, then each mutant, and tell of each."""
    scene.colleague.sign_in()
    controls = [_held(scene, trial) for trial in trials]
    for trial, (control, seconds) in zip(trials, controls, strict=True):
        begun = time.monotonic()
        _begin(scene, mutant=trial.mutant, settings=trial.settings, change=trial.change)
        mutant = _carry_out(scene, trial)
        tell(Tried(trial=trial, control=control, mutant=mutant, seconds=seconds + time.monotonic() - begun))


def _held(scene: Scene, trial: Trial) -> tuple[Verdict, float]:
    """The product as it is in a trial; one that does not hold is not left to the next."""
    begun = time.monotonic()
    if scene.rig.overrides != trial.settings:
        _begin(scene, settings=trial.settings)
    verdict = _carry_out(scene, trial)
    if not verdict.holds:
        _begin(scene, settings=trial.settings)
    return verdict, time.monotonic() - begun


def _begin(
    scene: Scene,
    *,
    mutant: str = "",
    settings: Mapping[str, Any],
    change: Callable[[Database], object] | None = None,
) -> None:
    scene.rig.mutant = mutant
    scene.rig.overrides = dict(settings)
    scene.rig.reset(change=change)
    scene.colleague.sign_in()


def _carry_out(scene: Scene, trial: Trial) -> Verdict:
    rig = scene.rig
    try:
        trial.drive(scene)
        drain(rig, seconds=REST_SECONDS)
        return judge(rig)
    finally:
        rig.order.unlink(missing_ok=True)
        rig.simulator("DELETE", "faults")
