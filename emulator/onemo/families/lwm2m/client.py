"""The LwM2M client of a module: its one device, and its login."""

from __future__ import annotations

import math

from onemo.at.reply import CommandError
from onemo.families.lwm2m.device import Lwm2mDevice
from onemo.families.lwm2m.session import Lwm2mSession
from onemo.families.lwm2m.states import Lwm2mError, Lwm2mEvent, Lwm2mOperation, Lwm2mState
from onemo.families.lwm2m.target import Lwm2mTarget
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.modem.power import PowerEvent


class Lwm2mClient(Part):
    """The client. It outlives power saving, with its login; its connection is made anew.

    pieces: of the configuration that is being given, with what is said of the whole.
    """

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self.device = Lwm2mDevice(device)
        self._session: Lwm2mSession | None = None
        self.pieces: list[tuple[int, str]] = []
        self._saved = False
        self._restart = math.inf

    # The device.

    def create(self, target: Lwm2mTarget) -> None:
        """Create the device. Raises CommandError(RESOURCE): there is one."""
        self.device.check(Lwm2mOperation.CREATE)
        self.device.target = target
        self.pieces = []
        self.device.on(Lwm2mEvent.CREATE)

    def delete(self) -> None:
        """Delete the device with all that it has; its server hears nothing. Raises CommandError(RESOURCE)."""
        self.device.check(Lwm2mOperation.DELETE)
        if self._session is not None:
            self._session.end()
        self._session = None
        self.device.on(Lwm2mEvent.DELETE)
        self.arm()

    # The login.

    def open(self, lifetime: int, timeout: int) -> None:
        """Begin a login. Raises CommandError: RESOURCE, NOT_LOGGED_IN, NOT_ALLOWED."""
        self.device.check(Lwm2mOperation.OPEN)
        self.device.on(Lwm2mEvent.OPEN)
        self._session = None  # for arm, while it is made
        self._session = Lwm2mSession(self.device, lifetime, timeout, self.arm, self._reboot)
        self.arm()

    @property
    def login(self) -> Lwm2mSession:
        """The login. Raises CommandError: RESOURCE, NOT_LOGGED_IN."""
        self.device.check(Lwm2mOperation.EXCHANGE)
        if self._session is None:
            raise CommandError(Lwm2mError.NOT_LOGGED_IN)
        return self._session

    @property
    def session(self) -> Lwm2mSession | None:
        """The login, if one is or was made; for those who ask without refusing."""
        return self._session

    # Part.

    def arm(self) -> None:
        """Find out anew when something is due."""
        due = math.inf if self._saved or self._session is None else self._session.deadline
        self.deadline = min(due, self._restart)

    def on_deadline(self, now: float) -> None:
        """Act on time that has passed."""
        if now >= self._restart:
            self.device.modem.end_cycle(PowerEvent.RESTART, now)
            return
        if self._session is not None:
            self._session.on_deadline(now)
        self.arm()

    @property
    def busy(self) -> bool:
        """True while a login is made or ended, the server owes an answer, or the module is about to restart."""
        busy = self._online and self._session is not None and self._session.busy
        return busy or self._restart < math.inf

    @property
    def connections(self) -> int:
        """The number of servers that are in use."""
        return int(self._online)

    @property
    def _online(self) -> bool:
        return self.device.state not in (Lwm2mState.NONE, Lwm2mState.CREATED)

    def fall_asleep(self) -> None:
        """Forget what does not outlive deep sleep."""
        if self._session is not None:
            self._session.fall_asleep()
            self.arm()

    def save(self) -> bool:
        """Outlive power saving, without the connection."""
        if self._session is not None:
            self._session.save()
        self._saved = True
        self.arm()
        return True

    def wake(self, now: float) -> None:
        """Go on; after power saving the server is looked for again."""
        if self._saved:
            self._saved = False
            if self._session is not None:
                self._session.resume()
        self.arm()

    # Inside.

    def _reboot(self) -> None:
        """Restart a moment later, whatever becomes of the login: the server was told so."""
        self._restart = self.device.modem.now + self.device.table.reboot_time
        self.arm()
