"""Erasing what runs hold of a person: what was asked, drafted, thought and sent to models. Their figures stay."""

from collections.abc import Iterable

from agent.models import AgentRun


def forget_runs(conversation_ids: Iterable[int]) -> int:
    """Empty the runs of these conversations; returns how many there are."""
    runs = AgentRun.objects.filter(conversation_id__in=list(conversation_ids))
    return runs.update(draft="", envelope={}, trace={}, error="")


def forget_run(run: AgentRun) -> None:
    """The same for a run that is not saved yet."""
    run.draft = run.error = ""
    run.envelope, run.trace = {}, {}
