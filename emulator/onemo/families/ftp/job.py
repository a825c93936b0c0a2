"""The command of a session that runs: its steps, each a wait for the server, and what is done when it ends."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import NamedTuple

from onemo.families.ftp.data import FtpData
from onemo.families.ftp.replies import FtpReply
from onemo.families.ftp.states import ShownState


class FtpDial(NamedTuple):
    """A step: the control connection is opened."""


class FtpSay(NamedTuple):
    """A step: a command is sent, and its reply waited for."""

    line: bytes


class FtpAwait(NamedTuple):
    """A step: a reply is waited for."""


class FtpOpen(NamedTuple):
    """A step: a data connection is opened, to a port of the server."""

    data: FtpData
    port: int


class FtpFlow(NamedTuple):
    """A step: a data connection comes to its end, or what is sent leaves; a reply that refuses ends it too."""

    data: FtpData


class FtpTold(NamedTuple):
    """A step: what waits for the line is told."""


FtpStep = FtpDial | FtpSay | FtpAwait | FtpOpen | FtpFlow | FtpTold
FtpSteps = Generator[FtpStep, FtpReply | None, tuple[object, ...] | None]
"""Steps of a command; each gives a reply where it waits for one. They return what the line tells behind its result.

They may raise FtpFailure.
"""


@dataclass(slots=True, eq=False)
class FtpJob:
    """A command that runs. end: is told its result code and what the steps returned; shown: what MFTPSTATE tells.

    releases: what is let go of before that, however it ends.
    """

    steps: FtpSteps
    end: Callable[[int, tuple[object, ...] | None], None]
    shown: ShownState = ShownState.CONNECTED
    releases: list[Callable[[], None]] = field(default_factory=list)
