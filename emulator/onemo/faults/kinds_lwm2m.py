"""The kinds of faults of the LwM2M client. Pure data."""

from __future__ import annotations

from onemo.families import LWM2M_DEVICES
from onemo.faults.kind import FaultKey, FaultKind, Layer, Type

RECEIVE, ANSWER, UPDATE = "receive", "answer", "update"
"""The operations: a message of the server's; among them its answer to a request of the module, and to an update."""
_FROM_SERVER = (RECEIVE, ANSWER, UPDATE)
_SCOPE = (LWM2M_DEVICES.name, "host", "path")

LWM2M_KINDS = (
    FaultKind("lwm2m-refuse", Layer.LWM2M, "The server refuses a request of the module's.", (
        FaultKey("code", Type.TEXT, "The code of its answer.", "4.03", pattern=r"[45]\.(?:[0-2]\d|3[01])"),
    ), _SCOPE, example="lwm2m-refuse code=4.03 path=/rd times=2", operations=(ANSWER, UPDATE)),
    FaultKind("lwm2m-silence", Layer.LWM2M, "A message of the server's never comes.", (), _SCOPE,
         example="lwm2m-silence path=/rd times=1", operations=_FROM_SERVER),
    FaultKind("lwm2m-duplicate", Layer.LWM2M, "A message of the server's comes twice.", (), _SCOPE,
         example="lwm2m-duplicate probability=0.5", operations=_FROM_SERVER),
    FaultKind("lwm2m-late", Layer.LWM2M, "A message of the server's comes late; what follows it waits.", (
        FaultKey("seconds", Type.SECONDS, "How late.", 2.0),
        FaultKey("jitter", Type.SECONDS, "Up to so much more, evenly spread.", 0.0),
    ), _SCOPE, example="lwm2m-late path=/bs seconds=3s", operations=_FROM_SERVER),
    FaultKind("lwm2m-forget", Layer.LWM2M, "The server knows nothing of the registration: 4.04 answers its update.", (),
         _SCOPE, once=True, example="lwm2m-forget after=1", operations=(UPDATE,)),
)  # fmt: skip
