"""One FTP session: its control connection, and the command that runs on it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from onemo.at.command import print_line
from onemo.at.reply import CommandError
from onemo.errors import NetFailure
from onemo.families.ftp.control import FtpControl
from onemo.families.ftp.data import FtpData
from onemo.families.ftp.exchange import FtpExchange
from onemo.families.ftp.job import FtpAwait, FtpFlow, FtpJob, FtpSay, FtpStep, FtpSteps, FtpTold
from onemo.families.ftp.replies import FtpReply
from onemo.families.ftp.settings import CONTEXT, DATA_TYPE, REPLY_TIMEOUT
from onemo.families.ftp.states import REFUSALS, TRANSITIONS, FtpEvent, FtpOperation, FtpState, ShownState
from onemo.modem.console import Console
from onemo.modem.modem import Modem
from onemo.modem.pieces import Pieces

_GOODBYE = 421
_DISCONNECTED = 0
"""The number of the "conn" URC."""


class FtpUpload(NamedTuple):
    """A file on its way through the line, piece by piece. verb: STOR or APPE; name: of the file."""

    verb: bytes
    name: bytes
    data: FtpData


class FtpSession(FtpExchange):
    """One session of the commands. Hears of its connections.

    host: that MFTPCONN named; upload: what waits for its next piece, or is transparent; pieces: what of a download
    waits for the line.
    """

    device: Modem

    def __init__(self, device: Modem, number: int, arm: Callable[[], None]) -> None:
        super().__init__(device, number, arm)
        self.state = FtpState.CLOSED
        self.upload: FtpUpload | None = None
        self.pieces: Pieces | None = None
        self.console = device.first
        self._late: list[Callable[[], None]] = []

    @property
    def data_type(self) -> int:
        """That of MFTPCFG."""
        wanted: int = self.device.settings.effective(DATA_TYPE, self.number).data_type
        return wanted

    @property
    def patience(self) -> float:
        """The <rsptimeout> of MFTPCFG."""
        return float(self.device.settings.effective(REPLY_TIMEOUT, self.number).rsptimeout)

    # What commands do.

    def check(self, operation: FtpOperation) -> None:
        """Refuse an operation that the state does not allow. Raises CommandError."""
        if refusal := REFUSALS.get((operation, self.state)):
            raise CommandError(refusal)

    @property
    def occupied(self) -> bool:
        """True while a command has not given its result, or an upload waits for its next piece."""
        return self.job is not None or self.upload is not None

    @property
    def shown(self) -> ShownState:
        """The state as MFTPSTATE tells it."""
        if self.state in (FtpState.CLOSED, FtpState.CONNECTING):
            return ShownState.NOT_CONNECTED
        if self.upload is not None:
            return ShownState.UPLOADING
        return ShownState.CONNECTED if self.job is None else self.job.shown

    def begin_connection(self, host: str, port: int, login: FtpSteps) -> None:
        """Begin MFTPCONN: what stands in the way is told at once."""
        self.console = self.device.console
        self.host, self.port = host, port
        self._cid = self.device.settings.effective(CONTEXT, self.number).cid
        refusal = self.device.contexts.refusal(self._cid)
        if refusal is not None or not port:
            self.tell("MFTPCONN", self._failure(refusal or NetFailure.REFUSED))
            return
        self._on(FtpEvent.CONNECT)

        def end(result: int, _: object) -> None:
            if result == self.results.done:
                self._on(FtpEvent.ACCEPTED)
            else:
                self._close(drop=True)
            self.tell("MFTPCONN", result)

        self.run(FtpJob(login, end, ShownState.NOT_CONNECTED))

    def begin_end(self, goodbye: FtpSteps) -> None:
        """Begin MFTPDISC: whatever runs is ended."""
        console = self.device.console
        connecting = self.state is FtpState.CONNECTING
        if self.pieces is not None:
            self.pieces.drop_data()
        self._abort(self.results.ended)

        def end(*_: object) -> None:
            self._close(drop=False)
            self.tell("MFTPDISC", self.results.done, console=console)
            self._tell_end()

        if connecting:  # its end has closed it
            self.tell("MFTPDISC", self.results.done, console=console)
            self._tell_end()
            return
        self._on(FtpEvent.DISCONNECT)
        self.run(FtpJob(goodbye, end))

    def tell(self, command: str, *values: int | str | bytes | None, console: Console | None = None) -> None:
        """Tell the result line of a command, behind what of a download still waits."""
        told = partial(self.device.notify_on, console or self.console, print_line(command, self.number, *values))
        if self.pieces is not None and not self.pieces.done:
            self.pieces.then(told)
        else:
            told()

    def later(self, action: Callable[[], None]) -> None:
        """Do something now, or, while a command runs, behind that."""
        if self.device.asking is None:
            action()
        else:
            self._late.append(action)
            self._arm()

    # What the connections tell.

    def replied(self, control: FtpControl, reply: FtpReply) -> None:
        """Take a reply; one ends the session."""
        if control is self.control and reply.code == _GOODBYE and self.state is FtpState.CONNECTED:
            self.lose()
        else:
            super().replied(control, reply)

    def lost(self, control: FtpControl) -> None:
        """Take up that the server has ended the session."""
        if control is self.control and self.state is FtpState.CONNECTED:
            self.lose()
        else:
            super().lost(control)

    def moved(self, data: FtpData) -> None:
        """Look whether a data connection lets its step go on; one that is transparent may have broken."""
        if data.online and data.failure is not None:
            self.break_line(self.results.transparent_failed)
        super().moved(data)

    # What comes from without.

    def lose(self) -> None:
        """End the session: the server has, or what it runs on is gone."""
        if self.state is FtpState.CLOSED:
            return
        if self.state is not FtpState.CONNECTED:
            self._throw(self.results.network)
            return
        self._close(drop=True)
        if isinstance(self._step, FtpTold):  # the whole file is there
            self._resume(None)
        else:
            self._abort(self.results.network)
        self._tell_end()

    def break_line(self, result: int) -> None:
        """End transparent mode, which something else than ``+++`` does."""
        upload = self.upload
        if upload is None or not upload.data.online:
            return
        upload.data.online = False
        self.console.go_offline(upload.data)
        self.tell("MFTP" + upload.verb.decode("ascii"), result, upload.data.sent)
        self.give_up(upload)

    def give_up(self, upload: FtpUpload) -> None:
        """Let go of an upload; what the server says of that is told to nobody."""
        if self.upload is not upload or self.job is not None:
            return
        self.upload = None
        upload.data.drop()
        if self.state is FtpState.CONNECTED:

            def swallow() -> FtpSteps:
                yield FtpAwait()
                return None

            self.run(FtpJob(swallow(), lambda *_: None))

    @property
    def on_context(self) -> int:
        """The PDP context that it is on."""
        return self.device.contexts.chosen(self._cid)

    @property
    def deadline(self) -> float:
        """When on_deadline is to be called; inf: never."""
        if self._late:
            return -math.inf
        return super().deadline

    def on_deadline(self, now: float) -> None:
        """Act on time that has passed."""
        late, self._late = self._late, []
        for action in late:
            action()
        step = self._step
        if now < self.deadline:
            return
        if isinstance(step, FtpFlow):
            step.data.on_silence(now)
        elif isinstance(step, FtpSay | FtpAwait):
            self._throw(self.results.timed_out)
            if self.state is FtpState.CONNECTED:  # its replies would no longer be those of the commands
                self.lose()

    # Steps.

    def _carry_out(self, step: FtpStep) -> bool:
        """Ask for what a step needs; return whether it need not wait."""
        if isinstance(step, FtpTold):
            assert self.pieces is not None
            self.pieces.then(partial(self._told, step))
            return False
        return super()._carry_out(step)

    def _told(self, step: FtpTold) -> None:
        if self._step is step:
            self._resume(None)

    def _abort(self, result: int) -> None:
        """End whatever runs, with a result."""
        self.abort(result)
        if self.upload is not None and self.upload.data.online:
            self.break_line(self.results.transparent_failed)
        upload, self.upload = self.upload, None
        if upload is not None:
            upload.data.drop()
        self.abort(result)  # what follows transparent mode

    def _close(self, *, drop: bool) -> None:
        """Let go of the control connection; the session is closed."""
        control, self.control = self.control, None
        if control is not None:
            if drop:
                control.drop()
            else:
                control.close()
        self._on(FtpEvent.ENDED)

    def _on(self, event: FtpEvent) -> None:
        """Change the state. Raises KeyError when it has no such event: a bug."""
        self.state = TRANSITIONS[self.state, event]
        self._arm()

    def _tell_end(self) -> None:
        line = print_line("MFTPURC", self.number, "conn", _DISCONNECTED)
        told = partial(self.device.notify_on, self.console, line)
        if self.pieces is not None and not self.pieces.done:
            self.pieces.then(told)
        else:
            told()
