"""Who the module is: ATI, AT+CGMI, AT+CGMM, AT+CGMR, AT+CGSN (V.250 6.1.3, 27.007 5.1-5.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from emulator.at.command import Action, Declaration, NoParameters, print_line
from emulator.at.params import Defaulted
from emulator.at.reply import Reply
from emulator.modem.modem import Modem


class Which(NamedTuple):
    """ATI<value>: only 0."""

    value: Defaulted


class SerialNumber(NamedTuple):
    """AT+CGSN=<snt>: 0 serial number, 1 IMEI, 2 IMEISV, 3 SVN."""

    snt: Defaulted


def _information(modem: Modem, record: Which) -> Reply:
    """Manufacturer, model and revision in one block."""
    identity = modem.model.profile.identity
    end = (modem.format.cr + modem.format.lf).decode("latin-1")
    return Reply((end.join((identity.manufacturer, identity.model, modem.revision)).encode("latin-1"),))


def _bare(value: Callable[[Modem], str]) -> Callable[[Modem, NoParameters], Reply]:
    return lambda modem, record: Reply((value(modem).encode(),))


def _serial_number(modem: Modem, record: SerialNumber) -> Reply:
    identity = modem.model.profile.identity
    if record.snt == 0:
        return Reply((identity.serial.encode(),))
    value = (identity.imei, identity.imeisv, identity.svn)[record.snt - 1]
    return Reply((print_line("CGSN", value.encode()),))


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("I", Which, _information),
    Action("CGMI", NoParameters, _bare(lambda modem: modem.model.profile.identity.manufacturer)),
    Action("CGMM", NoParameters, _bare(lambda modem: modem.model.profile.identity.model)),
    Action("CGMR", NoParameters, _bare(lambda modem: modem.revision)),
    Action("CGSN", SerialNumber, _serial_number, bare=True),
)
