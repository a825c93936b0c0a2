"""The state of the LwM2M device, for the control API."""

from __future__ import annotations

from typing import NamedTuple

from onemo.families.lwm2m.client import Lwm2mClient
from onemo.families.lwm2m.states import Lwm2mState
from onemo.modem.modem import Modem


class Lwm2mInfo(NamedTuple):
    """The LwM2M device. objects: their numbers; observed: paths; waiting: requests that wait for the DTE.

    lifetime: seconds of the login; 0: there is none.
    """

    state: str
    endpoint: str
    server: str | None
    objects: tuple[int, ...]
    observed: tuple[str, ...]
    waiting: int
    lifetime: int


def lwm2m_device(modem: Modem) -> tuple[Lwm2mInfo, ...]:
    """Return the device; none: it is not created."""
    client = modem.part(Lwm2mClient)
    device = client.device
    if device.state is Lwm2mState.NONE:
        return ()
    online = client.session is not None and device.state is not Lwm2mState.CREATED
    session = client.session if online else None
    return (
        Lwm2mInfo(
            state=device.state.value,
            endpoint=device.endpoint,
            server=device.server.text if device.server else None,
            objects=tuple(device.objects),
            observed=tuple("/" + "/".join(map(str, path)) for path in session.observations.paths) if session else (),
            waiting=session.inbox.figures[0] if session else 0,
            lifetime=session.lifetime if session else 0,
        ),
    )
