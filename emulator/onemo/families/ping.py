"""AT+MPING (manual 3.12)."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.command import Action
from onemo.at.family import FamilyDefinition
from onemo.at.params import Defaulted, Maybe, RequiredText
from onemo.at.reply import DONE, Reply, errors_in
from onemo.modem.modem import Modem
from onemo.modem.services import PingError
from onemo.profile.schema import PING


class Ping(NamedTuple):
    """AT+MPING; timeout in seconds, packet_len in bytes, cid: the default context if it is left out."""

    host: RequiredText
    timeout: Defaulted
    ping_num: Defaulted
    packet_len: Defaulted
    cid: Maybe


def _ping(modem: Modem, record: Ping) -> Reply:
    """OK now, each result in a URC. No active context: CME 570; a run that still lasts: CME 582."""
    modem.contexts.require(record.cid)
    modem.services.ping(record.host, record.timeout, record.ping_num, record.packet_len, record.cid)
    return DONE


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(Action("MPING", Ping, _ping),),
    errors=errors_in(PingError),
    tables=(PING,),
    shows={"MPING": ("ping",)},
)
