"""Private keys in what is traced: whatever the pieces, nothing of a key is shown, and all else is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.runtime.secrets import Masked

CR = 13


@given(st.lists(st.binary(max_size=20)), st.booleans())
def test_what_is_no_secret_is_shown_as_it_is(pieces: list[bytes], answers: bool) -> None:
    masked = Masked(answers=answers)
    if not re.search(rb"(?i:MSSLKEYWR)|PRIVATE KEY-----", b"".join(pieces)):
        assert [bytes(masked.show(piece, CR)) for piece in pieces] == pieces


@given(st.lists(st.integers(1, 40)), st.booleans(), st.sampled_from(["MSSLKEYWR", "msslKEYwr"]))
def test_a_line_is_masked_however_it_is_cut(cuts: list[int], answers: bool, name: str) -> None:
    line = b'AT+CGMM\rAT+%b="k",0,8,"SECRET!!"\r' % name.encode()
    masked, shown, position = Masked(answers=answers), b"", 0
    for cut in [*cuts, len(line)]:
        shown += masked.show(memoryview(line)[position : position + cut], CR)
        position += cut
    assert len(shown) == len(line)
    assert shown.startswith(b"AT+CGMM\rAT+%b" % name.encode())
    assert not set(b"SECRT!k0") & set(shown[shown.upper().index(b"MSSLKEYWR") + 9 :])
    assert masked.show(b"AT\r", CR) == b"AT\r", "the next line is shown again"


@given(st.integers(0, 20), st.binary(max_size=20))
def test_an_entry(secret: int, data: bytes) -> None:
    shown = bytes(Masked(answers=False).show(data, CR, secret))
    count = min(secret, len(data))
    assert shown == b"*" * count + data[count:]


KEYS = st.sampled_from(["", "RSA ", "EC ", "ENCRYPTED "]).flatmap(
    lambda kind: st.binary(min_size=1, max_size=200).map(
        lambda body: f"-----BEGIN {kind}PRIVATE KEY-----\r\n{body.hex()}\r\n-----END {kind}PRIVATE KEY-----".encode()
    )
)


def shown_in_pieces(masked: Masked, data: bytes, cuts: list[int]) -> bytes:
    shown, position = b"", 0
    for cut in [*cuts, len(data)]:
        shown += bytes(masked.show(memoryview(data)[position : position + cut], CR))
        position += cut
    return shown


@given(KEYS, KEYS, st.lists(st.integers(0, 70), max_size=20), st.booleans())
def test_a_key_that_nobody_asked_for(key: bytes, other: bytes, cuts: list[int], answers: bool) -> None:
    """Typed without waiting for ``>``, or by a command that takes no key; two of them."""
    marks = [len(each.partition(b"\r\n")[0]) for each in (key, other)]
    before, between, after = b'AT+MSSLCERTWR="k",0,8\r', b"\r\nAT+CGMM\r", b"\r\n+CME ERROR: 50\r\n"
    shown = shown_in_pieces(Masked(answers=answers), before + key + between + other + after, cuts)
    hidden = [each[:mark] + b"*" * (len(each) - mark) for each, mark in zip((key, other), marks, strict=True)]
    assert shown == before + hidden[0] + between + hidden[1] + after


@given(KEYS, st.integers(0, 300), st.lists(st.integers(0, 70), max_size=20))
def test_a_key_of_which_the_entry_took_a_part(key: bytes, taken: int, cuts: list[int]) -> None:
    """The rest, which comes when the entry has timed out or was too short, is masked as well."""
    masked = Masked(answers=False)
    taken = min(len(key), max(taken, 40))
    assert bytes(masked.show(key[:taken], CR, taken)) == b"*" * taken
    rest = key[taken:]
    assert shown_in_pieces(masked, rest + b"\rAT+CGMM\r", cuts) == b"*" * len(rest) + b"\rAT+CGMM\r"


def test_a_key_with_escapes() -> None:
    line = rb'AT+CERT="-----BEGIN PRIVATE KEY-----\r\nc2VjcmV0\r\n-----END PRIVATE KEY-----\r\n"' + b"\r"
    shown = bytes(Masked(answers=True).show(line, CR))
    assert shown.startswith(b'AT+CERT="-----BEGIN PRIVATE KEY-----***')
    assert shown.endswith(rb'***\r\n"' + b"\r")
    assert b"c2V" not in shown


@pytest.mark.parametrize(("editing", "behind"), [(8, b"\b" * 99), (ord("K"), b""), (ord("-"), b"-" * 99)])
def test_a_key_that_is_taken_back(editing: int, behind: bytes) -> None:
    """In the piece in which it came, or of which a letter takes back: it was typed all the same."""
    key = b"-----BEGIN PRIVATE KEY-----\r\nc2VjcmV0\r\n-----END PRIVATE KEY-----"
    shown = bytes(Masked(answers=False).show(key + behind, CR, 0, editing))
    assert shown == key[:27] + b"*" * (len(key) - 27) + behind


def test_a_key_that_never_ends() -> None:
    """The bytes behind it are shown again some time."""
    masked = Masked(answers=False)
    begun = b"-----BEGIN PRIVATE KEY-----"
    assert masked.show(begun, CR) == begun
    assert masked.show(b"x" * 16383, CR) == b"*" * 16383
    assert masked.show(b"xAT+CGMM\r", CR) == b"*AT+CGMM\r"


@pytest.mark.parametrize(
    "text", [b"-----BEGIN CERTIFICATE-----\r\nMIIB\r\n-----END CERTIFICATE-----", b"PRIVATE KEY-----"]
)
def test_what_is_no_key(text: bytes) -> None:
    assert Masked(answers=False).show(text, CR) == text
