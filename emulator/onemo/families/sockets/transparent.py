"""The way to transparent mode, which MIPOPEN and MIPMODE share."""

from __future__ import annotations

from onemo.at.reply import Cme, CommandError
from onemo.families.sockets.connections import Connections
from onemo.families.sockets.instance import Instance
from onemo.modem.modem import Modem


def prepare_transparent(modem: Modem, instance: Instance) -> None:
    """Set when the data of a transparent connection goes out, by MIPMODE's defaults.

    Raises CommandError(NOT_ALLOWED), CME 3: another one holds the line, or is on its way to.
    """
    if modem.part(Connections).awaits_line(modem.console):
        raise CommandError(Cme.NOT_ALLOWED)
    defaults = modem.model.parameters("MIPMODE").defaults
    packet_size, waittm = defaults["packet_size"], defaults["waittm"]
    assert isinstance(packet_size, int)
    assert isinstance(waittm, int)
    instance.packet_size, instance.packet_wait = packet_size, waittm / 1000
