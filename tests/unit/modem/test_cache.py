"""The bounded store: what fits, what is dropped, and what is read of it."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from onemo.modem.cache import Cache


class Message(NamedTuple):
    topic: str
    payload: bytes


def test_it_holds_so_many_entries() -> None:
    cache: Cache[bytes] = Cache(size=100, entries=2)
    assert (len(cache), cache.total, cache.room) == (0, 0, 100)
    assert cache.add(b"one")
    assert (len(cache), cache.total, cache.room) == (1, 3, 97)
    assert cache.add(b"")
    assert (len(cache), cache.total, cache.room) == (2, 3, 0)
    assert not cache.add(b"")
    assert [cache.take(), cache.take()] == [b"one", b""]
    assert (len(cache), cache.total, cache.room) == (0, 0, 100)


def test_what_does_not_fit_is_dropped_whole_and_something_smaller_still_fits() -> None:
    cache: Cache[bytes] = Cache(size=10, entries=9)
    assert cache.add(b"x" * 6)
    assert not cache.add(b"y" * 5)
    assert cache.add(b"z" * 4)
    assert (cache.total, cache.room) == (10, 0)
    assert cache.add(b""), "no bytes fit at the limit of bytes"
    assert [cache.take() for _ in range(3)] == [b"x" * 6, b"z" * 4, b""]


def test_nothing_is_there_to_take() -> None:
    with pytest.raises(IndexError):
        Cache[bytes](10, 10).take()


def test_bytes_are_read_wherever_entries_end() -> None:
    cache: Cache[bytes] = Cache(size=100, entries=9)
    for entry in (b"abc", b"de", b"fghi"):
        cache.add(entry)
    assert cache.read(4) == b"abcd"
    assert (len(cache), cache.total) == (2, 5)
    assert cache.read(1) == b"e"
    assert cache.read(0) == b"fghi"
    assert cache.read(0) == cache.read(7) == b""
    assert (len(cache), cache.total) == (0, 0)


def test_entries_may_be_anything_that_can_be_measured() -> None:
    cache: Cache[Message] = Cache(size=8, entries=9, measure=lambda message: len(message.payload))
    assert cache.add(Message("a very long topic", b"12345"))
    assert not cache.add(Message("t", b"6789"))
    assert cache.add(Message("t", b"678"))
    assert (len(cache), cache.total, cache.room) == (2, 8, 0)
    assert cache.take() == Message("a very long topic", b"12345")
    assert cache.total == 3
