"""``lab --processes``: the modules of one lab in several processes, which begin, speak and end as one."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.dte import WAIT, Dte, Transcript
from tests.e2e.peers import Peers
from tests.e2e.started import ROOT
from tests.support.pcapng import read_capture

CONTENT = '[[module]]\nname = "m{n}"\ncount = 5\nlink = "p{n}"\n'
PROGRAM = ("-m", "onemo")


@contextmanager
def lab(
    folder: Path, content: str, *arguments: str, program: Sequence[str] = PROGRAM
) -> Iterator[subprocess.Popen[str]]:
    """Run a lab, in two processes."""
    file = folder / "lab.toml"
    file.write_text(f"[defaults]\nboot_time = 0\nregister_time = 0\n{content}")
    with subprocess.Popen(
        [
            sys.executable,
            *program,
            "lab",
            str(file),
            *(("--processes", "2") if "--processes" not in " ".join(arguments) else ()),
            *arguments,
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ready(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Read the ready lines, the last too."""
    assert process.stdout is not None
    lines: list[dict[str, Any]] = []
    while not lines or "ready" not in lines[-1]:
        lines.append(json.loads(process.stdout.readline()))
    return lines


def children(process: subprocess.Popen[str]) -> list[int]:
    return sorted(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()))


def ended(handles: Sequence[int]) -> bool:
    """Wait until these processes have ended."""
    return all(select.select([handle], [], [], WAIT)[0] for handle in handles)


def test_the_ready_lines_are_in_the_order_of_the_file(tmp_path: Path) -> None:
    content = '[[module]]\nname = "zeta"\nboot_time = 0.6\n[[module]]\nname = "m{n}"\ncount = 3\nmodel = "MN316"\n'
    content += '[[module]]\nname = "gone"\nlink = "no/where"\n[[module]]\nname = "alpha"\n'
    with lab(tmp_path, content, "--processes", "3") as process:
        *modules, last = ready(process)
        assert [line["name"] for line in modules] == ["zeta", "m1", "m2", "m3", "alpha"]
        assert last == {"ready": 5, "failed": ["gone"]}


def test_they_are_one_lab(tmp_path: Path) -> None:
    file = tmp_path / "ready"
    with lab(tmp_path, CONTENT, "--control", "127.0.0.1:0", "--ready-file", str(file)) as process:
        *modules, last = ready(process)
        assert sorted(line["name"] for line in modules) == ["m1", "m2", "m3", "m4", "m5"]
        assert last == {"ready": 5, "failed": [], "control": modules[0]["control"]}
        assert json.loads(file.read_text()) == last
        assert len(children(process)) == 2
        for line in modules:
            with Dte(line["link"], Transcript(str)) as dte:
                dte.wake()
                dte.alive()
        process.terminate()
        assert process.communicate(timeout=WAIT) == ("", "")
        assert process.returncode == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["lab.toml"]


def test_one_control_has_them_all(tmp_path: Path) -> None:
    with lab(tmp_path, CONTENT, "--control", "127.0.0.1:0", "--control-token", "t") as process:
        url = ready(process)[-1]["control"]
        assert httpx.get(f"{url}/v1/modules/m1", trust_env=False).status_code == 401
        client = httpx.Client(base_url=url, trust_env=False, headers={"authorization": "Bearer t"})
        with client:
            assert client.get("/health").json() == {"alive": True}
            assert client.get("/ready").json() == {"ready": True, "modules": 5}
            assert sorted(row["name"] for row in client.get("/v1/modules").json()) == ["m1", "m2", "m3", "m4", "m5"]
            assert client.post("/v1/modules/m5/events", json={"event": "sim-remove"}).status_code == 200
            cards = [client.get(f"/v1/modules/m{n}").json()["sim"]["present"] for n in range(1, 6)]
            assert cards == [True, True, True, True, False]
            file = client.get("/v1/modules/m5/trace/file", params={"format": "pcapng"})
            assert file.headers["content-disposition"] == "attachment; filename*=utf-8''m5.pcapng"
            assert read_capture(file.content).interface[2] == b"m5"
            assert client.post("/v1/modules/m1/events", json={"event": "none"}).status_code == 422
            assert client.post("/v1/modules").status_code == 405
            unknown = client.get("/v1/modules/x")
            assert unknown.status_code == 404
            assert unknown.json() == {"error": "there is no module 'x'; there are m1, m2, m3, m4, m5"}
        process.terminate()
        assert process.communicate(timeout=WAIT)[1] == ""


@pytest.mark.parametrize(
    ("path", "names"), [("/v1/trace/stream", {"m1", "m5"}), ("/v1/modules/m5/trace/stream", {"m5"})]
)
def test_streams(tmp_path: Path, path: str, names: set[str]) -> None:
    """Events come whole, of all processes; what is not wanted any more ends."""
    with lab(tmp_path, CONTENT, "--control", "127.0.0.1:0") as process:
        url = ready(process)[-1]["control"]
        with httpx.stream("GET", f"{url}{path}", trust_env=False, timeout=WAIT) as stream:
            lines, seen = stream.iter_lines(), set()
            assert next(lines) == ": the trace"
            for line in lines:
                if line.startswith("data: "):
                    seen.add(json.loads(line.removeprefix("data: "))["module" if "direction" in line else "name"])
                if seen >= names:
                    break
        assert seen >= names
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=WAIT)[1] == ""
        assert process.returncode == 0


