"""The sandbox's certificate authority: kept for ever, and good enough for a client that looks closely."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from onemo.errors import UsageError
from onemo.net.sandbox.authority import Authority


@pytest.mark.parametrize("name", ["mqtt.example.com", "a" * 63 + ".example.com"])
def test_a_strict_client_is_content(tmp_path: Path, name: str) -> None:
    authority = Authority.load(tmp_path / "new" / "ca.pem")
    again = Authority.load(tmp_path / "new" / "ca.pem")
    assert again.ca_pem == authority.ca_pem
    assert (tmp_path / "new" / "ca.pem").stat().st_mode & 0o777 == 0o600
    pem = tmp_path / "server.pem"
    pem.write_bytes(authority.server_pem(name))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pem)
    asking = ssl.create_default_context(cadata=again.ca_pem.decode())
    asking.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(back, there, server_hostname=name)
    server = serving.wrap_bio(there, back, server_side=True)
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass
    assert client.getpeercert()


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----"])
def test_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="delete it"):
        Authority.load(file)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be kept"):
        Authority.load(tmp_path / "file" / "ca.pem")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    with pytest.raises(UsageError, match="there is no home directory: set XDG_DATA_HOME"):
        Authority.load()
