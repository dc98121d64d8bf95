"""Short ways to let a customer write to the real engine and to look at what came back."""

from agent import services
from agent.models import AgentRun
from agent.runtime import Runtime
from conversations.models import Message
from tests.conversations.talk import write


def told(text: str, mind: Runtime, *, kind: str = "text") -> str:
    """What the customer who writes this next is told; empty for nothing."""
    message = write(text, kind=kind)
    assert message is not None
    services.answer(message.conversation_id, mind)
    answer = Message.objects.filter(direction="out", seq__gt=message.seq).order_by("-seq").first()
    return answer.text if answer is not None else ""


def said() -> tuple[str, str]:
    """The kind of the last reply and the fixed text it came from."""
    reply = AgentRun.objects.latest("id").trace["reply"]
    return reply["kind"], reply["template"]


def quoted() -> str:
    """The heading of the passage that the last reply quotes."""
    trace = AgentRun.objects.latest("id").trace
    assert trace["reply"]["kind"] == "answer"
    return str(trace["knowledge"]["passages"][0]["heading"])
