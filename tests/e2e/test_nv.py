"""``--nv``: what NB modules keep outlives the process."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.started import PROMPT, Started
from tests.e2e.test_start import refused

SERVERS = ('AT+MDNSCFG="ip"', '+MDNSCFG: "ip","192.0.2.53","192.0.2.54"', "OK")


def keep(dte: Dte) -> None:
    dte.ask('AT+MDNSCFG="ip","192.0.2.53","192.0.2.54";+MDNSCFG="priority",0', "OK")


def is_kept(module: Started) -> None:
    with module.awake() as dte:
        dte.ask(*SERVERS)
        dte.ask('AT+MDNSCFG="priority"', '+MDNSCFG: "priority",0', "OK")


def test_a_file(start: Start, tmp_path: Path) -> None:
    """It is written before the OK, belongs to one emulator at a time, and is read by the next."""
    file = tmp_path / "nv.json"
    module = start("MN316", "--nv", str(file))
    with module.awake() as dte:
        keep(dte)
        written = file.read_text()
        assert {"192.0.2.53", "192.0.2.54"} <= set(written.split('"'))
        assert json.loads(written)["model"] == "MN316"
        dte.ask("AT+MREBOOT", "OK", "REBOOTING")
        dte.until(rb"\+MATREADY\r\n")
    is_kept(module)
    assert str(file) in refused("MN316", "--nv", str(file)), "somebody has it"
    module.process.kill()
    module.process.wait()
    module.process.returncode = 0  # that end was ours
    is_kept(start("MN316-DLVS", "--nv", str(file)))


def test_a_directory_and_a_damaged_file(start: Start, tmp_path: Path) -> None:
    (tmp_path / "MN316.json").write_text('{"format": 1,')
    module = start("MN316", "--nv", str(tmp_path))
    assert (tmp_path / "MN316.json.damaged").read_text() == '{"format": 1,'
    (told,) = module.stderr().splitlines()
    assert str(tmp_path / "MN316.json") in told
    assert "MN316.json.damaged" in told
    with module.awake() as dte:
        dte.ask('AT+MDNSCFG="priority"', '+MDNSCFG: "priority",1', "OK")
        keep(dte)
    assert module.signal(15) < PROMPT
    is_kept(start("MN316", "--nv", str(tmp_path)))


def test_a_model_that_keeps_nothing(start: Start, tmp_path: Path) -> None:
    module = start("ML305U", "--nv", str(tmp_path / "nv.json"))
    with module.awake() as dte:
        keep(dte)
        assert not (tmp_path / "nv.json").exists()
        dte.ask("AT+MREBOOT", "OK", "REBOOTING", "+MATREADY")
        dte.ask('AT+MDNSCFG="priority"', '+MDNSCFG: "priority",1', "OK")
    assert module.stderr() == ""
