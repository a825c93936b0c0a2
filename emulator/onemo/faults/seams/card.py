"""Faults and events of the card."""

from __future__ import annotations

from onemo.errors import FaultError
from onemo.faults.kind import Layer
from onemo.faults.plan import Fault, FaultChooser, Occasion
from onemo.modem.cardfiles import DIRECTORIES
from onemo.modem.modem import Modem
from onemo.profile.index import Label


class FaultyCard:
    """The card as the plan lets it answer. Takes the place of ``Sim.meddle``."""

    def __init__(self, modem: Modem, faults: FaultChooser) -> None:
        self._sim = modem.sim
        self._faults = faults
        self._inner = modem.sim.meddle

    def install(self) -> None:
        """Come between the module and the card."""
        self._sim.meddle = self

    def remove(self) -> None:
        """Leave them alone again."""
        self._sim.meddle = self._inner

    def __call__(self, ins: int, file: int | None) -> tuple[float, int | None]:
        """Return after how many seconds an answer comes, and the status word in its place, None: its own."""
        about = Occasion(ins=f"{ins:02X}", file="" if file is None else f"{file:04X}")
        seconds, status = 0.0, None
        for armed in self._faults.chosen(Layer.CARD, about):
            if armed.fault.kind.name == "card-slow":
                seconds += armed.fault.number("seconds")
            else:
                status = int(armed.fault.text("sw"), 16)
        return seconds, status


def write(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Have a file of the card hold something else. Raises FaultError: it cannot hold that."""
    from onemo.families.card.tree import Tree

    tree = Tree(modem)
    identifier, content = int(fault.text("id"), 16), bytes.fromhex(fault.text("data"))
    if identifier in DIRECTORIES:
        raise FaultError(f"{fault}: {identifier:04X} is a directory: give a file's identifier")
    if not tree.holds(identifier, content):
        there = len(tree.find(identifier).content) if identifier in tree.identifiers else 0
        raise FaultError(f"{fault}: file {identifier:04X} has {there} octets, not {len(content)}; give as many")
    modem.keeping.note(lambda: tree.write(identifier, content))
