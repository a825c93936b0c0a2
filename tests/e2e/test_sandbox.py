"""``--sandbox``: a network without the network, together with --offline so that nothing real can be behind it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.dte import Dte
from tests.e2e.sinks import running, shared
from tests.e2e.started import Started

ZONE = """
[hosts]
"known.example.com" = ["198.18.7.7", "2001:db8::7"]
"elsewhere.example.com" = "192.0.2.80"
"gone.example.com" = []
[ping]
time = 0.01
[ping.hosts."slow.example.com"]
time = 0.15
ttl = 33
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder = tmp_path_factory.mktemp("sandbox")
    (folder / "sandbox.toml").write_text(ZONE)
    file = str(folder / "sandbox.toml")
    with running(folder, "ML307R", "--sandbox", "--offline", "--sandbox-file", file, "--zone", "-20") as module:
        yield module


@pytest.fixture
def dte(module: Started) -> Iterator[Dte]:
    with shared(module) as dte:
        yield dte


@pytest.mark.parametrize("host", ["any.example.com", "203.0.113.9", "198.18.7.7", "2001:DB8::1"])
@pytest.mark.parametrize(("kind", "urc"), [("TCP", "rtcp"), ("UDP", "rudp")])
def test_every_port_of_every_host_echoes(dte: Dte, kind: str, urc: str, host: str) -> None:
    for connect_id, port in enumerate((7, 1234, 65535)):
        dte.ask(f'AT+MIPOPEN={connect_id},"{kind}","{host}",{port}', "OK", f"+MIPOPEN: {connect_id},0")
        sent = (f"+MIPSEND: {connect_id},5", "OK", f'+MIPURC: "{urc}",{connect_id},5,hello')
        dte.ask(f'AT+MIPSEND={connect_id},5,"hello"', *sent)
        state = f'+MIPSTATE: {connect_id},"{kind}","{host}",{port},"CONNECTED"'
        dte.ask(f"AT+MIPSTATE={connect_id}", state, "OK")


def test_six_at_once_open_and_close_in_the_order_of_the_commands(dte: Dte) -> None:
    """Over UDP, over TCP, by name, and those that fail."""
    places = ['"UDP","198.18.0.53",7', '"TCP","198.18.0.53",7', '"TCP","198.18.0.53",0', '"TCP","any.example.com",7']
    kinds = [places[number % 4] for number in range(6)]
    for _ in range(8):
        dte.write(b"".join(f"AT+MIPOPEN={number},{place}\r".encode() for number, place in enumerate(kinds)))
        found = re.findall(rb"\+MIPOPEN: (\d)", dte.until(rb"\+MIPOPEN: \d,\d+\r\n", times=6))
        assert found == [b"%d" % number for number in range(6)]
        opened = [number for number in range(6) if kinds[number] != places[2]]
        dte.write(b"".join(b"AT+MIPCLOSE=%d\r" % number for number in opened))
        found = re.findall(rb"\+MIPCLOSE: (\d)", dte.until(rb"\+MIPCLOSE: \d\r\n", times=len(opened)))
        assert found == [b"%d" % number for number in opened]
        dte.lull()


def test_an_address_that_the_file_gives_to_a_name_is_in_the_sandbox_too(dte: Dte) -> None:
    dte.ask('AT+MDNSGIP="elsewhere.example.com"', "OK", '+MDNSGIP: "elsewhere.example.com","192.0.2.80"')
    dte.ask('AT+MIPOPEN=0,"TCP","elsewhere.example.com",81', "OK", "+MIPOPEN: 0,0")
    dte.ask("AT+MIPSEND=0,2,hi", "+MIPSEND: 0,2", "OK", '+MIPURC: "rtcp",0,2,hi')


def test_discard(dte: Dte) -> None:
    for connect_id, kind in enumerate(("TCP", "UDP")):
        dte.ask(f'AT+MIPOPEN={connect_id},"{kind}","any.example.com",9', "OK", f"+MIPOPEN: {connect_id},0")
        dte.ask(f'AT+MIPSEND={connect_id},5,"hello"', f"+MIPSEND: {connect_id},5", "OK")
    assert dte.lull(0.1) == b""


