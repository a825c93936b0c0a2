"""The pseudo-terminal, opened as a DTE opens it."""

from __future__ import annotations

import fcntl
import os
import random
import select
import termios
import tty
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager

import pytest
import serial
import trio
from onemo.link.interface import Link
from onemo.link.pty import PtyLink, open_pty
from trio.testing import wait_all_tasks_blocked

EVERY_BYTE = bytes(range(256))
TIOCGEXCL = 0x80045440
TIOCVHANGUP = 0x5437
NOBODY = 65534


@pytest.fixture
async def pty(nursery: trio.Nursery) -> AsyncIterator[PtyLink]:
    """A watched one."""
    with open_pty() as link, trio.fail_after(20):
        nursery.start_soon(link.watch)
        await wait_all_tasks_blocked()
        yield link


@contextmanager
def dte(link: PtyLink, flags: int = os.O_RDWR) -> Iterator[int]:
    """The port, opened by a program that sets nothing."""
    port = os.open(link.port, flags | os.O_NOCTTY)
    try:
        yield port
    finally:
        os.close(port)


async def receive(link: Link, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        if (chunk := link.read_now(size - len(data))) is None:
            await link.wait_readable()
        else:
            assert chunk
            data += chunk
    return bytes(data)


async def send(link: Link, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        if taken := link.write_now(rest):
            rest = rest[taken:]
        else:
            await link.wait_writable()


def read_all(port: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        assert select.select([port], [], [], 10)[0], f"nothing more after {bytes(data)!r}"
        data += os.read(port, size - len(data))
    return bytes(data)


def ask(link: PtyLink, exclusive: bool | None) -> bytes:
    with serial.Serial(link.port, 115200, timeout=10, exclusive=exclusive) as port:
        port.write(b"AT\r")
        return port.read(6)


def write_only(link: PtyLink) -> int | None:
    with serial.Serial(link.port, write_timeout=10) as port:
        return port.write(b"AT\r")


async def answer(link: Link, times: int) -> None:
    for _ in range(times):
        assert await receive(link, 3) == b"AT\r"
        await send(link, b"\r\nOK\r\n")


async def settled(link: PtyLink) -> None:
    """All that has happened to the port is dealt with, and nobody has it open."""
    await wait_all_tasks_blocked()
    assert not link.in_use


def is_locked(port: int) -> bool:
    state = bytearray(4)
    fcntl.ioctl(port, TIOCGEXCL, state)
    return any(state)


def is_raw(port: int) -> bool:
    iflag, oflag, cflag, lflag, _, _, cc = termios.tcgetattr(port)
    return bool(iflag == oflag == lflag == 0 and cflag & termios.CSIZE == termios.CS8 and cc[termios.VMIN] == 1)


async def test_no_byte_is_changed_or_echoed_before_the_dte_sets_anything(pty: PtyLink) -> None:
    with dte(pty) as port:
        for sent in [EVERY_BYTE, *(bytes([byte]) for byte in EVERY_BYTE)]:
            assert pty.write_now(sent) == len(sent)
            assert await trio.to_thread.run_sync(read_all, port, len(sent)) == sent
            assert pty.read_now(4096) is None
        for sent in [EVERY_BYTE, *(bytes([byte]) for byte in EVERY_BYTE)]:
            assert os.write(port, sent) == len(sent)
            assert await receive(pty, len(sent)) == sent
        os.set_blocking(port, False)
        with pytest.raises(BlockingIOError):
            os.read(port, 4096)


def test_what_is_written_before_the_dte_opens_the_port_waits_for_it() -> None:
    with open_pty() as link:
        assert link.write_now(memoryview(b"\r\n+MATREADY\r\n")) == 13
        with dte(link) as port:
            assert read_all(port, 13) == b"\r\n+MATREADY\r\n"


def test_a_read_takes_no_more_than_its_limit() -> None:
    with open_pty() as link, dte(link) as port:
        os.write(port, b"AT+MIPSTATE?\r")
        assert link.read_now(2) == b"AT"


async def test_a_dte_that_never_reads_stops_the_line_and_loses_nothing(pty: PtyLink) -> None:
    data = random.Random(1).randbytes(1 << 20)
    with dte(pty) as port:
        taken = 0
        while count := pty.write_now(data[taken : taken + 1460]):
            taken += count
        assert 1460 < taken < 100_000
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send, pty, data[taken:])
            await wait_all_tasks_blocked()
            assert await trio.to_thread.run_sync(read_all, port, len(data)) == data


async def test_a_dte_that_flushes_frees_a_full_line(pty: PtyLink) -> None:
    while pty.write_now(bytes(1460)):
        pass
    await trio.to_thread.run_sync(lambda: serial.Serial(pty.port).close())
    await pty.wait_writable()
    assert pty.write_now(b"OK")


async def test_much_data_from_the_dte_arrives_whole(pty: PtyLink) -> None:
    data = random.Random(2).randbytes(1 << 20)
    with serial.Serial(pty.port, write_timeout=20) as port:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, port.write, data)
            assert await receive(pty, len(data)) == data


@pytest.mark.parametrize("exclusive", [False, True])
async def test_pyserial_opens_the_port_a_hundred_times(pty: PtyLink, exclusive: bool) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer, pty, 100)
        for _ in range(100):
            assert await trio.to_thread.run_sync(ask, pty, exclusive) == b"\r\nOK\r\n"
    await settled(pty)
    assert pty.read_now(4096) is None


