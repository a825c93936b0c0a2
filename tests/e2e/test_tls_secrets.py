"""Private keys: they are stored, and shown nowhere."""

from __future__ import annotations

import json
from hashlib import md5
from pathlib import Path

from tests.e2e.conftest import Start
from tests.e2e.started import PROMPT
from tests.e2e.tls_peers import store


def test_a_key_is_never_shown(start: Start, tmp_path: Path) -> None:
    """Neither in the trace, nor live, nor in the answers: in pieces, after >, in the line, and echoed."""
    secret, nv, trace = "c2VjcmV0", tmp_path / "nv.json", tmp_path / "trace"
    module = start("ML307R", "--nv", str(nv), "--trace", str(trace), "-v")
    with module.awake() as dte:
        store(dte, "KEY", "a.key", secret.encode())
        dte.write(b'AT+MSSLKEYWR="b.key",0,8\r' + secret.encode() + b"AT+CGMM\r")
        dte.until(rb"ML307R\r\n\r\nOK\r\n")
        dte.write(b"ATE1\r")
        dte.until(rb"OK\r\n")
        for part in (b"AT+MSSLK", b'EYWR="c.key",0,8,"c2V', b'jcmV0"\r'):
            dte.write(part)
            dte.lull(0.05)
        dte.write(b"AT+MSSLLIST=2\r")
        dte.until(rb'"c.key",8\r\n\r\nOK\r\n')
        dte.write(b"ATE0\r")
        dte.until(rb"OK\r\n")
        dte.ask('AT+MSSLCERTRD="a.key"', "+CME ERROR: 766")
        # Where nobody has asked for it: the command is refused, or its name has been corrected.
        key = b"-----BEGIN PRIVATE KEY-----\r\nc2VjcmV0\r\n-----END PRIVATE KEY-----\r\n"
        dte.write(b'AT+MSSLKEYWR="",0,%d\r' % len(key))
        dte.hears("+CME ERROR: 50")
        dte.write(key)
        dte.lull(0.05)
        escaped = key.replace(b"\r\n", rb"\r\n")
        dte.write(b'AT+MSSLKEYX\x08WR="d.key",0,%d,"%b"\r' % (len(escaped), escaped))
        dte.until(rb"\r\nOK\r\n")
        dte.ask('AT+MSSLCHECK="d.key"', f"+MSSLCHECK: {md5(key).hexdigest()}", "OK")
    assert module.signal(15) < PROMPT, "all of the trace is written then"
    told = "".join(json.loads(line).get("data", "") for line in trace.read_text().splitlines())
    for text in (told, module.stderr()):
        for piece in ("c2V", "mV0"):
            assert piece not in text
        assert "MSSLKEYWR" in text
        assert "AT+MSSLLIST" in text, "what follows is shown again"
    assert secret in nv.read_text()
    assert nv.stat().st_mode & 0o777 == 0o600


def test_passwords_that_are_told_are_never_shown(start: Start, tmp_path: Path) -> None:
    """Neither with the echo, nor without it."""
    trace = tmp_path / "trace"
    module = start("ML307R", "--trace", str(trace), "-v")
    with module.awake() as dte:
        for line in ("ATE0", "ATE1"):
            dte.write(f"{line}\r".encode())
            dte.until(rb"OK\r\n")
            dte.write(b'AT+MIPLCREATEEX="server",0,"c2VjcmV0","c2VjcmV0"\rAT+MIPLDEVINFO?\rAT+MIPLDELETE=0\r')
            dte.until(rb'\+MIPLDEVINFO: "server",0,"c2VjcmV0","c2VjcmV0"\r\n\r\nOK\r\n.*OK\r\n')
            dte.write(b'AT+MFWCFG="auth","user","c2VjcmV0"\rAT+MFWCFG="auth"\r')
            dte.until(rb'\+MFWCFG: "auth","user","c2VjcmV0"\r\n\r\nOK\r\n')
    assert module.signal(15) < PROMPT, "all of the trace is written then"
    told = "".join(json.loads(line).get("data", "") for line in trace.read_text().splitlines())
    for text in (told, module.stderr()):
        assert "c2VjcmV0" not in text
        assert text.count("+MIPLDEVINFO: ") == text.count("+MFWCFG: ") == 2
