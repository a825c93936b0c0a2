"""What an instance holds for MIPRD: a stream of bytes (TCP) or whole packets (UDP) (manual 3.3, 3.6)."""

from __future__ import annotations

from collections import deque


class StreamBuffer:
    """Stream-buffered mode. window: bytes held at most; pieces: how many receptions, whatever their size."""

    __slots__ = ("_parts", "_pieces", "_window", "total")

    def __init__(self, window: int, pieces: int) -> None:
        self.total = 0
        self._window = window
        self._pieces = pieces
        self._parts: deque[bytes] = deque()

    @property
    def room(self) -> int:
        """Bytes that may be received now; 0 at either limit."""
        return self._window - self.total if len(self._parts) < self._pieces else 0

    @property
    def unread(self) -> int:
        """What MIPRD=<id> tells: bytes."""
        return self.total

    def add(self, piece: bytes) -> None:
        """Hold a piece no larger than room."""
        self._parts.append(piece)
        self.total += len(piece)

    def take(self, count: int) -> bytes:
        """The oldest bytes: at most count, all when it is 0."""
        wanted = min(count, self.total) or self.total
        taken: list[bytes] = []
        left = wanted
        while left:
            part = self._parts.popleft()
            if len(part) > left:
                self._parts.appendleft(part[left:])
                part = part[:left]
            taken.append(part)
            left -= len(part)
        self.total -= wanted
        return b"".join(taken)


class PacketBuffer:
    """Packet-buffered mode. packets, size: how many packets and bytes are held at most."""

    __slots__ = ("_held", "_limit", "_packets", "total")

    def __init__(self, packets: int, size: int) -> None:
        self.total = 0
        self._packets = packets
        self._limit = size
        self._held: deque[bytes] = deque()

    @property
    def unread(self) -> int:
        """What MIPRD=<id> tells: packets."""
        return len(self._held)

    def add(self, packet: bytes) -> bool:
        """Hold a packet; False when it does not fit and is to be dropped."""
        if len(self._held) >= self._packets or self.total + len(packet) > self._limit:
            return False
        self._held.append(packet)
        self.total += len(packet)
        return True

    def take(self) -> bytes:
        """The oldest packet. Raises IndexError when there is none."""
        packet = self._held.popleft()
        self.total -= len(packet)
        return packet
