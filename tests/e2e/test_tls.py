"""TLS with real servers: what is verified and what not, what fails and how, and payload in every mode."""

from __future__ import annotations

import datetime
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress

import pytest
import trustme

from tests.e2e.dte import Dte
from tests.e2e.peers import Peers, port_of, receive
from tests.e2e.sinks import GUARD, MEGABYTE, escape, payload, pouring, running, shared, stuff_line, take_all
from tests.e2e.started import Started
from tests.e2e.test_acknowledgements import acknowledged, figures
from tests.e2e.test_slow_dte import sending
from tests.e2e.tls_peers import HOST, accepted, context, serving, store, switch_on

BULK = 5_000_000
CA = trustme.CA()
IPV6 = "2001:db8::1"
SERVER = CA.issue_cert(HOST, "127.0.0.1", IPV6)
CLIENT = CA.issue_cert("client@example.com")
OTHER = trustme.CA()


def pem(blob: trustme.Blob) -> bytes:
    return blob.bytes()


CHAIN = pem(CLIENT.cert_chain_pems[0])


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder = tmp_path_factory.mktemp("tls")
    routes = ["--route", f"{HOST}=127.0.0.1", "--route", f"[{IPV6}]=127.0.0.1"]
    with running(folder, "ML305U", "--nv", str(folder / "nv.json"), *routes) as module:
        yield module


@pytest.fixture
def dte(module: Started) -> Iterator[Dte]:
    with shared(module) as dte:
        for kind in (1, 2):
            dte.line(f"AT+MSSLLIST={kind}")
            for line in dte.until(rb"\r\nOK\r\n").decode().split('"')[1::2]:
                dte.ask(f'AT+MSSLRM="{line}"', "OK")
        yield dte


def opens(dte: Dte, port: int, result: str = "0", host: str = HOST, timeout: int = 60, mode: int = 0) -> None:
    dte.ask(f'AT+MIPOPEN=0,"TCP","{host}",{port},{timeout},{mode}', "OK", f"+MIPOPEN: 0,{result}")


# Who is verified.


def test_without_verification(dte: Dte, peers: Peers) -> None:
    """Up to TLS 1.2; data both ways, MIPSACK counts what the socket carried, and close_notify at the end."""
    switch_on(dte)
    with serving(peers, context(OTHER.issue_cert("whoever"))) as (port, served):
        opens(dte, port)
        peer = accepted(served)
        assert peer.version() == "TLSv1.2"
        dte.ask("AT+MIPSEND=0,5,hello", "+MIPSEND: 0,5", "OK")
        assert receive(peer, 5) == b"hello"
        peer.sendall(b"world")
        dte.hears('+MIPURC: "rtcp",0,5,world')
        dte.line("AT+MIPSACK=0")
        sent, acked, nack, received = map(int, dte.until(rb"OK\r\n").split()[1].split(b","))
        assert sent == acked + nack
        assert sent > 5
        assert received > 5
        dte.ask("AT+MIPCLOSE=0", "OK")
        assert peer.recv(1) == b"", "close_notify, else this raises"
        peer.close()
        dte.until(rb"\+MIPCLOSE: 0\r\n")


@pytest.mark.parametrize(
    ("host", "told"),
    [
        (HOST, HOST),
        ("TLS.Example.com", "TLS.Example.com"),
        (f"{HOST}.", HOST),
        ("127.0.0.1", None),
        ("2001:DB8:0::1", None),
    ],
)
def test_a_server_that_is_verified(dte: Dte, peers: Peers, host: str, told: str | None) -> None:
    names = list[str | None]()
    made = context(SERVER)
    made.set_servername_callback(lambda _sock, name, _context: names.append(name))
    store(dte, "CERT", "ca.pem", pem(CA.cert_pem))
    switch_on(dte, "auth,1", 'cert,"ca.pem"', "ignorestamp,0")
    with serving(peers, made) as (port, served):
        opens(dte, port, host=host)
        accepted(served)
    assert names == [told]


