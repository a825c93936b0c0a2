"""The packet domain's finer settings (27.007 10.1): AT+CGEQOS, CGEQOSRDP, CGTFT, CGCLASS, CEMODE, CGDEL.

They are checked and read back; the emulated network gives what it gives.
"""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Query, Setting, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.outcome import Outcome
from onemo.at.params import Defaulted, DefaultedText, Maybe, MaybeText, Param, ParamKind, Required
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.at.store import Slot
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.profile.ranges import Range
from onemo.profile.schema import Count, Table

_Guaranteed = Annotated[int | None, Param(ParamKind.INTEGER, nullable=True, together="guaranteed", needs="qci")]
_Maximum = Annotated[int | None, Param(ParamKind.INTEGER, nullable=True, together="maximum", needs="dl_gbr")]


class BearersSection(NamedTuple):
    """The quality of service that the network gives. Rates in kbit/s."""

    usual_qci: Count
    """The class of a context for which none was asked, or one that is not granted."""
    granted: Range | None = None
    """The classes that the network grants."""
    aggregate: tuple[int, ...] = ()
    """What AT+CGEQOSRDP prints behind a context: the most down and up of all of them; nothing where it has none."""


BEARERS = Table("bearers", BearersSection, "The quality of service that the network gives (rates in kbit/s)")


class Quality(NamedTuple):
    """AT+CGEQOS: the class and the rates, kbit/s, that are asked for; with a cid alone nothing more is."""

    cid: Required
    qci: Maybe
    dl_gbr: _Guaranteed
    ul_gbr: _Guaranteed
    dl_mbr: _Maximum
    ul_mbr: _Maximum


class WhichQuality(NamedTuple):
    """AT+CGEQOSRDP: every active context without a cid."""

    cid: Maybe


class TrafficFilter(NamedTuple):
    """AT+CGTFT: a packet filter; with a cid alone it has none any more."""

    cid: Required
    filter: Maybe
    precedence: Maybe
    address: MaybeText
    protocol: Maybe
    destination_ports: MaybeText
    source_ports: MaybeText
    spi: MaybeText
    service: MaybeText
    flow: MaybeText


class DeviceClass(NamedTuple):
    """AT+CGCLASS."""

    device_class: DefaultedText


class OperationMode(NamedTuple):
    """AT+CEMODE: 0 and 3 for data, 1 and 2 for voice, too."""

    mode: Defaulted


class WhichDefinition(NamedTuple):
    """AT+CGDEL: every definition that can go without a cid."""

    cid: Maybe


_DEVICE_CLASS = Slot("CGCLASS", DeviceClass)
_OPERATION_MODE = Slot("CEMODE", OperationMode)
_PAIR = re.compile(r"(\d{1,5})\.(\d{1,5})", re.ASCII)
_HEX = {"spi": re.compile(r"[0-9A-Fa-f]{1,8}"), "flow": re.compile(r"[0-9A-Fa-f]{1,5}")}
_IPV4_PARTS, _IPV6_PARTS = 8, 32
_MOST_BYTE, _MOST_PORT = 255, 65535


