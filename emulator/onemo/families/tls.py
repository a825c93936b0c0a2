"""AT+MSSLCFG, and what TLS has stored: AT+MSSLCERTWR, MSSLKEYWR, MSSLPSK, MSSLCERTRD, MSSLLIST, MSSLRM, MSSLCHECK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Key, KeyedSetting, NoParameters, print_line
from onemo.at.entry import DataEntry
from onemo.at.family import FamilyDefinition
from onemo.at.grammar import Arguments, arguments
from onemo.at.outcome import Outcome
from onemo.at.params import Defaulted, Param, ParamKind, Required, RequiredText
from onemo.at.payload import SendFormat
from onemo.at.reply import DONE, Cme, CommandError, Reply, errors_in
from onemo.modem.checksums import checksum
from onemo.modem.credentials import TLS, CredentialError, CredentialKind, Credentials, TlsError
from onemo.modem.filestore import store_of
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.modem.tls import (
    AUTHENTICATION,
    CERTIFICATE_ENCODING,
    CERTIFICATES,
    CIPHER_SUITE,
    IGNORE_DATES,
    IGNORE_VERIFICATION,
    NEGOTIATION_TIME,
    SERVER_NAME,
    SESSION,
    SHARED_KEY,
    VERSION,
    CipherSuite,
    cipher_suite,
)


class Write(NamedTuple):
    """AT+MSSLCERTWR and AT+MSSLKEYWR. remain: bytes that are to come after this piece; data: as it was typed."""

    name: RequiredText
    remain: Required
    length: Required
    data: Annotated[bytes | None, Param(ParamKind.DATA, nullable=True, allow_empty=True)]


class Shared(NamedTuple):
    """AT+MSSLPSK. [decided] psk is the key itself, as it is typed."""

    pskid: RequiredText
    psk: RequiredText


class Named(NamedTuple):
    """A command about one file."""

    name: RequiredText


class Checked(NamedTuple):
    """AT+MSSLCHECK; verify_alg: as checksum has it."""

    name: RequiredText
    verify_alg: Defaulted


_SETTINGS = (AUTHENTICATION, CERTIFICATES, SHARED_KEY, CERTIFICATE_ENCODING, NEGOTIATION_TIME, VERSION, CIPHER_SUITE,
             SESSION, IGNORE_DATES, IGNORE_VERIFICATION)  # fmt: skip


class TlsMemory(Part):
    """What a boot cycle was told of TLS: some modules forget it in deep sleep, the files as well."""

    def fall_asleep(self) -> None:
        """Forget what does not outlive deep sleep."""
        device: Modem = self._device
        if device.profile.table(TLS).outlives_sleep:
            return
        device.settings.reset(*_SETTINGS)
        if device.credentials.stored:
            device.keeping.note(device.credentials.clear)
        else:
            device.credentials.clear()


class Listed(NamedTuple):
    """AT+MSSLLIST: 1 certificates, 2 private keys, 3 pre-shared keys."""

    kind: Required


def _note(modem: Modem, record: object) -> None:
    """Have the part there that forgets a setting."""
    modem.part(TlsMemory)


def _require_number(modem: Modem, record: CipherSuite) -> None:
    """Require the number of a cipher suite. Raises CommandError(INCORRECT_PARAMETERS)."""
    _note(modem, record)
    prefixed = record.ciphersuite[:2].lower() == "0x" or not modem.profile.table(TLS).suite_begins_0x
    if cipher_suite(record.ciphersuite) is None or not prefixed:
        raise CommandError(Cme.INCORRECT_PARAMETERS)


def _shown_suite(modem: Modem, record: CipherSuite) -> tuple[int | bytes, ...]:
    """Return the values of a read-back: the number of the suite in hexadecimal digits."""
    return record.ssl_id, b"0x%02X" % (cipher_suite(record.ciphersuite) or 0)


def _write_piece(modem: Modem, kind: CredentialKind, name: str, piece: bytes, *, last: bool) -> Outcome:
    """Take a piece of a file; write a whole one down. Raises CommandError: as Credentials.add; FILE_WRITE_FAILED."""
    files = modem.credentials
    if not last:
        files.add(kind, name, piece, last=False)
        return DONE
    return modem.keeping.write_down(lambda: files.add(kind, name, piece, last=True), CredentialError.FILE_WRITE_FAILED)


def _writer(kind: CredentialKind) -> Callable[[Modem, Write], Outcome]:
    """Make the handler of AT+MSSLCERTWR or AT+MSSLKEYWR: a piece of a file, in the line or after ``>``.

    A piece that does not come whole adds nothing. It raises CommandError: as Credentials.add; FILE_WRITE_FAILED, it
    cannot be written down; INCORRECT_PARAMETERS (CME 50), no data, or of another length.
    """

    def write(modem: Modem, record: Write) -> Outcome:
        modem.part(TlsMemory)
        entry = DataEntry(
            take=lambda piece: _write_piece(modem, kind, record.name, piece, last=not record.remain),
            timeout=modem.profile.table(TLS).prompt_timeout,
            length=record.length,
            form=SendFormat.ESCAPED,
            partial=False,
            secret=kind is CredentialKind.KEY,
        )
        entry.check(record.data)
        modem.credentials.require_room(kind, record.name, record.length + record.remain)
        if record.data is None and not modem.profile.table(TLS).entered:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        return entry.begin(record.data)

    return write


def _share(modem: Modem, record: Shared) -> Outcome:
    """Store a pre-shared key (AT+MSSLPSK). Raises CommandError: as Credentials.add; FILE_WRITE_FAILED."""
    modem.part(TlsMemory)
    return _write_piece(modem, CredentialKind.PSK, record.pskid, record.psk.encode("latin-1"), last=True)


def _read(modem: Modem, record: Named) -> Reply:
    """Print a certificate (AT+MSSLCERTRD).

    Raises CommandError: FILE_MISSING; FILE_READ_FAILED, it is a key, or holds one, which nobody may read.
    """
    file = modem.credentials.require(record.name)
    data = bytes(file.data)
    if file.kind is not CredentialKind.CERTIFICATE or b"PRIVATE KEY-----" in data:
        raise CommandError(CredentialError.FILE_READ_FAILED)
    return Reply((print_line("MSSLCERTRD", len(data), data),))


def _list(modem: Modem, record: Listed) -> Reply:
    """List the files of a kind with their bytes (AT+MSSLLIST)."""
    files = modem.credentials.stored.items()
    return Reply([print_line("MSSLLIST", name, len(file.data)) for name, file in files if file.kind == record.kind])


def _remove(modem: Modem, record: Named) -> Outcome:
    """Delete a file, or forget one that is half written (AT+MSSLRM).

    Raises CommandError: FILE_MISSING; FILE_DELETE_FAILED, it cannot be written down.
    """
    if modem.credentials.abandon(record.name):
        return DONE
    return modem.keeping.write_down(lambda: modem.credentials.remove(record.name), CredentialError.FILE_DELETE_FAILED)


def _check(modem: Modem, record: Checked) -> Reply:
    """Tell the check sum of a file (AT+MSSLCHECK). Raises CommandError(FILE_MISSING)."""
    data = modem.credentials.require(record.name).data
    return Reply((print_line("MSSLCHECK", checksum(record.verify_alg, data).encode()),))


def _only_tested(modem: Modem, record: NoParameters) -> Reply:
    """Refuse AT+MSSLCIPHER, which has a test form alone. Raises CommandError, the bare ERROR."""
    raise CommandError


def _files(modem: Modem) -> Credentials:
    """Make the store of certificates and keys, with names as long as the command takes."""
    writing = modem.model.command(b"MSSLCERTWR")
    longest_name = writing.records[""].params[0].section.max_length if writing else 0
    return Credentials(
        modem.profile.table(TLS), longest_name or 0, lambda size, before: store_of(modem.keeping).has_room(size, before)
    )


def _split(modem: Modem, line: bytes, position: int) -> tuple[Arguments, int]:
    """Read the parameters: a backslash keeps a quote inside the data."""
    return arguments(line, position, escapes=True)


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        KeyedSetting(
            "MSSLCFG",
            (
                Key(AUTHENTICATION, check=_note),
                Key(CERTIFICATES, check=_note),
                Key(SHARED_KEY, check=_note),
                Key(CERTIFICATE_ENCODING, check=_note),
                Key(NEGOTIATION_TIME, check=_note),
                Key(VERSION, check=_note),
                Key(CIPHER_SUITE, check=_require_number, shown=_shown_suite),
                Key(SESSION, check=_note),
                Key(IGNORE_DATES, check=_note),
                Key(IGNORE_VERIFICATION, check=_note),
                Key(SERVER_NAME, check=_note),
            ),
        ),
        Action("MSSLCERTWR", Write, _writer(CredentialKind.CERTIFICATE), split=_split),
        Action("MSSLKEYWR", Write, _writer(CredentialKind.KEY), split=_split),
        Action("MSSLPSK", Shared, _share),
        Action("MSSLCERTRD", Named, _read),
        Action("MSSLLIST", Listed, _list),
        Action("MSSLRM", Named, _remove),
        Action("MSSLCHECK", Checked, _check),
        Action("MSSLCIPHER", NoParameters, _only_tested),
    ),
    errors=errors_in(TlsError, CredentialError),
    tables=(TLS,),
    part=TlsMemory,
    keepers={"files": _files},
    shows={"MSSLCERTWR": ("tls",), "MSSLKEYWR": ("tls",)},
)
