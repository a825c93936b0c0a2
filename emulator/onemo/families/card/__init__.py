"""The card's files and applications: AT+CRSM, CSIM, CCHO, CCHC, CGLA (27.007 8.17, 8.18, 8.43 to 8.46).

The card is a chip of its own: what it was told stays with it also where the module's memory takes nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from onemo.at.command import Action, NoParameters, Query, Setting, print_line
from onemo.at.family import FamilyDefinition, StateField
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import Maybe, MaybeText, Required, RequiredText
from onemo.at.reply import Cme, CommandError, Reply
from onemo.families.card.apdu import Apdu, CardAnswer, CardRefusal
from onemo.families.card.operators import (
    OPERATORS,
    PREFERRED_LIST,
    PreferredOperator,
    set_preferred,
    tell_names,
    tell_preferred,
)
from onemo.families.card.tree import Df, home_of
from onemo.families.card.uicc import (
    GET_RESPONSE,
    SELECT,
    STATUS,
    LogicalChannel,
    Uicc,
)
from onemo.modem.cardaccess import ask_card
from onemo.modem.cardfiles import READ_BINARY, READ_RECORD, UPDATE_BINARY, UPDATE_RECORD, Ef
from onemo.modem.intents import Tell
from onemo.modem.modem import Modem

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_READS = (READ_BINARY, READ_RECORD)
_UPDATES = (UPDATE_BINARY, UPDATE_RECORD)
_MOST_AID = 16
_MANY = 64
"""Octets of a file up to which the state tells what it holds."""


class RestrictedAccess(NamedTuple):
    """AT+CRSM."""

    command: Required
    fileid: Maybe
    p1: Maybe
    p2: Maybe
    p3: Maybe
    data: MaybeText
    path: MaybeText


class GenericAccess(NamedTuple):
    """AT+CSIM: a command to the card on its basic channel. length: its hex digits."""

    length: Required
    command: RequiredText


class OpenChannel(NamedTuple):
    """AT+CCHO: an application by its AID, in hex."""

    dfname: RequiredText


class CloseChannel(NamedTuple):
    """AT+CCHC."""

    sessionid: Required


class ChannelAccess(NamedTuple):
    """AT+CGLA: a command to the card on a channel."""

    sessionid: Required
    length: Required
    command: RequiredText


def _octets(text: str, most: int | None = None) -> bytes:
    """Read hex. Raises CommandError(INCORRECT_PARAMETERS): it is none, or more than most octets."""
    if not _HEX.fullmatch(text) or (most is not None and not 1 <= len(text) // 2 <= most):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return bytes.fromhex(text)


def _ask(modem: Modem, ins: int, file: int | None, act: Callable[[], CardAnswer],
         tell: Callable[[CardAnswer], Reply]) -> Outcome:  # fmt: skip
    """Have the card do something, as ask_card, and write down what it remembers of that before the answer.

    act, tell: may raise CommandError; tell makes the reply.
    """

    def answered(status: int | None) -> Outcome:
        before = modem.sim.changes
        answer = act() if status is None else CardAnswer(status=status)
        if modem.sim.changes == before:
            return tell(answer)
        return Pending(modem.keeping.store(), lambda done: tell(answer))

    return ask_card(modem, ins, file, answered)


# AT+CRSM.


def _restricted(modem: Modem, record: RestrictedAccess) -> Outcome:
    """Read or write a file of the card (AT+CRSM).

    Raises CommandError: INCORRECT_PARAMETERS; as Sim.require_card; where the file needs the PIN, as Sim.require.
    """
    data = _octets(record.data or "")
    path = _octets(record.path or "")
    if (record.command in (*_READS, *_UPDATES) and None in record[1:5]) or len(path) % 2:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    if record.command in _UPDATES and len(data) != record.p3:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    modem.sim.require_card()
    sequence = [int.from_bytes(path[at : at + 2]) for at in range(0, len(path), 2)]

    def act() -> CardAnswer:
        try:
            return _access(modem, record, data, sequence)
        except CardRefusal as refusal:
            return CardAnswer(status=refusal.status)

    def tell(answer: CardAnswer) -> Reply:
        high, low = divmod(answer.status, 256)
        return Reply((print_line("CRSM", high, low, answer.data.hex().upper() or None),))

    _require_pin(modem, record)
    return _ask(modem, record.command, record.fileid, act, tell)


def _require_pin(modem: Modem, record: RestrictedAccess) -> None:
    """Require the PIN for a file that is there and needs it. Raises CommandError: as Sim.require."""
    tree, name = modem.part(Uicc).tree, record.fileid
    reads = record.command in _READS
    if name in tree.identifiers and (record.command in _UPDATES or (reads and not tree.is_open(name or 0))):
        modem.sim.require()


def _access(modem: Modem, record: RestrictedAccess, data: bytes, path: list[int]) -> CardAnswer:
    """Do what is asked, with the file selected. Raises CardRefusal."""
    uicc, channel = modem.part(Uicc), LogicalChannel(Df.USIM)
    name = record.fileid
    start = Df.USIM if name is None else home_of(name)
    parameters = uicc.select(channel, [*path, *([] if name is None else [name])], start)
    if record.command == STATUS:
        parameters = uicc.tree.directory_parameters(channel.directory)
    le = record.p3 or 0
    if record.command in (GET_RESPONSE, STATUS):
        channel.waiting = parameters
        return uicc.run(channel, Apdu(0, GET_RESPONSE, 0, 0, le=le or len(parameters)))
    p1, p2 = record.p1 or 0, record.p2 or 0
    if record.command in _UPDATES:
        return uicc.run(channel, Apdu(0, record.command, p1, p2, data))
    if not le and channel.file is not None:  # all that there is
        file = uicc.tree.find(channel.file)
        le = file.record or min(max(len(file.content) - (p1 << 8 | p2), 0), 256)
    return uicc.run(channel, Apdu(0, record.command, p1, p2, le=le & 0xFF))


# AT+CSIM, AT+CGLA, AT+CCHO, AT+CCHC.


def _command_of(length: int, text: str) -> bytes:
    """Read a command to the card. Raises CommandError(INCORRECT_PARAMETERS): its length is another."""
    if length % 2 or length != len(text):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return _octets(text)


def _transmit(modem: Modem, name: str, number: int, octets: bytes) -> Outcome:
    """Pass a command on to the card, and its answer back."""
    uicc = modem.part(Uicc)
    file = uicc.file_of(number, octets)

    def act() -> CardAnswer:
        if number:
            _require_open(modem, number)  # another line may have closed it meanwhile
        return uicc.transmit(number, octets)

    def tell(answer: CardAnswer) -> Reply:
        text = answer.octets.hex().upper()
        return Reply((print_line(name, len(text), text),))

    return _ask(modem, int.from_bytes(octets[1:2]), file, act, tell)


def _generic(modem: Modem, record: GenericAccess) -> Outcome:
    """Send the card a command (AT+CSIM). Raises CommandError: INCORRECT_PARAMETERS; as Sim.require_card."""
    octets = _command_of(record.length, record.command)
    modem.sim.require_card()
    return _transmit(modem, "CSIM", 0, octets)


def _on_channel(modem: Modem, record: ChannelAccess) -> Outcome:
    """Send the card a command on a channel (AT+CGLA).

    Raises CommandError: INCORRECT_PARAMETERS, also of a channel that is not open; as Sim.require_card.
    """
    octets = _command_of(record.length, record.command)
    modem.sim.require_card()
    _require_open(modem, record.sessionid)
    return _transmit(modem, "CGLA", record.sessionid, octets)


def _open(modem: Modem, record: OpenChannel) -> Outcome:
    """Open a channel to an application (AT+CCHO).

    Raises CommandError: INCORRECT_PARAMETERS; as Sim.require_card; NOT_SUPPORTED, the card has no such application, or
    no channel that is free.
    """
    aid = _octets(record.dfname, _MOST_AID)
    modem.sim.require_card()
    opened: list[int | None] = []

    def act() -> CardAnswer:
        opened.append(modem.part(Uicc).open_application(aid))
        return CardAnswer()

    def tell(answer: CardAnswer) -> Reply:
        number = opened[0] if opened else None
        if number is None:
            raise CommandError(Cme.NOT_SUPPORTED)
        modem.intents.append(Tell("card", f"channel {number} open"))
        return Reply((b"%d" % number,))

    return _ask(modem, SELECT, None, act, tell)


def _close(modem: Modem, record: CloseChannel) -> Reply:
    """Close a channel (AT+CCHC). Raises CommandError: as Sim.require_card; INCORRECT_PARAMETERS, it is not open."""
    modem.sim.require_card()
    _require_open(modem, record.sessionid)
    del modem.part(Uicc).channels[record.sessionid]
    modem.intents.append(Tell("card", f"channel {record.sessionid} closed"))
    return Reply((b"+CCHC",))


def _require_open(modem: Modem, number: int) -> None:
    """Require a channel of the DTE's. Raises CommandError(INCORRECT_PARAMETERS)."""
    if not number or number not in modem.part(Uicc).channels:
        raise CommandError(Cme.INCORRECT_PARAMETERS)


