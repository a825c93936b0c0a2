"""``ctl snapshot`` of a module at work, its sudden end, and ``run --restore``."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from onemo.errors import UsageError
from onemo.runtime.hosted import Hosted, HostedModule

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, Dte
from tests.e2e.started import AT_ONCE, ROOT, Started
from tests.e2e.test_lab import StartedLab
from tests.e2e.test_start import refused

OWN = ("ML307R", "--json", "--sandbox", "--control", "127.0.0.1:0")
SETTINGS = {
    'AT+CGDCONT=1,"IP","my.apn"': (
        "AT+CGDCONT?", '+CGDCONT: 1,"IP","my.apn",,0,0,,,,', '+CGDCONT: 2,"IPV6","two",,0,0,,,,',
    ),
    'AT+CGDCONT=2,"IPV6","two"': ("AT+CGAUTH?", "+CGAUTH: 1,0", '+CGAUTH: 2,1,"user"'),
    'AT+CGAUTH=2,1,"user","sesame"': ('AT+MQTTCFG="keepalive",1', '+MQTTCFG: "keepalive",77'),
    'AT+MQTTCFG="keepalive",1,77': ('AT+MQTTCFG="willpayload",1', '+MQTTCFG: "willpayload","a/b","bye"'),
    'AT+MQTTCFG="willpayload",1,"a/b","bye"': ("AT+MIPTKA=2", "+MIPTKA: 2,1,120,60,5"),
    "AT+MIPTKA=2,1,120,60,5": ('AT+MIPCFG="encoding",1', '+MIPCFG: "encoding",1,1,1'),
    'AT+MIPCFG="encoding",1,1,1': ("AT+CMGF?", "+CMGF: 1"),
    "AT+CMGF=1": ("AT+CNMI?", "+CNMI: 2,1,0,0,0"),
    "AT+CNMI=2,1": ('AT+MSSLCHECK="ca.pem"', "+MSSLCHECK: ab56b4d92b40713acc5af89985d4b786"),
    'AT+MSSLCERTWR="ca.pem",0,5,"abcde"': ("AT+MSSLLIST=1", '+MSSLLIST: "ca.pem",5'),
    "AT+CMEE=2": ("AT+CMEE?", "+CMEE: 2"),
    "AT&W": ("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"'),
}  # fmt: skip
"""What is set, and beside it what is asked in the end, with its answer."""


def ctl(module: Started, *words: str, status: int = 0) -> str:
    """Run ``ctl``; return what it prints."""
    address = json.loads(module.ready)["control"].removeprefix("http://")
    done = subprocess.run(
        [sys.executable, "-m", "onemo", "ctl", *words, "--control", address],
        cwd=ROOT, capture_output=True, text=True, timeout=2 * WAIT,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def killed(module: Started) -> None:
    module.process.kill()
    module.process.wait()
    module.process.returncode = 0  # that end was ours


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of a module that was busy, and is gone."""
    folder = tmp_path_factory.mktemp("snapshot")
    file, content = folder / "a.snapshot", folder / "put.bin"
    content.write_bytes(bytes(range(256)) * 300)
    with Started([*OWN, "--name", "node7", "--pin", "1234", *AT_ONCE], folder / "stderr") as module:
        module.wait_ready()
        with module.awake(json.loads(module.ready)["port"]) as dte:
            dte.ask('AT+CPIN="1234"', "OK")
            dte.ask('AT+CPWD="SC","1234","4711"', "OK")
            for command in SETTINGS:
                dte.ask(command, "OK")
            ctl(module, "files", "put", "/put.bin", "--file", str(content))
            ctl(module, "sms", "--from", "10086", "stored")
            dte.until(rb'\+CMTI: "ME",1\r\n')
            ctl(module, "do", "registration-lost")
            ctl(module, "sms", "--from", "10086", "waiting")
            busy(dte, lambda: ctl(module, "snapshot", "--out", str(file)))
        killed(module)
    return file


@pytest.fixture
def taken(whole: Path, tmp_path: Path) -> Path:
    """The same, as a file of the test's own."""
    return Path(shutil.copy2(whole, tmp_path / "a.snapshot"))


def busy(dte: Dte, act: Callable[[], object]) -> None:
    """Let the module work while something is done: an answer follows the other."""
    thread = threading.Thread(target=act)
    thread.start()
    while thread.is_alive():
        dte.line("AT+CSQ")
        dte.until(rb"\r\nOK\r\n")
    thread.join()


