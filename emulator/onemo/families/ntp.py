"""AT+MNTP (manual 3.15): the time from a server."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.command import Action
from onemo.at.family import FamilyDefinition
from onemo.at.params import Defaulted, DefaultedText
from onemo.at.reply import DONE, Reply
from onemo.modem.modem import Modem
from onemo.profile.schema import TIME


class AskTime(NamedTuple):
    """AT+MNTP; sync 1 sets the module's clock; timeout in seconds."""

    server: DefaultedText
    port: Defaulted
    sync: Defaulted
    timeout: Defaulted


def _ask(modem: Modem, record: AskTime) -> Reply:
    """OK now, the time in a URC. No active context: CME 570; a question that is still open: CME 3."""
    modem.contexts.require(None)
    modem.services.ask_time(record.server, record.port, record.timeout, sync=bool(record.sync))
    return DONE


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(Action("MNTP", AskTime, _ask, bare=True),),
    tables=(TIME,),
    shows={"MNTP": ("time",)},
)
