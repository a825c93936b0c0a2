"""The radio: the phone function, the search, the registration, the signal (27.007 7.2, 7.3, 8.2, 8.5, 10.1.22).

Pure: time (seconds) is an argument. The shell tells with Modem.attached what the network hands over.
"""

from __future__ import annotations

import math
from enum import IntEnum

from onemo.at.command import print_line
from onemo.at.reply import Cme, CommandError
from onemo.at.store import Slot
from onemo.modem.cells import CellChoice, RadioCell
from onemo.modem.clock import date_and_time
from onemo.modem.host import Host
from onemo.modem.intents import Attach
from onemo.modem.registration import NO_SIGNAL, TRANSITIONS, Registration, RegistrationEvent, Signal
from onemo.modem.sim import SimState
from onemo.modem.sleep import POWER_SAVING, Saving
from onemo.modem.slots import REGISTRATION_REPORTS, ZONE_REPORT, ZONE_UPDATE, RegistrationReport

_WITH_PLACE = 2
"""<n> from which reports tell where the module is."""
_PLMN_NOT_ALLOWED = 11
"""The cause after which a network is not tried again (24.301 9.9.3.9)."""


class Function(IntEnum):
    """<fun> of AT+CFUN."""

    MINIMUM = 0
    FULL = 1
    FLIGHT = 4
    TEST = 5


class Selection(IntEnum):
    """<mode> of AT+COPS."""

    AUTOMATIC = 0
    MANUAL = 1
    DEREGISTERED = 2
    FORMAT_ONLY = 3
    MANUAL_AUTOMATIC = 4


