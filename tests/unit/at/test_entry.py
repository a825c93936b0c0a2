"""Data in the line or after ``>``: what is taken, and how an entry ends."""

from __future__ import annotations

import pytest
from onemo.at.entry import DataEntry
from onemo.at.outcome import Outcome, Prompt
from onemo.at.payload import SendFormat
from onemo.at.reply import DONE, Cme, CommandError, ErrorCode, Reply

NOTHING_CAME = ErrorCode("nothing_came")


def take(data: bytes) -> Reply:
    return Reply((data,))


ENTRY = DataEntry(take=take, timeout=10.0, most=20, inline=10)


def code(entry: DataEntry, typed: bytes | None) -> ErrorCode | None:
    """What the entry is refused with."""
    with pytest.raises(CommandError) as refused:
        entry.begin(typed)
    return refused.value.code


def prompt(entry: DataEntry) -> Prompt:
    outcome = entry.begin(None)
    assert isinstance(outcome, Prompt)
    return outcome


def end(entry: DataEntry, data: bytes | None, *, timed_out: bool = False) -> Outcome | ErrorCode | None:
    """What an entry ends in, by data, ESC (None) or the time-out: its outcome, or what it fails with."""
    try:
        return prompt(entry).finish(data, timed_out)
    except CommandError as error:
        return error.code


# In the line.


@pytest.mark.parametrize(
    ("form", "typed", "meant", "length"),
    [
        (SendFormat.ASCII, b"a\\x", b"a\\x", 3),
        (SendFormat.HEX, b"0aFF", b"\x0a\xff", 2),
        (SendFormat.ESCAPED, b"\\x41\\n", b"A\n", 6),
    ],
)
def test_a_length_is_that_of_what_was_typed(form: SendFormat, typed: bytes, meant: bytes, length: int) -> None:
    for given in (None, 0, length):
        assert ENTRY._replace(form=form, length=given).begin(typed) == take(meant)
    for given in (length - 1, length + 1):
        assert code(ENTRY._replace(form=form, length=given), typed) is Cme.INCORRECT_PARAMETERS


def test_the_most_is_that_of_what_is_meant() -> None:
    hexadecimal = ENTRY._replace(form=SendFormat.HEX)
    assert hexadecimal.begin(b"00" * 10) == take(bytes(10))
    assert code(hexadecimal, b"00" * 11) is Cme.INCORRECT_PARAMETERS
    escaped = ENTRY._replace(form=SendFormat.ESCAPED)
    assert escaped.begin(b"\\x41" * 10) == take(b"A" * 10)
    assert code(escaped._replace(length=40), b"\\x41" * 10) is Cme.INCORRECT_PARAMETERS, "a length has it, too"
    assert ENTRY._replace(inline=None).begin(b"a" * 5000) == take(b"a" * 5000)


@pytest.mark.parametrize("typed", [b"0", b"xx", b"\\q"])
def test_what_the_form_does_not_have_is_refused(typed: bytes) -> None:
    form = SendFormat.ESCAPED if typed == b"\\q" else SendFormat.HEX
    assert code(ENTRY._replace(form=form), typed) is Cme.INCORRECT_PARAMETERS


@pytest.mark.parametrize("length", [None, 0, 5])
def test_nothing_between_the_quotes_is_refused(length: int | None) -> None:
    assert code(ENTRY._replace(length=length), b"") is Cme.INCORRECT_PARAMETERS


# After ``>``.


def test_a_model_without_a_prompt_needs_the_data_in_the_line() -> None:
    entry = ENTRY._replace(offered=False)
    assert code(entry, None) is Cme.INCORRECT_PARAMETERS
    assert entry.begin(b"a") == take(b"a")


def test_what_the_line_is_told() -> None:
    counted = prompt(ENTRY._replace(length=30, secret=True, prompt="\r\n> "))
    assert (counted.length, counted.timeout, counted.secret, counted.text) == (30, 10.0, True, "\r\n> ")
    for length in (None, 0):
        free = prompt(ENTRY._replace(length=length))
        assert (free.length, free.limit, free.secret, free.text) == (None, 20, False, None)


@pytest.mark.parametrize("length", [None, 0])
def test_without_a_most_there_has_to_be_a_length(length: int | None) -> None:
    assert code(ENTRY._replace(length=length, most=0), None) is Cme.INCORRECT_PARAMETERS
    assert prompt(ENTRY._replace(length=3, most=0)).length == 3


@pytest.mark.parametrize("form", SendFormat)
def test_what_is_entered_is_raw_and_has_its_own_bounds(form: SendFormat) -> None:
    assert end(ENTRY._replace(form=form), b"\\x0g" * 5) == take(b"\\x0g" * 5)


@pytest.mark.parametrize(("end_of", "told"), [(DONE, DONE), (None, None), (NOTHING_CAME, NOTHING_CAME)])
def test_each_end_is_what_the_command_says(end_of: Reply | ErrorCode | None, told: Reply | ErrorCode | None) -> None:
    assert end(ENTRY._replace(cancelled=end_of), None) == told
    assert end(ENTRY._replace(unfinished=end_of), b"abc", timed_out=True) == told


def test_by_itself_esc_is_ok_and_a_time_out_an_error() -> None:
    assert end(ENTRY, None) == DONE
    assert end(ENTRY, b"abc", timed_out=True) is None


def test_ctrl_z_alone_is_data_of_no_length() -> None:
    assert end(ENTRY, b"") == take(b"")


@pytest.mark.parametrize("length", [None, 0, 5])
@pytest.mark.parametrize("data", [b"", b"abc"])
@pytest.mark.parametrize("partial", [False, True])
def test_a_time_out_takes_what_came_of_a_given_length(length: int | None, data: bytes, partial: bool) -> None:
    entry = ENTRY._replace(length=length, partial=partial, unfinished=NOTHING_CAME)
    taken = partial and length and data
    assert end(entry, data, timed_out=True) == (take(data) if taken else NOTHING_CAME)


def test_what_refuses_the_data_is_the_answer() -> None:
    def refuse(data: bytes) -> Reply:
        raise CommandError(NOTHING_CAME)

    entry = ENTRY._replace(take=refuse)
    assert code(entry, b"a") is NOTHING_CAME
    assert end(entry, b"a") is NOTHING_CAME
