"""Pins and the chip: AT+MGPIO, MADC, MLED, MCHIPINFO (vendor's extended guide)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Setting, print_line
from onemo.at.family import FamilyDefinition, StateField
from onemo.at.params import Defaulted, Maybe, Required, RequiredText
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.at.store import Slot
from onemo.modem.intents import Tell
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.modem.registration import Registration
from onemo.profile.schema import Count, Profile, Table
from onemo.profile.shape import digits

_PIN = digits(1, 2)


class PinsTable(NamedTuple):
    """The pins at the start, and the world around them. Voltages in mV, the temperature in degrees Celsius.

    A light is "off", "on", or how many ms it is on and off: "100/1900".
    """

    pull: Count
    """<pull> at the start: 0 none, 1 up, 2 down."""
    pulls: Mapping[Annotated[str, _PIN], Count]
    """<pull> at the start of some pins."""
    lacks_pull: Mapping[Annotated[str, _PIN], Count]
    """The <pull> that some pins have not."""
    adc: Count
    adc_highest: Count
    temp: int
    vbat: Count
    light_idle: str
    """The network light while there is no search."""
    light_searching: str
    light_registered: str
    leds: tuple[int, ...]
    """<enable> of AT+MLED at the start: of the network light, of the state light."""


PINS = Table("pins", PinsTable, "Pins, converter, lights and chip")


class PinDirection(IntEnum):
    """<dir> of AT+MGPIO."""

    IN = 0
    OUT = 1
    FLOATING = 2


class PinFunction(IntEnum):
    """<function> of AT+MGPIO=<pin>,<function>."""

    INPUT = 0
    LOW = 1
    HIGH = 2
    FLOATING = 3


_UP = 1
"""<pull> of AT+MGPIO for a pull-up."""


class PinRequest(NamedTuple):
    """AT+MGPIO; without a function it tells the pin's."""

    pin: Required
    function: Maybe
    pull: Maybe


class Channel(NamedTuple):
    """AT+MADC."""

    channel: Maybe


class Light(NamedTuple):
    """AT+MLED. led_mode: 0 the network light, 1 the state light; enable: as at the start until it is set."""

    led_mode: Defaulted
    enable: Maybe


class ChipRequest(NamedTuple):
    """AT+MCHIPINFO; kind "vbat" or "temp"."""

    kind: RequiredText


LED = Slot("MLED", Light, indexed_by="led_mode")


class _Pin:
    """A pin of the module. own: the level that it drives, or drove last."""

    def __init__(self, pull: int) -> None:
        self.direction = PinDirection.IN
        self.pull = pull
        self.own = 0


