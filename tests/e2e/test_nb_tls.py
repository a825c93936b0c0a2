"""TLS of NB-IoT models, for HTTP and MQTT: the files come in the line, and two connections are the most."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import pytest
import trustme

from tests.e2e.brokers import ScriptedBroker
from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.peers import IPV4, Peers
from tests.e2e.started import PROMPT
from tests.e2e.test_sandbox_tls import exported
from tests.e2e.tls_peers import HOST, accepted, context, serving
from tests.e2e.webservers import web

CA, OTHER = trustme.CA(), trustme.CA()
SERVER = CA.issue_cert(HOST, IPV4)
ROUTE = ("--route", f"{HOST}={IPV4}")


def trust(dte: Dte, ssl_id: int, pem: bytes, name: str = "ca.pem") -> None:
    """Store a CA in the line, in pieces, and have it verify what this <ssl_id> connects to."""
    lines = pem.splitlines()
    pieces = [lines[start : start + 5] for start in range(0, len(lines), 5)]
    sizes = [sum(len(line) + 2 for line in piece) for piece in pieces]
    for number, piece in enumerate(pieces):
        typed = "".join(line.decode() + r"\r\n" for line in piece)
        dte.ask(f'AT+MSSLCERTWR="{name}",{sum(sizes[number + 1 :])},{len(typed)},"{typed}"', "OK")
    dte.ask(f'AT+MSSLCFG="cert",{ssl_id},"{name}"', "OK")
    dte.ask(f'AT+MSSLCFG="auth",{ssl_id},1', "OK")


@pytest.mark.parametrize("model", ["MN316", "MN316-S", "MN326"])
def test_the_sandbox(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    """A page of its web server and a message of its broker, each verified by its name."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    ca = exported()
    with start(model, "--sandbox", "--offline").awake() as dte:
        trust(dte, 4, ca)
        dte.ask('AT+MHTTPCREATE="https://web.example.com"', "+MHTTPCREATE: 0", "OK")
        dte.ask('AT+MHTTPCFG="ssl",0,1,4', "OK")
        dte.ask('AT+MHTTPREQUEST=0,1,0,"/bytes/10"', "OK")
        dte.until(rb'"content",0,10,10,10,[^\r]{10}\r\n')
        dte.ask('AT+MQTTCFG="ssl",0,1,4', "OK")
        dte.ask('AT+MQTTCONN=0,"mqtt.example.com",8883,"a"', "OK", '+MQTTURC: "conn",0,0')
        dte.ask('AT+MQTTSUB=0,"t",1', "+MQTTSUB: 0,1", "OK", '+MQTTURC: "suback",0,1,1')
        dte.ask('AT+MQTTPUB=0,"t",0,0,0,2,"hi"', "+MQTTPUB: 0,2,7", "OK", '+MQTTURC: "publish",0,0,"t",2,2,hi')
        dte.ask("AT+MQTTDISC=0", "OK", '+MQTTURC: "conn",0,2')


def test_a_server_of_ones_own(start: Start) -> None:
    with start("MN316", *ROUTE).awake() as dte, web(context(SERVER)) as server:
        dte.ask(f'AT+MHTTPCREATE="https://{HOST}:{server.server_port}"', "+MHTTPCREATE: 0", "OK")
        dte.ask('AT+MHTTPREQUEST=0,1,0,"/"', "+CME ERROR: 655")
        dte.ask('AT+MHTTPCFG="ssl",0,1,2', "OK")
        trust(dte, 2, OTHER.cert_pem.bytes(), "other.pem")
        dte.ask('AT+MHTTPREQUEST=0,1,0,"/"', "OK", '+MHTTPURC: "err",0,4')
        trust(dte, 2, CA.cert_pem.bytes())
        dte.ask('AT+MHTTPCONTENT=0,0,5,"hello"', "OK")
        dte.ask('AT+MHTTPREQUEST=0,2,0,"/echo"', "OK")
        dte.until(rb'"content",0,5,5,5,hello\r\n')
        assert server.came[0].body == b"hello"


def test_a_broker_of_ones_own(start: Start, peers: Peers) -> None:
    with serving(peers, context(SERVER)) as (port, served), start("MN326", *ROUTE).awake() as dte:
        trust(dte, 0, CA.cert_pem.bytes())
        dte.ask('AT+MQTTCFG="ssl",0,1', "OK")
        dte.ask(f'AT+MQTTCONN=0,"{HOST}",{port},"c"', "OK")
        broker = ScriptedBroker(peers)
        assert broker.accept(over=accepted(served)).client_id == b"c"
        dte.hears('+MQTTURC: "conn",0,0')


