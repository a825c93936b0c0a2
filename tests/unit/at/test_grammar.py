"""Command lines as V.250 5.2-5.4 has them."""

from __future__ import annotations

import gc

import pytest
from onemo.at.grammar import (
    Argument,
    Form,
    MalformedLine,
    QuoteInside,
    TextPlace,
    _remembered_command,
    arguments,
    body,
    integer,
    next_command,
)


def commands(line: bytes) -> list[tuple[bytes, Form, bytes | None]]:
    """Every command of a body without extended settings: name, form, and the number it carries."""
    found = []
    position = 0
    while (command := next_command(line, position)) is not None:
        found.append((command.name, command.form, command.argument.text if command.argument else None))
        position = command.end
    return found


@pytest.mark.parametrize(
    ("line", "rest"),
    [(b"AT", b""), (b"at", b""), (b"ATE0", b"E0"), (b"at+cmee?", b"+cmee?"), (b"  AT E0", b" E0"), (b"\0AT", b"")],
)
def test_the_prefix(line: bytes, rest: bytes) -> None:
    assert body(line) == rest


@pytest.mark.parametrize("line", [b"", b"A", b"At", b"aT", b"AE0", b"+CMEE?", b"XAT", b'"AT"', b"\xffAT"])
def test_without_a_prefix_it_is_no_command_line(line: bytes) -> None:
    with pytest.raises(MalformedLine):
        body(line)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"", []),
        (b"   ", []),
        (b"E", [(b"E", Form.EXECUTE, None)]),
        (b"e0v1", [(b"E", Form.EXECUTE, b"0"), (b"V", Form.EXECUTE, b"1")]),
        (b" E 0", None),
        (b"&F0", [(b"&F", Form.EXECUTE, b"0")]),
        (b"&f&W", [(b"&F", Form.EXECUTE, None), (b"&W", Form.EXECUTE, None)]),
        (b"S3?", [(b"S3", Form.READ, None)]),
        (b"S3=13", [(b"S3", Form.SET, b"13")]),
        (b"S3=", [(b"S3", Form.SET, None)]),
        (b"S3=13S4?E0", [(b"S3", Form.SET, b"13"), (b"S4", Form.READ, None), (b"E", Form.EXECUTE, b"0")]),
        (b"+CMEE?", [(b"CMEE", Form.READ, None)]),
        (b"+CMEE=?", [(b"CMEE", Form.TEST, None)]),
        (b"+CGMI", [(b"CGMI", Form.EXECUTE, None)]),
        (b"+cgmi;+CGMM", [(b"CGMI", Form.EXECUTE, None), (b"CGMM", Form.EXECUTE, None)]),
        (b"E0+CGMI", [(b"E", Form.EXECUTE, b"0"), (b"CGMI", Form.EXECUTE, None)]),
        (b"+CGMI;E0", [(b"CGMI", Form.EXECUTE, None), (b"E", Form.EXECUTE, b"0")]),
        (b"+CGMI;", [(b"CGMI", Form.EXECUTE, None)]),
        (b"+A!%-./:_9Z?", [(b"A!%-./:_9Z", Form.READ, None)]),
    ],
)
def test_commands(line: bytes, found: list[tuple[bytes, Form, bytes | None]] | None) -> None:
    if found is None:
        with pytest.raises(MalformedLine):
            commands(line)
    else:
        assert commands(line) == found


@pytest.mark.parametrize(
    "line",
    [b"+", b"+1", b"+?", b"+CGMI+CGMM", b"+CGMI E0", b"+CMEE?1", b"+CMEE??", b"$", b"&", b"&&F", b"0", b"\xe9", b"?"],
)
def test_what_is_no_command(line: bytes) -> None:
    with pytest.raises(MalformedLine):
        commands(line)


def values(text: bytes, *, escapes: bool = False) -> list[bytes | None]:
    """The arguments, quoted ones with their quotes."""
    found, end = arguments(text, 0, escapes=escapes)
    assert end == len(text)
    return [each and (b'"%b"' % each.text if each.quoted else each.text) for each in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", [None]),
        (b",", [None, None]),
        (b"0", [b"0"]),
        (b"0,,1,", [b"0", None, b"1", None]),
        (b' "ip" , 10 , 1 ', [b'"ip"', b"10", b"1"]),
        (b'"a,b;c",1', [b'"a,b;c"', b"1"]),
        (b'""', [b'""']),
        (b"host name,1", [b"host name", b"1"]),
        (b'" a "', [b'" a "']),
        (b'"a\\",1', [b'"a\\"', b"1"]),
        (b'"\xff\x00\n"', [b'"\xff\x00\n"']),
    ],
)
def test_arguments(text: bytes, found: list[bytes | None]) -> None:
    assert values(text) == found


@pytest.mark.parametrize("text", [b'"', b'"a', b'a"b"', b'"a"b', b'"a""b"', b'1,"', b'a"', b'"a" "b"'])
def test_a_quote_that_is_not_closed_or_not_alone(text: bytes) -> None:
    with pytest.raises(MalformedLine):
        arguments(text, 0, escapes=False)


