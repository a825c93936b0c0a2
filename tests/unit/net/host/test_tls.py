"""The start of a handshake, and the time that it may take: the rest of it is tested with real servers."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Callable

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import NetError, NetFailure
from onemo.net.host.tls import TlsClient
from onemo.net.interface import OpenRequest, Pem, PreSharedKey, TlsRequest, Transport
from trio.testing import MockClock

from tests.unit.net.host.tls_parts import Socket


def asking(tls: TlsRequest, host: str = "tls.example.com") -> OpenRequest:
    return OpenRequest(Transport.TCP, host, 443, 60.0, tls=tls)


@pytest.mark.parametrize(("negotiation", "timeout", "waited"), [(10.0, 60.0, 10.0), (300.0, 60.0, 60.0)])
async def test_a_silent_peer(autojump_clock: MockClock, negotiation: float, timeout: float, waited: float) -> None:
    """The handshake ends with its own time or with that of the opening, and the connection with it."""
    client, below, request = TlsClient(), Socket(), asking(TlsRequest(negotiation_time=negotiation))
    began = trio.current_time()
    with pytest.raises(NetError) as failed:
        await client.secure(below, request, began + timeout, client.prepare(request))
    assert failed.value.failure is NetFailure.TLS_TIMED_OUT
    assert trio.current_time() - began == waited
    assert below.aborted


def test_no_renegotiation() -> None:
    context, _ = TlsClient().prepare(asking(TlsRequest()))
    assert context.options & ssl.OP_NO_RENEGOTIATION


def test_a_host_without_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, flags: int) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "memfd_create", refuse)
    with pytest.raises(NetError, match="Too many open files") as failed:
        TlsClient().prepare(asking(TlsRequest(certificate=Pem(b"a"), key=Pem(b"b"))))
    assert failed.value.failure is NetFailure.TLS_SETUP


SHARED = TlsRequest(shared=PreSharedKey("device 2", Pem(b"secret")))


def test_a_pre_shared_key_on_a_python_without_them(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(ssl.SSLContext, "set_psk_client_callback", raising=False)
    with caplog.at_level(logging.WARNING), pytest.raises(NetError) as failed:
        TlsClient().prepare(asking(SHARED))
    assert failed.value.failure is NetFailure.TLS_SETUP
    (line,) = caplog.messages
    assert "pre-shared key" in line
    assert "Python 3.13" in line
    assert "secret" not in line + repr(SHARED)


@pytest.mark.parametrize("identity", ["device 2", "\xe4\xb8\xad", "\xff"])
def test_what_a_pre_shared_key_takes(monkeypatch: pytest.MonkeyPatch, identity: str) -> None:
    """It is offered under the bytes that were typed, in suites that need no certificate."""
    kept: list[Callable[[str | None], tuple[str, bytes]]] = []
    monkeypatch.setattr(ssl.SSLContext, "set_psk_client_callback", lambda context, offer: kept.append(offer), False)
    context, _ = TlsClient().prepare(asking(TlsRequest(shared=PreSharedKey(identity, Pem(b"secret")))))
    told = {"\xe4\xb8\xad": "\u4e2d", "\xff": "\ufffd"}.get(identity, identity)
    assert kept[0]("hint") == (told, b"secret")
    assert {"PSK" in suite["name"] for suite in context.get_ciphers() if suite["protocol"] != "TLSv1.3"} == {True}
    assert context.verify_mode is ssl.CERT_NONE
    chosen = TlsRequest(shared=PreSharedKey(identity, Pem(b"secret")), cipher_suite=0x8C)
    context, _ = TlsClient().prepare(asking(chosen))
    assert [s["name"] for s in context.get_ciphers() if s["protocol"] != "TLSv1.3"] == ["PSK-AES128-CBC-SHA"]


@given(st.binary(max_size=40) | st.sampled_from([b"", b"-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----"]))
def test_a_ca_that_is_none(data: bytes) -> None:
    with pytest.raises(NetError) as failed:
        TlsClient().prepare(asking(TlsRequest(trusted=Pem(data))))
    assert failed.value.failure is NetFailure.FILE_FORMAT


HOSTS = st.text(st.characters(max_codepoint=255), min_size=1, max_size=255)


@given(HOSTS | st.sampled_from(["a\0b", ".", "a..b", "\xdf"]))
def test_any_name(host: str) -> None:
    """One that TLS cannot carry is not told to the server: it ends there, or nowhere."""

    async def attempt() -> None:
        client, below, request = TlsClient(), Socket(), asking(TlsRequest(), host)
        below.finish()
        with pytest.raises(NetError) as failed:
            await client.secure(below, request, trio.current_time() + 5, client.prepare(request))
        assert failed.value.failure is NetFailure.TLS_FAILED

    trio.run(attempt)
