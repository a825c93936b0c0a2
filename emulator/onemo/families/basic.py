"""The V.250 basics: ATE, ATV, ATQ, ATX, ATS3-5, AT&C, AT&D, ATZ, AT&F, AT&W; AT+CMEE and AT+CLAC (27.007 9.1, 8.37)."""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from typing import NamedTuple

from onemo.at.command import Action, NoParameters, Setting, is_basic
from onemo.at.family import FamilyDefinition
from onemo.at.outcome import Pending
from onemo.at.params import Defaulted
from onemo.at.reply import DONE, Cme, Reply, errors_in
from onemo.modem.modem import Modem
from onemo.modem.slots import BASICS, PROFILE


class WhichProfile(NamedTuple):
    """ATZ, AT&F and AT&W: the number of the stored profile; these modules have one."""

    value: Defaulted


def _apply(modem: Modem, record: object) -> None:
    """Let the settings of V.250 and AT+CMEE act on the console that asks."""
    modem.console.apply_settings()


def _reset(modem: Modem, record: WhichProfile) -> Reply:
    """Set the settings of the profile to their defaults (AT&F).

    Connections stay. [decided]
    """
    _forget(modem)
    modem.console.apply_settings()
    return DONE


def _forget(modem: Modem) -> None:
    """Set the settings of the profile to their defaults."""
    for slot in PROFILE:
        modem.settings_of(slot).reset(slot)


def _restore(modem: Modem, record: WhichProfile) -> Reply:
    """Bring the settings back that AT&W stored, or their defaults where it did not (ATZ); connections stay."""
    _forget(modem)
    for (slot, index), stored in modem.memory.profile.items():
        modem.settings_of(slot).set(slot, stored, index)
    modem.console.apply_settings()
    return DONE


def _store(modem: Modem, record: WhichProfile) -> Pending:
    """Store the profile, which is in force after every start (AT&W). Raises CommandError(MEMORY_FULL), CME 20."""
    held = {(slot, 0): modem.settings_of(slot).get(slot) for slot in PROFILE if modem.model.has(slot.name)}
    return modem.keeping.write_down(lambda: modem.memory.profile.update(held))


def _list(modem: Modem, record: NoParameters) -> Reply:
    """List every command of the model and of its profile's own (AT+CLAC), each in a line of one block (27.007 8.37)."""
    end = modem.console.format.cr + modem.console.format.lf
    commands = (f"AT{'' if is_basic(name) else '+'}{name}" for name in modem.model.names())
    own = modem.model.answers.names if modem.model.answers is not None else ()
    return Reply((end.join(name.encode() for name in (*commands, *own)),))


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        *(Setting(slot, changed=_apply) for slot in BASICS),
        Action("Z", WhichProfile, _restore),
        Action("&F", WhichProfile, _reset),
        Action("&W", WhichProfile, _store),
        Action("CLAC", NoParameters, _list),
    ),
    errors=errors_in(Cme),
    shows={"CMEE": ("cme",)},
    kept_only={
        "X": "calls tell that the other side is busy, or that there is no dial tone, whatever it says",
        "&C": "DCD never changes",
        "&D": "DTR wakes the module, where the line has it; it ends nothing",
    },
)
