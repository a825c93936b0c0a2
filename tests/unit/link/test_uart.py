"""A pair of terminals stands in for the UART and its cable: the DTE has the other end."""

from __future__ import annotations

import errno
import os
import struct
import termios
from collections.abc import Iterator

import pytest
import trio
import trio.testing
from onemo.errors import LinkError
from onemo.link.interface import Link
from onemo.link.speed import speed_of
from onemo.link.uart import UartLink, open_uart

from tests.unit.link.lines import EVERY_BYTE, aside, fill, receive, send, until


class Cable:
    """The DTE's end, and the path of ours."""

    def __init__(self) -> None:
        self.dte, self._ours = os.openpty()
        self.path = os.ttyname(self._ours)

    def unplug(self) -> None:
        """Closing this end hangs ours up, as taking a USB adapter away does."""
        if self.dte >= 0:
            os.close(self.dte)
            os.close(self._ours)
        self.dte = -1


@pytest.fixture
def cable() -> Iterator[Cable]:
    cable = Cable()
    yield cable
    cable.unplug()


@pytest.fixture
def uart(cable: Cable) -> Iterator[UartLink]:
    with open_uart(cable.path) as link:
        yield link


async def test_every_byte_both_ways(uart: UartLink, cable: Cable) -> None:
    line: Link = uart
    assert line.port == cable.path
    with trio.fail_after(10):
        os.write(cable.dte, EVERY_BYTE)
        assert await receive(line, 256) == EVERY_BYTE
        assert line.read_now(10) is None
        await send(line, EVERY_BYTE)
        got = b""
        while len(got) < 256:
            got += await aside(lambda: os.read(cable.dte, 1000))
        assert got == EVERY_BYTE


async def test_a_line_that_is_full_is_waited_for(uart: UartLink, cable: Cable) -> None:
    with trio.fail_after(10):
        taken = await fill(uart)
        assert 0 < taken < 100_000
        while taken:
            taken -= len(await aside(lambda: os.read(cable.dte, 65536)))
        await uart.wait_writable()
        assert uart.write_now(b"!") == 1


async def test_the_speed(uart: UartLink, cable: Cable) -> None:
    assert uart.baud_rate == speed_of(cable.dte) == 115200
    await uart.set_baud_rate(9600)
    assert uart.baud_rate == speed_of(cable.dte) == 9600
    with pytest.raises(LinkError, match="no speed of -1"):
        await uart.set_baud_rate(-1)
    assert uart.baud_rate == speed_of(cable.dte) == 9600


async def test_a_device_that_is_unplugged_is_told_of_once_and_the_line_goes_on(uart: UartLink, cable: Cable) -> None:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def watch() -> None:
                with pytest.raises(LinkError, match=r"is lost: .* plugged in"):
                    await uart.watch()

            await trio.testing.wait_all_tasks_blocked()
            cable.unplug()
            await uart.wait_readable()
            assert uart.read_now(10) is None
    assert uart.write_now(bytes(1000)) == 1000
    await uart.wait_writable()
    with trio.move_on_after(0.05) as patience:
        await uart.wait_readable()
    assert patience.cancelled_caught


async def test_a_loss_that_writing_finds_does_not_disturb_the_reader(
    uart: UartLink, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(uart.wait_readable)
            await trio.testing.wait_all_tasks_blocked()
            monkeypatch.setattr("os.write", gone)
            assert uart.write_now(b"AT") == 2
            monkeypatch.undo()
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        with pytest.raises(LinkError):
            await uart.watch()


async def test_lines_of_the_dte_are_looked_at_only_for_somebody(
    uart: UartLink, monkeypatch: pytest.MonkeyPatch, nursery: trio.Nursery
) -> None:
    states = [0, termios.TIOCM_DSR, termios.TIOCM_DSR, termios.TIOCM_DSR | termios.TIOCM_CTS, 0]
    looks: list[int] = []

    def ioctl(fd: int, request: int, argument: bytes) -> bytes:
        assert request == termios.TIOCMGET
        looks.append(request)
        return struct.pack("I", states.pop(0) if states else 0)

    monkeypatch.setattr("fcntl.ioctl", ioctl)
    with trio.move_on_after(0.15):
        await uart.watch()
    assert not looks
    told: list[tuple[bool, bool]] = []
    uart.on_lines = lambda dtr, rts: told.append((dtr, rts))
    began = trio.current_time()
    nursery.start_soon(uart.watch)
    with trio.fail_after(10):
        await uart.wait_opened()
        assert told == [(True, False)]
        await until(lambda: not states)
    assert trio.current_time() - began >= 0.35
    assert told == [(True, False), (True, True), (False, False)]


async def test_a_device_without_lines_is_not_looked_at_again(uart: UartLink) -> None:
    uart.on_lines = lambda dtr, rts: pytest.fail("there are none")
    uart.show(cts=False, dsr=True, cd=True, ri=True)
    with trio.move_on_after(0.15):
        await uart.watch()


async def test_closing_ends_whoever_waits(cable: Cable) -> None:
    async def reads(link: UartLink) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await link.wait_readable()

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            link = open_uart(cable.path)
            nursery.start_soon(reads, link)
            nursery.start_soon(link.watch)
            await trio.testing.wait_all_tasks_blocked()
            link.close()
            link.close()


def test_a_device_that_another_has(uart: UartLink, cable: Cable) -> None:
    with pytest.raises(LinkError, match=r"it is busy: .* no other program has open"):
        open_uart(cable.path)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOENT, "it is missing: plug it in"),
        (errno.ENXIO, "it is missing: plug it in"),
        (errno.EBUSY, "it is busy: end the program"),
        (errno.EACCES, "no permission: join the group"),
        (errno.EIO, "Input/output error: name a serial device"),
    ],
)
def test_why_a_device_cannot_be_opened(number: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*args: object, **kwargs: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr("serial.Serial", refused)
    with pytest.raises(LinkError, match=f"cannot use /dev/ttyX at 9600 bit/s: {told}"):
        open_uart("/dev/ttyX", 9600)


@pytest.mark.parametrize(("path", "rate"), [("/no/such/tty", 9600), ("/dev/null", 9600), ("", 9600), ("/dev/ptmx", -1)])
def test_what_is_no_serial_device(path: str, rate: int) -> None:
    with pytest.raises(LinkError, match=r"name a serial device|serial device.*: name one"):
        open_uart(path, rate)
