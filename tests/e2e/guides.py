"""The lines of a guide, run by bash as its reader would; and the blocks of a section, played as one session.

A session is a folder in which the blocks of a section are played in order, behind those above the page's first section:

- a block whose first line is ``# NAME.py`` (``.toml``, ``.at``) is that file, and so are those of the page's other
  sections. A test file is run by pytest; of TOML, what reads it does;
- ``sh``: each line is run. A module or a lab that it starts is ended again once it is ready;
- ``console``: what stands behind ``$``, whose output has to be what is shown below it, where anything is (``...`` for
  any lines). A module that it starts stays until the end of the session, and is registered at once, for no reader types
  as fast;
- ``at``: a transcript, played on ``/tmp/modem`` by ``onemo-emulator replay``, or where its marker says;
- ``python``: a program; ``json``: has to be some;
- ``text``: lines that were said in the session, in this order.

``/tmp`` is the folder, and ports of 127.0.0.1 are others that are free.
"""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.e2e.dte import WAIT
from tests.support.pages import Block

_PROGRAMS = {"onemo-emulator": f'"{sys.executable}" -m onemo "$@"', "python": f'"{sys.executable}" "$@"'}
_PYTEST = "python -W error -m pytest -p onemo.pytest_plugin -p no:cacheprovider --strict-markers -q"
_PRELUDE = r"""
modules=() number=0
module() { # start a module or a lab; return once it is ready
    local ready=ready.$((++number))
    onemo-emulator "$@" >$ready 2>>log &
    modules+=($!)
    until [[ -s $ready ]]; do kill -0 $! || return; sleep 0.02; done
    head -n 1 $ready
}
begun() { # the same, and end it
    module "$@" >/dev/null
    kill $! && wait $!
    unset 'modules[-1]'
}
listens() { until (exec 3<>/dev/tcp/127.0.0.1/$1) 2>/dev/null; do sleep 0.02; done; }
"""
_EPILOGUE = 'for each in "${modules[@]}"; do kill $each && wait $each; done\nkill $(jobs -rp) 2>/dev/null || true\n'
_STARTS = re.compile(r"(?:\./scripts/run|onemo-emulator (?=run|lab))")
_ENDS_ITSELF = re.compile(r"--(?:help|check|exec)\b")
_VARIES = (
    (r"/dev/pts/\d+", "/dev/pts/N"),
    (r"(127\.0\.0\.1):\d+", r"\1:N"),
    (r"^\d\d:\d\d:\d\d\.\d+ ", ""),
    (r"\d\.\d s$", "N s"),
)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> str:
    """The number of a port that is free now."""
    return free_ports(1, kind)[0]