async def test_the_port_works_unwatched_too() -> None:
    with open_pty() as link, trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer, link, 3)
            for _ in range(3):
                assert await trio.to_thread.run_sync(ask, link, True) == b"\r\nOK\r\n"
        assert not link.in_use


async def test_a_lock_that_a_dte_leaves_goes_with_it(pty: PtyLink) -> None:
    with dte(pty) as observer:
        with dte(pty) as port:
            fcntl.ioctl(port, termios.TIOCEXCL)
        await wait_all_tasks_blocked()
        assert is_locked(observer)
        os.fchmod(observer, 0o666)
    await settled(pty)
    # Root passes any lock, so that somebody else has to try.
    user = NOBODY if os.geteuid() == 0 else None
    await trio.run_process(["sh", "-c", f": <>{pty.port}"], user=user)
    with dte(pty) as port:
        assert not is_locked(port)


async def test_each_of_many_opens_is_counted(pty: PtyLink) -> None:
    """Equal events that nobody has read yet are one to inotify; they must not be one to us."""
    ports = [os.open(pty.port, os.O_RDWR | os.O_NOCTTY) for _ in range(5)]
    fcntl.ioctl(ports[0], termios.TIOCEXCL)
    for port in ports[:4]:
        os.close(port)
    await wait_all_tasks_blocked()
    assert pty.in_use
    assert is_locked(ports[4])
    os.close(ports[4])
    await settled(pty)
    with dte(pty, os.O_RDONLY) as port:
        assert not is_locked(port)


async def test_a_dte_that_came_before_the_watch_is_noticed_when_it_goes(nursery: trio.Nursery) -> None:
    with open_pty() as link, trio.fail_after(20):
        with dte(link) as port:
            fcntl.ioctl(port, termios.TIOCEXCL)
            nursery.start_soon(link.watch)
            await wait_all_tasks_blocked()
        await wait_all_tasks_blocked()
        with dte(link) as port:
            assert not is_locked(port)


async def test_a_dte_that_leaves_the_port_cooked_and_echoing_harms_nobody(pty: PtyLink) -> None:
    with dte(pty) as port:
        attributes = termios.tcgetattr(port)
        attributes[0] |= termios.ICRNL
        attributes[1] |= termios.OPOST | termios.ONLCR
        attributes[3] |= termios.ECHO | termios.ICANON | termios.ISIG
        termios.tcsetattr(port, termios.TCSANOW, attributes)
    await settled(pty)
    with dte(pty) as port:
        assert is_raw(port)
        assert pty.write_now(EVERY_BYTE) == 256
        assert await trio.to_thread.run_sync(read_all, port, 256) == EVERY_BYTE
        assert pty.read_now(4096) is None
        assert os.write(port, b"AT\r") == 3
        assert await receive(pty, 3) == b"AT\r"


async def test_a_dte_that_xoff_has_stopped_does_not_stop_the_next(pty: PtyLink) -> None:
    with dte(pty) as port:
        attributes = termios.tcgetattr(port)
        attributes[0] |= termios.IXON
        termios.tcsetattr(port, termios.TCSANOW, attributes)
        assert pty.write_now(b"\x13!") == 2
        assert await trio.to_thread.run_sync(read_all, port, 1) == b"!"
    await settled(pty)
    assert await trio.to_thread.run_sync(write_only, pty) == 3
    assert await receive(pty, 3) == b"AT\r"


async def test_a_dte_that_stops_its_output_does_not_stop_the_next(pty: PtyLink) -> None:
    with serial.Serial(pty.port) as port:
        port.set_output_flow_control(False)
    await settled(pty)
    assert await trio.to_thread.run_sync(write_only, pty) == 3
    assert await receive(pty, 3) == b"AT\r"


async def test_stty_between_two_programs_sets_timed_reads(pty: PtyLink) -> None:
    await trio.run_process(["stty", "-F", pty.port, "115200", "min", "0", "time", "1"])
    await settled(pty)
    with dte(pty) as port:
        cc = termios.tcgetattr(port)[6]
        assert (cc[termios.VMIN], cc[termios.VTIME]) == (0, 1)
        assert await trio.to_thread.run_sync(os.read, port, 1) == b""


async def test_pyserials_zero_reads_do_not_stay(pty: PtyLink) -> None:
    with serial.Serial(pty.port) as port:
        assert termios.tcgetattr(port.fileno())[6][termios.VMIN] == 0
    await settled(pty)
    with dte(pty) as plain:
        assert is_raw(plain)


async def test_unread_bytes_outlive_the_dte(pty: PtyLink) -> None:
    with dte(pty) as port:
        tty.setcbreak(port)
        assert pty.write_now(b"late") == 4
    await settled(pty)
    with dte(pty) as port:
        assert await trio.to_thread.run_sync(read_all, port, 4) == b"late"


async def test_a_hang_up_is_survived(pty: PtyLink) -> None:
    with dte(pty) as port:
        try:
            fcntl.ioctl(port, TIOCVHANGUP)
        except PermissionError:
            pytest.skip("only root may hang a terminal up")
    await settled(pty)
    with dte(pty) as port:
        assert is_raw(port)
        assert os.write(port, b"AT\r") == 3
        assert await receive(pty, 3) == b"AT\r"


async def test_whoever_waits_for_a_command_waits_in_trio_alone() -> None:
    """A frame of ours in between would be entered with every command."""
    with open_pty() as pty:
        waiting = pty.wait_readable()
        assert isinstance(waiting, Coroutine)
        assert waiting.cr_code is trio.lowlevel.wait_readable.__code__  # type: ignore[attr-defined]
        waiting.close()
