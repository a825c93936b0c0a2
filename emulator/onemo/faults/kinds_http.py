"""The kinds of faults of the HTTP client. Pure data."""

from __future__ import annotations

from onemo.families import HTTP
from onemo.faults.kind import FaultKey, FaultKind, Layer, Type

ANSWER, TELL = "answer", "tell"
"""The operations: an answer begins to come; a URC tells some of it."""
_SCOPE = (HTTP.name, "host", "path")

HTTP_KINDS = (
    FaultKind("http-status", Layer.HTTP, "A server's answer has another status code, and that one's reason.", (
        FaultKey("status", Type.INTEGER, "Which.", 503, 200, 599),
    ), _SCOPE, example="http-status status=404 path=/ota/* times=1", operations=(ANSWER,)),
    FaultKind("http-silence", Layer.HTTP, "The server takes a request and never answers; what it says comes once the "
         "fault is gone.", (), _SCOPE, example="http-silence path=/get times=1", operations=(ANSWER,)),
    FaultKind("http-slow", Layer.HTTP, "The server is slow to answer.", (
        FaultKey("seconds", Type.SECONDS, "So much later its answer begins.", 5.0),
        FaultKey("jitter", Type.SECONDS, "Up to so much more, evenly spread.", 0.0),
    ), _SCOPE, example="http-slow seconds=3s jitter=2s", operations=(ANSWER,)),
    FaultKind("http-cut", Layer.HTTP, "The server closes the connection in the middle of the body.", (
        FaultKey("size", Type.INTEGER, "Bytes that come behind the header, as they are on the wire.", 0),
    ), _SCOPE, example="http-cut size=1000 probability=0.5", operations=(ANSWER,)),
    FaultKind("http-length", Layer.HTTP, "The Content-Length of an answer is wrong; one without stays as it is.", (
        FaultKey("by", Type.INTEGER, "By so many bytes; negative: it is too small, but never below 0.", 10, -1e9, 1e9),
    ), _SCOPE, example="http-length by=-5 times=1", operations=(ANSWER,)),
    FaultKind("http-redirect-loop", Layer.HTTP, "Instead of its answer the server sends the client to where it is "
         "already: 302, and the path that was asked for.", (), _SCOPE,
         example="http-redirect-loop host=*.example.com", operations=(ANSWER,)),
    FaultKind("http-urc-bare", Layer.HTTP, "A URC with a header or a piece of a body ends before its data, which comes "
         "on the next line.", (), _SCOPE, example="http-urc-bare httpid=0 probability=0.5", operations=(TELL,)),
)  # fmt: skip
