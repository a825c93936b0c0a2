"""Faults as they are said, and back; what is wrong is told with what is allowed."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import FaultError
from onemo.faults.kind import FaultKey, FaultKind, Layer, Type
from onemo.faults.kinds import KINDS, OPEN_FAILURES
from onemo.faults.presets import PRESETS, faults_of, parse_faults
from onemo.faults.say import fault_of, parse_fault
from onemo.faults.seams.events import HAPPENINGS

TEXTS = st.text(st.characters(codec="latin-1", exclude_characters="\\"), max_size=20)


def values(key: FaultKey) -> st.SearchStrategy[Any]:
    """Values that TOML may have for a key."""
    low, high = max(key.low, -1e6), min(key.high, 1e6)
    if key.name == "on":
        return st.sampled_from(["command", "command:AT+MIPSEND", "urc", "urc:rtcp", "boot", "open", "send", "time"])
    if key.name in ("command", "urc"):
        return st.sampled_from(["MIPOPEN", "MPING"]) | TEXTS.map("custom:X".__add__)
    if key.name == "address":
        return st.ip_addresses().map(str)
    match key.type:
        case Type.INTEGER | Type.MOMENT:
            return st.integers(int(low), int(high))
        case Type.NUMBER | Type.SECONDS:
            return st.floats(low, high).map(lambda value: max(low, round(value, 6)))
        case Type.CHOICE:
            return st.sampled_from(key.choices)
    return TEXTS.filter(bool) if key.type is Type.TEXT else TEXTS


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(list(KINDS.values())))
    keys = kind.all_keys
    chosen = draw(st.sets(st.sampled_from(list(keys)))) | {key.name for key in kind.keys if key.required}
    return {"kind": kind.name, **{name: draw(values(keys[name])) for name in keys if name in chosen}}


@given(tables())
def test_round_trip(table: dict[str, Any]) -> None:
    """Whatever a table says and is allowed can be typed, and means the same."""
    try:
        fault = fault_of(table)
    except FaultError:
        return  # keys that do not go together
    assert parse_fault(str(fault)) == fault
    assert str(parse_fault(str(fault))) == str(fault)


@given(st.text(max_size=40) | st.sampled_from(list(KINDS)).flatmap(lambda kind: st.text().map(f"{kind} ".__add__)))
def test_any_text_is_a_fault_or_an_error(text: str) -> None:
    try:
        fault = parse_fault(text)
    except FaultError:
        return
    assert fault.kind.name in text


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_examples(kind: FaultKind) -> None:
    fault = parse_fault(kind.example)
    assert fault.kind is kind
    assert all(math.isfinite(value) for value in fault.values.values() if isinstance(value, float))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("urc-drop 'x", "a quote that is not closed"),
        ("net-rest", "did you mean net-reset"),
        ("hostle", "did you mean hostile"),
        ("zzz", "there are hostile, "),
        ("urc-drop ucr=x", "it has no key 'ucr'; did you mean urc"),
        ("urc-drop urc", "'urc' has no value; write key=value"),
        ("urc-drop urc=a urc=b", "urc is given twice"),
        ("urc-cut size=0", "size=0 is out of range: a whole number from 1 up"),
        ("urc-drop probability=1.5", "is out of range: a number from 0 to 1"),
        ("urc-delay seconds=soon", "is not a time (2.5, 2.5s, 200ms)"),
        ("urc-place", "at is missing, one of echo, before-answer"),
        ("urc-place at=top", "at=top is none of echo"),
        ("urc-replace", "text is missing"),
        ("urc text='\\q'", "is not a text, with"),
        ("reboot on=dream", "on=dream is no occasion; there are command:NAME"),
        ("reboot after=3", "after=3 counts matches"),
        ("reboot times=3", "times=3 of what"),
        ("reboot connect_id=1", "connect_id only tells which occasion"),
        ("command-answer cme=1 result=OK", "give one of cme, cms, cis and result"),
        ("net-refuse operation=send", "it has no key 'operation'"),
        ("net-loss operation=ping", "operation=ping is none of send, receive"),
        ("mqtt-silence packet=connect", "no broker sends a connect: packet is one of connack, publish, puback,"),
        ("mqtt-late packet=pingreq", "no broker sends a pingreq"),
        ("signal rssi=32", "rssi=32 is neither 0 to 31 nor 99"),
        ("hostile connect_id=1", "it has no key 'connect_id'"),
        ("urc-drop urc=MIPOPPEN", "did you mean MIPOPEN"),
        ("urc-drop urc=MIPOPPEN", "urc=custom:MIPOPPEN takes it all the same"),
        ("urc-drop urc=disconnn", "did you mean disconn"),
        ("reboot on=urc:MATREDY", "on=urc:MATREDY: no family has a URC of that name; did you mean MATREADY"),
        ("urc-drop urc=CSQ", "urc=CSQ: no family has a URC of that name; "),
        ("urc-drop urc=CSQ", "urc=custom:CSQ takes it all the same"),
        ("urc-drop urc=MIPTKA", "no family has a URC of that name"),
        ("urc-drop urc=E", "no family has a URC of that name"),
        ("reboot on=urc:I", "no family has a URC of that name"),
        ("urc-drop urc=REBOTING", "did you mean REBOOTING"),
        ("command-delay command=AT+MIPSND", "did you mean MIPSEND"),
        ("command-delay command=ZZZZZZ", "no family has such a command; command=custom:ZZZZZZ takes it"),
        ("reboot on=command:AT+CSQQ", "did you mean CSQ"),
        ("reboot on=command:AT+CSQQ", "on=command:custom:CSQQ takes it all the same"),
        ("reboot on=command:rtcp", "no family has such a command"),
        ("reboot on=command:", "on=command: has no name; write on=command:NAME, or on=command for any"),
        ("reboot on=boot:", "on=boot: is no occasion"),
        ("reboot on=open:", "on=open: is no occasion"),
        ("reboot on=urc:custom:", "on=urc:custom: has no name; write on=urc:NAME or on=urc:custom:NAME"),
        ("urc-drop urc=custom:", "urc=custom: has no name; write urc=NAME or urc=custom:NAME"),
        ("urc-drop urc=custom:custom:x", "urc=custom:custom:x has no name"),
        ("urc-drop urc=", "urc= has no name"),
        ("command-delay command=AT+", "command=AT+ has no name"),
    ],
)
def test_mistakes(text: str, said: str) -> None:
    with pytest.raises(FaultError) as raised:
        parse_faults(text)
    assert said in str(raised.value)


def test_times_and_matches() -> None:
    assert (parse_fault("urc-drop after=3").after, parse_fault("urc-drop after=3").after_seconds) == (3, 0)
    assert (parse_fault("urc-drop after=200ms").after, parse_fault("urc-drop after=200ms").after_seconds) == (0, 0.2)
    assert fault_of({"kind": "urc-drop", "after": 3.0}).after_seconds == 3.0
    assert (parse_fault("urc-drop").times, parse_fault("sim-remove").times) == (None, 1)


def test_bytes_and_quotes() -> None:
    fault = parse_fault("""urc text='+X: "a\\x00\\r\\n\\\\",é'""")
    assert fault.data("text") == b'+X: "a\x00\r\n\\",\xe9'
    assert parse_fault(str(fault)) == fault


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name: str) -> None:
    faults = parse_faults(name)
    assert len(faults) == len(PRESETS[name].faults)
    assert [fault.times for fault in faults_of({"kind": name, "times": 7})] == [7] * len(faults)


def test_every_event_happens_and_every_undo_is_one() -> None:
    events = {kind.name for kind in KINDS.values() if kind.layer is Layer.EVENT}
    assert HAPPENINGS.keys() == events
    assert {kind.undo for kind in KINDS.values() if kind.undo} <= events


def test_the_failures_are_those_of_the_network() -> None:
    from onemo.errors import NetFailure

    assert {name.replace("-", "_").upper() for name in OPEN_FAILURES} <= NetFailure.__members__.keys()


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [
        ("urc-drop urc=custom:FOO", "urc", "FOO"),
        ("urc-drop urc=CUSTOM:+Foo", "urc", "Foo"),
        ("reboot on=urc:custom:FOO", "urc", "FOO"),
        ("command-delay command=custom:AT+foo", "command", "FOO"),
        ("reboot on=command:custom:+FOO", "command", "FOO"),
        ("urc-drop urc=Rtcp", "urc", "Rtcp"),
        ("command-delay command=ATE", "command", "E"),
        ("command-delay command=at&f", "command", "&F"),
        ("reboot on=command:ATI", "command", "I"),
        ("urc-drop urc='power off'", "urc", "power off"),
    ],
)
def test_a_name_that_no_family_has_can_be_forced(text: str, name: str, wanted: str) -> None:
    fault = parse_fault(text)
    assert fault.scope[name] == wanted
    assert parse_fault(str(fault)) == fault, "it can be typed again"
