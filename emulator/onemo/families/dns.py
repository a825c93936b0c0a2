"""AT+MDNSCFG and AT+MDNSGIP: names (manual 3.10, 3.11)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from onemo.at.command import Action, Key, KeyedSetting
from onemo.at.family import FamilyDefinition
from onemo.at.params import Maybe, RequiredText
from onemo.at.reply import DONE, Reply, errors_in
from onemo.modem.modem import Modem
from onemo.modem.names import NAME_SERVERS_IPV4, NAME_SERVERS_IPV6, Servers, servers_in_force, shown_address
from onemo.modem.services import DnsError
from onemo.modem.slots import (
    NAME_CACHE,
    NAME_PRIORITY,
    NAME_TIMEOUT,
    Cached,
)
from onemo.net.interface import Family


class Lookup(NamedTuple):
    """AT+MDNSGIP; cid: the PDP context, the default one if it is left out."""

    domainname: RequiredText
    cid: Maybe


def _servers(family: Family, modem: Modem, record: Servers) -> tuple[str, ...]:
    return tuple(map(shown_address, servers_in_force(modem, family)))


def _cache(modem: Modem, record: Cached) -> tuple[int, ...]:
    """A period that the model lacks is not printed either."""
    period = modem.model.slots[NAME_CACHE].params[1]
    return tuple(record) if period.section.available else (record.cached_mode,)


def _look_up(modem: Modem, record: Lookup) -> Reply:
    """OK now, the addresses in a URC. No active context: CME 570; a lookup that still runs: CME 581."""
    modem.contexts.require(record.cid)
    modem.services.look_up(record.domainname, record.cid)
    return DONE


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        KeyedSetting(
            "MDNSCFG",
            (
                Key(NAME_SERVERS_IPV4, shown=partial(_servers, Family.IPV4)),
                Key(NAME_SERVERS_IPV6, shown=partial(_servers, Family.IPV6)),
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
