"""AT+MDNSCFG and AT+MDNSGIP: names (manual 3.10, 3.11)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from onemo.at.command import Action, Key, KeyedSetting, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.params import Maybe, RequiredText
from onemo.at.reply import DONE, CommandError, ErrorCode, Reply, errors_in
from onemo.errors import NetFailure
from onemo.modem.asking import Asking
from onemo.modem.modem import Modem
from onemo.modem.names import (
    NAME_SERVERS_IPV4,
    NAME_SERVERS_IPV6,
    name_policy,
    servers_in_force,
    shown_address,
)
from onemo.modem.slots import NAME_CACHE, NAME_PRIORITY, NAME_TIMEOUT, Cached
from onemo.net.interface import AddressFamily, LookupRequest


class DnsError:
    """The errors of names (manual 5)."""

    DNS_FAILED = ErrorCode("dns_failed")
    DNS_BUSY = ErrorCode("dns_busy")


class Lookup(NamedTuple):
    """AT+MDNSGIP; cid: the PDP context, the default one if it is left out."""

    domainname: RequiredText
    cid: Maybe


class Lookups(Asking[list[str]]):
    """One lookup at a time (manual 3.11)."""

    def look_up(self, name: str, cid: int | None) -> None:
        """Ask for a name, on a PDP context (None: the default one). Raises CommandError(DNS_BUSY) while one runs."""
        if self.running is not None:
            raise CommandError(DnsError.DNS_BUSY)
        self._name = name
        names, every = name_policy(self.host, cid), self.host.profile.dns.every_family
        self.ask(LookupRequest(name=name, names=names, every=every), cid)

    def answered(self, result: list[str] | NetFailure, now: float) -> bool:
        """Tell the addresses; none when the lookup failed."""
        found = [] if isinstance(result, NetFailure) else result[: self.host.profile.dns.listed]
        self.tell(print_line("MDNSGIP", self._name, *map(shown_address, found)))
        return False


def _servers(family: AddressFamily, modem: Modem, record: object) -> tuple[str | bytes, ...]:
    """Return the servers in force, as MDNSCFG reads them back."""
    first, *others = map(shown_address, servers_in_force(modem, family))
    return (first, *((b"",) if modem.profile.dns.empty_between else ()), *others)


def _cache(modem: Modem, record: Cached) -> tuple[int, ...]:
    """Return the values of MDNSCFG "cached"; a period that the model lacks is not printed either."""
    period = modem.model.slots[NAME_CACHE].params[1]
    return tuple(record) if period.section.available else (record.cached_mode,)


def _look_up(modem: Modem, record: Lookup) -> Reply:
    """Look a name up (AT+MDNSGIP): OK now, the addresses in a URC.

    Raises CommandError: PDP_INACTIVE (CME 570), no active context; DNS_BUSY (CME 581), a lookup still runs.
    """
    modem.contexts.require(record.cid)
    modem.part(Lookups).look_up(record.domainname, record.cid)
    return DONE


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        KeyedSetting(
            "MDNSCFG",
            (
                Key(NAME_SERVERS_IPV4, shown=partial(_servers, AddressFamily.IPV4)),
                Key(NAME_SERVERS_IPV6, shown=partial(_servers, AddressFamily.IPV6)),
                Key(NAME_PRIORITY),
                Key(NAME_CACHE, shown=_cache),
                Key(NAME_TIMEOUT),
            ),
        ),
        Action("MDNSGIP", Lookup, _look_up),
    ),
    errors=errors_in(DnsError),
    shows={"MDNSCFG": ("dns",), "MDNSGIP": ("dns",)},
)