def test_a_module_begins_where_another_one_was(start: Start, taken: Path, tmp_path: Path) -> None:
    told = json.loads(taken.read_text())
    assert (told["format"], told["version"], told["model"]) == ("onemo-emulator snapshot", 1, "ML307R")
    assert (told["sub_model"], told["revision"]) == ("ML307R-DC", "ML307R-DC-MBRH0S01")
    assert stat.S_IMODE(taken.stat().st_mode) == 0o600
    module = start(*OWN, "--restore", str(taken), "--nv", str(tmp_path / "nv.json"))
    ready = json.loads(module.ready)
    assert ready["name"] == "node7"
    with module.dte(ready["port"]) as dte:
        dte.line("AT")  # its echo is off, as AT&W stored
        dte.until(rb"\A(\r\n\+MATREADY\r\n)?\r\nOK\r\n")
        dte.ask("AT+CPIN?", "+CPIN: SIM PIN", "OK")
        dte.ask('AT+CPIN="1234"', "+CME ERROR: incorrect password")
        dte.ask('AT+CPIN="4711"', "OK")
        dte.until(rb'\+CMTI: "ME",2\r\n')
        for command, *lines in SETTINGS.values():
            dte.ask(command, *lines, "OK")
        dte.line('AT+CMGL="ALL"')
        texts = dte.until(rb"\r\n\r\nOK\r\n")
        assert (texts.count(b"\r\nstored\r\n"), texts.count(b"\r\nwaiting\r\n")) == (1, 1)
        dte.ask('AT+MFSIZE="/put.bin"', "+MFSIZE: 76800", "OK")
    ctl(module, "files", "get", "/put.bin", "--file", str(tmp_path / "got.bin"))
    assert (tmp_path / "got.bin").read_bytes() == bytes(range(256)) * 300
    killed(module)
    kept = start(*OWN, "--name", "node7", "--pin", "1234", "--nv", str(tmp_path / "nv.json"))
    with kept.awake(json.loads(kept.ready)["port"]) as dte:
        dte.ask('AT+CPIN="4711"', "OK")
        dte.ask('AT+MFSIZE="/put.bin"', "+MFSIZE: 76800", "OK")
    assert kept.stderr() == ""


def test_what_is_refused(taken: Path, tmp_path: Path) -> None:
    """With one line and exit status 2, and nothing is written."""
    nv = tmp_path / "nv.json"
    assert "it is of ML307R-DC, not MN316-DBRS: start ML307R-DC, or" in refused(
        "MN316", "--restore", str(taken), "--nv", str(nv)
    )
    short = tmp_path / "short"
    short.write_bytes(taken.read_bytes()[:-20])
    assert "it is damaged, or none: " in refused("ML307R", "--restore", str(short), "--nv", str(nv))
    told = json.loads(taken.read_text())
    old, foreign = tmp_path / "old", tmp_path / "foreign"
    old.write_text(json.dumps({**told, "version": 0}))
    assert "its version is 0" in refused("ML307R", "--restore", str(old))
    foreign.write_text(json.dumps({**told, "contents": {}}))
    assert "the content of /put.bin does not fit" in refused("ML307R", "--restore", str(foreign), "--nv", str(nv))
    assert "nv.sim does not fit" in refused("ML307R", "--restore", str(taken), "--pin", "9999", "--nv", str(nv))
    assert not nv.exists()
    nv.write_text('{"format": 1, "model": "ML307R", "settings": {"IPR": {"rate": 9600}}}')
    before = nv.read_text()
    assert "holds what a module kept already" in refused("ML307R", "--restore", str(taken), "--nv", str(nv))
    assert nv.read_text() == before


def test_where_a_snapshot_cannot_be_written(start: Start, tmp_path: Path) -> None:
    module = start(*OWN)
    (tmp_path / "link").symlink_to(tmp_path / "other")
    assert "it is a symbolic link: name a file" in ctl(module, "snapshot", "--out", str(tmp_path / "link"), status=2)
    assert "No such file or directory" in ctl(module, "snapshot", "--out", str(tmp_path / "no" / "a"), status=2)
    assert os.listdir(tmp_path) == ["link"] or "other" not in os.listdir(tmp_path)
    assert json.loads(ctl(module, "snapshot"))["model"] == "ML307R"


def test_a_lab_of_one_snapshot(taken: Path, tmp_path: Path) -> None:
    """Each module has a name and numbers of its own, and all that the snapshot had."""
    file = tmp_path / "lab.toml"
    file.write_text(
        '[defaults]\nboot_time = 0\nregister_time = 0\nrestore = "a.snapshot"\n[[module]]\nname = "m{n}"\ncount = 2\n'
        'link = "p{n}"\n'
    )
    with StartedLab([str(file)], tmp_path / "stderr").wait_all() as lab:
        imeis = set()
        for number in (1, 2):
            with lab.awake(str(tmp_path / f"p{number}")) as dte:
                dte.ask('AT+CPIN="4711"', "OK")
                dte.line("AT+CGSN=1")
                imeis.add(dte.until(rb"\+CGSN: [^\r]*\r\n\r\nOK\r\n"))
        assert len(imeis) == 2
    file.write_text('[[module]]\nmodel = "MN316"\nrestore = "a.snapshot"\n')
    done = subprocess.run(
        [sys.executable, "-m", "onemo", "lab", "--check", str(file)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "module[1].restore: --restore" in done.stderr
    assert "it is of ML307R-DC" in done.stderr


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    with Hosted() as hosted:
        yield hosted


def test_in_python(hosted: Hosted, tmp_path: Path) -> None:
    one = hosted.start("MN316")
    file = one.snapshot(tmp_path / "a.snapshot")
    two = hosted.start("MN316", restore=file, name="two")
    assert isinstance(two, HostedModule)
    with pytest.raises(UsageError, match="it is of MN316"):
        hosted.start("ML307R", restore=file, name="three")
    with pytest.raises(UsageError, match="No such file or directory"):
        one.snapshot(tmp_path / "no" / "a")
    one.stop()
    with pytest.raises(UsageError, match="has ended"):
        one.snapshot(file)