# The state.


class ChannelInfo(NamedTuple):
    """A logical channel of the card: its application, and the file that is selected, in hex; "": none."""

    channel: int
    aid: str
    file: str


class CardInfo(NamedTuple):
    """The card. files: what each holds, in hex, by identifier; of long ones "" and of messages none."""

    files: dict[str, str]
    channels: tuple[ChannelInfo, ...]
    pin_tries: int
    puk_tries: int


def _state(modem: Modem) -> CardInfo | None:
    """Return the card as it is; None: there is none."""
    if not modem.sim.present:
        return None
    uicc = modem.part(Uicc)
    files = {name: uicc.tree.find(name).content for name in uicc.tree.identifiers if name != Ef.SMS}
    channels = sorted(uicc.channels.items())
    return CardInfo(
        files={
            f"{name:04X}": content.hex().upper() if len(content) <= _MANY else "" for name, content in files.items()
        },
        channels=tuple(
            ChannelInfo(
                channel=number,
                aid=channel.application.hex().upper(),
                file="" if channel.file is None else f"{channel.file:04X}",
            )
            for number, channel in channels
        ),
        pin_tries=modem.sim.pin_tries,
        puk_tries=modem.sim.puk_tries,
    )


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Action("CRSM", RestrictedAccess, _restricted),
        Action("CSIM", GenericAccess, _generic),
        Action("CCHO", OpenChannel, _open),
        Action("CCHC", CloseChannel, _close),
        Action("CGLA", ChannelAccess, _on_channel),
        Query("CPOL", PreferredOperator, read=tell_preferred, select=set_preferred),
        Setting(PREFERRED_LIST),
        Action("COPN", NoParameters, tell_names),
    ),
    tables=(OPERATORS,),
    shows={
        **dict.fromkeys(("CRSM", "CSIM", "CCHO", "CCHC", "CGLA"), ("card",)),
        **dict.fromkeys(("CPOL", "CPLS", "COPN"), ("operators",)),
    },
    state=(StateField("card", CardInfo | None, _state, None),),
)