class Pins(Part):
    """The pins of one boot cycle, as the firmware has set them."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self._table = device.profile.table(PINS)
        self._pins: dict[int, _Pin] = {}

    def pin(self, number: int) -> _Pin:
        """Return a pin, which is as at the start until it is set."""
        if number not in self._pins:
            self._pins[number] = _Pin(self._table.pulls.get(str(number), self._table.pull))
        return self._pins[number]

    def level(self, number: int) -> int:
        """Return the level of a pin: its own, else what the world drives, its pull, or what it had last."""
        pin = self.pin(number)
        if pin.direction is PinDirection.OUT:
            return pin.own
        driven: int | None = self._device.board.levels.get(number)
        if driven is not None:
            return driven
        return int(pin.pull == _UP) if pin.pull else pin.own

    def set(self, number: int, function: PinFunction, pull: int | None) -> None:
        """Set a pin. Raises CommandError(INCORRECT_PARAMETERS): it has no such pull, or floats with one."""
        pin, floats = self.pin(number), function is PinFunction.FLOATING
        if pull is not None and (floats or self._table.lacks_pull.get(str(number)) == pull):
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        if pull is not None:
            pin.pull = pull
        before = pin.direction, pin.own
        if function in (PinFunction.LOW, PinFunction.HIGH):
            pin.direction, pin.own = PinDirection.OUT, int(function is PinFunction.HIGH)
        else:
            pin.direction = PinDirection.FLOATING if floats else PinDirection.IN
        if before != (pin.direction, pin.own):
            told = "high" if pin.own else "low"
            how = told if pin.direction is PinDirection.OUT else "floating" if floats else "input"
            self._device.intents.append(Tell("pin", f"{number} {how}"))


def _gpio(modem: Modem, record: PinRequest) -> Reply:
    """Set a pin or tell of it (AT+MGPIO). Raises CommandError as Pins.set."""
    pins = modem.part(Pins)
    if record.function is None:
        if record.pull is not None:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        pin = pins.pin(record.pin)
        return Reply((print_line("MGPIO", record.pin, int(pin.direction), pin.pull),))
    function = PinFunction(record.function)
    pins.set(record.pin, function, record.pull)
    return Reply((print_line("MGPIO", record.pin, pins.level(record.pin)),)) if function is PinFunction.INPUT else DONE


# The converter, the lights, the chip.


def _millivolts(modem: Modem, channel: int) -> int:
    table = modem.profile.table(PINS)
    return min(max(modem.board.noisy(modem.board.adc.get(channel, table.adc)), 0), table.adc_highest)


def _adc(modem: Modem, record: Channel) -> Reply:
    """Tell the voltage at a channel (AT+MADC). Raises the bare CommandError for none, unless there is a usual one."""
    channel = record.channel
    if channel is None:
        usual = modem.profile.commands["MADC"].params["channel"].default
        if not isinstance(usual, int):
            raise CommandError
        channel = usual
    return Reply((print_line("MADC", _millivolts(modem, channel)),))


def _lit(modem: Modem, light: int) -> int:
    """Return whether a light is enabled; those that no command has set are as at the start."""
    start = modem.profile.table(PINS).leds[light]
    if not modem.has(LED.name):
        return start
    enabled = modem.settings.get(LED, light).enable
    return start if enabled is None else enabled


def _shown_light(modem: Modem, record: Light) -> tuple[int, int]:
    return record.led_mode, _lit(modem, record.led_mode)


def _require_enable(modem: Modem, record: Light) -> None:
    """Require <enable>. Raises CommandError(INCORRECT_PARAMETERS): it was left empty."""
    if record.enable is None:
        raise CommandError(Cme.INCORRECT_PARAMETERS)


def _trace_light(modem: Modem, record: Light) -> None:
    modem.intents.append(Tell("light", f"{LIGHTS[record.led_mode]} {'on' if record.enable else 'off'}"))


LIGHTS = ("network", "state")
"""The lights, by <led_mode>."""


def _chip(modem: Modem, record: ChipRequest) -> Reply:
    """Tell the voltage or the temperature (AT+MCHIPINFO)."""
    return Reply((print_line("MCHIPINFO", record.kind, _chip_info(modem)._asdict()[record.kind]),))


# State.


class PinInfo(NamedTuple):
    """A pin. direction: in, out or floating; level: at it; own: driven by the module; world: by what is around it."""

    id: int
    direction: str
    pull: int
    level: int
    own: int | None
    world: int | None


class AdcInfo(NamedTuple):
    """A channel of the converter, in mV: what is there, without noise."""

    channel: int
    mv: int


class LightsInfo(NamedTuple):
    """The lights: off, on, or how many ms they are on and off, as in 100/1900."""

    network: str
    state: str


class ChipInfo(NamedTuple):
    """The chip: degrees Celsius, mV."""

    temp: int
    vbat: int


def pins_of(modem: Modem) -> tuple[int, ...]:
    """Return the numbers of the pins that the model has."""
    accepted = modem.model.parameters("MGPIO").params[0].accepted if modem.has("MGPIO") else None
    return tuple(accepted) if accepted else ()


def channels_of(modem: Modem) -> tuple[int, ...]:
    """Return the channels of the converter that the model has."""
    accepted = modem.model.parameters("MADC").params[0].accepted if modem.has("MADC") else None
    return tuple(accepted) if accepted else ()


def _pin_infos(modem: Modem) -> tuple[PinInfo, ...]:
    pins = modem.part(Pins)
    return tuple(
        PinInfo(
            number,
            pin.direction.name.lower(),
            pin.pull,
            pins.level(number),
            pin.own if pin.direction is PinDirection.OUT else None,
            modem.board.levels.get(number),
        )
        for number in pins_of(modem)
        for pin in (pins.pin(number),)
    )


def _adc_infos(modem: Modem) -> tuple[AdcInfo, ...]:
    usual = modem.profile.table(PINS).adc
    return tuple(AdcInfo(channel, modem.board.adc.get(channel, usual)) for channel in channels_of(modem))


def _lights(modem: Modem) -> LightsInfo:
    table, awake = modem.profile.table(PINS), modem.power.ready
    if modem.radio.registered:
        network = table.light_registered
    else:
        searching = modem.radio.stat is Registration.SEARCHING
        network = table.light_searching if searching else table.light_idle
    lights = (network if awake and _lit(modem, 0) else "off", "on" if awake and _lit(modem, 1) else "off")
    return LightsInfo(*lights)


def _chip_info(modem: Modem) -> ChipInfo:
    table, board = modem.profile.table(PINS), modem.board
    return ChipInfo(
        temp=table.temp if board.temp is None else board.temp, vbat=table.vbat if board.vbat is None else board.vbat
    )


def _state_pin(modem: Modem) -> int:
    return int(modem.power.ready or modem.power.asleep)


def check(profile: Profile) -> Iterator[tuple[str, str]]:
    """Find a list of lights that is too short, pulls that are none, lights and functions of pins that are not there."""
    table = profile.table(PINS)
    if len(table.leds) != len(LIGHTS) or set(table.leds) - {0, 1}:
        yield "pins.leds", "is not two numbers, each 0 or 1: of the network light, of the state light"
    for name, pull in {"pull": table.pull, **{f"pulls.{pin}": pull for pin, pull in table.pulls.items()}}.items():
        if pull > 2:
            yield f"pins.{name}", f"is {pull}: write 0 for none, 1 for up, 2 for down"
    for command, param, most in (("MLED", "led_mode", len(LIGHTS) - 1), ("MGPIO", "function", max(PinFunction))):
        accepted = profile.commands[command].params[param].range
        if accepted is not None and not 0 <= accepted.low <= accepted.high <= most:
            yield f"commands.{command}.params.{param}.range", f"is {accepted.text}: there are 0 to {most}"


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Action("MGPIO", PinRequest, _gpio),
        Action("MADC", Channel, _adc, bare=True),
        Setting(LED, check=_require_enable, shown=_shown_light, changed=_trace_light, read=False),
        Action("MCHIPINFO", ChipRequest, _chip),
    ),
    tables=(PINS,),
    check=check,
    shows=dict.fromkeys(("MGPIO", "MADC", "MLED", "MCHIPINFO"), ("pins",)),
    state=(
        StateField("pins", tuple[PinInfo, ...], _pin_infos),
        StateField("adc", tuple[AdcInfo, ...], _adc_infos),
        StateField("lights", LightsInfo | None, _lights, None),
        StateField("chip", ChipInfo | None, _chip_info, None),
        StateField("state_pin", int | None, _state_pin, None),
    ),
    remarks={"MGPIO": "the pins are those of the emulated board, never the host's"},
)