def test_characters(dte: Dte) -> None:
    dte.ask('AT+MIPOPEN=0,"TCP","any.example.com",19,,2', "OK", "+MIPOPEN: 0,0")
    dte.until(rb'\+MIPURC: "rtcp",0,\d+,\d+\r\n')
    dte.line("AT+MIPRD=0,74")
    first = bytes(range(0x20, 0x20 + 72)) + b"\r\n"
    dte.until(rb"\+MIPRD: 0,\d+,74," + re.escape(first))
    dte.line("AT+MIPCLOSE=0")
    dte.until(rb"\+MIPCLOSE: 0\r\n")
    dte.ask('AT+MIPOPEN=1,"UDP","any.example.com",19', "OK", "+MIPOPEN: 1,0")
    dte.line("AT+MIPSEND=1,1,x")
    dte.until(rb'\+MIPURC: "rudp",1,\d+,[ -~]{10}')


def test_names(dte: Dte) -> None:
    known = '+MDNSGIP: "known.example.com","2001:DB8::7","198.18.7.7"'
    dte.ask('AT+MDNSGIP="known.example.com"', "OK", known)
    dte.ask('AT+MDNSGIP="KNOWN.example.com."', "OK", '+MDNSGIP: "KNOWN.example.com.","2001:DB8::7","198.18.7.7"')
    dte.ask('AT+MDNSGIP="gone.example.com"', "OK", '+MDNSGIP: "gone.example.com"')
    dte.ask('AT+MIPOPEN=0,"TCP","gone.example.com",80', "OK", "+MIPOPEN: 0,580")
    dte.line('AT+MDNSGIP="any.example.com"')
    first = dte.until(rb'\+MDNSGIP: "any.example.com","2001:DB8:[0-9A-F:]+","198\.1[89]\.\d+\.\d+"\r\n')
    dte.line('AT+MDNSGIP="any.example.com"')
    assert dte.until(rb"\+MDNSGIP: [^\r]+\r\n") == first, "it has the same addresses for ever"


def test_its_name_servers(dte: Dte) -> None:
    """They are the network's, and a server that the user sets is the sandbox's as well."""
    dte.line('AT+MDNSCFG="ip"')
    dte.until(rb'\+MDNSCFG: "ip","198.18.0.53",')
    dte.line('AT+MDNSCFG="ipv6"')
    dte.until(rb'\+MDNSCFG: "ipv6","2001:DB8::35",')
    dte.until(rb"\r\nOK\r\n")
    dte.ask('AT+MDNSCFG="ip","192.0.2.53"', "OK")
    dte.ask('AT+MDNSGIP="known.example.com"', "OK", '+MDNSGIP: "known.example.com","2001:DB8::7","198.18.7.7"')


def test_ping(dte: Dte) -> None:
    dte.ask('AT+MPING="198.18.7.7",5,1', "OK", '+MPING: 0,"198.18.7.7",16,10,64')
    dte.line('AT+MPING="slow.example.com",1,1,1400')
    dte.until(rb'\+MPING: 0,"2001:DB8:[0-9A-F:]+",1400,150,33\r\n')
    dte.ask('AT+MPING="gone.example.com"', "OK", "+MPING: 1")


def test_the_time_in_the_zone_that_was_asked_for(dte: Dte) -> None:
    before = int(time.time())
    dte.line("AT+MNTP")
    told = dte.until(rb'\+MNTP: 0,"[^"]+"\r\n').decode()
    dte.line("AT+CCLK?")
    told += dte.until(rb'\+CCLK: "[^"]+"\r\n').decode()
    after = time.time()
    shown = re.findall(r'"([0-9/,:]+)-20"', told)
    assert len(shown) == 2
    for text in shown:
        moment = datetime.strptime(text, "%y/%m/%d,%H:%M:%S").replace(tzinfo=UTC).timestamp()
        assert before - 1 <= moment <= after + 1


