"""AT+CCLK (27.007 8.15): the clock."""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from typing import NamedTuple

from onemo.at.command import Query, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.params import RequiredText
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.modem.clock import read
from onemo.modem.modem import Modem


class Time(NamedTuple):
    """AT+CCLK: ``yy/MM/dd,hh:mm:ss±zz``; without the zone it stays as it is."""

    time: RequiredText


def _tell(modem: Modem) -> Reply:
    """Tell the time (AT+CCLK?). Raises CommandError, the bare ERROR, before the clock is set."""
    clock = modem.clock
    if not clock.is_set:
        raise CommandError
    shown = clock.shown(modem.now)
    return Reply((print_line("CCLK", shown if modem.profile.clock.quoted else shown.encode()),))


def _set(modem: Modem, record: Time) -> Reply:
    """Set the clock (AT+CCLK=).

    Raises CommandError(INCORRECT_PARAMETERS): malformed, no date, a year or zone out of range.
    """
    rules = modem.profile.clock
    try:
        utc, zone = read(record.time, rules.zones, rules.last_year)
    except ValueError:
        raise CommandError(Cme.INCORRECT_PARAMETERS) from None
    modem.clock.set(utc, modem.now)
    if zone is not None:
        modem.clock.zone = zone
    return DONE


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(Query("CCLK", Time, read=_tell, select=_set),),
    shows={"CCLK": ("clock",)},
)
