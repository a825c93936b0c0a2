"""An open TLS connection: ``ssl.SSLObject`` between two memory buffers, and the socket of a TCP connection below.

Nothing waits here that does not wait there.
"""

from __future__ import annotations

import logging
import ssl
from contextlib import suppress

import trio

from onemo.errors import NetError, NetFailure
from onemo.net.draining import drained
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, Connection, Transport

_log = logging.getLogger(__name__)
_RECORD = 16384
_READ = _RECORD + 2048  # bytes: a record with its header and what encryption adds at most (RFC 5246 6.2.3)
_TURNS = 16  # records without data, in one go


class TlsConnection:
    """A TLS connection over a TCP one. Implements Connection and Carrying."""

    transport = Transport.TCP

    def __init__(self, below: Connection, tls: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        """Take over the connection below."""
        self._below = below
        self._tls = tls
        self._incoming = incoming
        self._outgoing = outgoing
        self._pending: memoryview = memoryview(b"")
        self._stuck, self._left = trio.Event(), trio.Event()  # that the socket is full; that all is with it again
        self._more = False
        self._failed: NetError | None = None
        self._sent = self._received = 0

    @property
    def peer(self) -> str:
        return self._below.peer

    @property
    def version(self) -> str | None:
        """The version agreed on, in OpenSSL's words."""
        return self._tls.version()

    @property
    def resumed(self) -> bool:
        """True if an earlier session goes on."""
        return bool(self._tls.session_reused)

    @property
    def carried(self) -> tuple[int, int]:
        return self._sent, self._received

    async def shake_hands(self) -> None:
        """Do the handshake. Raises NetError: TLS_SETUP, TLS_UNVERIFIED, TLS_FAILED."""
        while True:
            wants_more = False
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                wants_more = True
            except ssl.SSLError as error:
                self._flush_quietly()  # the alert that says why
                raise _refusal(self.peer, error) from error
            try:
                while not self._flush():
                    await self._below.wait_writable()
                if not wants_more:
                    return
                while not self._take_now():
                    await self._below.wait_readable()
            except NetError as error:
                raise NetError(NetFailure.TLS_FAILED, f"{self.peer}: {error.detail}") from error

    def send_now(self, data: bytes | memoryview) -> int:
        """Send record by record, none before the last one has left. Raises NetError: WRITE, RESET."""
        if self._failed is not None:
            raise self._failed
        count = 0
        while self._flush() and count < len(data):
            try:
                count += self._tls.write(memoryview(data)[count : count + _RECORD])
            except ssl.SSLError as error:
                raise NetError(NetFailure.RESET, reason_of(error)) from error
        return count

    def receive_now(self, limit: int) -> bytes | None:
        """Receive now. An end without close_notify is an end. Raises NetError(RESET), also for a broken record.

        That nothing can be sent any more is no reason not to receive what came before.
        """
        if limit <= 0:
            return None
        self._more = False
        for _ in range(_TURNS):
            try:
                return self._tls.read(limit)
            except ssl.SSLWantReadError:
                self._flush_quietly()  # an answer to the peer's TLS
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            except ssl.SSLError as error:
                self._flush_quietly()
                raise NetError(NetFailure.RESET, reason_of(error)) from error
            if not self._take_now():
                return None
        self._more = True
        return None

    async def wait_readable(self) -> None:
        if self._more:
            await trio.lowlevel.checkpoint()
        else:
            await self._below.wait_readable()

    async def wait_writable(self) -> None:
        while self._failed is None and self._stuck.is_set():
            await self._left.wait()
        if self._failed is not None:
            raise self._failed
        await self._below.wait_writable()

    async def carry(self) -> None:
        try:
            while self._failed is None:
                await self._stuck.wait()
                while not self._flush():
                    await self._below.wait_writable()
                left, self._stuck, self._left = self._left, trio.Event(), trio.Event()
                left.set()
        except NetError as error:
            self._fail(error)

    async def wait_broken(self) -> None:
        await self._below.wait_broken()

    def unacknowledged(self) -> int:
        """Count the unacknowledged bytes, in the bytes that the socket carries."""
        return self._below.unacknowledged() + len(self._pending)

    async def close(self, plan: ClosePlan) -> CloseResult:
        """End the connection as the plan says; close_notify goes before the FIN."""
        if plan.mode is CloseMode.RESET:
            return await self._below.close(plan)
        try:
            self._say_goodbye()
            gone = self._flush() or (
                plan.mode is CloseMode.DRAIN and await drained(self._unsent, self._discard, plan.stall)
            )
        except NetError:
            self.abort()
            return CloseResult.FAILED
        if not gone:  # what is unsent ends with an RST
            self.abort()
            return CloseResult.NO_ANSWER if plan.mode is CloseMode.DRAIN else CloseResult.NORMAL
        return await self._below.close(plan)

    def abort(self) -> None:
        self._fail(NetError(NetFailure.RESET, "closed by this side"))
        self._below.abort()

    # What the socket takes.

    def _flush(self) -> bool:
        """Hand over the encrypted bytes; True when none are left, else carry has the rest. Raises NetError."""
        if self._outgoing.pending:
            new = self._outgoing.read()
            self._sent += len(new)
            self._pending = memoryview(bytes(self._pending) + new)
        while self._pending:
            count = self._below.send_now(self._pending)
            if not count:
                self._stuck.set()
                return False
            self._pending = self._pending[count:]
        return True

    def _flush_quietly(self) -> None:
        """Flush, and leave it to the next one who sends or receives to tell that it cannot be done."""
        with suppress(NetError):
            self._flush()

    def _fail(self, error: NetError) -> None:
        """Fail for good: nothing more can be sent, and nobody waits for that any more."""
        self._failed = self._failed or error
        self._pending = memoryview(b"")
        self._stuck.set()
        self._left.set()

    def _unsent(self) -> int:
        """Bytes that are not with the socket yet. Raises NetError."""
        if self._failed is not None:
            raise self._failed
        return len(self._pending)

    def _discard(self) -> None:
        for _ in range(_TURNS):
            if not self._below.receive_now(_READ):
                return

    def _say_goodbye(self) -> None:
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # the peer's own close_notify is not waited for; a connection that broke has none

    # What the socket has.

    def _take_now(self) -> bool:
        """Take what the socket has, and tell whether it had any. Raises NetError."""
        data = self._below.receive_now(_READ)
        if data is None:
            return False
        if data:
            self._received += len(data)
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        return True


def _refusal(peer: str, error: ssl.SSLError) -> NetError:
    """Make the NetError of a handshake that failed."""
    detail = f"{peer}: {reason_of(error)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return NetError(NetFailure.TLS_UNVERIFIED, f"{peer}: {error.verify_message}")
    if error.reason in ("NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE"):
        _log.warning(
            "%s of this host does not offer what the module asks for: %s", ssl.OPENSSL_VERSION, reason_of(error)
        )
        return NetError(NetFailure.TLS_SETUP, detail)
    return NetError(NetFailure.TLS_FAILED, detail)


def reason_of(error: ssl.SSLError) -> str:
    """Return OpenSSL's reason, in small letters."""
    return (error.reason or str(error)).replace("_", " ").lower()
