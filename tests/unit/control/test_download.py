"""Files that the control answers with, and what ctl makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from onemo.cli import ctl_bulk
from onemo.control.client import ControlError
from onemo.control.download import JSON_FILE, Download
from onemo.control.http import Message
from onemo.runtime.snapshot import BEGINNING


async def unasked() -> Message:
    raise AssertionError("nothing is received")


async def test_a_large_file_is_sent_in_pieces_between_which_others_come() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await Download((b"x" * 60_000 for _ in range(50)), JSON_FILE)({"method": "GET"}, unasked, send)
    assert (b"content-type", b"application/json") in sent[0]["headers"]
    assert b"".join(message["body"] for message in sent[1:]) == b"x" * 3_000_000
    assert max(len(message["body"]) for message in sent[1:]) < 100_000


def test_what_is_no_snapshot_is_not_written(tmp_path: Path) -> None:
    """Whatever answers at an address, the file that was there stays."""
    file = tmp_path / "a.snapshot"
    file.write_text("precious")
    for answer in ([], [b"<html>"], [b'{"format', b'": "another"}']):
        with pytest.raises(ControlError, match="no control of this emulator's version"):
            ctl_bulk.save(answer, str(file))
    assert file.read_text() == "precious"
    assert ctl_bulk.save((BEGINNING[:7], BEGINNING[7:] + b"}\n"), str(file)) == 0
    assert file.read_bytes() == BEGINNING + b"}\n"
    assert [each.name for each in tmp_path.iterdir()] == ["a.snapshot"]
