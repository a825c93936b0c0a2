"""What a download goes into: the line, a stored file, or (a list) the memory."""

from __future__ import annotations

from onemo.at.command import print_line
from onemo.at.reply import CommandError
from onemo.families.ftp.profile import FTP_CLIENT, FTP_RESULTS
from onemo.modem.console import Console
from onemo.modem.host import Host
from onemo.modem.keeping import Keeping
from onemo.modem.openfile import OpenFile
from onemo.modem.pieces import Pieces


class LineSink:
    """The pieces of a file on their way to the DTE, all but the last of one size. limit: bytes of all, 0: to the end.

    What may be the last is kept until it is known to be it. failure: none.
    """

    def __init__(self, host: Host, console: Console, number: int, limit: int) -> None:
        self.full = False
        self.failure: int | None = None
        self._host = host
        self._console = console
        self._number = number
        self._table = host.profile.table(FTP_CLIENT)
        self._done = host.profile.table(FTP_RESULTS).done
        self._left = limit
        self._limited = bool(limit)
        self._buffer = bytearray()
        self._complete = False
        self.pieces = Pieces(console, self._say)

    @property
    def count(self) -> int:
        """The bytes that have come."""
        return self.pieces.total + len(self._buffer)

    def credit(self) -> int:
        """Return what a further piece takes, once the one before was told."""
        transmitter = self._console.transmitter
        if self.full or not self.pieces.done or transmitter.full or transmitter.hold:
            return 0
        room = 2 * self._table.piece - len(self._buffer)
        return min(room, self._left) if self._limited else room

    def take(self, data: bytes) -> None:
        """Take bytes, and tell the pieces that more follows."""
        self._buffer += data
        if self._limited:
            self._left -= len(data)
            self.full = self._left <= 0
        size = self._table.piece
        while len(self._buffer) > size:
            piece = bytes(self._buffer[:size])
            del self._buffer[:size]
            self.pieces.add(piece)

    def complete(self) -> None:
        """Tell the last piece: the server has said that it was all."""
        self._complete = True
        last = bytes(self._buffer)
        self._buffer.clear()
        self.pieces.add(last)

    def _say(self, piece: bytes, total: int) -> None:
        code = self._done if self._complete and self.pieces.done else self._table.retr_piece_code
        line = print_line("MFTPRETR", self._number, code, total, len(piece), piece)
        self._host.notify_on(self._console, line)


class FileSink:
    """A stored file, open for a download; what was written stays. count: bytes. failure: a result code."""

    def __init__(self, host: Host, keeping: Keeping, opened: OpenFile, limit: int) -> None:
        self.full = False
        self.count = 0
        self.failure: int | None = None
        self._table = host.profile.table(FTP_CLIENT)
        self._failed = host.profile.table(FTP_RESULTS).storage_failed
        self._keeping = keeping
        self._opened = opened
        self._limit = limit

    def credit(self) -> int:
        """Return the bytes that are read at once."""
        return min(self._table.read, self._limit - self.count) if self._limit else self._table.read

    def take(self, data: bytes) -> None:
        """Write bytes, as far as there is room; where there is none, it has failed."""
        try:
            self._opened.write(data)
        except CommandError:
            data = data[: self._opened.room]
            if data:
                self._opened.write(data)
            self.failure, self.full = self._failed, True
        self.count += len(data)
        self.full = self.full or bool(self._limit and self.count >= self._limit)

    def close(self) -> None:
        """Keep what was written, and let go of the file."""
        if self._opened.written is None:
            self._opened.close()
        else:
            self._keeping.note(self._opened.close)


class ListSink:
    """The bytes of a list, as many as are kept. failure: a result code."""

    def __init__(self, host: Host) -> None:
        self.full = False
        self.data = bytearray()
        self.failure: int | None = None
        self._most = host.profile.table(FTP_CLIENT).most_list
        self._read = host.profile.table(FTP_CLIENT).read
        self._no_memory = host.profile.table(FTP_RESULTS).no_memory

    def credit(self) -> int:
        """Return the bytes that are read at once."""
        return self._read

    def take(self, data: bytes) -> None:
        """Keep bytes; of a list that is too long no more."""
        self.data += data
        if len(self.data) > self._most:
            self.failure, self.full = self._no_memory, True
