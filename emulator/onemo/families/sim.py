"""The SIM card: AT+CPIN, AT+CLCK, AT+CPWD (27.007 8.3, 7.4, 7.5), AT+CIMI (5.6), AT+MCCID, AT+ICCID."""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from collections.abc import Callable, Iterator
from typing import NamedTuple

from onemo.at.command import Action, NoParameters, Query, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import MaybeText, Required, RequiredText
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.modem.cardaccess import use_file
from onemo.modem.cardfiles import READ_BINARY, Ef
from onemo.modem.modem import Modem
from onemo.modem.sim import is_code
from onemo.profile.schema import Profile


class Pin(NamedTuple):
    """AT+CPIN: the PIN, or the PUK and a new PIN."""

    pin: RequiredText
    newpin: MaybeText


class Lock(NamedTuple):
    """AT+CLCK; mode 0 unlocks, 1 locks, 2 asks."""

    facility: RequiredText
    mode: Required
    password: MaybeText


class Password(NamedTuple):
    """AT+CPWD."""

    facility: RequiredText
    oldpwd: RequiredText
    newpwd: RequiredText


_ASKS = 2


def _require_codes(*texts: str | None) -> None:
    """Require that each can be a PIN or PUK. Raises CommandError(INCORRECT_PARAMETERS)."""
    if not all(map(is_code, texts)):
        raise CommandError(Cme.INCORRECT_PARAMETERS)


def _state(modem: Modem) -> Reply:
    """Tell the state of the card (AT+CPIN?). Raises CommandError: SIM_NOT_INSERTED, SIM_FAILURE."""
    modem.sim.require_card()
    return Reply((print_line("CPIN", modem.sim.state.value.encode()),))


def _write_down(modem: Modem, act: Callable[[], None]) -> Reply | Pending:
    """Do act, and write down what the card remembers of it before the answer, also of a wrong code.

    The card does not fail where that cannot be done. Raises CommandError: as act.
    """
    before = modem.sim.changes
    refusal: CommandError | None = None
    try:
        act()
    except CommandError as error:
        refusal = error

    def finish(done: object) -> Reply:
        if refusal is not None:
            raise refusal
        return DONE

    return finish(True) if modem.sim.changes == before else Pending(modem.keeping.store(), finish)


def _enter(modem: Modem, record: Pin) -> Reply | Pending:
    """Enter the PIN, or the PUK and a new PIN (AT+CPIN=); with the right code the search begins.

    Raises CommandError: INCORRECT_PARAMETERS, it can be none; as Sim.enter and Sim.unblock.
    """

    def enter() -> None:
        if record.newpin is None:
            _require_codes(record.pin)
            modem.sim.enter(record.pin)
        else:
            _require_codes(record.pin, record.newpin)
            modem.sim.unblock(record.pin, record.newpin)
        modem.radio.search_again(modem.now)

    return _write_down(modem, enter)


def _lock(modem: Modem, record: Lock) -> Reply | Pending:
    """Lock, unlock or ask (AT+CLCK). Raises CommandError: INCORRECT_PARAMETERS, no PIN; as Sim.lock."""
    if record.mode == _ASKS:
        modem.sim.require()
        return Reply((print_line("CLCK", int(modem.sim.locked)),))
    _require_codes(record.password)
    return _write_down(modem, lambda: modem.sim.lock(bool(record.mode), record.password or ""))


def _change(modem: Modem, record: Password) -> Reply | Pending:
    """Change the PIN (AT+CPWD). Raises CommandError: INCORRECT_PARAMETERS, no PIN; as Sim.change."""
    _require_codes(record.oldpwd, record.newpwd)
    return _write_down(modem, lambda: modem.sim.change(record.oldpwd, record.newpwd))


def _imsi(modem: Modem, record: NoParameters) -> Outcome:
    """Tell the IMSI (AT+CIMI). Raises CommandError unless the card is READY and has one; as use_file."""
    modem.sim.require()

    def tell() -> Reply:
        if not modem.imsi:
            raise CommandError(Cme.SIM_FAILURE)
        return Reply((modem.imsi.encode(),))

    return use_file(modem, READ_BINARY, Ef.IMSI, tell)


def _iccid(name: str) -> Callable[[Modem, NoParameters], Outcome]:
    """Make the handler of AT+MCCID or AT+ICCID, which raises CommandError: as Sim.require_card and use_file.

    The card tells its number whether or not it has its PIN (TS 51.011 10.1.1).
    """

    def tell(modem: Modem, record: NoParameters) -> Outcome:
        modem.sim.require_card()
        card = modem.sim.card
        return use_file(modem, READ_BINARY, Ef.ICCID, lambda: Reply((print_line(name, card.iccid.encode()),)))

    return tell


def _card_misfits(profile: Profile) -> Iterator[tuple[str, str]]:
    from onemo.profile.card import misfits

    return misfits(profile.card)


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Query("CPIN", Pin, read=_state, select=_enter),
        Action("CLCK", Lock, _lock),
        Action("CPWD", Password, _change),
        Action("CIMI", NoParameters, _imsi),
        Action("MCCID", NoParameters, _iccid("MCCID")),
        Action("ICCID", NoParameters, _iccid("ICCID")),
    ),
    check=_card_misfits,
    shows={
        **dict.fromkeys(("CIMI", "MCCID", "ICCID"), ("identity", "sim")),
        **dict.fromkeys(("CPIN", "CLCK", "CPWD"), ("sim",)),
    },
)
