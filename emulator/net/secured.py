"""An open TLS connection: ``ssl.SSLObject`` between two memory buffers, and the socket of a TCP connection below.

Nothing waits here that does not wait there.
"""

from __future__ import annotations

import logging
import ssl

import trio

from emulator.errors import NetError, NetFailure
from emulator.net.interface import CloseMode, ClosePlan, CloseResult, Connection, Transport

_log = logging.getLogger(__name__)
_RECORD = 16384
_READ = _RECORD + 2048  # bytes: a record with its header and what encryption adds at most (RFC 5246 6.2.3)
_TURNS = 16  # records without data, in one go


class TlsConnection:
    """A TLS connection over a TCP one. Implements Connection."""

    transport = Transport.TCP

    def __init__(self, below: Connection, tls: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        """Owns below from here on."""
        self._below = below
        self._tls = tls
        self._incoming = incoming
        self._outgoing = outgoing
        self._pending: memoryview = memoryview(b"")
        self._flushed: trio.Event | None = None
        self._more = False
        self._failed: NetError | None = None
        self._sent = self._received = 0

    @property
    def peer(self) -> str:
        """See Connection."""
        return self._below.peer

    @property
    def version(self) -> str | None:
        """What was agreed on, in OpenSSL's words."""
        return self._tls.version()

    @property
    def resumed(self) -> bool:
        """Whether an earlier session goes on."""
        return bool(self._tls.session_reused)

    @property
    def carried(self) -> tuple[int, int]:
        """See Carrying."""
        return self._sent, self._received

    async def shake_hands(self) -> None:
        """Raises NetError: TLS_SETUP, TLS_UNVERIFIED, TLS_FAILED."""
        while True:
            wants_more = False
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                wants_more = True
            except ssl.SSLError as error:
                self._send_pending_quietly()  # the alert that says why
                raise _refusal(self.peer, error) from error
            try:
                await self._send_pending()
                if not wants_more:
                    return
                await self._take_more()
            except NetError as error:
                raise NetError(NetFailure.TLS_FAILED, f"{self.peer}: {error.detail}") from error

    def send_now(self, data: bytes | memoryview) -> int:
        """See Connection: at most one record, and none before the last one has left. Raises NetError: WRITE, RESET."""
        if self._failed is not None:
            raise self._failed
        if not self._has_sent_pending():
            return 0
        count = 0
        if data:
            try:
                count = self._tls.write(data[:_RECORD])
            except ssl.SSLWantReadError:
                return 0  # the peer negotiates again: what it says comes with the next read
            except ssl.SSLError as error:
                raise NetError(NetFailure.RESET, told(error)) from error
        self._go_on_sending()
        return count

    def receive_now(self, limit: int) -> bytes | None:
        """See Connection. An end without close_notify is an end. Raises NetError(RESET), also for a broken record."""
        if limit <= 0:
            return None
        if self._failed is not None:
            raise self._failed
        self._more = False
        for _ in range(_TURNS):
            try:
                return self._tls.read(limit)
            except ssl.SSLWantReadError:
                self._send_pending_quietly()  # an answer to the peer's TLS; what is left goes before the next record
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            except ssl.SSLError as error:
                self._send_pending_quietly()
                raise NetError(NetFailure.RESET, told(error)) from error
            if not self._take_now():
                return None
        self._more = True
        return None

    async def wait_readable(self) -> None:
        """See Connection."""
        if self._more:
            await trio.lowlevel.checkpoint()
        else:
            await self._below.wait_readable()

    async def wait_writable(self) -> None:
        """See Connection."""
        while self._flushed is not None:
            await self._flushed.wait()
        if self._failed is not None:
            raise self._failed
        await self._below.wait_writable()

    async def wait_broken(self) -> None:
        """See Connection."""
        await self._below.wait_broken()

    def unacknowledged(self) -> int:
        """See Connection: of the bytes that the socket carries."""
        return self._below.unacknowledged() + len(self._pending)

    async def close(self, plan: ClosePlan) -> CloseResult:
        """See Connection; close_notify goes before the FIN."""
        if plan.mode is CloseMode.RESET:
            return await self._below.close(plan)
        try:
            if plan.mode is CloseMode.DRAIN and not await self._drained(plan.stall):
                self.abort()
                return CloseResult.NO_ANSWER
            self._say_goodbye()
            if not self._has_sent_pending() and plan.mode is CloseMode.DRAIN:
                with trio.move_on_after(plan.stall):
                    await self._send_pending()
        except NetError:
            self.abort()
            return CloseResult.FAILED
        if self._pending:  # what is unsent ends with an RST
            self.abort()
            return CloseResult.NORMAL if plan.mode is CloseMode.NOW else CloseResult.NO_ANSWER
        return await self._below.close(plan)

    def abort(self) -> None:
        """See Connection."""
        self._failed = self._failed or NetError(NetFailure.RESET, "closed by this side")
        self._pending = memoryview(b"")
        self._below.abort()

    # What the socket takes.

    def _has_sent_pending(self) -> bool:
        """Hand over what is encrypted, unless a task does that already; whether nothing of it is left."""
        if self._flushed is not None:
            return False
        while self._pending or self._outgoing.pending:
            if not self._pending:
                self._pending = memoryview(self._outgoing.read())
            count = self._below.send_now(self._pending)
            if not count:
                return False
            self._sent += count
            self._pending = self._pending[count:]
        return True

    def _go_on_sending(self) -> None:
        """Hand over what is encrypted now, and the rest of a record as soon as the socket takes it, whether anybody
        waits for that or not. Raises NetError."""
        if not self._has_sent_pending() and self._flushed is None:
            self._flushed = trio.Event()
            trio.lowlevel.spawn_system_task(self._flush, self._flushed)

    async def _flush(self, flushed: trio.Event) -> None:
        """A system task: it belongs to the connection, which has no nursery, and ends with it."""
        try:
            while self._pending:
                await self._below.wait_writable()
                count = self._below.send_now(self._pending)
                self._sent += count
                self._pending = self._pending[count:]
        except NetError as error:
            self._failed = self._failed or error
        finally:
            self._flushed = None
            flushed.set()

    async def _send_pending(self) -> None:
        while not self._has_sent_pending():
            await self.wait_writable()

    def _send_pending_quietly(self) -> None:
        try:
            self._has_sent_pending()
        except NetError:
            pass

    async def _drained(self, stall: float) -> bool:
        """Wait until all is with the socket; False when nothing moved for stall seconds."""
        while self._flushed is not None:
            before = len(self._pending)
            with trio.move_on_after(stall) as waiting:
                await self._flushed.wait()
            if waiting.cancelled_caught and len(self._pending) == before:
                return False
        return True

    def _say_goodbye(self) -> None:
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # the peer's own close_notify is not waited for; a connection that broke has none

    # What the socket has.

    def _take_now(self) -> bool:
        """Whether something came. Raises NetError."""
        data = self._below.receive_now(_READ)
        if data is None:
            return False
        if data:
            self._received += len(data)
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        return True

    async def _take_more(self) -> None:
        while not self._take_now():
            await self._below.wait_readable()


def _refusal(peer: str, error: ssl.SSLError) -> NetError:
    """What a handshake that failed means to a module."""
    detail = f"{peer}: {told(error)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return NetError(NetFailure.TLS_UNVERIFIED, f"{peer}: {error.verify_message}")
    if error.reason in ("NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE"):
        _log.warning("%s of this host does not offer what the module asks for: %s", ssl.OPENSSL_VERSION, told(error))
        return NetError(NetFailure.TLS_SETUP, detail)
    return NetError(NetFailure.TLS_FAILED, detail)


def told(error: ssl.SSLError) -> str:
    """OpenSSL's reason, in small letters."""
    return (error.reason or str(error)).replace("_", " ").lower()
