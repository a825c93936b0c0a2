"""The store of certificates and keys, and its form in the NV."""

from __future__ import annotations

import pytest
from onemo.at.reply import Cme, CommandError
from onemo.modem.credentials import TLS, CredentialError, CredentialKind, Credentials
from onemo.modem.modem import Modem
from onemo.net.interface import Pem

from tests.support.driver import model_named

PROFILE = model_named("ML307R").profile.table(TLS)
SECRET = bytes(range(256))


def test_everything_comes_back() -> None:
    files = Credentials(PROFILE, 64)
    files.add(CredentialKind.CERTIFICATE, "ca.pem", b"ca", last=True)
    files.add(CredentialKind.KEY, "a.key", SECRET, last=True)
    files.add(CredentialKind.PSK, "device", SECRET, last=True)
    files.add(CredentialKind.KEY, "half.key", SECRET, last=False)
    again = Credentials(PROFILE, 64)
    assert again.restore(files.snapshot()) == []
    assert again.stored == files.stored
    assert again.find(CredentialKind.KEY, "a.key") == SECRET
    assert again.find(CredentialKind.CERTIFICATE, "a.key") is None


@pytest.mark.parametrize(
    "entry",
    [
        {"key": {"": "a"}},
        {"key": {"a" * 65: "a"}},
        {"key": {"a": ""}},
        {"key": {"a": "a" * 8193}},
        {"key": {"a": "\u0100"}},
        {"key": {'"': "a"}},
        {"key": {"a": 1}},
        {"key": 1},
        {"none": {}},
    ],
)
def test_what_does_not_fit(entry: dict[str, object]) -> None:
    files = Credentials(PROFILE, 64)
    assert len(files.restore(entry)) == 1
    assert files.stored == {}


@pytest.mark.parametrize("name", ["a\nb", "a\rb", 'a"b'])
def test_a_name_that_would_break_a_line(name: str) -> None:
    """It is refused at once, for the memory would not take it up again."""
    files = Credentials(PROFILE, 64)
    with pytest.raises(CommandError) as refusal:
        files.add(CredentialKind.CERTIFICATE, name, b"a", last=True)
    assert refusal.value.code is Cme.INCORRECT_PARAMETERS


def test_so_many_files_and_no_more() -> None:
    files = Credentials(PROFILE, 64)
    for number in range(PROFILE.most_files):
        files.add(CredentialKind.CERTIFICATE, str(number), b"a", last=True)
    with pytest.raises(CommandError) as refusal:
        files.add(CredentialKind.CERTIFICATE, "more", b"a", last=True)
    assert refusal.value.code is CredentialError.FILE_WRITE_FAILED
    files.add(CredentialKind.CERTIFICATE, "0", b"again", last=True)
    assert files.find(CredentialKind.CERTIFICATE, "0") == b"again"


def test_the_room_of_the_old_one_is_the_new_one_s() -> None:
    files = Credentials(PROFILE, 64, lambda size, before: size <= 4 + before)
    files.add(CredentialKind.KEY, "a", b"1234", last=True)
    files.add(CredentialKind.KEY, "a", b"12345678", last=True)
    with pytest.raises(CommandError) as refusal:
        files.add(CredentialKind.KEY, "b", b"12345", last=True)
    assert refusal.value.code is CredentialError.FILE_WRITE_FAILED


def test_a_model_without_tls_takes_none() -> None:
    stored = {"files": {"key": {"a": "b"}}}
    assert Modem(model_named("MN316A")).restore(stored) == ["files"]
    assert Modem(model_named("ML307R")).restore(stored) == []


def test_it_does_not_show_itself() -> None:
    assert "secret" not in f"{Pem(b'secret')!r} {Pem(b'secret')} {[Pem(b'secret')]}"
