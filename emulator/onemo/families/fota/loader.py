"""The packages that a module brings in: AT+MFWDLOAD from a URL or a file, the entry of one, and its place in the store.

What came of a broken download is kept, and the next one goes on from there.
"""

from __future__ import annotations

import logging
import math

from onemo.at.command import print_line
from onemo.at.outcome import Pending
from onemo.at.reply import CommandError
from onemo.families.fota.fetch import Fetch, FetchRequest
from onemo.families.fota.fetchers import fetch_of
from onemo.families.fota.profile import FOTA, FotaError
from onemo.families.fota.settings import LOCAL, LOGIN, PROGRESS_STEP, TIMEOUT, TLS_OF, URL, local_path, scheme_of
from onemo.modem.filestore import FileStore, store_of
from onemo.modem.firmware import Fetched, FirmwareMemory
from onemo.modem.intents import Tell
from onemo.modem.memory import FIRMWARE
from onemo.modem.modem import Modem
from onemo.modem.openfile import OpenFile, OpenMode
from onemo.modem.part import Part
from onemo.modem.power import PowerEvent
from onemo.net.firmware import BadPackage, FirmwareHeader, read_header

_log = logging.getLogger(__name__)
PACKAGE = "firmware.package"
"""The package's name in the store; no command reaches it."""
_BROKEN, _RUNNING, _DONE, _FAILED = range(4)
_PART_KEPT = 8
"""A download is written down when it has grown by this part of itself."""


