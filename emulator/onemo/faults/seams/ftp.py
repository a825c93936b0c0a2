"""Faults of FTP: what comes in the place of a server's replies, and of what it sends. Pure."""

from __future__ import annotations

import math
import re
from collections import deque

from onemo.families import FTP_DATA
from onemo.faults.kind import Layer
from onemo.faults.kinds_ftp import DATA, REPLY
from onemo.faults.plan import FaultChooser, Occasion
from onemo.net.interface import OpenRequest

GREETING = "GREETING"
"""What stands for a command where the server speaks first."""
_LONGEST = 65536
"""Bytes of a reply that are kept until it is whole; a longer one passes as it comes."""
_MOST = 16
"""Commands that wait for their replies."""
_VERB = re.compile(rb"[ ]*([A-Za-z]{1,16})")
_CODE = re.compile(rb"(\d{3})([ -]|\r?\n)")


class FtpFilter:
    """One connection of a session, of either kind. Implements StreamFilter."""

    def __init__(self, request: OpenRequest, faults: FaultChooser) -> None:
        self.ended = False
        label = request.label
        self._faults = faults
        self._data = label is not None and label.of is FTP_DATA
        self._occasion = Occasion(label=label, host=request.host, port=request.port)
        self._asked = b""
        self._verbs: deque[str] = deque([GREETING], maxlen=_MOST)
        self._verb = ""  # of the reply that goes on: a preliminary one has come
        self._lost = False  # what follows of that is
        self._kept = b""
        self._left = math.inf
        self._begun = False

    def sent(self, data: bytes) -> None:
        if self._data:
            return
        *lines, self._asked = (self._asked + data).split(b"\n")
        self._asked = self._asked[-_LONGEST:]
        for line in lines:
            verb = _VERB.match(line)
            self._verbs.append(verb[1].decode("ascii").upper() if verb else "")

    def received(self, data: bytes) -> list[tuple[bytes, float]]:
        return self._stalled(data) if self._data else self._replies(data)

    def rest(self) -> bytes:
        kept, self._kept = self._kept, b""
        return kept

    def _stalled(self, data: bytes) -> list[tuple[bytes, float]]:
        """Return what comes of a download."""
        if not self._begun:
            self._begun = True
            for armed in self._faults.chosen(Layer.FTP, self._occasion._replace(operation=DATA, data=data)):
                self._left = min(self._left, armed.fault.whole("size"))
        if self._left == math.inf:
            return [(data, 0.0)]
        passes = int(self._left)
        self._left = max(0, self._left - len(data))
        pieces = [(data[:passes], 0.0), (data[passes:], math.inf)]
        return [piece for piece in pieces if piece[0]]

    def _replies(self, data: bytes) -> list[tuple[bytes, float]]:
        """Return what comes in the place of replies."""
        self._kept += data
        pieces: list[tuple[bytes, float]] = []
        while (end := self._end()) > 0:
            reply, self._kept = self._kept[:end], self._kept[end:]
            pieces += self._instead(reply)
        if len(self._kept) > _LONGEST:
            pieces.append((self.rest(), 0.0))
        return pieces

    def _end(self) -> int:
        """Return where the reply that begins ends; 0: that is not known yet."""
        first = _CODE.match(self._kept)
        end = self._kept.find(b"\n") + 1
        if first is None or first[2] != b"-":
            return end
        while end:
            last = _CODE.match(self._kept, end)
            following = self._kept.find(b"\n", end) + 1
            if last is not None and last[1] == first[1] and last[2] != b"-":
                return following
            end = following
        return 0

    def _instead(self, reply: bytes) -> list[tuple[bytes, float]]:
        """Return what comes in the place of one."""
        preliminary = reply[:1] == b"1"
        if self._verb:  # the second one
            self._verb = self._verb if preliminary else ""
            return [] if self._lost else [(reply, 0.0)]
        verb = self._verbs.popleft() if self._verbs else ""
        self._lost = False
        self._verb = verb if preliminary else ""
        late = 0.0
        for armed in self._faults.chosen(Layer.FTP, self._occasion._replace(operation=REPLY, verb=verb, data=reply)):
            if armed.fault.kind.name == "ftp-reply":
                reply = armed.fault.text("reply").encode("latin-1", "replace") + b"\r\n"
                self._lost = True
            else:
                late = math.inf
        return [(reply, late)]
