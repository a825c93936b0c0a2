"""The kinds of faults of the FTP client. Pure data."""

from __future__ import annotations

from onemo.families import FTP
from onemo.faults.kind import FaultKey, FaultKind, Layer, Type

REPLY, DATA = "reply", "data"
"""The operations: a reply begins to come; bytes come on a data connection."""
_SCOPE = (FTP.name, "host")

FTP_KINDS = (
    FaultKind("ftp-reply", Layer.FTP, "A server's first reply to a command is another one; what follows it of the "
         "server's is lost.", (
        FaultKey("reply", Type.TEXT, "The whole reply, without its line end.", "451 failed",
            pattern="[^\\r\\n]{1,1000}"),
    ), (*_SCOPE, "verb"), example="ftp-reply verb=STOR reply='452 No space' times=1", operations=(REPLY,)),
    FaultKind("ftp-silence", Layer.FTP, "A server takes a command and never replies; what it says comes once the fault "
         "is gone.", (), (*_SCOPE, "verb"), example="ftp-silence verb=PASV times=1", operations=(REPLY,)),
    FaultKind("ftp-stall", Layer.FTP, "A download stops in its midst: the rest comes once the fault is gone.", (
        FaultKey("size", Type.INTEGER, "Bytes that come before.", 0),
    ), _SCOPE, example="ftp-stall size=3000 times=1", operations=(DATA,)),
)  # fmt: skip
