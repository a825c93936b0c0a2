"""Sleep: AT+MLPMCFG (vendor's extended guide), AT+CPSMS and AT+CEDRXS (27.007 7.38, 7.40)."""

from __future__ import annotations

from onemo.at.command import Action, Key, KeyedSetting, NoParameters, Setting, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.reply import Cme, CommandError, Reply
from onemo.modem.modem import Modem
from onemo.modem.sleep import EDRX, POWER_SAVING, Edrx, EdrxMode, PowerSaving, Saving, require_cycle, require_timers
from onemo.modem.slots import (
    LINE_WAKE,
    SLEEP_DELAY,
    SLEEP_INDICATION,
    SLEEP_MODE,
    STACK_INDICATION,
    SleepModeSetting,
)


def _require_permanent(modem: Modem, record: SleepModeSetting) -> None:
    """Require <permanent> where the model wants it. Raises CommandError(INCORRECT_PARAMETERS)."""
    if modem.profile.sleep.permanent_required and record.permanent is None:
        raise CommandError(Cme.INCORRECT_PARAMETERS)


def _shown_mode(modem: Modem, record: SleepModeSetting) -> tuple[int]:
    """Return the values of a read-back: <permanent> is none of them."""
    return (record.sleep_mode,)


def _require_timers(modem: Modem, record: PowerSaving) -> None:
    """Require timers of eight binary digits. Raises CommandError(INCORRECT_PARAMETERS)."""
    try:
        require_timers(record)
    except ValueError:
        raise CommandError(Cme.INCORRECT_PARAMETERS) from None


def _adjust_saving(modem: Modem, record: PowerSaving) -> PowerSaving:
    """Make mode 0 of mode 2, with the timers at their defaults."""
    if record.mode != Saving.RESET:
        return record
    return PowerSaving(**{**modem.model.parameters(POWER_SAVING.name).defaults, "mode": int(Saving.OFF)})  # type: ignore[arg-type]


def _shown_saving(modem: Modem, record: PowerSaving) -> tuple[int | str | bytes, ...]:
    """Return the values of a read-back: the timers of GERAN and UTRAN are not there."""
    return record.mode, b"", b"", record.periodic_tau, record.active_time


def _require_cycle(modem: Modem, record: Edrx) -> None:
    """Require a cycle of four binary digits. Raises CommandError(INCORRECT_PARAMETERS)."""
    try:
        require_cycle(record)
    except ValueError:
        raise CommandError(Cme.INCORRECT_PARAMETERS) from None


def _adjust_edrx(modem: Modem, record: Edrx) -> Edrx:
    """Make mode 0 of mode 3, with the cycle at its default."""
    if record.mode != EdrxMode.RESET:
        return record
    return Edrx(**{**modem.model.parameters(EDRX.name).defaults, "mode": int(EdrxMode.OFF)})  # type: ignore[arg-type]


def _shown_edrx(modem: Modem, record: Edrx) -> tuple[int, str]:
    """Return the values of a read-back."""
    return record.act, record.cycle


def _tell_granted(modem: Modem, record: Edrx) -> None:
    """Tell in mode 2 what the network grants: the cycle asked for, with the paging window of the profile."""
    if record.mode == EdrxMode.TOLD and modem.radio.registered:
        window = modem.profile.sleep.paging_window
        modem.report(print_line("CEDRXP", record.act, record.cycle, record.cycle, window))


def _granted(modem: Modem, record: NoParameters) -> Reply:
    """Tell the cycle that the network grants (AT+CEDRXRDP, 27.007 7.41): the one asked for; 0 without."""
    asked = modem.settings.get(EDRX)
    if asked.mode not in (EdrxMode.ON, EdrxMode.TOLD) or not modem.radio.registered:
        return Reply((print_line("CEDRXRDP", 0),))
    return Reply((print_line("CEDRXRDP", asked.act, asked.cycle, asked.cycle, modem.profile.sleep.paging_window),))


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        KeyedSetting(
            "MLPMCFG",
            (
                Key(STACK_INDICATION),
                Key(SLEEP_INDICATION),
                Key(SLEEP_MODE, check=_require_permanent, shown=_shown_mode),
                Key(SLEEP_DELAY),
                Key(LINE_WAKE),
            ),
        ),
        Setting(POWER_SAVING, check=_require_timers, shown=_shown_saving, adjusted=_adjust_saving),
        Setting(EDRX, check=_require_cycle, changed=_tell_granted, shown=_shown_edrx, adjusted=_adjust_edrx),
        Action("CEDRXRDP", NoParameters, _granted),
    ),
    shows={"MLPMCFG": ("sleep",), "CPSMS": ("sleep",), "CEDRXS": ("sleep",), "CEDRXRDP": ("sleep",)},
    remarks={"CEDRXS": "the network grants what is asked for; nothing waits for a cycle"},
)
