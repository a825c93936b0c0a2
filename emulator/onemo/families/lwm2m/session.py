"""One login of the device: bootstrap, registration, updates, de-registration, and the end (LwM2M manual 3.6-3.8)."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from enum import Enum, auto

from onemo.at.reply import CommandError
from onemo.errors import NetFailure
from onemo.families.lwm2m.bootstrap import Lwm2mBootstrap
from onemo.families.lwm2m.device import Lwm2mDevice
from onemo.families.lwm2m.inbox import Lwm2mInbox
from onemo.families.lwm2m.link import Lwm2mChannel, Options
from onemo.families.lwm2m.objects import link_to
from onemo.families.lwm2m.observations import Lwm2mObservations
from onemo.families.lwm2m.replies import Lwm2mReplies, Lwm2mUploads
from onemo.families.lwm2m.requests import Lwm2mRequests
from onemo.families.lwm2m.states import Lwm2mError, Lwm2mEvent, Lwm2mState, Lwm2mTold
from onemo.net.coap.message import CoapCode, CoapMessage, CoapOption, text_options, uint_option
from onemo.net.lwm2m.links import Lwm2mLink, encode_links
from onemo.net.lwm2m.values import Lwm2mFormat

_log = logging.getLogger(__name__)
_BOOTSTRAP_PATH, _REGISTRATION_PATH = ("bs",), ("rd",)
_VERSION = "lwm2m=1.0"


class _Phase(Enum):
    BOOTSTRAP = auto()
    REGISTRATION = auto()
    LOGGED_IN = auto()
    OVER = auto()


class Lwm2mSession:
    """One login, from AT+MIPLOPEN to its end. Implements Lwm2mHears.

    arm: the deadline may be another one; reboot: the module is to restart a moment later.
    """

    def __init__(
        self, device: Lwm2mDevice, lifetime: int, timeout: int, arm: Callable[[], None], reboot: Callable[[], None]
    ) -> None:
        now, table = device.modem.now, device.table
        self._device = device
        self._table = table
        self._arm = arm
        self.link = Lwm2mChannel(device.modem, self, arm)
        self.replies = Lwm2mReplies(self.link, table)
        self._uploads = Lwm2mUploads(self.replies, table.most_upload)
        self.inbox = Lwm2mInbox(device)
        self.observations = Lwm2mObservations(device, self.link)
        self._requests = Lwm2mRequests(device, self.replies, self.inbox, self.observations, self._uploads, reboot)
        self.lifetime = device.lifetime_of(lifetime)
        bootstraps = device.served is None and device.target is not None and device.target.bootstraps
        self._phase = _Phase.BOOTSTRAP if bootstraps else _Phase.REGISTRATION
        self._bootstrap = Lwm2mBootstrap(table.port, table.secure_port)
        self._location: tuple[str, ...] = ()
        self._give_up = now + timeout * table.second
        self._retry = self._step = self._expires = self._renew = math.inf
        self._updating = False
        self._connect()

    # What commands do.

    def update(self, lifetime: int, *, with_objects: bool) -> None:
        """Update the registration. Raises CommandError(BUSY): an update is on its way."""
        if self._updating:
            raise CommandError(Lwm2mError.BUSY)
        self._update(self._device.lifetime_of(lifetime), with_objects=with_objects)

    def close(self) -> None:
        """De-register; what the server asked for is forgotten."""
        self.link.forget_orders()
        self._updating = False
        self.inbox.clear()
        self._device.on(Lwm2mEvent.CLOSE)
        self.link.request(CoapCode.DELETE, self._options(self._location), b"", self._closed)

    def end(self) -> None:
        """Let go of the server without a word."""
        self._phase = _Phase.OVER
        self.link.drop()
        self.inbox.clear()
        self.observations.clear()
        self._uploads.clear()
        self.replies.clear()
        self._give_up = self._retry = self._step = self._expires = self._renew = math.inf

    # Power saving and sleep.

    def fall_asleep(self) -> None:
        """Forget what does not outlive deep sleep."""
        self.inbox.clear()
        self.observations.forget_waiting()

    def save(self) -> None:
        """Take up that the connection did not outlive power saving."""
        self.fall_asleep()
        self.link.gone()

    def resume(self) -> None:
        """Look for the server again after power saving, from the same port."""
        if self.registered:
            self._connect()

    @property
    def registered(self) -> bool:
        """True from the server's word that the device is registered to the end of the login."""
        return self._phase is _Phase.LOGGED_IN

    @property
    def busy(self) -> bool:
        """True while the module has to stay awake for it."""
        return not self.registered or self.link.busy

    # Lwm2mHears.

    def on_up(self, now: float) -> None:
        """Ask the server for the bootstrap, or for the registration; anew where the network was lost meanwhile."""
        if not self.registered:
            self.link.forget_orders()
        if self._phase is _Phase.BOOTSTRAP:
            options = self._options(_BOOTSTRAP_PATH, [f"ep={self._device.endpoint}"])
            self.link.request(CoapCode.POST, options, b"", self._bootstrap_answered)
        elif self._phase is _Phase.REGISTRATION:
            query = [f"ep={self._device.endpoint}", f"lt={self.lifetime}"]
            query += [_VERSION] * self._table.tells_version + self._binding
            self._post_objects(_REGISTRATION_PATH, query, self._registration_answered)

    def on_unreachable(self, failure: NetFailure, now: float) -> None:
        """Try again a moment later: the time of the login, or its lifetime, is the end of it."""
        self._retry = now + self._table.retry_time
        self._arm()

    def on_request(self, message: CoapMessage, now: float) -> None:
        """Take a request of the server: of the bootstrap, or to the device once it is logged in."""
        if self._phase is _Phase.BOOTSTRAP:
            self._on_bootstrap(message, now)
        elif self._device.state is Lwm2mState.REGISTERED:
            self._requests.take(message, now)

    def on_reset(self, mid: int, now: float) -> None:
        """End the observation whose notification the server does not know."""
        self.observations.on_reset(mid)

    def on_too_long(self) -> None:
        """Tell that a datagram was too long."""
        self._device.tell_event(Lwm2mTold.TOO_LONG)

    # Time.

    @property
    def deadline(self) -> float:
        """When on_deadline is to be called; inf: never."""
        return min(
            self.link.deadline, self.inbox.deadline, self._give_up, self._retry, self._step, self._expires,
            self._renew if self._may_renew else math.inf,
        )  # fmt: skip

    def on_deadline(self, now: float) -> None:
        """Act on time that has passed."""
        if now >= min(self._give_up, self._step):
            self._fail()
        if now >= self._expires:
            self._leave(Lwm2mTold.LEFT)
        if now >= self._retry:
            self._retry = math.inf
            self._connect()
        if now >= self._renew and self._may_renew:
            self._renew = math.inf
            self._update(self.lifetime, with_objects=False)
        self.inbox.on_deadline(now)
        self.link.on_deadline(now)

    # Inside.

    def _connect(self) -> None:
        """Look for the server in force; without a network a moment later."""
        modem, server = self._device.modem, self._device.server
        assert server is not None, "a login of no device"
        if server.port == self._table.secure_port:
            _log.warning("%s: DTLS is not emulated; give the server's plain port", server.text)
            self._give_up = modem.now  # behind the OK
        elif modem.contexts.refusal(None) is not None:
            self._retry = modem.now + self._table.retry_time
        else:
            patience = self._give_up - modem.now
            self.link.open(server, patience if patience < math.inf else self._table.retry_time)
        self._arm()

    def _options(self, path: tuple[str, ...], query: list[str] | None = None) -> Options:
        """Return the options of a request of ours; what authenticates the device is one of them."""
        options = [*text_options(CoapOption.URI_PATH, path), *text_options(CoapOption.URI_QUERY, query or [])]
        if code := self._device.authcode:
            options.append((self._table.authcode_option, code.encode("latin-1")))
        return options

    @property
    def _may_renew(self) -> bool:
        """True where an update by itself need not wait for one of the DTE's, or for the end of a de-registration."""
        return self._device.registered and not self._updating

    @property
    def _binding(self) -> list[str]:
        return [f"b={self._device.binding}"] if self._device.binding else []

    def _post_objects(
        self, path: tuple[str, ...], query: list[str], done: Callable[[CoapMessage | None, float], None]
    ) -> None:
        links = [Lwm2mLink("/", (("rt", '"oma.lwm2m"'),))]
        links += [link_to((3, 0))] * self._table.lists_device
        links += [link for link in self._device.objects.registered() if link not in links]
        options = [*self._options(path, query), uint_option(CoapOption.CONTENT_FORMAT, Lwm2mFormat.LINK)]
        self.link.request(CoapCode.POST, options, encode_links(links), done)

    # Bootstrap.

    def _bootstrap_answered(self, message: CoapMessage | None, now: float) -> None:
        if message is None or message.code != CoapCode.CHANGED:
            self._fail()
            return
        self._step = now + self._table.step_time
        self._arm()

    def _on_bootstrap(self, message: CoapMessage, now: float) -> None:
        self._step = now + self._table.step_time
        whole = self._uploads.whole(message)
        if whole is None:
            return
        self.replies.answer(whole, self._bootstrap.take(whole))
        if not self._bootstrap.finished:
            return
        self._step = math.inf
        self._device.served = self._bootstrap.server
        if self._device.served is None:
            self._fail()
            return
        self._device.tell_event(Lwm2mTold.BOOTSTRAPPED)
        self._phase = _Phase.REGISTRATION
        self.link.drop()
        self._connect()

    def _fail(self) -> None:
        """End a login that failed."""
        bootstraps = self._phase is _Phase.BOOTSTRAP
        self._leave(Lwm2mTold.BOOTSTRAP_FAILED if bootstraps else Lwm2mTold.LOGIN_FAILED)

    def _leave(self, told: Lwm2mTold) -> None:
        """End the login, and tell why."""
        self.end()
        self._device.on(Lwm2mEvent.ENDED)
        self._device.tell_event(told)

    # Registration.

    def _registration_answered(self, message: CoapMessage | None, now: float) -> None:
        location = message.texts(CoapOption.LOCATION_PATH) if message is not None else ()
        if message is None or message.code != CoapCode.CREATED or not location:
            self._fail()
            return
        self._location = location
        self._phase = _Phase.LOGGED_IN
        self._give_up = self._retry = math.inf
        self._device.on(Lwm2mEvent.LOGGED_IN)
        self._begin_lifetime(now)
        self._device.tell_event(Lwm2mTold.LOGGED_IN)

    def _begin_lifetime(self, now: float) -> None:
        table = self._table
        self._expires = now + self.lifetime * table.second
        renews = self._device.renews and self.lifetime >= table.renew_least
        self._renew = self._expires - table.renew_before * table.second if renews else math.inf
        self._arm()

    def _update(self, lifetime: int, *, with_objects: bool) -> None:
        self._updating = True
        query = [f"lt={lifetime}", *self._binding]

        def done(message: CoapMessage | None, now: float) -> None:
            self._updating = False
            if message is None:
                return
            if message.code == CoapCode.CHANGED:
                self.lifetime = lifetime
                self._begin_lifetime(now)
                self._device.tell_event(Lwm2mTold.UPDATED)
            elif message.code == CoapCode.NOT_FOUND:
                self._leave(Lwm2mTold.DELETED)

        if with_objects:
            self._post_objects(self._location, query, done)
        else:
            self.link.request(CoapCode.POST, self._options(self._location, query), b"", done)

    def _closed(self, message: CoapMessage | None, now: float) -> None:
        if message is not None and message.code in (CoapCode.DELETED, CoapCode.NOT_FOUND):
            self._leave(Lwm2mTold.LEFT)
        else:
            self._device.on(Lwm2mEvent.UNCLOSED)
