"""A plain model of one connection instance, to judge the module by."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Model:
    """A plain model of one instance. unread: pieces (TCP) or packets (UDP)."""

    number: int
    state: str = "INITIAL"
    protocol: str = ""
    mode: int = 0
    autofree: int = 0
    unread: list[str] = field(default_factory=list)
    sent: int = 0
    received: int = 0

    @property
    def tcp(self) -> bool:
        return self.protocol == "TCP"

    @property
    def connected(self) -> bool:
        return self.state == "CONNECTED"

    @property
    def wants_line(self) -> bool:
        return self.mode == 1 and self.state in ("CONNECTING", "CONNECTED")

    @property
    def count(self) -> int:
        return sum(map(len, self.unread)) if self.tcp else len(self.unread)

    @property
    def line(self) -> str:
        where = f'"{self.protocol}","h",80' if self.state != "INITIAL" else ",,"
        return f'+MIPSTATE: {self.number},{where},"{self.state}"'

    def fits(self, protocol: str, mode: int) -> bool:
        return mode != (3 if protocol == "TCP" else 2)

    def free(self) -> None:
        self.state, self.protocol, self.mode, self.unread, self.sent, self.received = "INITIAL", "", 0, [], 0, 0

    def read(self, length: int) -> list[str]:
        """MIPRD lines; 0: everything."""
        if self.tcp and self.unread:
            data = "".join(self.unread)
            count = min(length or len(data), len(data))
            left, rest = count, list(self.unread)
            while left and rest:
                left, rest = (
                    (left - len(rest[0]), rest[1:]) if len(rest[0]) <= left else (0, [rest[0][left:], *rest[1:]])
                )
            self.unread = rest
            return [f"+MIPRD: {self.number},{self.count},{count},{data[:count]}"]
        count = min(length or self.count, self.count)
        taken, self.unread = self.unread[:count], self.unread[count:]
        total = len(taken) + self.count
        return [f"+MIPRD: {self.number},{total - i},{len(text)},{text}" for i, text in enumerate(taken, 1)]
