"""The file that ``--trace`` writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from onemo.families import BEYOND_FAULTS, FTP, FTP_DATA
from onemo.faults.kind import INDICES
from onemo.profile.index import Index, Label
from onemo.runtime.trace import JsonLines

from tests.support.labels import socket_label
from tests.support.pcapng import read_capture, streams
from tests.unit.cli.conftest import Typed


def test_it_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    with file.open("w", encoding="ascii", buffering=1) as stream:
        trace = JsonLines(stream, iter((5.0, 5.25, 6.5)).__next__)
        trace.line(">", b"AT\r")
        (line,) = file.read_text().splitlines()
        assert json.loads(line) == {"time": 0.25, "from": "dte", "to": "module", "data": "AT\r"}
        trace.net("opened", socket_label(0), "[::1]:80")
        assert file.read_text().count("\n") == 2


def test_an_entry_is_one_line_whatever_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    with file.open("w", encoding="ascii") as stream:
        trace = JsonLines(stream, lambda: 0.0)
        trace.line("<", b'\r\n"\\\x00\x85\xff\r\n')
        trace.net("open failed", socket_label(0), "no\nsuch\u2028name \u00e9")
    entries = [json.loads(line) for line in file.read_bytes().split(b"\n")[:-1]]
    assert entries[0]["data"].encode("latin-1") == b'\r\n"\\\x00\x85\xff\r\n'
    assert entries[1]["detail"] == "no\nsuch\u2028name \u00e9"


@pytest.mark.parametrize("index", [*INDICES, *BEYOND_FAULTS], ids=str)
def test_a_connection_is_named_as_it_was_when_it_was_traced(index: Index, tmp_path: Path, typed: Typed) -> None:
    file, label = tmp_path / "trace", Label(index, 3)
    with file.open("w", encoding="ascii") as stream:
        JsonLines(stream, lambda: 0.0).net("opened", label, "[::1]:80")
    assert typed("trace", str(file)).out.endswith(f" * {label}: opened [::1]:80\n")


def test_both_connections_of_an_ftp_session(tmp_path: Path, typed: Typed) -> None:
    """Each has its own packets, and whoever asks for the session hears both."""
    file, out = tmp_path / "trace", tmp_path / "a.pcapng"
    control, data = Label(FTP, 0), Label(FTP_DATA, 0)
    with file.open("w", encoding="ascii") as stream:
        trace = JsonLines(stream, lambda: 0.0)
        trace.net("opened", control, "198.18.1.0:21")
        trace.net("sent", control, b"PASV\r\n")
        trace.net("opened", data, "198.18.1.0:4000")
        trace.net("sent", control, b"RETR a\r\n")
        trace.net("received", data, b"content")
        trace.net("closed", data, "198.18.1.0:4000 by the peer")
        trace.net("sent", control, b"QUIT\r\n")
    assert typed("trace", str(file), "--ftp-id", "0").out.count("\n") == 7
    assert typed("trace", str(file), "--ftp-id", "1").out == ""
    assert typed("trace", str(file), "--out", str(out)).status == 0
    read = read_capture(out.read_bytes())
    assert [each for each in streams(read.packets).values() if each] == [b"PASV\r\nRETR a\r\nQUIT\r\n", b"content"]
    assert {packet.comment for packet in read.packets} == {"ftp_id 0", "ftp_id 0 data"}


@pytest.mark.parametrize("time", ["9" * 400, "9" * 5000, "-" + "9" * 400, "[" * 5000, '"soon"', "NaN", "1e999"])
def test_a_time_that_is_none(time: str, tmp_path: Path, typed: Typed) -> None:
    file = tmp_path / "trace"
    file.write_text(f'{{"time": {time}, "event": "x", "detail": ""}}\n')
    told = typed("trace", str(file))
    assert (told.status, told.out, told.err.count("\n")) == (2, "", 1)
    assert f"{file}:1: this is no line of a trace" in told.err


def test_nothing_in_a_trace_commands_the_terminal(tmp_path: Path, typed: Typed) -> None:
    file = tmp_path / "trace"
    bad = "\x1b[2J\x07\u009b31m\r"
    entries: list[dict[str, object]] = [
        {"time": 0, "event": bad, "connect_id": 1, "detail": bad},
        {"time": 0, "event": "opened", bad: 1, "detail": "peer"},
        {"time": 0, "from": "dte", "to": "module", "data": f"AT{bad}"},
        {"time": 0, "from": "network", "to": "module", "connect_id": 0, "data": bad},
        {"time": 0, "from": "module", "to": "dte", "kind": "urc", "data": bad},
    ]
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    told = typed("trace", str(file))
    assert (told.status, told.err) == (0, "")
    assert told.out.count("\n") == 5
    assert told.out.replace("\n", "").isascii()
    assert told.out.replace("\n", "").isprintable()
