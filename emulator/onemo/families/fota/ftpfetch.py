"""A download over FTP, binary and passive: a session of its own, from opening it to the last byte."""

from __future__ import annotations

import math
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from onemo.families import FIRMWARE_DATA, FIRMWARE_FTP
from onemo.families.fota.fetch import FetchRequest, FetchSink
from onemo.families.fota.profile import FOTA
from onemo.families.ftp import steps
from onemo.families.ftp.exchange import FtpExchange
from onemo.families.ftp.job import FtpDial, FtpJob, FtpOpen, FtpSteps
from onemo.families.ftp.profile import FtpFailure
from onemo.modem.channel import Open
from onemo.modem.host import Host

_PORT = 21
_TOLD_SIZE = 213
_SIZE = re.compile(rb"\s*(\d{1,12})\s*")
_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")


class FtpTarget(NamedTuple):
    """What a URL names. path: as the server is told it."""

    host: str
    port: int
    path: bytes


def read_ftp_url(text: str) -> FtpTarget | None:
    """Read a URL, whose user and password count for nothing; None: it names no file (RFC 1738 3.2).

    The path is one from the directory that the login leads to; ``%2F`` begins one from the root.
    """
    try:
        parts = urlsplit(text, allow_fragments=False)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    typed = f"{parts.path}?{parts.query}" if parts.query else parts.path
    path = unquote_to_bytes(typed.removeprefix("/").encode("latin-1", "replace"))
    if not host or port == 0 or not path or _CONTROLS.search(path):
        return None
    return FtpTarget(host, port or _PORT, path)


class FtpFetch(FtpExchange):
    """A download with RETR. Implements Fetch and FtpSink. full, failure: it takes all that comes."""

    of, of_data = FIRMWARE_FTP, FIRMWARE_DATA
    secured = False
    full = False
    failure: int | None = None

    def __init__(self, host: Host, sink: FetchSink, request: FetchRequest) -> None:
        super().__init__(host, 0, self._hear)
        self.due = math.inf
        self._sink = sink
        self._wanted = request
        self._silence = host.profile.table(FOTA).silence
        self._total: int | None = None
        self._done = 0
        self._begun = self._ended = self._goes_on = self._final = False

    @property
    def connect_time(self) -> float:
        """Seconds until a connection stands, at most."""
        return self._wanted.timeout

    # Fetch.

    def opening(self) -> Open | None:
        """Return the request to open its connection; None: it has failed, and is told so."""
        target = read_ftp_url(self._wanted.url)
        if target is None:
            self._ended = True
            self._sink.ended(whole=False)
            return None
        self.host, self.port = target.host, target.port
        self.run(FtpJob(self._load(target.path), self._end))
        opening = self.device.intents.pop()  # the first thing that it asks for
        assert isinstance(opening, Open)
        return opening

    def stop(self) -> None:
        """Let go of it, without a word."""
        self._ended = True
        self.abort(self.results.ended)

    def lose(self) -> None:
        """Break off: what it runs on is gone, or the server is silent."""
        if not self._ended:
            self.stop()
            self._sink.ended(whole=False)

    # FtpSink.

    def credit(self) -> int:
        """Return the bytes that are read at once; 0: not now."""
        return int(self.table.read) if self._sink.may_receive() else 0

    def take(self, data: bytes) -> None:
        """Hand bytes on, as long as they are wanted."""
        if self._begin() and self._sink.received(data):
            self._done += len(data)
        else:
            self.stop()

    # Inside.

    def _load(self, path: bytes) -> FtpSteps:
        """Log in, ask for the size, which not every server tells, and download; go on where the server can."""
        request = self._wanted
        try:
            yield from steps.login(self, request.user.encode("latin-1"), request.password.encode("latin-1"))
            yield from steps.set_type(self)
            told = yield from steps.say(b"SIZE " + path)
            if told.code == _TOLD_SIZE and (size := _SIZE.fullmatch(told.text)) is not None:
                self._total = int(size[1])
            data = yield from steps.open_data(self, self)
            if request.offset:
                self._goes_on = (yield from steps.say(b"REST %d" % request.offset)).kind == steps.MORE
            yield from steps.transfer(self, b"RETR " + path, data, self)
        except FtpFailure as failure:
            self._final = failure.final
            raise
        self._ended = not self._begin()  # of an empty one nothing came
        return None

    def _begin(self) -> bool:
        """Report the start, once; return whether the rest is wanted."""
        if self._begun:
            return True
        self._begun = True
        self._done = self._wanted.offset if self._goes_on else 0
        return self._sink.begun(goes_on=self._goes_on, total=self._total)

    def _end(self, result: int, value: object) -> None:
        """End the session, and report how the download ended, unless nobody wants to hear it."""
        done = result == self.results.done
        control, self.control = self.control, None
        if control is not None and done:
            self.device.intents.append(control.command(b"QUIT"))
            control.close()
        elif control is not None:
            control.drop()
        self.due = math.inf
        if self._ended:
            return
        self._ended = True
        if self._final:
            self._sink.refused()
        else:
            self._sink.ended(whole=done and self._total in (None, self._done))

    def _hear(self) -> None:
        """Begin the silence anew: something came, or went."""
        waits = self._ended or isinstance(self._step, FtpDial | FtpOpen)
        self.due = math.inf if waits else self.device.now + self._silence
        self._sink.arm()
