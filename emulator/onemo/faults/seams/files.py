"""Events of the file store."""

from __future__ import annotations

from onemo.faults.plan import Fault
from onemo.modem.filestore import store_of
from onemo.modem.modem import Modem
from onemo.profile.index import Label


def limit_room(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Have the store say that it is full, or (without the key) the truth again."""
    store_of(modem.keeping).most_free = fault.whole("free") if "free" in fault.values else None
