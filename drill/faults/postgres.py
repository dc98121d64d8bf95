"""PostgreSQL restarted, frozen, locked, crowded: the door says 503 meanwhile, and nothing acknowledged is lost."""

from drill.faults.base import SERVICES, Fault, Stage

FROZEN_SECONDS = 12.0
LOCKED_SECONDS = 10.0
SLOWEST_REFUSAL = 8.0


def restarted(stage: Stage) -> None:
    """Every server process killed at once; the log is replayed."""
    for _ in stage.strikes(2.0, 5.0):
        stage.own_servers.restart_postgres()


def restarted_in_mid_send(stage: Stage) -> None:
    """The same while the platform is slow, so that sends are under way."""
    with stage.rules({"where": "send", "kind": "slow", "seconds": 1.5, "probability": 0.7}):
        restarted(stage)


def frozen(stage: Stage) -> None:
    """It accepts connections and answers nothing."""
    for _ in stage.strikes(2.0, 4.0):
        with stage.own_servers.frozen_postgres():
            stage.pause(FROZEN_SECONDS)
        status, took = stage.knock()
        stage.highest("door after it, s", took)
        if status != 200:
            stage.object_to(f"The door answered {status or 'nothing'} after PostgreSQL had been frozen.")


def crowded(stage: Stage) -> None:
    """No connection is left to be had."""
    for _ in stage.strikes(2.0, 4.0):
        with stage.own_servers.crowded_postgres(stage.rig.database.url) as taken:
            stage.highest("connections taken", taken)
            stage.pause(3.0, 6.0)


def locked(stage: Stage) -> None:
    """The table of messages locked, then that of conversations."""
    tables = ("conversations_message", "conversations_conversation", "integrations_webhookevent")
    for number in stage.strikes(2.0, 4.0):
        with stage.own_servers.locked_table(stage.rig.database.url, tables[number % len(tables)]):
            stage.pause(LOCKED_SECONDS)


FAULTS = (
    Fault(number="F15", name="PostgreSQL restarted", strike=restarted, shapes=SERVICES),
    Fault(number="F16", name="PostgreSQL restarted in mid send", strike=restarted_in_mid_send, shapes=SERVICES),
    Fault(number="F17", name="PostgreSQL hung", strike=frozen, shapes=SERVICES),
    Fault(number="F18", name="PostgreSQL crowded", strike=crowded, shapes=SERVICES),
    Fault(number="F19", name="tables locked", strike=locked, shapes=SERVICES),
)
