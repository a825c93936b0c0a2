"""Where the module is: AT+MLBSCFG, AT+MLBSLOC (vendor's LBS guide). No request leaves the host."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from hashlib import md5
from typing import Annotated, Any, NamedTuple

from onemo.at.command import Action, Key, KeyedSetting, NoParameters, print_line
from onemo.at.family import FamilyDefinition, StateField
from onemo.at.params import Defaulted, OptionalText
from onemo.at.reply import DONE, CommandError, ErrorCode, Reply, errors_in
from onemo.at.store import Slot
from onemo.modem.console import Console
from onemo.modem.intents import Tell
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.modem.surroundings import Surroundings
from onemo.profile.schema import Count, Delay, Table
from onemo.profile.shape import between, shaped

_DESCRIPTION = re.compile(r'[^"\x00-\x1f\x7f-\x9f\ud800-\udfff]{0,200}')
"""Of the event, too."""


def _is_description(text: str) -> str | None:
    told = f"is {text[:20]!r}, not up to 200 characters without quotes and control characters"
    return None if _DESCRIPTION.fullmatch(text) else told


class BoardPlace(NamedTuple):
    """A place. longitude, latitude: in degrees; radius: in metres."""

    longitude: Annotated[float, between(-180, 180)]
    latitude: Annotated[float, between(-90, 90)]
    radius: Annotated[int, between(0, 1_000_000)]
    description: Annotated[str, _is_description]


class LocationTable(NamedTuple):
    """How the module finds out where it is."""

    seconds: Delay
    """Until the answer of the service."""
    nearby_seconds: Delay
    """So much longer with the cells nearby."""
    nearby_method: Count
    """The <method> without a radius and a text, which needs no key."""
    second_method: Count
    """The <method> that has keys of its own, beside the usual one."""
    shows_apikey: bool
    """AT+MLBSCFG="apikey" tells the key, as its MD5."""


PLACE = Table("place", BoardPlace, "Where the module is")
LOCATION = Table("location", LocationTable, "How the module finds out where it is")


class LocationError:
    """The errors of AT+MLBSLOC at once (vendor's LBS guide)."""

    NO_NETWORK = ErrorCode("lbs_no_network")
    NO_KEY = ErrorCode("lbs_no_key")
    PARAMETER = ErrorCode("lbs_parameter")
    RUNNING = ErrorCode("lbs_running")


class LocationMethod(NamedTuple):
    """MLBSCFG "method"."""

    method: Defaulted


class LocationKey(NamedTuple):
    """MLBSCFG "apikey"; what is kept is its MD5. second_: that of the second method."""

    apikey: OptionalText
    second_: OptionalText


class SigningKey(NamedTuple):
    """MLBSCFG "signkey"; what is kept is its MD5. second_: that of the second method."""

    signkey: OptionalText
    second_: OptionalText


class Signing(NamedTuple):
    """MLBSCFG "signen": requests are signed."""

    enable: Defaulted


class LocationPrecision(NamedTuple):
    """MLBSCFG "precision": digits behind the point."""

    precision: Defaulted


class LocationFormat(NamedTuple):
    """MLBSCFG "format": 1 with a description."""

    format: Defaulted


class ProductKey(NamedTuple):
    """MLBSCFG "pid"; what is kept is its MD5."""

    pid: OptionalText


class NearbyCells(NamedTuple):
    """MLBSCFG "nearbtsen": the cells nearby are looked at, too."""

    enable: Defaulted


_OF = "MLBSCFG"
METHOD = Slot("method", LocationMethod, of=_OF)
API_KEY = Slot("apikey", LocationKey, of=_OF)
SIGN_KEY = Slot("signkey", SigningKey, of=_OF)
SIGNING = Slot("signen", Signing, of=_OF)
PRECISION = Slot("precision", LocationPrecision, of=_OF)
FORMAT = Slot("format", LocationFormat, of=_OF)
PRODUCT = Slot("pid", ProductKey, of=_OF)
NEARBY = Slot("nearbtsen", NearbyCells, of=_OF)
_FORGETS = "0"
"""The <pid> that forgets it."""
_FOUND, _TIMED_OUT = 100, 120
"""<status> of +MLBSLOC."""


def _nearby(modem: Modem) -> bool:
    return modem.settings.get(METHOD).method == modem.profile.table(LOCATION).nearby_method


def _require_service(modem: Modem, record: object) -> None:
    """Refuse what only the other methods have. Raises CommandError, the bare one."""
    if _nearby(modem):
        raise CommandError


def _require_nearby(modem: Modem, record: object) -> None:
    """Refuse what only the method with cells nearby has. Raises CommandError, the bare one."""
    if not _nearby(modem):
        raise CommandError


def _digest(text: str) -> str:
    return md5(text.encode("latin-1"), usedforsecurity=False).hexdigest() if text else ""


def _own_key(slot: Slot[Any]) -> Callable[[Modem, Any], Any]:
    """Make what keeps the MD5 of a key as that of the method in force; nothing given leaves it."""

    def keep(modem: Modem, record: Any) -> Any:  # noqa: ANN401  (a LocationKey or a SigningKey)
        before = modem.settings.get(slot)
        if record == before:
            return record
        return before._replace(**{before._fields[_place_of_key(modem)]: _digest(record[0])})

    return keep


def _own_product(modem: Modem, record: ProductKey) -> ProductKey:
    """Keep no key, but its MD5; "0" forgets it, nothing given leaves it."""
    if record == modem.settings.get(PRODUCT):
        return record
    return ProductKey(_digest("" if record.pid == _FORGETS else record.pid))


def _place_of_key(modem: Modem) -> int:
    """Return which field of a LocationKey or SigningKey is that of the method in force."""
    return int(modem.settings.get(METHOD).method == modem.profile.table(LOCATION).second_method)


def _shown_signkey(modem: Modem, record: SigningKey) -> tuple[str]:
    """Show the MD5 of the key. Raises as _require_service."""
    _require_service(modem, record)
    return (record[_place_of_key(modem)],)


def _shown_of_service(modem: Modem, record: NamedTuple) -> tuple[int | str, ...]:
    """Show what only the other methods have. Raises CommandError, the bare one."""
    _require_service(modem, record)
    return tuple(record)


def _shown_of_nearby(modem: Modem, record: ProductKey) -> tuple[str]:
    """Show what only the method with cells nearby has. Raises CommandError, the bare one."""
    _require_nearby(modem, record)
    return (record.pid,)


def _shown_key(modem: Modem, record: LocationKey) -> tuple[str]:
    """Show the MD5 of the key. Raises the bare CommandError on a model that does not, and as _shown_of_service."""
    _require_service(modem, record)
    if not modem.profile.table(LOCATION).shows_apikey:
        raise CommandError
    return (record[_place_of_key(modem)],)


def place_of(modem: Modem) -> Surroundings[BoardPlace]:
    """Return where the module is."""
    return modem.keeping.keeper("place")  # type: ignore[no-any-return]


def _make_place(modem: Modem) -> Surroundings[BoardPlace]:
    def read(entry: object) -> BoardPlace:
        place, problems = shaped(BoardPlace, entry if isinstance(entry, dict) else {})
        if place is None:
            raise ValueError(problems)
        return place

    return Surroundings(modem.profile.table(PLACE), lambda place: place._asdict(), read)


class Locator(Part):
    """The search for the place, one at a time. answers: the statuses that come next, in place of the place.

    None among them: no answer comes at all.
    """

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self._console: Console | None = None

    @property
    def busy(self) -> bool:
        return self._console is not None

    def start(self) -> None:
        """Ask where the module is. Raises CommandError, one of LocationError."""
        device = self._device
        if self._console is not None:
            raise CommandError(LocationError.RUNNING)
        if not device.registered or device.contexts.refusal(None) is not None:
            raise CommandError(LocationError.NO_NETWORK)
        if not _nearby(device) and not device.settings.get(API_KEY)[_place_of_key(device)]:
            raise CommandError(LocationError.NO_KEY)
        table = device.profile.table(LOCATION)
        self._console = device.console
        nearby = table.nearby_seconds if device.settings.get(NEARBY).enable else 0
        self.deadline = device.now + table.seconds + nearby

    def on_deadline(self, now: float) -> None:
        console, device = self._console, self._device
        self._console, self.deadline = None, math.inf
        assert console is not None
        status = device.board.location_status()
        if device.contexts.refusal(None) is not None:
            status = _TIMED_OUT
        if status is None:
            device.intents.append(Tell("place", "no answer"))
        else:
            place = self._place() if status == _FOUND else ()
            device.notify_on(console, print_line("MLBSLOC", status, *place))

    def _place(self) -> tuple[int | bytes, ...]:
        device, place = self._device, place_of(self._device).value
        precision = device.settings.get(PRECISION).precision
        where = tuple(f"{degrees:.{precision}f}".encode() for degrees in (place.longitude, place.latitude))
        if _nearby(device):
            return where
        if not device.settings.get(FORMAT).format:
            return *where, place.radius
        return *where, place.radius, b'"' + place.description.encode() + b'"'


def _locate(modem: Modem, record: NoParameters) -> Reply:
    """Find out where the module is (AT+MLBSLOC): OK, and its URC later. Raises CommandError as Locator.start."""
    modem.part(Locator).start()
    return DONE


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        KeyedSetting(
            "MLBSCFG",
            (
                Key(METHOD),
                Key(API_KEY, check=_require_service, adjusted=_own_key(API_KEY), shown=_shown_key),
                Key(SIGN_KEY, check=_require_service, adjusted=_own_key(SIGN_KEY), shown=_shown_signkey),
                Key(SIGNING, check=_require_service, shown=_shown_of_service),
                Key(PRECISION),
                Key(FORMAT, check=_require_service, shown=_shown_of_service),
                Key(PRODUCT, check=_require_nearby, adjusted=_own_product, shown=_shown_of_nearby),
                Key(NEARBY),
            ),
        ),
        Action("MLBSLOC", NoParameters, _locate, counts=True, tested=False),
    ),
    errors=errors_in(LocationError),
    misfit=LocationError.PARAMETER,
    tables=(PLACE, LOCATION),
    keepers={"place": _make_place},
    shows={"MLBSCFG": ("location",), "MLBSLOC": ("place", "location")},
    state=(StateField("place", BoardPlace | None, lambda modem: place_of(modem).value, None),),
    remarks={"MLBSLOC": "the place is the one that was set: no request leaves the host"},
)
