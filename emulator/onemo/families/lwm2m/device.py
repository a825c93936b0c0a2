"""The LwM2M device of a module: what commands set, its objects, its state, and what it tells."""

from __future__ import annotations

from onemo.at.command import print_line
from onemo.at.reply import CommandError
from onemo.families.lwm2m.objects import Lwm2mObjects
from onemo.families.lwm2m.profile import LWM2M
from onemo.families.lwm2m.states import REFUSALS, TRANSITIONS, Lwm2mEvent, Lwm2mOperation, Lwm2mState, Lwm2mTold
from onemo.families.lwm2m.target import Lwm2mTarget
from onemo.modem.modem import Modem

ONENET = 0
"""The platform that a device is for until AT+MIPLCFG says otherwise."""
OTHER_PLATFORM = 10
PATTERNS = 4
"""How many patterns of an endpoint name there are, counted from 1; 0 is the platform's own."""
_BINDINGS = ("", "U", "UQ")


class Lwm2mDevice:
    """The one device.

    target: the server that was created; served: the one that a bootstrap handed out. platform, pattern, name: of the
    endpoint; None: as the platform has it. binding: as in a registration, "": it says none. direct: requests are told
    at once; hints: those that are stored are hinted at; sends: what was sent is told. renews: the registration is
    updated by itself.
    """

    def __init__(self, modem: Modem) -> None:
        self.modem = modem
        self.table = modem.profile.table(LWM2M)
        self.state = Lwm2mState.NONE
        self._reset()

    def _reset(self) -> None:
        self.target: Lwm2mTarget | None = None
        self.served: Lwm2mTarget | None = None
        self.platform = ONENET
        self.pattern: int | None = None
        self.name: str | None = None
        self.binding = _BINDINGS[1]
        self.direct, self.hints, self.sends = True, False, False
        self.renews = False
        self.objects = Lwm2mObjects()

    def check(self, operation: Lwm2mOperation) -> None:
        """Refuse an operation that the state does not allow. Raises CommandError."""
        if refusal := REFUSALS.get((operation, self.state)):
            raise CommandError(refusal)

    def on(self, event: Lwm2mEvent) -> None:
        """Change the state. Raises KeyError when it has no such event: a bug."""
        self.state = TRANSITIONS[self.state, event]
        if event is Lwm2mEvent.ENDED:
            self.objects.end_login()
        elif event is Lwm2mEvent.DELETE:
            self._reset()

    @property
    def registered(self) -> bool:
        """True while the device is logged in."""
        return self.state is Lwm2mState.REGISTERED

    @property
    def server(self) -> Lwm2mTarget | None:
        """The server in force: the one that was handed out, else the one that was created."""
        return self.served or self.target

    @property
    def authcode(self) -> str:
        """What authenticates the device to its servers; "": nothing does."""
        return self.target.authcode if self.target else ""

    def set_binding(self, mode: int) -> None:
        """Take <mode> of AT+MIPLCFG="binding"."""
        self.binding = _BINDINGS[mode]

    @property
    def endpoint(self) -> str:
        """The endpoint name."""
        imei, imsi = self.modem.profile.identity.imei, self.modem.imsi
        if self.platform == OTHER_PLATFORM:
            return self.name or imei
        pattern = self.table.patterns[str(self.platform)] if not self.pattern else self.pattern
        return (imei, f"{imei};{imsi}", f"urn:imei:{imei}", f"urn:imei-imsi:{imei}-{imsi}")[pattern - 1]

    def lifetime_of(self, seconds: int) -> int:
        """Return the lifetime that is meant by one that was given."""
        return seconds if seconds >= self.table.least_lifetime else self.table.usual_lifetime

    def line(self, name: str, *values: int | str | bytes) -> bytes:
        """Make the line of a URC."""
        made = print_line(name, 0, *values)
        return made if self.table.urc_space else made.replace(b": ", b":", 1)

    def tell(self, name: str, *values: int | str | bytes) -> None:
        """Tell a URC."""
        self.modem.notify(self.line(name, *values))

    def tell_event(self, event: Lwm2mTold, *more: int) -> None:
        """Tell an event."""
        self.tell("MIPLEVENT", int(event), *more)