def test_mutual_authentication(dte: Dte, peers: Peers) -> None:
    made = context(SERVER)
    made.verify_mode = ssl.CERT_REQUIRED
    CA.configure_trust(made)
    store(dte, "CERT", "ca.pem", pem(CA.cert_pem))
    store(dte, "CERT", "client.pem", CHAIN)
    store(dte, "KEY", "client.key", pem(CLIENT.private_key_pem))
    switch_on(dte, "auth,2", 'cert,"ca.pem","client.pem","client.key"')
    with serving(peers, made) as (port, served):
        opens(dte, port)
        assert accepted(served).getpeercert()


def test_a_certificate_that_is_refused(dte: Dte, peers: Peers) -> None:
    made = context(SERVER)
    made.verify_mode = ssl.CERT_REQUIRED
    OTHER.configure_trust(made)
    store(dte, "CERT", "ca.pem", pem(CA.cert_pem))
    store(dte, "CERT", "client.pem", CHAIN)
    store(dte, "KEY", "client.key", pem(CLIENT.private_key_pem))
    switch_on(dte, "auth,2", 'cert,"ca.pem","client.pem","client.key"')
    with serving(peers, made) as (port, _):
        opens(dte, port, "754")


EXPIRED = CA.issue_cert(HOST, not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))


@pytest.mark.parametrize(
    ("certificate", "settings", "result"),
    [
        (OTHER.issue_cert(HOST), (), "752"),
        (OTHER.issue_cert(HOST), ("ignoreverify,1",), "0"),
        (CA.issue_cert("other.example.com"), (), "752"),
        (CA.issue_cert("other.example.com"), ("ignoreverify,1",), "0"),
        (EXPIRED, ("ignorestamp,0",), "752"),
        (EXPIRED, (), "0"),
    ],
    ids=["untrusted", "untrusted, ignored", "wrong name", "wrong name, ignored", "expired", "expired, ignored"],
)
def test_certificates(
    dte: Dte, peers: Peers, certificate: trustme.LeafCert, settings: tuple[str, ...], result: str
) -> None:
    store(dte, "CERT", "ca.pem", pem(CA.cert_pem))
    switch_on(dte, "auth,1", 'cert,"ca.pem"', *settings)
    with serving(peers, context(certificate)) as (port, _):
        opens(dte, port, result)


# What fails.


