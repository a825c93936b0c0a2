"""The kinds of faults of the module's own servers. Pure data."""

from __future__ import annotations

from onemo.families import SERVERS
from onemo.faults.kind import FaultKey, FaultKind, Layer, Type

ACCEPT, LISTEN = "accept", "listen"
"""The operations: a client comes; AT+MIPLISTEN begins."""
LISTEN_FAILURES = ("port-taken", "bind", "listen", "socket")
"""The values of onemo.errors.NetFailure that listening may have."""
_CLIENT = (SERVERS.name, "host")

SERVER_KINDS = (
    FaultKind("server-refuse", Layer.NETWORK, "A server takes no client: the connection is reset, and the firmware "
         "hears nothing.", (), _CLIENT, example="server-refuse sid=0 times=3", operations=(ACCEPT,)),
    FaultKind("accept-delay", Layer.NETWORK, "A server takes a client late; those behind it wait.", (
        FaultKey("seconds", Type.SECONDS, "How late.", 1.0),
        FaultKey("jitter", Type.SECONDS, "Up to so much more, evenly spread.", 0.0),
    ), _CLIENT, example="accept-delay sid=0 seconds=500ms", operations=(ACCEPT,)),
    FaultKind("listen-fail", Layer.NETWORK, "A server cannot listen.", (
        FaultKey("failure", Type.CHOICE, "Why.", "port-taken", choices=LISTEN_FAILURES),
    ), (SERVERS.name,), example="listen-fail sid=0 failure=bind times=1", operations=(LISTEN,)),
)  # fmt: skip
