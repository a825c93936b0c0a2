"""AT+MNTP (manual 3.15): the time of a server."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.command import Action, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.params import Defaulted, DefaultedText
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.errors import NetFailure
from onemo.modem.asking import Asking
from onemo.modem.clock import show
from onemo.modem.modem import Modem
from onemo.modem.names import name_policy
from onemo.net.interface import TimeRequest
from onemo.profile.schema import Count, Table


class TimeSection(NamedTuple):
    """<result> of +MNTP for each failure (manual 3.15)."""

    name: Count
    timed_out: Count
    unusable: Count


TIME = Table("time", TimeSection, "MNTP: the result of each failure")


class AskTime(NamedTuple):
    """AT+MNTP; sync 1 sets the module's clock; timeout in seconds."""

    server: DefaultedText
    port: Defaulted
    sync: Defaulted
    timeout: Defaulted


class Times(Asking[float]):
    """One question for the time at once. sync: the module's clock is to be set."""

    sync: bool

    def ask_time(self, host: str, port: int, timeout: float, *, sync: bool) -> None:
        """Ask a time server. Raises CommandError(NOT_ALLOWED) while another question is open."""
        if self.running is not None:
            raise CommandError(Cme.NOT_ALLOWED)
        self.sync = sync
        self.ask(TimeRequest(host=host, port=port, timeout=timeout, names=name_policy(self.host)), None)

    def answered(self, result: float | NetFailure, now: float) -> bool:
        """Tell the time, and set the clock where that was asked."""
        clock = self.host.clock
        if isinstance(result, NetFailure):
            line = print_line("MNTP", self._code(result))
        else:
            line = print_line("MNTP", 0, show(result, clock.zone))
            if self.sync:
                clock.set(result, now)
        self.tell(line)
        return False

    def _code(self, failure: NetFailure) -> int:
        """Return <result> of a failure."""
        codes = self.host.profile.table(TIME)
        if failure in (NetFailure.NAME, NetFailure.NAME_TIMED_OUT):
            return codes.name
        return codes.timed_out if failure is NetFailure.TIMED_OUT else codes.unusable


def _ask(modem: Modem, record: AskTime) -> Reply:
    """Ask a server for the time (AT+MNTP): OK now, the time in a URC.

    Raises CommandError: PDP_INACTIVE (CME 570), no active context; NOT_ALLOWED (CME 3), another question is open.
    """
    modem.contexts.require(None)
    modem.part(Times).ask_time(record.server, record.port, record.timeout, sync=bool(record.sync))
    return DONE


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(Action("MNTP", AskTime, _ask, bare=True),),
    tables=(TIME,),
    shows={"MNTP": ("time",)},
)
