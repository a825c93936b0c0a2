"""Private keys in what is traced: whatever the pieces, nothing of a key is shown, and all else is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.runtime.secrets import Masked

CR = 13


@given(st.lists(st.binary(max_size=20)), st.booleans())
def test_what_is_no_secret_is_shown_as_it_is(pieces: list[bytes], answers: bool) -> None:
    masked = Masked(answers=answers)
    if b"MSSLKEYWR" not in b"".join(pieces).upper():
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
