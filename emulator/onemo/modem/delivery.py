"""What comes from the peers: into URCs, buffers or straight to the DTE, as the access mode says (manual 3.14).

Credit is how back-pressure reaches the peer: the shell reads no more than is granted here.
"""

from __future__ import annotations

from onemo.at.command import print_line
from onemo.modem.buffers import PacketBuffer, StreamBuffer
from onemo.modem.connection import AccessMode, Instance, State
from onemo.modem.host import Host
from onemo.modem.slots import ACK_MODE, ENCODING, RECEIVE_BUFFER
from onemo.net.interface import Transport
from onemo.profile.schema import ConnectionSection
from onemo.wire.payload import ReceiveFormat, encode
from onemo.wire.transmitter import Kind

_MAX_DATAGRAM = 65535
_BULK = 65536
_RECORD = 16384  # bytes of data in a TLS record at most (RFC 5246 6.2.1)


class Delivery:
    """The way from the peers to the DTE, for every instance of one boot cycle."""

    def __init__(self, host: Host, profile: ConnectionSection) -> None:
        self._host = host
        self._profile = profile

    def credit(self, instance: Instance) -> int:
        """How many bytes the shell may read from the peer now; 0: none for the time being.

        Datagrams are always taken, but for those of a transparent connection that has not got the line yet: those
        that do not fit are dropped whole.
        """
        if instance.state is not State.CONNECTED:
            return 0
        if instance.access_mode is AccessMode.TRANSPARENT and not instance.online:
            return 0
        if instance.transport is Transport.UDP:
            return _MAX_DATAGRAM
        transmitter = self._host.transmitter
        if transmitter.full:
            return 0
        if instance.access_mode is AccessMode.TRANSPARENT:
            return _BULK
        if isinstance(instance.buffer, StreamBuffer):
            return self._stream_credit(instance, instance.buffer)
        return 0 if transmitter.hold else self._profile.piece

    def _stream_credit(self, instance: Instance, buffer: StreamBuffer) -> int:
        """Over TLS one record at a time: while something of it is unread, nothing is taken from the peer (manual 3.3,
        fn 14)."""
        if instance.request is not None and instance.request.tls is not None:
            return 0 if buffer.total else min(buffer.room, _RECORD)
        return min(buffer.room, self._profile.piece)

    def received(self, instance: Instance, data: bytes) -> None:
        """A piece of at most the credit (TCP), or a datagram."""
        instance.received += len(data)
        if instance.access_mode is AccessMode.TRANSPARENT:
            self._raw(instance, data)
        elif isinstance(instance.buffer, StreamBuffer):
            instance.buffer.add(data)
            self._host.notify(print_line("MIPURC", "rtcp", instance.connect_id, len(data), instance.buffer.total))
        elif isinstance(instance.buffer, PacketBuffer):
            self._packet(instance, instance.buffer, data)
        else:
            udp = instance.transport is Transport.UDP
            kind = b"rudp" if udp else b"rtcp"
            line = b'+MIPURC: "%b",%d,%d,%b' % (kind, instance.connect_id, len(data), self.encoded(instance, data))
            self._host.notify(line, droppable=udp)

    def hold(self, instance: Instance, mode: AccessMode) -> None:
        """Give the instance the buffer that mode needs, and the mode."""
        instance.access_mode = mode
        instance.buffer = None
        if mode is AccessMode.STREAM_BUFFERED:
            instance.buffer = StreamBuffer(self._profile.tcp_window, self._profile.packets)
        elif mode is AccessMode.PACKET_BUFFERED:
            size = self._host.settings.effective(RECEIVE_BUFFER, instance.connect_id).recv_buffer
            instance.buffer = PacketBuffer(self._profile.packets, size)

    def read(self, instance: Instance, count: int) -> list[bytes]:
        """MIPRD lines: one with up to count bytes (TCP), one for each of up to count packets (UDP); 0: all."""
        buffer = instance.buffer
        if isinstance(buffer, StreamBuffer) and buffer.total:
            data = buffer.take(count)
            return [self._read_line(instance, buffer.unread, data)]
        if isinstance(buffer, PacketBuffer):
            packets = min(count, buffer.unread) or buffer.unread
            taken = [(buffer.take(), buffer.unread) for _ in range(packets)]
            return [self._read_line(instance, unread, packet) for packet, unread in taken]
        return []

    def drain_raw(self, instance: Instance) -> bytes:
        """Everything that is buffered, as transparent mode prints it."""
        buffer = instance.buffer
        if isinstance(buffer, StreamBuffer):
            return buffer.take(0)
        if isinstance(buffer, PacketBuffer):
            return b"".join([buffer.take() for _ in range(buffer.unread)])
        return b""

    def wants_acknowledgements(self, instance: Instance) -> bool:
        """Whether the "ack" URC is on: TCP, ackmode 1, and a line that takes URCs."""
        return (
            instance.state is State.CONNECTED
            and instance.transport is Transport.TCP
            and instance.access_mode is not AccessMode.TRANSPARENT
            and bool(self._host.settings.effective(ACK_MODE, instance.connect_id).ack_mode)
        )

    def acknowledged(self, instance: Instance, count: int) -> None:
        """The peer acknowledged count more bytes: "ack" URCs of at most one piece each."""
        while count > 0:
            part = min(count, self._profile.piece)
            self._host.notify(print_line("MIPURC", "ack", instance.connect_id, part))
            count -= part

    def encoded(self, instance: Instance, data: bytes) -> bytes:
        """data in the instance's <recv_format>."""
        form = self._host.settings.effective(ENCODING, instance.connect_id).recv_format
        return encode(data, ReceiveFormat(form))

    def _read_line(self, instance: Instance, unread: int, data: bytes) -> bytes:
        return print_line("MIPRD", instance.connect_id, unread, len(data), self.encoded(instance, data))

    def _packet(self, instance: Instance, buffer: PacketBuffer, packet: bytes) -> None:
        if buffer.add(packet):
            self._host.notify(print_line("MIPURC", "rudp", instance.connect_id, buffer.unread))
        else:
            # Droppable itself: a flood that nobody reads must not fill the queue with its own lament.
            self._host.notify(print_line("MIPURC", "drop", instance.connect_id, len(packet)), droppable=True)

    def _raw(self, instance: Instance, data: bytes) -> None:
        """Straight to the DTE. Datagrams for which there is no room are dropped whole, and counted."""
        transmitter = self._host.transmitter
        if instance.transport is Transport.UDP and transmitter.full:
            transmitter.dropped += 1
        else:
            transmitter.write(data, Kind.DATA)
