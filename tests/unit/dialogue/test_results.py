"""What ends the answer to a command."""

from __future__ import annotations

from typing import get_type_hints

import pytest
from onemo.at.reply import ErrorCode
from onemo.dialogue.results import FINAL, FINAL_LINE

CLASSES = get_type_hints(ErrorCode)["result"].__args__


@pytest.mark.parametrize("line", ["OK", "ERROR", "CONNECT", "BUSY", *(f"+{name} ERROR: {{}}" for name in CLASSES)])
def test_a_final_result_code(line: str) -> None:
    for told in {line.format(7), line.format("it is broken")}:
        assert FINAL.fullmatch(told.encode())
        assert FINAL_LINE.search(f"\r\n+A: 1\r\n\r\n{told}\r\n".encode())


@pytest.mark.parametrize("line", ["+CSQ: 20,99", "OKAY", "+CIS: 1", "+CXS ERROR: 1"])
def test_none(line: str) -> None:
    assert not FINAL.fullmatch(line.encode())
    assert not FINAL_LINE.search(f"\r\n{line}\r\n".encode())
