"""Starting: the ready line, the link, what is refused, and what --trace and -v show."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT
from tests.e2e.peers import Peers, port_of
from tests.e2e.started import ROOT


def refused(*arguments: str) -> str:
    """Return the words of a refused start: one line on stderr, nothing on stdout, exit status 2."""
    command = [sys.executable, "-m", "onemo", "run", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * WAIT)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert re.fullmatch("onemo-emulator: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


# The ready line.


@pytest.mark.parametrize(
    ("asked", "named"),
    [("ML307R", "ML307R"), ("ml307r", "ML307R"), ("ML307R-DL", "ML307R-DL"), ("mn316-dlvs", "MN316-DLVS")],
)
def test_the_ready_line(start: Start, asked: str, named: str) -> None:
    module = start(asked)
    assert re.fullmatch(rf"{named} ready on /dev/pts/\d+", module.ready)
    with module.awake() as dte:
        dte.ask("AT+CGMM", named.partition("-")[0], "OK")
    assert module.stderr() == ""


def test_without_a_model(launch: Start) -> None:
    assert launch("--boot-time", "0").wait_ready().ready.startswith("ML307R ready on /dev/pts/")


def test_the_ready_line_names_the_link(start: Start, tmp_path: Path) -> None:
    link = tmp_path / "tty OneMO"
    module = start("ML307R", "--link", str(link))
    assert module.ready == f"ML307R ready on {os.readlink(link)} ({link})"
    with module.awake(str(link)) as dte:
        dte.alive()


def test_the_ready_line_in_json(start: Start, tmp_path: Path) -> None:
    link = tmp_path / "port"
    ready = json.loads(start("mn318-lc", "--json", "--link", str(link), measured=True).ready)
    assert ready == {"model": "MN318-LC", "port": os.readlink(link), "link": str(link)}
    ready = json.loads(start("MN318", "--json").ready)
    assert ready == {"model": "MN318", "port": ready["port"], "link": None}
    assert ready["port"].startswith("/dev/pts/")


def test_the_time_of_the_boot(start: Start, launch: Start) -> None:
    """It counts from the start of the process, and the ready line comes at its end."""
    module = launch("ML307R", "--boot-time", "1.5").wait_ready()
    age = float(Path("/proc/uptime").read_text().split()[0])
    fields = Path(f"/proc/{module.pid}/stat").read_text().rpartition(")")[2].split()
    assert 1.4 < age - int(fields[19]) / os.sysconf("SC_CLK_TCK") < 1.5 + WAIT


# The port and its link.


def test_the_permissions_of_the_port(start: Start) -> None:
    for mode in ("666", "0640", "600"):
        port = start("ML307R", "--pty-mode", mode).port
        assert stat.S_IMODE(os.stat(port).st_mode) == int(mode, 8)


@pytest.mark.parametrize("mode", ["9", "rw", "1000", "-1", ""])
def test_permissions_that_are_none(mode: str) -> None:
    assert "--pty-mode" in refused("ML307R", f"--pty-mode={mode}")


def test_a_stale_link_is_replaced(launch: Start, start: Start, tmp_path: Path) -> None:
    link = tmp_path / "port"
    command = [sys.executable, "-m", "onemo", "run", "--boot-time", "0", "--link", str(link)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline()
        killed.kill()
    assert link.is_symlink(), "it died without a chance to remove it"
    module = start("ML307R", "--link", str(link))
    assert os.readlink(link) == module.port
    module.signal(signal.SIGTERM)
    assert not link.is_symlink()


def test_what_is_at_the_links_path_is_not_touched(tmp_path: Path) -> None:
    file, folder, foreign, dangling = (tmp_path / name for name in ("file", "folder", "foreign", "dangling"))
    file.write_text("precious")
    folder.mkdir()
    foreign.symlink_to(file)
    dangling.symlink_to(tmp_path / "nowhere")
    for path in (file, folder, foreign, dangling):
        assert str(path) in refused("ML307R", "--link", str(path))
    assert file.read_text() == "precious"
    assert os.readlink(foreign) == str(file)
    assert folder.is_dir()
    assert dangling.is_symlink()
    assert str(tmp_path / "no") in refused("ML307R", "--link", str(tmp_path / "no" / "such" / "folder"))


def test_a_live_emulators_link_is_refused(start: Start, tmp_path: Path) -> None:
    link = tmp_path / "port"
    module = start("ML307R", "--link", str(link))
    assert str(link) in refused("MN316", "--link", str(link))
    with module.awake(str(link)) as dte:
        dte.alive()


def test_a_link_that_is_another_meanwhile_stays(start: Start, tmp_path: Path) -> None:
    link = tmp_path / "port"
    module = start("ML307R", "--link", str(link))
    link.unlink()
    link.write_text("mine now")
    module.signal(signal.SIGTERM)
    assert link.read_text() == "mine now"


# What is refused.


@pytest.mark.parametrize(("asked", "near"), [("ML307", "ML307R"), ("MN31", "MN316"), ("ml307r-xx", "ML307R"), ("", "")])
def test_an_unknown_model(asked: str, near: str) -> None:
    said = refused(asked)
    assert repr(asked) in said
    assert near in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["ML307R", "--nonsense"],
        ["ML307R", "MN316"],
        ["ML307R", "--boot-time", "soon"],
        ["ML307R", "--boot-time", "-1"],
        ["ML307R", "--boot-time", "nan"],
        ["ML307R", "--link"],
        ["ML307R", "--profiles", "/no/such/directory"],
        ["ML307R", "--trace", "/no/such/directory/trace"],
    ],
    ids=" ".join,
)
def test_arguments_that_make_no_sense(arguments: list[str]) -> None:
    assert refused(*arguments)


# Profiles of the user's own.


def test_a_profile_of_ones_own(start: Start, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'extends = "models/ml307r.toml"\nsource = "mine"\nseries = "OWN"\n'
        '[identity]\nmodel = "MY-OWN"\n[params]\nconnect_id = { range = "0-1" }\n'
        '[sub_models."OWN-1"]\n'
    )
    module = start("own", "--profiles", str(tmp_path))
    assert module.ready.startswith("OWN ready on ")
    with module.awake() as dte:
        dte.ask("AT+CGMM", "MY-OWN", "OK")
        dte.ask("AT+MIPSTATE=2", "+CME ERROR: 50")


def test_every_mistake_of_a_profile_is_told(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'extends = "models/ml307r.toml"\nsource = "mine"\nseries = "OWN"\n'
        '[commands.NONSENSE]\navailable = true\n[commands.MIPOPEN]\nparams.timeout = { range = "9-1" }\n'
        '[line]\nguard = "long"\n'
    )
    command = [sys.executable, "-m", "onemo", "run", "own", "--profiles", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=2 * WAIT)
    assert (done.returncode, done.stdout) == (2, "")
    for path in ("commands.NONSENSE", "commands.MIPOPEN.params.timeout.range", "line.guard"):
        assert f"own.toml: {path}: " in done.stderr
    assert "Traceback" not in done.stderr


# What crosses, written down.


def test_the_trace_has_every_crossing(start: Start, peers: Peers, tmp_path: Path) -> None:
    file, listener = tmp_path / "trace", peers.tcp()
    module = start("ML305U", "--trace", str(file), measured=True)
    with module.awake() as dte:
        dte.ask(f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port_of(listener)}', "OK", "+MIPOPEN: 0,0")
        peer = peers.accept(listener)
        dte.write(b'AT+MIPSEND=0,,"\x80\xff\x01"\r')
        dte.hears("+MIPSEND: 0,3", "OK")
        assert peer.recv(9) == b"\x80\xff\x01"
        peer.sendall(bytes(range(256)))
        dte.hears('+MIPURC: "rtcp",0,256,' + bytes(range(256)).decode("latin-1"))
        peer.close()
        dte.hears('+MIPURC: "disconn",0,1')
    module.signal(signal.SIGTERM)
    entries = [json.loads(line) for line in file.read_text("ascii").splitlines()]

    def crossed(source: str, target: str) -> bytes:
        found = [entry["data"] for entry in entries if (entry.get("from"), entry.get("to")) == (source, target)]
        return "".join(found).encode("latin-1")

    assert crossed("dte", "module").startswith(b"ATE0\rAT+MIPOPEN=0,")
    assert crossed("dte", "module").endswith(b'"\x80\xff\x01"\r')
    assert crossed("module", "dte").startswith(b"\r\n+MATREADY\r\n\r\nOK\r\n")
    assert crossed("module", "dte").endswith(bytes(range(256)) + b'\r\n\r\n+MIPURC: "disconn",0,1\r\n')
    assert crossed("network", "module") == bytes(range(256))
    assert crossed("module", "network") == b"\x80\xff\x01"
    times = [entry["time"] for entry in entries]
    assert times == sorted(times)
    assert [entry["event"] for entry in entries if "event" in entry][:1] == ["opened"]


def test_a_trace_that_cannot_be_written_any_more_ends_nothing(start: Start) -> None:
    """Nor does it silence what is shown on stderr."""
    module = start("ML307R", "--trace", "/dev/full", "-v", measured=True)
    with module.awake() as dte:
        dte.alive()
    module.signal(signal.SIGTERM)
    assert module.process.returncode == 0
    assert module.stderr().count("cannot be written any more") == 1
    assert module.stderr().count(" > AT\n") == 1


def test_the_dialogue_live(start: Start, peers: Peers) -> None:
    listener = peers.tcp()
    module = start("ML307R", "-v", measured=True)
    with module.awake() as dte:
        dte.ask(f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port_of(listener)}', "OK", "+MIPOPEN: 0,0")
        peers.accept(listener).sendall(b"\x00\xff[bold]")
        dte.hears('+MIPURC: "rtcp",0,8,\x00\xff[bold]')
    module.signal(signal.SIGTERM)
    shown = [line.partition(" ")[2] for line in module.stderr().splitlines()]
    assert shown[:3] == ["> ATE0", "< +MATREADY", "< OK"]
    assert f'> AT+MIPOPEN=0,"TCP","127.0.0.1",{port_of(listener)}' in shown
    assert '< +MIPURC: "rtcp",0,8,\\x00\\xff[bold]' in shown
    assert any(line.endswith("connection 0: received 8 bytes") for line in shown)
    assert "\x1b" not in module.stderr(), "no colour where nobody sees it"


def test_the_whole_live_dialogue_survives_a_reader_that_left(start: Start) -> None:
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "onemo", "run", "--boot-time", "0", "-v"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=writing) as process:
        os.close(writing)
        os.close(reading)
        try:
            assert process.stdout is not None
            port = process.stdout.readline().split()[3].decode()
            with open(port, "r+b", buffering=0) as dte:
                dte.write(b"AT\r")
                assert dte.read(2) == b"\r\n"
        finally:
            process.terminate()
    assert process.returncode == 0


def test_the_module_is_a_program_of_its_own(start: Start) -> None:
    """Two of them do not meet."""
    one, other = start("ML307R"), start("MN316")
    with one.awake() as first, other.awake() as second:
        first.ask('AT+MIPCFG="encoding",0,1,1', "OK")
        second.ask('AT+MIPCFG="encoding",0', '+MIPCFG: "encoding",0,0,0', "OK")
        first.ask("AT+CGMM", "ML307R", "OK")
        second.ask("AT+CGMM", "MN316", "OK")