def free_ports(count: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> list[str]:
    """The numbers of so many ports that are free now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(type=kind)) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [str(each.getsockname()[1]) for each in sockets]


def free_base() -> str:
    """A number that free ports follow, ten thousand if need be, below those that the system gives out."""
    while True:
        base = random.randrange(10_000, 20_000)
        with ExitStack() as stack, suppress(OSError):
            for number in range(base + 1, base + 9):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", number))
            return str(base)


def run(folder: Path, script: str, programs: Mapping[str, str] = {}, patience: float = 3 * WAIT) -> str:
    """Run lines in a folder, as they are but for the control's port and the place of the link; return what they say.

    What they start in the background they have to end as well, or it would be in the way of the reader's next lines.

    programs: what some names stand for, besides the emulator and Python, as a command of sh.
    """
    place = folder / "programs"
    place.mkdir()
    for name, command in {**_PROGRAMS, **programs}.items():
        (place / name).write_text(f"#!/bin/sh\nexec {command}\n")
        (place / name).chmod(0o700)
    script = script.replace("127.0.0.1:8080", f"127.0.0.1:{free_port()}").replace("/tmp/modem", str(folder / "modem"))
    output = folder / "output"
    with (
        output.open("w") as file,
        subprocess.Popen(
            ["bash", "-e", "-c", f"{script}\nwait\n"],
            cwd=folder,
            env={**os.environ, "PATH": f"{place}:{os.environ['PATH']}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            status = process.wait(patience)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
    said = output.read_text(errors="replace")
    log = folder / "log"
    told = log.read_text(errors="replace") if log.exists() else ""
    assert status == 0, f"{said}\n--- stderr of modules:\n{told}"
    assert "Traceback" not in said + told
    return said


def lines_of(block: str) -> str:
    """The lines of a console's block, without the prompts."""
    return block.replace("$ ", "", 1).replace("\n$ ", "\n")


def play(folder: Path, blocks: Sequence[Block], files: Iterable[Block], given: Mapping[str, str] = {}) -> None:
    """Play the blocks of a section. files: the blocks that are files; given: others that the reader has, by name.

    Raises AssertionError where anything is not as the page has it.
    """
    moved = _Moved(folder, [block.text for block in (*blocks, *files)])
    for name, text in {**given, **{block.named: moved(block.text) for block in files}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o700)
    steps = [(block, command, shown) for block in blocks for command, shown in _steps(folder, block, moved)]
    script = "".join(f"echo; echo @@{number}\n{command}\n" for number, (_, command, _) in enumerate(steps))
    said = run(folder, f"{_PRELUDE}{script}echo; echo @@end\n{_EPILOGUE}", patience=9 * WAIT)
    for number, (block, command, shown) in enumerate(steps):
        if shown:
            (found,) = re.findall(rf"^@@{number}\n(.*?)^@@", said, re.MULTILINE | re.DOTALL)
            found = _steady(found.strip("\n")) + "\n"
            assert re.fullmatch(_pattern(_steady(shown)), found), f"{block.place}: {command}\n{found}"
    log = folder / "log"
    told = _steady(f"{log.read_text() if log.exists() else ''}{said}").splitlines()
    for block in blocks:
        if block.language == "text":
            rest = iter(told)
            wanted = _steady(moved(block.text)).splitlines()
            missing = [line for line in wanted if not any(line in each for each in rest)]
            assert not missing, f"{block.place}: {missing[0]!r} was not said\n" + "\n".join(told)


class _Moved:
    """A text of a session with its own folder and ports. texts: all of the session."""

    def __init__(self, folder: Path, texts: Sequence[str]) -> None:
        self._folder = folder
        named = {port for text in texts for port in re.findall(r"127\.0\.0\.1(?::|\", )(\d{4,5})\b", text)}
        based = {port for text in texts for port in re.findall(r"\{n\+(\d{4,5})\}", text)}
        named -= based
        self._ports = dict(zip(sorted(named), free_ports(len(named)), strict=True))
        self._ports |= {port: free_base() for port in based}

    def __call__(self, text: str) -> str:
        text = text.replace("/tmp/", f"{self._folder}/")
        return re.sub(r"\b\d{4,5}\b", lambda found: self._ports.get(found[0], found[0]), text)

    def ports_in(self, text: str) -> list[str]:
        """The ports of the session that stand in a text."""
        return [port for port in self._ports.values() if re.search(rf"\b{port}\b", text)]


def _steps(folder: Path, block: Block, moved: _Moved) -> Iterator[tuple[str, str]]:
    """Yield the commands that play a block, each with what it has to show, empty for anything."""
    text, name = moved(block.text), block.named or f"block-{block.line}.{block.language}"
    if block.language == "json":
        for line in text.splitlines():
            json.loads(line)
    elif block.language == "sh":
        for line in text.replace("\\\n", " ").splitlines():
            yield _starting(line, "onemo-emulator" if _ENDS_ITSELF.search(line) else "begun"), ""
    elif block.language == "console":
        for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
            seen = shown.strip("\n")
            tells = " || true" if seen.strip(".") else ""  # the output tells, whatever the status
            yield f"{_in_console(folder, command, moved)}{tells}", seen
    elif block.language != "text":
        (folder / name).write_text(text)
        yield from ((command, "") for command in _of_file(block, name, text, str(folder)))


def _starting(command: str, word: str) -> str:
    """Return a command with another word in the place of the emulator's, where it starts a module or a lab."""
    return _STARTS.sub(lambda found: f"{word} run" if found[0].startswith("./") else f"{word} ", command)


def _in_console(folder: Path, command: str, moved: _Moved) -> str:
    """Return a command of a console: a module stays, and what is in the background is there when it listens."""
    if _STARTS.match(command) and not _ENDS_ITSELF.search(command):
        at_once = "" if "--register-time" in command or " lab " in command else " --register-time 0"
        return f"{_starting(command.removesuffix(' &'), 'module')}{at_once}"
    if not command.endswith(" &"):
        return command
    texts = [command, *(file.read_text() for word in command.split() if (file := folder / word).is_file())]
    waits = "".join(f"\nlistens {port}" for port in moved.ports_in("\n".join(texts)))
    return f"{{ {command.removesuffix(' &')}; }} >>log 2>&1 &{waits}"


def _of_file(block: Block, name: str, text: str, folder: str) -> Iterator[str]:
    """Yield the commands that play a block that is a file."""
    kind, _, rest = block.marker.partition(" ")
    if block.language == "python":
        if name.startswith("test_"):
            yield f"{_PYTEST} {name}"
        elif not block.named:
            yield f"python -W error {name}"
        else:
            compile(text, name, "exec")
    elif block.language == "toml":
        yield _read_by(tomllib.loads(text), name)
    elif not block.named:  # at
        if kind == "module":
            yield f"module run {rest} --register-time 0 --link {folder}/modem"
        port = rest.replace("/tmp", folder) if kind == "on" else f"{folder}/modem"
        yield f"onemo-emulator replay {name} --timeout 20 --port {shlex.quote(port)}"


def _read_by(document: Mapping[str, object], name: str) -> str:
    """Return the command that reads a file of TOML, and checks it."""
    if "module" in document:
        return f"onemo-emulator lab {name} --check"
    if "extends" in document:
        return f"onemo-emulator check-profile {name}"
    kind = "scenario" if "step" in document else "card" if "files" in document else "sandbox-file"
    return f"begun run --{kind} {name}"


def _steady(text: str) -> str:
    """Return a text without what differs from run to run."""
    for pattern, shown in _VARIES:
        text = re.sub(pattern, shown, text, flags=re.MULTILINE)
    return text


def _pattern(shown: str) -> str:
    """Return the expression for what is shown, in which a line of three dots is any lines."""
    return "".join(r"(?:.*\n)*" if line == "..." else rf"{re.escape(line)} *\n" for line in shown.splitlines())
