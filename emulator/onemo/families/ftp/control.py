"""The control connection of a session: commands to the server, and its replies."""

from __future__ import annotations

from typing import Protocol

from onemo.errors import NetFailure
from onemo.families import FTP
from onemo.families.ftp.profile import FTP_CLIENT
from onemo.families.ftp.replies import FtpReply, ReplyReader
from onemo.families.ftp.words import FtpWords
from onemo.modem.channel import Close, Drop, Forward, Open
from onemo.modem.host import Host
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, OpenRequest
from onemo.profile.index import Label

_READ = 4096


class ControlWatcher(Protocol):
    """The session of a control connection, which hears of it."""

    number: int

    def connected(self, control: FtpControl) -> None:
        """Hear that it stands."""
        ...

    def refused(self, control: FtpControl, failure: NetFailure) -> None:
        """Hear that there is none."""
        ...

    def replied(self, control: FtpControl, reply: FtpReply) -> None:
        """Hear a reply."""
        ...

    def lost(self, control: FtpControl) -> None:
        """Hear that the server ended it, or that it broke."""
        ...


class FtpControl:
    """One control connection. Implements Owner. ipv6: over that family. typed: the TYPE that the server has."""

    watches_breaks = False
    watches_acknowledgements = False

    def __init__(self, host: Host, watcher: ControlWatcher, request: OpenRequest) -> None:
        self._host = host
        self._watcher = watcher
        self._reader = ReplyReader()
        self.request = request
        self.ipv6 = False
        self.typed: int | None = None
        self.over = False
        host.intents.append(Open(self, request, self._plan(), FtpWords))

    def command(self, line: bytes) -> Forward:
        """Make the request to send a command."""
        return Forward(self, line + b"\r\n")

    def close(self) -> None:
        """Close it; nothing more is heard of it."""
        self._end(Close(self, self._plan()))

    def drop(self) -> None:
        """Let go of it at once."""
        self._end(Drop(self))

    def _end(self, intent: Close | Drop) -> None:
        if not self.over:
            self.over = True
            self._host.intents.append(intent)

    def _plan(self) -> ClosePlan:
        table = self._host.profile.table(FTP_CLIENT)
        return ClosePlan(CloseMode.DRAIN, table.close_stall, table.close_linger)

    # Owner.

    @property
    def label(self) -> Label:
        """The name of the connection in traces and fault scopes."""
        return Label(FTP, self._watcher.number)

    def on_opened(self, *, ipv6: bool, now: float) -> None:
        """Tell the session."""
        self.ipv6 = ipv6
        self._watcher.connected(self)

    def on_failed(self, failure: NetFailure, now: float) -> None:
        """Tell the session."""
        self.over = True
        self._watcher.refused(self, failure)

    def credit(self) -> int:
        """Return the most bytes to read now."""
        return 0 if self.over else _READ

    def on_data(self, data: bytes, now: float) -> None:
        """Tell the session each reply."""
        for reply in self._reader.feed(data):
            if self.over:
                return
            self._watcher.replied(self, reply)

    def on_taken(self, count: int, now: float) -> None:
        """Hear nothing of it: a command is short."""

    def on_untaken(self, count: int) -> None:
        """Wait for the loss that follows."""

    def on_acknowledged(self, count: int) -> None:
        """Hear nothing of it: nobody watches."""

    def on_lost(self, failure: NetFailure | None, now: float) -> None:
        """Tell the session."""
        if not self.over:
            self.over = True
            self._watcher.lost(self)

    def on_closed(self, result: CloseResult, now: float) -> None:
        """Hear nothing of it: the session is over."""
