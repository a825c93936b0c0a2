"""The settings of TLS, for each <ssl_id>, and what a connection asks of the network with them."""

from __future__ import annotations

import logging
import re
from typing import Annotated, NamedTuple

from onemo.at.params import Defaulted, DefaultedText, Param, ParamKind, Required
from onemo.at.store import Settings, Slot
from onemo.errors import NetError, NetFailure
from onemo.modem.credentials import TLS, CredentialKind, Credentials
from onemo.modem.host import Host
from onemo.net.interface import Pem, PreSharedKey, TlsRequest, TlsVersion

_log = logging.getLogger(__name__)


class Authentication(NamedTuple):
    """MSSLCFG "auth": 0 none, 1 the server's, 2 the client's as well."""

    ssl_id: Required
    auth: Defaulted


class Certificates(NamedTuple):
    """MSSLCFG "cert": names of stored files, NO_FILE where there is none; the client's two go together."""

    ssl_id: Required
    server_ca: DefaultedText
    client_cert: Annotated[str, Param(ParamKind.STRING, together="client")]
    private_key: Annotated[str, Param(ParamKind.STRING, together="client")]


class SharedKey(NamedTuple):
    """MSSLCFG "psk": the name of a stored pre-shared key, NO_FILE where there is none."""

    ssl_id: Required
    pskid: DefaultedText


class CertificateEncoding(NamedTuple):
    """MSSLCFG "encoding": 2, text with escapes."""

    ssl_id: Required
    encoding: Defaulted


class NegotiationTime(NamedTuple):
    """MSSLCFG "negotime": seconds."""

    ssl_id: Required
    negotime: Defaulted


class Version(NamedTuple):
    """MSSLCFG "version": 0 SSL 3, 1 TLS 1.0, 2 TLS 1.1, 3 TLS 1.2, 255 any."""

    ssl_id: Required
    version: Defaulted


class CipherSuite(NamedTuple):
    """MSSLCFG "ciphersuite": IANA's number in hexadecimal digits, 0 for any."""

    ssl_id: Required
    ciphersuite: DefaultedText


class Session(NamedTuple):
    """MSSLCFG "session": 1 resumes one."""

    ssl_id: Required
    session: Defaulted


class IgnoreDates(NamedTuple):
    """MSSLCFG "ignorestamp": 1 takes certificates whatever their dates."""

    ssl_id: Required
    ignorestamp: Defaulted


class IgnoreVerification(NamedTuple):
    """MSSLCFG "ignoreverify": 1 takes any certificate."""

    ssl_id: Required
    ignoreverify: Defaulted


class ServerName(NamedTuple):
    """MSSLCFG "sni": 1 tells the server the name that is wanted of it."""

    ssl_id: Required
    sni: Defaulted


AUTHENTICATION = Slot("auth", Authentication, of="MSSLCFG", indexed_by="ssl_id")
CERTIFICATES = Slot("cert", Certificates, of="MSSLCFG", indexed_by="ssl_id")
SHARED_KEY = Slot("psk", SharedKey, of="MSSLCFG", indexed_by="ssl_id")
CERTIFICATE_ENCODING = Slot("encoding", CertificateEncoding, of="MSSLCFG", indexed_by="ssl_id")
NEGOTIATION_TIME = Slot("negotime", NegotiationTime, of="MSSLCFG", indexed_by="ssl_id")
VERSION = Slot("version", Version, of="MSSLCFG", indexed_by="ssl_id")
CIPHER_SUITE = Slot("ciphersuite", CipherSuite, of="MSSLCFG", indexed_by="ssl_id")
SESSION = Slot("session", Session, of="MSSLCFG", indexed_by="ssl_id")
IGNORE_DATES = Slot("ignorestamp", IgnoreDates, of="MSSLCFG", indexed_by="ssl_id")
IGNORE_VERIFICATION = Slot("ignoreverify", IgnoreVerification, of="MSSLCFG", indexed_by="ssl_id")
SERVER_NAME = Slot("sni", ServerName, of="MSSLCFG", indexed_by="ssl_id")

NO_FILE = "NULL"
_SERVER, _MUTUAL = 1, 2
_VERSIONS = {0: TlsVersion.SSL_3, 1: TlsVersion.TLS_1_0, 2: TlsVersion.TLS_1_1, 3: TlsVersion.TLS_1_2}
_SUITE = re.compile(r"(?:0[xX])?[0-9A-Fa-f]{1,4}", re.ASCII)


def cipher_suite(text: str) -> int | None:
    """Read the number of a cipher suite; None: it is none."""
    return int(text, 16) if _SUITE.fullmatch(text) else None


def require_tls_room(device: Host) -> None:
    """Require that one more connection may be in TLS. Raises NetError(TLS_SETUP); the log says why."""
    most = device.profile.table(TLS).most_connections
    if most and sum(part.tls_connections for part in device.parts) >= most:
        _log.warning("a connection in TLS is refused: %s has %d at once", device.profile.sub_model, most)
        raise NetError(NetFailure.TLS_SETUP, f"more than {most} connections in TLS")


def tls_request(settings: Settings, files: Credentials, ssl_id: int) -> TlsRequest:
    """Make the request that the settings of an <ssl_id> ask for.

    Without verification no CA is needed, with a pre-shared key no certificate. [decided] Raises NetError(FILE_MISSING):
    a file or key that it takes is not stored.
    """
    auth = settings.effective(AUTHENTICATION, ssl_id).auth
    names = settings.effective(CERTIFICATES, ssl_id)
    pskid = settings.effective(SHARED_KEY, ssl_id).pskid
    if pskid != NO_FILE:
        auth = 0
    verifies = auth >= _SERVER and not settings.effective(IGNORE_VERIFICATION, ssl_id).ignoreverify

    def stored(kind: CredentialKind, name: str) -> Pem:
        found = files.find(kind, name)
        if name == NO_FILE or found is None:
            raise NetError(NetFailure.FILE_MISSING, name)
        return found

    shared = None if pskid == NO_FILE else PreSharedKey(pskid, stored(CredentialKind.PSK, pskid))
    mutual = auth == _MUTUAL
    return TlsRequest(
        trusted=stored(CredentialKind.CERTIFICATE, names.server_ca) if verifies else None,
        certificate=stored(CredentialKind.CERTIFICATE, names.client_cert) if mutual else None,
        key=stored(CredentialKind.KEY, names.private_key) if mutual else None,
        ignores_dates=bool(settings.effective(IGNORE_DATES, ssl_id).ignorestamp),
        version=_VERSIONS.get(settings.effective(VERSION, ssl_id).version),
        cipher_suite=cipher_suite(settings.effective(CIPHER_SUITE, ssl_id).ciphersuite) or None,
        resumes=bool(settings.effective(SESSION, ssl_id).session),
        tells_name=bool(settings.effective(SERVER_NAME, ssl_id).sni),
        negotiation_time=settings.effective(NEGOTIATION_TIME, ssl_id).negotime,
        shared=shared,
    )
