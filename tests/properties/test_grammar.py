"""The grammar: any bytes are a command line or MalformedLine, and what is written is what is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.at.grammar import (
    Argument,
    Command,
    Form,
    MalformedLine,
    _read_command,
    arguments,
    body,
    integer,
    next_command,
)

TELLING = [
    "AT",
    "+",
    "CMEE",
    "MIPOPEN",
    "E0",
    "&F",
    "S3",
    "=",
    "?",
    "=?",
    ",",
    ";",
    '"',
    '""',
    "\\",
    '\\"',
    " ",
    "0",
    "12",
]
LINES = st.lists(
    st.one_of(st.sampled_from([text.encode() for text in TELLING]), st.binary(max_size=3)), max_size=25
).map(b"".join)


@given(LINES)
def test_a_line_has_its_prefix_or_is_none(line: bytes) -> None:
    bare = line.lstrip(b" \t\0")
    if bare[:2] in (b"AT", b"at"):
        assert body(line) == bare[2:]
    else:
        with pytest.raises(MalformedLine):
            body(line)


@given(LINES, st.booleans())
def test_any_bytes_are_commands_or_malformed(line: bytes, escapes: bool) -> None:
    position = 0
    try:
        while (command := next_command(line, position)) is not None:
            assert command.name == command.name.upper()
            assert command.name
            assert position < command.end <= len(line)
            position = command.end
            if command.form is Form.SET and not command.complete:
                given_, position = arguments(line, position, escapes=escapes)
                assert given_
                assert command.end <= position <= len(line)
                for argument in given_:
                    assert argument is None or argument.quoted or argument.text == argument.text.strip(b" ") != b""
    except MalformedLine:
        pass
    else:
        assert not line[position:].strip(b" ")


PARTS = [b"+", b"C", b"CSQ", b"E0", b"S3", b"=", b"?", b" ", b";", b",", b"0", b'"a"']
ALIKE = st.lists(st.sampled_from(PARTS), max_size=6).map(lambda parts: b"+C" + b"".join(parts))


@given(st.lists(ALIKE, min_size=1, max_size=8))
def test_what_was_read_before_changes_nothing(lines: list[bytes]) -> None:
    """Lines that begin alike, each read twice."""
    for line in lines * 2:
        assert outcome(next_command, line) == outcome(_read_command, line)


def outcome(read: Callable[[bytes, int], Command | None], line: bytes) -> Command | str | None:
    try:
        return read(line, 0)
    except MalformedLine as error:
        return str(error)


PLAIN = st.binary(min_size=1, max_size=8).map(lambda text: text.translate(None, b',;" ')).filter(bool)
QUOTED = st.binary(max_size=8).map(lambda text: text.replace(b'"', b""))
ARGUMENTS = st.lists(
    st.one_of(
        st.none(),
        PLAIN.map(lambda text: Argument(text, quoted=False)),
        QUOTED.map(lambda text: Argument(text, quoted=True)),
    ),
    min_size=1,
    max_size=8,
)
BLANKS = st.sampled_from([b"", b" ", b"   "])


@given(ARGUMENTS, BLANKS, st.sampled_from([b"", b";", b";+NEXT", b";E0"]))
def test_arguments_come_back(wanted: list[Argument | None], blank: bytes, rest: bytes) -> None:
    written = [
        blank + (b"" if each is None else b'"%b"' % each.text if each.quoted else each.text) + blank for each in wanted
    ]
    line = b"+NAME=" + b",".join(written) + rest
    found, position = arguments(line, len(b"+NAME="), escapes=False)
    assert found == tuple(wanted)
    assert line[position:] == rest[1:]


@given(st.lists(st.sampled_from([b"a", b",", b";", b"\\\\", b'\\"', b"\\n", b"\\\r", b" "])).map(b"".join))
def test_an_escaped_quote_stays_in_its_string(text: bytes) -> None:
    line = b'0,"' + text + b'",1;E0'
    found, position = arguments(line, 0, escapes=True)
    assert found == (Argument(b"0", quoted=False), Argument(text, quoted=True), Argument(b"1", quoted=False))
    assert line[position:] == b"E0"


@given(st.one_of(st.binary(max_size=5), st.integers(0, 10**12).map(lambda value: b"%d" % value)), st.booleans())
def test_integers_are_unquoted_decimals(text: bytes, quoted: bool) -> None:
    value = integer(Argument(text, quoted=quoted))
    if value is not None:
        assert not quoted
        assert set(text) <= set(b"0123456789")
        assert value == int(text)
    else:
        assert quoted or not text.isdigit() or int(text) >= 10**10


@pytest.mark.parametrize("text", ["\N{SUPERSCRIPT TWO}", "\N{FULLWIDTH DIGIT ONE}", "\N{ARABIC-INDIC DIGIT THREE}"])
def test_only_ascii_digits_are_digits(text: str) -> None:
    for encoding in ("utf-8", "latin-1"):
        assert integer(Argument(text.encode(encoding, "ignore"), quoted=False)) is None
