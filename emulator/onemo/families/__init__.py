"""What the module does when it is told: one family of commands a file."""

from __future__ import annotations

from onemo.at.command import Declaration
from onemo.families import (
    basic,
    call,
    clock,
    dns,
    identity,
    mip_buffer,
    mip_config,
    mip_connect,
    mip_data,
    ntp,
    packet,
    ping,
    power,
    radio,
    serial,
    sim,
    sleep,
    tls,
)
from onemo.modem.modem import Modem

DECLARATIONS: tuple[Declaration[Modem], ...] = (
    *basic.DECLARATIONS,
    *identity.DECLARATIONS,
    *power.DECLARATIONS,
    *sleep.DECLARATIONS,
    *serial.DECLARATIONS,
    *ntp.DECLARATIONS,
    *clock.DECLARATIONS,
    *sim.DECLARATIONS,
    *radio.DECLARATIONS,
    *packet.DECLARATIONS,
    *call.DECLARATIONS,
    *mip_config.DECLARATIONS,
    *mip_connect.DECLARATIONS,
    *mip_data.DECLARATIONS,
    *mip_buffer.DECLARATIONS,
    *dns.DECLARATIONS,
    *ping.DECLARATIONS,
    *tls.DECLARATIONS,
)
"""Every command of every model; a model's profile says which of them it has."""
