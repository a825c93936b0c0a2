"""Children that stand in for the device under test."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from pathlib import Path

import pytest
import trio
import trio.testing
from onemo.errors import LinkError, UsageError
from onemo.link.interface import Link
from onemo.link.process import ProcessLink, open_process

from tests.unit.link.lines import EVERY_BYTE, fill, receive, send


def python(program: str, *arguments: str) -> str:
    return shlex.join([sys.executable, "-c", program, *arguments])


RAW = """
import os, termios
cooked = termios.tcgetattr(0)[3] & (termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
os.write(1, b"\\n" + bytes([cooked != 0]) + b"\\r")
got = b""
while len(got) < 256:
    got += os.read(0, 300)
os.write(1, got)
"""


async def test_the_terminal_is_raw_before_the_child_starts() -> None:
    with open_process(python(RAW)) as link, trio.fail_after(10):
        line: Link = link
        assert link.status is None
        assert link.write_now(b"lost") == 4  # not powered yet
        await link.wait_writable()
        link.start()
        assert line.port.startswith("/dev/pts/")
        assert await receive(line, 3) == b"\n\0\r"
        await send(line, EVERY_BYTE)
        assert await receive(line, 256) == EVERY_BYTE
        assert await link.wait() == 0
        assert link.write_now(b"AT") == 2
        with trio.move_on_after(0.05):
            while link.read_now(10) is None:
                await link.wait_readable()


async def test_a_task_may_wait_before_it_starts() -> None:
    with open_process("printf AT") as link, trio.fail_after(10):
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def read() -> None:
                assert await receive(link, 2) == b"AT"

            await trio.testing.wait_all_tasks_blocked()
            link.start()
        assert await link.wait() == 0


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)]
)
@pytest.mark.parametrize("word", ["", "{port}"])
async def test_the_status_is_the_childs(script: str, status: int, word: str) -> None:
    with open_process(f"sh -c {shlex.quote(script)} {word}") as link, trio.fail_after(10):
        link.start()
        assert await link.wait() == status
        assert link.status == status
        link.signal(signal.SIGTERM)


@pytest.mark.parametrize("word", ["", "{port}"])
async def test_sigterm_is_passed_on(word: str) -> None:
    program = """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(42))
port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY) if len(sys.argv) > 1 else 1
os.write(port, b"!")
while True:
    signal.pause()
"""
    # As the emulator does while it starts.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    with open_process(f"{python(program)} {word}") as link, trio.fail_after(10):
        link.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        assert await receive(link, 1) == b"!"
        link.signal(signal.SIGTERM)
        assert await link.wait() == 42


async def test_a_child_finds_signals_as_from_a_shell() -> None:
    with open_process("sh -c 'yes | head -n 1; kill -PIPE $$'") as link, trio.fail_after(10):
        link.start()
        assert await link.wait() == 128 + signal.SIGPIPE


async def test_closing_ends_the_child() -> None:
    with open_process("sleep 100") as link:
        link.start()
    assert link.status == 128 + signal.SIGTERM
    link.close()


async def test_closing_ends_a_child_that_does_not_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onemo.link.process._PATIENCE", 0.1)
    with open_process("""sh -c 'trap "" TERM HUP; echo; while :; do sleep 100; done'""") as link, trio.fail_after(10):
        link.start()
        await receive(link, 1)
    assert link.status == 128 + signal.SIGKILL


async def test_the_port_in_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program = """
import os, sys
port = os.open(sys.argv[1].removeprefix("port="), os.O_RDWR | os.O_NOCTTY)
os.write(port, b"AT\\r")
print(sys.argv[1], os.read(port, 100))
"""
    link_path = tmp_path / "modem"
    with open_process(python(program, "port={port}"), link_path) as link, trio.fail_after(10):
        assert link.port.startswith("/dev/pts/")
        assert os.readlink(link_path) == link.port
        link.start()
        assert await receive(link, 3) == b"AT\r"
        await send(link, b"OK")
        assert await link.wait() == 0
    assert capfd.readouterr().out == f"port={link_path} b'OK'\n"
    assert not link_path.is_symlink()


async def test_stderr_is_no_part_of_the_line(capfd: pytest.CaptureFixture[str]) -> None:
    with open_process("sh -c 'echo oops >&2; echo'") as link, trio.fail_after(10):
        link.start()
        assert await receive(link, 1) == b"\n"
        assert await link.wait() == 0
    assert capfd.readouterr().err == "oops\n"


async def test_a_child_that_does_not_read_stops_the_module() -> None:
    with open_process("sleep 100") as link, trio.fail_after(10):
        link.start()
        assert 0 < await fill(link) < 100_000


async def test_nothing_stays_open() -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = descriptors()
    for command in ("true", "true {port}", "cat"):
        with open_process(command) as link:
            link.start()
    assert descriptors() == before


@pytest.mark.parametrize("command", ["", "  ", "echo 'a", "cat \0"])
def test_no_commands(command: str) -> None:
    with pytest.raises(UsageError, match="write"):
        open_process(command)


def test_a_link_without_a_port(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"write \{port\} where"):
        open_process("cat", tmp_path / "modem")


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(LinkError, match="cannot run no-such-program: No such file"):
        open_process("no-such-program --x")


@pytest.mark.parametrize("word", ["", "{port}"])
async def test_a_program_that_cannot_be_run(tmp_path: Path, word: str) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF garbage")
    program.chmod(0o755)
    with (
        open_process(f"{program} {word}") as link,
        pytest.raises(LinkError, match=r"cannot run .*format error"),
    ):
        link.start()


async def test_closing_ends_whoever_waits() -> None:
    async def reads(link: ProcessLink) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await link.wait_readable()

    for started in (False, True):
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                link = open_process("cat")
                if started:
                    link.start()
                nursery.start_soon(reads, link)
                await trio.testing.wait_all_tasks_blocked()
                link.close()
