"""Bytes as words of a trace: text, hex, sizes."""

from __future__ import annotations

import pytest
from onemo.dialogue.words import bytes_in_words, readable


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ""),
        (b"21.5 \xe2\x84\x83", "21.5 \u2103"),
        (b"a\r\nb", "hex 610d0a62"),
        (b"\xff\x00", "hex ff00"),
        (b"x" * 200, "x" * 200),
        (b"x" * 201, "x" * 200 + "..."),
        ("\u4f60".encode() * 400, "\u4f60" * 200 + "..."),
        (b"\xf0\x9f\x98\x80" * 201, "\U0001f600" * 200 + "..."),
        (b"\xff" * 101, "hex " + "ff" * 100 + "..."),
        (b"x" * 799 + "\u4f60".encode(), "x" * 200 + "..."),
        (b"x" * 500 + b"\xff" * 500, "hex " + "78" * 100 + "..."),
    ],
)
def test_bytes_are_shown_on_one_line(data: bytes, words: str) -> None:
    assert readable(data) == words


def test_a_size_has_its_thousands_apart() -> None:
    assert [bytes_in_words(count) for count in (0, 1, 5124)] == ["0 bytes", "1 byte", "5,124 bytes"]
