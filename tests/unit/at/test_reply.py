"""The form of answers on the line (V.250 5.7, 27.007 9), to the byte."""

from __future__ import annotations

from typing import Literal

import pytest
from onemo.at.reply import CONNECT, ERROR, OK, CommandError, ErrorCode, ReplyFormat
from onemo.families.sockets.connection import SocketError

from tests.support.driver import model_named


@pytest.fixture
def form() -> ReplyFormat:
    return ReplyFormat(model_named("ML307R").errors)


def test_words(form: ReplyFormat) -> None:
    assert form.final(OK) == b"\r\nOK\r\n"
    assert form.final(ERROR) == b"\r\nERROR\r\n"
    assert form.final(CONNECT) == b"\r\nCONNECT\r\n"
    assert form.information([b"+A: 1", b"+A: 2"]) == b"\r\n+A: 1\r\n\r\n+A: 2\r\n"
    assert form.information([]) == b""
    assert form.notice(b"+B: 1") == b"\r\n+B: 1\r\n"


def test_numbers(form: ReplyFormat) -> None:
    form.verbose = False
    assert [form.final(code) for code in (OK, CONNECT, ERROR)] == [b"0\r", b"1\r", b"4\r"]
    assert form.information([b"+A: 1", b"+A: 2"]) == b"+A: 1\r\n+A: 2\r\n"


def test_quiet_keeps_result_codes_only(form: ReplyFormat) -> None:
    form.quiet = True
    assert form.final(OK) == form.error(None) == form.error(SocketError.IN_USE) == b""
    assert form.information([b"+A: 1"]) == b"\r\n+A: 1\r\n"
    assert form.notice(b"+B: 1") == b"\r\n+B: 1\r\n"


def test_error_reports(form: ReplyFormat) -> None:
    told = []
    for form.error_level in (0, 1, 2):
        told.append(form.error(SocketError.IN_USE))
        assert form.error(None) == b"\r\nERROR\r\n"
    assert told[:2] == [b"\r\nERROR\r\n", b"\r\n+CME ERROR: 552\r\n"]
    assert told[2].startswith(b"\r\n+CME ERROR: ")
    assert told[2][14:-2].decode("ascii").replace("/", "").replace(" ", "").isalpha()


@pytest.mark.parametrize("result", ["CME", "CMS", "CIS"])
def test_every_class_of_errors_as_cmee_has_it(result: Literal["CME", "CMS", "CIS"]) -> None:
    code = ErrorCode("broken", result)
    others = {ErrorCode("broken", other): (8, "another") for other in ("CME", "CMS", "CIS") if other != result}
    form = ReplyFormat({**others, code: (7, "it is broken")})
    told = []
    for form.error_level in (0, 1, 2):
        told.append(form.error(code))
    words = f"+{result} ERROR: ".encode()
    assert told == [b"\r\nERROR\r\n", b"\r\n" + words + b"7\r\n", b"\r\n" + words + b"it is broken\r\n"]
    form.verbose = False
    assert form.error(code) == told[2], "there is no number for it in ATV0"
    form.quiet = True
    assert form.error(code) == b""


def test_other_line_ends(form: ReplyFormat) -> None:
    form.cr, form.lf = b"!", b"$"
    assert form.final(OK) == b"!$OK!$"
    assert form.error(SocketError.NOT_USED) == b"!$+CME ERROR: 551!$"
    form.verbose = False
    assert form.final(OK) == b"0!"


def test_an_error_tells_its_name() -> None:
    assert str(CommandError(SocketError.IN_USE)) == "in_use"
    assert str(CommandError()) == "error"
