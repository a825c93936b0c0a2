"""The real command as a process of its own, and what it must never do."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.dte import WAIT, Dte, Transcript

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = ("--boot-time", "0", "--register-time", "0")
"""The module is booted and registered as soon as it is there, after a restart as well."""
# Every test also says: no bug was logged, no exception got out, nothing was left open.
_ALARMS = re.compile(r"a bug in the emulator|Traceback|Exception ignored|Warning|Task was destroyed")
PROMPT = 3
"""Seconds to the end of a program on a busy host, that is under one else: nothing is waited for."""


class Started:
    """A running ``python -m onemo run``, or of another command. Leaving it as a context ends it and checks its end.

    program: the module that is run. errors: the file that its stderr goes to. measured: whether coverage, where it
    runs, may watch it, which takes time at the start and at the end that is not the emulator's. ready: the line on
    stdout, without its end.
    """

    def __init__(
        self,
        arguments: list[str],
        errors: Path,
        *,
        measured: bool = False,
        command: str = "run",
        program: str = "onemo",
    ) -> None:
        self.transcript = Transcript(self.stderr)
        self._errors = errors
        environment = {**os.environ, "PYTHONWARNINGS": "error"}
        if not measured:
            environment = {name: value for name, value in environment.items() if not name.startswith("COVERAGE_")}
        with errors.open("wb") as stderr:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-m", program, command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=ROOT,
                env=environment,
            )
        self.ready = ""

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def port(self) -> str:
        """The pty that the ready line names."""
        return self.ready.split()[3]

    def stderr(self) -> str:
        return self._errors.read_text(errors="replace")

    def wait_ready(self, within: float = 2 * WAIT) -> Self:
        line = self._stdout_line(within)
        if not line.endswith(b"\n"):
            raise self.transcript.failure(f"no ready line, but {line!r}")
        self.ready = line.decode().removesuffix("\n")
        return self

    def wait_link(self, link: Path, within: float = 2 * WAIT) -> None:
        """Wait until the emulator has made its link, before it is ready."""
        ended, end = os.pidfd_open(self.pid), time.monotonic() + within
        try:
            while not link.is_symlink():
                if select.select([ended], [], [], 0.002)[0] or time.monotonic() > end:
                    raise self.transcript.failure("the link was never made")
        finally:
            os.close(ended)

    def close_stdout(self) -> None:
        """Leave, as a program does that has read enough."""
        assert self.process.stdout is not None
        self.process.stdout.close()

    def dte(self, port: str | None = None, *, flush: bool = True) -> Dte:
        """Open the port."""
        return Dte(port or self.port, self.transcript, flush=flush)

    def awake(self, port: str | None = None) -> Dte:
        """The same, past the banner and with echo off."""
        dte = self.dte(port)
        dte.wake()
        return dte

    # How it is inside.

    def status(self, field: str) -> int:
        """A figure of /proc/PID/status, such as VmRSS in KiB."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(text.partition(f"{field}:")[2].split()[0])

    def descriptors(self) -> list[str]:
        """The descriptors that it has open, sorted; numbers that the kernel gives are left out.

        The last that it opens is what tells of programs that close the port, some time after the ready line.
        """
        folder, end = Path(f"/proc/{self.pid}/fd"), time.monotonic() + WAIT
        while True:
            found = []
            with suppress(FileNotFoundError):  # closed just now
                found = sorted([re.sub(r"\d+", "", os.readlink(entry)) for entry in folder.iterdir()])
            if found.count("anon_inode:inotify") == 2:
                return found
            if time.monotonic() > end:
                raise self.transcript.failure(f"it does not watch the port: {found}")
            select.select([], [], [], 0.002)

    def returns_to(self, descriptors: list[str]) -> None:
        """Wait until it has open what it had; a task that was cancelled takes a moment to close its own."""
        end = time.monotonic() + WAIT
        while (found := self.descriptors()) != descriptors:
            if time.monotonic() > end:
                raise self.transcript.failure(f"open are {found}, not {descriptors}")
            select.select([], [], [], 0.002)

    def processor_time(self) -> float:
        """Seconds of processor used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # How it ends.

    def signal(self, number: int) -> float:
        """Send a signal and wait for the end; returns the seconds that took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.wait()
        return time.monotonic() - began

    def wait(self, within: float = WAIT) -> int:
        """Its exit status. It is killed if it does not end within the time."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise self.transcript.failure(f"still there {within} s after it was to end") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        stdout = self.process.stdout
        assert stdout is not None
        try:
            if self.process.poll() is None:
                self.signal(signal.SIGTERM)
            if kind is None:
                self._check(b"" if stdout.closed else stdout.read())
        finally:
            stdout.close()

    def check_stderr(self) -> None:
        """Raises AssertionError where it says there what no test allows."""
        if alarm := _ALARMS.search(self.stderr()):
            raise self.transcript.failure(f"stderr has {alarm[0]!r}")

    def _check(self, rest: bytes) -> None:
        self.check_stderr()
        if self.process.returncode != 0:
            raise self.transcript.failure(f"exit status {self.process.returncode}")
        if rest and (self.ready or rest.count(b"\n") > 1):
            raise self.transcript.failure(f"stdout has more than the ready line: {rest!r}")

    def _stdout_line(self, within: float) -> bytes:
        assert self.process.stdout is not None
        descriptor, line, end = self.process.stdout.fileno(), b"", time.monotonic() + within
        while not line.endswith(b"\n"):
            if not select.select([descriptor], [], [], max(0.0, end - time.monotonic()))[0]:
                raise self.transcript.failure(f"no ready line within {within} s, only {line!r}")
            if not (byte := os.read(descriptor, 1)):
                break
            line += byte
        return line
