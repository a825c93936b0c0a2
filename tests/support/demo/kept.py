"""What the family DEMO keeps: the ids that were given out, and the settings of each; its errors and its table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from onemo.at.params import Defaulted, OptionalText, Required
from onemo.at.reply import CommandError, ErrorCode
from onemo.at.store import Slot
from onemo.modem.memory import put_back
from onemo.profile.ranges import Range
from onemo.profile.schema import Count, Delay, Seconds, Table

DEMOID = "demoid"


class DemoError:
    """The errors of clients."""

    NO_CLIENT = ErrorCode("demo_no_client")
    NO_MORE_CLIENTS = ErrorCode("demo_no_more_clients")
    NOT_CONNECTED = ErrorCode("demo_not_connected", "CMS")
    IN_USE = ErrorCode("demo_in_use", "CMS")


class DemoSection(NamedTuple):
    """How clients behave. Sizes in bytes, times in seconds."""

    piece: Count
    """Most bytes of one URC."""
    read: Count
    """Most bytes read from the peer at once."""
    longest: Count
    """Most bytes of one entry."""
    prompt_timeout: Seconds
    open_timeout: Delay
    opened: Count
    failed: Count


TABLE = Table("demo", DemoSection, "DEMO: sizes, times, and the result of an open (bytes, seconds)")


class Prefix(NamedTuple):
    """MDEMOCFG "prefix": stands before the data of every URC."""

    demoid: Required
    prefix: OptionalText


class Patience(NamedTuple):
    """MDEMOCFG "patience": seconds of silence after which a connection is closed; 0: never."""

    demoid: Required
    seconds: Defaulted


class Colour(NamedTuple):
    """MDEMOCFG "colour": kept and told."""

    demoid: Required
    colour: Defaulted


PREFIX = Slot("prefix", Prefix, of="MDEMOCFG", indexed_by=DEMOID)
PATIENCE = Slot("patience", Patience, of="MDEMOCFG", indexed_by=DEMOID)
COLOUR = Slot("colour", Colour, of="MDEMOCFG", indexed_by=DEMOID)


class Book:
    """The ids that were given out, each with its name; they outlive the boot cycle. ids: those that there may be."""

    def __init__(self, ids: Range | tuple[int, ...]) -> None:
        self._ids = ids
        self.given: dict[int, str] = {}

    def free(self) -> int:
        """Return the lowest id that is not given out. Raises CommandError(NO_MORE_CLIENTS)."""
        found = next((demoid for demoid in self._ids if demoid not in self.given), None)
        if found is None:
            raise CommandError(DemoError.NO_MORE_CLIENTS)
        return found

    def require(self, demoid: int) -> None:
        """Raise CommandError(NO_CLIENT) for an id that is not given out."""
        if demoid not in self.given:
            raise CommandError(DemoError.NO_CLIENT)

    def begin_cycle(self) -> None:
        """Nothing is for one cycle alone."""

    def snapshot(self) -> dict[str, str] | None:
        """The names by id; None: there is none."""
        return {str(demoid): name for demoid, name in sorted(self.given.items())} or None

    def restore(self, entry: object) -> list[str]:
        """Take up a snapshot; return the ids that there cannot be, "" for what is none."""
        if not isinstance(entry, Mapping):
            return [""]
        known = {str(demoid): demoid for demoid in self._ids}
        fits = {key: name for key, name in entry.items() if key in known and isinstance(name, str)}
        self.given = {known[key]: name for key, name in fits.items()}
        return [str(key) for key in entry if key not in fits]

    def save(self) -> Mapping[int, str]:
        """The names, for put_back."""
        return self.given

    def put_back(self, records: Mapping[Any, Any]) -> None:
        """Make the names what they were."""
        put_back(self.given, records)
