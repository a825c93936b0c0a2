"""Records by cid that outlive the boot cycle: AT+CGDCONT's and AT+CGAUTH's. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic

from onemo.at.params import BoundRecord
from onemo.at.store import R
from onemo.modem.memory import AS_IT_IS, put_back, restored


class PerContext(Generic[R]):
    """A keeper of records by cid, as the user has set them.

    now: in this boot cycle; kept: for the next ones, None until anything was set. bound: gives the parameters of their
    command, None where the model has none.
    """

    def __init__(self, bound: Callable[[], BoundRecord[R] | None]) -> None:
        self._bound = bound
        self.now: dict[int, R] = {}
        self.kept: dict[int, R] | None = None

    def begin_cycle(self) -> None:
        """Go back to what was kept."""
        self.now = dict(self.kept or {})

    def remember(self) -> None:
        """Keep what is set now."""
        self.kept = dict(self.now)

    def snapshot(self) -> dict[str, dict[str, Any]] | None:
        """Return the records as plain values, by cid."""
        return None if self.kept is None else {str(cid): each._asdict() for cid, each in sorted(self.kept.items())}

    def restore(self, entry: object) -> list[str]:
        """Take up a snapshot; return the cids whose records do not fit."""
        self.kept, refused = self.read(entry)
        return refused

    def read(self, entry: object) -> tuple[dict[int, R] | None, list[str]]:
        """Return the records of a snapshot, None: it is none; and the cids of those that do not fit."""
        bound = self._bound()
        if bound is None or not isinstance(entry, Mapping):
            return None, [""]
        found = {key: restored(bound, fields) for key, fields in entry.items()}
        fits = {key: record for key, record in found.items() if record is not None and key == str(record[0])}
        return {int(key): record for key, record in fits.items()}, [key for key in found if key not in fits]

    def save(self) -> Mapping[object, object]:
        """Return the records, for put_back."""
        now: list[tuple[object, object]] = list(self.now.items())
        return dict([*now, ("kept", self.kept)])

    def put_back(self, records: Mapping[Any, Any]) -> None:
        """Make these records what they were."""
        records = dict(records)
        kept = records.pop("kept")
        self.kept = self.kept if kept is AS_IT_IS else kept
        put_back(self.now, records)
