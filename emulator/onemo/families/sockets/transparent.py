"""What MIPOPEN and MIPMODE share: giving the line to a connection."""

from __future__ import annotations

from onemo.at.reply import Cme, CommandError
from onemo.families.sockets.connections import Connections
from onemo.families.sockets.instance import Instance
from onemo.modem.modem import Modem


def prepare_transparent(modem: Modem, instance: Instance) -> None:
    """Set when its data goes out, by MIPMODE's defaults. One connection at a time holds a line: CME 3."""
    if modem.part(Connections).awaits_line(modem.console):
        raise CommandError(Cme.NOT_ALLOWED)
    defaults = modem.defaults("MIPMODE")
    packet_size, waittm = defaults["packet_size"], defaults["waittm"]
    assert isinstance(packet_size, int)
    assert isinstance(waittm, int)
    instance.packet_size, instance.packet_wait = packet_size, waittm / 1000