class Radio:
    """The radio of one boot cycle. deadline: when on_deadline is to be called; inf: never.

    selection, name_format: <mode> and <format> of AT+COPS. elsewhere: another operator was chosen, which is not here.
    detached: AT+CGATT=0, which on LTE leaves the network.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._profile = host.profile.radio
        self._cell = host.cell
        self._booted = False
        self._attaching = False
        self.function = Function.FULL
        self.stat = Registration.NOT_REGISTERED
        self.selection = Selection.AUTOMATIC
        self.name_format = self._profile.name_format
        self.elsewhere = False
        self.detached = False
        self.serving: RadioCell | None = None
        """The cell that serves the module while it is registered."""
        self.choice = CellChoice(self._cell.cells, host.settings)
        self.deadline = math.inf

    @property
    def registered(self) -> bool:
        """True while the module is registered with a network."""
        return self.stat.registered

    @property
    def signal(self) -> Signal:
        """The signal that is measured now: none unless registered."""
        return self._cell.signal if self.registered else NO_SIGNAL

    def require(self) -> None:
        """Require a registration. Raises CommandError(NO_NETWORK)."""
        if not self.registered:
            raise CommandError(Cme.NO_NETWORK)

    # What the modem tells.

    def search(self, until: float) -> None:
        """Look for the network, which is found at until: the module is READY."""
        self._booted = True
        self.detached = self._host.contexts.waits("camps")
        if self._host.contexts.waits("minimum"):
            self.function = Function.MINIMUM
        self._look(until)

    def on_deadline(self, now: float) -> None:
        """End the search: with a network, or with its refusal."""
        if now < self.deadline:
            return
        self.deadline = math.inf
        if self._cell.refusal is None:
            self._attaching = True
            self._host.intents.append(Attach())
        else:
            self._on(RegistrationEvent.REFUSED)

    def attached(self, utc: float | None, now: float) -> bool:
        """Register: the network took the module, and may tell the time. False: it is not wanted any more."""
        if not self._attaching:
            return False
        self._attaching = False
        self.serving = self.choice.best
        if self.serving is None:
            return False
        self._on(RegistrationEvent.ROAMED if self._cell.roaming else RegistrationEvent.ATTACHED)
        if utc is not None:
            self._take_time(utc, now)
        return True

    # What commands do.

    def set_function(self, function: Function, now: float) -> None:
        """Set the phone function (AT+CFUN): 0, 4 and 5 take everything down; 1 looks for the network."""
        if function is self.function:
            return
        self.function = function
        if function is Function.FULL:
            self.detached = self._host.contexts.waits("camps")
            self.choice.take_up_lock()
            self.search_again(now)
            return
        self.stop()
        if function is Function.MINIMUM:
            self._host.sim.restart()
            if self._profile.resets_contexts:
                self._host.contexts.undefine_all()

    def select(self, selection: Selection, operator: str | None, now: float) -> None:
        """Register by itself, with one operator, or not at all (AT+COPS).

        Raises CommandError(NO_NETWORK) when that operator is not here: the module then has no other, unless it is to
        choose for itself.
        """
        here = operator is None or operator == self.shown_operator
        if selection is Selection.MANUAL_AUTOMATIC and not here:
            selection, here = Selection.AUTOMATIC, True
        self.selection, self.elsewhere = selection, not here
        if selection is Selection.MANUAL:
            self._note_refusal(over=True)
        self.detached = False
        if selection is Selection.DEREGISTERED:
            self.stop()
        elif here:
            self.choice.take_up_lock()
            self.reselect(now)
        else:
            if self.stat is not Registration.NOT_REGISTERED:
                self._down(RegistrationEvent.LOST)
            self.search_again(now)
            raise CommandError(Cme.NO_NETWORK)

    def search_again(self, now: float, seconds: float | None = None) -> None:
        """Look for the network, if everything is there that it takes.

        seconds: how long, also in place of what is left of a search that goes on; None: as long as the model takes.
        """
        if seconds is not None:
            self.deadline = math.inf
        self._look(now + (self._profile.search_time if seconds is None else seconds))

    def stop(self) -> None:
        """Leave the network: every context goes down."""
        self._down(RegistrationEvent.STOP)

    def detach(self) -> None:
        """Leave the network until it is wanted again (AT+CGATT=0)."""
        self.detached = True
        self.stop()

    def attach_again(self, now: float) -> float | None:
        """Look for the network, if the module is not attached (AT+CGATT=1).

        Return the seconds after which the command calls end_attach; None: it is attached. Raises
        CommandError(NO_NETWORK) where there is no network to be had.
        """
        if self.registered:
            return None
        if self._cell.refusal is not None or not self._reachable:
            raise CommandError(Cme.NO_NETWORK)
        self.detached = False
        if self.deadline < math.inf:
            return self.deadline - now
        self._look(math.inf)
        if self.stat is not Registration.SEARCHING:
            raise CommandError(Cme.NO_NETWORK)
        return self._profile.search_time

    def end_attach(self) -> bool:
        """End the search of attach_again, and return whether an Attach intent of the command is to be carried out.

        Raises CommandError(NO_NETWORK) where the network went or refuses the module meanwhile.
        """
        if self.registered:
            return False
        self.deadline = math.inf
        if self.stat is Registration.SEARCHING and self._cell.refusal is not None:
            self._on(RegistrationEvent.REFUSED)
        if self.stat is not Registration.SEARCHING or not self._reachable:
            raise CommandError(Cme.NO_NETWORK)
        self._attaching = True
        return True

    # What happens around the module.

    def lose_coverage(self) -> None:
        """Take the network away until find_coverage: connections break, and the search goes on."""
        self._cell.coverage = False
        if self.stat is not Registration.NOT_REGISTERED:
            self._down(RegistrationEvent.LOST)

    def find_coverage(self, now: float, seconds: float | None = None) -> None:
        """Bring the network back, which the module looks for; seconds: as of search_again."""
        self._note_refusal(over=True)
        self._cell.coverage = True
        self.search_again(now, seconds)

    def refuse(self, cause: int | None = None) -> None:
        """Let the network refuse the module from now on, until accept. cause: None for the model's usual one."""
        self._cell.refusal = self._profile.refusal if cause is None else cause
        if self.registered:
            self._down(RegistrationEvent.REFUSED)

    def accept(self, now: float) -> None:
        """Let the network take the module again."""
        self._cell.refusal = None
        self.search_again(now)

    def set_roaming(self, roaming: bool) -> None:
        """Make the network another operator's, or the module's own."""
        self._cell.roaming = roaming
        if self.registered and roaming is not (self.stat is Registration.ROAMING):
            self._on(RegistrationEvent.ROAMED if roaming else RegistrationEvent.ATTACHED)

    def reselect(self, now: float) -> None:
        """Take up that other cells are there, or may be used: a handover, a search, or the loss of the network."""
        if not self.registered:
            self.search_again(now)
        elif (cell := self.choice.best) is None:
            self._down(RegistrationEvent.LOST)
        else:
            self._hand_over(cell)

    def serve_with(self, cell: RadioCell, now: float) -> None:
        """Hand the module over to a cell that it may use; one that looks for the network finds it there."""
        if self.registered:
            self._hand_over(cell)
        else:
            self.search_again(now)

    def set_zone(self, zone: int, now: float) -> None:
        """Have the network tell another zone from now on, quarters of an hour east of UTC; registered, at once."""
        self._cell.zone = zone
        if self.registered and self._host.clock.is_set:
            self._take_time(self._host.clock.utc(now), now)

    def set_signal(self, signal: Signal) -> None:
        """Change the signal that is measured."""
        self._cell.signal = signal

    def remove_card(self) -> None:
        """Take the card out while the module runs, or while it is off."""
        was_there, self._host.sim.present = self._host.sim.present, False
        self._host.sim.restart()
        if self._booted and was_there:
            self._tell_card(self._host.profile.sim.removed)
            self.stop()

    def insert_card(self, now: float) -> None:
        """Put the card back."""
        was_there, self._host.sim.present = self._host.sim.present, True
        if self._booted and not was_there:
            if self._host.sim.state is not SimState.DEAD:
                self._tell_card(self._host.sim.state.value)
            self.search_again(now)

    # What commands tell.

    def fields(self, report: RegistrationReport) -> tuple[int | str | bytes, ...]:
        """Return the fields of a registration report, as far as <n> asks for them (27.007 10.1.22).

        <stat>[,<tac>,<ci>,<act>[,<cause_type>,<reject_cause>[,<active_time>,<periodic_tau>]]]: the location from <n> 2
        on, while registered; the cause with <n> 3 and 5, the timers of PSM with 4 and 5, while there are any.
        """
        stat = int(self.stat)
        if self.registered and report.n >= _WITH_PLACE:
            assert self.serving is not None
            place = stat, self._profile.tac, self.serving.ci, self._profile.act
            return (*place, b"", b"", *self._granted) if report.n >= 4 and self._granted else place
        if self.stat is Registration.DENIED and report.n in (3, 5) and self._cell.refusal is not None:
            return stat, b"", b"", b"", 0, self._cell.refusal
        return (stat,)

    @property
    def operator_names(self) -> tuple[str, str, str]:
        """The names of the operator by <format> of AT+COPS: long, short, numeric."""
        return self._profile.operator, self._profile.operator_short, self._profile.plmn

    @property
    def shown_operator(self) -> str:
        """The name of the operator in the <format> of AT+COPS."""
        return self.operator_names[self.name_format]

    @property
    def found(self) -> list[tuple[int, tuple[str, str, str]]]:
        """What AT+COPS=? finds on the air, each with its names: 1 available, 2 current, 3 forbidden."""
        if not self._cell.coverage:
            return []
        stat = 3 if self._cell.refusal is not None else 2 if self.registered else 1
        return [(stat, self.operator_names), *((3, ("", "", plmn)) for plmn in self._profile.others)]

    # Inside.

    def _look(self, until: float) -> None:
        """Look for the network, which is found at until."""
        ready = self._booted and self.function is Function.FULL and self._host.sim.state is SimState.READY
        wanted = self.selection is not Selection.DEREGISTERED and not self.detached
        if not (ready and wanted) or self.registered or self._attaching or self.deadline < math.inf:
            return
        self._on(RegistrationEvent.SEARCH)
        self.deadline = until if self._reachable else math.inf

    @property
    def _granted(self) -> tuple[str, ...]:
        """The active time and the periodic TAU that the network gave: those that AT+CPSMS asks for."""
        saving = self._host.settings.get(POWER_SAVING)
        asked = saving.mode == Saving.ON and self._host.has("CPSMS")
        return (saving.active_time, saving.periodic_tau) if asked else ()

    @property
    def _reachable(self) -> bool:
        return self._cell.coverage and not self.elsewhere and self.choice.best is not None

    def _down(self, event: RegistrationEvent) -> None:
        """Lose the network, and every context; the network's doing unless the module was told to leave."""
        self._attaching = False
        self.serving = None
        self.deadline = math.inf
        self._host.contexts.detached(by_network=event is not RegistrationEvent.STOP and not self.elsewhere)
        self._host.network_lost()
        self._on(event)

    def _hand_over(self, cell: RadioCell) -> None:
        """Be served by a cell; the reports tell another ci."""
        before, self.serving = self.serving, cell
        if before is not None and before.ci != cell.ci:
            for slot in REGISTRATION_REPORTS:
                if self._host.settings.get(slot).n >= _WITH_PLACE:
                    self._report(slot)

    def _note_refusal(self, *, over: bool) -> None:
        """Have the card keep that the network does not allow the subscriber, or does again (EF_FPLMN)."""
        sim = self._host.sim
        if (sim.permit if over else sim.forbid)(self._profile.plmn):
            self._host.keeping.note(lambda: None)

    def _take_time(self, utc: float, now: float) -> None:
        """Take up NITZ: the clock follows where AT+CTZU lets it, and AT+CTZR's URC tells the zone."""
        clock = self._host.clock
        zone = self._host.profile.clock.zone if self._cell.zone is None else self._cell.zone
        if self._host.settings.get(ZONE_UPDATE).onoff:
            clock.set(utc, now)
            clock.zone = zone
        report = self._host.settings.get(ZONE_REPORT).reporting
        if report == 1:
            self._host.notify(print_line("CTZV", b"%+03d" % zone), droppable=True)
        elif report == 2:
            self._host.notify(print_line("CTZE", f"{zone:+03d}", 0, date_and_time(utc, zone)), droppable=True)
        elif report == 3:
            self._host.notify(print_line("CTZEU", f"{zone:+03d}", 0, date_and_time(utc)), droppable=True)

    def _tell_card(self, state: str) -> None:
        """Tell that a card comes or goes, where the model has a URC for it."""
        if self._host.profile.sim.removed:
            self._host.notify(print_line("CPIN", state.encode()), droppable=True)

    def _on(self, event: RegistrationEvent) -> None:
        before, self.stat = self.stat, TRANSITIONS[self.stat, event]
        if event is RegistrationEvent.REFUSED and self._cell.refusal == _PLMN_NOT_ALLOWED:
            self._note_refusal(over=False)
        if before is not self.stat:
            for slot in REGISTRATION_REPORTS:
                self._report(slot)

    def _report(self, slot: Slot[RegistrationReport]) -> None:
        if not self._host.has(slot.name):
            return
        report = self._host.settings.get(slot)
        if report.n:
            self._host.notify(print_line(slot.name, *self.fields(report)), droppable=True)