def test_nothing_stays_open(module: Started, dte: Dte) -> None:
    def everything() -> None:
        for kind in ("TCP", "UDP"):
            dte.ask(f'AT+MIPOPEN=0,"{kind}","any.example.com",7', "OK", "+MIPOPEN: 0,0")
            dte.ask(f'AT+MIPOPEN=1,"{kind}","any.example.com",9', "OK", "+MIPOPEN: 1,0")
            dte.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")
            dte.ask("AT+MIPCLOSE=1", "OK", "+MIPCLOSE: 1")
        dte.line('AT+MDNSGIP="any.example.com"')
        dte.until(rb"\+MDNSGIP: [^\r]+\r\n")
        dte.line('AT+MPING="any.example.com",1,1')
        dte.until(rb"\+MPING: 0,[^\r]+\r\n")
        dte.line("AT+MNTP")
        dte.until(rb"\+MNTP: 0,[^\r]+\r\n")
        dte.alive()

    everything()  # each server starts with its first use, and stays
    descriptors = module.descriptors()
    for _ in range(5):
        everything()
    module.returns_to(descriptors)


@pytest.mark.parametrize(
    ("family", "known", "pinged"),
    [("ipv4", "198.18.7.7", r"198\.1[89]\.[0-9.]+"), ("ipv6", "2001:DB8::7", "2001:DB8:[0-9A-F:]+")],
)
def test_names_of_one_family(family: str, known: str, pinged: str, tmp_path: Path) -> None:
    """Its records are the only ones, also for a name server that is asked by hand; connections follow."""
    (tmp_path / "sandbox.toml").write_text(ZONE)
    options = ("--sandbox", "--sandbox-family", family, "--sandbox-file", str(tmp_path / "sandbox.toml"))
    with running(tmp_path, "ML307R", *options) as module, module.awake() as dte:
        dte.ask('AT+MDNSGIP="known.example.com"', "OK", f'+MDNSGIP: "known.example.com","{known}"')
        dte.line('AT+MPING="any.example.com",1,1')
        dte.until(rf'\+MPING: 0,"{pinged}",16,10,64\r\n'.encode())
        dte.ask('AT+MIPOPEN=0,"TCP","any.example.com",7', "OK", "+MIPOPEN: 0,0")
        dte.ask('AT+MDNSCFG="ip","192.0.2.53";+MDNSCFG="ipv6","2001:db8::53"', "OK")
        dte.ask('AT+MDNSGIP="known.example.com"', "OK", f'+MDNSGIP: "known.example.com","{known}"')


def test_its_web_server_answers_the_first_request(dte: Dte) -> None:
    for httpid, url in enumerate(("http://www.example.com", "https://www.example.com")):
        dte.ask(f'AT+MHTTPCREATE="{url}"', f"+MHTTPCREATE: {httpid}", "OK")
    dte.ask('AT+MHTTPCFG="ssl",1,1', "OK")
    for httpid in range(2):
        dte.ask(f'AT+MHTTPCONTENT={httpid},0,0,"hello"', "OK")
        dte.ask(f'AT+MHTTPREQUEST={httpid},2,0,"/post"', "OK")
        dte.until(rb'\r\n\+MHTTPURC: "header",%d,200,\d+,HTTP/1.1 200 ' % httpid)
        dte.until(rb'\r\n\+MHTTPURC: "content",%d,5,5,5,hello\r\n' % httpid)
    for path, size in (("/redirect/3", 0), ("/bytes/5000", 5000), ("/stream/100", 0)):
        dte.ask(f"AT+MHTTPREQUEST=0,1,0,{path}", "OK")
        dte.until(rb'\r\n\+MHTTPURC: "header",0,200,')
        end = rb'"content",0,%d,%d,\d+,' % (size, size) if size else rb'"content",0,(\d+,\d+,\d+,\{.*\}|0,\d+,0,)'
        dte.until(end)
        dte.lull()
    dte.ask("AT+MHTTPREQUEST=0,1,0,/status/404", "OK")
    dte.until(rb'"header",0,404,')
    dte.until(rb"404 Not Found\n\r\n")
