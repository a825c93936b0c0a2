"""ModuleServers on TCP and UDP (a newer edition of the manual, 3.9-3.14)."""

from __future__ import annotations

from onemo.at.family import FamilyDefinition, StateField
from onemo.families.server.commands import DECLARATIONS
from onemo.families.server.profile import SERVER
from onemo.families.server.servers import ModuleServers
from onemo.families.server.state import ServerInfo, servers
from onemo.modem.modem import Modem

DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=DECLARATIONS,
    tables=(SERVER,),
    part=ModuleServers,
    state=(StateField("servers", tuple[ServerInfo, ...], servers),),
    shows=dict.fromkeys(("MIPLISTEN", "MIPSRVSTATE", "MIPSRVCLOSE"), ("server",)),
)
