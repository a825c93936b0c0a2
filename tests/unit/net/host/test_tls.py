"""The start of a handshake, and the time that it may take: the rest of it is tested with real servers."""

from __future__ import annotations

import os
import ssl

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import NetError, NetFailure
from onemo.net.host.tls import TlsClient
from onemo.net.interface import OpenRequest, Pem, TlsRequest, Transport
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
