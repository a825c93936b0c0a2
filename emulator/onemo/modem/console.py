"""One AT line of a module: what its DTE types, what it is answered, and who holds the line in transparent mode.

A module has one or more, as real ones have a UART and USB ports. V.250's settings are the console's own.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

from onemo.at.registry import BoundModel
from onemo.at.reply import CONNECT, OK, Final, ReplyFormat
from onemo.at.store import Settings
from onemo.modem.channel import Forward, Owner
from onemo.modem.intents import Intent
from onemo.modem.interpreter import AnswerWatch, Interpreter
from onemo.modem.power import PowerEvent
from onemo.modem.slots import BAUD_RATE, ECHO, EDITING, ERROR_REPORT, LINE_FEED, QUIET, TERMINATOR, VERBOSE
from onemo.profile.schema import Profile
from onemo.wire.events import Escaped, Event, OnlineData, PromptCancelled, PromptData, Repeat
from onemo.wire.events import Line as TypedLine
from onemo.wire.framer import COMMAND, DISCARD, ONLINE, PAUSED, PROMPT, Framer
from onemo.wire.transmitter import Kind, Transmitter

_LITTLE, _BULK = 4096, 65536
"""Bytes that are read at once where command lines may come, and where bulk does."""


class ConsoleDevice(Protocol):
    """The module, as its consoles see it."""

    profile: Profile
    model: BoundModel[Any]
    intents: list[Intent]
    now: float
    asking: Console | None
    """The console whose command runs."""
    on_answer: AnswerWatch | None

    @property
    def discards(self) -> bool:
        """True while input is only thrown away: the module is off, or sleeps."""
        ...

    def hears(self, now: float, rate: int) -> bool:
        """Tell whether input that comes now counts; it may wake the module. rate: the line's, in bit/s."""
        ...

    def end_cycle(self, event: PowerEvent, now: float) -> None:
        """End the boot cycle: a command line that did so is answered."""
        ...

    def answered(self, now: float) -> None:
        """Go on after a line that was answered."""
        ...


class Stream(Owner, Protocol):
    """A connection that can hold the line in transparent mode.

    datagrams: each piece is one; packet_size (bytes), packet_wait (seconds): when a piece goes out. queued: bytes that
    the network has not taken yet.
    """

    queued: int
    packet_size: int
    packet_wait: float

    @property
    def datagrams(self) -> bool:
        """True over UDP: each piece is a datagram."""
        ...

    def take_line(self) -> bytes:
        """Hold the line from now on; return what was received before and is unread."""
        ...

    def leave_line(self) -> None:
        """Go back to normal mode after ``+++``."""
        ...


