"""A trace, printed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.pcapng import read_capture
from tests.unit.cli.conftest import Typed

ENTRIES: list[dict[str, object]] = [
    {"time": 0.5, "from": "dte", "to": "module", "data": "AT+MIPOPEN=0\r"},
    {"time": 0.501, "from": "module", "to": "dte", "kind": "echo", "data": "AT+MIPOPEN=0\r"},
    {"time": 0.502, "from": "module", "to": "dte", "kind": "answer", "data": "\r\nOK\r\n"},
    {"time": 1, "event": "opened", "connect_id": 0, "detail": "127.0.0.1:80"},
    {"time": 1.5, "from": "network", "to": "module", "connect_id": 0, "data": "hi\xff"},
    {"time": 2, "from": "module", "to": "network", "connect_id": 1, "data": "x"},
    {"time": 3, "from": "module", "to": "dte", "kind": "answer", "data": "\r\n>"},
    {"time": 4, "from": "module", "to": "dte", "kind": "urc", "data": '\r\n+MIPURC: "disconn",0,1\r\n'},
]
PRINTED = """\
    0.500000 > AT+MIPOPEN=0
    0.501000 < AT+MIPOPEN=0  (echo)
    0.502000 < OK  (2.0 ms)
    1.000000 * connection 0: opened 127.0.0.1:80
    1.500000 * connection 0: received 3 bytes: hi\\xff
    2.000000 * connection 1: sent 1 bytes: x
    3.000000 < >
    4.000000 < +MIPURC: "disconn",0,1  (URC)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "t.jsonl"
    file.write_text("".join(json.dumps(entry) + "\n" for entry in ENTRIES))
    return file


def test_all_of_it(typed: Typed, file: Path) -> None:
    assert typed("trace", str(file)) == (0, PRINTED, "")


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (("--from", "dte"), [0]),
        (("--from", "network"), [3, 4, 5]),
        (("--kind", "urc"), [7]),
        (("--kind", "echo"), [1]),
        (("--grep", "OK|hi"), []),
        (("--grep", "+MIPURC: *,0,1"), [7]),
        (("--grep", "("), [1, 7]),
        (("--regex", "OK|hi"), [2, 4]),
        (("--regex", "MIP", "--grep", '"disconn'), [7]),
        (("--connect-id", "0"), [3, 4]),
        (("--connection", "0"), [3, 4]),
        (("--since", "0.502", "--until", "1.5"), [2, 3, 4]),
    ],
)
def test_some_of_it(typed: Typed, file: Path, options: tuple[str, ...], kept: list[int]) -> None:
    lines = PRINTED.splitlines(keepends=True)
    assert typed("trace", str(file), *options).out == "".join(lines[index] for index in kept)


def test_times_since_the_line_before(typed: Typed, file: Path) -> None:
    out = typed("trace", str(file), "--deltas", "--connection", "0").out
    assert [line.split()[0] for line in out.splitlines()] == ["+1.000000", "+0.500000"]


def test_the_last_entry_may_be_cut(typed: Typed, file: Path) -> None:
    file.write_text(file.read_text() + '{"time": 4, "fr')
    assert typed("trace", str(file)) == (0, PRINTED, "")


@pytest.mark.parametrize(
    "bad", ["x", "[]", "{}", '{"time": 1}', '{"time": "x", "event": 1}', '{"time": 1, "data": "€"}']
)
def test_no_trace(typed: Typed, tmp_path: Path, bad: str) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text(bad + "\n")
    status, _, err = typed("trace", str(file))
    assert (status, err.startswith(f"onemo-emulator: {file}:1: "), err.count("\n")) == (2, True, 1)


def test_what_is_typed_wrong(typed: Typed, tmp_path: Path) -> None:
    assert typed("trace", str(tmp_path / "none"))[0] == 2
    assert typed("trace", str(tmp_path))[0] == 2
    status, _, err = typed("trace", "x", "--regex", "+CSQ")
    assert (status, err.count("\n"), "a text as it stands after --grep" in err) == (2, 1, True)


def test_a_connection_of_another_index(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text(json.dumps({"time": 1, "event": "opened", "demoid": 0, "detail": "127.0.0.1:80"}) + "\n")
    assert typed("trace", str(file)).out.endswith(" * demoid 0: opened 127.0.0.1:80\n")
    assert typed("trace", str(file), "--connection", "0").out == ""


def test_each_console_has_its_lines(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    to_module, to_dte = {"from": "dte", "to": "module"}, {"from": "module", "to": "dte", "kind": "answer"}
    entries: list[dict[str, object]] = [
        {"time": 1, **to_module, "data": "AT+CG"},
        {"time": 2, **to_module, "console": 1, "data": "AT\r"},
        {"time": 3, **to_module, "data": "MM\rAT"},
        {"time": 4, **to_dte, "console": 1, "data": "\r\nOK\r\n"},
        {"time": 5, "event": "opened", "connect_id": 0, "detail": "h:80"},
    ]
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    printed = [
        "    2.000000 1> AT\n",
        "    3.000000 > AT+CGMM\n",
        "    4.000000 1< OK  (2000.0 ms)\n",
        "    5.000000 * connection 0: opened h:80\n",
        "    5.000000 > AT\n",
    ]
    assert typed("trace", str(file)).out == "".join(printed)
    assert typed("trace", str(file), "--console", "1").out == printed[0] + printed[2]
    assert typed("trace", str(file), "--console", "0").out == printed[1] + printed[4]


def test_a_trace_as_a_transcript_and_as_packets(typed: Typed, file: Path, tmp_path: Path) -> None:
    transcript, packets = tmp_path / "a.txt", tmp_path / "a.pcapng"
    os.utime(file, (1e9, 1e9))
    assert typed("trace", str(file), "--out", str(transcript)).out == f"{transcript}: 70 bytes\n"
    assert transcript.read_text().splitlines() == [
        "> AT+MIPOPEN=0", r"= AT+MIPOPEN=0\r", "< OK", "< >", r'= +MIPURC: "disconn",0,1\r\n'
    ]  # fmt: skip
    assert typed("trace", str(file), "--out", str(packets)).status == 0
    read = read_capture(packets.read_bytes())
    assert read.packets[0].time == 1e9 - 4 + 1, "its last line is as old as the file"
    assert [packet.payload for packet in read.packets if packet.payload] == [b"hi\xff", b"x"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("t.jsonl", "--out", "a.jsonl"), "Let its name end with .txt or .pcapng"),
        (("t.jsonl", "--out", "a.txt", "--grep", "x"), "leave the filters out"),
        (("t.jsonl", "--out", "a.txt", "--connect-id", "0"), "leave the filters out"),
        (("t.jsonl", "--out", "a.pcapng", "--console", "0"), "--console is for a transcript: --out a.pcapng"),
        (("t.jsonl", "--out", "none/a.txt"), "name a file that can be written"),
        (("none", "--out", "a.txt"), "name a file that can be read"),
        (("pipe", "--out", "a.txt"), "--out reads a trace twice"),
        (("bad", "--out", "a.txt"), "this is no line of a trace"),
    ],
)
def test_a_file_that_cannot_be_made(
    typed: Typed, file: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(file.parent)
    os.mkfifo("pipe")
    Path("bad").write_text("x\n")
    status, _, err = typed("trace", *arguments)
    assert (status, err.count("\n")) == (2, 1)
    assert said.replace("a.pcapng", "a.txt") in err
    assert not Path("a.txt").exists()