class BearerSettings(Part):
    """What was asked for in this boot cycle: qualities by cid, filters by cid and number."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self.qualities: dict[int, Quality] = {}
        self.filters: dict[tuple[int, int], TrafficFilter] = {}


def _require_defined(modem: Modem, cid: int) -> None:
    """Require a context that is defined. Raises CommandError(INCORRECT_PARAMETERS)."""
    if cid not in modem.contexts.defined:
        raise CommandError(Cme.INCORRECT_PARAMETERS)


# AT+CGEQOS, AT+CGEQOSRDP.


def _qualities(modem: Modem) -> Reply:
    """List what is asked for of each defined context (AT+CGEQOS?)."""
    asked = sorted(modem.part(BearerSettings).qualities.items())
    return Reply([print_line("CGEQOS", *each) for cid, each in asked if cid in modem.contexts.defined])


def _ask(modem: Modem, record: Quality) -> Reply:
    """Ask for a quality (AT+CGEQOS=). Raises CommandError(INCORRECT_PARAMETERS): there is no such context."""
    _require_defined(modem, record.cid)
    asked = modem.part(BearerSettings).qualities
    if record.qci is None:
        asked.pop(record.cid, None)
    else:
        asked[record.cid] = record
    return DONE


def _given(modem: Modem, record: WhichQuality) -> Reply:
    """List what active contexts were given (AT+CGEQOSRDP).

    Raises CommandError(INCORRECT_PARAMETERS): there is no such context.
    """
    if record.cid is not None:
        _require_defined(modem, record.cid)
    active = sorted(modem.contexts.active) if record.cid is None else [record.cid]
    return Reply([_given_line(modem, cid) for cid in active if cid in modem.contexts.active])


def _given_line(modem: Modem, cid: int) -> bytes:
    table = modem.profile.table(BEARERS)
    asked = modem.part(BearerSettings).qualities.get(cid)
    rates: tuple[int, ...] = (0, 0, 0, 0)
    qci = table.usual_qci
    if asked is not None and asked.qci is not None and table.granted is not None and asked.qci in table.granted:
        qci, rates = asked.qci, tuple(rate or 0 for rate in asked[2:])
    return print_line("CGEQOSRDP", cid, qci, *rates, *table.aggregate)


# AT+CGTFT.


def _filters(modem: Modem) -> Reply:
    """List the filters of defined contexts (AT+CGTFT?)."""
    held = sorted(modem.part(BearerSettings).filters.items())
    return Reply([_filter_line(each) for (cid, _), each in held if cid in modem.contexts.defined])


def _filter_line(held: TrafficFilter) -> bytes:
    """Make the line of a filter, up to the last value that was given."""
    values: list[int | str | bytes] = [b"" if value is None else value for value in held]
    while values[-1] == b"":
        values.pop()
    return print_line("CGTFT", *values)


def _filter(modem: Modem, record: TrafficFilter) -> Reply:
    """Keep a filter, or forget those of a context (AT+CGTFT=).

    Raises CommandError(INCORRECT_PARAMETERS): there is no such context; a filter lacks its precedence, or has that of
    another one; an address, ports or hexadecimal digits that are none.
    """
    _require_defined(modem, record.cid)
    filters = modem.part(BearerSettings).filters
    if all(value is None for value in record[1:]):
        for key in [key for key in filters if key[0] == record.cid]:
            del filters[key]
        return DONE
    if record.filter is None or record.precedence is None or not _fits(record):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    others = (each for key, each in filters.items() if key[0] == record.cid and key[1] != record.filter)
    if any(each.precedence == record.precedence for each in others):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    filters[record.cid, record.filter] = record
    return DONE


def _fits(record: TrafficFilter) -> bool:
    """Tell whether the texts of a filter are what they should be; "" is not there (27.007 10.1.3)."""
    if record.address and not _is_address_and_mask(record.address):
        return False
    if any(ports and not _is_pair(ports, _MOST_PORT) for ports in (record.destination_ports, record.source_ports)):
        return False
    if record.service and not _is_pair(record.service, _MOST_BYTE, ordered=False):
        return False
    return all(not text or _HEX[name].fullmatch(text) for name, text in (("spi", record.spi), ("flow", record.flow)))


def _is_address_and_mask(text: str) -> bool:
    """Tell whether a text is an address and its mask, in decimals with dots between: of 8 parts, or of 32."""
    parts = text.split(".")
    numbers = all(re.fullmatch(r"\d{1,3}", part, re.ASCII) and int(part) <= _MOST_BYTE for part in parts)
    return numbers and len(parts) in (_IPV4_PARTS, _IPV6_PARTS)


def _is_pair(text: str, most: int, *, ordered: bool = True) -> bool:
    match = _PAIR.fullmatch(text)
    return (
        match is not None
        and max(int(match[1]), int(match[2])) <= most
        and (not ordered or int(match[1]) <= int(match[2]))
    )


# AT+CGDEL.


def _delete(modem: Modem, record: WhichDefinition) -> Outcome:
    """End definitions that are not active (AT+CGDEL), and tell which; the module's own stay.

    Raises CommandError: INCORRECT_PARAMETERS, there is no such context; NOT_ALLOWED, it is active, or reserved.
    """
    contexts, profile = modem.contexts, modem.profile.contexts
    if record.cid is not None:
        contexts.require_free(record.cid)
        _require_defined(modem, record.cid)
        if record.cid in contexts.active:
            raise CommandError(Cme.NOT_ALLOWED)
    stay = {profile.default, *profile.reserved, *map(int, profile.given), *contexts.active}
    cids = [cid for cid in sorted(contexts.defined) if cid not in stay and record.cid in (None, cid)]
    if not cids:
        return DONE

    def change() -> None:
        for cid in cids:
            contexts.undefine(cid)

    return modem.keeping.keep_contexts(change, Reply((print_line("CGDEL", *cids),)))


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Query("CGEQOS", Quality, read=_qualities, select=_ask),
        Action("CGEQOSRDP", WhichQuality, _given, bare=True),
        Query("CGTFT", TrafficFilter, read=_filters, select=_filter),
        Setting(_DEVICE_CLASS),
        Action("CGDEL", WhichDefinition, _delete, bare=True),
        Setting(_OPERATION_MODE),
    ),
    tables=(BEARERS,),
    shows={"CGEQOSRDP": ("bearers",)},
    kept_only={
        "CGTFT": "every packet goes on its context's bearer",
        "CGCLASS": "there is one class alone",
        "CEMODE": "the network asks for none",
    },
    remarks={"CGEQOS": "the network gives what its profile says"},
)
