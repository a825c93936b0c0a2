"""Echo requests: AT+MPING (manual 3.12)."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.command import Action, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.params import Defaulted, Maybe, RequiredText
from onemo.at.reply import DONE, CommandError, ErrorCode, Reply, errors_in
from onemo.errors import NetFailure
from onemo.modem.asking import Asking
from onemo.modem.channel import EchoReply
from onemo.modem.modem import Modem
from onemo.modem.names import name_policy, shown_address
from onemo.net.interface import PingRequest
from onemo.profile.schema import Count, Delay, Table


class PingSection(NamedTuple):
    """Echo requests (manual 3.12): seconds from one to the next, and <result> for each failure."""

    interval: Delay
    name: Count
    name_timed_out: Count
    reported: Count
    timed_out: Count
    other: Count


PING = Table("ping", PingSection, "MPING: the seconds between requests, and the result of each failure")


class PingError:
    """The errors of echo requests (manual 5)."""

    PING_BUSY = ErrorCode("ping_busy")


_ROUNDING = 1e-6
"""Milliseconds: 1.001 s are 1000.9999 of them to a processor."""


class Ping(NamedTuple):
    """AT+MPING; timeout in seconds, packet_len in bytes, cid: the default context if it is left out."""

    host: RequiredText
    timeout: Defaulted
    ping_num: Defaulted
    packet_len: Defaulted
    cid: Maybe


class PingRun(Asking[EchoReply]):
    """One run of echo requests at a time (manual 3.12). requests: how many the run has."""

    requests: int
    _size: int
    _sent: int
    _times: list[int]

    def start(self, host: str, timeout: float, requests: int, size: int, cid: int | None) -> None:
        """Begin a run; each request waits timeout seconds for its reply. Raises CommandError(PING_BUSY) in a run."""
        if self.running is not None:
            raise CommandError(PingError.PING_BUSY)
        self.requests, self._size, self._sent, self._times = requests, size, 0, []
        request = PingRequest(host=host, size=size, names=name_policy(self.host, cid), timeout=timeout)
        self.ask(request, cid, self.host.profile.table(PING).interval)

    def answered(self, result: EchoReply | NetFailure, now: float) -> bool:
        """Tell one result. A request without a reply is lost and the run goes on; any other failure ends it."""
        self._sent += 1
        if isinstance(result, EchoReply):
            milliseconds = int(result.time * 1000 + _ROUNDING)
            self._times.append(milliseconds)
            line = print_line("MPING", 0, shown_address(result.address), self._size, milliseconds, result.ttl)
        else:
            line = print_line("MPING", self._code(result))
        self.tell(line)
        if isinstance(result, NetFailure) and result is not NetFailure.TIMED_OUT:
            return False
        if self._sent < self.requests:
            return True
        if self.requests > 1:
            self.tell(self._statistics())
        return False

    def _statistics(self) -> bytes:
        """Make the line behind the last result.

        The average is truncated, as in the manual's example; all lost: zeros. [decided]
        """
        times = self._times or [0]
        lost = self._sent - len(self._times)
        return print_line("MPING", "statistics", self._sent, lost, min(times), max(times), sum(times) // len(times))

    def _code(self, failure: NetFailure) -> int:
        """Return <result> of a failure."""
        codes = self.host.profile.table(PING)
        match failure:
            case NetFailure.NAME:
                return codes.name
            case NetFailure.NAME_TIMED_OUT:
                return codes.name_timed_out
            case NetFailure.REPORTED:
                return codes.reported
            case NetFailure.TIMED_OUT:
                return codes.timed_out
        return codes.other


def _ping(modem: Modem, record: Ping) -> Reply:
    """Send echo requests (AT+MPING): OK now, each result in a URC.

    Raises CommandError: PDP_INACTIVE (CME 570), no active context; PING_BUSY (CME 582), a run still lasts.
    """
    modem.contexts.require(record.cid)
    modem.part(PingRun).start(record.host, record.timeout, record.ping_num, record.packet_len, record.cid)
    return DONE


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(Action("MPING", Ping, _ping),),
    errors=errors_in(PingError),
    tables=(PING,),
    shows={"MPING": ("ping",)},
)
