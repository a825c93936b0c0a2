"""TCP and UDP connections (manual 3.1-3.9).

AT+MIPCFG, MIPTKA, MIPOPEN, MIPCLOSE, MIPSTATE, MIPSEND, MIPSACK, MIPRD, MIPMODE.
"""

from __future__ import annotations

from onemo.at.family import FamilyDefinition, StateField
from onemo.at.reply import errors_in
from onemo.families.sockets import buffer, config, connect, data
from onemo.families.sockets.check import check
from onemo.families.sockets.connection import SocketError
from onemo.families.sockets.connections import Connections
from onemo.families.sockets.profile import CLOSE_MODES, CLOSE_RESULTS, CONNECTION, DISCONNECTED, OPEN_RESULTS
from onemo.families.sockets.state import ConnectionInfo, connections
from onemo.families.sockets.traits import traits
from onemo.modem.modem import Modem

DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(*config.DECLARATIONS, *connect.DECLARATIONS, *data.DECLARATIONS, *buffer.DECLARATIONS),
    errors=errors_in(SocketError),
    tables=(CONNECTION, OPEN_RESULTS, CLOSE_MODES, CLOSE_RESULTS, DISCONNECTED),
    check=check,
    traits=traits,
    part=Connections,
    state=(StateField("connections", tuple[ConnectionInfo, ...], connections),),
    shows={"MIPOPEN": ("open_results",), "MIPCLOSE": ("close_modes", "close_results")},
)