def test_a_third_connection_is_one_too_many(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    module = start("MN316", "--sandbox", "--offline")
    with module.awake() as dte:
        for number in (0, 1, 2):
            dte.ask(f'AT+MQTTCFG="ssl",{number},1', "OK")
            state = 6 if number == 2 else 0
            dte.ask(f'AT+MQTTCONN={number},"h",8883,"c{number}"', "OK", f'+MQTTURC: "conn",{number},{state}')
        dte.ask('AT+MHTTPCREATE="https://h"', "+MHTTPCREATE: 0", "OK")
        dte.ask('AT+MHTTPCFG="ssl",0,1', "OK")
        dte.ask('AT+MHTTPREQUEST=0,1,0,"/get"', "OK", '+MHTTPURC: "err",0,4')
        dte.ask("AT+MQTTDISC=1", "OK", '+MQTTURC: "conn",1,2')
        dte.ask('AT+MHTTPREQUEST=0,1,0,"/get"', "OK")
        dte.until(rb'"header",0,200,')
    assert module.stderr().count("a connection in TLS is refused: MN316") == 2


SHARES = hasattr(ssl.SSLContext, "set_psk_client_callback")


@pytest.mark.skipif(SHARES, reason="this Python's ssl has pre-shared keys")
def test_a_pre_shared_key_without_pythons(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS that this host cannot do, and one line tells why."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    module = start("MN316", "--sandbox", "--offline")
    with module.awake() as dte:
        dte.ask('AT+MSSLPSK="device","00ff"', "OK")
        dte.ask('AT+MSSLCFG="psk",1,"device"', "OK")
        dte.ask('AT+MHTTPCREATE="https://h"', "+MHTTPCREATE: 0", "OK")
        dte.ask('AT+MHTTPCFG="ssl",0,1,1', "OK")
        dte.ask('AT+MHTTPREQUEST=0,1,0,"/get"', "OK", '+MHTTPURC: "err",0,4')
        assert module.stderr().count("takes Python 3.13") == 1
        dte.ask('AT+MQTTCFG="ssl",0,1,1', "OK")
        dte.ask('AT+MQTTCONN=0,"h",8883,"c"', "OK", '+MQTTURC: "conn",0,6')
    assert module.stderr().count("takes Python 3.13") == 2


@pytest.mark.skipif(not SHARES, reason="a handshake with a pre-shared key takes Python 3.13")
@pytest.mark.parametrize(("key", "end"), [("00ff", "header"), ("00fe", "err")])
def test_a_pre_shared_key(start: Start, key: str, end: str) -> None:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("PSK:@SECLEVEL=0")
    getattr(made, "set_psk_server_callback")(lambda name: b"00ff" if name == "device" else b"")  # noqa: B009
    with start("MN316", *ROUTE).awake() as dte, web(made) as server:
        dte.ask(f'AT+MSSLPSK="device","{key}"', "OK")
        dte.ask('AT+MSSLCFG="psk",1,"device"', "OK")
        dte.ask(f'AT+MHTTPCREATE="https://{HOST}:{server.server_port}"', "+MHTTPCREATE: 0", "OK")
        dte.ask('AT+MHTTPCFG="ssl",0,1,1', "OK")
        for _ in range(2):  # the second may resume the session of the first
            dte.line('AT+MHTTPREQUEST=0,5,0,"/get"')
            dte.until(rb'"%b",0,(?:200|4)[,\r]' % end.encode())


def test_a_pre_shared_key_is_never_shown(start: Start, tmp_path: Path) -> None:
    """Neither in the trace, nor live, nor in a transcript, echoed and refused as well."""
    nv, trace = tmp_path / "nv.json", tmp_path / "trace"
    module = start("MN316", "--nv", str(nv), "--trace", str(trace), "-v")
    with module.awake() as dte:
        dte.ask('AT+MSSLPSK="device","c2VjcmV0"', "OK")
        dte.ask('AT+MSSLPSK="device","c2VjcmV0"', "+CME ERROR: 763")
        dte.write(b"ATE1\r")
        dte.until(rb"OK\r\n")
        for part in (b"AT+MSSLP", b'SK="other","c2V', b'jcmV0"\r'):
            dte.write(part)
            dte.lull(0.05)
        dte.write(b"AT+MSSLLIST=3\r")
        dte.until(rb'"other",8\r\n\r\nOK\r\n')
    assert module.signal(15) < PROMPT
    told = "".join(json.loads(line).get("data", "") for line in trace.read_text().splitlines())
    for text in (told, module.stderr()):
        assert "c2V" not in text
        assert "mV0" not in text
        assert '"device","********"' in text.replace("\\", "")
    assert "c2VjcmV0" in nv.read_text()


def test_faults_act_inside_tls(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    faults = ("--fault", "http-status status=404 path=/get", "--fault", "mqtt-duplicate mqtt_id=0")
    with start("MN316", "--sandbox", "--offline", *faults).awake() as dte:
        dte.ask('AT+MHTTPCREATE="https://h"', "+MHTTPCREATE: 0", "OK")
        dte.ask('AT+MHTTPCFG="ssl",0,1', "OK")
        dte.ask('AT+MHTTPREQUEST=0,1,0,"/get"', "OK")
        dte.until(rb'"header",0,404,\d+,HTTP/1.1 404 Not Found\r\n[^"]*"content",[^\r]*\r\n')
        dte.ask("AT+MHTTPTERM=0", "OK")
        dte.ask('AT+MQTTCFG="ssl",0,1', "OK")
        dte.ask('AT+MQTTCONN=0,"h",8883,"a"', "OK", '+MQTTURC: "conn",0,0')
        dte.ask('AT+MQTTSUB=0,"t",1', "+MQTTSUB: 0,1", "OK", '+MQTTURC: "suback",0,1,1')
        dte.line('AT+MQTTPUB=0,"t",1,0,0,2,"hi"')
        dte.until(rb'"publish",0,1,"t",2,2,hi\r\n', 2)
