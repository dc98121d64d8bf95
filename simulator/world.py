"""What every room of the simulator is given."""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.faults import FaultBook
from simulator.limits import QueryLimit, Typing
from simulator.settings import Knobs
from simulator.store import Store

if TYPE_CHECKING:
    from simulator.webhooks.sender import Senders


@dataclass(slots=True, kw_only=True)
class World:
    """The shared state of one simulator. ``base_url`` is where the platform is reached, without a slash."""

    store: Store
    senders: "Senders"
    base_url: str
    knobs: Knobs = field(default_factory=Knobs)
    faults: FaultBook = field(default_factory=FaultBook)
    query_limit: QueryLimit = field(default_factory=QueryLimit)
    typing: Typing = field(default_factory=Typing)
    stopping: threading.Event = field(default_factory=threading.Event)
