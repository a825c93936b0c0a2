"""The LwM2M client: AT+MIPL..., for OneNET, CTWing and other LwM2M servers."""

from __future__ import annotations

from collections.abc import Iterator

from onemo.at.family import FamilyDefinition, StateField, Trait, either
from onemo.at.reply import errors_in
from onemo.families.lwm2m import exchange, login, setup
from onemo.families.lwm2m.client import Lwm2mClient
from onemo.families.lwm2m.info import Lwm2mInfo, lwm2m_device
from onemo.families.lwm2m.profile import LWM2M
from onemo.families.lwm2m.states import Cis
from onemo.families.lwm2m.target import read_target
from onemo.modem.modem import Modem
from onemo.profile.schema import Profile

_BLOCKS = (16, 32, 64, 128, 256, 512, 1024)


def check(profile: Profile) -> Iterator[tuple[str, str]]:
    """Find values with which no device could log in or answer."""
    table = profile.table(LWM2M)
    if read_target(table.host, table.port) is None:
        yield "lwm2m.host", f"{table.host!r} is no server: write it like name:5683"
    if table.block not in _BLOCKS:
        yield "lwm2m.block", f"{table.block} is no size of a block: one of {', '.join(map(str, _BLOCKS))}"
    if table.ack_time <= 0 or table.ack_spread < 1:
        yield "lwm2m.ack_time", "a message would be repeated without end: above 0, and ack_spread at least 1"
    for platform in table.platforms:
        if str(platform) not in table.patterns:
            yield "lwm2m.patterns", f"platform {platform} is missing"


def traits(profile: Profile) -> dict[str, Trait]:
    """Return the traits of a model's LwM2M client, by the question that each answers."""
    if not profile.commands["MIPLCREATE"].available:
        return {"lwm2m": Trait("no LwM2M client")}
    table = profile.table(LWM2M)
    return {
        "lwm2m": Trait("LwM2M client"),
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
    errors=errors_in(Cis),
    misfit=Cis.SYNTAX,
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
