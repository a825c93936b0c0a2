"""The text of a firmware package."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.net.firmware import LONGEST_HEADER, BadPackage, header_ends, make_package, read_header

PACKAGE = make_package("ML307R-DC", "OLD", "NEW", failure="apply@64")
HEAD, _, BODY = PACKAGE.partition(b"\n\n")


def test_what_is_made_is_read() -> None:
    header = read_header(PACKAGE)
    assert header[:5] == (False, "ML307R-DC", "OLD", "NEW", 49630)
    assert (header.step, header.at, header.length) == ("apply", 64, len(HEAD) + 2)
    header.require_for(("ML307R-DC", "ML307R"), "OLD")
    header.require_body(BODY)
    assert make_package("ML307R-DC", "OLD", "NEW", failure="apply@64") == PACKAGE
    mini = HEAD.replace(b"kind: diff", b"kind: mini").replace(b"from: OLD\n", b"")
    assert read_header(mini + b"\n\n").source == "*"


def test_lines_may_end_in_cr_lf_and_stand_in_any_order() -> None:
    first, *lines = HEAD.split(b"\n")
    text = b"\r\n".join([first, *reversed(lines), b"", b""]) + BODY
    assert read_header(text)._replace(length=0) == read_header(PACKAGE)._replace(length=0)
    assert text[read_header(text).length :] == BODY


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"vendor's",
        HEAD,
        HEAD.replace(b"EMULATOR", b"VENDOR") + b"\n\n",
        HEAD + b"\nmore: 1\n\n",
        HEAD + b"\nkind: diff\n\n",
        HEAD + b"\nno colon\n\n",
        HEAD + b"\n\xff: 1\n\n",
        HEAD.replace(b"diff", b"other") + b"\n\n",
        HEAD.replace(b"to: NEW\n", b"") + b"\n\n",
        HEAD.replace(b"from: OLD\n", b"") + b"\n\n",
        HEAD.replace(b"to: NEW", b"to: " + b"N" * 65) + b"\n\n",
        HEAD.replace(b"size: 49630", b"size: -1") + b"\n\n",
        HEAD.replace(b"sha256: ", b"sha256: g") + b"\n\n",
        HEAD.replace(b"apply@64", b"apply@101") + b"\n\n",
        HEAD.replace(b"to: NEW", b"to: NEW" + b" " * LONGEST_HEADER) + b"\n\n",
    ],
)
def test_what_is_no_package(text: bytes) -> None:
    with pytest.raises(BadPackage):
        read_header(text)


def test_what_it_is_not_for() -> None:
    header = read_header(PACKAGE)
    for names, revision in ((("ML307R-MC", "ML307R"), "OLD"), (("ML307R-DC",), "NEW")):
        with pytest.raises(BadPackage):
            header.require_for(names, revision)
    for body in (BODY[:-1], BODY + b"x", b"x" + BODY[1:]):
        with pytest.raises(BadPackage):
            header.require_body(body)
    with pytest.raises(BadPackage):
        header._replace(failure="check").require_for(("ML307R-DC",), "OLD")


@pytest.mark.parametrize(
    "wrong", [{"size": 10}, {"size": 1 << 40}, {"failure": "apply"}, {"revision": ""}, {"revision": "N\n"}]
)
def test_what_cannot_be_made(wrong: dict[str, object]) -> None:
    with pytest.raises(BadPackage):
        make_package(**{"target": "M", "source": "*", "revision": "NEW", **wrong})  # type: ignore[arg-type]


@given(st.binary(max_size=1200), st.integers(0, 400))
def test_no_bytes_break_it(data: bytes, place: int) -> None:
    for text in (data, PACKAGE[:place] + data + PACKAGE[place : 2 * place]):
        header_ends(text)
        try:
            header = read_header(text)
        except BadPackage:
            continue
        assert 0 < header.length <= len(text)