def test_one_that_is_killed_ends_them_all(tmp_path: Path) -> None:
    with lab(tmp_path, CONTENT) as process:
        ready(process)
        first, second = children(process)
        with closing(os.fdopen(os.pidfd_open(second), "rb")) as handle:
            os.kill(first, signal.SIGKILL)
            assert process.wait(WAIT) == 1
            assert ended([handle.fileno()])
        assert process.stderr is not None
        told = process.stderr.read()
    assert told == f"onemo-emulator: process 1 of 2 (pid {first}) was ended by SIGKILL: the lab ends\n"
    assert sorted(each.name for each in tmp_path.glob("p*")) == ["p1", "p2"]  # those of the killed one alone


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    """What its modules had to write at the end is lost: the status says so."""
    hasty = "from onemo.cli import processes; processes._GRACE = 0.2; from onemo.__main__ import main; main()"
    with lab(tmp_path, CONTENT, program=("-c", hasty)) as process:
        ready(process)
        first, _ = children(process)
        os.kill(first, signal.SIGSTOP)
        process.terminate()
        assert process.wait(WAIT) == 1
        assert process.stderr is not None
        told = process.stderr.read()
    assert f"process 1 of 2 (pid {first}) does not end: it is killed\n" in told


def test_they_end_with_their_parent(tmp_path: Path) -> None:
    with lab(tmp_path, CONTENT) as process:
        ready(process)
        handles = [os.pidfd_open(pid) for pid in children(process)]
        process.kill()
        try:
            assert ended(handles)
        finally:
            for handle in handles:
                os.close(handle)
        assert process.communicate(timeout=WAIT) == ("", "")
    assert list(tmp_path.glob("p*")) == []


def test_signals_are_their_parents(tmp_path: Path) -> None:
    """Ctrl-C reaches all of them; a child leaves the end to its parent."""
    with lab(tmp_path, CONTENT) as process:
        link = ready(process)[0]["link"]
        for pid in children(process):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(pid, number)
        with Dte(link, Transcript(str)) as dte:
            dte.wake()
            dte.alive()
        process.send_signal(signal.SIGHUP)
        assert process.communicate(timeout=WAIT) == ("", "")
        assert process.returncode == 0


def test_a_module_that_cannot_start_leaves_the_others(tmp_path: Path, peers: Peers) -> None:
    taken = peers.tcp().getsockname()[1]
    content = f'{CONTENT}[[module]]\nname = "taken"\nlink = "tcp://127.0.0.1:{taken}"\n'
    with lab(tmp_path, content) as process:
        assert ready(process)[-1] == {"ready": 5, "failed": ["taken"]}
        process.terminate()
        err = process.communicate(timeout=WAIT)[1]
        assert process.returncode == 1
    assert err.startswith("onemo-emulator: taken: cannot listen on ")
    assert err.count("\n") == 1


def test_a_lab_in_which_none_can_start_ends(tmp_path: Path) -> None:
    with lab(tmp_path, '[[module]]\nname = "m{n}"\ncount = 3\nlink = "no/such/{n}"') as process:
        out, err = process.communicate(timeout=WAIT)
        last = json.loads(out)
        assert (last["ready"], sorted(last["failed"])) == (0, ["m1", "m2", "m3"])
        assert (process.returncode, err.count("\n")) == (1, 3)


def test_a_child_that_cannot_start(tmp_path: Path) -> None:
    """The first of two is there already, and ends again."""
    broken = """
import os
real = os.fork
def fork(done=[]):
    if done:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    done.append(1)
    return real()
os.fork = fork
from onemo.__main__ import main
main()
"""
    with lab(tmp_path, CONTENT, program=("-c", broken)) as process:
        out, err = process.communicate(timeout=WAIT)
        assert (process.returncode, out) == (2, "")
    assert err.startswith("onemo-emulator: cannot start process 2 of 2: Resource temporarily unavailable: ")
    assert err.count("\n") == 1
    assert list(tmp_path.glob("p*")) == []


def test_each_process_has_the_open_files_of_its_share(tmp_path: Path) -> None:
    """Sixty modules are too many for a process that may have 128, not for two."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))"
    program = ("-c", f"{limit}\nfrom onemo.__main__ import main\nmain()")
    content = '[[module]]\nname = "m{n}"\ncount = 60\nlink = "tcp://127.0.0.1:0"\n'
    with lab(tmp_path, content, program=program) as process:
        assert ready(process)[-1] == {"ready": 60, "failed": []}
        process.terminate()
        assert process.communicate(timeout=WAIT)[1] == ""
    with lab(tmp_path, content, "--processes=1", program=program) as process:
        err = process.communicate(timeout=WAIT)[1]
        assert process.returncode == 2
    assert "with --processes" in err


@pytest.mark.parametrize("number", ["0", "257"])
def test_numbers_that_cannot_be(tmp_path: Path, number: str) -> None:
    with lab(tmp_path, CONTENT, f"--processes={number}") as process:
        err = process.communicate(timeout=WAIT)[1]
        assert process.returncode == 2
    assert err == f"onemo-emulator: --processes {number}: give a number from 1 to 256\n"


def test_pseudo_terminals_that_the_host_lacks(tmp_path: Path) -> None:
    most = int(Path("/proc/sys/kernel/pty/max").read_text())
    if most >= 20_000:
        pytest.skip("this host has very many pseudo-terminals")
    with lab(tmp_path, f"[[module]]\ncount = {most + 1}") as process:
        out, err = process.communicate(timeout=WAIT)
        assert (process.returncode, out) == (2, "")
    assert err.startswith(
        f"onemo-emulator: {most + 1} modules need {most + 1} pseudo-terminals, and this host has {most}: raise that"
        " (sysctl -w kernel.pty.max="
    )
    assert err.count("\n") == 1
