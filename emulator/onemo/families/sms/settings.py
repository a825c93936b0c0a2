"""The settings of short messages: AT+CSMS, CMGF, CSCA, CSMP, CSDH, CPMS, CNMI, CMMS (27.005 3.2, 3.3, 3.4.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, NamedTuple

from onemo.at.command import Declaration, Query, Setting, print_line
from onemo.at.outcome import Outcome
from onemo.at.params import Maybe, Param, ParamKind
from onemo.at.reply import Cme, CommandError, Reply
from onemo.families.sms.centre import centre_of, shown_centre
from onemo.families.sms.errors import Cms
from onemo.families.sms.fields import Address, TimeStamp, TpduError, Validity, encode_centre
from onemo.families.sms.profile import SMS
from onemo.families.sms.receiving import Receiver
from onemo.families.sms.slots import (
    FORMAT,
    INDICATIONS,
    MORE_MESSAGES,
    SERVICE,
    SHOW_HEADER,
    STORES,
    TEXT_PARAMETERS,
    ServiceLevel,
    Stores,
    TextParameters,
)
from onemo.families.sms.stores import require_card, store_of
from onemo.modem.cardaccess import tell_written, use_file
from onemo.modem.cardfiles import READ_RECORD, UPDATE_RECORD, Ef
from onemo.modem.modem import Modem

_NUMBER = re.compile(r"\+?\d{0,20}", re.ASCII)
_SUPPORTED = (1, 1, 1)
"""Messages to the module, from it, and broadcasts."""


class Centre(NamedTuple):
    """AT+CSCA: the number of the centre, and its type of address."""

    sca: Annotated[str, Param(ParamKind.STRING, required=True, allow_empty=True)]
    tosca: Maybe


def _refuse() -> CommandError:
    return CommandError(Cme.INCORRECT_PARAMETERS)


def _tell_centre(modem: Modem) -> Outcome:
    """Tell the centre (AT+CSCA?). Raises CommandError: the card is not READY, or refuses."""
    require_card(modem)

    def tell() -> Reply:
        return Reply((print_line("CSCA", *shown_centre(modem, centre_of(modem))),))

    return use_file(modem, READ_RECORD, Ef.SMSP, tell, Cms.CARD_FAILURE)


def _set_centre(modem: Modem, record: Centre) -> Outcome:
    """Keep the number of the centre on the card (AT+CSCA=). Raises CommandError: it is none; the card is not READY."""
    if not _NUMBER.fullmatch(record.sca) or ("+" in record.sca and not modem.profile.table(SMS).centre_plus):
        raise _refuse()
    try:
        centre = encode_centre(Address.of(record.sca, record.tosca) if record.sca else None)
    except TpduError as error:
        raise _refuse() from error
    require_card(modem)
    card = modem.sim.card

    def change() -> None:
        card.centre = centre
        modem.sim.changes += 1

    def update() -> Outcome:
        pending = modem.keeping.write_down(change, failure=Cms.MEMORY_FAILURE)

        def written(done: bool) -> Outcome:
            outcome = pending.finish(done)
            tell_written(modem, Ef.SMSP)
            return outcome

        return pending._replace(finish=written)

    return use_file(modem, UPDATE_RECORD, Ef.SMSP, update, Cms.CARD_FAILURE)


def validity_of(record: TextParameters) -> Validity:
    """Return the validity period as fo has it. Raises CommandError: <vp> is none of that form."""
    form = record.fo & 0x18
    try:
        if form == 0x18:
            return TimeStamp.of(record.vp)
        if form == 0x08:
            return _enhanced(record.vp)
    except (TpduError, ValueError) as error:
        raise _refuse() from error
    if not (record.vp.isascii() and record.vp.isdigit() and int(record.vp) <= 0xFF):
        raise _refuse()
    return int(record.vp) if form else None


def _enhanced(text: str) -> bytes:
    octets = bytes.fromhex(text)
    if len(octets) != 7:
        raise _refuse()
    return octets


def _check_text(modem: Modem, record: TextParameters) -> None:
    validity_of(record)


def _show_text(modem: Modem, record: TextParameters) -> Sequence[int | str]:
    vp = int(record.vp) if record.vp.isdigit() and len(record.vp) <= 3 else record.vp
    return (record.fo, vp, record.pid, record.dcs)


def _tell_service(modem: Modem, record: ServiceLevel) -> Sequence[bytes]:
    return (print_line("CSMS", *_SUPPORTED),)


def _check_stores(modem: Modem, record: Stores) -> None:
    for name in record:
        store_of(modem, name)


def _fills(modem: Modem, record: Stores) -> list[tuple[str, int, int]]:
    stores = [store_of(modem, name) for name in record]
    return [(store.name, store.used, store.total) for store in stores]


def _tell_stores(modem: Modem, record: Stores) -> Sequence[bytes]:
    return (print_line("CPMS", *(count for _, *counts in _fills(modem, record) for count in counts)),)


def _show_stores(modem: Modem, record: Stores) -> Sequence[int | str]:
    return [value for fill in _fills(modem, record) for value in fill]


def _changed(modem: Modem, record: NamedTuple) -> None:
    modem.part(Receiver).take_up(modem.now)


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Setting(SERVICE, shown=lambda modem, record: (record.service, *_SUPPORTED), changed=_changed, told=_tell_service),
    Setting(FORMAT),
    Query("CSCA", Centre, read=_tell_centre, select=_set_centre),
    Setting(TEXT_PARAMETERS, check=_check_text, shown=_show_text),
    Setting(SHOW_HEADER),
    Setting(STORES, check=_check_stores, shown=_show_stores, changed=_changed, told=_tell_stores),
    Setting(INDICATIONS, changed=_changed, resets_rest=True),
    Setting(MORE_MESSAGES),
)
