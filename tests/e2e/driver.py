"""A modem driver as firmware has it: a line reader with time-outs, a URC handler, and the openings that drivers do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Self

import serial

from tests.e2e.dte import WAIT, Transcript
from tests.e2e.started import Started

PAUSE = 0.01
"""Seconds between two polls."""
_PATIENCE = 0.1
"""Seconds after which AT is sent again: what comes during a boot is lost."""
_HEX = b"hello".hex().upper()


class Refused(Exception):
    """The final result code is not OK: ``ERROR``, or ``+CME ERROR: <number>``."""


class Driver:
    """One serial port. urcs: the lines that came unasked for and that nobody has waited for yet, oldest first."""

    def __init__(self, port: str, transcript: Transcript) -> None:
        self.urcs: list[str] = []
        self.serial = serial.Serial(port, 115200, write_timeout=WAIT)
        self._transcript = transcript
        self._unread = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.serial.close()

    def take(self) -> bytes:
        """Take the bytes that were read from the port and are no whole line yet."""
        taken, self._unread = bytes(self._unread), bytearray()
        return taken

    def command(self, text: str, within: float = WAIT) -> list[str]:
        """Send a command line; returns the lines of its information response. Raises Refused.

        Whatever begins with another command's name is a URC, and so is all but the last line of a ``?`` command that
        tells one value: a URC of the same name may come before the answer.
        """
        self._write(text)
        own = re.sub(r"^AT([+&]?\w+).*", r"\1:", text)
        answer: list[str] = []
        end = time.monotonic() + within
        while (line := self._line(end)) is not None:
            if line == "OK":
                return answer
            if line == "ERROR" or line.startswith("+CME ERROR: "):
                raise Refused(line)
            if line != text:  # its echo
                (self.urcs if line.startswith("+") and not line.startswith(own) else answer).append(line)
        raise self._transcript.failure(f"no answer to {text!r} within {within} s")

    def value(self, text: str) -> str:
        """Return the one line that a command answers, without its name."""
        *early, line = self.command(text)
        self.urcs += early
        return line.partition(": ")[2] if line.startswith("+") else line

    def refusal(self, text: str) -> str:
        """The final result code of a command that must fail."""
        try:
            answer = self.command(text)
        except Refused as refused:
            return str(refused)
        raise self._transcript.failure(f"{text!r} is not refused, but answered {answer}")

    def urc(self, wanted: str, within: float = WAIT) -> str:
        """Wait for a URC that begins with wanted, and take it."""
        end = time.monotonic() + within
        while True:
            for line in self.urcs:
                if line.startswith(wanted):
                    self.urcs.remove(line)
                    return line
            if not self.listen(end - time.monotonic()):
                raise self._transcript.failure(f"no {wanted!r} within {within} s, only {self.urcs}")

    def until(self, text: str, wanted: Callable[[str], object], within: float = WAIT) -> str:
        """Send a command again and again until its answer is as wanted."""
        end = time.monotonic() + within
        while not wanted(told := self.value(text)):
            self.listen(PAUSE)
            if time.monotonic() > end:
                raise self._transcript.failure(f"{text!r} still answers {told!r} after {within} s")
        return told

    def listen(self, seconds: float) -> bool:
        """Wait for a line that comes unasked for; whether one came."""
        line = self._line(time.monotonic() + seconds)
        if line is not None:
            self.urcs.append(line)
        return line is not None

    def wake(self) -> None:
        """``AT`` until OK."""
        end = time.monotonic() + WAIT
        while True:
            self._write("AT")
            again = time.monotonic() + _PATIENCE
            while (line := self._line(again)) not in ("OK", None):
                self._keep(line)
            if line == "OK":
                return
            if time.monotonic() > end:
                raise self._transcript.failure(f"AT is not answered within {WAIT} s")

    def _keep(self, line: str | None) -> None:
        if line is not None and line != "AT":
            self.urcs.append(line)

    def _write(self, text: str) -> None:
        data = text.encode("ascii") + b"\r"
        self._transcript.note(">", data)
        self.serial.write(data)

    def _line(self, end: float) -> str | None:
        """The next line that is not empty, without its end; None when there is none at end."""
        while True:
            line, found, rest = self._unread.partition(b"\r\n")
            if found:
                self._unread = rest
                if text := line.decode("ascii").strip():
                    return text
                continue
            self.serial.timeout = max(0.0, end - time.monotonic())
            if not (data := self.serial.read(max(1, self.serial.in_waiting))):
                return None
            self._transcript.note("<", data)
            self._unread += data


def driver_of(module: Started) -> Driver:
    return Driver(module.port, module.transcript)


def registered(stat: str) -> bool:
    """Tell whether a value of AT+CEREG? says registered, with or without the location."""
    return stat.split(",")[1] in ("1", "5")


def connect(driver: Driver, host: str, port: int, *, call: bool) -> None:
    """Opening 1, and some bytes to the peer and back, in hex. call: the model has data calls."""
    driver.wake()
    driver.command("ATE0")
    assert driver.value("AT+CPIN?") == "READY"
    driver.command("AT+CEREG=2")
    stat = driver.until("AT+CEREG?", registered)
    assert re.fullmatch(r'2,1,"[0-9A-F]{4}","[0-9A-F]{8}",' + ("7" if call else "9"), stat)
    assert driver.value("AT+CSQ") == "20,99"
    if not call:
        assert re.match(r'1,"[^"]+"', driver.value("AT+CGPADDR=1"))
    elif not driver.command("AT+MIPCALL?"):
        driver.command("AT+MIPCALL=1,1")
        assert re.match(r'\+MIPCALL: 1,1,"[^"]+"', driver.urc("+MIPCALL: 1,1,"))
    driver.command('AT+MIPCFG="encoding",0,1,1')
    if call:
        driver.command('AT+MIPCFG="ssl",0,0,0')
    driver.command(f'AT+MIPOPEN=0,"TCP","{host}",{port},,0')
    assert driver.urc("+MIPOPEN: ") == "+MIPOPEN: 0,0"
    assert driver.command(f'AT+MIPSEND=0,5,"{_HEX}"') == ["+MIPSEND: 0,5"]
    assert driver.urc('+MIPURC: "rtcp"') == f'+MIPURC: "rtcp",0,5,{_HEX}'


def identify(driver: Driver, *, iccid: str, sleep: str) -> str:
    """Opening 2 without its restart; returns the revision.

    iccid: the command that tells it. sleep: the end of the AT+MLPMCFG that keeps the module awake.
    """
    revision = driver.value("AT+CGMR")
    assert re.fullmatch(r"\d{15}", driver.value("AT+CGSN=1"))
    assert re.fullmatch(r"\d{20}", driver.value(iccid))
    driver.until("AT+COPS?", lambda told: told.startswith(('0,0,"CHINA MOBILE",', '0,2,"46000",')))
    driver.command(f'AT+MLPMCFG="sleepmode",{sleep}')
    return revision


def reboot(driver: Driver, *, autobaud: bool) -> None:
    """``AT+MREBOOT=0`` and wait for the banner, which needs a command line to come with an unknown rate."""
    driver.command("AT+MREBOOT=0")
    driver.urc("REBOOTING")
    driver.urcs.clear()
    if autobaud:
        driver.wake()
    assert driver.urc("") == "+MATREADY", "nothing of before comes first"


def resolve_and_buffer(driver: Driver, name: str, port: int) -> None:
    """Opening 3, with something to read from the peer, which echoes."""
    assert driver.value("AT+CFUN?") == "1"
    driver.until("AT+CGATT?", lambda told: told == "1")
    driver.command('AT+CGDCONT=1,"IPV4V6","cmnet"')
    assert re.match(r'1,"[^"]+"', driver.value("AT+CGPADDR=1"))
    driver.command('AT+MDNSCFG="priority",0')
    driver.command(f'AT+MDNSGIP="{name}"')
    assert re.match(rf'\+MDNSGIP: "{re.escape(name)}","\d+\.', driver.urc("+MDNSGIP: "))
    driver.command(f'AT+MIPOPEN=0,"TCP","{name}",{port},60,2,0')
    assert driver.urc("+MIPOPEN: ") == "+MIPOPEN: 0,0"
    assert driver.command('AT+MIPSEND=0,5,"hello"') == ["+MIPSEND: 0,5"]
    assert driver.urc('+MIPURC: "rtcp"') == '+MIPURC: "rtcp",0,5,5'
    assert driver.command("AT+MIPRD=0,512") == ["+MIPRD: 0,0,5,hello"]
