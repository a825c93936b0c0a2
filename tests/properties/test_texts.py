"""Texts from outside: any Unicode text is what independent libraries read from the PDUs that the DTE had."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO

import pytest
import serial
from gsmmodem.pdu import decodeSmsPdu
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from onemo import Hosted
from onemo.control.api import Control, endpoint_of
from onemo.control.endpoints import ApiRequest
from onemo.runtime.desk.sms import TEXT
from smspdudecoder.fields import SMSDeliver

GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0189:;<=>?¡AZÄÖÑÜ§¿azäöñüà^{}\\[~]|€"
_EXTENDED = "^{}\\[~]|€\f"
_LENGTH, _HEADER = 24, 7
"""Where the TP-UDL is in what 10086 sends, and the septets of the header of a part."""
_TOLD = re.compile(rb"\r\n\+CMT: ,(\d+)\r\n([0-9A-F]+)\r\n")


class Desk:
    """A module that tells its texts, and what is asked of it through the API."""

    def __init__(self, hosted: Hosted) -> None:
        self._hosted = hosted
        self._module = hosted.start("ML307R", name="relay")
        self._control = Control(hosted.lab.modules)
        self.port = serial.serial_for_url(self._module.url, timeout=10)
        for line in (b"ATE0\r", b"AT+CNMI=2,2\r"):
            self.port.write(line)
            assert self.port.read_until(b"\r\nOK\r\n").endswith(b"\r\nOK\r\n")

    def send(self, text: str) -> list[str]:
        """Send the module a text; return the PDUs that the DTE reads until no more comes of it."""
        request = ApiRequest({"name": "relay"}, {}, {"from": "10086", "text": text}, {})
        self._hosted.call(lambda: endpoint_of(TEXT).answer(self._control, request))
        self.port.write(b"AT\r")  # its answer is behind all of them
        read = self.port.read_until(b"\r\nOK\r\n")
        told = _TOLD.findall(read)
        assert _TOLD.sub(b"", read) == b"\r\nOK\r\n"
        assert all(len(pdu) // 2 - 9 == int(length) for length, pdu in told)
        return [pdu.decode() for _, pdu in told]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Hosted() as hosted:
        desk = Desk(hosted)
        with desk.port:
            yield desk


def read(pdu: str) -> tuple[str, tuple[int, int] | None]:
    """Read the text of a part, and its place: its number, and of how many."""
    if SMSDeliver.decode(StringIO(pdu))["dcs"]["encoding"] == "gsm":  # the other one reads fill bits as @, this § as `
        found = decodeSmsPdu(pdu)
        places = [(each.number, each.parts) for each in found.get("udh", [])]
        text = found["text"].replace("`", "§")
        septets = bytes.fromhex(pdu)[_LENGTH] - (_HEADER if places else 0)
        lost = septets - sum(2 if character in _EXTENDED else 1 for character in text)  # it drops an @ at the end
        return text + "@" * lost, places[0] if places else None
    data = SMSDeliver.decode(StringIO(pdu))["user_data"]
    header = data["header"]
    if header is None:
        return data["data"], None
    place = header["elements"][0]["data"]
    return data["data"], (place["part_number"], place["parts_count"])


@example(text="0@0000000" * 40)
@example(text="@" * 400)
@given(text=st.one_of(st.text(GSM), st.text()).flatmap(lambda text: st.integers(1, 60).map(lambda times: text * times)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_is_read_by_others(desk: Desk, text: str) -> None:
    parts = [read(pdu) for pdu in desk.send(text)]
    assert "".join(part for part, _ in parts) == text
    if len(parts) > 1:
        assert [place for _, place in parts] == [(number, len(parts)) for number in range(1, len(parts) + 1)]
    else:
        assert parts[0][1] is None
