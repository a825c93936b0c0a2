"""The controls of a running module: what is done to it from outside, as on a bench with a real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import trio

from onemo.errors import EmulatorError, UsageError
from onemo.faults.plan import ArmedFault, Fault
from onemo.faults.say import fault_of
from onemo.faults.seams.events import check_now, happen
from onemo.modem.modem import Modem
from onemo.runtime.faulty import armed_on, faults_of
from onemo.runtime.lab import Condition, RunningModule
from onemo.runtime.shell import Module

if TYPE_CHECKING:
    from onemo.net.host.routes import SandboxNetwork
    from onemo.runtime.spec import Spec
    from onemo.runtime.tally import CommandTally

_T = TypeVar("_T")
_UNKNOWN = {"rssi": 99, "ber": 99, "rsrq": 255, "rsrp": 255}
_HIGHEST = {"rssi": 31, "ber": 7, "rsrq": 34, "rsrp": 97}
"""27.007 8.5 and 8.69."""
_SAYING = ("urc", "burst")
"""Events that have the module say something, as often as they happen."""


class ModuleControls:
    """The controls of one module. Each has been taken up when it returns; whatever is due at once has happened too.

    Any raises UsageError when the module has ended. Call it in the module's trio run.
    """

    def __init__(self, running: RunningModule) -> None:
        self._running = running

    def happen(self, event: Fault) -> None:
        """Let an event happen now. Raises FaultError: it is no event, or one for another time."""
        check_now(event)
        self._do(lambda modem, now: _happen(self._running.module, event, now))

    @property
    def spec(self) -> Spec:
        """The module as it was asked for."""
        return self._running.spec

    @property
    def tally(self) -> CommandTally | None:
        """The count of its commands; None: they are not counted."""
        return self._running.tally

    # What goes wrong.

    def arm(self, fault: Fault) -> ArmedFault:
        """Arm a fault. Raises FaultError: it is another module's."""
        return self._do(lambda modem, now: faults_of(self._running.module).arm(fault))

    def disarm(self, armed_id: int) -> ArmedFault:
        """Take a fault out again: what it held back goes on, an event is undone. Raises KeyError: there is none."""
        return self._do(lambda modem, now: faults_of(self._running.module).disarm(armed_id))

    def disarm_all(self) -> list[ArmedFault]:
        """Take every fault out again, as disarm does with one; return those that were armed."""
        return self._do(lambda modem, now: faults_of(self._running.module).reset() if self.armed else [])

    @property
    def armed(self) -> list[ArmedFault]:
        """The faults that were armed, spent ones too."""
        return armed_on(self._running.module)

    # The card.

    def remove_sim(self) -> None:
        """Take the card out; without one, nothing."""
        self._happen("sim-remove")

    def insert_sim(self) -> None:
        """Put the card back; it asks for its PIN again if it is locked."""
        self._happen("sim-insert")

    # The network.

    def lose_network(self) -> None:
        """Take the coverage away: connections break, and the module searches."""
        self._happen("registration-lost")

    def find_network(self) -> None:
        """Bring the coverage back; the search takes its time."""
        self._happen("registration-back")

    def refuse(self, cause: int | None = None) -> None:
        """Have the network refuse the module until ``accept``.

        cause: that of 24.301 9.9.3.9, None for the model's usual one.
        """
        if cause is not None and not 0 < cause < 256:
            raise UsageError(f"cause {cause} is none: give 1 to 255, as in 3GPP TS 24.301 9.9.3.9")
        self._happen("registration-denied", **({} if cause is None else {"cause": cause}))

    def accept(self) -> None:
        """Have the network take the module again; the search takes its time."""
        self._happen("registration-back")

    def set_roaming(self, roaming: bool = True) -> None:
        """Make the network another operator's, or the module's own again."""
        self._happen("roaming" if roaming else "home")

    def set_signal(
        self, *, rssi: int | None = None, ber: int | None = None, rsrq: int | None = None, rsrp: int | None = None
    ) -> None:
        """Set what AT+CSQ and AT+CESQ tell, in their numbers; what is left out stays."""
        given = {"rssi": rssi, "ber": ber, "rsrq": rsrq, "rsrp": rsrp}
        changes = {name: value for name, value in given.items() if value is not None}
        for name, value in changes.items():
            if not (0 <= value <= _HIGHEST[name] or value == _UNKNOWN[name]):
                raise UsageError(f"{name} {value}: give 0 to {_HIGHEST[name]}, or {_UNKNOWN[name]} for unknown")
        self._happen("signal", **{**self._do(lambda modem, now: modem.cell.signal._asdict()), **changes})

    def lose_context(self, cid: int) -> None:
        """Have the network take a PDP context down; where it is not active, nothing."""
        self._happen("pdp-deactivate", cid=cid)

    @property
    def registered(self) -> bool:
        """True while the module is registered with the network."""
        return self._do(lambda modem, now: modem.radio.registered)

    # The supply and the other lines.

    def power_off(self) -> None:
        """Take the supply away, whatever goes on; the port stays."""
        self._happen("power-off")

    def power_on(self) -> None:
        """Give the supply back: it boots. While it is there, nothing."""
        self._happen("power-on")

    def reboot(self) -> None:
        """Pull the reset line: a new boot cycle, whatever goes on; off, nothing."""
        self._happen("reboot")

    def wake(self) -> None:
        """End a sleep by DTR; awake, nothing."""
        self._happen("dtr")

    @property
    def power(self) -> str:
        """The state of its supply and sleep: ``off``, ``booting``, ``ready``, ``sleeping`` or ``saving`` (PSM)."""
        return self._do(lambda modem, now: modem.power.state.name.lower())

    # The line to the DTE.

    def urc(self, line: str) -> None:
        """Have the module say this unasked, like ``+CMTI: "SM",1``, as soon as it may say anything.

        Raises UsageError when it is off, when it is no line of text, or when too much waits for the DTE already.
        """
        if not (line.isascii() and line.isprintable() and line):
            raise UsageError(f'{line!r} is no line: give printable ASCII without its line ends, like +CMTI: "SM",1')
        self.happen(fault_of({"kind": "urc", "text": line.replace("\\", "\\\\")}))

    # The sandbox.

    @property
    def sandbox(self) -> SandboxNetwork | None:
        """The sandbox that its routes lead to; None: they lead to none."""
        return self._running.network.sandbox

    # Inside.

    def do(self, act: Callable[[], _T]) -> _T:
        """Call act while nothing else happens to the module; return its result."""
        return self._do(lambda modem, now: act())

    def _happen(self, event: str, **keys: int) -> None:
        self.happen(fault_of({"kind": event, **keys}))

    def _do(self, act: Callable[[Modem, float], _T]) -> _T:
        if self._running.condition is not Condition.READY:
            raise UsageError(f"{self._running.name} has ended: start it again") from self._running.error
        results: list[_T] = []

        def done() -> None:
            modem, now = self._running.module.modem, trio.current_time()
            results.append(act(modem, now))
            if modem.deadline <= now:
                modem.on_deadline(now)

        try:
            self._running.module.report(done)
        except (EmulatorError, LookupError):
            raise
        except Exception as error:
            self._running.module.failed(error)
            raise
        return results[0]


def _happen(module: Module, event: Fault, now: float) -> None:
    """Let an event happen.

    Raises UsageError for what nobody would hear, or would have to wait for without end.
    """
    modem = module.modem
    says, dropped = event.kind.name in _SAYING, modem.first.transmitter.dropped
    if says and not (modem.power.ready or modem.power.asleep):
        raise UsageError("the module is not up, and says nothing: give it its supply, and let it boot")
    if not (says and modem.first.transmitter.full):
        happen(modem, event, now)
        if not says:  # else the trace has what is said
            module.tell("event", str(event))
        if not says or modem.first.transmitter.dropped == dropped:
            return
    raise UsageError("too much waits for the DTE, so this would be dropped: let it read first")
