"""The look of AT+MFWUPGRADE at a package of the minimal system, before anything is touched."""

from __future__ import annotations

from onemo.at.outcome import Outcome, Pending
from onemo.at.reply import CommandError
from onemo.families.fota.begin import NoAnswer, begin_upgrade
from onemo.families.fota.fetch import fetch_of
from onemo.families.fota.loader import FirmwareLoader, mini_request
from onemo.families.fota.profile import FotaError
from onemo.modem.modem import Modem
from onemo.net.firmware import header_ends


class FirmwareProbe:
    """The first bytes of a package, for a command that waits for them. Implements FetchSink."""

    def __init__(self, device: Modem) -> None:
        self._device = device
        self._loader = device.part(FirmwareLoader)
        self._data = b""
        self._operation: object = None

    def begin(self, url: str) -> Pending:
        """Make the outcome that ends with an upgrade. Raises CommandError(DOWNLOAD): it cannot be fetched."""
        fetch = self._loader.probe = fetch_of(self._device, self, mini_request(self._device, url))
        opening = None if fetch is None else fetch.opening()
        if opening is None:
            self._loader.probe = None
            raise CommandError(FotaError.DOWNLOAD)
        self._operation = opening
        return Pending(opening, self._finish)

    def _finish(self, fetched: bool) -> Outcome:
        """Begin the upgrade. Raises CommandError: DOWNLOAD, UPGRADE."""
        if not fetched:
            self._loader.failures += 1
            raise CommandError(FotaError.DOWNLOAD)
        header = self._loader.header_of(self._data, mini=True)

        def restart() -> Outcome:
            self._device.restart()
            raise NoAnswer

        return begin_upgrade(self._device, header, restart)

    def _complete(self, fetched: bool) -> None:
        """Take the command up that waits."""
        if self._operation is not None:
            operation, self._operation = self._operation, None
            self._loader.probe = None
            self._loader.arm()
            self._device.complete(operation, fetched, self._device.now)

    # FetchSink.

    def may_receive(self) -> bool:
        return True

    def arm(self) -> None:
        self._loader.arm()

    def begun(self, *, goes_on: bool, total: int | None) -> bool:
        return True

    def received(self, data: bytes) -> bool:
        """Take bytes, up to the end of the header."""
        self._data += data
        if not header_ends(self._data):
            return True
        if self._loader.probe is not None:
            self._loader.probe.stop()  # before the command goes on, and perhaps the next one opens another
        self._complete(fetched=True)
        return False

    def ended(self, *, whole: bool) -> None:
        self._complete(fetched=whole)

    def refused(self) -> None:
        self._complete(fetched=False)
