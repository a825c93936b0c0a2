"""Firmware upgrades over a pty: from a URL of the sandbox to the new revision, killed at each stage, and at speed."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from onemo.net.firmware import make_package

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.ftpservers import ftp_server
from tests.e2e.peers import IPV4, Peers, port_of
from tests.e2e.test_files import kill

OLD, NEW = "ML307R-DC-MBRH0S01", "ML307R-DC-MBRH0S02"
SIZE, STORE = 4_000_000, 8 << 20
SPEED = ("--sandbox", "--speed", "20")


def set_up(dte: Dte, query: str = "", model: str = "ML307R-DC") -> None:
    dte.ask(f'AT+MFWCFG="url","http://any.example/firmware/{model}/{NEW}{query}"', "OK")


def download(dte: Dte) -> None:
    dte.ask("AT+MFWDLOAD", "OK", "+MFWDLOAD: 2,49630,49630")


def is_on(dte: Dte, revision: str) -> None:
    dte.ask("AT+CGMR", revision, "OK")


def boots(dte: Dte, result: int) -> None:
    """The DTE does nothing: the module says that it is ready, and what became of the upgrade."""
    dte.hears("+MATREADY", f"+MFWUPGRADE: {result}", within=20)
    dte.wake()


@pytest.fixture
def nv(tmp_path: Path) -> tuple[str, str]:
    return "--nv", str(tmp_path / "nv.json")


def test_from_the_url_to_the_new_revision(start: Start, nv: tuple[str, str]) -> None:
    module = start("ML307R", *SPEED, *nv)
    with module.awake() as dte:
        is_on(dte, OLD)
        set_up(dte)
        dte.ask('AT+MFPUT="/f",2,"ok"', "+MFPUT: 2", "OK")
        dte.ask('AT+MFWCFG="progind",16384', "OK")
        steps = [f"+MFWDLOAD: 1,49630,{done}" for done in (16384, 32768, 49152)]
        dte.ask("AT+MFWDLOAD", "OK", *steps, "+MFWDLOAD: 2,49630,49630")
        dte.ask("AT+MFWUPGRADE", "OK")
        boots(dte, 2)
        is_on(dte, NEW)
        dte.ask("ATI", f"CMCC\r\nML307R\r\n{NEW}", "OK")
        kill(module)
    module = start("ML307R", *SPEED, *nv)
    with module.awake() as dte:
        is_on(dte, NEW)
        dte.ask('AT+MFGET="/f"', "+MFGET: 2,ok", "OK")
        dte.ask("AT+MFWDLOAD?", "+CME ERROR: 850")
    module.signal(15)
    with start("ML307R", "--revision", "FLASHED", *nv).awake() as dte:
        is_on(dte, "FLASHED")


def test_killed_in_the_download(start: Start, nv: tuple[str, str], peers: Peers) -> None:
    """What came and was written down is there, and the next download goes on from it."""
    listener, package = peers.tcp(), make_package("ML307R-DC", OLD, NEW)
    module = start("ML307R", "--speed", "20", *nv)
    with module.awake() as dte:
        dte.ask(f'AT+MFWCFG="url","http://{IPV4}:{port_of(listener)}/fw"', "OK")
        dte.ask('AT+MFWCFG="progind",16384', "OK")
        dte.ask("AT+MFWDLOAD", "OK")
        peer = peers.accept(listener)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(package) + package[:40000])
        dte.hears("+MFWDLOAD: 1,49630,16384", "+MFWDLOAD: 1,49630,32768")
        kill(module)
    peer.close()
    with start("ML307R", "--speed", "20", *nv).awake() as dte:
        dte.line("AT+MFWDLOAD?")
        found = re.search(rb"\+MFWDLOAD: 0,49630,(\d+)\r\n\r\nOK", dte.until(rb"\r\nOK\r\n"))
        assert found is not None
        there = int(found[1])
        assert 16384 <= there <= 40000
        dte.ask("AT+MFWUPGRADE", "+CME ERROR: 854")
        dte.ask('AT+MFWCFG="progind",0', "OK")
        dte.ask("AT+MFWDLOAD", "OK")
        peer = peers.accept(listener)
        request = peer.recv(4096)
        assert b"\r\nRange: bytes=%d-\r\n" % there in request
        length, part = f"Content-Length: {len(package) - there}", f"Content-Range: bytes {there}-49629/49630"
        peer.sendall(f"HTTP/1.1 206 Part\r\n{length}\r\n{part}\r\n\r\n".encode() + package[there:])
        dte.hears("+MFWDLOAD: 2,49630,49630")
        dte.ask("AT+MFWUPGRADE", "OK")
        boots(dte, 2)
        is_on(dte, NEW)


@pytest.mark.parametrize("stage", ["downloaded", "answered", "applied"])
def test_killed_around_a_differential_upgrade(start: Start, nv: tuple[str, str], stage: str) -> None:
    """The old firmware is there, and the package: another try succeeds."""
    module = start("ML307R", *SPEED[:1], *nv)
    with module.awake() as dte:
        set_up(dte)
        download(dte)
        if stage != "downloaded":
            dte.ask("AT+MFWUPGRADE", "OK")
        if stage == "applied":
            assert dte.lull(4.0) == b""  # the restart is at 2 s, the boot takes one, the writing ten
        kill(module)
    module = start("ML307R", *SPEED, *nv)
    with module.dte(flush=False) as dte:
        if stage == "downloaded":
            dte.wake()
        else:
            boots(dte, 3)
        is_on(dte, OLD)
        dte.ask("AT+MFWDLOAD?", "+MFWDLOAD: 2,49630,49630", "OK")
        dte.ask("AT+MFWUPGRADE", "OK")
        dte.until(rb"\+MFWUPGRADE: 2\r\n", within=20)
        dte.wake()
        is_on(dte, NEW)


def test_killed_before_and_after_the_upgrade(start: Start, nv: tuple[str, str]) -> None:
    """Of what was set all is there, of an entry nothing; once it is told, the new firmware is there for good."""
    module = start("ML307R", *SPEED, *nv)
    with module.awake() as dte:
        set_up(dte)
        dte.line("AT+MFWDLOAD=0,49630")
        dte.reads(b"\r\n>")
        dte.write(bytes(30000))
        kill(module)
    module = start("ML307R", *SPEED, *nv)
    with module.awake() as dte:
        is_on(dte, OLD)
        dte.ask("AT+MFWDLOAD?", "+CME ERROR: 850")
        dte.ask('AT+MFWCFG="url"', f'+MFWCFG: "url","http://any.example/firmware/ML307R-DC/{NEW}"', "OK")
        download(dte)
        dte.ask("AT+MFWUPGRADE", "OK")
        dte.hears("+MATREADY", "+MFWUPGRADE: 2", within=20)
        kill(module)
    module = start("ML307R", *SPEED, *nv)
    with module.dte(flush=False) as dte:
        dte.hears("+MATREADY")
        assert dte.lull(0.3) == b""
        dte.wake()
        is_on(dte, NEW)
        dte.ask("AT+MFWDLOAD?", "+CME ERROR: 850")
        dte.ask("AT+MFWUPGRADE", "+CME ERROR: 854")  # the one of the URL is for the minimal system or none at all


@pytest.mark.parametrize("percent", [0, 20, 48, 60, 96, 100])
def test_killed_in_the_minimal_system(start: Start, nv: tuple[str, str], percent: int) -> None:
    """The module is dead until the minimal system has done it, from where it was."""
    speed = ("--sandbox", "--speed", "200")
    module = start("ML307R-DL", *speed, *nv)
    with module.awake() as dte:
        set_up(dte, f"?mini&fail=power@{percent}", "ML307R-DL")
        dte.line("AT+MFWUPGRADE")
        told = dte.until(rb"\+MFWUPGRADE: 1,%d\r\n" % percent, within=20)
        assert b"OK" not in told
        kill(module)
    with start("ML307R-DL", *speed, *nv).dte(flush=False) as dte:
        dte.write(b"AT\r")
        steps = [f"+MFWUPGRADE: 1,{each}" for each in range(percent, 101, 4)]
        dte.hears(*steps, "+MFWUPGRADE: 2", "+MATREADY", within=20)
        dte.wake()
        dte.lull()  # on a busy host AT may come so late that it is answered
        is_on(dte, NEW)


def test_a_large_package_through_the_line(start: Start) -> None:
    package = make_package("ML307R", "*", NEW, size=SIZE)
    with start("ML307R", "--speed", "20", "--file-store", str(STORE)).awake() as dte:
        dte.line(f"AT+MFWDLOAD=0,{SIZE}")
        dte.until(rb"\r\n>")
        begun = time.monotonic()
        dte.write(package)
        dte.hears("OK", within=30)
        assert time.monotonic() - begun < 15  # a fraction of a second on a host that does nothing else
        dte.ask("AT+MFWUPGRADE", "OK")
        boots(dte, 2)
        is_on(dte, NEW)


def test_a_large_package_from_a_url(start: Start, nv: tuple[str, str]) -> None:
    with start("ML307R", *SPEED, "--file-store", str(STORE), *nv).awake() as dte:
        set_up(dte, f"?size={SIZE}")
        dte.ask("AT+MFWDLOAD", "OK", f"+MFWDLOAD: 2,{SIZE},{SIZE}", within=30)
        dte.ask("AT+MFWUPGRADE", "OK")
        boots(dte, 2)
        is_on(dte, NEW)


@pytest.mark.parametrize(("model", "mini"), [("ML307R-DC", False), ("ML307R-DL", True)])
def test_over_ftp(start: Start, tmp_path: Path, model: str, mini: bool) -> None:
    """From a real server, by a login that no trace tells, and a fault of FTP."""
    folder, trace = tmp_path / "served", tmp_path / "trace.jsonl"
    (folder / "fw").mkdir(parents=True)
    (folder / "fw" / "new.bin").write_bytes(make_package(model, "*", NEW, mini=mini))
    fault = ("--fault", "ftp-reply verb=RETR reply='450 busy' times=1")
    with (
        ftp_server(folder) as port,
        start(model, "--speed", "20", "--trace", str(trace), *fault).awake() as dte,
    ):
        dte.ask('AT+MFWCFG="auth","uftp","12341"', "OK")
        dte.ask(f'AT+MFWCFG="url","ftp://{IPV4}:{port}/fw/new.bin"', "OK")
        if mini:
            dte.ask("AT+MFWUPGRADE", "+CME ERROR: 855")
            dte.line("AT+MFWUPGRADE")
            dte.until(rb"\+MFWUPGRADE: 2\r\n\r\n\+MATREADY\r\n", within=20)
            dte.wake()
        else:
            dte.ask("AT+MFWDLOAD", "OK", "+MFWDLOAD: 3,,0", "+MFWDLOAD: 0,,0")
            dte.ask("AT+MFWDLOAD", "OK", "+MFWDLOAD: 2,49630,49630")
            dte.ask("AT+MFWUPGRADE", "OK")
            boots(dte, 2)
        is_on(dte, NEW)
    told = trace.read_text()
    assert "RETR fw/new.bin" in told
    assert "12341" not in told.replace('"12341', "")


def test_the_supply_goes_on_an_occasion(start: Start) -> None:
    module = start("ML307R", *SPEED, "--fault", "brown-out on=fota-apply seconds=50ms")
    with module.awake() as dte:
        set_up(dte)
        download(dte)
        dte.ask("AT+MFWUPGRADE", "OK")
        boots(dte, 3)
        is_on(dte, OLD)
        dte.ask("AT+MFWUPGRADE", "OK")
        boots(dte, 2)


def test_faults_of_the_network(start: Start) -> None:
    faults = ("http-status status=404 times=1", "net-reset host=any.example operation=receive after=3 times=1")
    module = start("ML307R", *SPEED, *(word for fault in faults for word in ("--fault", fault)))
    with module.awake() as dte:
        set_up(dte)
        dte.ask("AT+MFWDLOAD", "OK", "+MFWDLOAD: 3,,0")
        dte.ask("AT+MFWDLOAD", "+CME ERROR: 853")
        dte.ask("AT+MFWERASE", "OK")
        dte.line("AT+MFWDLOAD")
        broken = dte.until(rb"\+MFWDLOAD: 0,(49630)?,\d+\r\n")  # how much comes at once is the host's
        assert b"+MFWDLOAD: 3," in broken
        dte.ask("AT+MFWDLOAD", "OK", "+MFWDLOAD: 2,49630,49630")
