"""Files of earlier versions still open: NV and a lab as 0.1.0 wrote and read them, in tests/kept.

They are never made anew; a version that keeps more adds files of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import termios
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import serial

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT
from tests.e2e.peers import Peers, port_of
from tests.e2e.test_lab import StartedLab

KEPT = Path(__file__).resolve().parents[1] / "kept"
EVERY = {
    "AT+CMEE?": ["+CMEE: 2"],
    "ATX": [],
    "AT+CPIN?": ["+CPIN: SIM PIN"],
    'AT+CPIN="1234"': ["+CME ERROR: incorrect password"],
    'AT+CPIN="4321"': [],
    'AT+CLCK="SC",2': ["+CLCK: 1"],
    "AT+CGDCONT?": [
        '+CGDCONT: 1,"IPV4V6","",,0,0,,,,',
        '+CGDCONT: 2,"IP","iot.example",,0,0,,,,',
        '+CGDCONT: 3,"IPV6","six.example",,0,0,,,,',
    ],
    "AT+CGAUTH?": ["+CGAUTH: 1,0", '+CGAUTH: 2,1,"user"', '+CGAUTH: 3,2,"other"'],
    "AT+IPR?": ["+IPR: 9600"],
    'AT+MLPMCFG="sleepind"': ['+MLPMCFG: "sleepind",2'],
    'AT+MLPMCFG="sleepmode"': ['+MLPMCFG: "sleepmode",2'],
    'AT+MLPMCFG="delaysleep"': ['+MLPMCFG: "delaysleep",77'],
}
CAT1 = {
    'AT+MUECONFIG="autoconn"': ['+MUECONFIG: "autoconn",0'],
    "AT+MSSLLIST=1": ['+MSSLLIST: "ca.pem",59'],
    "AT+MSSLLIST=2": ['+MSSLLIST: "key.pem",59'],
    'AT+MSSLCHECK="ca.pem"': ["+MSSLCHECK: 0a08cfc1decdbfe626537596c71556e0"],
}
NB = {
    "AT+CPSMS?": ['+CPSMS: 1,,,"00100001","00000101"'],
    "AT+CEDRXS?": ['+CEDRXS: 5,"0101"'],
    'AT+MDNSCFG="ip"': ['+MDNSCFG: "ip","192.0.2.53","192.0.2.54"'],
    'AT+MDNSCFG="ipv6"': ['+MDNSCFG: "ipv6","2001:DB8::53","2001:4860:4860::8888"'],
    'AT+MDNSCFG="priority"': ['+MDNSCFG: "priority",0'],
    'AT+MDNSCFG="timeout"': ['+MDNSCFG: "timeout",7,8'],
}
INDEXED = {
    "AT+CTZR?": ["+CTZR: 1"],
    "AT+CTZU?": ["+CTZU: 0"],
    'AT+MIPCFG="timeout",1': ['+MIPCFG: "timeout",1,9'],
    'AT+MIPCFG="encoding",0': ['+MIPCFG: "encoding",0,1,1'],
    'AT+MIPCFG="encoding",3': ['+MIPCFG: "encoding",3,2,1'],
    'AT+MIPCFG="autofree",1': ['+MIPCFG: "autofree",1,1'],
    'AT+MIPCFG="rcvbuf",1': ['+MIPCFG: "rcvbuf",1,4096'],
    'AT+MIPCFG="cid",1': ['+MIPCFG: "cid",1,1'],
    'AT+MIPCFG="ssl",1': ['+MIPCFG: "ssl",1,1,5'],
    "AT+MIPTKA=1": ["+MIPTKA: 1,1,60,30,3"],
    'AT+MSSLCFG="auth",5': ['+MSSLCFG: "auth",5,1'],
    'AT+MSSLCFG="cert",5': ['+MSSLCFG: "cert",5,"ca.pem","NULL","NULL"'],
    'AT+MSSLCFG="version",5': ['+MSSLCFG: "version",5,3'],
    'AT+MSSLCFG="negotime",2': ['+MSSLCFG: "negotime",2,60'],
    'AT+MSSLCFG="ignorestamp",5': ['+MSSLCFG: "ignorestamp",5,0'],
}


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("ML307R", {**EVERY, **CAT1}),
        ("MN316", {**EVERY, **NB}),
        ("KEEPER", {**EVERY, **CAT1, **INDEXED}),
    ],
)
def test_an_nv_still_opens(start: Start, tmp_path: Path, model: str, told: dict[str, list[str]]) -> None:
    """KEEPER is a profile of somebody's own: it keeps settings of each connect_id and ssl_id as well."""
    file = tmp_path / "nv.json"
    shutil.copy(KEPT / f"nv-{model.lower()}.json", file)
    before = json.loads(file.read_text())["settings"]
    module = start(model, "--nv", str(file), "--profiles", str(KEPT / "profiles"))
    with module.dte() as dte:
        dte.line("AT")  # its echo is off, as AT&W stored
        dte.until(rb"\A(\r\n\+MATREADY\r\n)?\r\nOK\r\n")
        for command, lines in told.items():
            refused = lines and lines[-1].startswith("+CME ERROR")
            dte.ask(command, *lines, *([] if refused else ["OK"]))
            if model == "KEEPER" and command == 'AT+CPIN="4321"':
                dte.until(rb"\A\r\n\+CTZV: \+32\r\n")  # registered at once
        dte.ask('AT+MLPMCFG="delaysleep",78', "OK")
    assert module.stderr() == "", "nothing was refused"
    after = json.loads(file.read_text())["settings"]
    assert after == {**before, "MLPMCFG.delaysleep": {"delay_sleep": 78}}, "secrets too, which no command tells"


