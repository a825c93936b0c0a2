"""Files and answers of another shape than expected: one line, exit status 2, and no other file suffers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from onemo.control.transport import ControlTransport
from onemo.profile.document import LONGEST, parse_toml

from tests.unit.cli.conftest import ACME, Typed, Write

DEEP = "[" * 900 + "]" * 900
MALFORMED = {
    "deep array": f"a = {DEEP}",
    "very deep array": f"a = {'[' * 60_000}{']' * 60_000}",
    "deep inline table": f"a = {'{a = ' * 900}1{'}' * 900}",
    "deep dotted key": f"{'.'.join('a' * 5000)} = 1",
    "deep enough to parse": f"a = {'[' * 100}{']' * 100}",
    "long number": f"a = {'9' * 5000}",
    "long hexadecimal number": f"a = 0x{'f' * 6000}",
    "no float": f"a = {1 << 1024}",
}
malformed = pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
ENDLESS = "it is longer than 16 MiB"


@malformed
def test_toml_that_nobody_is_ready_for(content: str) -> None:
    with pytest.raises(ValueError, match=r"nested too deep|more than 1023 bits"):
        parse_toml(content)


def test_other_numbers_are_numbers() -> None:
    content = f"a = {2**1023 - 1}\nb = -9223372036854775808\nc = 1e999\nd = true"
    assert parse_toml(content)["a"] == 2**1023 - 1
    assert len(parse_toml(content)) == 4


@malformed
@pytest.mark.parametrize(
    "command",
    [("run", "--scenario"), ("run", "--sandbox", "--sandbox-file"), ("lab",)],
    ids=["scenario", "sandbox", "lab"],
)
def test_a_file_of_the_users(command: tuple[str, ...], content: str, typed: Typed, write: Write) -> None:
    told = typed(*command, str(write("mine.toml", content)))
    assert (told.status, told.out) == (2, "")
    assert told.err.count("\n") == 1
    assert "mine.toml: is not" in told.err


@malformed
def test_a_profile(content: str, typed: Typed, write: Write) -> None:
    file = write("bad.toml", f"source = 'x'\n{content}\n")
    write("acme.toml", ACME)
    told = typed("show", "bad", "--profiles", str(file.parent))
    assert (told.status, told.out) == (2, "")
    assert "bad.toml: is not valid TOML: " in told.err
    told = typed("check-profile", str(file))
    assert (told.status, told.out.count("\n")) == (1, 2)
    told = typed("models", "--profiles", str(file.parent))
    assert told.status == 0
    assert told.err == f"onemo-emulator: {file} has 1 mistake (onemo-emulator check-profile {file} lists all)\n"
    assert "ACME" in told.out


@pytest.mark.parametrize("extends", ["5", "['a']", f"'{'x' * 5000}'", "'a\\u0000'", '"a\\u0000"'])
def test_a_profile_that_extends_nothing(extends: str, typed: Typed, write: Write) -> None:
    file = write("bad.toml", f"source = 'x'\nextends = {extends}\n")
    told = typed("show", "bad", "--profiles", str(file.parent))
    assert told.status == 2
    assert "bad.toml: extends: " in told.err
    assert typed("models", "--profiles", str(file.parent)).status == 0


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("lab", "/dev/zero"), f"/dev/zero: cannot be read: {ENDLESS}"),
        (("lab", "--check", "/dev/zero"), f"/dev/zero: cannot be read: {ENDLESS}"),
        (("run", "--scenario", "/dev/zero"), f"/dev/zero: cannot be read: {ENDLESS}"),
        (("run", "--sandbox", "--sandbox-file", "/dev/zero"), f"/dev/zero: cannot be read: {ENDLESS}"),
        (("replay", "/dev/zero", "--port", "loop://"), f"/dev/zero: {ENDLESS}; name a file that can be read"),
        (("record", "loop://", "--script", "/dev/zero", "--out", "x"), f"/dev/zero: {ENDLESS}; name a file"),
        (("check-profile", "/dev/zero"), "/dev/zero is no regular file; name a TOML file"),
        (("trace", "/dev/zero"), "/dev/zero:1: this is no line of a trace"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_file_without_an_end(command: tuple[str, ...], told: str, typed: Typed) -> None:
    printed = typed(*command)
    assert (printed.status, printed.err.count("\n")) == (2, 1)
    assert printed.err.startswith(f"onemo-emulator: {told}")


def test_a_profile_without_an_end_spoils_no_other(typed: Typed, write: Write) -> None:
    file = write("acme.toml", ACME)
    (file.parent / "zero.toml").symlink_to("/dev/zero")
    (file.parent / "none.toml").symlink_to("nowhere")
    (file.parent / "folder.toml").mkdir()
    os.mkfifo(file.parent / "pipe.toml")
    told = typed("models", "--profiles", str(file.parent))
    assert (told.status, told.err.count("\n")) == (0, 4)
    assert "ACME" in told.out
    assert "longer than 16 MiB" in typed("run", "zero", "--profiles", str(file.parent)).err


def test_what_is_as_long_as_may_be_is_read(typed: Typed, write: Write) -> None:
    file = write("s.at", "# " + "x" * (LONGEST - 3) + "\n")
    assert "there is no step in it" in typed("replay", str(file), "--port", "loop://").err


COMMANDS = [
    ("modules",),
    ("show",),
    ("show", "m"),
    ("faults", "m"),
    ("fault", "m", "stall"),
    ("unfault", "m", "1"),
    ("unfault", "--all"),
    ("do", "m", "sim-remove"),
    ("trace", "m"),
    ("trace", "-f", "m"),
    ("verify", "m", "--step", "sent:AT"),
    ("kinds",),
    ("kinds", "stall"),
    ("events", "m"),
    ("ready",),
]
ANSWERS = [
    *("1", "null", '"text"', "[]", "{}", "[1]", "[[]]", "[{}]", '{"entries": 1, "next": 0}', DEEP),
    *('{"entries": [1], "next": 0}', '{"error": {}}', '{"steps": {}}', '{"steps": [{}]}', '[{"name": []}]', "nonsense"),
    *("", "9" * 5000),
    f'[{{"name": {DEEP}}}]',
    f'{{"a": {DEEP}}}',
]  # fmt: skip


class FakeAnswer:
    """An answer as of ``ControlTransport``."""

    def __init__(self, status: int, body: str) -> None:
        self.status_code, self.is_success, self.is_error = status, status < 300, status >= 400
        self._body = body.encode()

    def iter_bytes(self) -> Iterator[bytes]:
        yield self._body


@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_answer_of_another_shape(
    command: tuple[str, ...], as_json: tuple[str, ...], typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer in ANSWERS:
        for status in (200, 404):

            @contextmanager
            def answered(*_: object, status: int = status, answer: str = answer) -> Iterator[FakeAnswer]:
                yield FakeAnswer(status, answer)

            monkeypatch.setattr(ControlTransport, "stream", answered)
            told = typed("ctl", *command, *as_json, "--control", "127.0.0.1:9")
            assert told.status in (0, 1, 2), answer
            if told.status == 2:
                assert told.err.count("\n") == 1, answer
                assert len(told.err) < 500, answer
