"""The module's files: they outlive the process whatever ends it, and ``ctl files`` reaches them."""

from __future__ import annotations

import hashlib
import json
import random
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from onemo.cli.main import app
from onemo.errors import EmulatorError

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, Dte
from tests.e2e.started import PROMPT, Started

DATA = random.Random(19).randbytes(100_000)


def put(dte: Dte, path: str, data: bytes) -> None:
    dte.write(f'AT+MFPUT="{path}",{len(data)}\r'.encode())
    dte.until(rb"\r\n>")
    dte.write(data)
    dte.until(rb"\r\n\+MFPUT: %d\r\n\r\nOK\r\n" % len(data))


def digest(dte: Dte, path: str, data: bytes) -> None:
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    dte.ask(f'AT+MFCHECK="{path}"', f"+MFCHECK: {found}", "OK")


def kill(module: Started) -> None:
    module.process.kill()
    module.process.wait()
    module.process.returncode = 0  # that end was ours


def test_files_outlive_a_process_that_is_killed(start: Start, tmp_path: Path) -> None:
    nv = tmp_path / "nv.json"
    module = start("ML307R", "--nv", str(nv))
    with module.awake() as dte:
        put(dte, "/usr/data.bin", DATA)
        dte.ask('AT+MFPUT="/k",2,"ok"', "+MFPUT: 2", "OK")
        dte.ask('AT+MFOPEN="/l",1', "+MFOPEN: 2", "OK")
        dte.ask('AT+MFWRITE=2,2,"no"', "+MFWRITE: 2,2", "OK")
        dte.write(b'AT+MFPUT="/k",5\r')
        dte.until(rb"\r\n>")
        dte.write(b"abc")
        kill(module)
    assert sorted(entry.name for entry in tmp_path.iterdir() if "stderr" not in entry.name) == [
        "nv.json", "nv.json.files",
    ]  # fmt: skip
    again = start("ML307R", "--nv", str(nv))
    with again.awake() as dte:
        digest(dte, "/usr/data.bin", DATA)
        dte.ask("AT+MFLIST", '+MFLIST: "/usr"', '+MFLIST: "/l",0', "OK")
        dte.ask("AT+MFSINFO", "+MFSINFO: 393216,290816", "OK")
        dte.ask("AT+MFDELETE", "OK")
    assert not (tmp_path / "nv.json.files").exists()
    assert again.stderr() == ""


def test_a_content_that_is_lost(start: Start, tmp_path: Path) -> None:
    nv = tmp_path / "nv.json"
    module = start("ML307R", "--nv", str(nv))
    with module.awake() as dte:
        dte.ask('AT+MFPUT="/a",1,"a";+MFPUT="/b",1,"b"', "+MFPUT: 1", "+MFPUT: 1", "OK")
    assert module.signal(15) < PROMPT
    (tmp_path / "nv.json.files" / "1").unlink()
    module = start("ML307R", "--nv", str(nv))
    assert "the content of /a is lost" in module.stderr()
    with module.awake() as dte:
        dte.ask("AT+MFLIST", '+MFLIST: "/b",1', "OK")


def test_a_large_store(start: Start, tmp_path: Path) -> None:
    """Eight megabytes go in and are read back by hash; the memory is bounded by them."""
    data = DATA * 80
    module = start("ML307G", "--file-store", str(16 << 20), "--nv", str(tmp_path / "nv.json"))
    with module.awake() as dte:
        dte.serial.write_timeout = 6 * WAIT
        before = module.status("VmHWM")
        put(dte, "/big", data)
        found = hashlib.sha256(data).hexdigest()
        dte.ask('AT+MFCHECK="/big",2', f"+MFCHECK: {found}", "OK")
        assert module.status("VmHWM") - before < 5 * len(data) >> 10
        dte.ask('AT+MFPUT="/x",8800000', "+CME ERROR: 1063")
        dte.ask('AT+MFPUT="/x",16777217', "+CME ERROR: 1053")


def test_ctl(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    module = start("ML307R", "--control", "127.0.0.1:0", "--json")
    ready = json.loads(module.ready)
    monkeypatch.setenv("ONEMO_CONTROL", ready["control"].removeprefix("http://"))
    (tmp_path / "data.bin").write_bytes(DATA)

    def ctl(*words: str) -> bytes:
        capfdbinary.readouterr()
        assert app(["ctl", "files", *words], result_action="return_value") == 0
        return capfdbinary.readouterr().out

    ctl("put", "/usr/data.bin", "--file", str(tmp_path / "data.bin"))
    with module.awake(ready["port"]) as dte:
        digest(dte, "/usr/data.bin", DATA)
        dte.ask('AT+MFPUT="/a",2,"hi"', "+MFPUT: 2", "OK")
    assert ctl("get", "/a") == b"hi"
    ctl("get", "/usr/data.bin", "--file", str(tmp_path / "copy.bin"))
    assert (tmp_path / "copy.bin").read_bytes() == DATA
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"")))
    ctl("put", "/empty")
    listed = json.loads(ctl("list", "--json"))
    assert listed["files"] == [
        {"path": "/usr", "size": None, "open": False},
        {"path": "/usr/data.bin", "size": 100000, "open": False},
        {"path": "/a", "size": 2, "open": False},
        {"path": "/empty", "size": 0, "open": False},
    ]
    assert b"/usr/data.bin" in ctl("list")
    assert b"/usr" not in ctl("delete", "/usr/")
    for words, says in (
        (("get", "/none"), "there is no such file"),
        (("delete", "/none"), "there is no such file"),
        (("put", "/x", "--file", str(tmp_path / "none")), "name a file that can be read"),
        (("get", "/a", "--file", str(tmp_path)), "name a file that can be written"),
        (("get",), "give PATH"),
    ):
        with pytest.raises(EmulatorError, match=says):
            app(["ctl", "files", *words], result_action="return_value")
