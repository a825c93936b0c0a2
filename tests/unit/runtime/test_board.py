"""The board from outside: pins, lights, cells and the place in Python, what lasts, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from onemo import Hosted
from onemo.errors import FaultError, UsageError
from onemo.runtime.hosted import HostedModule


@pytest.fixture
def lab() -> Iterator[Hosted]:
    with Hosted() as hosted:
        yield hosted


def asked(module: HostedModule, line: str) -> str:
    """Type a line; return what is read up to OK."""
    with serial.serial_for_url(module.url, timeout=10) as port:
        port.write(f"{line}\r".encode())
        return port.read_until(b"\r\nOK\r\n").decode()


def test_what_the_firmware_does_to_pins_and_lights(lab: Hosted) -> None:
    module = lab.start("ML307G")
    asked(module, "AT+MGPIO=0,2")
    module.trace.wait_for("pin 0 high")
    assert (module.pin(0).level, module.pin(0).info.direction, module.pin(0).info.own) == (1, "out", 1)
    module.pin(0).drive(0)
    assert (module.pin(0).level, module.pin(0).info.world) == (1, 0)
    module.pin(1).drive(1)
    assert module.pin(1).level == 1
    module.pin(1).release()
    assert module.pin(1).level == 0
    assert module.board.lights == ("100/1900", "off")
    asked(module, "AT+MLED=0,0;+MLED=1,1")
    assert module.board.lights == ("off", "on")
    asked(module, "AT+MPWMDATA=0,3,50")
    asked(module, "AT+MPWMCTRL=0,1")
    (wave,) = module.board.pwm
    assert (wave.on, wave.waves) == (True, ((5.12, 50),))
    assert module.board.state_pin == 1
    module.power_off()
    assert module.board.state_pin == 0
    assert module.board.lights == ("off", "off")


def test_what_is_not_there_is_refused(lab: Hosted) -> None:
    module = lab.start("ML307R")
    with pytest.raises(FaultError, match="ML307R-DC has pins 0, 1, 2, 3"):
        module.pin(7).drive(1)
    with pytest.raises(UsageError, match="there is no pin 7; there are 0, 1, 2, 3"):
        module.pin(7).level  # noqa: B018
    with pytest.raises(FaultError, match="ML307R-DC has channels 0, 1"):
        module.happen("adc", channel=2, mv=1)
    with pytest.raises(FaultError, match="earfcn 600 is in no band; there are B1 0-599"):
        module.happen("cell", earfcn=600)
    with pytest.raises(FaultError, match="no cell of band 7"):
        module.happen("handover", band=7)
    with pytest.raises(FaultError, match="rssi is -127"):
        module.happen("wifi", points="02A1B2C3D405,-500,6")
    with pytest.raises(FaultError, match="points="):
        module.happen("wifi", points="nonsense")
    with pytest.raises(FaultError, match="text="):
        module.happen("place", lon=1, lat=2, text='a "quote"')
    with pytest.raises(FaultError, match="out of range"):
        module.happen("place", lon=181, lat=2)
    for number in range(100):
        try:
            module.happen("cell", earfcn=1300, pci=number, beside="yes")
        except FaultError as error:
            assert "there are 64 cells already" in str(error)  # noqa: PT017
            break
    assert len(module.board.cells) == 64
    other = lab.start("ML305A")
    with pytest.raises(FaultError, match="ML305A-DC has no pins"):
        other.happen("pin", id=0, level=1)


def test_cells(lab: Hosted) -> None:
    module = lab.start("ML307R")
    assert [cell.earfcn for cell in module.board.cells if cell.serving] == [1300]
    module.happen("handover", band=8)
    assert [cell.earfcn for cell in module.board.cells if cell.serving] == [3684]
    asked(module, "AT+MLOCKFREQ=1,2452")
    module.trace.wait_for("lock on 2452 pci any")
    assert module.board.search.lock == 0
    asked(module, "AT+COPS=0")
    assert (module.board.search.lock, module.board.search.locked_to) == (1, ((2452, None),))
    with pytest.raises(FaultError, match="rule it out"):
        module.happen("handover", band=8)


def test_the_place_and_the_air_last_where_they_are_kept(lab: Hosted, tmp_path: Path) -> None:
    module = lab.start("ML307R", nv=tmp_path / "nv")
    module.happen("place", lon=-0.1, lat=51.5)
    module.happen("wifi", points="02A1B2C3D405,-50,6", keep="yes")
    assert module.board.place.longitude == -0.1
    module.stop()
    module = lab.start("ML307R", nv=tmp_path / "nv")
    assert module.board.place.longitude == 106.4989933
    assert module.board.wifi == (("02A1B2C3D405", -50, 6, ""),)
    module.happen("wifi-back")
    module.happen("place", lon=-0.1, lat=51.5, keep="yes")
    module.stop()
    module = lab.start("ML307R", nv=tmp_path / "nv")
    assert module.board.place.longitude == -0.1
    assert len(module.board.wifi) == 3


def test_data_on_a_connection_is_told_and_counted(lab: Hosted) -> None:
    module = lab.start("MN316", sandbox=True)
    asked(module, "AT+CSCON=1")
    asked(module, 'AT+MIPOPEN=0,"UDP","sandbox",7')
    module.trace.wait_for("< +MIPOPEN: 0,0")
    asked(module, 'AT+MIPSEND=0,,"abc"')
    module.trace.wait_for("< +CSCON: 1")
    module.trace.wait_for('< +MIPURC: "rudp"')
    module.trace.wait_for("< +CSCON: 0")
    assert '+MUESTATS: "bler",0,0,0,0,3,3,1,1,0,1\r\n' in asked(module, 'AT+MUESTATS="bler"')
