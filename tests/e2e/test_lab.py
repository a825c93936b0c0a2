"""``onemo-emulator lab``: many modules in one process, and none that harms another."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import pytest

from tests.e2e.dte import WAIT, Dte, Transcript
from tests.e2e.peers import Peers, port_of
from tests.e2e.started import PROMPT, ROOT, Started
from tests.e2e.test_connections import connect
from tests.e2e.test_slow_dte import few_buffers

DEFAULTS = "[defaults]\nboot_time = 0\nregister_time = 0\n"
Ready = dict[str, Any]


class StartedLab(Started):
    """A running lab. lines: what it said on stdout; modules: the ready lines by name."""

    def __init__(self, arguments: list[str], errors: Path) -> None:
        super().__init__(arguments, errors, command="lab")
        self.lines: list[Ready] = []

    def wait_all(self) -> StartedLab:
        while not self.lines or "ready" not in self.lines[-1]:
            self.lines.append(json.loads(self.wait_ready().ready))
        return self

    @property
    def modules(self) -> dict[str, Ready]:
        return {line["name"]: line for line in self.lines[:-1]}

    def of(self, name: str) -> Dte:
        """The DTE of a module on a pty, past the banner."""
        return self.awake(self.modules[name]["port"])


Launch = Callable[..., StartedLab]


@pytest.fixture
def launch_lab(tmp_path: Path) -> Iterator[Launch]:
    """Starts a lab with this file: ``launch_lab("[[module]]", "--slice", "1")``."""
    with ExitStack() as stack:

        def go(content: str, *arguments: str) -> StartedLab:
            file = tmp_path / "lab.toml"
            file.write_text(DEFAULTS + content)
            return stack.enter_context(StartedLab([str(file), *arguments], tmp_path / "stderr"))

        yield go


def run(file: Path, content: str, *arguments: str) -> subprocess.Popen[str]:
    """The same, for a lab that does not end well."""
    file.write_text(DEFAULTS + content)
    command = [sys.executable, "-m", "onemo", "lab", str(file), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def trip(dte: Dte) -> float:
    """The seconds of a round trip of AT, at their median."""
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        dte.ask("AT", "OK")
        taken.append(time.perf_counter() - began)
    return median(taken)


def test_fifty_modules(launch_lab: Launch, tmp_path: Path) -> None:
    lab = launch_lab('[[module]]\nname = "m{n:03}"\ncount = 50\nlink = "port-{n:03}"', "--slice", "1").wait_all()
    assert lab.lines[-1] == {"ready": 50, "failed": []}
    assert sorted(lab.modules) == [f"m{n:03}" for n in range(51, 101)]
    numbers = set()
    with ExitStack() as stack:
        ends = {}
        for name, ready in lab.modules.items():  # all open at once
            assert ready == {
                "name": name,
                "model": "ML307R",
                "port": ready["port"],
                "link": f"{tmp_path}/port-{name[1:]}",
            }
            assert os.readlink(ready["link"]) == ready["port"]
            ends[name] = stack.enter_context(lab.awake(ready["link"]))
        for dte in ends.values():
            dte.line("AT+CGSN=1")
            numbers.add(dte.until(rb'\+CGSN: "?(\d{15})"?\r\n\r\nOK\r\n'))
    assert len(numbers) == 50
    assert lab.signal(signal.SIGTERM) < PROMPT
    assert lab.process.returncode == 0
    assert list(tmp_path.glob("port-*")) == []
    assert lab.stderr() == ""


def test_the_ready_lines_are_in_the_order_of_the_file(tmp_path: Path) -> None:
    """However long each takes to be ready, and whichever fail."""
    content = """
        [[module]]
        name = "zeta"
        boot_time = 0.6
        [[module]]
        name = "meter-{n}"
        model = "MN316"
        count = 6
        [[module]]
        name = "gone-{n}"
        count = 2
        link = "nowhere/{n}"
        [[module]]
        name = "alpha"
        [[module]]
        boot_time = 0.3
        model = "ML307A"
    """
    with run(tmp_path / "lab.toml", content) as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(10)]
        process.terminate()
        assert process.wait(WAIT) == 1
    meters = [f"meter-{n}" for n in range(1, 7)]
    assert [line["name"] for line in lines[:-1]] == ["zeta", *meters, "alpha", "ML307A-1"]
    assert lines[-1] == {"ready": 9, "failed": ["gone-1", "gone-2"]}


@contextmanager
def flooding(send: Callable[[], object]) -> Iterator[None]:
    """Another thread sends again and again meanwhile."""
    over = threading.Event()

    def go() -> None:
        while not over.is_set():
            send()

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_floods_of_some_leave_the_others_prompt(launch_lab: Launch, peers: Peers) -> None:
    """Three modules flood or are flooded, and the others answer at once.

    The DTE of the first reads nothing while its peer and itself send; the peer of the second floods it; that of the
    third floods what nobody reads, too.
    """
    lab = launch_lab('[[module]]\nname = "m{n}"\ncount = 8').wait_all()
    with ExitStack() as stack:
        deaf, flooded, dropping, *others = (stack.enter_context(lab.of(f"m{n}")) for n in range(1, 9))
        before = median(map(trip, others))
        first, second = few_buffers(connect(deaf, peers)), connect(flooded, peers)
        third = connect(dropping, peers)
        for peer in (first, second, third):
            peer.setblocking(False)
        chunk = bytes(65536)
        mouths = [first.fileno(), second.fileno(), third.fileno(), deaf.serial.fileno()]

        def send() -> None:
            for descriptor in select.select([], mouths, [], 0.01)[1]:
                os.write(descriptor, b"AT\r" * 9 if descriptor == mouths[-1] else chunk)
            while select.select([flooded.serial.fileno()], [], [], 0)[0]:
                if len(os.read(flooded.serial.fileno(), 65536)) < 4096:
                    break

        memory = lab.status("VmRSS")
        with flooding(send):
            meanwhile = median(map(trip, others))
        assert meanwhile < max(20 * before, 0.05)
        assert lab.status("VmRSS") - memory < 4096
        for dte in others:
            dte.alive()


def test_a_line_that_is_lost_ends_its_module_alone(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    content = f'[[module]]\nname = "lost"\nlink = "uart://{os.ttyname(theirs)}"\n[[module]]\nname = "kept"'
    with run(tmp_path / "lab.toml", content) as lab:
        assert lab.stdout is not None
        assert lab.stderr is not None
        ready = [json.loads(lab.stdout.readline()) for _ in range(3)]
        kept = next(line["port"] for line in ready if line.get("name") == "kept")
        os.close(ours)
        os.close(theirs)
        assert lab.stderr.readline().startswith("onemo-emulator: lost has ended: ")
        with Dte(kept, Transcript(str)) as dte:
            dte.wake()
            dte.alive()
        lab.send_signal(signal.SIGINT)
        assert lab.wait(WAIT) == 1
        assert lab.stderr.read() == ""


def test_one_that_cannot_start_leaves_the_others(tmp_path: Path, peers: Peers) -> None:
    taken = peers.tcp().getsockname()[1]
    content = f"""
        [[module]]
        name = "taken"
        link = "tcp://127.0.0.1:{taken}"
        [[module]]
        name = "free"
        link = "tcp://127.0.0.1:0"
        [[module]]
        name = "nowhere"
        link = "no/such"
        [[module]]
        name = "foreign"
        source = "192.0.2.77"
        [[module]]
        name = "unheard"
        trace = "pipe"
    """
    os.mkfifo(tmp_path / "pipe")
    with run(tmp_path / "lab.toml", content) as lab:
        assert lab.stdout is not None
        ready, last = (json.loads(lab.stdout.readline()) for _ in range(2))
        assert ready["name"] == "free"
        assert (last["ready"], sorted(last["failed"])) == (1, ["foreign", "nowhere", "taken", "unheard"])
        lab.terminate()
        err = lab.communicate(timeout=WAIT)[1]
    assert lab.returncode == 1
    assert sorted(line.split(": ")[1] for line in err.splitlines()) == ["foreign", "nowhere", "taken", "unheard"]
    assert f"onemo-emulator: taken: cannot listen on 127.0.0.1:{taken}: Address already in use: " in err


def test_a_lab_in_which_none_can_start_ends(tmp_path: Path) -> None:
    with run(tmp_path / "lab.toml", '[[module]]\nlink = "no/such"') as lab:
        out, err = lab.communicate(timeout=WAIT)
    assert (lab.returncode, out) == (1, '{"ready": 0, "failed": ["ML307R-1"]}\n')
    assert err.startswith("onemo-emulator: ML307R-1: cannot make the link ")


def test_a_ready_file_that_cannot_be_written_ends_it(tmp_path: Path) -> None:
    """Its directory is there, but takes no file, not even root's."""
    with run(tmp_path / "lab.toml", '[[module]]\nlink = "port"', "--ready-file", "/proc/ready") as lab:
        err = lab.communicate(timeout=WAIT)[1]
    assert lab.returncode == 2
    told = "No such file or directory; name a file in a directory that can be written"
    assert err == f"onemo-emulator: --ready-file /proc/ready: {told}\n"
    assert not os.path.lexists(tmp_path / "port")


