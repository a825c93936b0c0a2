"""The +CGEV URCs: the events of the packet domain that AT+CGEREP lets the module tell (27.007 10.1.19).

Pure.
"""

from __future__ import annotations

from collections import deque

from onemo.modem.host import Host
from onemo.modem.slots import EVENT_REPORT


class PacketEvents:
    """The events of one boot cycle.

    In mode 0 the last ones are kept; while transparent mode holds the line mode 1 drops them, mode 2 keeps them until
    it ends, which the transmitter does.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._kept: deque[bytes] = deque(maxlen=host.profile.contexts.events)

    def tell(self, event: str, *values: int) -> None:
        """Tell an event and its numbers, as in ``ME PDN ACT 1,0``."""
        shown = ",".join(map(str, values))
        line = f"+CGEV: {event}{' ' if shown else ''}{shown}".encode()
        mode = self._host.settings.get(EVENT_REPORT).mode
        if mode == 0:
            self._kept.append(line)
        elif mode == 2 or self._host.first.online is None:
            self._host.notify(line, droppable=True)

    def wanted(self) -> None:
        """Take up AT+CGEREP: outside mode 0 what was kept is told, or dropped with <bfr> 0."""
        report = self._host.settings.get(EVENT_REPORT)
        if not report.mode:
            return
        if report.bfr:
            for line in self._kept:
                self._host.notify(line, droppable=True)
        self._kept.clear()
