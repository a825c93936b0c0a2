"""TLS on an open TCP connection, with the host's OpenSSL: the firmware's settings, and the handshake."""

from __future__ import annotations

import logging
import platform
import ssl
import warnings
from collections import OrderedDict
from ipaddress import ip_address

import trio

from onemo.errors import NetError, NetFailure
from onemo.net.host.secured import TlsConnection, reason_of
from onemo.net.interface import (
    Connection,
    OpenRequest,
    Pem,
    PreSharedKey,
    TlsRequest,
    TlsVersion,
)
from onemo.net.pem import pem_file

_log = logging.getLogger(__name__)
_PYTHON = platform.python_version()

_VERSIONS = {
    TlsVersion.TLS_1_0: ssl.TLSVersion.TLSv1,
    TlsVersion.TLS_1_1: ssl.TLSVersion.TLSv1_1,
    TlsVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2,
}
_IGNORE_DATES = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of openssl/x509_vfy.h, which the ssl module does not name
_SUITES = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
_USUAL = "DEFAULT:@SECLEVEL=0"  # a module takes what is weak, and so do the servers of its time
_SHARED = "aPSK:@SECLEVEL=0"
_MOST_PEERS = 16  # whose sessions are kept


Prepared = tuple[ssl.SSLContext, ssl.SSLSession | None]
"""The start of a handshake: settings, and a session to resume."""


class TlsClient:
    """The TLS of one module, with the sessions that it may resume."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int, TlsRequest], Prepared] = OrderedDict()

    def forget(self) -> None:
        """Forget the sessions, as at a restart."""
        self._known.clear()

    def prepare(self, request: OpenRequest) -> Prepared:
        """Prepare the handshake of this request. Raises NetError: TLS_SETUP, FILE_FORMAT, FILE_LOAD."""
        assert request.tls is not None
        return self._known.get((request.host, request.port, request.tls)) or (_context(request.tls), None)

    async def secure(
        self, connection: Connection, request: OpenRequest, deadline: float, prepared: Prepared
    ) -> TlsConnection:
        """Do the handshake over a TCP connection, up to deadline in trio's time at most.

        Raises NetError, and then the connection is ended: TLS_SETUP, TLS_UNVERIFIED, TLS_TIMED_OUT, TLS_FAILED.
        """
        asked = request.tls
        assert asked is not None
        try:
            with trio.move_on_at(min(deadline, trio.current_time() + asked.negotiation_time)):
                return await self._shake_hands(connection, request, asked, prepared)
            raise NetError(NetFailure.TLS_TIMED_OUT, f"{connection.peer}: no answer to the TLS handshake")
        except BaseException:
            connection.abort()
            raise

    async def _shake_hands(
        self, connection: Connection, request: OpenRequest, asked: TlsRequest, prepared: Prepared
    ) -> TlsConnection:
        context, session = prepared
        key = request.host, request.port, asked
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        name = _server_name(request.host)
        try:
            tls = context.wrap_bio(
                incoming,
                outgoing,
                server_hostname=name if asked.tells_name or asked.trusted is not None else None,
                session=session,
            )
        except (ValueError, TypeError) as error:  # no name that TLS can carry
            if asked.trusted is not None:
                raise NetError(NetFailure.TLS_UNVERIFIED, f"{request.host}: {error}") from error
            tls = context.wrap_bio(incoming, outgoing, session=session)
        secured = TlsConnection(connection, tls, incoming, outgoing)
        await secured.shake_hands()
        if asked.resumes:
            self._known[key] = context, tls.session
            self._known.move_to_end(key)
            while len(self._known) > _MOST_PEERS:
                self._known.popitem(last=False)
        return secured


def _context(asked: TlsRequest) -> ssl.SSLContext:
    """Make the settings of a handshake. Raises NetError: TLS_SETUP, FILE_FORMAT, FILE_LOAD."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.options |= ssl.OP_NO_RENEGOTIATION  # no module's TLS does that unless it is told to
    context.check_hostname = asked.trusted is not None
    context.verify_mode = ssl.CERT_NONE if asked.trusted is None else ssl.CERT_REQUIRED
    _set_versions(context, asked.version)
    _set_suites(context, asked.cipher_suite)
    if asked.trusted is not None:
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN  # what is stored is trusted, CA or not
        if asked.ignores_dates:
            context.verify_flags |= _IGNORE_DATES
        try:
            context.load_verify_locations(cadata=asked.trusted.decode("ascii"))
        except (ssl.SSLError, ValueError) as error:
            raise NetError(NetFailure.FILE_FORMAT, f"the CA: {error}") from error
    if asked.certificate is not None and asked.key is not None:
        _show(context, asked.certificate, asked.key)
    if asked.shared is not None:
        _share(context, asked.shared, asked.cipher_suite)
    return context


