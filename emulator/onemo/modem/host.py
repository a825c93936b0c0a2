"""What the parts of the modem need of the modem around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from onemo.at.store import Settings
from onemo.errors import NetFailure
from onemo.modem.clock import Clock
from onemo.modem.console import Console
from onemo.modem.intents import Intent
from onemo.net.interface import AddressFamily
from onemo.profile.schema import Profile

if TYPE_CHECKING:
    from onemo.modem.files import Files
    from onemo.modem.registration import Cell
    from onemo.modem.sim import Sim


class Bearers(Protocol):
    """The PDP contexts, as what runs on them sees them."""

    def chosen(self, cid: int | None) -> int: ...

    def refusal(self, cid: int | None) -> NetFailure | None: ...

    def carries(self, cid: int | None, family: AddressFamily) -> bool: ...

    def undefine_all(self) -> None: ...

    def detached(self, *, by_network: bool = False) -> None: ...


class Host(Protocol):
    """The modem, as its connections see it."""

    profile: Profile
    settings: Settings
    clock: Clock
    name_servers: tuple[str, ...]
    """Those that the network handed over."""
    first: Console
    """The console that has the URCs which are nobody's answer."""
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
    def imsi(self) -> str: ...

    @property
    def console(self) -> Console:
        """The console that asks, else the first."""
        ...

    def report(self, line: bytes) -> None:
        """Tell a result of the running command, on the console that asks; of none, on the first."""
        ...

    def notify_on(self, console: Console, line: bytes, *, droppable: bool = False) -> bool:
        """Tell a URC on a console, as notify does on the first."""
        ...

    def notify(self, line: bytes, *, droppable: bool = False) -> bool:
        """A URC; droppable: dropped whole when too much waits. Returns whether it was kept."""
        ...
