"""PDP contexts and the data calls on them (27.007 10.1.1, 10.1.10; vendor's base guide: AT+MIPCALL).

A context has an address once it is active. On Cat.1 connections need a data call on it as well, on NB they do not.
Pure.
"""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

import math
from collections.abc import Callable, Iterable
from itertools import count
from typing import NamedTuple

from onemo.at.command import print_line
from onemo.at.params import Defaulted, Maybe, MaybeText, OptionalText, Required
from onemo.at.reply import Cme, CommandError, ErrorCode
from onemo.errors import NetFailure
from onemo.modem.host import Host
from onemo.modem.intents import NetworkInfo
from onemo.modem.names import made_up_address, shown_address
from onemo.modem.packet_events import PacketEvents
from onemo.modem.per_context import PerContext
from onemo.modem.slots import AUTO_CONNECT, DEFAULT_CONTEXT
from onemo.net.interface import AddressFamily

_FIRST_BEARER = 5
"""The lowest EPS bearer identity (24.007 11.2.3.1.5)."""
_IPV4_ONLY, _IPV6_ONLY = 0, 1
"""<reason> of +CGEV: ME PDN ACT where both families were asked for (27.007 10.1.19)."""


class PdpError:
    """The errors of PDP contexts (manual 5)."""

    PDP_INACTIVE = ErrorCode("pdp_inactive")
    PDP_ACTIVATION_FAILED = ErrorCode("pdp_activation_failed")
    PDP_DEACTIVATION_FAILED = ErrorCode("pdp_deactivation_failed")
    NO_APN = ErrorCode("no_apn")


class Definition(NamedTuple):
    """AT+CGDCONT; with nothing but a cid it ends the definition. pdp_addr means nothing on LTE (27.007 10.1.1)."""

    cid: Required
    pdp_type: MaybeText = None
    apn: MaybeText = None
    pdp_addr: MaybeText = None
    d_comp: Defaulted = 0
    h_comp: Defaulted = 0
    ipv4_addr_alloc: Maybe = None
    request_type: Maybe = None
    p_cscf_discovery: Maybe = None
    im_cn_signalling: Maybe = None


class Login(NamedTuple):
    """AT+CGAUTH: the user that the module is on a context; auth_prot 0 nobody, 1 PAP, 2 CHAP, 3 either."""

    cid: Required
    auth_prot: Defaulted = 0
    userid: OptionalText = ""
    password: OptionalText = ""


class Active(NamedTuple):
    """The addresses that an active context was given, "" for a family that it has not, and its bearer."""

    pdp_type: str
    apn: str
    ipv4: str
    ipv6: str
    bearer: int