# pyserial calls Thread.setDaemon and setName where it speaks RFC 2217.
@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_a_lab_still_opens(tmp_path: Path, peers: Peers) -> None:
    """And each of its keys still has its effect."""
    shutil.copytree(KEPT, tmp_path / "kept")
    folder, listener = tmp_path / "kept", peers.tcp()
    for name in ("ports", "traces"):
        (folder / name).mkdir()
    board, uart = os.openpty()
    file = folder / "lab.toml"
    content = file.read_text().replace("/dev/ttyUSB0", os.ttyname(uart)).replace("40000", str(port_of(listener)))
    file.write_text(content)
    with ExitStack() as stack:
        stack.callback(os.close, board)
        stack.callback(os.close, uart)
        lab = stack.enter_context(StartedLab([str(file)], tmp_path / "stderr")).wait_all()
        assert lab.lines[-1] == {"ready": 7, "failed": []}
        models = {name: ready["model"] for name, ready in lab.modules.items()}
        assert models == {"meter-007": "MN316", "meter-008": "MN316", "numbers": "KEEPER", "bare": "ML307R",
                          "board": "ML307R", "ML305U-1": "ML305U", "ML305U-2": "ML305U"}  # fmt: skip
        check_meter(lab, folder, lambda: peers.accept(listener).getpeername()[0])
        check_numbers(lab)
        check_bare(lab)
        assert termios.tcgetattr(uart)[4] == termios.B9600
        with lab.of("ML305U-1") as dte:
            dte.ask("AT+CSQ", "+CSQ: 1,A", "ERROR")
        lab.signal(signal.SIGTERM)
    assert '"event": "opened", "connect_id": 0' in (folder / "traces/7.jsonl").read_text()
    told = lab.stderr()
    assert "meter-007: the seed of the faults was 18446744073709551615" in told
    assert "meter-007: fault registration-lost after=900s for_seconds=3s: never fired" in told
    assert "ML305U-2: fault urc-delay seconds=2s urc=MIPOPEN module=ml305u times=1: never fired" in told
    assert "ML305U-1: fault command-answer line='+CSQ: 1,A' command=CSQ times=1: fired once" in told
    assert "numbers: fault sim-remove module=NUMBERS after=900.5s for_seconds=0.2s: " in told


def ask(url: str, command: str, *answer: str) -> None:
    """A command at a port of any kind, and the lines of its answer; what comes before it does not matter."""
    expected = b"".join(b"\r\n" + line.encode() + b"\r\n" for line in answer)
    with serial.serial_for_url(url, timeout=WAIT) as port:
        port.write(command.encode() + b"\r")
        assert port.read_until(expected).endswith(expected)


def check_meter(lab: StartedLab, folder: Path, peer: Callable[[], str]) -> None:
    """Its line, NV, network, clock."""
    ready = lab.modules["meter-007"]
    assert ready["link"] == str(folder / "ports/meter-007")
    assert os.readlink(ready["link"]) == ready["port"]
    assert stat.S_IMODE(os.stat(ready["port"]).st_mode) == 0o660
    with lab.of("meter-007") as dte:
        dte.ask('AT+MIPOPEN=0,"TCP","meter.example",80', "OK", "+MIPOPEN: 0,0")
        assert peer() == "127.0.0.5"
        for number, (address, port) in enumerate([("192.0.2.1", 9), ("a.bad.example", 7), ("a.direct.example", 7)], 1):
            dte.ask(f'AT+MIPOPEN={number},"TCP","{address}",{port}', "OK", f"+MIPOPEN: {number},1")
        dte.ask('AT+MDNSGIP="one.kept.example"', "OK", '+MDNSGIP: "one.kept.example","198.18.7.8"')
        dte.ask('AT+MDNSCFG="priority",0', "OK")
    assert json.loads((folder / "state/meter-007.json").read_text())["settings"]
    with lab.of("meter-008") as dte:
        dte.line("AT+CCLK?")
        dte.until(rb"\+CCLK: \d\d/\d\d/\d\d,\d\d:\d\d:\d\d\+04\r\n")


def check_numbers(lab: StartedLab) -> None:
    """Who it is, and its card."""
    url = lab.modules["numbers"]["port"]
    assert url.startswith("socket://127.0.0.1:")
    ask(url, "AT+CPIN?", "+CPIN: SIM PIN", "OK")
    ask(url, 'AT+CPIN="4321"', "OK")
    ask(url, "AT+CGSN=1", "+CGSN: 123456789012345", "OK")
    ask(url, "AT+CIMI", "460031234567890", "OK")
    ask(url, "AT+ICCID", "+ICCID: 89860012345678901234", "OK")
    ask(url, "AT+CGMR", "R-01", "OK")


def check_bare(lab: StartedLab) -> None:
    """A module without a card."""
    url = lab.modules["bare"]["port"]
    assert url.startswith("rfc2217://")
    ask(url, "AT+CPIN?", "+CME ERROR: 10")
