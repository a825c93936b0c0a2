"""The card as commands reach it: logical channels, each with its directory and file, and the instructions (102.221)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from onemo.errors import MissingExtra
from onemo.families.card.apdu import Apdu, CardAnswer, CardRefusal, Instruction, Sw, tlv
from onemo.families.card.isdr import AID as ISDR_AID
from onemo.families.card.isdr import STORE_DATA, store_data
from onemo.families.card.milenage import Milenage, Stale, WrongMac, aes, authenticate
from onemo.families.card.pins import CardPins
from onemo.families.card.tree import CardFile, Df, Tree, home_of
from onemo.modem.cardaccess import tell_written
from onemo.modem.cardfiles import READ_BINARY, READ_RECORD, UPDATE_BINARY, UPDATE_RECORD
from onemo.modem.modem import Modem
from onemo.modem.part import Part

_log = logging.getLogger(__name__)

SELECT, GET_RESPONSE, STATUS = 0xA4, 0xC0, 0xF2
_VERIFY, _CHANGE, _DISABLE, _ENABLE, _UNBLOCK = 0x20, 0x24, 0x26, 0x28, 0x2C
_AUTHENTICATE, _MANAGE_CHANNEL = 0x88, 0x70
_TERMINAL_PROFILE, _FETCH, _TERMINAL_RESPONSE, _TERMINAL_CAPABILITY, _ENVELOPE = 0x10, 0x12, 0x14, 0xAA, 0xC2
_BY_ID, _BY_AID, _FROM_MF, _FROM_HERE = 0, 4, 8, 9
_NO_DATA, _RETURNS = 0x0C, (0x00, 0x04)
"""Of P2 of SELECT: nothing, or the parameters."""
_NEXT, _PREVIOUS, _ABSOLUTE = 2, 3, 4
"""The modes of READ RECORD and UPDATE RECORD: P1 is the number in the last."""
_SHORT_ID, _SHORT_IDS = 0x80, range(1, 31)
"""Of P1 of READ BINARY and UPDATE BINARY: it is a short identifier."""
_OF_USIM = 0x81
"""P2 of AUTHENTICATE: the context of UMTS."""
_CHALLENGE = 34


@dataclass
class LogicalChannel:
    """A channel: the application that is selected on it, its directory, its file, and an answer that waits.

    record: the file's current one, from 1; 0: there is none yet.
    """

    directory: Df = Df.MF
    application: bytes = b""
    file: int | None = None
    record: int = 0
    waiting: bytes = b""

    def choose(self, directory: Df, file: int | None) -> None:
        """Select a directory, or a file in it."""
        self.directory, self.file, self.record = directory, file, 0


class Uicc(Part):
    """The card of one boot cycle. channels: those that are open, by number; 0 is the module's own."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self.tree = Tree(device)
        self.usim = bytes.fromhex(device.profile.card.usim)
        self._pins = CardPins(device)
        self._resets = -1
        self._channels: dict[int, LogicalChannel] = {}
        self._shared: Mapping[int, Instruction] = {
            _VERIFY: self._pins.verify,
            _CHANGE: self._pins.change,
            _DISABLE: self._pins.disable,
            _ENABLE: self._pins.enable,
            _UNBLOCK: self._pins.unblock,
            _TERMINAL_CAPABILITY: _done,
            _TERMINAL_PROFILE: _done,
            _TERMINAL_RESPONSE: _done,
            _ENVELOPE: _done,
            _FETCH: _nothing_to_fetch,
        }

    @property
    def channels(self) -> dict[int, LogicalChannel]:
        """The channels that are open; a reset of the card closes all but its own."""
        if self._resets != self._device.sim.resets:
            self._resets = self._device.sim.resets
            self._channels = {0: LogicalChannel(Df.USIM, self.usim)}
        return self._channels

    # Channels.

    def open(self) -> int | None:
        """Open the lowest channel that is free; None: there is none."""
        number = next((n for n in range(1, self._device.profile.card.channels + 1) if n not in self.channels), None)
        if number is not None:
            self.channels[number] = LogicalChannel()
        return number

    def open_application(self, aid: bytes) -> int | None:
        """Open a channel with an application selected; None: there is no channel, or no such application."""
        number = self.open()
        if number is None:
            return None
        try:
            self._select_application(self.channels[number], aid)
        except CardRefusal:
            del self.channels[number]
            return None
        return number

    # Commands.

    def transmit(self, number: int, octets: bytes) -> CardAnswer:
        """Carry out whatever comes on a channel that is open, as the card answers it."""
        try:
            apdu = Apdu.of(octets)
            if not apdu.is_known:
                raise CardRefusal(Sw.CLASS)
            if apdu.channel != number:
                raise CardRefusal(Sw.NO_CHANNEL)
            return self.run(self.channels[number], apdu)
        except CardRefusal as refusal:
            return CardAnswer(status=refusal.status)

    def file_of(self, number: int, octets: bytes) -> int | None:
        """Return the file that a command on a channel is about; None: none that is known."""
        if len(octets) < 4:
            return None
        channel, (ins, p1, p2) = self.channels[number], octets[1:4]
        if ins == SELECT and len(octets) == 7:
            return int.from_bytes(octets[5:7])
        short = _short_of(ins, p1, p2)
        try:
            return self.tree.named_short(channel.directory, short).identifier if short else channel.file
        except CardRefusal:
            return None

    def run(self, channel: LogicalChannel, apdu: Apdu) -> CardAnswer:
        """Carry a command out. Raises CardRefusal."""
        waiting, channel.waiting = channel.waiting, b""
        if apdu.ins == GET_RESPONSE:
            return self._get_response(channel, apdu, waiting)
        if apdu.ins == SELECT:
            return self._select(channel, apdu)
        if apdu.ins == _MANAGE_CHANNEL:
            return self._manage(apdu)
        if channel.application == ISDR_AID:
            if apdu.ins != STORE_DATA:
                raise CardRefusal(Sw.INSTRUCTION)
            return _later(channel, store_data(self._device, apdu))
        if apdu.ins in self._shared:
            return self._shared[apdu.ins](apdu)
        return self._on_file(channel, apdu)

    def _on_file(self, channel: LogicalChannel, apdu: Apdu) -> CardAnswer:
        if apdu.ins == STATUS:
            return self._status(channel, apdu)
        if apdu.ins == _AUTHENTICATE:
            return self._authenticate(channel, apdu)
        if apdu.ins in (READ_BINARY, UPDATE_BINARY):
            return self._binary(channel, apdu)
        if apdu.ins in (READ_RECORD, UPDATE_RECORD):
            return self._record(channel, apdu)
        raise CardRefusal(Sw.INSTRUCTION)

    def _get_response(self, channel: LogicalChannel, apdu: Apdu, waiting: bytes) -> CardAnswer:
        if apdu.p1 or apdu.p2:
            raise CardRefusal(Sw.P1_P2)
        if not waiting:
            raise CardRefusal(Sw.CONDITIONS)
        channel.waiting = waiting
        answer = apdu.up_to(waiting)
        channel.waiting = waiting[len(answer.data) :]
        return answer._replace(status=Sw.MORE | len(channel.waiting)) if channel.waiting else answer

    # SELECT and STATUS.

    def _select(self, channel: LogicalChannel, apdu: Apdu) -> CardAnswer:
        if apdu.p2 not in (_NO_DATA, *_RETURNS):
            raise CardRefusal(Sw.P1_P2)
        if apdu.p1 == _BY_AID:
            parameters = self._select_application(channel, apdu.data)
        elif apdu.p1 in (_BY_ID, _FROM_MF, _FROM_HERE):
            if len(apdu.data) % 2 or not apdu.data or (apdu.p1 == _BY_ID and len(apdu.data) != 2):
                raise CardRefusal(Sw.LENGTH)
            path = [int.from_bytes(apdu.data[at : at + 2]) for at in range(0, len(apdu.data), 2)]
            parameters = self.select(channel, path, Df.MF if apdu.p1 == _FROM_MF else channel.directory)
        else:
            raise CardRefusal(Sw.P1_P2)
        return CardAnswer() if apdu.p2 == _NO_DATA else _later(channel, parameters)

    def select(self, channel: LogicalChannel, path: list[int], start: Df) -> bytes:
        """Select what a path leads to; return its parameters. Raises CardRefusal(NO_FILE), and nothing is changed."""
        directory, file = start, None
        for place, identifier in enumerate(path):
            if identifier in (Df.MF, Df.USIM):
                directory = Df(identifier)
            elif place != len(path) - 1 or directory is not home_of(identifier):
                raise CardRefusal(Sw.NO_FILE)
            else:
                file = self.tree.find(identifier)
        if channel.application == ISDR_AID or directory is Df.USIM:
            channel.application = self.usim
        channel.choose(directory, None if file is None else file.identifier)
        return self.tree.directory_parameters(directory) if file is None else self.tree.file_parameters(file)

    def _select_application(self, channel: LogicalChannel, aid: bytes) -> bytes:
        """Select an application by how its AID begins; return its parameters. Raises CardRefusal(NO_FILE)."""
        if len(aid) >= 5 and self.usim.startswith(aid):
            channel.choose(Df.USIM, None)
            channel.application = self.usim
            return self.tree.directory_parameters(Df.USIM)
        if len(aid) >= 5 and self._device.profile.card.eid and ISDR_AID.startswith(aid):
            channel.choose(Df.MF, None)
            channel.application = ISDR_AID
            return tlv(0x6F, tlv(0x84, ISDR_AID))
        raise CardRefusal(Sw.NO_FILE)

    def _status(self, channel: LogicalChannel, apdu: Apdu) -> CardAnswer:
        if apdu.p1 > 2 or apdu.p2 not in (0, 1, _NO_DATA):
            raise CardRefusal(Sw.P1_P2)
        if apdu.p2 == _NO_DATA:
            return CardAnswer()
        aid = apdu.p2 == 1
        return apdu.exactly(
            tlv(0x84, channel.application) if aid else self.tree.directory_parameters(channel.directory)
        )

    def _manage(self, apdu: Apdu) -> CardAnswer:
        if apdu.p1 == 0 and apdu.p2 == 0:
            if apdu.le != 1:
                raise CardRefusal(Sw.EXACT | 1)
            number = self.open()
            if number is None:
                raise CardRefusal(Sw.NOT_SUPPORTED)
            return CardAnswer(bytes((number,)))
        if apdu.p1 != 0x80:
            raise CardRefusal(Sw.P1_P2)
        if not apdu.p2 or self.channels.pop(apdu.p2, None) is None:
            raise CardRefusal(Sw.NO_CHANNEL if apdu.p2 else Sw.P1_P2)
        return CardAnswer()

    # Files.

    def _current(self, channel: LogicalChannel, short: int, *, records: bool) -> CardFile:
        """Return the file that is selected, or is from now on. short: its short identifier, 0: it is selected."""
        if short:
            channel.choose(channel.directory, self.tree.named_short(channel.directory, short).identifier)
        if channel.file is None:
            raise CardRefusal(Sw.NO_FILE_SELECTED)
        file = self.tree.find(channel.file)
        if bool(file.record) is not records:
            raise CardRefusal(Sw.NOT_FOR_FILE)
        return file

    def _require(self, file: CardFile, *, writing: bool) -> None:
        """Require the right to a file. Raises CardRefusal(SECURITY)."""
        if writing and not self.tree.is_updated(file.identifier):
            raise CardRefusal(Sw.SECURITY)
        if not self._device.sim.entered and (writing or not self.tree.is_open(file.identifier)):
            raise CardRefusal(Sw.SECURITY)

    def _binary(self, channel: LogicalChannel, apdu: Apdu) -> CardAnswer:
        writing, short = apdu.ins == UPDATE_BINARY, _short_of(apdu.ins, apdu.p1, apdu.p2)
        if apdu.p1 & _SHORT_ID and short not in _SHORT_IDS:
            raise CardRefusal(Sw.P1_P2)
        file = self._current(channel, short, records=False)
        self._require(file, writing=writing)
        offset, content = apdu.p2 if short else apdu.p1 << 8 | apdu.p2, file.content
        if offset >= len(content):
            raise CardRefusal(Sw.OFFSET)
        if not writing:
            return apdu.up_to(content[offset : offset + 256])
        end = offset + len(apdu.data)
        if not apdu.data or end > len(content):
            raise CardRefusal(Sw.LENGTH)
        return self._write(file, content[:offset] + apdu.data + content[end:])

    def _record(self, channel: LogicalChannel, apdu: Apdu) -> CardAnswer:
        writing = apdu.ins == UPDATE_RECORD
        short, mode = _short_of(apdu.ins, apdu.p1, apdu.p2), apdu.p2 & 7
        if mode not in (_NEXT, _PREVIOUS, _ABSOLUTE) or (mode != _ABSOLUTE and apdu.p1):
            raise CardRefusal(Sw.P1_P2)
        file = self._current(channel, short, records=True)
        self._require(file, writing=writing)
        records = file.records
        number = self._number(channel, mode, apdu.p1, len(records))
        if writing and len(apdu.data) != file.record:
            raise CardRefusal(Sw.LENGTH)
        answer = CardAnswer() if writing else apdu.exactly(records[number - 1])
        if mode != _ABSOLUTE:
            channel.record = number
        if not writing:
            return answer
        records[number - 1] = apdu.data
        return self._write(file, b"".join(records))

    def _number(self, channel: LogicalChannel, mode: int, number: int, count: int) -> int:
        """Return the number of the record that is meant (102.221 11.1.5). Raises CardRefusal(NO_RECORD)."""
        current = channel.record
        if mode == _NEXT:
            number = current + 1
        elif mode == _PREVIOUS:
            number = current - 1 if current else count
        found = number or (current if mode == _ABSOLUTE else 0)
        if not 1 <= found <= count:
            raise CardRefusal(Sw.NO_RECORD)
        return found

    def _write(self, file: CardFile, content: bytes) -> CardAnswer:
        self.tree.write(file.identifier, content)
        tell_written(self._device, file.identifier)
        return CardAnswer()

    # AUTHENTICATE (31.102 7.1).

    def _authenticate(self, channel: LogicalChannel, apdu: Apdu) -> CardAnswer:
        sim, data = self._device.sim, apdu.data
        if channel.application != self.usim:
            raise CardRefusal(Sw.CONDITIONS)
        if apdu.p1 or apdu.p2 != _OF_USIM:
            raise CardRefusal(Sw.P1_P2)
        if len(data) != _CHALLENGE or data[0] != 16 or data[17] != 16:
            raise CardRefusal(Sw.LENGTH if len(data) != _CHALLENGE else Sw.DATA)
        if not sim.entered:
            raise CardRefusal(Sw.SECURITY)
        card = self._device.profile.card
        try:
            cipher = aes(bytes.fromhex(card.k))
        except MissingExtra as error:
            _log.warning("%s", error)
            raise CardRefusal(Sw.FAILURE) from None
        functions = Milenage(cipher, bytes.fromhex(card.opc), data[1:17])
        try:
            result, sqn = authenticate(functions, data[18:], sim.card.sqn)
        except WrongMac:
            raise CardRefusal(Sw.MAC) from None
        if isinstance(result, Stale):
            return _later(channel, tlv(0xDC, result.auts))
        sim.advance(sqn)
        parts = (result.res, result.ck, result.ik, result.kc)
        return _later(channel, b"\xdb" + b"".join(bytes((len(part),)) + part for part in parts))


def _short_of(ins: int, p1: int, p2: int) -> int:
    """Return the short identifier of a file that a command names; 0: none (102.221 11.1.3 to 11.1.6)."""
    if ins in (READ_BINARY, UPDATE_BINARY):
        return p1 ^ _SHORT_ID if p1 & _SHORT_ID else 0
    return p2 >> 3 if ins in (READ_RECORD, UPDATE_RECORD) else 0


def _later(channel: LogicalChannel, data: bytes) -> CardAnswer:
    """Keep data until GET RESPONSE asks for it (102.221 7.3.1.1.5)."""
    channel.waiting = data
    return CardAnswer(status=Sw.MORE | len(data) & 0xFF)


def _done(apdu: Apdu) -> CardAnswer:
    return CardAnswer()


def _nothing_to_fetch(apdu: Apdu) -> CardAnswer:
    """Tell that no command of the card waits. Raises CardRefusal(CONDITIONS)."""
    raise CardRefusal(Sw.CONDITIONS)
