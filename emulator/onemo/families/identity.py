"""The identity of the module: ATI, AT+CGMI, CGMM, CGMR, CGSN (27.007 5.1-5.4), MEID, and the twins of V.250 (6.1)."""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from collections.abc import Callable
from typing import NamedTuple

from onemo.at.command import Action, NoParameters, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.params import Defaulted
from onemo.at.reply import Cme, CommandError, Reply
from onemo.modem.modem import Modem


class WhichInformation(NamedTuple):
    """ATI<value>: only 0."""

    value: Defaulted


class SerialNumber(NamedTuple):
    """AT+CGSN=<snt>: 0 serial number, 1 IMEI, 2 IMEISV, 3 SVN."""

    snt: Defaulted


def _information(modem: Modem, record: WhichInformation) -> Reply:
    """Tell manufacturer, model and revision in one block (ATI)."""
    identity = modem.model.profile.identity
    end = (modem.console.format.cr + modem.console.format.lf).decode("latin-1")
    return Reply((end.join((identity.manufacturer, identity.model, modem.revision)).encode("latin-1"),))


def _bare(value: Callable[[Modem], str]) -> Callable[[Modem, NoParameters], Reply]:
    """Make a handler that tells a value alone."""
    return lambda modem, record: Reply((value(modem).encode(),))


def _serial_number(name: str) -> Callable[[Modem, SerialNumber], Reply]:
    """Make the handler of AT+CGSN or its twin. It tells the serial number alone, any other behind the name."""

    def tell(modem: Modem, record: SerialNumber) -> Reply:
        identity = modem.model.profile.identity
        if record.snt == 0:
            return Reply((identity.serial.encode(),))
        value = (identity.imei, identity.imeisv, identity.svn)[record.snt - 1]
        return Reply((print_line(name, value.encode()),))

    return tell


def _eid(modem: Modem, record: NoParameters) -> Reply:
    """Tell the number of the card's eUICC (AT+MEID). Raises CommandError: SIM_NOT_INSERTED; NOT_FOUND, it has none."""
    if not modem.sim.present:
        raise CommandError(Cme.SIM_NOT_INSERTED)
    eid = modem.profile.card.eid
    if not eid:
        raise CommandError(Cme.NOT_FOUND)
    return Reply((print_line("MEID", eid.encode()),))


_MANUFACTURER = _bare(lambda modem: modem.model.profile.identity.manufacturer)
_MODEL = _bare(lambda modem: modem.model.profile.identity.model)
_REVISION = _bare(lambda modem: modem.revision)


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Action("I", WhichInformation, _information),
        *(Action(name, NoParameters, _MANUFACTURER) for name in ("CGMI", "GMI")),
        *(Action(name, NoParameters, _MODEL) for name in ("CGMM", "GMM")),
        *(Action(name, NoParameters, _REVISION) for name in ("CGMR", "GMR")),
        Action("MEID", NoParameters, _eid, tested=False, reads=True),
        *(Action(name, SerialNumber, _serial_number(name), bare=True) for name in ("CGSN", "GSN")),
    ),
    shows=dict.fromkeys(("CGMI", "CGMM", "CGMR", "CGSN", "GMI", "GMM", "GMR", "GSN", "I", "MEID"), ("identity",)),
)
