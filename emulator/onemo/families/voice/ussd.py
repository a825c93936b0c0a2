"""USSD: codes that the module sends to the network, and what that answers (27.007 7.15)."""

from __future__ import annotations

import math
import re
from enum import IntEnum
from typing import NamedTuple

from onemo.at.command import print_line
from onemo.at.params import Defaulted, MaybeText, Required
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.families.voice.profile import VOICE
from onemo.modem.console import Console
from onemo.modem.intents import Tell
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.modem.slots import CHARACTER_SET


class UssdStatus(IntEnum):
    """<m> of +CUSD."""

    NOTHING_MORE = 0
    NOT_SUPPORTED = 4
    TIMED_OUT = 5


class UssdRequest(NamedTuple):
    """AT+CUSD. n: 0 tells no answers, 1 tells them, 2 ends what goes on; code: for the network, dcs: its coding."""

    n: Required
    code: MaybeText
    dcs: Defaulted


_ENDS = 2
_IN_QUOTES = re.compile(r"[ !#-_a-~]*")
"""The characters of the GSM alphabet that are the same in ASCII and may stand in quotes."""
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_HEX_SETS = {"UCS2": "utf-16-be", "HEX": "ascii"}
"""The values of AT+CSCS with which texts are in hex, and what that means."""
_UCS2 = _HEX_SETS["UCS2"]


class Ussd(Part):
    """The USSD of one boot cycle: one code at a time. tells: whether answers are told (AT+CUSD=1)."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self.tells = False
        self._code: str | None = None
        self._console = device.first
        """The console that sent the code."""

    def send(self, code: str) -> None:
        """Send a code to the network, which answers later. Raises CommandError.

        NO_NETWORK: not registered; NOT_ALLOWED: one is on its way; as Sim.require.
        """
        device = self._device
        device.sim.require()
        device.radio.require()
        if self._code is not None:
            raise CommandError(Cme.NOT_ALLOWED)
        self._code, self._console = code, device.console
        self.deadline = device.now + device.profile.table(VOICE).ussd_time

    def cancel(self) -> None:
        """Want no answer to the code that is on its way any more."""
        self._code, self.deadline = None, math.inf

    def tell(self, text: str, console: Console | None = None) -> None:
        """Tell a text of the network, if texts are to be told. console: whose code it answers; None: the first.

        A DTE that does not read has no more of them than there is room for.
        """
        device, table = self._device, self._device.profile.table(VOICE)
        device.intents.append(Tell("ussd", f"from the network: {text}"))
        if not self.tells:
            return
        if _IN_QUOTES.fullmatch(text) and character_set(device) not in _HEX_SETS:
            line = print_line("CUSD", int(UssdStatus.NOTHING_MORE), text, table.ussd_dcs)
        else:
            in_hex = text.encode(_UCS2).hex().upper()
            line = print_line("CUSD", int(UssdStatus.NOTHING_MORE), in_hex, table.ussd_hex_dcs)
        device.notify_on(console or device.first, line, droppable=True)

    # Part.

    def on_deadline(self, now: float) -> None:
        code, device = self._code, self._device
        assert code is not None
        self.cancel()
        text = device.cell.ussd.get(code) or device.profile.table(VOICE).ussd.get(code)
        if text is None:
            self._fail(UssdStatus.NOT_SUPPORTED)
        else:
            self.tell(text, self._console)

    @property
    def busy(self) -> bool:
        return self._code is not None

    def network_lost(self) -> None:
        if self._code is not None:
            self.cancel()
            self._fail(UssdStatus.TIMED_OUT)

    def _fail(self, status: UssdStatus) -> None:
        if self.tells:
            self._device.notify_on(self._console, print_line("CUSD", int(status)))


def read(modem: Modem) -> Reply:
    """Tell whether answers are told (AT+CUSD?)."""
    return Reply((print_line("CUSD", int(modem.part(Ussd).tells)),))


def request(modem: Modem, record: UssdRequest) -> Reply:
    """Send a code, or set whether answers are told, or want none any more (AT+CUSD=).

    Raises CommandError: INCORRECT_PARAMETERS, a code that is none in its coding; as Ussd.send.
    """
    ussd = modem.part(Ussd)
    if record.n == _ENDS:
        ussd.cancel()
        return DONE
    if record.code is not None:
        code = _decoded(modem, record.code, record.dcs)
        ussd.send(code)
        modem.intents.append(Tell("ussd", f"to the network: {code}"))
    ussd.tells = bool(record.n)
    return DONE


def _decoded(modem: Modem, code: str, dcs: int) -> str:
    """Return a code in plain characters. Raises CommandError(INCORRECT_PARAMETERS)."""
    coding = _UCS2 if dcs == modem.profile.table(VOICE).ussd_hex_dcs else _HEX_SETS.get(character_set(modem))
    if coding is not None and _HEX.fullmatch(code):
        try:
            return bytes.fromhex(code).decode(coding)
        except UnicodeDecodeError as error:
            raise CommandError(Cme.INCORRECT_PARAMETERS) from error
    if coding is not None or not code:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return code


def character_set(modem: Modem) -> str:
    """Return the character set of AT+CSCS; of a model without that, the only one that it has."""
    return modem.settings.get(CHARACTER_SET).chset if modem.has(CHARACTER_SET.name) else "IRA"


def network_text(modem: Modem, text: str) -> None:
    """Let the network send a text of its own; a model without USSD does not hear it, nor one without a network."""
    if modem.has("CUSD") and modem.registered:
        modem.part(Ussd).tell(text)
