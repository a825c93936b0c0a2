"""The modem, as its parts see it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Protocol

from onemo.at.store import Settings
from onemo.errors import NetFailure
from onemo.modem.channel import DeliveryWatch
from onemo.modem.clock import Clock
from onemo.modem.console import Console
from onemo.modem.intents import Intent
from onemo.modem.part import Part
from onemo.net.interface import AddressFamily
from onemo.profile.schema import Profile

if TYPE_CHECKING:
    from onemo.modem.credentials import Credentials
    from onemo.modem.registration import Cell
    from onemo.modem.sim import Sim


class Noting(Protocol):
    """The non-volatile memory, as it is changed where no command waits."""

    def note(self, change: Callable[[], None]) -> None:
        """Change what outlives the boot cycle, and write it down."""
        ...


class Bearers(Protocol):
    """The PDP contexts, as what runs on them sees them."""

    def chosen(self, cid: int | None) -> int:
        """Return the cid, or the default one for None."""
        ...

    def refusal(self, cid: int | None) -> NetFailure | None:
        """Tell why nothing can be opened on the context (None: the default one); None: it can."""
        ...

    def carries(self, cid: int | None, family: AddressFamily) -> bool:
        """Tell whether the type of an active context has the family."""
        ...

    def waits(self, without_autoconn: str) -> bool:
        """Tell whether AT+MUECONFIG has the module wait in this way, one of [contexts] without_autoconn."""
        ...

    def undefine_all(self) -> None:
        """End every definition."""
        ...

    def detached(self, *, by_network: bool = False) -> None:
        """Take every context down: there is no network any more."""
        ...


class Host(Protocol):
    """The modem, as its connections see it."""

    profile: Profile
    settings: Settings
    clock: Clock
    name_servers: tuple[str, ...]
    """The name servers that the network handed over."""
    first: Console
    """The console that has the URCs which are nobody's answer."""
    intents: list[Intent]
    now: float
    """The time of the step that runs."""
    on_delivered: DeliveryWatch | None
    """None: nobody asks."""

    sim: Sim
    cell: Cell

    @property
    def keeping(self) -> Noting:
        """What outlives the boot cycle."""
        ...

    @property
    def credentials(self) -> Credentials:
        """The certificates and keys."""
        ...

    @property
    def contexts(self) -> Bearers:
        """The PDP contexts."""
        ...

    @property
    def parts(self) -> Collection[Part]:
        """The parts that this boot cycle needed so far."""
        ...

    def has(self, command: str) -> bool:
        """Tell whether the model has a command."""
        ...

    @property
    def imsi(self) -> str:
        """The IMSI of the card."""
        ...

    @property
    def console(self) -> Console:
        """The console that asks, else the first."""
        ...

    def network_lost(self) -> None:
        """End whatever needs a registration."""
        ...

    def report(self, line: bytes) -> None:
        """Tell a result of the running command, on the console that asks; of none, on the first."""
        ...

    def notify_on(self, console: Console, line: bytes, *, droppable: bool = False) -> bool:
        """Tell a URC on a console, as notify does on the first."""
        ...

    def notify(self, line: bytes, *, droppable: bool = False) -> bool:
        """Tell a URC; return whether it was kept. droppable: it is dropped whole when too much waits."""
        ...
