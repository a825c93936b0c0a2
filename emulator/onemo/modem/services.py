"""What the module does beside its connections: one lookup, one run of pings, one question for the time at once.

The shell carries each out and reports with the methods that take now; a restart forgets them all.
"""

from __future__ import annotations

from onemo.at.command import print_line
from onemo.at.reply import Cme, CommandError, ErrorCode
from onemo.errors import NetFailure
from onemo.modem.clock import show
from onemo.modem.host import Host
from onemo.modem.intents import AskTime, Cancel, Lookup, Ping
from onemo.modem.names import name_policy, shown_address
from onemo.modem.part import Part
from onemo.net.interface import Echo, LookupRequest, PingRequest, TimeRequest
from onemo.profile.schema import PING, TIME


class DnsError:
    """The errors of names (manual 5)."""

    DNS_FAILED = ErrorCode("dns_failed")
    DNS_BUSY = ErrorCode("dns_busy")


class PingError:
    """The errors of echo requests (manual 5)."""

    PING_BUSY = ErrorCode("ping_busy")


_ROUNDING = 1e-6
"""Milliseconds: 1.001 s are 1000.9999 of them to a processor."""


class Services(Part):
    """MDNSGIP, MPING and MNTP (manual 3.11, 3.12, 3.15). Times in seconds."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._profile = host.profile
        self._lookup: Lookup | None = None
        self._ping: Ping | None = None
        self._times: list[int] = []
        self._sent = 0
        self._time: AskTime | None = None
        self._cids: dict[type, int] = {}
        """The context that each of them runs on."""

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return not (self._lookup is None and self._ping is None and self._time is None)

    # What commands do.

    def look_up(self, name: str, cid: int | None) -> None:
        """cid: the PDP context, as everywhere here. Raises CommandError(DNS_BUSY) while another lookup runs."""
        if self._lookup is not None:
            raise CommandError(DnsError.DNS_BUSY)
        request = LookupRequest(name, name_policy(self._host, cid), self._profile.dns.every_family)
        self._cids[Lookup] = self._host.contexts.chosen(cid)
        self._lookup = Lookup(request)
        self._host.intents.append(self._lookup)

    def ping(self, host: str, timeout: float, count: int, size: int, cid: int | None) -> None:
        """Raises CommandError(PING_BUSY) while another run lasts."""
        if self._ping is not None:
            raise CommandError(PingError.PING_BUSY)
        request = PingRequest(host, size, name_policy(self._host, cid))
        self._cids[Ping] = self._host.contexts.chosen(cid)
        self._ping = Ping(request, count, timeout, self._profile.table(PING).interval)
        self._times.clear()
        self._sent = 0
        self._host.intents.append(self._ping)

    def ask_time(self, host: str, port: int, timeout: float, *, sync: bool) -> None:
        """sync: set the module's clock. Raises CommandError(NOT_ALLOWED) while another question is open."""
        if self._time is not None:
            raise CommandError(Cme.NOT_ALLOWED)
        self._cids[AskTime] = self._host.contexts.chosen(None)
        self._time = AskTime(TimeRequest(host, port, timeout, name_policy(self._host)), sync)
        self._host.intents.append(self._time)

    # What the shell reports.

    def found(self, addresses: list[str]) -> None:
        """The lookup has ended, with no address when it failed."""
        listed = [shown_address(address) for address in addresses[: self._profile.dns.listed]]
        lookup, self._lookup = self._lookup, None
        assert lookup is not None
        self._host.notify(print_line("MDNSGIP", lookup.request.name, *listed))

    def pinged(self, address: str, result: Echo | NetFailure) -> bool:
        """One echo request has its reply or its failure; returns whether the next one is to be sent.

        A request without a reply is lost and the run goes on; any other failure ends it.
        """
        ping = self._ping
        assert ping is not None
        self._sent += 1
        if isinstance(result, Echo):
            milliseconds = int(result.time * 1000 + _ROUNDING)
            self._times.append(milliseconds)
            line = print_line("MPING", 0, shown_address(address), ping.request.size, milliseconds, result.ttl)
        else:
            line = print_line("MPING", self._ping_result(result))
        self._host.notify(line)
        failed = not isinstance(result, Echo) and result is not NetFailure.TIMED_OUT
        if not failed and self._sent < ping.requests:
            return True
        self._ping = None
        if not failed and ping.requests > 1:
            self._host.notify(self._statistics())
        return False

    def timed(self, result: float | NetFailure, now: float) -> None:
        """The time server has answered with seconds since 1970-01-01 UTC, or not."""
        clock = self._host.clock
        if isinstance(result, NetFailure):
            line = print_line("MNTP", self._time_result(result))
        else:
            line = print_line("MNTP", 0, show(result, clock.zone))
        asked, self._time = self._time, None
        assert asked is not None
        if asked.sync and not isinstance(result, NetFailure):
            clock.set(result, now)
        self._host.notify(line)

    def context_down(self, cid: int) -> None:
        """The PDP context ended: what runs on it has failed."""
        for operation in (self._lookup, self._ping, self._time):
            if operation is not None and self._cids[type(operation)] == cid:
                self._host.intents.append(Cancel(operation))
                self.abandoned(operation, 0.0)

    def abandoned(self, operation: Lookup | Ping | AskTime, now: float) -> None:
        """Nobody serves the operation any more: it has failed."""
        if operation is self._lookup:
            self.found([])
        elif operation is self._ping:
            self.pinged("", NetFailure.OTHER)
        elif operation is self._time:
            self.timed(NetFailure.UNUSABLE, now)

    # Inside.

    def _statistics(self) -> bytes:
        """The average is truncated, as in the manual's example; all lost: zeros. [decided]"""
        times = self._times or [0]
        lost = self._sent - len(self._times)
        return print_line("MPING", "statistics", self._sent, lost, min(times), max(times), sum(times) // len(times))

    def _ping_result(self, failure: NetFailure) -> int:
        results = self._profile.table(PING)
        match failure:
            case NetFailure.NAME:
                return results.name
            case NetFailure.NAME_TIMED_OUT:
                return results.name_timed_out
            case NetFailure.REPORTED:
                return results.reported
            case NetFailure.TIMED_OUT:
                return results.timed_out
        return results.other

    def _time_result(self, failure: NetFailure) -> int:
        results = self._profile.table(TIME)
        if failure in (NetFailure.NAME, NetFailure.NAME_TIMED_OUT):
            return results.name
        return results.timed_out if failure is NetFailure.TIMED_OUT else results.unusable
