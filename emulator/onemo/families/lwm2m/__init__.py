"""The LwM2M client: AT+MIPL..., for OneNET, CTWing and other LwM2M servers."""

from __future__ import annotations

from collections.abc import Iterator

from onemo.at.family import FamilyDefinition, StateField, Trait, either
from onemo.at.reply import errors_in
from onemo.families.lwm2m import exchange, login, setup
from onemo.families.lwm2m.client import Lwm2mClient
from onemo.families.lwm2m.device import PATTERNS
from onemo.families.lwm2m.info import Lwm2mInfo, lwm2m_device
from onemo.families.lwm2m.profile import LWM2M
from onemo.families.lwm2m.states import Lwm2mError
from onemo.families.lwm2m.target import read_target
from onemo.modem.modem import Modem
from onemo.net.coap.message import CoapOption
from onemo.profile.ranges import Range
from onemo.profile.schema import Profile

_BLOCKS = (16, 32, 64, 128, 256, 512, 1024)
_IDS = Range.parse("0-65535")
_ALLOWED = {
    "type": Range.parse("1-6"),
    "content_type": Range.parse("0-4"),
    **dict.fromkeys(("mid", "objid", "insid", "resid", "ackid"), _IDS),
}
"""What LwM2M and CoAP have of the parameters of commands, by their names."""


def check(profile: Profile) -> Iterator[tuple[str, str]]:
    """Find values with which no device could log in or answer."""
    table = profile.table(LWM2M)
    if read_target(table.host, table.port) is None:
        yield "lwm2m.host", f"{table.host!r} is no server: write it like name:5683"
    if table.block not in _BLOCKS:
        yield "lwm2m.block", f"{table.block} is no size of a block: one of {', '.join(map(str, _BLOCKS))}"
    if table.ack_time <= 0 or table.ack_spread < 1:
        yield "lwm2m.ack_time", "a message would be repeated without end: above 0, and ack_spread at least 1"
    if table.authcode_option in (0, *CoapOption) or table.authcode_option not in _IDS:
        yield "lwm2m.authcode_option", f"{table.authcode_option} is no option of its own: up to 65535, none of CoAP's"
    for name in ("queue", "requests", "datagram"):
        if not getattr(table, name):
            yield f"lwm2m.{name}", "is 0: nothing would ever come through"
    yield from _check_ranges(profile)


def _check_ranges(profile: Profile) -> Iterator[tuple[str, str]]:
    """Find numbers that LwM2M, or the module, has no meaning for."""
    table = profile.table(LWM2M)
    allowed = {"local_ports": Range.parse("1-65535"), "bindings": Range.parse("0-2"), "battery": Range.parse("0-100"),
               "bearer": Range.parse("0-255")}  # fmt: skip
    for name, inside in allowed.items():
        value = getattr(table, name)
        if any(edge not in inside for edge in (value.boundaries if isinstance(value, Range) else (value,))):
            yield f"lwm2m.{name}", f"has more than {inside.text}"
    for platform in table.platforms:
        if not 1 <= table.patterns.get(str(platform), 0) <= PATTERNS:
            yield "lwm2m.patterns", f"platform {platform} has no pattern from 1 to {PATTERNS}"
    for command in DEFINITION.declarations:
        for name, inside in _ALLOWED.items():
            section = profile.commands[command.name].params.get(name)
            if section and section.range and any(edge not in inside for edge in section.range.boundaries):
                yield f"commands.{command.name}.params.{name}.range", f"has more than {inside.text}"


def traits(profile: Profile) -> dict[str, Trait]:
    """Return the traits of a model's LwM2M client, by the question that each answers."""
    table = profile.table(LWM2M)
    return {
        "lwm2m_platforms": Trait(f"LwM2M platforms {table.platforms.text}"),
        "lwm2m_renews": either(
            profile.commands["MIPLUPDATESET"].available, "updates an LwM2M registration by itself", "only when told to"
        ),
        "lwm2m_converts": either(
            not table.converts, "sends LwM2M values as typed where a format is given", "converts LwM2M values"
        ),
    }


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(*setup.DECLARATIONS, *login.DECLARATIONS, *exchange.DECLARATIONS),
    errors=errors_in(Lwm2mError),
    misfit=Lwm2mError.SYNTAX,
    tables=(LWM2M,),
    part=Lwm2mClient,
    check=check,
    shows={"MIPLCREATE": ("lwm2m",), "MIPLOPEN": ("lwm2m",), "MIPLNOTIFY": ("lwm2m",)},
    traits=traits,
    state=(StateField("lwm2m_devices", tuple[Lwm2mInfo, ...], lwm2m_device),),
    remarks={
        "MIPLOPEN": "on port 5684, where a module speaks DTLS, it ends in the event of a failure",
        "MIPLDTLSNAT": "there is no DTLS whose address could age",
        "MIPLFOTACFG": "no firmware comes over LwM2M",
    },
)
