"""The stable name of the pseudo-terminal: whose it is, and when it goes."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import serial
import trio
from onemo.errors import LinkError
from onemo.link.pty import PtyLink, open_pty
from trio.testing import wait_all_tasks_blocked

EMULATOR = """
import pathlib, signal, sys
from onemo.link.pty import open_pty
with open_pty(pathlib.Path(sys.argv[1])) as link:
    print(link.port, flush=True)
    signal.pause()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "modem"


@contextmanager
def another_emulator(path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process of its own, and its port."""
    command = [sys.executable, "-c", EMULATOR, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@contextmanager
def another_terminal() -> Iterator[str]:
    """A pseudo-terminal of some other program."""
    master, slave = os.openpty()
    try:
        yield os.ttyname(slave)
    finally:
        os.close(master)
        os.close(slave)


def descriptors() -> set[tuple[str, str]]:
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add((name, os.readlink(f"/proc/self/fd/{name}")))
        except FileNotFoundError:  # that of the listing itself
            pass
    return found


def refusal(path: Path) -> str:
    before = descriptors()
    with pytest.raises(LinkError) as caught:
        open_pty(path)
    assert descriptors() == before
    return str(caught.value)


def test_the_link_leads_to_the_port_until_it_closes(path: Path) -> None:
    before = descriptors()
    with open_pty(path) as link:
        assert os.readlink(path) == link.port
        with serial.Serial(str(path), timeout=10) as port:
            link.write_now(b"\r\nOK\r\n")
            assert port.read(6) == b"\r\nOK\r\n"
    assert not path.is_symlink()
    assert not os.path.exists(link.port)
    assert descriptors() == before
    link.close()
    assert descriptors() == before


def test_a_path_can_be_used_again_at_once(path: Path) -> None:
    for _ in range(3):
        with open_pty(path) as link:
            assert os.readlink(path) == link.port


def test_a_relative_path_is_meant_from_where_the_emulator_started(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with open_pty(Path(path.name)) as link:
        monkeypatch.chdir("/")
        assert os.readlink(path) == link.port
    assert not path.is_symlink()


def test_without_a_path_there_is_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_pty() as link:
        assert stat.S_ISCHR(os.stat(link.port).st_mode)
        assert list(tmp_path.iterdir()) == []


# Whose link it is


def test_a_running_emulators_link_is_refused(path: Path) -> None:
    with another_emulator(path) as (_, port):
        os.chmod(port, 0o666)  # as users do; it makes the terminal look younger than the link
        assert refusal(path) == f"{path} belongs to a running emulator: stop that one or choose another path"
        assert os.readlink(path) == port


def test_a_running_emulators_link_is_known_under_every_path(path: Path, tmp_path: Path) -> None:
    (tmp_path / "detour").symlink_to(tmp_path)
    with open_pty(path) as link:
        assert "belongs to a running emulator" in refusal(tmp_path / "detour" / ".." / tmp_path.name / path.name)
        assert os.readlink(path) == link.port


def test_two_emulators_have_two_links_in_one_directory(tmp_path: Path) -> None:
    with open_pty(tmp_path / "one") as one, open_pty(tmp_path / "two") as two:
        assert os.readlink(tmp_path / "one") == one.port != two.port == os.readlink(tmp_path / "two")


def test_the_link_of_a_killed_emulator_is_replaced(path: Path) -> None:
    with another_emulator(path) as (process, port):
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert os.readlink(path) == port
        with open_pty(path) as link:
            assert os.readlink(path) == link.port
        assert not path.is_symlink()


def test_a_stale_link_whose_number_a_terminal_has_got_since_is_replaced(path: Path) -> None:
    with another_terminal() as terminal:
        path.symlink_to(terminal)
        os.utime(path, (0, 0), follow_symlinks=False)
        with open_pty(path) as link:
            assert os.readlink(path) == link.port != terminal


def test_a_stale_link_whose_number_we_get_ourselves_is_replaced(path: Path) -> None:
    with open_pty() as probe:
        path.symlink_to(probe.port)
    # Most often the number just freed; where another process was faster it is a dangling link like any other.
    with open_pty(path) as link:
        assert os.readlink(path) == link.port
    assert not path.is_symlink()


def test_another_programs_link_to_its_terminal_is_refused(path: Path) -> None:
    with another_terminal() as terminal:
        path.symlink_to(terminal)
        assert refusal(path) == (
            f"{path} leads to {terminal}, which another program holds: remove it or choose another path"
        )
        assert os.readlink(path) == terminal


@pytest.mark.parametrize("target", ["/dev/null", "/dev/pts/ptmx", "/nowhere", "../dev/pts/1"])
def test_a_link_to_anything_else_is_refused(path: Path, target: str) -> None:
    path.symlink_to(target)
    assert refusal(path) == (f"{path} leads to {target} and is no emulator's link: remove it or choose another path")
    assert os.readlink(path) == target


def test_a_file_is_refused_and_kept(path: Path) -> None:
    path.write_text("mine")
    assert refusal(path) == f"{path} exists and is no emulator's link: remove it or choose another path"
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", [".", "..", "sub", "sub/"])
def test_a_directory_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "is no emulator's link" in refusal(Path(name))


def test_of_many_that_start_at_once_one_gets_a_stale_link(path: Path) -> None:
    path.symlink_to("/dev/pts/999999")
    barrier = threading.Barrier(8)

    def start() -> PtyLink | None:
        barrier.wait()
        try:
            return open_pty(path)
        except LinkError:
            return None

    with ThreadPoolExecutor(8) as pool, ExitStack() as links:
        started = [future.result() for future in [pool.submit(start) for _ in range(8)]]
        winners = [links.enter_context(link) for link in started if link]
        assert [os.readlink(path)] == [link.port for link in winners]


# What cannot be


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("/nowhere/modem", "No such file or directory"),
        ("/proc/modem", "No such file or directory|Operation not permitted|Permission denied"),
        ("/dev/null/modem", "Not a directory"),
        ("/tmp/" + "m" * 300, "File name too long"),
    ],
)
def test_a_place_where_no_link_can_be_says_why(place: str, reason: str) -> None:
    before = descriptors()
    with pytest.raises(LinkError, match=f"^cannot make the link {place}: ({reason}): choose a path in a directory"):
        open_pty(Path(place))
    assert descriptors() == before


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOENT, "see that /dev/pts is mounted"),
        (errno.EMFILE, "let this process have more open files"),
        (errno.ENOSPC, "have the host give out more .sysctl -w kernel.pty.max="),
    ],
)
def test_no_pseudo_terminal_says_why(monkeypatch: pytest.MonkeyPatch, number: int, remedy: str) -> None:
    def refuse() -> tuple[int, int]:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "openpty", refuse)
    with pytest.raises(LinkError, match=f"^no pseudo-terminal to be had: {os.strerror(number)}: {remedy}"):
        open_pty()


# When it goes


@pytest.mark.parametrize("target", ["/dev/pts/999999", "/nowhere"])
def test_a_link_that_is_no_longer_ours_stays(path: Path, target: str) -> None:
    with open_pty(path):
        path.unlink()
        path.symlink_to(target)
    assert os.readlink(path) == target


def test_a_file_in_the_links_place_stays(path: Path) -> None:
    with open_pty(path):
        path.unlink()
        path.write_text("mine")
    assert path.read_text() == "mine"


def test_a_link_that_somebody_removed_is_not_missed(path: Path) -> None:
    with open_pty(path):
        path.unlink()
    assert list(path.parent.iterdir()) == []


# The permission, and the end


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_the_port_has_the_permission_that_was_asked_for(path: Path, mode: int) -> None:
    with open_pty(path, mode) as link:
        assert stat.S_IMODE(os.stat(link.port).st_mode) == mode
        assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("mode", [-1, 0o1000, 0o20660])
def test_what_is_no_permission_is_refused(path: Path, mode: int) -> None:
    with pytest.raises(LinkError, match="is no permission of a port: give three octal digits"):
        open_pty(path, mode)
    assert not path.is_symlink()


async def test_closing_ends_the_waits() -> None:
    async def fill() -> None:
        while True:
            while link.write_now(bytes(1460)):
                pass
            await link.wait_writable()

    async def ends_closed(wait: Callable[[], Awaitable[None]]) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await wait()

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            link = open_pty()
            nursery.start_soon(ends_closed, link.wait_readable)
            nursery.start_soon(ends_closed, fill)
            await wait_all_tasks_blocked()
            link.close()
