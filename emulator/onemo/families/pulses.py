"""Pulses: AT+MPWMDATA, MPWMCTRL (vendor's extended guide)."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Query, print_line
from onemo.at.family import FamilyDefinition, StateField
from onemo.at.params import Defaulted, Maybe, Required
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.modem.intents import Tell
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.profile.schema import Table
from onemo.profile.shape import at_least


class PulsesTable(NamedTuple):
    """Pulses."""

    step: Annotated[float, at_least(0)]
    """Periods are rounded up to multiples of it, in microseconds; 0: they are as given."""


PULSES = Table("pulses", PulsesTable, "Pulses")


class WaveRequest(NamedTuple):
    """AT+MPWMDATA. Periods in microseconds, each with its duty in percent; without any it tells the channel's."""

    channel: Required
    period: Maybe
    duty: Maybe
    period2: Maybe
    duty2: Maybe
    period3: Maybe
    duty3: Maybe
    period4: Maybe
    duty4: Maybe

    @property
    def waves(self) -> tuple[tuple[int, int], ...]:
        """The pairs of period and duty. Raises CommandError(INCORRECT_PARAMETERS): one is not whole."""
        given = list(self[1:])
        while given and given[-1] is None:
            given.pop()
        if len(given) % 2 or None in given:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        numbers = [value for value in given if value is not None]
        return tuple(zip(numbers[::2], numbers[1::2], strict=True))


class WaveSwitch(NamedTuple):
    """AT+MPWMCTRL; cycles 0: for ever."""

    channel: Required
    enable: Required
    cycles: Defaulted


class _Wave:
    """The pulses of a channel. pairs: of period and duty; until: when they end."""

    def __init__(self, pairs: tuple[tuple[int, int], ...]) -> None:
        self.pairs = pairs
        self.until = -math.inf
        self.cycles = 0


class Pulses(Part):
    """The pulses of one boot cycle, by channel."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self.waves: dict[int, _Wave] = {}


def _waves(modem: Modem) -> Reply:
    """Tell the pulses of each channel (AT+MPWMDATA?)."""
    waves = modem.part(Pulses).waves
    return Reply([_wave_line(channel, waves[channel]) for channel in sorted(waves)])


def _wave_line(channel: int, wave: _Wave) -> bytes:
    return print_line("MPWMDATA", channel, *[value for pair in wave.pairs for value in pair])


def _set_wave(modem: Modem, record: WaveRequest) -> Reply:
    """Set the pulses of a channel, or tell them (AT+MPWMDATA=).

    Raises CommandError(INCORRECT_PARAMETERS): there are none to tell, or a pair is not whole.
    """
    waves, pairs = modem.part(Pulses).waves, record.waves
    if pairs:
        waves[record.channel] = _Wave(pairs)
        told = ", ".join(f"{period} us {duty} %" for period, duty in pairs)
        modem.intents.append(Tell("pwm", f"{record.channel}: {told}"))
        return DONE
    if record.channel not in waves:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return Reply((_wave_line(record.channel, waves[record.channel]),))


def _switch_wave(modem: Modem, record: WaveSwitch) -> Reply:
    """Start and stop the pulses of a channel (AT+MPWMCTRL). Raises CommandError(NOT_ALLOWED): there are none."""
    wave = modem.part(Pulses).waves.get(record.channel)
    if wave is None:
        raise CommandError(Cme.NOT_ALLOWED)
    seconds = record.cycles * sum(_period(modem, period) for period, _ in wave.pairs) / 1e6
    wave.cycles = record.cycles
    wave.until = -math.inf if not record.enable else modem.now + seconds if record.cycles else math.inf
    modem.intents.append(Tell("pwm", f"{record.channel}: {'on' if record.enable else 'off'}"))
    return DONE


def _period(modem: Modem, period: int) -> float:
    """Return the period that the module really makes, in microseconds."""
    step = modem.profile.table(PULSES).step
    return round(math.ceil(period / step - 1e-9) * step, 6) if step else float(period)


class WaveInfo(NamedTuple):
    """Pulses. waves: periods in microseconds, as they are made, each with its duty in percent; cycles 0: no end."""

    channel: int
    on: bool
    waves: tuple[tuple[float, int], ...]
    cycles: int


def _wave_infos(modem: Modem) -> tuple[WaveInfo, ...]:
    return tuple(
        WaveInfo(
            channel,
            modem.now < wave.until,
            tuple((_period(modem, period), duty) for period, duty in wave.pairs),
            wave.cycles,
        )
        for channel, wave in sorted(modem.part(Pulses).waves.items())
    )


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Query("MPWMDATA", WaveRequest, read=_waves, select=_set_wave, tested=False),
        Action("MPWMCTRL", WaveSwitch, _switch_wave, tested=False),
    ),
    tables=(PULSES,),
    shows={"MPWMDATA": ("pulses",), "MPWMCTRL": ("pulses",)},
    state=(StateField("pwm", tuple[WaveInfo, ...], _wave_infos),),
)
