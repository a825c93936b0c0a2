"""The sandbox's FTP server: any user, any password, files in memory, passive mode alone (RFC 959, 2428, 3659)."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager

import trio

from onemo.net.sandbox.ftpfiles import ROOT, FtpFiles, FtpRefusal, absolute

_LOOPBACK = "127.0.0.1"
_LONGEST = 4096  # bytes of a command
_PIECE = 65536
_LARGEST = 1 << 26  # bytes of a file that comes
_IDLE = 300.0  # seconds that a client may be silent
_PATIENCE = 30.0  # seconds that the other end of a data connection may take


class SandboxFtp:
    """One server for every name. files: what it has."""

    def __init__(self) -> None:
        self.files = FtpFiles()
        self._passive: dict[int, socket.socket] = {}

    def waits_on(self, port: int) -> bool:
        """Tell whether a client has been told to come to this port."""
        return port in self._passive

    async def converse(self, sock: socket.socket) -> None:
        """Serve one client until its end, as a streams.Conversation."""
        await self.talk(trio.SocketStream(trio.socket.from_stdlib_socket(sock)))

    async def talk(self, stream: trio.abc.Stream) -> None:
        """Serve one client over a stream, until either has enough of the other."""
        try:
            await FtpTalk(self, stream).run()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the client's end

    @contextmanager
    def listening(self) -> Iterator[socket.socket]:
        """Open a port that waits for a data connection."""
        with socket.create_server((_LOOPBACK, 0), backlog=1) as listener:
            listener.setblocking(False)
            port = listener.getsockname()[1]
            self._passive[port] = listener
            try:
                yield listener
            finally:
                del self._passive[port]


class FtpTalk:
    """One client's session."""

    def __init__(self, server: SandboxFtp, stream: trio.abc.Stream) -> None:
        self._files = server.files
        self._server = server
        self._stream = stream
        self._buffer = bytearray()
        self._directory = ROOT
        self._offset = 0
        self._renamed: str | None = None
        self._port = ExitStack()
        self._listener: socket.socket | None = None

    async def run(self) -> None:
        """Serve the client until it says goodbye, or nothing for long."""
        await self._reply(220, "the sandbox's FTP server")
        with self._port:
            while (line := await self._line()) is not None:
                verb, _, value = line.partition(" ")
                try:
                    await self._command(verb.upper(), value)
                except FtpRefusal as refused:
                    await self._reply(refused.code, str(refused))
                if verb.upper() == "QUIT":
                    return

    async def _line(self) -> str | None:
        """Return the next command; None: there is none, which is said where the client has not ended."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST:
                await self._reply(500, "the line is too long")
                return None
            with trio.move_on_after(_IDLE) as waiting:
                data = await self._stream.receive_some(_LONGEST)
            if waiting.cancelled_caught:
                await self._reply(421, "silent for too long")
                return None
            if not data:
                return None
            self._buffer += data
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        return line.decode("utf-8", "surrogateescape")

    async def _reply(self, code: int, words: str) -> None:
        await self._stream.send_all(f"{code} {words}\r\n".encode("utf-8", "surrogateescape"))

    async def _command(self, verb: str, value: str) -> None:
        """Carry a command out. Raises FtpRefusal."""
        if verb in ("PASV", "EPSV"):
            await self._reply(*self._open_port(extended=verb == "EPSV"))
        elif verb in _TRANSFERS:
            if self._listener is None:
                raise FtpRefusal(425, "say PASV first")
            offset, self._offset = self._offset, 0
            try:
                await _TRANSFERS[verb](self, value, offset)
            finally:
                self._close_port()
        elif verb in _ANSWERS:
            await self._reply(*_ANSWERS[verb])
        elif verb in _CHANGES:
            await self._reply(*_CHANGES[verb](self, value))
        else:
            raise FtpRefusal(502, f"there is no {verb or 'such command'} here")

    # One reply.

    def _at(self, value: str) -> str:
        return absolute(self._directory, value)

    def _change_directory(self, value: str) -> tuple[int, str]:
        path = self._at(value)
        if not self._files.is_directory(path):
            raise FtpRefusal(550, "no such directory")
        self._directory = path
        return 250, "done"

    def _tell_directory(self, value: str) -> tuple[int, str]:
        return 257, '"{}"'.format(self._directory.replace('"', '""'))

    def _make_directory(self, value: str) -> tuple[int, str]:
        self._files.make_directory(self._at(value))
        return 257, '"{}"'.format(self._at(value).replace('"', '""'))

    def _remove_directory(self, value: str) -> tuple[int, str]:
        self._files.remove_directory(self._at(value))
        return 250, "done"

    def _delete(self, value: str) -> tuple[int, str]:
        self._files.delete(self._at(value))
        return 250, "done"

    def _rename_from(self, value: str) -> tuple[int, str]:
        path = self._at(value)
        if path not in self._files.entries:
            raise FtpRefusal(550, "no such file or directory")
        self._renamed = path
        return 350, "to what"

    def _rename_to(self, value: str) -> tuple[int, str]:
        renamed, self._renamed = self._renamed, None
        if renamed is None:
            raise FtpRefusal(503, "say RNFR first")
        self._files.rename(renamed, self._at(value))
        return 250, "done"

    def _restart(self, value: str) -> tuple[int, str]:
        if not (value.isascii() and value.isdigit() and len(value) < 16):
            raise FtpRefusal(501, "that is no number")
        self._offset = int(value)
        return 350, "go on"

    def _size(self, value: str) -> tuple[int, str]:
        return 213, str(len(self._files.file(self._at(value))))

    # Data connections.

    def _open_port(self, *, extended: bool) -> tuple[int, str]:
        """Open a port for one data connection, in the place of the one before."""
        self._close_port()
        self._listener = self._port.enter_context(self._server.listening())
        port = self._listener.getsockname()[1]
        if extended:
            return 229, f"come to (|||{port}|)"
        return 227, f"come to (127,0,0,1,{port >> 8},{port & 255})"

    def _close_port(self) -> None:
        self._listener = None
        self._port.close()

    async def _data(self) -> trio.SocketStream:
        """Wait for the data connection. Raises FtpRefusal: nobody comes."""
        assert self._listener is not None
        with trio.move_on_after(_PATIENCE):
            while True:
                try:
                    sock, _ = self._listener.accept()
                except BlockingIOError:
                    await trio.lowlevel.wait_readable(self._listener)
                else:
                    sock.setblocking(False)
                    return trio.SocketStream(trio.socket.from_stdlib_socket(sock))
        raise FtpRefusal(425, "nobody came to the port")

    async def _send(self, data: bytes) -> None:
        await self._reply(150, "here it comes")
        stream = await self._data()
        try:
            async with stream:
                for start in range(0, len(data), _PIECE):
                    with trio.fail_after(_PATIENCE):
                        await stream.send_all(data[start : start + _PIECE])
        except (trio.BrokenResourceError, trio.TooSlowError):
            raise FtpRefusal(426, "the data connection broke") from None
        await self._reply(226, "done")

    async def _receive(self, path: str, before: bytes) -> None:
        self._files.require_place(path)
        await self._reply(150, "come on")
        stream = await self._data()
        received = bytearray(before)
        try:
            async with stream:
                while True:
                    with trio.fail_after(_IDLE):
                        data = await stream.receive_some(_PIECE)
                    if not data:
                        break
                    received += data
                    if len(received) > _LARGEST:
                        raise FtpRefusal(552, f"more than {_LARGEST} bytes are not taken")
        except (trio.BrokenResourceError, trio.TooSlowError):
            raise FtpRefusal(426, "the data connection broke") from None
        self._files.put(path, bytes(received))
        await self._reply(226, "done")

    async def _retrieve(self, value: str, offset: int) -> None:
        await self._send(self._files.file(self._at(value))[offset:])

    async def _store(self, value: str, offset: int) -> None:
        path = self._at(value)
        old = self._files.entries.get(path)
        before = (old.data or b"")[:offset] if old is not None and offset else b""
        await self._receive(path, before)

    async def _append(self, value: str, offset: int) -> None:
        path = self._at(value)
        old = self._files.entries.get(path)
        await self._receive(path, (old.data or b"") if old is not None else b"")

    async def _list(self, value: str, offset: int) -> None:
        named = value if not value.startswith("-") else ""
        lines = "".join(f"{line}\r\n" for line in self._files.listed(self._at(named)))
        await self._send(lines.encode("utf-8", "surrogateescape"))

    async def _names(self, value: str, offset: int) -> None:
        path = self._at(value)
        if not self._files.is_directory(path):
            raise FtpRefusal(550, "no such directory")
        names = "".join(f"{each.rpartition('/')[2]}\r\n" for each in self._files.inside(path))
        await self._send(names.encode("utf-8", "surrogateescape"))


_ANSWERS: dict[str, tuple[int, str]] = {
    "USER": (331, "any password will do"),
    "PASS": (230, "welcome"),
    "QUIT": (221, "goodbye"),
    "TYPE": (200, "so be it"),
    "MODE": (200, "so be it"),
    "STRU": (200, "so be it"),
    "NOOP": (200, "nothing done"),
    "SYST": (215, "UNIX Type: L8"),
    "FEAT": (211, "REST STREAM, SIZE, EPSV"),
    "ABOR": (226, "nothing goes on"),
}
_CHANGES: dict[str, Callable[[FtpTalk, str], tuple[int, str]]] = {
    "CWD": FtpTalk._change_directory,
    "CDUP": lambda talk, value: talk._change_directory(".."),
    "PWD": FtpTalk._tell_directory,
    "MKD": FtpTalk._make_directory,
    "RMD": FtpTalk._remove_directory,
    "DELE": FtpTalk._delete,
    "RNFR": FtpTalk._rename_from,
    "RNTO": FtpTalk._rename_to,
    "REST": FtpTalk._restart,
    "SIZE": FtpTalk._size,
}
_TRANSFERS: dict[str, Callable[[FtpTalk, str, int], Awaitable[None]]] = {
    "RETR": FtpTalk._retrieve,
    "STOR": FtpTalk._store,
    "APPE": FtpTalk._append,
    "LIST": FtpTalk._list,
    "NLST": FtpTalk._names,
}