class FirmwareLoader(Part):
    """The downloads of one boot cycle, and what waits for a restart. Implements FetchSink.

    failures: broken downloads in a row. probe: a download whose start alone is wanted, for AT+MFWUPGRADE.
    """

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self.failures = 0
        self.probe: Fetch | None = None
        self.firmware: FirmwareMemory = device.keeping.keeper(FIRMWARE)
        self.store: FileStore = store_of(device.keeping)
        self._table = device.profile.table(FOTA)
        self._fetch: Fetch | None = None
        self._file: OpenFile | None = None
        self._state = Fetched()
        self._restart_at = math.inf

    # What commands ask.

    @property
    def running(self) -> bool:
        """True while a download from a URL runs."""
        return self._fetch is not None

    @property
    def package(self) -> bytes | bytearray | None:
        """The package that was brought in as a whole, None: there is none."""
        fetched = self.firmware.fetched
        if self.running or (fetched is not None and fetched.state != _DONE) or not self.store.is_file(PACKAGE):
            return None
        return self.store.content(PACKAGE)

    @property
    def has_begun(self) -> bool:
        """True where a package was brought in, whatever became of it."""
        return self.running or self.firmware.fetched is not None or self.store.is_file(PACKAGE)

    def require_idle(self) -> None:
        """Require that no upgrade has begun, nor a look at its package. Raises CommandError(UNKNOWN)."""
        if self.firmware.order is not None or self.probe is not None:
            raise CommandError(FotaError.UNKNOWN)

    def require_writable(self) -> None:
        """Require that a package may be brought in. Raises CommandError(WRITING): one is, or it failed for good."""
        fetched = self.firmware.fetched
        if self.running or (fetched is not None and fetched.state == _FAILED):
            raise CommandError(FotaError.WRITING)

    def require_network(self) -> None:
        """Raise CommandError: NETWORK, there is no data connection; RETRIES, too many downloads broke."""
        if self._device.contexts.refusal(None) is not None:
            raise CommandError(FotaError.NETWORK)
        if self.failures >= self._table.failures:
            raise CommandError(FotaError.RETRIES)

    def has_room(self, size: int) -> bool:
        """Tell whether a package of this size fits, with its backup, in the place of the one that is there."""
        return size + self._table.backup <= self.store.room_of(PACKAGE)

    def told(self) -> Fetched:
        """Return the download that runs, or the last one. Raises CommandError(UNKNOWN): there was none."""
        fetched = self._state if self.running else self.firmware.fetched
        if fetched is None:
            raise CommandError(FotaError.UNKNOWN)
        return fetched

    def put(self, data: bytes) -> Pending:
        """Keep a package that was brought in as a whole; the outcome is OK. Raises CommandError(WRITING): no room."""
        if not self.has_room(len(data)):
            raise CommandError(FotaError.WRITING)

        def change() -> None:
            self.firmware.fetched = None
            self.store.put(PACKAGE, data)

        return self._device.keeping.write_down(change, FotaError.WRITING)  # type: ignore[no-any-return]

    def erase(self) -> Pending:
        """Forget the package and every failure, and end a download without a word; the outcome is OK."""
        self.stop()
        self.failures = 0
        return self._device.keeping.write_down(self.drop)  # type: ignore[no-any-return]

    def drop(self) -> None:
        """Forget the package; to be written down."""
        self.firmware.fetched = None
        if self.store.is_file(PACKAGE):
            self.store.delete(PACKAGE)

    def restart_soon(self) -> None:
        """Restart once the answer has had its time."""
        self._restart_at = self._device.now + self._table.restart_delay
        self.arm()

    def header_of(self, package: bytes | bytearray, *, mini: bool = False) -> FirmwareHeader:
        """Check a package, of the minimal system its header alone. Raises CommandError(UPGRADE); the log says why."""
        device = self._device
        try:
            if self.firmware.take_fault("check") is not None:
                raise BadPackage("a fault has it fail")
            header = read_header(package)
            if header.mini is not mini:
                raise BadPackage("it is for the minimal system" if header.mini else "it is not for the minimal system")
            header.require_for((device.profile.sub_model, device.profile.series), device.revision)
            if not mini:
                header.require_body(memoryview(package)[header.length :])
        except BadPackage as error:
            _log.warning("the firmware package is refused: %s", error)
            raise CommandError(FotaError.UPGRADE) from error
        return header

    # The download.

    def start(self, url: str) -> None:
        """Begin a download; its lines follow. A part of the same one that is there is gone on from."""
        if scheme_of(url) == LOCAL:
            self._copy(url)
            return
        fetched = self.firmware.fetched
        size = self.store.size(PACKAGE)
        goes_on = fetched is not None and fetched.state == _BROKEN and fetched.url == url and size == fetched.done > 0
        if not goes_on or fetched is None:
            fetched = Fetched(_BROKEN, -1, 0, url)
        keeping, settings = self._device.keeping, self._device.settings
        keeping.note(lambda: self._open(fetched, empty=not goes_on))
        user, password = settings.effective(LOGIN)
        request = FetchRequest(
            url=url,
            user=user,
            password=password,
            offset=fetched.done,
            ssl_id=settings.effective(TLS_OF).ssl_id,
            timeout=settings.effective(TIMEOUT).timeout,
        )
        self._state = fetched._replace(state=_RUNNING)
        self._device.intents.append(Tell("fota-download", "a package"))
        self._fetch = fetch_of(self._device, self, request)
        if self._fetch is None:
            self.ended(whole=False)
        elif (opening := self._fetch.opening()) is not None:
            self._device.intents.append(opening)
        self.arm()

    def _open(self, fetched: Fetched, *, empty: bool) -> None:
        self._file = self.store.open(PACKAGE, OpenMode.WRITE if empty else OpenMode.APPEND)
        self._file.whole = True
        self.firmware.fetched = fetched

    def _copy(self, url: str) -> None:
        """Bring a file of the store in, and tell the one line of that."""
        path = local_path(url)
        content = bytes(self.store.content(path)) if self.store.is_file(path) else None
        fits = content is not None and self.has_room(len(content)) and not _is_mini(content)
        size = -1 if content is None else len(content)
        state = Fetched(_DONE if fits else _FAILED, size, max(size, 0) if fits else 0, url)

        self.drop()
        if fits and content is not None:
            self.store.put(PACKAGE, content)
        self.firmware.fetched = state
        self._tell_kept(state)

    # FetchSink.

    def may_receive(self) -> bool:
        """Tell whether bytes may come now: what is told of them has left."""
        transmitter = self._device.first.transmitter
        return not (transmitter.full or transmitter.hold)

    def begun(self, *, goes_on: bool, total: int | None) -> bool:
        """Take the start; return whether there is room for the rest."""
        assert self._file is not None
        if not goes_on:
            self._file.truncate(0)
        done = self._file.size
        self._state = self._state._replace(total=-1 if total is None else total, done=done)
        if total is not None and not self.has_room(total):
            self._fail()
            return False
        return True

    def received(self, data: bytes) -> bool:
        """Write bytes to the store, and tell the progress; return whether there was room."""
        assert self._file is not None
        before = self._state.done
        try:
            self._file.write(data)
        except CommandError:
            self._fail()
            return False
        done = before + len(data)
        step = self._device.settings.effective(PROGRESS_STEP).size
        for told in range(before - before % step + step, done + 1, step) if step else ():
            if told != self._state.total:
                self._tell(self._state._replace(done=told))
        self._state = self._state._replace(done=done)
        kept = self.firmware.fetched.done if self.firmware.fetched is not None else 0
        if done - kept >= max(self._table.kept_every, kept // _PART_KEPT) and done != self._state.total:
            self._device.keeping.note(lambda: self._keep(_BROKEN, goes_on=True))
        return True

    def ended(self, *, whole: bool) -> None:
        """Take the end of a download: the package, if it is one for AT+MFWUPGRADE, or a part of it."""
        state, self._fetch = self._state, None
        if not whole or state.total not in (-1, state.done):
            self.failures += 1
            self._keep(_BROKEN)
            self._tell_kept(state._replace(state=_FAILED), state._replace(state=_BROKEN))
        elif not self.has_room(state.done) or _is_mini(self.store.content(PACKAGE)):
            self._fail()
        else:
            self.failures = 0
            self._keep(_DONE)
            self._tell_kept(state._replace(state=_DONE))
        self.arm()

    def refused(self) -> None:
        """Fail for good: the server does not give it."""
        self._state = self._state._replace(total=-1, done=0)
        self._fail()

    def _keep(self, state: int, *, goes_on: bool = False) -> None:
        """Keep what has come; to be written down."""
        if self._file is not None:
            self._file.close()
        self.firmware.fetched = self._state._replace(state=state)
        self._file = None
        if goes_on:
            self._file = self.store.open(PACKAGE, OpenMode.APPEND)
            self._file.whole = True

    def _fail(self) -> None:
        """Fail for good: nothing of it stays but that."""
        state, self._fetch = self._state._replace(state=_FAILED), None
        self._let_go()
        self.drop()
        self.firmware.fetched = state
        self._tell_kept(state)
        self.arm()

    def _let_go(self) -> None:
        if self._file is not None:
            self.store.abandon(self._file)
            self._file = None

    def stop(self) -> None:
        """End a download without a word; what came of it is not kept."""
        fetch, self._fetch = self._fetch, None
        if fetch is not None:
            fetch.stop()
        self._let_go()
        self.arm()

    def _tell_kept(self, *states: Fetched) -> None:
        """Write down what has become of a download, and then tell it."""

        def tell(done: bool) -> None:
            for state in states:
                self._tell(state)

        self._device.intents.append(self._device.keeping.store(tell))

    def _tell(self, state: Fetched) -> None:
        self._device.notify(line_of(state))

    # Part.

    def arm(self) -> None:
        """Find out anew when something is due."""
        dues = (each.due for each in (self._fetch, self.probe) if each is not None)
        self.deadline = min((self._restart_at, *dues))

    def on_deadline(self, now: float) -> None:
        """Restart for the upgrade, or break off what has been silent for too long."""
        if now >= self._restart_at:
            self._device.lifecycle.end(PowerEvent.RESTART, now)
            return
        if self._fetch is not None and now >= self._fetch.due:
            if self.may_receive():
                self._fetch.lose()
            else:
                self._fetch.due = now + self._table.silence  # nothing is read of the server, which may be waiting
        if self.probe is not None and now >= self.probe.due:
            self.probe.lose()
        self.arm()

    @property
    def busy(self) -> bool:
        """True while a download runs, or a restart is to come."""
        return self.connections > 0 or self._restart_at < math.inf

    @property
    def connections(self) -> int:
        """The number of downloads that run."""
        return sum(each is not None for each in (self._fetch, self.probe))

    @property
    def tls_connections(self) -> int:
        """The number of those in TLS."""
        return sum(each.secured for each in (self._fetch, self.probe) if each is not None)

    def context_down(self, cid: int) -> None:
        """Break off, where it is the context of downloads."""
        if self._device.contexts.chosen(None) != cid:
            return
        if self._fetch is not None:
            self._fetch.lose()
        if self.probe is not None:  # a command waits for it, and goes on once the context is down
            self.probe.due = self._device.now
            self.arm()


def line_of(state: Fetched) -> bytes:
    """Make the line that tells of a download; the total is empty where it is not known."""
    total = b"" if state.total < 0 else b"%d" % state.total
    return print_line("MFWDLOAD", state.state, total, state.done)


def mini_request(device: Modem, url: str, offset: int = 0) -> FetchRequest:
    """Make the request for a package of the minimal system, which verifies no certificate."""
    settings = device.settings
    user, password = settings.effective(LOGIN)
    timeout = settings.effective(TIMEOUT).timeout
    return FetchRequest(url=url, user=user, password=password, offset=offset, timeout=timeout)


def url_of(device: Modem) -> str:
    """Return the URL that is set. Raises CommandError: CONFIGURATION, none is."""
    url: str = device.settings.get(URL).url
    if not url:
        raise CommandError(FotaError.CONFIGURATION)
    return url


def _is_mini(package: bytes | bytearray) -> bool:
    """Tell a package of the minimal system, of which this is not the place."""
    try:
        return read_header(bytes(package[:2048])).mini
    except BadPackage:
        return False
