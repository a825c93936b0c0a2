"""What the parts of the modem need of the modem around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from onemo.at.store import Settings
from onemo.errors import NetFailure
from onemo.modem.clock import Clock
from onemo.modem.intents import Intent
from onemo.net.interface import Family
from onemo.profile.schema import Profile
from onemo.wire.transmitter import Transmitter

if TYPE_CHECKING:
    from onemo.modem.files import Files
    from onemo.modem.registration import Cell
    from onemo.modem.sim import Sim


class Bearers(Protocol):
    """The PDP contexts, as what runs on them sees them."""

    def chosen(self, cid: int | None) -> int: ...

    def refusal(self, cid: int | None) -> NetFailure | None: ...

    def carries(self, cid: int | None, family: Family) -> bool: ...

    def undefine_all(self) -> None: ...

    def detached(self, *, by_network: bool = False) -> None: ...


class Host(Protocol):
    """The modem, as its connections see it."""

    profile: Profile
    settings: Settings
    clock: Clock
    name_servers: tuple[str, ...]
    """Those that the network handed over."""
    transmitter: Transmitter
    intents: list[Intent]
    now: float
    """The time of the step that runs."""

    sim: Sim
    cell: Cell

    @property
    def files(self) -> Files: ...

    @property
    def contexts(self) -> Bearers: ...

    def has(self, command: str) -> bool:
        """Tell whether the model has a command."""
        ...

    @property
    def online(self) -> bool:
        """Whether a transparent connection holds the line."""
        ...

    @property
    def imsi(self) -> str: ...

    def notify(self, line: bytes, *, droppable: bool = False) -> bool:
        """A URC; droppable: dropped whole when too much waits. Returns whether it was kept."""
        ...

    def go_online(self, connect_id: int) -> None:
        """Give the line to a transparent connection as soon as no command runs."""
        ...

    def go_offline(self, connect_id: int) -> None:
        """The transparent connection has ended: what the DTE still sends is discarded until it is quiet."""
        ...
