"""What models said before, said again: no network, no money, and no guess where nothing was kept."""

from collections.abc import Sequence

from agent.exceptions import ExchangeMissing
from agent.graph.brief import Exchange
from agent.graph.context import WriteRequest, WriteResult, Written
from agent.llm.wording import digest_of, messages_of, without_personal
from core.personal import Placeholders


class RecordedWriter:
    """The graph's ``Writes`` over kept exchanges."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        """Each is given once, to the request it was the answer to."""
        self._left = list(exchanges)
        self._kept = bool(exchanges)

    def write(self, request: WriteRequest) -> WriteResult:
        """What was answered to exactly this request. Raises ExchangeMissing."""
        personal = Placeholders()
        asked = digest_of(messages_of(without_personal(request, personal)))
        for place, exchange in enumerate(self._left):
            if exchange["asked"] == asked:
                del self._left[place]
                return result_of(exchange, personal)
        raise ExchangeMissing(others_kept=self._kept)


def result_of(exchange: Exchange, personal: Placeholders) -> WriteResult:
    """The exchange as the graph takes it, and the personal things that its placeholders stand for."""
    answer = exchange["answer"]
    written = None
    if answer is not None:
        written = Written(
            text=answer["text"],
            spoken=personal.spoken(answer["text"]),
            cited=tuple(answer["cited"]),
            needs_person=answer["needs_person"],
            reason=answer["reason"],
            provider=answer["provider"],
            model=answer["model"],
        )
    return WriteResult(written=written, calls=tuple(exchange["calls"]))