def _share(context: ssl.SSLContext, shared: PreSharedKey, suite: int | None) -> None:
    """Have a pre-shared key take the place of certificates. Raises NetError(TLS_SETUP): this Python cannot do it."""
    offer = getattr(context, "set_psk_client_callback", None)
    if offer is None:
        _log.warning("the module asks for TLS with a pre-shared key, which takes Python 3.13; this is %s", _PYTHON)
        raise NetError(NetFailure.TLS_SETUP, f"Python {_PYTHON} has no pre-shared keys")
    if suite is None:
        context.set_ciphers(_SHARED)
    identity = shared.identity.encode("latin-1").decode(errors="replace")  # as it was typed
    offer(lambda hint: (identity, bytes(shared.key)))


def _set_versions(context: ssl.SSLContext, version: TlsVersion | None) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            if version is None:
                context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
                context.maximum_version = ssl.TLSVersion.TLSv1_2
            else:
                context.minimum_version = context.maximum_version = _VERSIONS[version]
            context.options &= ~(ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1 | ssl.OP_NO_TLSv1_2)
    except (KeyError, ValueError) as error:
        assert version is not None
        _cannot(version.value)
        raise NetError(NetFailure.TLS_SETUP, f"{version.value} is not in {ssl.OPENSSL_VERSION}") from error


def _set_suites(context: ssl.SSLContext, number: int | None) -> None:
    context.set_ciphers(_USUAL if number is None else _SUITES)
    if number is None:
        return
    for suite in context.get_ciphers():
        if suite["id"] & 0xFFFF == number and suite["protocol"] != "TLSv1.3":
            context.set_ciphers(f"{suite['name']}:@SECLEVEL=0")
            return
    _cannot(f"cipher suite 0x{number:02X}")
    raise NetError(NetFailure.TLS_SETUP, f"cipher suite 0x{number:02X} is not in {ssl.OPENSSL_VERSION}")


def _cannot(what: str) -> None:
    _log.warning("the module asks for %s, which %s of this host does not offer", what, ssl.OPENSSL_VERSION)


def _show(context: ssl.SSLContext, certificate: Pem, key: Pem) -> None:
    """Load the client's own certificate and key. OpenSSL reads them from files, which here never come to a disk."""
    try:
        with pem_file(certificate) as chain, pem_file(key) as secret:
            # Without a password: else OpenSSL would ask for one at the terminal.
            context.load_cert_chain(chain, secret, password="")
    except ssl.SSLError as error:
        misfit = error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH")
        failure = NetFailure.FILE_LOAD if misfit else NetFailure.FILE_FORMAT
        raise NetError(failure, f"the client's certificate and key: {reason_of(error)}") from error
    except ValueError as error:
        raise NetError(NetFailure.FILE_FORMAT, f"the client's certificate and key: {error}") from error
    except OSError as error:
        raise NetError(NetFailure.TLS_SETUP, f"the host takes no more files: {error.strerror}") from error


def _server_name(host: str) -> str:
    """Return the name that is told to the server (an address is not) and compared with its certificate."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host.removesuffix(".")