def test_two_modules_on_one_local_port(launch_lab: Launch, peers: Peers) -> None:
    """Each has an address of its own, which its peer sees."""
    listener, local = peers.tcp(), peers.local_port()
    lab = launch_lab('[[module]]\nname = "m{n}"\ncount = 2\nsource = "127.0.0.{n+4}"').wait_all()
    open_ = f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port_of(listener)},60,0,{local}'
    with lab.of("m1") as first, lab.of("m2") as second:
        for dte, address in ((first, "127.0.0.5"), (second, "127.0.0.6")):
            dte.ask(open_, "OK", "+MIPOPEN: 0,0")
            assert peers.accept(listener).getpeername() == (address, local)


def test_ready_lines_that_nobody_reads(launch_lab: Launch, tmp_path: Path) -> None:
    """They hold up neither the modules nor the end."""
    name = "x" * 500
    lab = launch_lab(f'[[module]]\ncount = 200\nname = "{name}{{n}}"\nlink = "p{{n}}"')
    for n in (1, 100, 200):
        link = tmp_path / f"p{n}"
        lab.wait_link(link)
        with lab.awake(str(link)) as dte:
            dte.alive()
    assert lab.signal(signal.SIGTERM) < PROMPT
    lab.close_stdout()


def test_a_signal_while_they_start(launch_lab: Launch, tmp_path: Path) -> None:
    lab = launch_lab('[[module]]\nboot_time = 60\ncount = 100\nlink = "p{n}"')
    lab.wait_link(tmp_path / "p100")
    assert lab.signal(signal.SIGINT) < PROMPT
    assert lab.process.returncode == 0
    assert list(tmp_path.glob("p*")) == []
    assert lab.stderr() == ""


