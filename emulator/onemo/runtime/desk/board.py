"""The board around a module from outside: pins and voltages, lights and pulses, cells, the place, Wi-Fi."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onemo.errors import UsageError

if TYPE_CHECKING:
    from onemo.families.cell import CellInfo, SearchInfo
    from onemo.families.pins import AdcInfo, ChipInfo, LightsInfo, PinInfo
    from onemo.families.place import BoardPlace
    from onemo.families.pulses import WaveInfo
    from onemo.families.wifi import AccessPoint
    from onemo.modem.modem import Modem
    from onemo.runtime.controls import ModuleControls


class PinControls:
    """A pin of a module, from outside."""

    def __init__(self, board: BoardControls, number: int) -> None:
        self._board = board
        self._number = number

    @property
    def info(self) -> PinInfo:
        """The whole pin. Raises UsageError: the model has none of this number."""
        found = {pin.id: pin for pin in self._board.pins}
        if self._number not in found:
            there = ", ".join(map(str, found)) or "none"
            raise UsageError(f"there is no pin {self._number}; there are {there}")
        return found[self._number]

    @property
    def level(self) -> int:
        """The level at it: 0 or 1."""
        return self.info.level

    def drive(self, level: int) -> None:
        """Drive it from outside. Raises FaultError: there is no such pin, or the level is not 0 or 1."""
        self._board._happen("pin", id=self._number, level=level)

    def release(self) -> None:
        """Drive it no more. Raises FaultError: there is no such pin."""
        self._board._happen("pin-release", id=self._number)


class BoardControls:
    """The board around a module, as its firmware and the world have it now."""

    def __init__(self, controls: ModuleControls) -> None:
        self._controls = controls

    @property
    def pins(self) -> tuple[PinInfo, ...]:
        """The pins that AT+MGPIO knows."""
        return self._read("pins", "pins")  # type: ignore[no-any-return]

    def pin(self, number: int) -> PinControls:
        """Return a pin by its number, as AT+MGPIO has it."""
        return PinControls(self, number)

    @property
    def lights(self) -> LightsInfo:
        """What the lights do."""
        return self._read("pins", "lights")  # type: ignore[no-any-return]

    @property
    def adc(self) -> tuple[AdcInfo, ...]:
        """The voltages at the converter."""
        return self._read("pins", "adc")  # type: ignore[no-any-return]

    @property
    def pwm(self) -> tuple[WaveInfo, ...]:
        """The pulses that the firmware has set."""
        return self._read("pulses", "pwm")  # type: ignore[no-any-return]

    @property
    def chip(self) -> ChipInfo:
        """The temperature and the supply."""
        return self._read("pins", "chip")  # type: ignore[no-any-return]

    @property
    def state_pin(self) -> int:
        """The level of the STATE pin: 1 while the module is on."""
        return self._read("pins", "state_pin")  # type: ignore[no-any-return]

    @property
    def cells(self) -> tuple[CellInfo, ...]:
        """The cells on the air, and which of them serves the module."""
        return self._read("cell", "cells")  # type: ignore[no-any-return]

    @property
    def search(self) -> SearchInfo:
        """The lock and the bands in force."""
        return self._read("cell", "search")  # type: ignore[no-any-return]

    @property
    def place(self) -> BoardPlace:
        """Where the module is."""
        return self._read("place", "place")  # type: ignore[no-any-return]

    @property
    def wifi(self) -> tuple[AccessPoint, ...]:
        """The Wi-Fi access points on the air."""
        return self._read("wifi", "wifi")  # type: ignore[no-any-return]

    def _read(self, family: str, field: str) -> Any:  # noqa: ANN401  (as the field has it)
        from onemo.at.registry import definition
        from onemo.families import FAMILIES

        (found,) = (each for each in FAMILIES if each.name == family)
        (read,) = (each.read for each in definition(found).state if each.name == field)

        def tell(modem: Modem, now: float) -> Any:  # noqa: ANN401
            modem.now = now
            return read(modem)

        return self._controls._do(tell)

    def _happen(self, event: str, **keys: object) -> None:
        from onemo.faults.say import fault_of

        self._controls.happen(fault_of({"kind": event, **keys}))
