"""The framer: the DTE's bytes in, command lines and payload out.

After each event that may change the mode it pauses until told what comes next, for the bytes that follow in the same
read may be payload. Pure: time (seconds) is an argument.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from enum import Enum, auto

from onemo.wire.escape import EscapeDetector
from onemo.wire.events import Escaped, Event, LineTooLong, OnlineData, PromptCancelled, PromptData, Repeat


class Mode(Enum):
    """The meaning of the bytes that come next."""

    PAUSED = auto()  # nothing is taken until the mode is told
    COMMAND = auto()  # lines
    PROMPT = auto()  # the ``>`` entry of MIPSEND
    ONLINE = auto()  # transparent mode
    DISCARD = auto()  # after a lost transparent connection, until the line is quiet


# The modes by their plain names: several are compared at every line, and Python 3.11 finds those four times as fast.
PAUSED, COMMAND, PROMPT, ONLINE, DISCARD = Mode


_BS, _CR, _CTRL_Z, _ESC, _SLASH = 0x08, 0x0D, 0x1A, 0x1B, 0x2F
_PROMPT_END = re.compile(rb"[\x1a\x1b]")
_LF_BITS = 30  # three characters: the line feed's own, and as much for those that are late


class Framer:
    """The input of one line.

    max_line: bytes, with control characters in the line; guard: seconds of silence around ``+++``; lf_window: seconds
    after a line's terminator in which a line feed belongs to it. rate: asks for the speed of a line that is held to it,
    in bit/s, 0: it is not; the window is three characters of it at least.
    """

    def __init__(self, max_line: int, guard: float, lf_window: float, rate: Callable[[], float] = float) -> None:
        self.mode = PAUSED
        self.echo = False
        self.characters(_CR, 0x0A, _BS)
        self._max_line = max_line
        self._guard = guard
        self._lf_window = lf_window
        self.rate = rate
        self._escape = EscapeDetector(guard)
        self.kept = b""
        """Bytes that wait for the mode to change, or to be looked at."""
        self._line = bytearray()
        self._too_long = False
        self._linefeed_until = -math.inf
        self.echoed = bytearray()
        """What waits to be echoed, which take_echo gives."""
        self.deadline = math.inf
        """The time at which on_deadline is to be called; inf: never."""
        self._packet_due = math.inf
        self.due: list[Event] = []
        """Events that time made, to be taken before what is kept."""
        self._length: int | None = None
        self._secret = False
        self._limit = 0
        self._wait = 0.0
        self._payload = bytearray()
        self._echoes_entry = False
        self._again = b""
        self.swallows_until = -math.inf
        self.held = False

    # What the device tells it.

    def characters(self, terminator: int, linefeed: int, editing: int) -> None:
        """Set S3, S4 and S5: the characters that end a line, may follow that, and take a character back."""
        self.terminator, self._linefeed, self.editing = terminator, linefeed, editing
        self._end, self._edit = bytes((terminator,)), bytes((editing,))
        # Control characters, and blanks in front of a line, mean nothing (V.250 5.2.2).
        self._blanks = bytes(code for code in range(0x21) if code != terminator)
        self._ignored = bytes(code for code in range(0x20) if code not in (_BS, _CR, terminator, editing))
        self._special = self._ignored + bytes((editing,))

    def pause(self) -> None:
        """Take nothing until the mode is told."""
        self.mode = PAUSED

    def command(self) -> None:
        """Expect command lines."""
        self.mode = COMMAND
        self.deadline = math.inf

    def prompt(self, length: int | None, limit: int, timeout: float, now: float, *, secret: bool = False) -> None:
        """Expect payload: exactly length bytes, or (None) up to Ctrl-Z, ESC or limit bytes.

        What follows the limit, up to Ctrl-Z, ESC or a silence of timeout, is no command line: it is dropped. [decided]
        timeout: seconds after the last byte that end it. secret: the payload is a private key's, see the property.
        """
        self.mode = PROMPT
        self._secret = secret
        self._length, self._limit, self._wait = length, limit, timeout
        self._payload.clear()
        self.deadline = now + timeout

    def show_entry(self, *, echoes: bool, again: bytes) -> None:
        """Say how the entry looks that has begun. echoes: as a line; again: what each CR in it is answered with."""
        self._echoes_entry, self._again = echoes and self.echo, again

    def online(self, packet: int, wait: float, now: float) -> None:
        """Begin transparent mode: payload goes out when packet bytes have come, or wait seconds after the last."""
        self.mode = ONLINE
        self.swallows_until = -math.inf
        self._limit, self._wait = packet, wait
        self._payload.clear()
        self._line.clear()  # the connection took the line in the middle of it
        self._too_long = False
        self._escape.start(now)
        self._packet_due = self.deadline = math.inf

    def discard(self, now: float) -> None:
        """Drop everything until the line has been silent for the guard time, then read lines again."""
        self.mode = DISCARD
        self._payload.clear()
        self.kept = b""
        self.due.clear()
        self.deadline = now + self._guard

    def hold(self, now: float) -> None:
        """Stop the time of an entry's rest until next_event: nothing is read, and no silence is one."""
        if now < self.swallows_until:
            self.held, self.swallows_until = True, math.inf

    def reset(self) -> None:
        """Forget everything, as at a restart."""
        self.__init__(self._max_line, self._guard, self._lf_window, self.rate)  # type: ignore[misc]

    # Bytes and time in, events out.

    @property
    def partial(self) -> int:
        """The bytes of a command line that has begun and not ended; 0: none has."""
        return len(self._line)

    @property
    def secret(self) -> int:
        """The number of bytes that come next and may be shown to nobody: the rest of a private key's entry."""
        return self.missing if self._secret else 0

    @property
    def missing(self) -> int:
        """The number of bytes that the entry of payload still takes; 0: none is open."""
        if self.mode is not PROMPT:
            return 0
        return (self._limit if self._length is None else self._length) - len(self._payload) - len(self.kept)

    @property
    def awaits_linefeed(self) -> bool:
        """True from a line's terminator until the next byte comes, which may be its line feed."""
        return self._linefeed_until > -math.inf

    @property
    def waiting(self) -> bool:
        """True while next_event has something to look at."""
        return True if self.due or self.held else self.kept != b"" and self.mode is not PAUSED

    def take_echo(self) -> bytes:
        """Take the echo of the bytes consumed since the last call."""
        echoed = bytes(self.echoed)
        self.echoed.clear()
        return echoed

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes from the DTE; events then come from next_event."""
        if now >= self.deadline:
            self.on_deadline(now)
        if self.mode is DISCARD:
            self.deadline = now + self._guard
            return
        if self._linefeed_until >= now and data[0] == self._linefeed:
            data = data[1:]
        self._linefeed_until = -math.inf
        self.kept = self.kept + data if self.kept else data
        if self.mode is PROMPT:
            self.deadline = now + self._wait

    def stream(self, data: bytes, now: float) -> bytes | None:
        """Take bulk in transparent mode the short way, and return the packets that are whole now, which may be none.

        None: nothing was taken, and receive must be called, as something else comes first.
        """
        if self.kept or self.due or now <= self._linefeed_until or now >= self.deadline:
            return None
        return self._packets(data, now)

    def next_event(self, now: float) -> Event | None:
        """Return the next event, or None when more bytes, time or a mode is needed."""
        if self.held:
            self.held, self.swallows_until = False, now + self._wait
        if self.due:
            return self.due.pop(0)
        if self.mode is COMMAND:
            return None if now < self.swallows_until and self._swallow(now) else self._next_line(now)
        if not self.kept or self.mode is PAUSED:
            return None
        if self.mode is PROMPT:
            return self._next_prompt(now)
        return self._next_online(now)

    def on_deadline(self, now: float) -> None:
        """Take note that time has passed; events then come from next_event."""
        if self.mode is ONLINE:
            self._online_deadline(now)
        elif now >= self.deadline:
            self.deadline = math.inf
            if self.mode is PROMPT:
                self.pause()
                self.due.append(PromptData(bytes(self._payload), timed_out=True))
                self._payload.clear()
            elif self.mode is DISCARD:
                self.command()

    # Command lines.

    def _swallow(self, now: float) -> bool:
        """Drop the rest of an entry that reached its limit; tell whether there is no more input."""
        end = _PROMPT_END.search(self.kept)
        self.kept = self.kept[end.end() :] if end is not None else b""
        self.swallows_until = now + self._wait if end is None else -math.inf
        return not self.kept

    def _next_line(self, now: float) -> Event | None:
        while data := self.kept:
            odd = len(self._line) < 2 and (data[0] in self._blanks or (len(data) > 1 and data[1] in self._ignored))
            if odd and self._skip():
                continue
            if _SLASH in data[:2] and len(self._line) < 2 and (bytes(self._line) + data[:2])[:2] in (b"A/", b"a/"):
                return self._repeat()
            text, ended, _ = data.partition(self._end)
            if not ended:
                self._keep(data)
                self._take(len(data))
                return None
            self._take(len(text) + 1)
            if not self.kept:
                rate = self.rate()
                self._linefeed_until = now + (max(self._lf_window, _LF_BITS / rate) if rate else self._lf_window)
            elif self.kept[0] == self._linefeed:
                self.kept = self.kept[1:]
            if self._line or self._too_long:
                self._keep(text)
                text = bytes(self._line)
                self._line.clear()
            if self._too_long or len(text) > self._max_line:
                self._too_long = False
                self.mode = PAUSED
                return LineTooLong()
            if text := self._edited(text):
                self.mode = PAUSED
                return text
        return None

    def _take(self, count: int) -> None:
        """Consume count bytes of input, with echo."""
        if self.echo:
            taken = self.kept[:count]
            self.echoed += taken.replace(self._edit, b"\b \b") if self.editing in taken else taken
        self.kept = self.kept[count:]

    def _keep(self, text: bytes) -> None:
        if len(self._line) + len(text) > self._max_line:
            self._too_long = True
            text = text[: max(0, self._max_line - len(self._line))]
        self._line += text

    def _skip(self) -> bool:
        """Take blanks in front of a line, and control characters after its A, which a ``/`` may follow; tell if any."""
        before = len(self.kept)
        if not self._line and (start := before - len(self.kept.lstrip(self._blanks))):
            self._take(start)
        data = self.kept
        at = 1 - len(self._line)
        if data[at : at + 1] and data[at] in self._ignored and (self._line or data[:1]) in (b"A", b"a"):
            self._line += data[:at]
            self._take(len(data) - len(data[at:].lstrip(self._ignored)))
        return len(self.kept) < before

    def _repeat(self) -> Repeat:
        """Take ``A/``, which takes effect at once, without a terminator."""
        self._take(2 - len(self._line))
        self._line.clear()
        self.pause()
        return Repeat()

    def _edited(self, text: bytes) -> bytes:
        """Leave control characters out; S5 takes back a character. In a string both stay: it may be data [decided]."""
        if text.translate(None, self._special) == text:
            return text
        edited = bytearray()
        quoted = False
        for byte in text:
            if not quoted:
                if byte == self.editing:
                    del edited[-1:]
                    continue
                if byte in self._ignored:
                    continue
            quoted ^= byte == 0x22
            edited.append(byte)
        return bytes(edited)

    # Payload.

    def _next_prompt(self, now: float) -> Event | None:
        data, limit = self.kept, self._limit if self._length is None else self._length
        room = limit - len(self._payload)
        end = _PROMPT_END.search(data, 0, room) if self._length is None else None
        if end is not None:
            self._show(data[: end.start()])
            self.kept = data[end.end() :]
            self.pause()
            if data[end.start()] == _ESC:
                self._payload.clear()
                return PromptCancelled()
            return self._prompt_data(data[: end.start()])
        if len(data) >= room:
            if self._length is None:
                self.swallows_until = now + self._wait
            self._show(data[:room])
            self.kept = data[room:]
            self.pause()
            return self._prompt_data(data[:room])
        self._show(data)
        self._payload += data
        self.kept = b""
        self.deadline = now + self._wait
        return None

    def _show(self, data: bytes) -> None:
        """Echo what is entered, if it is to be, and answer each CR."""
        if not (self._echoes_entry or self._again) or not data:
            return
        pieces = data.replace(b"\b", b"\b \b").split(b"\r")
        self.echoed += (self._again or b"\r").join(pieces if self._echoes_entry else [b""] * len(pieces))

    def _prompt_data(self, last: bytes) -> PromptData:
        self.deadline = math.inf
        data = bytes(self._payload) + last if self._payload else last
        self._payload.clear()
        return PromptData(data)

    def _next_online(self, now: float) -> Event | None:
        data, self.kept = self.kept, b""
        packets = self._packets(data, now)
        return OnlineData(packets) if packets else None

    def _packets(self, data: bytes, now: float) -> bytes:
        """Take the whole packets out of what was kept and data; keep the rest until more has come or the wait ends."""
        data = self._escape.receive(data, now)
        if not data:
            self.deadline = min(self._packet_due, self._escape.deadline)
            return b""
        pending = self._payload
        size = len(pending) + len(data)
        rest = size % self._limit
        self.deadline = self._packet_due = now + self._wait if rest else math.inf
        if size == rest:
            pending += data
            return b""
        if pending:
            data = bytes(pending) + data
            pending.clear()
        if rest:
            pending += data[-rest:]
            data = data[:-rest]
        return data

    def _online_deadline(self, now: float) -> None:
        escaped, data = self._escape.on_deadline(now)
        self._payload += data
        if self._payload and (now >= self._packet_due or escaped or data):
            self.due.append(OnlineData(bytes(self._payload)))
            self._payload.clear()
            self._packet_due = math.inf
        self.deadline = min(self._packet_due, self._escape.deadline)
        if escaped:
            self.pause()
            self.due.append(Escaped())
