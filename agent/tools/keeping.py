"""What a turn leaves of its tools: the call, masked, and the slots of the episode. Written with the turn's commit."""

from collections.abc import Mapping
from dataclasses import asdict

from django.db.models import QuerySet
from django.utils import timezone

from agent.graph.state import AgentState, Dialogue, Slot, ToolUse
from agent.models import AgentRun, Approval, Lead, ToolCall
from agent.models import Dialogue as DialogueRow
from agent.tools.registry import LeadQuery
from conversations.models import Episode
from core.personal import masked
from core.statements import Read

_MASKED = "•••"
_TAIL = 3


def dialogue_of(conversation_id: int) -> Dialogue:
    """What is known in the open episode."""
    row = _dialogue.first(conversation_id)
    return Dialogue(slots=row.slots, waiting=row.waiting) if row is not None else Dialogue(slots={}, waiting="")


@Read
def _dialogue(conversation_id: int) -> QuerySet[DialogueRow]:
    open_one = DialogueRow.objects.filter(episode__conversation_id=conversation_id, episode__ended_at=None)
    return open_one.order_by("pk")[:1]


def keep_dialogue(conversation_id: int, before: Dialogue, after: Dialogue, *, seq: int) -> None:
    """Keep what is known from now on, if it changed. What was told in the present message stands in message ``seq``."""
    if after == before:
        return
    episode = Episode.objects.filter(conversation_id=conversation_id, ended_at=None).first()
    if episode is None:
        return
    known = {name: Slot(value=slot["value"], seq=slot["seq"] or seq) for name, slot in after["slots"].items()}
    DialogueRow.objects.update_or_create(episode=episode, defaults={"slots": known, "waiting": after["waiting"]})


def keep_call(run: AgentRun, state: AgentState) -> None:
    """Keep the use of a tool in a run, if there was one. Doing it twice keeps one."""
    use = state.get("tool_use")
    if use is not None:
        ToolCall.objects.get_or_create(
            run=run, tool=use["tool"], defaults={"conversation_id": run.conversation_id, **_columns(use)}
        )


def keep_approval(run: AgentRun, state: AgentState, *, seq: int) -> None:
    """Keep what waits for a person, and the lead it is about. An older one that nobody decided gives way."""
    plan = state.get("tool_plan")
    if plan is None or plan["waits_with"] is None or state.get("escalation_reason") != "approval":
        return
    waiting = Approval.objects.filter(conversation_id=run.conversation_id, state=Approval.State.WAITING)
    waiting.update(state=Approval.State.ASKED, decided_at=timezone.now(), reason="The customer wrote anew.")
    Approval.objects.create(
        run=run,
        conversation_id=run.conversation_id,
        tool=plan["tool"],
        input=plan["input"],
        reply=state["suggestion"],
    )
    episode = Episode.objects.filter(conversation_id=run.conversation_id, ended_at=None).first()
    if episode is not None:
        Lead.objects.update_or_create(
            episode=episode,
            defaults={
                "conversation_id": run.conversation_id,
                "state": Lead.State.WAITING,
                "consent_seq": seq,
                "consented_at": timezone.now(),
                **asdict(LeadQuery.read(plan["input"])),
            },
        )


def _columns(use: ToolUse) -> dict[str, object]:
    return {
        "input": masked_input(use["input"]),
        "outcome": use["outcome"],
        "problem": masked(use["problem"])[:300],
        "evidence": masked(use["evidence"]),
        "duration_ms": round(use["ms"]),
    }


def masked_input(given: Mapping[str, str]) -> dict[str, str]:
    """The input with addresses hidden and of order numbers only the end, for lists and the trail."""
    hidden = {name: masked(value) for name, value in given.items()}
    if "order_number" in hidden:
        hidden["order_number"] = _MASKED + given["order_number"][-_TAIL:]
    return hidden
