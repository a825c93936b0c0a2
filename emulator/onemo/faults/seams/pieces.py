"""URCs in the hands of faults: in parts, waiting, spoilt."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from onemo.at.reply import ReplyFormat
from onemo.faults.kind import INDICES
from onemo.faults.plan import ArmedFault, Fault
from onemo.profile.index import Index, Label


def find_id(data: bytes) -> tuple[Index, re.Match[bytes]] | None:
    """Find the number of an instance in a URC: its index, and where it stands (group 1)."""
    found = ((index, match) for index in INDICES if (match := re.search(index.urcs, data)))
    return next(found, None)


class Piece(NamedTuple):
    """A URC with its line ends.

    split: it leaves in two parts, the first of so many bytes (0: in one), the second gap seconds later; why: the fault
    that splits it.
    """

    data: bytes
    split: int = 0
    gap: float = 0.0
    why: ArmedFault | None = None

    def parts(self) -> Iterator[bytes]:
        """Yield what to hand to the line, in order."""
        if 0 < self.split < len(self.data):
            yield self.data[: self.split]
            pause = Pause()
            pause.gap, pause.why = self.gap, self.why
            yield pause
            yield self.data[self.split :]
        else:
            yield self.data


class Pause(bytes):
    """No bytes, but a silence of gap seconds among them. why: the fault that makes it."""

    gap = 0.0
    why: ArmedFault | None = None


@dataclass(slots=True, eq=False)
class Waiting:
    """A piece that is late (point ""), or waits for its point until it is due.

    why: the faults that did that. label: of the instance whose URCs wait behind it, None: nobody's.
    """

    due: float
    piece: Piece
    why: list[ArmedFault]
    point: str = ""
    label: Label | None = None

    def __lt__(self, other: Waiting) -> bool:
        return self.due < other.due

    def is_of(self, ended: Collection[ArmedFault]) -> bool:
        """Tell whether one of those faults has it wait."""
        return any(armed is gone for gone in ended for armed in self.why)


def hasten(pieces: list[Waiting]) -> None:
    """Let pieces wait no more."""
    for waiting in pieces:
        waiting.due, waiting.point, waiting.label = -math.inf, "", None


def size_of(pieces: list[Waiting]) -> int:
    """Count the bytes of pieces."""
    return sum(len(waiting.piece.data) for waiting in pieces)


def spoilt(data: bytes, fault: Fault, form: ReplyFormat) -> bytes:
    """Spoil a URC as the fault says."""
    instance = find_id(data)
    found = instance[1] if instance else None
    eol = form.cr + form.lf
    if fault.kind.name == "http-urc-bare":
        from onemo.faults.seams.http import bare

        return bare(data, eol)
    if fault.kind.name == "urc-cut":
        return data[: fault.whole("size")]
    if fault.kind.name == "urc-replace":
        return form.notice(fault.data("text").replace(b"{id}", found[1] if found else b"0"))
    if fault.kind.name == "urc-wrong-id":
        if found is None:
            return data
        wrong = fault.whole("id") if "id" in fault.values else int(found[1]) + 1
        return data[: found.start(1)] + b"%d" % wrong + data[found.end(1) :]
    return _malformed(data, fault.text("how"), eol)


def _malformed(data: bytes, how: str, eol: bytes) -> bytes:
    """Spoil the form of a URC. how: of kinds.MALFORMED; eol: what ends a line."""
    match how:
        case "no-end":
            return data.removesuffix(eol)
        case "no-start":
            return data.removeprefix(eol)
        case "no-quote":
            return data.replace(b'"', b"", 1)
        case "no-colon":
            return data.replace(b": ", b" ", 1)
        case "extra-field":
            return data.removesuffix(eol) + b",0" + eol
    return data.lower()
