"""The exchange of a session with its server: the control connection, and the steps of the command that runs on it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from functools import partial

from onemo.errors import NetFailure
from onemo.families import FTP, FTP_DATA
from onemo.families.ftp.control import FtpControl
from onemo.families.ftp.data import FtpData
from onemo.families.ftp.job import FtpAwait, FtpDial, FtpFlow, FtpJob, FtpOpen, FtpSay, FtpStep
from onemo.families.ftp.profile import FTP_CLIENT, FTP_FAILURES, FTP_RESULTS, FtpFailure, network_failure
from onemo.families.ftp.replies import FtpReply
from onemo.modem.channel import Open
from onemo.modem.host import Host
from onemo.modem.names import name_policy
from onemo.net.interface import AddressFamily, OpenRequest, Transport

_MOST_REPLIES = 8
"""Replies that are kept for a step to come."""


class FtpExchange:
    """A session with a server, whoever has it. Hears of its connections. arm: something may be due at another time.

    host, port: of the server. of, of_data: the indices of its connections, which have its number. job: the command that
    runs.
    """

    of, of_data = FTP, FTP_DATA

    def __init__(self, device: Host, number: int, arm: Callable[[], None]) -> None:
        self.device = device
        self.number = number
        self.results = device.profile.table(FTP_RESULTS)
        self.table = device.profile.table(FTP_CLIENT)
        self.host, self.port = "", 0
        self.job: FtpJob | None = None
        self.control: FtpControl | None = None
        self._arm = arm
        self._step: FtpStep | None = None
        self._began = 0.0
        self._replies: deque[FtpReply] = deque(maxlen=_MOST_REPLIES)
        self._cid: int | None = None

    # How it is set.

    @property
    def data_type(self) -> int:
        """The type of what is transferred: 0 binary, 1 ASCII."""
        return 0

    @property
    def patience(self) -> float:
        """Seconds that a reply is waited for."""
        return math.inf

    @property
    def connect_time(self) -> float:
        """Seconds until a connection stands, at most."""
        return float(self.table.connect_time)

    # The command that runs.

    @property
    def occupied(self) -> bool:
        """True while replies may be a command's."""
        return self.job is not None

    def run(self, job: FtpJob) -> None:
        """Begin a command."""
        assert self.job is None, "a command runs"
        if not self.occupied:  # else the server may have said why it goes on no further
            self._replies.clear()
        self.job = job
        self._advance(lambda: next(job.steps))

    def abort(self, result: int) -> None:
        """End the command that runs, with a result."""
        if self.job is not None:
            self.job.steps.close()
            self._over(result, None)

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
        if isinstance(step, FtpSay | FtpAwait) or (isinstance(step, FtpFlow) and reply.refuses):
            self._resume(reply)
        elif self.occupied:
            self._replies.append(reply)

    def lost(self, control: FtpControl) -> None:
        """Take up that the server has ended the session."""
        if control is self.control:
            self._throw(self.results.network)

    def opened(self, data: FtpData) -> None:
        """Go on: a data connection stands."""
        if isinstance(self._step, FtpOpen) and self._step.data is data:
            self._resume(None)

    def moved(self, data: FtpData) -> None:
        """Look whether a data connection lets its step go on."""
        step = self._step
        if isinstance(step, FtpFlow) and step.data is data and data.done:
            self._resume(None)
        elif isinstance(step, FtpOpen) and step.data is data and data.failure is not None:
            self._throw(data.failure)
        self._arm()

    @property
    def deadline(self) -> float:
        """The time at which the step has taken too long; inf: it may."""
        step = self._step
        if isinstance(step, FtpSay | FtpAwait):
            return self._began + self.patience
        return step.data.due if isinstance(step, FtpFlow) else math.inf

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
            self._step = step
            if not (isinstance(step, FtpAwait) and step.hurries):
                self._began = self.device.now
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
        return False

    def _request(self, port: int, family: AddressFamily | None) -> OpenRequest:
        """Make the request for a connection to the server: a data connection goes to the same host and family."""
        names = name_policy(self.device, self._cid)
        return OpenRequest(
            transport=Transport.TCP,
            host=self.host,
            port=port,
            timeout=self.connect_time,
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

    def _failure(self, failure: NetFailure) -> int:
        return network_failure(self.device.profile.table(FTP_FAILURES), failure)
