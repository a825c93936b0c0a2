"""The demo, ``onemo-emulator demo``: a firmware's session with a module in the sandbox, to watch."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import trio

from onemo.at.registry import typed
from onemo.cli.ending import ENDING, heard, hold_signals
from onemo.cli.live import Live
from onemo.errors import EmulatorError
from onemo.families.sockets.connection import AccessMode
from onemo.families.sockets.profile import CONNECTION
from onemo.link.pty import open_pty
from onemo.profile.schema import Profile
from onemo.runtime.models import Model, Overrides, individual, load_model
from onemo.runtime.network import LazyNetwork, NetworkOptions, routes_of
from onemo.runtime.shell import Module

FAILURE = 1
_PATIENCE = 5.0
"""Seconds until an answer that has not come is missed."""
_LINE = re.compile(rb"\r\n(.*?)\r\n", re.DOTALL)
_PEER = "device.example.com"
_ECHO_PORT = 7


class UnexpectedAnswer(EmulatorError):
    """The module did not answer as the firmware of the demo needs it."""


def play(name: str, profiles: tuple[Path, ...]) -> int:
    """Print the session as it happens; 0 when all of it went as it should, 1 when not, 128 + N when signal N ended it.

    Raises UnknownModel, ProfileError, LinkError.
    """
    logging.basicConfig(format="onemo-emulator: %(message)s", level=logging.WARNING, stream=sys.stderr)
    model = individual(load_model(name, profiles).whole(), Overrides(register_time=0.0))
    # Until a task listens, and while everything is taken down, a signal has to wait.
    hold_signals()
    try:
        show = Live(sys.stdout)
        status = trio.run(_play, model, show)
    except UnexpectedAnswer as error:
        print(f"onemo-emulator: {error}", file=sys.stderr)
        return FAILURE
    if show.refused is not None:
        raise show.refused
    return status


async def _play(model: Model, show: Live) -> int:
    status, problem = 0, None
    routes, sandbox = routes_of(NetworkOptions(sandbox=True))
    assert sandbox is not None
    show.heading(
        f"{model.profile.sub_model} in the sandbox", "> is the firmware, < the module, * the network; Ctrl-C ends it"
    )
    with open_pty() as link, trio.open_signal_receiver(*heard()) as signals:
        module = Module(model, link, LazyNetwork(routes), boot_time=0.0, trace=show)
        async with trio.open_nursery() as nursery:

            async def end_with_a_signal() -> None:
                nonlocal status
                status = 128 + await anext(signals)
                hold_signals()
                nursery.cancel_scope.cancel()

            nursery.start_soon(end_with_a_signal)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            await nursery.start(sandbox.run)
            await nursery.start(module.run)
            port = os.open(link.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                await _session(Firmware(port, model, show))
            except UnexpectedAnswer as error:
                problem = error
            finally:
                hold_signals()
                os.close(port)
            nursery.cancel_scope.cancel()
    if problem is not None:
        raise problem
    return status


class Firmware:
    """The firmware at the other end of the serial port. Owns no descriptor."""

    def __init__(self, port: int, model: Model, show: Live) -> None:
        self.model = model
        self.profile: Profile = model.profile
        self.show = show
        self._port = port
        self._unread = bytearray()
        self._sent = b""

    async def ask(self, command: str, *answer: str) -> None:
        """Send a command line and wait for the lines of its answer. Raises UnexpectedAnswer."""
        await self.send(command.encode("ascii") + b"\r")
        await self.hear(*answer)

    async def send(self, data: bytes) -> None:
        """Send data, which is short: a port that takes no more is a bug."""
        self._sent = data
        os.write(self._port, data)

    async def hear(self, *lines: str) -> None:
        """Wait for lines; ``*`` stands for anything. Raises UnexpectedAnswer."""
        for expected in lines:
            line = (await self._until(_LINE, expected))[1]
            if re.fullmatch(re.escape(expected).replace(r"\*", ".*").encode("ascii"), line) is None:
                raise self._unexpected(expected, line)

    async def read(self, data: bytes) -> None:
        """Wait for exactly these bytes. Raises UnexpectedAnswer."""
        await self._until(re.compile(re.escape(data), re.DOTALL), data.decode("ascii"))

    async def wake(self) -> None:
        """Turn the echo off; a banner and an echo may come before the OK. Raises UnexpectedAnswer."""
        await self.send(b"ATE0\r")
        await self._until(re.compile(rb".*?\r\nOK\r\n", re.DOTALL), "OK")

    async def _until(self, wanted: re.Pattern[bytes], expected: str) -> re.Match[bytes]:
        """Wait for the match at the beginning of what comes, and take it."""
        with trio.move_on_after(_PATIENCE):
            while (match := wanted.match(bytes(self._unread))) is None:
                await trio.lowlevel.wait_readable(self._port)
                self._unread += os.read(self._port, 4096)
            del self._unread[: match.end()]
            return match
        raise self._unexpected(expected, bytes(self._unread))

    def _unexpected(self, expected: str, found: bytes) -> UnexpectedAnswer:
        told = f"the answer is {found!r}" if found else f"no answer came in {_PATIENCE:g} s"
        return UnexpectedAnswer(f"the demo ends early: after {self._sent!r} it needs {expected!r}, but {told}")


class DemoStep(NamedTuple):
    """A step of the session. needs: the commands without which a model cannot take it."""

    heading: str
    needs: Sequence[str]
    play: Callable[[Firmware], Awaitable[None]]
    lacks: Callable[[Profile], str] = lambda profile: ""
    """Why this model cannot, though it has the commands; "" when it can."""


async def _session(firmware: Firmware) -> None:
    """Play every step in order; one that the model lacks is told and left out."""
    commands = firmware.profile.commands
    for number, step in enumerate(_STEPS, 1):
        lacking = [typed(name) for name in step.needs if not commands[name].available]
        reason = f"it has no {', '.join(lacking)}" if lacking else step.lacks(firmware.profile)
        firmware.show.heading(f"{number}. {step.heading}", reason and f"left out: {reason}")
        if not reason:
            await step.play(firmware)
    series = firmware.profile.series
    firmware.show.heading("All of it went as it should", f"your turn: onemo-emulator run {series} --sandbox")


# ---- What the firmware does


async def _identify(firmware: Firmware) -> None:
    await firmware.wake()
    await firmware.ask("AT+CGMM", firmware.profile.identity.model, "OK")
    await firmware.ask("AT+CGSN=1", f"+CGSN: {firmware.profile.identity.imei}", "OK")


async def _resolve(firmware: Firmware) -> None:
    await firmware.ask(f'AT+MDNSGIP="{_PEER}"', "OK", f'+MDNSGIP: "{_PEER}","*"')


async def _open(firmware: Firmware) -> None:
    await firmware.ask(f'AT+MIPOPEN=0,"TCP","{_PEER}",{_ECHO_PORT}', "OK", "+MIPOPEN: 0,0")


async def _send(firmware: Firmware) -> None:
    await firmware.ask('AT+MIPSEND=0,5,"hello"', "+MIPSEND: 0,5", "OK", '+MIPURC: "rtcp",0,5,hello')


async def _prompt(firmware: Firmware) -> None:
    await firmware.send(b"AT+MIPSEND=0\r")
    await firmware.read(b"\r\n>")
    await firmware.send(b"any bytes\x1a")
    await firmware.hear("+MIPSEND: 0,9", "OK", '+MIPURC: "rtcp",0,9,any bytes')


async def _buffer(firmware: Firmware) -> None:
    await firmware.ask("AT+MIPMODE=0,2", "OK")
    await firmware.ask('AT+MIPSEND=0,8,"buffered"', "+MIPSEND: 0,8", "OK", '+MIPURC: "rtcp",0,8,8')
    await firmware.ask("AT+MIPRD=0", "+MIPRD: 0,8", "OK")
    await firmware.ask("AT+MIPRD=0,6", "+MIPRD: 0,2,6,buffer", "OK")
    await firmware.ask("AT+MIPRD=0,2", "+MIPRD: 0,0,2,ed", "OK")


async def _stream(firmware: Firmware) -> None:
    silence = firmware.profile.line.guard + 0.1
    await firmware.ask("AT+MIPMODE=0,1", "OK", "CONNECT")
    await firmware.send(b"no commands, only data")
    await firmware.read(b"no commands, only data")
    await trio.sleep(silence)
    await firmware.send(b"+++")
    await firmware.hear("OK")


async def _close(firmware: Firmware) -> None:
    await firmware.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0*")


async def _datagram(firmware: Firmware) -> None:
    await firmware.ask(f'AT+MIPOPEN=0,"UDP","{_PEER}",{_ECHO_PORT}', "OK", "+MIPOPEN: 0,0")
    await firmware.ask('AT+MIPSEND=0,8,"datagram"', "+MIPSEND: 0,8", "OK", '+MIPURC: "rudp",0,8,datagram')
    await _close(firmware)


async def _ping(firmware: Firmware) -> None:
    reply = '+MPING: 0,"*",16,*,*'
    await firmware.ask(f'AT+MPING="{_PEER}",5,2,16', "OK", reply, reply, '+MPING: "statistics",2,0,*,*,*')


async def _time(firmware: Firmware) -> None:
    await firmware.ask(f'AT+MNTP="{_PEER}"', "OK", '+MNTP: 0,"*/*/*,*:*:*"')


async def _clock(firmware: Firmware) -> None:
    await firmware.ask("AT+CCLK?", "+CCLK: */*/*,*:*:*", "OK")


def _mode(mode: AccessMode) -> Callable[[Profile], str]:
    def lacks(profile: Profile) -> str:
        modes = profile.commands["MIPMODE"].params["access_mode"].range
        has = modes is None or mode.value in modes
        return "" if has else f"it has no {mode.name.lower().replace('_', '-')} mode"

    return lacks


def _no_prompt(profile: Profile) -> str:
    return "its AT+MIPSEND has no prompt" if profile.table(CONNECTION).inline_data == "required" else ""


_STEPS = (
    DemoStep("The firmware wakes the module and asks who it is", ("CGMM", "CGSN"), _identify),
    DemoStep("It resolves its server's name", ("MDNSGIP",), _resolve),
    DemoStep("It opens a TCP connection to the server, which echoes", ("MIPOPEN",), _open),
    DemoStep("It sends data in the command line, and receives the echo in a URC", ("MIPSEND",), _send),
    DemoStep("It sends data at the prompt, where Ctrl-Z ends them", ("MIPSEND",), _prompt, _no_prompt),
    DemoStep(
        "It lets the module buffer what arrives, and reads it when it likes",
        ("MIPMODE", "MIPRD"),
        _buffer,
        _mode(AccessMode.STREAM_BUFFERED),
    ),
    DemoStep(
        "It turns the port into the connection itself, and comes back with +++",
        ("MIPMODE",),
        _stream,
        _mode(AccessMode.TRANSPARENT),
    ),
    DemoStep("It closes the connection", ("MIPCLOSE",), _close),
    DemoStep("It sends a datagram over UDP, and receives the echo", ("MIPOPEN", "MIPSEND", "MIPCLOSE"), _datagram),
    DemoStep("It pings the server twice", ("MPING",), _ping),
    DemoStep("It sets the module's clock by a time server", ("MNTP",), _time),
    DemoStep("It reads the clock", ("CCLK",), _clock),
)
