"""The desk: what one does from outside with what a family has, besides events; one file a family.

Each operation is said once: the endpoint of the control API and the command of ``ctl`` come from it.
"""

from __future__ import annotations

from onemo.runtime.desk import broker, console, files, ftp, lwm2m, web
from onemo.runtime.desk.latency import LATENCY
from onemo.runtime.desk.operation import DeskOperation
from onemo.runtime.desk.sms import TEXT
from onemo.runtime.desk.snapshot import SNAPSHOT
from onemo.runtime.desk.voice import CALL

OPERATIONS: tuple[DeskOperation, ...] = (
    *console.OPERATIONS,
    TEXT,
    CALL,
    LATENCY,
    SNAPSHOT,
    *files.OPERATIONS,
    *web.OPERATIONS,
    *broker.OPERATIONS,
    *ftp.OPERATIONS,
    *lwm2m.OPERATIONS,
)
"""Every operation, in the order in which they are told."""
