"""Reading what a run kept of its turn, as JSON gave it back."""

from datetime import datetime
from typing import Any, cast

from agent import world
from agent.exceptions import NothingToReplay
from agent.graph.brief import Brief, Envelope, Exchange, Versions
from agent.models import AgentRun
from conversations.types import Turn


def envelope_of(run: AgentRun) -> Envelope:
    """Everything the run's turn was thought from. Raises NothingToReplay, which says why it cannot be thought again."""
    _check(run)
    kept: dict[str, Any] = run.envelope["brief"]
    brief = Brief(
        **{
            **kept,
            "message_kinds": tuple(kept["message_kinds"]),
            "history": tuple(kept["history"]),
            "descriptions": tuple(kept.get("descriptions", ())),
            "switched_off": tuple(kept.get("switched_off", ())),
        }
    )
    exchanges = tuple(cast("list[Exchange]", run.envelope.get("exchanges", [])))
    return Envelope(
        brief=brief,
        versions=_versions(run),
        exchanges=exchanges,
        at=datetime.fromisoformat(run.envelope["at"]) if "at" in run.envelope else run.started_at,
        world=world.from_json(run.envelope.get("world") or {}),
    )


def turn_of(run: AgentRun) -> Turn:
    """The turn the run was for. Raises NothingToReplay."""
    _check(run)
    return Turn(**run.envelope["turn"])


def _check(run: AgentRun) -> None:
    if run.state == AgentRun.State.RUNNING:
        raise NothingToReplay("This run has not ended yet.")
    if not run.envelope:
        raise NothingToReplay(
            "What this run was given is no longer kept: the customer was erased, or it is older than traces are kept."
        )
    if not run.trace:
        raise NothingToReplay("This run failed before it had an outcome, so there is nothing to compare with.")


def _versions(run: AgentRun) -> Versions:
    kept: dict[str, Any] | None = run.envelope.get("versions")
    if kept is not None:
        return Versions(**{**kept, "models": tuple(kept["models"])})
    # Runs from before exchanges were kept tell which models they called, and not what these said.
    called = dict.fromkeys(f"{call['provider']}:{call['model']}" for call in run.trace.get("models", []))
    return Versions(models=tuple(called))
