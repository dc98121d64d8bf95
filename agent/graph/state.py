"""What the graph knows while it works: plain values, fit for JSON."""

import operator
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from agent.engine.types import Route

ReplyKind = Literal["answer", "model", "tool", "template", "clarify", "offer", "silence", "hand_over"]


class HistoryLine(TypedDict):
    """One earlier line of the talk; ``sender`` is customer, bot, human or system."""

    seq: int
    sender: str
    text: str
    kind: str
    sentiment: float | None


class Progress(TypedDict):
    """How the bot has fared since the customer was last helped.

    ``clarifications``, ``offers`` and ``failures`` (both) count the replies in a row that did not answer; ``last_kind`` is
    the kind of the bot's last reply, empty for none; ``offered`` says that it held the offer of a person, whatever its kind.
    """

    clarifications: int
    offers: int
    failures: int
    last_kind: str
    offered: NotRequired[bool]


class Fact(TypedDict):
    """Something a customer told, and the number of the message it stands in."""

    label: str
    value: str
    seq: int


class Remembered(TypedDict):
    """What of a long thread reaches a language model: the newest ``lines`` as they are, of all before only this.

    ``told`` are the titles of what the bot answered from. The newest stand first in both lists.
    """

    lines: int
    facts: list[Fact]
    told: list[str]


class ChannelFacts(TypedDict):
    """What the channel asks of an answer."""

    platform: str
    text_limit: int
    is_public: bool


class CustomerFacts(TypedDict):
    """On whose behalf tools look things up: our own id, and the address that their site vouches for; empty for none."""

    id: str
    platform: str
    email: str


class FoundPassage(TypedDict):
    """A passage found for the message, and the words of it that answer; ``focus`` are the two sentences that fit best.

    ``gate`` is how likely it answers, in [0, 1], and ``answers`` whether that is enough.
    """

    passage: str
    article: str
    title: str
    heading: str
    text: str
    quote: str
    focus: str
    language: str
    score: float
    vector_score: float
    keyword_score: float
    coverage: float
    margin: float
    gate: float
    answers: bool


class Source(TypedDict):
    """Where an answer stands."""

    title: str
    article: str
    passage: str


class Condition(TypedDict):
    """One condition of a rule as it was judged."""

    fact: str
    operator: str
    value: Any
    actual: Any
    holds: bool


class RuleMatch(TypedDict):
    """A rule that fired, or nearly did."""

    key: str
    name: str
    reason: str
    priority: str
    conditions: list[Condition]


class Check(TypedDict):
    """One check of the answer; ``detail`` says in words what is wrong, never quoting the customer."""

    check: str
    ok: bool
    detail: str


class Refusal(TypedDict):
    """An answer that the output gate stopped: who wrote it and the checks that it failed. Its words are not kept."""

    provider: str
    model: str
    checks: list[Check]


class Step(TypedDict):
    """A node that ran, and for how long."""

    node: str
    ms: float


class Slot(TypedDict):
    """Something the customer told for tools to work with; ``seq`` is its message's, 0 for the present one."""

    value: str
    seq: int


class Dialogue(TypedDict):
    """What is known for tools in this episode, and the tool that waits for more; empty for none."""

    slots: dict[str, Slot]
    waiting: str


class TextPart(TypedDict):
    """A fixed text and what fills its blanks."""

    template: str
    values: dict[str, str]


class ToolPlan(TypedDict):
    """A tool that fits the message: ready to be used with ``input``, or, with ``asks``, in need of an answer first.

    ``waits_with`` is of a risky tool: it is not used, a person decides, and with their yes this is what the customer is told.
    ``adds`` goes under what a ready tool tells; ``asks_also`` is a second, smaller question under either.
    """

    tool: str
    input: dict[str, str]
    asks: TextPart | None
    waits_with: TextPart | None
    adds: TextPart | None
    asks_also: NotRequired[TextPart | None]


class ToolUse(TypedDict):
    """What came of using a tool. ``parts`` tell it to the customer; each of their numbers stands in ``evidence``.

    ``outcome`` is ok, not_found, refused, timeout, unreachable or bad_answer; ``problem`` says for staff what went wrong.
    ``asks_again`` names the slots that are to be asked for once more;
    """

    tool: str
    title: str
    input: dict[str, str]
    outcome: str
    problem: str
    parts: list[TextPart]
    evidence: str
    asks_again: list[str]
    ms: float


class ModelCall(TypedDict):
    """One call of a language model, whether it answered or not. Costs are in millionths of a dollar."""

    provider: str
    model: str
    outcome: str
    ms: float
    tokens_in: int
    tokens_out: int
    cost_micros: int


class AgentState(TypedDict, total=False):
    """The state of one turn. What the caller gives stands first, then what each node adds.

    ``read_as`` is the message with slips of spelling mended. ``language`` is the one to answer in: the detected one where the business answers in it, else the business's own.
    ``quoted`` counts the passages, first ones first, that answer a question each; ``rest_unanswered`` says that another was asked.
    """

    message: str
    message_kinds: list[str]
    pictures: int
    descriptions: list[str]
    conversation_history: list[HistoryLine]
    channel: ChannelFacts
    progress: Progress
    language_prior: str | None
    remembered: Remembered | None

    read_as: str
    intent: str
    route: Route
    confidence: float
    confident: bool
    certain_from: float
    candidates: list[dict[str, Any]]
    in_scope: bool
    scope_score: float
    language: str
    detected_language: str
    language_confidence: float
    language_supported: bool
    sentiment_score: float
    signals: dict[str, dict[str, Any]]
    says: list[str]
    small_talk: bool

    formatted_context: str
    query: str
    passages: list[FoundPassage]
    answerable: bool
    gate_score: float
    quoted: int
    rest_unanswered: bool

    dialogue: Dialogue
    tool_plan: ToolPlan | None
    asks_after: TextPart | None
    tool_use: ToolUse

    requires_escalation: bool
    escalation_reason: str
    escalation_detail: str
    escalation_priority: str
    rules_fired: list[RuleMatch]
    rules_nearly: list[RuleMatch]

    response: str
    spoken: dict[str, str]
    reply_kind: ReplyKind
    template: str
    sources: list[Source]
    cited: list[str]
    silence_reason: str
    offers_person: bool
    suggestion: str
    answer_by: str
    provider: str
    model: str
    model_calls: Annotated[list[ModelCall], operator.add]
    generations: Annotated[int, operator.add]

    response_valid: bool
    checks: list[Check]
    refusals: Annotated[list[Refusal], operator.add]
    removed_links: Annotated[int, operator.add]
    failed_validations: Annotated[int, operator.add]

    steps: Annotated[list[Step], operator.add]
