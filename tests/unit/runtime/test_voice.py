"""Calls from outside: the plugin's object, and the operation of the control API and ctl."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from onemo import Hosted
from onemo.errors import FaultError, UsageError
from onemo.runtime.hosted import HostedModule


@pytest.fixture
def lab() -> Iterator[Hosted]:
    with Hosted() as hosted:
        yield hosted


def asked(module: HostedModule, line: str, end: str = "OK") -> str:
    """Type a line; return what is read up to an end."""
    with serial.serial_for_url(module.url, timeout=10) as port:
        port.write(f"{line}\r".encode())
        read = port.read_until(f"\r\n{end}\r\n".encode()).decode()
    assert read.endswith(f"\r\n{end}\r\n"), read
    return read


def test_a_call_from_its_ringing_to_its_end(lab: Hosted) -> None:
    module = lab.start("ML307A-DSLN", speed=100)
    asked(module, "ATE0")
    heard = module.voice.call("13800138000")
    assert (heard.heard, heard.why) == ("ringing", "")
    busy = module.voice.call()
    assert (busy.heard, busy.why) == ("busy", "there is a call already")
    (call,) = module.voice.calls
    assert (call.state, call.number) == ("incoming", "13800138000")
    module.voice.answer()
    assert module.voice.calls[0].state == "active"
    module.voice.end(cause=17)
    module.trace.wait_for("< NO CARRIER")
    assert module.voice.calls == ()
    assert "call from 13800138000: ended by the other side, cause 17" in module.trace
    module.power_off()
    assert module.voice.call("10086").heard == "unreachable"


def test_ussd(lab: Hosted, tmp_path: Path) -> None:
    """The codes of a sandbox file count without a sandbox."""
    file = tmp_path / "sandbox.toml"
    file.write_text('[ussd]\n"*101#" = "2 GB left"\n')
    module = lab.start("ML307A-DSLN", sandbox_file=file, speed=100)
    asked(module, 'AT+CUSD=1,"*101#",15', '+CUSD: 0,"2 GB left",15')
    module.voice.ussd("low")
    module.trace.wait_for('< +CUSD: 0,"low",15')


def test_without_voice_a_caller_is_told_why(lab: Hosted) -> None:
    module = lab.start("ML307R")
    heard = module.voice.call("13800138000")
    assert heard.heard == "unreachable"
    assert heard.why == "ML307R-DC has no voice calls; sub-models like ML307A-DSLN have"
    module.voice.answer()
    module.voice.end()
    module.voice.ussd("hello")
    assert module.voice.calls == ()


def test_wrong_values_say_what_is_right(lab: Hosted) -> None:
    module = lab.start("ML307A-DSLN")
    with pytest.raises(FaultError, match=r"from=abc cannot be\. The caller's number: up to 20 digits"):
        module.voice.call("abc")
    with pytest.raises(FaultError, match="cause=0 is out of range: a whole number from 1 to 127"):
        module.voice.end(cause=0)
    for text in ("", "x" * 183, "\ud800"):
        with pytest.raises(FaultError, match=r"cannot be\. Up to 182 characters"):
            module.voice.ussd(text)
    module.stop()
    with pytest.raises(UsageError, match="has ended"):
        module.voice.call("10086")
