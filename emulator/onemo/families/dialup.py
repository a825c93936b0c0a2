"""The host's network card: AT+MDIALUPCFG and AT+MDIALUP (vendor's extended guide 4.13, 4.14, dial-up guide).

There is no card: the state tells whether there would be one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from typing import NamedTuple

from onemo.at.command import Key, KeyedSetting, Query, print_line
from onemo.at.family import FamilyDefinition, StateField
from onemo.at.params import Defaulted, DefaultedText, Required
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.at.store import Change, Slot
from onemo.modem.intents import Tell
from onemo.modem.modem import Modem
from onemo.modem.names import given_servers, shown_address
from onemo.modem.part import Part
from onemo.modem.slots import AUTO_CONNECT, AUTO_DIAL, AutoDial, Switch
from onemo.net.interface import AddressFamily
from onemo.profile.schema import Table


class DialUpSection(NamedTuple):
    """The host's network card."""

    tells_gateway: bool
    """+MDIALUP tells the address itself as its gateway; else an empty one."""
    stays: bool
    """AT+MDIALUP=1,0 is refused: CME 3."""


DIAL_UP = Table("dialup", DialUpSection, "The host's network card")


class DialUpCall(NamedTuple):
    """AT+MDIALUP: action 1 brings the card up, 0 takes it down."""

    cid: Required
    action: Required


class AddressService(NamedTuple):
    """MDIALUPCFG "dhcpv4": the addresses that the card's host is given; the lease in seconds."""

    enabled: Defaulted
    ip: DefaultedText
    start: Defaulted
    end: Defaulted
    lease: Defaulted


_MODE, _WORK_MODE, _MOST_CARDS = (Slot(name, Switch, of="MDIALUPCFG") for name in ("mode", "workmode", "nicmaxcnt"))
_DHCP = Slot("dhcpv4", AddressService, of="MDIALUPCFG")


class DialUp(Part):
    """The card of one boot cycle. up: the context on which it is there; None: it is not."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self.up: int | None = None

    def on_registered(self, now: float) -> None:
        automatic = self._device.settings.get(AUTO_DIAL)
        if automatic.auto:
            self.bring_up(automatic.cid)

    def context_down(self, cid: int) -> None:
        if cid == self.up and cid not in self._device.contexts.active:
            self.take_down()

    def bring_up(self, cid: int) -> bool:
        """Bring the card up on a context, if that is active; return whether it is up."""
        if cid not in self._device.contexts.active:
            return False
        if self.up is None:
            self._device.intents.append(Tell("dialup", "up"))
        self.up = cid
        return True

    def take_down(self) -> None:
        """Take the card down; where it is not up, nothing."""
        if self.up is not None:
            self.up = None
            self._device.intents.append(Tell("dialup", "down"))

    @property
    def lines(self) -> list[bytes]:
        """The lines of AT+MDIALUP: a line for each family of addresses, none while it is down."""
        active = self._device.contexts.active.get(self.up)
        if self.up is None or active is None:
            return []
        gateway = self._device.profile.table(DIAL_UP).tells_gateway
        found = []
        for family, address in ((AddressFamily.IPV4, active.ipv4), (AddressFamily.IPV6, active.ipv6)):
            if address:
                servers = map(shown_address, given_servers(self._device, family)[:2])
                found.append(print_line("MDIALUP", self.up, 1, address, address if gateway else "", *servers))
        return found


def _dial(modem: Modem, record: DialUpCall) -> Reply:
    """Bring the card up or take it down (AT+MDIALUP=): OK now; what became of it behind that.

    Raises CommandError(NOT_ALLOWED): it stays up on this model.
    """
    card = modem.part(DialUp)
    if not record.action and modem.profile.table(DIAL_UP).stays:
        raise CommandError(Cme.NOT_ALLOWED)
    if not record.action:
        card.take_down()
    elif card.bring_up(record.cid):
        for line in card.lines:
            modem.report(line)
    else:
        modem.report(print_line("MDIALUP", record.cid, 0))
    return DONE


def _shown(key: str) -> Callable[[Modem, NamedTuple], Sequence[int | str]]:
    """Make the read-back of a key: what the model has of its parameters."""

    def shown(modem: Modem, record: NamedTuple) -> Sequence[int | str]:
        params = modem.profile.commands["MDIALUPCFG"].keys[key].params
        return [value for name, value in record._asdict().items() if params[name].available]

    return shown


def _require_address(modem: Modem, record: AddressService) -> None:
    """Require an IPv4 address. Raises CommandError(INCORRECT_PARAMETERS)."""
    try:
        ipaddress.IPv4Address(record.ip)
    except ValueError:
        raise CommandError(Cme.INCORRECT_PARAMETERS) from None


def _with_call(modem: Modem, record: AutoDial) -> list[Change]:
    """Have the data call come up by itself where the card does (vendor's flow guide 3.5)."""
    return [(AUTO_CONNECT, modem.settings.get(AUTO_CONNECT)._replace(enabled=1))] if record.auto else []


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        KeyedSetting(
            "MDIALUPCFG",
            (
                Key(_MODE),
                Key(AUTO_DIAL, shown=_shown("auto"), also=_with_call),
                Key(_DHCP, check=_require_address, shown=_shown("dhcpv4")),
                Key(_WORK_MODE),
                Key(_MOST_CARDS),
            ),
            reads=True,
        ),
        Query("MDIALUP", DialUpCall, read=lambda modem: Reply(modem.part(DialUp).lines), select=_dial),
    ),
    tables=(DIAL_UP,),
    part=DialUp,
    shows={"MDIALUP": ("dialup",)},
    state=(StateField("dialup", str, lambda modem: "down" if modem.part(DialUp).up is None else "up", empty="down"),),
    remarks={
        "MDIALUP": "there is no network card: the state tells whether it would be up",
        "MDIALUPCFG": "modes and addresses of the card are kept, and act on nothing",
    },
)