def test_traces(launch_lab: Launch, tmp_path: Path) -> None:
    """Each module has a file of its own, and -v names the module in each line."""
    lab = launch_lab('[[module]]\ncount = 2\nname = "m{n}"\ntrace = "{n}.jsonl"', "-v").wait_all()
    with lab.of("m2") as dte:
        dte.ask("AT+CGMM", "ML307R", "OK")
    lab.signal(signal.SIGTERM)
    assert "AT+CGMM" not in (tmp_path / "1.jsonl").read_text()
    assert "AT+CGMM" in (tmp_path / "2.jsonl").read_text()
    assert " m2 > AT+CGMM\n" in lab.stderr()


def test_the_file_is_only_checked(tmp_path: Path) -> None:
    for content, status in (('[[module]]\ncount = 3\nname = "m{n}"', 0), ("[[module]]\ncount = 0\nzone = 1.5", 2)):
        with run(tmp_path / "lab.toml", content, "--check") as lab:
            out, err = lab.communicate(timeout=WAIT)
        assert lab.returncode == status
        if status:
            assert (out, err.count("\n")) == ("", 2)
            assert err.startswith(f"onemo-emulator: {tmp_path}/lab.toml: module[1].count: is 0, not a number from ")
        else:
            assert (out, err) == (f"{tmp_path}/lab.toml: 3 modules, no mistakes\n", "")


