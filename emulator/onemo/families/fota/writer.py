"""The writing of new firmware at a boot: of a differential package without a word, or by the minimal system."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

from onemo.at.command import print_line
from onemo.families.fota.fetch import Fetch
from onemo.families.fota.fetchers import fetch_of
from onemo.families.fota.loader import PACKAGE, mini_request
from onemo.families.fota.profile import FOTA
from onemo.families.fota.settings import URL
from onemo.modem.filestore import store_of
from onemo.modem.firmware import FirmwareMemory, UpgradeOrder
from onemo.modem.intents import Tell
from onemo.modem.memory import FIRMWARE
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.modem.power import PowerEvent
from onemo.net.firmware import BadPackage, FirmwareHeader, header_ends, read_header
from onemo.wire.transmitter import Kind

_ALL, _STEP, _HALF = 100, 4, 50
"""Per cent: of the whole, between two lines of the minimal system, and of its download."""
_RESTARTS = (0, 48, 100)
"""The percentages at which the minimal system restarts."""
_PROGRESS, _DONE, _FAILED = 1, 2, 3


class FirmwareWriter(Part):
    """One upgrade that is written, from the boot on that begins with it; the module is nothing else meanwhile."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self._firmware: FirmwareMemory = device.keeping.keeper(FIRMWARE)
        self._table = device.profile.table(FOTA)
        order = self._firmware.order
        assert order is not None
        now = device.now
        if order.mini and order.percent <= _HALF:
            device.intents.append(Tell("fota-download", order.revision))
        elif order.mini or device.power.orderly:
            device.intents.append(Tell("fota-apply", order.revision))
        if order.mini:
            self._system: MiniSystem | None = MiniSystem(device, self._firmware, order, self._arm)
            self._arm()
            return
        self._system = None
        share = order.at / _ALL if order.failure == "power" else 1.0
        self.deadline = now + self._table.diff_time * share if device.power.orderly else now

    def on_deadline(self, now: float) -> None:
        """Be done with a differential package, or let the minimal system go on."""
        if self._system is not None:
            self._system.on_deadline(now)
            self._arm()
            return
        self.deadline = math.inf
        order = self._firmware.order
        if order is None:
            return
        if order.failure == "power" and self._device.power.orderly:
            self._device.supply_off(now)
        else:
            self._end_diff(order, written=self._device.power.orderly and not order.failure)

    def _arm(self) -> None:
        if self._system is not None:
            self.deadline = self._system.deadline

    def _end_diff(self, order: UpgradeOrder, *, written: bool) -> None:
        """Start the new firmware, or the old one again, and tell so."""
        device, firmware = self._device, self._firmware

        def change() -> None:
            firmware.order = None
            if written:
                firmware.upgrade(device.made_revision, order.revision)
                firmware.fetched = None
                store = store_of(device.keeping)
                if store.is_file(PACKAGE):
                    store.delete(PACKAGE)

        def start(done: bool) -> None:
            device.lifecycle.upgraded(device.now)
            device.notify(print_line("MFWUPGRADE", _DONE if written else _FAILED))

        change()
        device.intents.append(device.keeping.store(start))

    def on_registered(self, now: float) -> None:
        """Let the minimal system load: there is a network."""
        if self._system is not None:
            self._system.load()

    def context_down(self, cid: int) -> None:
        """Break the download off, where it runs on that context."""
        if self._system is not None and self._device.contexts.chosen(None) == cid:
            self._system.lose()

    @property
    def connections(self) -> int:
        """The number of downloads that run."""
        return int(self._system is not None and self._system.loading)