def test_no_common_version(dte: Dte, peers: Peers) -> None:
    made = context(SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    switch_on(dte)
    with serving(peers, made) as (port, _):
        opens(dte, port, "754")


def test_a_version_that_no_host_has(module: Started, dte: Dte, peers: Peers) -> None:
    switch_on(dte, "version,0")
    with serving(peers, context(SERVER)) as (port, _):
        opens(dte, port, "751")
    assert "SSL 3" in module.stderr()


@pytest.mark.parametrize(("suite", "result"), [("0x3D", "0"), ("0x16", "751"), ("0x1301", "751"), ("0xC030", "754")])
def test_a_cipher_suite(dte: Dte, peers: Peers, suite: str, result: str) -> None:
    """One that both have, one that the host has not, one that the server has not."""
    certificate = CA.issue_cert(HOST, key_type=trustme.KeyType.RSA)
    made = context(certificate)
    made.set_ciphers("AES256-SHA256")
    switch_on(dte, "version,3", f"ciphersuite,{suite}")
    with serving(peers, made) as (port, served):
        opens(dte, port, result)
        if result == "0":
            assert accepted(served).cipher() == ("AES256-SHA256", "TLSv1.2", 256)


def test_a_silent_peer(dte: Dte, peers: Peers) -> None:
    listener = peers.tcp()
    switch_on(dte)
    opens(dte, port_of(listener), "753", timeout=1)


def test_a_plain_text_peer(dte: Dte, peers: Peers) -> None:
    listener = peers.tcp()
    switch_on(dte)
    dte.ask(f'AT+MIPOPEN=0,"TCP","{HOST}",{port_of(listener)}', "OK")
    peers.accept(listener).sendall(b"220 mail.example.com ESMTP\r\n")
    dte.hears("+MIPOPEN: 0,754")


def test_damaged_files(dte: Dte, peers: Peers) -> None:
    """A CA that is none, a key that is none, a key that does not fit: no server is asked for its certificate."""
    store(dte, "CERT", "ca.pem", pem(CA.cert_pem))
    store(dte, "CERT", "damaged.pem", pem(CA.cert_pem).replace(b"M", b"?"))
    store(dte, "CERT", "client.pem", CHAIN)
    store(dte, "KEY", "damaged.key", pem(CLIENT.private_key_pem)[:60])
    store(dte, "KEY", "other.key", pem(SERVER.private_key_pem))
    for auth, names, result in (
        (1, '"damaged.pem"', "761"),
        (2, '"ca.pem","client.pem","damaged.key"', "761"),
        (2, '"ca.pem","client.pem","other.key"', "769"),
        (1, '"gone.pem"', "762"),
    ):
        switch_on(dte, f"auth,{auth}", f"cert,{names}")
        with serving(peers, context(SERVER)) as (port, _):
            opens(dte, port, result)


# What the peer does.


@pytest.mark.parametrize("polite", [True, False], ids=["close_notify", "FIN alone"])
def test_the_peer_ends_it(dte: Dte, peers: Peers, polite: bool) -> None:
    switch_on(dte)
    with serving(peers, context(SERVER)) as (port, served):
        opens(dte, port)
        peer = accepted(served)
        peer.sendall(b"last")
        if polite:
            peer.setblocking(False)
            with pytest.raises((ssl.SSLWantReadError, ssl.SSLError)):
                peer.unwrap()
        peer.shutdown(socket.SHUT_WR)
        dte.hears('+MIPURC: "rtcp",0,4,last', '+MIPURC: "disconn",0,1')


def test_a_session_is_resumed(dte: Dte, peers: Peers) -> None:
    switch_on(dte)
    with serving(peers, context(SERVER), turns=3) as (port, served):
        for turn in range(3):
            if turn == 2:
                dte.ask('AT+MSSLCFG="session",0,0', "OK")
            opens(dte, port)
            peer = accepted(served)
            assert peer.session_reused is (turn == 1)
            dte.ask("AT+MIPCLOSE=0", "OK")
            peer.close()
            dte.until(rb"\+MIPCLOSE: 0\r\n")


# Payload.


def test_acknowledgements(dte: Dte, peers: Peers) -> None:
    """They are of the firmware's bytes, and add up to what was sent; MIPSACK's are the socket's."""
    dte.ask('AT+MIPCFG="ackmode",0,1', "OK")
    switch_on(dte)
    with serving(peers, context(SERVER)) as (port, served):
        opens(dte, port)
        peer = accepted(served)
        _, _, _, shaken = figures(dte)
        for size in (1, 1460):
            dte.ask(f'AT+MIPSEND=0,,"{"x" * size}"', f"+MIPSEND: 0,{size}", "OK")
            assert receive(peer, size) == b"x" * size
            acknowledged(dte, size)
        sent, acked, nack, received = figures(dte)
        assert (acked, nack, received) == (sent, 0, shaken)
        assert sent > 1461


def test_what_a_peer_that_does_not_read_leaves(dte: Dte, peers: Peers) -> None:
    """Nothing is told of bytes that it has not acknowledged, also where a record is half with the socket."""
    dte.ask('AT+MIPCFG="ackmode",0,1', "OK")
    dte.ask('AT+MIPCFG="timeout",0,1', "OK")
    switch_on(dte)
    with serving(peers, context(SERVER), window=4096) as (port, served):
        opens(dte, port)
        peer = accepted(served)
        taken, heard = 0, b""
        while not heard.endswith(b"ERROR: 560\r\n"):
            dte.line(f'AT+MIPSEND=0,,"{"x" * 1460}"')
            heard = dte.until(rb"(?:OK|ERROR: 560)\r\n")
            taken += sum(map(int, re.findall(rb"MIPSEND: 0,(\d+)", heard)))
            taken -= sum(map(int, re.findall(rb'"ack",0,(\d+)', heard)))
        taken -= sum(map(int, re.findall(rb'"ack",0,(\d+)', dte.lull(GUARD))))
        sent, acked, nack, _ = figures(dte)
        assert sent == acked + nack
        assert 0 < taken <= nack
        peer.settimeout(0.02)  # the last "ack" may come when everything has been read
        for _ in range(1000):
            with suppress(TimeoutError):
                peer.recv(1 << 16)
            taken -= sum(map(int, re.findall(rb'"ack",0,(\d+)', dte.lull(0.01))))
            if taken <= 0:
                break
        assert taken == 0
        sent, acked, nack, _ = figures(dte)
        assert (acked, nack) == (sent, 0)


def test_hexadecimal(dte: Dte, peers: Peers) -> None:
    dte.ask('AT+MIPCFG="encoding",0,1,1', "OK")
    switch_on(dte)
    with serving(peers, context(SERVER)) as (port, served):
        opens(dte, port)
        peer = accepted(served)
        dte.ask("AT+MIPSEND=0,3,00FF41", "+MIPSEND: 0,3", "OK")
        assert receive(peer, 3) == b"\x00\xffA"
        peer.sendall(b"\x01\xfe")
        dte.hears('+MIPURC: "rtcp",0,2,01FE')


def test_bulk_through_transparent_mode(module: Started, dte: Dte, peers: Peers) -> None:
    data = payload(BULK)
    switch_on(dte)
    with serving(peers, context(SERVER)) as (port, served):
        dte.ask(f'AT+MIPOPEN=0,"TCP","{HOST}",{port},60,1', "OK", "CONNECT")
        peer = accepted(served)
        with pouring(dte, data):
            assert receive(peer, BULK) == data
        with sending(peer, data):
            assert dte.count(BULK) == data
        escape(dte)
        dte.alive()


def test_bulk_through_stream_buffered_mode(dte: Dte, peers: Peers) -> None:
    """A record at a time: the next is taken when nothing of the last is left."""
    data = payload(BULK)
    switch_on(dte)
    with serving(peers, context(SERVER)) as (port, served):
        opens(dte, port, mode=2)
        peer = accepted(served)
        with sending(peer, data):
            dte.hears('+MIPURC: "rtcp",0,16384,16384')
            assert dte.lull(GUARD) == b""
            dte.line("AT+MIPRD=0,4096")
            assert dte.count(len("\r\n+MIPRD: 0,12288,4096,"))
            assert dte.count(4096) == data[:4096]
            dte.reads(b"\r\n\r\nOK\r\n")
            assert dte.lull(GUARD) == b""
            assert take_all(dte, BULK - 4096) == data[4096:]


def test_a_slow_peer(dte: Dte, peers: Peers) -> None:
    """Bytes that it does not take hold the DTE up, and nothing is lost; a record under way goes on its own."""
    switch_on(dte)
    with serving(peers, context(SERVER), window=16384) as (port, served):
        dte.ask(f'AT+MIPOPEN=0,"TCP","{HOST}",{port},60,1', "OK", "CONNECT")
        peer, data = accepted(served), payload(2 * MEGABYTE)
        stuck = stuff_line(dte, data)
        assert stuck < MEGABYTE, "the DTE was to be held up"
        with pouring(dte, data[stuck:]):
            assert receive(peer, len(data)) == data
        escape(dte)
        dte.alive()


def test_closing_while_the_peer_does_not_read(dte: Dte, peers: Peers) -> None:
    """MIPSEND waits for its time, and AT+MIPCLOSE ends it all the same."""
    dte.ask('AT+MIPCFG="timeout",0,1', "OK")
    switch_on(dte)
    with serving(peers, context(SERVER), window=4096) as (port, served):
        opens(dte, port)
        peer = accepted(served)
        sent = 0
        while True:
            dte.line(f'AT+MIPSEND=0,1460,"{"x" * 1460}"')
            told = dte.until(rb"(?:OK|ERROR: 560)\r\n")
            if b"ERROR" in told:
                break
            sent += int(told.split(b",")[1].split()[0])
        assert receive(peer, sent) == b"x" * sent, "what was counted arrives"
        dte.ask("AT+MIPCLOSE=0", "OK")
        assert set(receive(peer, 1 << 20)) <= {0x78}, "close_notify, else this raises"
        peer.close()
        dte.until(rb"\+MIPCLOSE: 0\r\n")
