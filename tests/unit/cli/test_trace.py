"""The file that ``--trace`` writes."""

from __future__ import annotations

import json
from pathlib import Path

from onemo.runtime.trace import JsonLines

from tests.support.labels import socket_label


def test_it_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    with file.open("w", encoding="ascii") as stream:
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
