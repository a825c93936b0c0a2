"""The desk: what one does from outside with what a family has, besides events; one file a family.

Each operation is said once: the endpoint of the control API and the command of ``ctl`` come from it.
"""

from __future__ import annotations

from onemo.runtime.desk import web
from onemo.runtime.desk.operation import DeskOperation

OPERATIONS: tuple[DeskOperation, ...] = (*web.OPERATIONS,)
"""Every operation, in the order in which they are told."""