class Contexts:
    """The PDP contexts of one boot cycle.

    defined, logins: by cid, as the user has set them; active: by cid; calls: the cids with a data call. on_down: ends
    what runs on a context. deadline: the time at which on_deadline is to be called; inf: never.
    """

    def __init__(
        self,
        host: Host,
        definitions: PerContext[Definition],
        logins: PerContext[Login],
        on_down: Callable[[int], None],
    ) -> None:
        self._host = host
        self._end_traffic = on_down
        self._profile = host.profile.contexts
        self._kept = definitions, logins
        self.defined, self.logins = definitions.now, logins.now
        self.active: dict[int, Active] = {}
        self.calls: set[int] = set()
        self.deadline = math.inf
        self._returning, self._returns_with_call = self._profile.default, True
        self._hung_up: set[int] = set()
        self.events = PacketEvents(host)
        self._network: NetworkInfo | None = None
        self.resumed = False  # as a snapshot says: the supply, when it comes, leaves the definitions as they are
        if definitions.kept is None:
            self._define_default()

    @property
    def attached(self) -> bool:
        """True while the module is attached to the packet domain."""
        return self._network is not None

    # What the sockets need.

    def refusal(self, cid: int | None) -> NetFailure | None:
        """Tell why nothing can be opened on the context (None: the default one); None: it can."""
        if not self.attached:
            return NetFailure.NOT_REGISTERED
        return None if self._usable(cid) else NetFailure.NO_CONTEXT

    def require(self, cid: int | None) -> None:
        """Require that connections can be made on the context. Raises CommandError(PDP_INACTIVE)."""
        if not self._usable(cid):
            raise CommandError(PdpError.PDP_INACTIVE)

    def require_active(self, cid: int) -> None:
        """Require that the context is active, with a call or without. Raises CommandError(PDP_INACTIVE)."""
        if cid not in self.active:
            raise CommandError(PdpError.PDP_INACTIVE)

    def carries(self, cid: int | None, family: AddressFamily) -> bool:
        """Tell whether the type of an active context has the family; the network may have given it no such address."""
        active = self.active.get(self.chosen(cid))
        if active is None or active.pdp_type == "IPV4V6":
            return True
        return (active.pdp_type == "IPV6") == (family is AddressFamily.IPV6)

    def chosen(self, cid: int | None) -> int:
        """Return the cid, or the default one for None."""
        return self._profile.default if cid is None else cid

    def _usable(self, cid: int | None) -> bool:
        """Tell whether a context is active, has an address (a Non-IP one has none), and a call where one is needed."""
        active = self.active.get(self.chosen(cid))
        if active is None or not (active.ipv4 or active.ipv6):
            return False
        return not self._profile.needs_call or self.chosen(cid) in self.calls

    # What the supply and the radio tell.

    def power_on(self) -> None:
        """Take the supply up again: on some models the default context is the module's own once more."""
        if not (self._profile.keeps_default or self.resumed):
            self._define_default()
            self.logins.pop(self._profile.default, None)
            for records in self._kept:
                if records.kept is not None:
                    records.remember()

    def attach(self, network: NetworkInfo) -> None:
        """Attach: the default context comes up, and on it the data call, where that comes by itself.

        LTE attaches with a context: without its definition there is the usual one again.
        """
        if self.attached:
            return
        self._network = network
        default = self._profile.default
        if default not in self.defined:
            self._define_default()
        self._connect(default, network, with_call=True)

    def _connect(self, cid: int, network: NetworkInfo, *, with_call: bool) -> None:
        """Bring a context up, and if asked its data call, where that comes by itself and was not ended by hand."""
        if cid not in self.active:
            try:
                self._bring_up(cid, network)
            except CommandError:
                return  # of a family that the network has not
        without = cid not in self._hung_up | self.calls
        if with_call and without and self._profile.needs_call and self._auto_connect:
            self.calls.add(cid)
            if self._profile.announces_call:
                self._host.notify(self.call_line(cid), droppable=True)

    def connect_by_itself(self, now: float) -> None:
        """Connect as soon as nothing else is going on, as AT+MUECONFIG says from now on; detached, nothing."""
        if self.attached and self.deadline == math.inf:
            self.deadline = now

    def on_deadline(self, now: float) -> None:
        """Bring the last context back that was deactivated, where the module connects by itself.

        The default one has a data call then, another one if it had one; those also if it was activated by hand
        meanwhile. While another one is active it does not come, but the call of the default one does. [decided]
        """
        if now < self.deadline:
            return
        self.deadline = math.inf
        if self._network is None or not self._auto_connect:
            return
        default = self._profile.default
        cid, with_call = self._returning, self._returns_with_call
        self._returning, self._returns_with_call = default, True
        if self.active and cid not in self.active:
            cid, with_call = default, True
        if cid in self.active or (not self.active and cid in self.defined):
            self._connect(cid, self._network, with_call=with_call)

    def waits(self, without_autoconn: str) -> bool:
        """Tell whether AT+MUECONFIG has the module wait in this way, one of [contexts] without_autoconn."""
        return self._profile.without_autoconn == without_autoconn and not self._auto_connect

    @property
    def _auto_connect(self) -> bool:
        """The setting of AT+MUECONFIG; a model without it connects by itself."""
        if not self._host.has("MUECONFIG"):
            return True
        return bool(self._host.settings.effective(AUTO_CONNECT).enabled)

    def detached(self, *, by_network: bool = False) -> None:
        """Take every context down, each call with its URC: there is no network any more."""
        if not self.attached:
            return
        self._network = None
        self._returning, self._returns_with_call = self._profile.default, True
        self.deadline = math.inf
        self.events.tell("NW DETACH" if by_network else "ME DETACH")
        for cid in sorted(self.active):
            self._take_down(cid)

    # What commands do.

    def define(self, definition: Definition) -> None:
        """Define a context; an active one keeps what it has."""
        self.defined[definition.cid] = definition

    def undefine(self, cid: int) -> None:
        """End a definition. Raises CommandError(NOT_ALLOWED) while the context is active."""
        if cid in self.active:
            raise CommandError(Cme.NOT_ALLOWED)
        self.defined.pop(cid, None)

    def undefine_all(self) -> None:
        """End every definition: AT+CFUN=0 on some models, which then writes that down. Nothing may be active."""
        self.defined.clear()

    def require_free(self, cid: int) -> None:
        """Require a cid that the module does not keep for itself. Raises CommandError(NOT_ALLOWED)."""
        if cid in self._profile.reserved:
            raise CommandError(Cme.NOT_ALLOWED)

    def require_defined(self, cids: Iterable[int]) -> None:
        """Require that every cid has a definition. Raises CommandError(NOT_FOUND)."""
        if not all(cid in self.defined for cid in cids):
            raise CommandError(Cme.NOT_FOUND)

    def activate(self, cids: Iterable[int]) -> None:
        """Activate all or, refused, none of the contexts (AT+CGACT=1).

        Raises CommandError: NOT_FOUND without a definition, NO_NETWORK, NOT_ALLOWED with too many, UNSPECIFIED_GPRS for
        a family that the network has not.
        """
        wanted = [cid for cid in dict.fromkeys(cids) if cid not in self.active]
        self.require_defined(wanted)
        if self._network is None:
            raise CommandError(Cme.NO_NETWORK)
        if len(self.active) + len(wanted) > self._profile.most_active:
            raise CommandError(Cme.NOT_ALLOWED)
        for cid in wanted:
            self._give_addresses(cid, self._network)
        for cid in wanted:
            self._bring_up(cid, self._network)

    def deactivate(self, cids: Iterable[int], now: float) -> None:
        """Deactivate contexts; their calls end, and every connection on them (AT+CGACT=0).

        The last one comes back by itself on some models. Raises CommandError: NOT_FOUND as activate, NOT_ALLOWED where
        the last one has to stay.
        """
        cids = set(cids)
        self.require_defined(cids)
        leaving = sorted(cids & self.active.keys())
        last = bool(leaving) and len(leaving) == len(self.active)
        if last and self._profile.last_context == "stays":
            raise CommandError(Cme.NOT_ALLOWED)
        if last and self._profile.last_context == "returns":
            default = self._profile.default
            self._returning = default if default in leaving else leaving[0]
            self._returns_with_call = self._returning == default or self._returning in self.calls
            self.deadline = now + self._profile.return_time
        for cid in leaving:
            self.events.tell("ME PDN DEACT", cid)
            self._take_down(cid)

    def lose(self, cid: int) -> None:
        """Take a context down, as the network does by itself."""
        if cid in self.active:
            self.events.tell("NW PDN DEACT", cid)
            self._take_down(cid)

    def call(self, cids: Iterable[int]) -> None:
        """Make calls; the contexts come up as well, each with its URC (AT+MIPCALL=1).

        Raises CommandError: INCORRECT_PARAMETERS if all have a call, and as activate.
        """
        wanted = [cid for cid in dict.fromkeys(cids) if cid not in self.calls]
        if not wanted:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        self.activate(wanted)
        self.calls.update(wanted)
        self._hung_up.difference_update(wanted)
        for cid in wanted:
            self._host.report(self.call_line(cid))

    def hang_up(self, cids: Iterable[int]) -> None:
        """End calls and the connections on them; the contexts stay (AT+MIPCALL=0).

        No such call comes back by itself in this boot cycle. Raises CommandError: INCORRECT_PARAMETERS if none has a
        call; NOT_ALLOWED (CME 3), it is the only one, on models where that stays.
        """
        leaving = sorted(self.calls.intersection(cids))
        if not leaving:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        if self._host.profile.contexts.only_call == "stays" and self.calls == set(leaving):
            raise CommandError(Cme.NOT_ALLOWED)
        for cid in leaving:
            self._end_call(cid)
        self._hung_up.update(leaving)

    # What they print.

    def call_line(self, cid: int) -> bytes:
        """Make the line ``+MIPCALL: <cid>,1,<addresses>``."""
        return print_line("MIPCALL", cid, 1, *self.shown(cid))

    def shown(self, cid: int) -> tuple[str, ...]:
        """Return a context's addresses as AT+MIPCALL and AT+CGPADDR print them; none while it is not active."""
        active = self.active.get(cid)
        return tuple(filter(None, (active.ipv4, active.ipv6))) if active else ()

    # Inside.

    def _define_default(self) -> None:
        default = self._profile.default
        self.defined[default] = self._default_definition()
        for cid, given in self._profile.given.items():
            self.defined[int(cid)] = Definition(int(cid), **given._asdict())

    def _default_definition(self) -> Definition:
        """Return the definition of the default context: the profile's, or that of AT+MUECONFIG where it was set."""
        offers = self._host.has("MUECONFIG") and self._host.profile.commands["MUECONFIG"].offers
        chosen = self._host.settings.get(DEFAULT_CONTEXT) if "defapn" in (offers or ()) else self._profile
        return Definition(self._profile.default, chosen.pdp_type, chosen.apn)

    def redefine_default(self) -> None:
        """Let the next start define the default context as AT+MUECONFIG says from now on."""
        definitions, _ = self._kept
        if definitions.kept is not None:
            definitions.kept[self._profile.default] = self._default_definition()

    def _bring_up(self, cid: int, network: NetworkInfo) -> None:
        """Activate a context. Raises CommandError as _give_addresses."""
        active = self.active[cid] = self._give_addresses(cid, network)
        reason: tuple[int, ...] = ()
        if active.pdp_type == "IPV4V6" and not (active.ipv4 and active.ipv6):
            reason = (_IPV4_ONLY if active.ipv4 else _IPV6_ONLY,)
        self.events.tell("ME PDN ACT", cid, *reason)

    def _take_down(self, cid: int) -> None:
        del self.active[cid]
        if cid in self.calls:
            self._end_call(cid)
        else:
            self._end_traffic(cid)

    def _end_call(self, cid: int) -> None:
        self.calls.discard(cid)
        self._host.notify_on(self._host.console, print_line("MIPCALL", cid, 0), droppable=True)
        self._end_traffic(cid)

    def _give_addresses(self, cid: int, network: NetworkInfo) -> Active:
        """Give a context the host's own addresses, or a made-up one, as far as its type has the family.

        Raises CommandError(UNSPECIFIED_GPRS): the network has no address of the only family that is wanted.
        """
        definition = self.defined[cid]
        kind = definition.pdp_type or self._profile.pdp_type
        ipv4 = ipv6 = ""
        if kind in ("IP", "IPV4V6"):
            ipv4 = network.ipv4 if network.ipv4 is not None else made_up_address(self._host.profile.identity.imei, cid)
        if kind in ("IPV6", "IPV4V6"):
            ipv6 = shown_address(network.ipv6) if network.ipv6 else ""
        if kind == "IPV6" and not ipv6:
            raise CommandError(Cme.UNSPECIFIED_GPRS)
        taken = {active.bearer for active in self.active.values()}
        bearer = next(number for number in count(_FIRST_BEARER) if number not in taken)
        return Active(kind, definition.apn or self._profile.given_apn, ipv4, ipv6, bearer)
