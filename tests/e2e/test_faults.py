"""--fault, --seed and --scenario: each kind of fault of commands, URCs and events, seen by a client of the port."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from onemo.faults.kind import Layer
from onemo.faults.kinds import KINDS

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, Dte
from tests.e2e.started import ROOT, Started

OPEN = 'AT+MIPOPEN={},"TCP","any.example.com",7'
HEY = '+MIPURC: "rtcp",0,3,hey'
COMMANDS_AND_URCS = (
    "command-answer command=CSQ cme=552 times=1",
    "command-delay command=CGMM seconds=300ms times=1",
    "command-silence command=CGMI times=1",
    "urc-inject command=CIMI at=before-answer text='+X: 1' times=1",
    "urc-drop urc=MIPOPEN connect_id=1",
    "urc-duplicate urc=MIPOPEN connect_id=2",
    "urc-wrong-id urc=MIPOPEN connect_id=3 id=9",
    "urc-replace urc=MIPOPEN connect_id=4 text='+Y: {id}'",
    "urc-malformed urc=MIPOPEN connect_id=5 how=no-colon",
    "urc-delay urc=rtcp seconds=200ms times=1",
    "urc-cut urc=rtcp size=10 after=1 times=1",
    "urc-split urc=rtcp split=9 gap=50ms after=2 times=1",
    "urc-place urc=rtcp at=before-final after=3 times=1",
)
EVENTS = (
    "signal rssi=1 on=command:CGMM",
    "signal-back on=command:CGMI",
    "roaming on=command:CGSN for_seconds=0.2",
    "home on=command:AT+ICCID",
    "sim-remove on=command:CIMI",
    "sim-insert on=command:CPIN",
    "file-space on=command:MFPUT",
    "file-space-back on=command:MFSINFO",
    "registration-lost on=command:COPS",
    "registration-back on=command:custom:CEER",
    "registration-denied on=command:CGATT for_seconds=0.3",
    "pdp-deactivate on=command:CGPADDR",
    "clock-jump seconds=-100000000 on=command:CCLK",
    "urc text='+X: 1' on=urc:MIPOPEN times=1",
    "burst id=0 size=6 piece=3 on=urc:MIPOPEN after=1 times=1",
    "disconnect id=0 unread=bye on=urc:MIPOPEN after=2",
    "connection-stale id=5 on=command:MIPSTATE",
    "sleep on=urc:MDNSGIP",
    "dtr after=100s",
    "reflash after=100s",
)
TEXTS = (
    f"sms from=10086 text={'x' * 160}. on=command:CGMM",
    "sms-full store=SM on=command:CGMI",
    "sms-reset on=command:CSQ",
    "sms-refuse cms=42 times=1",
    "sms-silence after=1 times=1",
    "sms-report st=70",
    "sms-parts order=reverse",
    "sms-delay seconds=300ms times=1",
)
CALLS = (
    "call from=13800138000 on=command:CGMM",
    "call-answer on=command:CGMI",
    "call-end cause=17 on=command:CGSN",
    "ussd text=low on=command:CIMI",
)
OWN_CALLS = tuple(f"{name} on=command:CGMM" for name in ("call-busy", "call-no-answer", "call-refused", "call-drop"))
BOARD = tuple(
    f"{event} on=command:CGMM"
    for event in (
        *("zone quarters=36", "mqtt-publish topic=lamp/set payload=on", "card-file id=6F3E data=0A"),
        *("cell earfcn=3686 pci=186", "handover band=8", "cells-back", "emm-timer id=0 seconds=60"),
        *("pin id=1 level=1", "pin-release id=1", "adc channel=0 mv=1150", "adc-noise mv=15", "adc-quiet"),
        *("chip temp=70 vbat=3400", "chip-back", "place lon=113.26 lat=23.13", "place-back"),
        *("wifi points='02A1B2C3D405,-50,6'", "wifi-back", "wifi-cut", "lbs status=124", "lbs-silent", "lbs-back"),
        "fota-fail step=power at=64",
    )
)
ENDS = (
    "reboot on=command:CGMM",
    "brown-out on=command:CGMR seconds=100ms",
    "power-off on=command:CIMI for_seconds=0.3",
    "power-on after=100s",
)


def faulty(start: Start, *faults: str, model: str = "ML307R", speed: str = "1") -> Started:
    said = [*(word for fault in faults for word in ("--fault", fault)), "--speed", speed]
    return start(model, "--sandbox", "--offline", "--seed", "7", *said)


def fired(module: Started) -> dict[str, str]:
    """Return the line that stderr has of each fault once the module has ended, by its kind."""
    module.signal(signal.SIGTERM)
    lines = [line.removeprefix("onemo-emulator: ") for line in module.stderr().splitlines()]
    assert lines[-1] == "the seed of the faults was 7"
    told = [line.removeprefix("fault ").rpartition(": ") for line in lines[:-1]]
    return {said.split()[0]: what for said, _, what in told}


def test_every_kind_is_tried() -> None:
    tried = {fault.split()[0] for fault in (*COMMANDS_AND_URCS, *EVENTS, *ENDS, *TEXTS, *CALLS, *OWN_CALLS, *BOARD)}
    assert tried == {
        kind.name for kind in KINDS.values() if kind.layer in (Layer.COMMAND, Layer.URC, Layer.TEXT, Layer.EVENT)
    }


def test_commands_and_urcs(start: Start) -> None:
    module = faulty(start, *COMMANDS_AND_URCS)
    with module.awake() as dte:
        dte.ask("AT+CSQ", "+CME ERROR: 552")
        dte.ask("AT+CSQ", "+CSQ: 20,99", "OK")
        dte.line("AT+CGMM")
        assert dte.lull(0.15) == b""
        dte.hears("ML307R", "OK")
        dte.line("AT+CGMI")
        assert dte.lull(0.1) == b""
        dte.line("AT+CIMI")
        assert dte.until(rb"OK\r\n").startswith(b"\r\n+X: 1\r\n\r\n")
        dte.ask(OPEN.format(0), "OK", "+MIPOPEN: 0,0")
        dte.ask(OPEN.format(1), "OK")
        dte.ask(OPEN.format(2), "OK", "+MIPOPEN: 2,0", "+MIPOPEN: 2,0")
        dte.ask(OPEN.format(3), "OK", "+MIPOPEN: 9,0")
        dte.ask(OPEN.format(4), "OK", "+Y: 4")
        dte.ask(OPEN.format(5), "OK", "+MIPOPEN 5,0")
        hey(dte)
        assert dte.lull(0.1) == b""
        dte.hears(HEY)
        hey(dte)
        dte.reads(b"\r\n+MIPURC:")
        hey(dte)
        dte.hears(HEY)
        hey(dte)
        assert dte.lull(0.1) == b""
        dte.ask("AT+CGMM", "ML307R", HEY, "OK")
    told = fired(module)
    assert len(told) == len(COMMANDS_AND_URCS)
    assert all(what.startswith("fired once, first after ") for what in told.values()), told


def hey(dte: Dte) -> None:
    dte.ask('AT+MIPSEND=0,,"hey"', "+MIPSEND: 0,3", "OK")


def test_short_messages(start: Start) -> None:
    module = faulty(start, *TEXTS, speed="100")
    with module.awake() as dte:
        dte.ask("AT+CNMI=2,2,0,1;+CMGF=1;+CSMP=49;+CMEE=1", "OK")
        dte.ask("AT+CGMM", "ML307R", "OK")
        assert dte.lull(0.1) == b""
        dte.until(rb"\+CMT: [^\r]+\r\n05000301020[^\r]+\r\n\r\n\+CMT: [^\r]+\r\n050003010201[0-9A-F]+\r\n")
        dte.ask('AT+CGMI;+CPMS="SM"', "CMCC", "+CPMS: 50,50,0,50,0,50", "OK")
        for answer in ("+CMS ERROR: 42", "+CMS ERROR: 332", "+CMGS: 3"):
            dte.line('AT+CMGS="10010"')
            dte.reads(b"\r\n> ")
            dte.write(b"hi\x1a")
            dte.hears(answer)
        dte.until(rb"OK\r\n\r\n\+CDS: 6,3,[^\r]+,70\r\n")
        dte.ask("AT+CSQ;+CMGF?", "+CSQ: 20,99", "+CMGF: 0", "OK")
    told = fired(module)
    assert told.keys() == {fault.split()[0] for fault in TEXTS}
    assert all(what.startswith("fired once, first after ") for what in told.values()), told


def test_events(start: Start) -> None:
    module = faulty(start, *EVENTS)
    with module.awake() as dte:
        dte.ask("AT+CGMM;+CSQ", "ML307R", "+CSQ: 1,99", "OK")
        dte.ask("AT+CGMI;+CSQ", "CMCC", "+CSQ: 20,99", "OK")
        dte.ask("AT+CEREG=1", "OK")
        dte.line("AT+CGSN")
        dte.until(rb"\+CEREG: 5\r\n")
        dte.until(rb"\+CEREG: 1\r\n")
        dte.ask(OPEN.format(0), "OK", "+MIPOPEN: 0,0", "+X: 1")
        dte.ask(OPEN.format(1), "OK", "+MIPOPEN: 1,0", '+MIPURC: "rtcp",0,3,012', '+MIPURC: "rtcp",0,3,345')
        dte.ask(OPEN.format(2), "OK", "+MIPOPEN: 2,0", '+MIPURC: "rtcp",0,3,bye', '+MIPURC: "disconn",0,1')
        dte.ask("AT+MIPSTATE=5", '+MIPSTATE: 5,"TCP","192.0.2.1",7,"CONNECTED"', "OK")
        dte.ask("AT+MIPCLOSE=5", "OK", "+MIPCLOSE: 5")
        dte.ask(OPEN.format(5), "OK", "+MIPOPEN: 5,0")
        dte.line("AT+CGPADDR=1")
        dte.until(rb'"disconn",5,3\r\n')
        dte.lull(0.1)
        dte.line("AT+CCLK?")
        dte.until(rb'\+CCLK: "2\d/')
        dte.until(rb"OK\r\n")
        dte.line('AT+MFPUT="/a",1,"x"')
        dte.until(rb"\+CME ERROR: 1063\r\n")
        dte.line("AT+MFSINFO")
        dte.until(rb"\+MFSINFO: 393216,393216\r\n")
        dte.line("AT+ICCID")
        dte.until(rb"OK\r\n")
        dte.line("AT+CIMI")
        dte.until(rb"\+CEREG: 0\r\n")
        dte.lull(0.1)
        dte.line("AT+CPIN?")
        dte.until(rb"\+CEREG: 1\r\n")
        dte.line("AT+CGATT?")
        dte.until(rb"\+CEREG: 3\r\n")
        dte.until(rb"\+CEREG: 1\r\n")
        dte.line("AT+COPS?")
        dte.until(rb"\+CEREG: 2\r\n")
        dte.line("AT+CEER")
        dte.until(rb"\+CEREG: 1\r\n")
        dte.line('AT+MLPMCFG="sleepind",2')
        dte.line('AT+MDNSGIP="any.example.com"')
        dte.until(rb"\+MLPMENTER: 2\r\n")
    told = fired(module)
    assert {kind for kind, what in told.items() if what.startswith("never fired")} == {"dtr", "reflash"}


def test_ends_of_the_boot_cycle(start: Start) -> None:
    module = faulty(start, *ENDS, model="MN316")
    with module.awake() as dte:
        for command in ("AT+CGMM", "AT+CGMR", "AT+CIMI"):
            dte.line(command)
            dte.hears("+MATREADY")
            dte.wake()
            dte.alive()
    told = fired(module)
    assert {kind for kind, what in told.items() if what.startswith("never fired")} == {"power-on"}


def test_a_scenario_and_the_trace(start: Start, tmp_path: Path) -> None:
    scenario, trace = tmp_path / "scenario.toml", tmp_path / "trace.jsonl"
    scenario.write_text("""
        [[step]]
        name = "gone"
        on = "command:CGMM"
        do = "sim-remove for_seconds=200ms"
        [[step]]
        after = "gone"
        do = "command-answer command=CSQ cme=30 times=1"
        [[step]]
        do = "urc-drop urc=custom:NEVER"
        name = "never"
        [[step]]
        after = "never"
        do = "reboot"
    """)
    module = start("ML307R", "--scenario", str(scenario), "--trace", str(trace), "--seed", "7")
    with module.awake() as dte:
        dte.ask("AT+CSQ", "+CSQ: 20,99", "OK")
        dte.line("AT+CGMM")
        dte.until(rb"\+CPIN: NOT READY\r\n")
        dte.until(rb"\+CPIN: READY\r\n")
        dte.ask("AT+CSQ", "+CME ERROR: 30")
    told = fired(module)
    assert told["reboot"] == "never armed, for never never fired"
    assert told["urc-drop"] == "never fired (0 matches)"
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    details = [entry["detail"] for entry in events if entry.get("event") == "fault"]
    assert [detail.split()[0] for detail in details] == ["sim-remove", "command-answer"]


def test_hostile_spoils_nothing_for_a_client_that_reads_lines(start: Start) -> None:
    module = faulty(start, "hostile")
    with module.dte() as dte:
        dte.wake()
        dte.line(OPEN.format(0) + ",2")
        dte.until(rb"\r\n\+MIPOPEN: 0,0\r\n")
        heard = b""
        for number in range(5):
            dte.line(f'AT+MIPSEND=0,,"{number}"')
            heard += dte.until(rb"\+MIPSEND: 0,1\r\n.*?OK\r\n")
        heard += dte.lull(1.5)
    assert [heard.count(b'\r\n+MIPURC: "rtcp",0,1,%d\r\n' % number) for number in range(5)] == [1] * 5


def test_hostile_spoils_much_for_a_client_that_takes_one_read_for_an_answer(start: Start) -> None:
    module = faulty(start, "hostile")
    wrong = 0
    with module.dte() as dte:
        dte.wake()
        for _ in range(20):
            dte.line("AT+CSQ")
            answer = dte.serial.read() + dte.serial.read(dte.serial.in_waiting)
            wrong += not answer.endswith(b"OK\r\n")
            while not answer.endswith(b"OK\r\n"):
                answer += dte.serial.read()
    assert wrong


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fault", "net-rest"), "did you mean net-reset"),
        (("--fault", "urc-drop module=valve"), "this module is ml307r or ml307r-dc, not valve"),
        (("--seed", "3"), "add a fault or a scenario"),
        (("--scenario", "/nowhere.toml"), "cannot be read: No such file"),
    ],
)
def test_mistakes_at_the_start(arguments: tuple[str, ...], said: str) -> None:
    command = [sys.executable, "-m", "onemo", "run", "ML307R", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=WAIT)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("faults", "model"), [(BOARD, "ML307R"), (OWN_CALLS, "ML302A-DSLM")], ids=["board", "calls"])
def test_events_around_the_module(start: Start, faults: tuple[str, ...], model: str) -> None:
    """Each happens at once; what comes of it, the tests of the families tell."""
    module = faulty(start, *faults, model=model)
    with module.awake() as dte:
        dte.ask("AT+CGMM", model.partition("-")[0], "OK")
        dte.ask("AT", "OK")
    told = fired(module)
    assert told.keys() == {fault.split()[0] for fault in faults}
    assert {what for what in told.values() if not what.startswith("fired once")} == set()


def test_calls(start: Start) -> None:
    module = faulty(start, *CALLS, model="ML302A-DSLM")
    with module.awake() as dte:
        dte.ask("AT+CLIP=1;+CUSD=1", "OK")
        dte.ask("AT+CGMM", "ML302A", "OK", "RING", '+CLIP: "13800138000",129,,,,0')
        dte.ask("AT+CGMI", "CMCC", "OK")
        dte.ask("AT+CLCC", '+CLCC: 1,1,0,0,0,"13800138000",129', "OK")
        dte.line("AT+CGSN")
        dte.until(rb"NO CARRIER\r\n")
        dte.line("AT+CIMI")
        dte.until(rb'\+CUSD: 0,"low",15\r\n')
    assert fired(module).keys() == {fault.split()[0] for fault in CALLS}
