"""One FTP session: its control connection, and the command that runs on it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from onemo.at.command import print_line
from onemo.at.reply import CommandError
from onemo.errors import NetFailure
from onemo.families.ftp.control import FtpControl
from onemo.families.ftp.data import FtpData
from onemo.families.ftp.job import FtpAwait, FtpDial, FtpFlow, FtpJob, FtpOpen, FtpSay, FtpStep, FtpSteps, FtpTold
from onemo.families.ftp.profile import FTP_CLIENT, FTP_FAILURES, FTP_RESULTS, FtpFailure, network_failure
from onemo.families.ftp.replies import FtpReply
from onemo.families.ftp.settings import CONTEXT, REPLY_TIMEOUT
from onemo.families.ftp.states import REFUSALS, TRANSITIONS, FtpEvent, FtpOperation, FtpState, ShownState
from onemo.modem.channel import Open
from onemo.modem.console import Console
from onemo.modem.modem import Modem
from onemo.modem.names import name_policy
from onemo.modem.pieces import Pieces
from onemo.net.interface import AddressFamily, OpenRequest, Transport

_GOODBYE = 421
_MOST_REPLIES = 8
"""Replies that are kept for a step to come."""
_DISCONNECTED = 0
"""The number of the "conn" URC."""


class FtpUpload(NamedTuple):
    """A file on its way through the line, piece by piece. verb: STOR or APPE; name: of the file."""

    verb: bytes
    name: bytes
    data: FtpData


class FtpSession:
    """One session. Hears of its connections.

    host: that MFTPCONN named; upload: what waits for its next piece, or is transparent; pieces: what of a download
    waits for the line.
    """

    def __init__(self, device: Modem, number: int, arm: Callable[[], None]) -> None:
        self.device = device
        self.number = number
        self.results = device.profile.table(FTP_RESULTS)
        self.table = device.profile.table(FTP_CLIENT)
        self.state = FtpState.CLOSED
        self.host, self.port = "", 0
        self.job: FtpJob | None = None
        self.upload: FtpUpload | None = None
        self.control: FtpControl | None = None
        self.pieces: Pieces | None = None
        self.console = device.first
        self._arm = arm
        self._step: FtpStep | None = None
        self._began = 0.0
        self._replies: deque[FtpReply] = deque(maxlen=_MOST_REPLIES)
        self._cid: int | None = None
        self._late: list[Callable[[], None]] = []

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

    def run(self, job: FtpJob) -> None:
        """Begin a command."""
        assert self.job is None, "a command runs"
        self.job = job
        if self.upload is None:  # else the server may have said why it goes on no further
            self._replies.clear()
        self._advance(lambda: next(job.steps))

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
            self.pieces.clear()
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

    def connected(self, control: FtpControl) -> None:
        """Go on: the control connection stands."""
        if isinstance(self._step, FtpDial):
            self._resume(None)

    def refused(self, control: FtpControl, failure: NetFailure) -> None:
        """Fail: there is no control connection."""
        self._throw(self._failure(failure))

    def replied(self, control: FtpControl, reply: FtpReply) -> None:
        """Take a reply: for the step that waits for one, or for one to come."""
        if control is not self.control:
            return
        step = self._step
        if reply.code == _GOODBYE and self.state is FtpState.CONNECTED:
            self.lose()
        elif isinstance(step, FtpSay | FtpAwait) or (isinstance(step, FtpFlow) and reply.refuses):
            self._resume(reply)
        elif self.occupied:
            self._replies.append(reply)

    def lost(self, control: FtpControl) -> None:
        """Take up that the server has ended the session."""
        if control is not self.control:
            return
        if self.state is FtpState.CONNECTED:
            self.lose()
        else:
            self._throw(self.results.network)

    def opened(self, data: FtpData) -> None:
        """Go on: a data connection stands."""
        if isinstance(self._step, FtpOpen) and self._step.data is data:
            self._resume(None)

    def moved(self, data: FtpData) -> None:
        """Look whether a data connection lets its step go on; one that is transparent may have broken."""
        step = self._step
        if isinstance(step, FtpFlow) and step.data is data and data.done:
            self._resume(None)
        elif isinstance(step, FtpOpen) and step.data is data and data.failure is not None:
            self._throw(data.failure)
        elif data.online and data.failure is not None:
            self.break_line(self.results.transparent_failed)
        self._arm()

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
        if self.upload is not upload:
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
        step = self._step
        if isinstance(step, FtpSay | FtpAwait):
            return self._began + self.device.settings.effective(REPLY_TIMEOUT, self.number).rsptimeout
        return step.data.due if isinstance(step, FtpFlow) else math.inf

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

    def _resume(self, reply: FtpReply | None) -> None:
        assert self.job is not None
        self._advance(partial(self.job.steps.send, reply))

    def _throw(self, result: int) -> None:
        """Let the step fail."""
        if self.job is not None:
            self._advance(partial(self.job.steps.throw, FtpFailure(result)))

    def _advance(self, resume: Callable[[], FtpStep]) -> None:
        """Take steps until one has to wait, or the command is over."""
        while True:
            self._step = None
            try:
                step = resume()
            except StopIteration as done:
                self._over(self.results.done, done.value)
                return
            except FtpFailure as failure:
                self._over(failure.result, None)
                return
            assert self.job is not None
            self._step, self._began = step, self.device.now
            send = self.job.steps.send
            if self._carry_out(step):
                resume = partial(send, None)
            elif isinstance(step, FtpAwait) and self._replies:
                resume = partial(send, self._replies.popleft())
            elif isinstance(step, FtpFlow) and any(each.refuses for each in self._replies):
                resume = partial(send, next(each for each in self._replies if each.refuses))
            else:
                self._arm()
                return

    def _carry_out(self, step: FtpStep) -> bool:
        """Ask for what a step needs; return whether it need not wait."""
        device = self.device
        match step:
            case FtpDial():
                self.control = FtpControl(device, self, self._request(self.port, None))
            case FtpSay(line):
                assert self.control is not None
                self._replies.clear()
                device.intents.append(self.control.command(line))
            case FtpOpen(data, port):
                assert self.control is not None
                family = AddressFamily.IPV6 if self.control.ipv6 else AddressFamily.IPV4
                data.dial()
                device.intents.append(Open(data, self._request(port, family), data.plan()))
            case FtpFlow(data):
                return data.done
            case FtpTold():
                assert self.pieces is not None
                self.pieces.then(partial(self._told, step))
            case FtpAwait():
                pass
        return False

    def _told(self, step: FtpTold) -> None:
        if self._step is step:
            self._resume(None)

    def _request(self, port: int, family: AddressFamily | None) -> OpenRequest:
        """Make the request for a connection to the server: a data connection goes to the same host and family."""
        names = name_policy(self.device, self._cid)
        return OpenRequest(
            transport=Transport.TCP,
            host=self.host,
            port=port,
            timeout=self.table.connect_time,
            names=names if family is None else names._replace(families=(family,)),
            receive_window=self.table.tcp_window,
        )

    def _over(self, result: int, value: tuple[object, ...] | None) -> None:
        """End the command."""
        job, self.job, self._step = self.job, None, None
        assert job is not None
        for release in job.releases:
            release()
        job.end(result, value)
        self._arm()

    def _abort(self, result: int) -> None:
        """End whatever runs, with a result."""
        if self.job is not None:
            self.job.steps.close()
            self._over(result, None)
        if self.upload is not None and self.upload.data.online:
            self.break_line(self.results.transparent_failed)
        upload, self.upload = self.upload, None
        if upload is not None:
            upload.data.drop()
        if self.job is not None:  # what follows transparent mode
            self.job.steps.close()
            self._over(result, None)

    def _close(self, *, drop: bool) -> None:
        """Let go of the control connection; the session is closed."""
        control, self.control = self.control, None
        if control is not None:
            if drop:
                control.drop()
            else:
                control.close()
        self._on(FtpEvent.ENDED)

    def _failure(self, failure: NetFailure) -> int:
        return network_failure(self.device.profile.table(FTP_FAILURES), failure)

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