@pytest.mark.parametrize(("hard", "told"), [(200, ""), (100, "30 modules need 124 open files, ")])
def test_the_limit_of_open_files(tmp_path: Path, hard: int, told: str) -> None:
    """The soft one is raised as far as the hard one lets it."""
    file = tmp_path / "lab.toml"
    file.write_text(DEFAULTS + "[[module]]\ncount = 30")
    command = [sys.executable, "-m", "onemo", "lab", str(file)]
    with subprocess.Popen(
        ["prlimit", f"--nofile=32:{hard}", *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as lab:
        assert lab.stdout is not None
        if told:
            err = lab.communicate(timeout=WAIT)[1]
            assert lab.returncode == 2
            assert err.startswith(f"onemo-emulator: {told}")
        else:
            lines = [json.loads(lab.stdout.readline()) for _ in range(31)]
            assert lines[-1] == {"ready": 30, "failed": []}
            assert resource.prlimit(lab.pid, resource.RLIMIT_NOFILE) == (hard, hard)
            lab.terminate()
            assert lab.communicate(timeout=WAIT)[1] == ""


def test_the_control_of_a_lab(launch_lab: Launch) -> None:
    content = '[[module]]\nname = "meter-{n}"\nmodel = "MN316"\ncount = 20\nsandbox = true\n'
    lab = launch_lab(content, "--control", "127.0.0.1:0").wait_all()
    url = lab.lines[-1]["control"]
    assert {line["control"] for line in lab.lines} == {url}
    with httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get("/ready").json() == {"ready": True, "modules": 20}
        names = [row["name"] for row in client.get("/v1/modules").json()]
        assert names == [f"meter-{n}" for n in range(1, 21)], "in the order of the file"
        client.post("/v1/modules/meter-1/events", json={"event": "sim-remove"})
        cards = [client.get(f"/v1/modules/meter-{n}").json()["sim"]["present"] for n in (1, 2)]
        assert cards == [False, True]


def text(dte: Dte, to: str, content: str) -> None:
    """Send a text, in text mode."""
    dte.line(f'AT+CMGS="{to}"')
    dte.reads(b"\r\n> ")
    dte.write(content.encode() + b"\x1a")
    dte.until(rb"\r\n\+CMGS: \d+\r\n\r\nOK\r\n")


def test_two_modules_text_each_other(launch_lab: Launch) -> None:
    modules = "".join(
        f'[[module]]\nmodel = "{model}"\nname = "{name}"\nmsisdn = "{number}"\n'
        for model, name, number in (("ML307R", "a", "+8614400000001"), ("ML302A", "b", "+8614400000002"))
    )
    lab = launch_lab(f"speed = 1000\n{modules}").wait_all()
    with lab.of("a") as a, lab.of("b") as b:
        for dte in (a, b):
            dte.ask("AT+CMGF=1;+CNMI=2,2,0,1;+CSMP=49,167,0,0", "OK")
        text(a, "+8614400000002", "hi b")
        b.until(rb'\r\n\+CMT: "\+8614400000001",,"[^"]+"\r\nhi b\r\n')
        a.until(rb'\r\n\+CDS: 6,1,"\+8614400000002",145,"[^"]+","[^"]+",0\r\n')
        for number in range(20):
            text(b, "14400000001", f"hi a {number}")
            a.until(rb'\r\n\+CMT: "\+8614400000002",,"[^"]+"\r\nhi a %d\r\n' % number)
            b.until(rb"\r\n\+CDS: 6,%d,[^\r]+\r\n" % (number + 1))
        b.line("AT+CFUN=4")
        b.until(rb"\r\nOK\r\n")
        text(a, "+8614400000002", "later")
        b.line("AT+CFUN=1")
        b.until(rb'\r\n\+CMT: "\+8614400000001",,"[^"]+"\r\nlater\r\n')
        a.until(rb"\r\n\+CDS: 6,2,[^\r]+\r\n")
