"""Routes to ``sandbox+tls``: an echo server in TLS, whose CA firmware can store and trust."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.started import ROOT
from tests.e2e.tls_peers import store, switch_on


def exported(*arguments: str) -> bytes:
    command = [sys.executable, "-m", "onemo", "sandbox-ca", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=20).stdout


def trusts_the_sandbox(dte: Dte, dialogue: str) -> str:
    """Play a guide's dialogue that stores the sandbox's CA and sets TLS up; return its last line, which connects."""
    ca = exported()
    first, prompt, *settings, connect = dialogue.splitlines()
    dte.line(first.replace("1139", str(len(ca))))
    dte.reads(f"\r\n{prompt}".encode())
    dte.write(ca)
    dte.hears("OK")
    for line in settings:
        dte.ask(line, "OK")
    return connect


def test_it_is_verified_by_name(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    ca = exported()
    assert exported("--out", str(tmp_path / "ca.pem")) == b""
    assert (tmp_path / "ca.pem").read_bytes() == ca, "it stays the same"
    assert b"PRIVATE" not in ca
    assert (tmp_path / "onemo-emulator" / "sandbox-ca.pem").stat().st_mode & 0o777 == 0o600
    module = start("ML305U", "--route", "*:8443=sandbox+tls", "--sandbox", "--offline")
    with module.awake() as dte:
        store(dte, "CERT", "ca.pem", ca)
        switch_on(dte, "auth,1", 'cert,"ca.pem"', "ignorestamp,0", "version,3")
        for connect_id, host in enumerate(("mqtt.example.com", "Other.Example.com")):
            dte.ask(f'AT+MIPCFG="ssl",{connect_id},1,0', "OK")
            dte.ask(f'AT+MIPOPEN={connect_id},"TCP","{host}",8443', "OK", f"+MIPOPEN: {connect_id},0")
            echoed = f'+MIPURC: "rtcp",{connect_id},5,hello'
            dte.ask(f"AT+MIPSEND={connect_id},5,hello", f"+MIPSEND: {connect_id},5", "OK", echoed)
        dte.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")
        # Its other ports, and its UDP, are as they were.
        dte.ask('AT+MIPOPEN=2,"UDP","mqtt.example.com",8443', "OK", "+MIPOPEN: 2,0")
        dte.ask("AT+MIPSEND=2,2,hi", "+MIPSEND: 2,2", "OK", '+MIPURC: "rudp",2,2,hi')
        dte.ask('AT+MIPOPEN=0,"TCP","mqtt.example.com",7', "OK")
        dte.until(rb"\+MIPOPEN: 0,754\r\n")
        dte.ask('AT+MIPCFG="ssl",3,0', "OK")
        dte.ask('AT+MIPOPEN=3,"TCP","mqtt.example.com",7', "OK", "+MIPOPEN: 3,0")