def test_the_next_command_begins_behind_a_semicolon() -> None:
    line = b'+MIPTKA=0,"a;b";E0'
    found, position = arguments(line, len(b"+MIPTKA="), escapes=False)
    assert [each.text for each in found if each] == [b"0", b"a;b"]
    assert line[position:] == b"E0"


def test_escapes_keep_a_quote_in_a_string() -> None:
    assert values(rb'"a\"b","c\\"', escapes=True) == [rb'"a\"b"', rb'"c\\"']
    with pytest.raises(MalformedLine):
        arguments(rb'"a\"', 0, escapes=True)
    with pytest.raises(MalformedLine):
        arguments(rb'"a\"b"', 0, escapes=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [(b"0", 0), (b"007", 7), (b"65535", 65535), (b"9999999999", 9999999999), (b"0" * 50 + b"1", 1), (b"-1", -1)],
)
def test_integers(text: bytes, value: int) -> None:
    assert integer(Argument(text, quoted=False)) == value


@pytest.mark.parametrize(
    "text", [b"", b"-", b"--1", b"+1", b"1.0", b"0x1", b"1 2", b"a", b"\xb2", b"10000000000", b"9" * 8000]
)
def test_what_is_no_integer(text: bytes) -> None:
    assert integer(Argument(text, quoted=False)) is None
    assert integer(Argument(b"1", quoted=True)) is None


def remembered() -> str:
    """What the memory of commands holds."""
    return repr(gc.get_referents(_remembered_command))


def test_a_command_is_remembered_up_to_its_value() -> None:
    assert next_command(b'+CPIN="1234"', 0) is next_command(b"+CPIN=5678", 0)
    assert next_command(b"+CPIN?", 0) is next_command(b"+CPIN?", 0)
    assert "+CPIN=" in remembered()
    assert "1234" not in remembered()
    assert "5678" not in remembered()


@pytest.mark.parametrize("line", [b"S3=13", b"+CSQ=?", b"+CSQ= ?", b"+CSQ= 1", b" +CSQ", b"+C" + b"S" * 32])
def test_what_may_be_read_otherwise_or_is_long_is_not_remembered(line: bytes) -> None:
    assert next_command(line, 0) == next_command(line, 0)
    assert next_command(line, 0) is not next_command(line, 0)


def test_the_memory_of_commands_is_bounded() -> None:
    for number in range(1000):
        next_command(b"+C%d?" % number, 0)
    assert _remembered_command.cache_info().currsize <= 256


@pytest.mark.parametrize(
    ("typed", "string"),
    [(b"h\0ost", b"host"), (b"a\tb\x1b\x1a", b"ab"), (b"ab\b\bhost", b"host"), (b"\b\bx", b"x"), (b"\0", b""),
     (b"\x7f\xff ", b"\x7f\xff "), (b"", b"")],
)  # fmt: skip
def test_control_characters_in_a_string_mean_nothing_and_in_data_stay(typed: bytes, string: bytes) -> None:
    given, _ = arguments(b'"' + typed + b'"', 0)
    assert given == (Argument(typed, quoted=True),)
    assert Argument(typed, quoted=True).string == string


# A text that may hold quotes.


@pytest.mark.parametrize(
    ("line", "escapes", "inner", "found"),
    [
        (b'0,"a"', False, False, [b"0", b"a"]),
        (b'0,"a","b"', False, False, [b"0", b"a", b"b"]),
        (b'0,"a","b"', False, True, [b"0", b'a","b']),
        (b'0,"{"a":"b"}"', False, True, [b"0", b'{"a":"b"}']),
        (b'0,"a" ,1', False, True, [b"0", b"a", b"1"]),
        (b'0,"a\\"b"', True, False, [b"0", b'a\\"b']),
        (b'"0","a"', False, True, [b"0", b"a"]),
        (b"0,a b ", False, True, [b"0", b"a b"]),
    ],
)
def test_a_text(line: bytes, escapes: bool, inner: bool, found: list[bytes]) -> None:
    given, end = arguments(line, 0, text=TextPlace(1, escapes=escapes, inner=inner))
    assert [each.text for each in given if each] == found
    assert end == len(line)


@pytest.mark.parametrize("line", [b'0,"{"a":1}"', b'0,{"a":1}', b'0,"a"b"', b'0,"a\\"b"'])
def test_a_quote_inside_a_text_that_may_hold_none(line: bytes) -> None:
    with pytest.raises(QuoteInside):
        arguments(line, 0, text=TextPlace(1, escapes=False, inner=False))


@pytest.mark.parametrize("line", [b'0,"a', b'"0"x,"a"', b'0,"a",b"'])
def test_another_quote_is_malformed_as_ever(line: bytes) -> None:
    with pytest.raises(MalformedLine) as refusal:
        arguments(line, 0, text=TextPlace(1, escapes=False, inner=False))
    assert not isinstance(refusal.value, QuoteInside)