class Console:
    """One AT line. number: from 0; settings: its own, of this boot cycle. Times in seconds."""

    def __init__(self, device: ConsoleDevice, number: int, settings: Settings) -> None:
        line = device.profile.line
        self.number = number
        self.device = device
        self.framer = Framer(line.max_line, line.guard, line.lf_window)
        self.transmitter = Transmitter(line.high_mark, line.urc_queue, line.urc_gap, line.typing_hold)
        self.format = ReplyFormat(device.model.errors)
        self.interpreter = Interpreter(self)
        self.banner_due = False
        """The banner comes with the first answer."""
        self.owes: PowerEvent | None = None
        """The end of the boot cycle that follows the answer of the running line."""
        self._high_mark = line.high_mark
        self.begin_cycle(settings)

    def begin_cycle(self, settings: Settings) -> None:
        """Take up the settings of a new boot cycle; nobody holds the line."""
        self.settings = settings
        self._taken_up = settings.changes
        self.baud_rate = settings.get(BAUD_RATE).rate
        """In bits per second, for the links; 0: the DTE's."""
        self._online_due: Stream | None = None
        self.online: Stream | None = None
        """The connection that holds the line in transparent mode."""
        self.apply_settings()

    def reset(self) -> None:
        """Forget what was typed and what waits to be told: the boot cycle ended."""
        self.framer.reset()
        self.interpreter.reset()
        self.transmitter.restart()
        self.banner_due = False
        self.owes = None

    def apply_settings(self) -> None:
        """Let the settings of V.250 and AT+CMEE act."""
        get = self.settings.get
        terminator, linefeed = get(TERMINATOR).value, get(LINE_FEED).value
        self.framer.echo = bool(get(ECHO).value)
        self.framer.characters(terminator, linefeed, get(EDITING).value)
        self.format.verbose = bool(get(VERBOSE).value)
        self.format.quiet = bool(get(QUIET).value)
        self.format.error_level = get(ERROR_REPORT).n
        self.format.cr, self.format.lf = bytes((terminator,)), bytes((linefeed,))

    # What the module has to say.

    def notify(self, line: bytes | Final, *, droppable: bool = False) -> bool:
        """Tell a URC; return whether it was kept. droppable: it is dropped whole when too much waits.

        A result code looks as ATV and ATQ have it; with ATQ1 there is nothing to tell.
        """
        data = self.format.final(line) if isinstance(line, Final) else self.format.notice(line)
        return not data or self.transmitter.urc(data, droppable=droppable)

    def notify_unended(self, line: bytes) -> None:
        """Tell a URC without the line end behind it, as some modules do with one of theirs."""
        end = self.format.cr + self.format.lf
        self.transmitter.urc(self.format.notice(line).removesuffix(end))

    def start(self, *, autobaud: bool) -> None:
        """Take command lines: the module has booted. autobaud: at AT+IPR=0 nothing can be said before the DTE has."""
        self.banner_due = autobaud and not self.settings.get(BAUD_RATE).rate
        if not self.banner_due:
            self._write_banner()
        self.framer.command()

    def tell_first(self) -> None:
        """Let what waits to be told go before anything else."""
        self.transmitter.hold = False
        self.transmitter.release(math.inf)

    def fall_asleep(self) -> None:
        """Drop half a line, which does not outlive deep sleep."""
        self.framer.reset()
        self.apply_settings()
        self.framer.command()

    def _write_banner(self) -> None:
        """Write the banner; it comes before whatever the module answers, so it does not wait like other URCs."""
        self.banner_due = False
        banner = self.device.profile.power.banner.encode()
        self.transmitter.notice(self.format.notice(banner), Kind.URC)

    # The line.

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes from the DTE; settle follows."""
        if self.device.hears(now, self.baud_rate):
            self.framer.receive(data, now)

    @property
    def streams(self) -> bool:
        """True while bulk of transparent mode over TCP comes, which has a short way.

        What the framer's stream gives goes to forward, and that to the peer.
        """
        online = self.online
        return online is not None and not online.datagrams and not self._is_stopped()

    def forward(self, payload: bytes) -> Forward:
        """Send what the framer's stream gave on its way."""
        assert self.online is not None
        self.online.queued += len(payload)
        return Forward(self.online, payload)

    def complete(self, result: object, now: float) -> None:
        """Take the waiting command up again: the world has done what it asked for."""
        self.interpreter.complete(result, now)
        self._line_done(now)

    def abandon(self, now: float) -> None:
        """Answer ERROR to the running command, if any: a bug came in its way."""
        if self.interpreter.pending or self.framer.mode is PAUSED:
            self.interpreter.abandon(now)
            self._line_done(now)

    @property
    def at_rest(self) -> bool:
        """True while nothing goes on: no command, no payload, no unread output."""
        return not (self.interpreter.pending or self.framer.mode is not COMMAND or self.transmitter.size)

    @property
    def wants_input(self) -> bool:
        """True while the shell should read the line: no command runs, and there is room above the high mark.

        While one runs, the first byte behind its line is read, whose time tells whether it is the line's.
        """
        framer = self.framer
        return not (framer.kept or (self.interpreter.pending and not framer.awaits_linefeed) or self._is_stopped())

    @property
    def appetite(self) -> int:
        """The most bytes to read from the line at once: bulk of a stream or of an entry, else a little.

        No more of a stream is read than the peer's queue has room for below the high mark.
        """
        online, framer = self.online, self.framer
        if online is None and framer.mode is COMMAND:
            return _LITTLE
        bulk = self._high_mark - online.queued if online is not None and not online.datagrams else framer.missing
        return max(_LITTLE, min(bulk, _BULK))

    @property
    def can_go_on(self) -> bool:
        """True once input that had to wait for the line to drain need not wait any more."""
        return self.framer.waiting and not (self.interpreter.pending or self._is_stopped())

    def _is_stopped(self) -> bool:
        """Tell whether the next event must wait: for the DTE to read, or in transparent mode for the peer to take.

        What is only thrown away never waits.
        """
        online = self.online
        full = self.transmitter.full if online is None else online.queued >= self._high_mark
        return full and not (self.device.discards or self.framer.mode is DISCARD)

    @property
    def deadline(self) -> float:
        """The time at which on_deadline is to be called; inf: never."""
        ours, theirs = self.framer.deadline, self.transmitter.deadline
        return ours if ours < theirs else theirs  # with every command, and min takes twice as long

    def on_deadline(self, now: float) -> None:
        """Act on time that has passed; settle follows."""
        if now >= self.framer.deadline:
            self.framer.on_deadline(now)

    def settle(self, now: float) -> None:
        """Take up what can go on now."""
        framer, transmitter, interpreter = self.framer, self.transmitter, self.interpreter
        if self._online_due is not None and framer.mode is COMMAND:
            self._enter_online(now)
        while (framer.kept or framer.due or framer.held) and not (interpreter.pending or self._is_stopped()):
            event = framer.next_event(now)
            if event is None:
                break
            if isinstance(event, OnlineData):
                self._forward(event.data)
            else:
                self._on_event(event, now)
        if now < framer.swallows_until and (interpreter.pending or self._is_stopped()):
            framer.hold(now)
        if framer.echoed:
            self._echo(now)
        pending = interpreter.pending
        transmitter.hold = (
            framer.mode is PROMPT or framer.mode is ONLINE or self.banner_due or (pending is not None and pending.holds)
        )
        # An operation that can be carried out at once is: its answer then comes before what waited to be told.
        if transmitter.urcs_wait and not (pending and self.device.intents):
            transmitter.release(now)

    def _echo(self, now: float) -> None:
        self.transmitter.echo(self.framer.take_echo(), now, partial=bool(self.framer.partial))

    def _on_event(self, event: Event, now: float) -> None:
        """Act on the end of a line or of an entry, or on the escape."""
        if self.framer.echoed:
            self._echo(now)
        if self.banner_due:
            self._write_banner()
        if isinstance(event, TypedLine):
            self.interpreter.run(event, now)
        elif isinstance(event, Escaped):
            self._leave_online(now)
        elif isinstance(event, PromptData):
            self.interpreter.entered(event.data, event.timed_out, now)
        elif isinstance(event, PromptCancelled):
            self.interpreter.entered(None, False, now)
        elif isinstance(event, Repeat):
            self.interpreter.repeat(now)
        else:
            self.interpreter.too_long(now)
        self._line_done(now)

    def _line_done(self, now: float) -> None:
        if self.interpreter.pending:
            return
        if (owed := self.owes) is not None:
            self.device.end_cycle(owed, now)
            return
        self.device.answered(now)
        if self.settings.changes != self._taken_up:
            self._taken_up = self.settings.changes
            self.baud_rate = self.settings.get(BAUD_RATE).rate
        if self.framer.mode is PAUSED:
            if self._online_due is not None:
                self._enter_online(now)
            else:
                self.framer.command()

    # Transparent mode.

    def go_online(self, stream: Stream) -> None:
        """Give the line to a transparent connection as soon as no command runs."""
        self._online_due = stream

    def go_offline(self, stream: Stream) -> None:
        """Take the line from a transparent connection if it has it, or is to have it.

        Input that still comes then is discarded until the DTE is quiet.
        """
        if self._online_due is stream:
            self._online_due = None
        if self.online is stream:
            self.online = None
            self.framer.discard(self.device.now)

    def _enter_online(self, now: float) -> None:
        """Write CONNECT and what was buffered, and take payload from now on."""
        stream, self._online_due = self._online_due, None
        assert stream is not None
        self.tell_first()  # what a prompt kept back comes first, and without the gap
        self.transmitter.hold = True
        self.transmitter.write(self.format.final(CONNECT))
        self.transmitter.write(stream.take_line(), Kind.DATA)
        self.online = stream
        self.framer.online(stream.packet_size, stream.packet_wait, now)

    def _leave_online(self, now: float) -> None:
        """Answer ``+++`` with OK, and leave the connection in normal mode."""
        stream, self.online = self.online, None
        assert stream is not None
        stream.leave_line()
        self.transmitter.final(self.format.final(OK), now)

    def _forward(self, data: bytes) -> None:
        stream = self.online
        assert stream is not None
        stream.queued += len(data)
        size = stream.packet_size if stream.datagrams else len(data)
        for start in range(0, len(data), size):
            part = data if size == len(data) else data[start : start + size]
            self.device.intents.append(Forward(stream, part))
