"""The sandbox's own certificate authority: it signs a certificate for whatever name a client asks for.

It is made at its first use and kept in the user's data directory, so that firmware which trusts it does so for ever.
Its key is the user's alone: a key that came with the emulator would be everybody's.
"""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Self

from onemo.errors import UsageError, needs_extra

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_KEY_BITS = 2048
_LIFE = timedelta(days=3650)
_BEFORE = timedelta(days=1)  # a module's clock may be late
_NAME = "onemo-emulator sandbox"
_USES = [
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
]
_LONGEST_NAME = 64  # of a common name (RFC 5280, ub-common-name)


def authority_file() -> Path:
    """Return the file of the authority (XDG Base Directory). Raises UsageError: the user has no home."""
    data = os.environ.get("XDG_DATA_HOME", "")
    try:
        folder = Path(data) if data.startswith("/") else Path.home() / ".local" / "share"
    except RuntimeError as error:
        raise UsageError("the sandbox's CA cannot be kept: there is no home directory: set XDG_DATA_HOME") from error
    return folder / "onemo-emulator" / "sandbox-ca.pem"


class Authority:
    """A certificate authority, and one key that all its servers have. ca_pem: its certificate."""

    def __init__(self, key: RSAPrivateKey, certificate: x509.Certificate) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding

        self._key = key
        self._certificate = certificate
        self._server_key = _new_key()
        self.ca_pem = certificate.public_bytes(Encoding.PEM)

    @classmethod
    def load(cls, file: Path | None = None) -> Self:
        """Load the user's own authority, or make it. Takes a moment.

        Raises UsageError: it cannot be kept, or the extra [tls] is missing.
        """
        with needs_extra("TLS of the sandbox", "tls"):
            from cryptography import x509
            from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
            from cryptography.hazmat.primitives.serialization import load_pem_private_key

        file = authority_file() if file is None else file
        try:
            if not file.exists():
                _make(file)
            kept = file.read_bytes()
            key = load_pem_private_key(kept, None)
            certificate = x509.load_pem_x509_certificate(kept)
        except OSError as error:
            raise UsageError(f"{file}: the sandbox's CA cannot be kept: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            raise UsageError(f"{file} is damaged ({error}): delete it, and another CA is made") from error
        if not isinstance(key, RSAPrivateKey) or key.public_key() != certificate.public_key():
            raise UsageError(f"{file} is damaged (no such key): delete it, and another CA is made")
        return cls(key, certificate)

    def server_pem(self, name: str | None) -> bytes:
        """Make a server's key and certificate for the name, and for this host's own addresses."""
        from cryptography import x509

        names: list[x509.GeneralName] = [x509.IPAddress(ip_address(own)) for own in ("127.0.0.1", "::1")]
        if name:
            names.insert(0, x509.DNSName(name))
        builder = _builder((name or _NAME)[:_LONGEST_NAME], self._server_key).issuer_name(self._certificate.subject)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(signer, critical=False)
        return _key_pem(self._server_key) + _signed(builder, self._key)


def _make(file: Path) -> None:
    """Write a new authority, unless another process was faster. Raises OSError."""
    from cryptography import x509

    key = _new_key()
    builder = _builder(f"{_NAME} CA", key)
    builder = builder.issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{_NAME} CA")]))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    signs = dict.fromkeys(_USES, False) | {"key_cert_sign": True}
    builder = builder.add_extension(x509.KeyUsage(**signs), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, new = tempfile.mkstemp(dir=file.parent)  # readable by its owner only
    try:
        with open(descriptor, "wb") as stream:
            stream.write(_key_pem(key) + _signed(builder, key))
        try:
            os.link(new, file)
        except FileExistsError:
            pass
    finally:
        os.unlink(new)


def _new_key() -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    return generate_private_key(65537, _KEY_BITS)


def _builder(name: str, key: RSAPrivateKey) -> x509.CertificateBuilder:
    from cryptography import x509

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + _LIFE)
    )


def _signed(builder: x509.CertificateBuilder, key: RSAPrivateKey) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


def _key_pem(key: RSAPrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
