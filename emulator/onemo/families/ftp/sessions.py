"""The FTP sessions of a boot cycle together."""

from __future__ import annotations

from collections.abc import Iterator

from onemo.families.ftp.session import FtpSession
from onemo.families.ftp.settings import FTP_ID
from onemo.families.ftp.states import FtpState
from onemo.modem.modem import Modem
from onemo.modem.part import Part


class FtpSessions(Part):
    """Every session of one boot cycle."""

    def __init__(self, device: Modem) -> None:
        self._device = device
        ids = device.profile.params[FTP_ID].range or ()
        self._sessions = {number: FtpSession(device, number, self.arm) for number in ids}

    def __getitem__(self, number: int) -> FtpSession:
        return self._sessions[number]

    def __iter__(self) -> Iterator[FtpSession]:
        return iter(self._sessions.values())

    def arm(self) -> None:
        """Find out anew when something is due."""
        self.deadline = min(session.deadline for session in self)

    def on_deadline(self, now: float) -> None:
        """Act on time that has passed."""
        for session in self:
            if now >= session.deadline:
                session.on_deadline(now)
        self.arm()

    @property
    def busy(self) -> bool:
        """True while a command runs."""
        return any(session.occupied for session in self)

    @property
    def connections(self) -> int:
        """The number of sessions that are in use."""
        return sum(session.state is not FtpState.CLOSED for session in self)

    def context_down(self, cid: int) -> None:
        """End every session on a PDP context that ended."""
        for session in self:
            if session.state is not FtpState.CLOSED and session.on_context == cid:
                session.lose()