class MiniSystem:
    """The minimal system: it downloads a package and writes it, and tries again until it has. Implements FetchSink.

    on_change: is called when something may be due at another time.
    """

    def __init__(
        self, device: Modem, firmware: FirmwareMemory, order: UpgradeOrder, on_change: Callable[[], None]
    ) -> None:
        self._device, self._firmware, self._order = device, firmware, order
        self.arm = on_change
        self._table = device.profile.table(FOTA)
        boots = len(_RESTARTS) * device.power.boot_time
        self._pace = max(0.0, self._table.mini_time - boots) / (_ALL // _STEP)
        self._tries = 0
        self._fetch: Fetch | None = None
        self._waits = True
        self._telling = False
        self._loaded = order.percent > _HALF
        self._package = _Digest()
        self._next = device.now + self._table.mini_retry[0] if order.percent >= 0 else device.now
        device.radio.search(device.now + device.register_time)

    @property
    def deadline(self) -> float:
        """The time at which on_deadline is to be called; inf: never."""
        return min(self._next, math.inf if self._fetch is None else self._fetch.due)

    @property
    def loading(self) -> bool:
        """True while it downloads."""
        return self._fetch is not None

    def on_deadline(self, now: float) -> None:
        """Go on, or break off what has been silent for too long."""
        if self._fetch is not None and now >= self._fetch.due:
            self._fetch.lose()
        elif now >= self._next:
            self._next = math.inf
            if self._waits:
                self._resume()
            elif self._order.percent >= _ALL:
                self._end()
            else:
                self._advance()

    def load(self) -> None:
        """Begin to download, where that is what it waits for and there is a network."""
        if self._loaded or self._waits or self._fetch is not None or not self._device.registered:
            return
        url = self._device.settings.get(URL).url
        self._fetch = fetch_of(self._device, self, mini_request(self._device, url, self._package.size))
        opening = None if self._fetch is None else self._fetch.opening()
        if opening is None:
            self._break()
        else:
            self._device.intents.append(opening)
        self.arm()

    def lose(self) -> None:
        """Break the download off: the network is gone."""
        if self._fetch is not None:
            self._fetch.lose()

    # FetchSink.

    def may_receive(self) -> bool:
        return True

    def begun(self, *, goes_on: bool, total: int | None) -> bool:
        """Take the start; a server that does not go on starts from the beginning."""
        if not goes_on:
            self._package = _Digest()
        return True

    def received(self, data: bytes) -> bool:
        """Take bytes; return False where they are no package for this module."""
        try:
            self._package.add(data)
        except BadPackage:
            self._spoil()
            return False
        self._go_on()
        self.arm()
        return True

    def ended(self, *, whole: bool) -> None:
        """Write the package, if it is whole and good, else try again later."""
        self._fetch = None
        if not whole:
            self._break()
            return
        try:
            self._package.require_whole()
        except BadPackage:
            self._spoil()
            return
        self._loaded = True
        self._device.intents.append(Tell("fota-apply", self._order.revision))
        self._go_on()
        self.arm()

    def refused(self) -> None:
        """Try again later: the server does not give it."""
        self._spoil()

    # Inside.

    def _resume(self) -> None:
        """Begin, or go on where it was, and tell that."""
        self._waits = False
        self._tell(max(self._order.percent, 0))
        self.load()

    def _go_on(self) -> None:
        """Take the next step, where it waited for bytes alone."""
        if self._next == math.inf and not (self._waits or self._telling):
            self._advance()

    def _advance(self) -> None:
        """Tell the next percentage, once so much is done."""
        percent = min(self._order.percent + _STEP, _ALL)
        if self._loaded or percent <= self._package.share * _HALF:
            self._tell(percent)

    def _tell(self, percent: int) -> None:
        """Write a percentage down, and tell it; then comes what is to happen there."""
        before, failure = self._order.percent, self._order.failure
        fails = bool(failure) and percent >= self._order.at and percent != before
        self._order = self._order._replace(percent=percent, failure="" if fails else failure)
        self._firmware.order = self._order
        self._telling = True

        def tell(done: bool) -> None:
            self._telling = False
            self._say(_PROGRESS, percent)
            if fails and failure == "power":
                self._device.supply_off(self._device.now)
            elif fails:
                self._stop()
                self._break()
            elif not self._waits:  # else it broke off meanwhile
                boot = self._device.power.boot_time if percent in _RESTARTS else 0.0
                self._next = self._device.now + boot + (self._pace if percent < _ALL else 0.0)
                self.arm()

        self._device.intents.append(self._device.keeping.store(tell))

    def _spoil(self) -> None:
        """Try again later, from the first byte on."""
        self._package = _Digest()
        self._break()

    def _break(self) -> None:
        """Wait until it is to be tried again, or give up."""
        self._fetch = None
        self._waits = True
        self._tries += 1
        retry = self._table.mini_retry
        if self._table.mini_tries and self._tries >= self._table.mini_tries:
            self._next = math.inf
            self._say(_FAILED)
        else:
            self._next = self._device.now + retry[min(self._tries, len(retry)) - 1]
        self.arm()

    def _stop(self) -> None:
        fetch, self._fetch = self._fetch, None
        if fetch is not None:
            fetch.stop()

    def _end(self) -> None:
        """Restart with the new firmware."""
        device, firmware, order = self._device, self._firmware, self._order

        def restart(done: bool) -> None:
            self._say(_DONE)
            device.lifecycle.end(PowerEvent.RESTART, device.now)

        firmware.order = None
        firmware.upgrade(device.made_revision, order.revision)
        device.intents.append(device.keeping.store(restart))

    def _say(self, *values: int) -> None:
        console = self._device.first
        console.transmitter.notice(console.format.notice(print_line("MFWUPGRADE", *values)), Kind.URC)


class _Digest:
    """A package as it comes: its header, and the digest of the rest, for it is stored nowhere."""

    def __init__(self) -> None:
        self.size = 0
        self._begun = b""
        self._header: FirmwareHeader | None = None
        self._hash = hashlib.sha256()

    @property
    def share(self) -> float:
        """The part of it that has come."""
        return self.size / self._header.size if self._header is not None else 0.0

    def add(self, data: bytes) -> None:
        """Take bytes. Raises BadPackage: it is none."""
        self.size += len(data)
        if self._header is not None:
            self._hash.update(data)
            if self.size > self._header.size:
                raise BadPackage("it is longer than it says")
            return
        self._begun += data
        if header_ends(self._begun):
            self._header = read_header(self._begun)
            self._hash.update(self._begun[self._header.length :])
            self._begun = b""

    def require_whole(self) -> None:
        """Require that it is whole. Raises BadPackage."""
        if self._header is None:
            raise BadPackage("it has no header")
        self._header.require_sum(self.size, self._hash.hexdigest())
