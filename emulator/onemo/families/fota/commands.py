"""AT+MFWCFG, MFWDLOAD, MFWUPGRADE and MFWERASE."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from onemo.at.command import Action, Declaration, Key, KeyedSetting, NoParameters
from onemo.at.entry import DataEntry
from onemo.at.grammar import Arguments, arguments
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import Maybe, Param, ParamKind
from onemo.at.payload import SendFormat
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.families.fota.begin import begin_upgrade
from onemo.families.fota.loader import FirmwareLoader, line_of, url_of
from onemo.families.fota.probe import FirmwareProbe
from onemo.families.fota.profile import FOTA, FotaError
from onemo.families.fota.settings import (
    LOCAL,
    LOGIN,
    PROGRESS_STEP,
    TIMEOUT,
    TLS_OF,
    URL,
    PackageUrl,
    ProgressStep,
    local_path,
    scheme_of,
)
from onemo.modem.modem import Modem

_DATA = 2
"""The place of the package in the line."""


class BringIn(NamedTuple):
    """AT+MFWDLOAD: alone from the URL; else a package in the line, in HEX, or entered."""

    offset: Maybe
    length: Maybe
    data: Annotated[bytes | None, Param(ParamKind.DATA, nullable=True, allow_empty=True)]


def _check_url(modem: Modem, record: PackageUrl) -> None:
    """Raise CommandError(URL_TYPE) for a scheme that the model has not."""
    if scheme_of(record.url) not in modem.profile.table(FOTA).schemes:
        raise CommandError(FotaError.URL_TYPE)


def _forget_failures(modem: Modem, record: PackageUrl) -> None:
    modem.part(FirmwareLoader).failures = 0


def _check_step(modem: Modem, record: ProgressStep) -> None:
    """Raise CommandError(INCORRECT_PARAMETERS) for a step that is no multiple of the unit."""
    if record.size % modem.profile.table(FOTA).progress_unit:
        raise CommandError(Cme.INCORRECT_PARAMETERS)


def _unless_upgrading(modem: Modem, line: bytes, position: int) -> tuple[Arguments, int]:
    """Read parameters. Raises CommandError(UNKNOWN): an upgrade has begun."""
    modem.part(FirmwareLoader).require_idle()
    return arguments(line, position)


def _hex_in_quotes(modem: Modem, line: bytes, position: int) -> tuple[Arguments, int]:
    """Read parameters.

    Raises CommandError: UNKNOWN, an upgrade has begun; INCORRECT_PARAMETERS, the HEX has no quotes.
    """
    given, end = _unless_upgrading(modem, line, position)
    data = given[_DATA] if len(given) > _DATA else None
    if data is not None and not data.quoted:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return given, end


def bring_in(modem: Modem, record: BringIn) -> Outcome:
    """Bring a package in (AT+MFWDLOAD): OK, and lines that tell of it; or as an entry.

    Raises CommandError: INCORRECT_PARAMETERS; UNKNOWN; WRITING, CONFIGURATION, NETWORK, RETRIES.
    """
    loader = modem.part(FirmwareLoader)
    loader.require_idle()
    if record != BringIn(None, None, None):
        return _enter(modem, loader, record)
    loader.require_writable()
    url = url_of(modem)
    if scheme_of(url) != LOCAL:
        loader.require_network()
    try:
        loader.start(url)
    except CommandError as error:
        raise CommandError(FotaError.WRITING) from error
    return DONE


def _enter(modem: Modem, loader: FirmwareLoader, record: BringIn) -> Outcome:
    if record.offset is None or record.length is None:
        raise CommandError(Cme.INCORRECT_PARAMETERS)

    def take(data: bytes) -> Pending:
        loader.require_idle()  # another console may have begun something meanwhile
        loader.require_writable()
        return loader.put(data)

    entry = DataEntry(
        take=take,
        timeout=modem.profile.table(FOTA).entry_timeout,
        length=record.length,
        form=SendFormat.HEX,
        partial=False,
    )
    entry.check(record.data)
    loader.require_writable()
    if not loader.has_room(record.length):
        raise CommandError(FotaError.WRITING)
    return entry.begin(record.data)


def tell_download(modem: Modem) -> Reply:
    """Tell of the download from a URL that runs, or of the last one. Raises CommandError(UNKNOWN): there was none."""
    loader = modem.part(FirmwareLoader)
    loader.require_idle()
    return Reply((line_of(loader.told()),))


def erase(modem: Modem, record: NoParameters) -> Outcome:
    """Drop the package, and whatever came of downloads (AT+MFWERASE). Raises CommandError(UNKNOWN)."""
    loader = modem.part(FirmwareLoader)
    loader.require_idle()
    return loader.erase()


def upgrade(modem: Modem, record: NoParameters) -> Outcome:
    """Upgrade the firmware (AT+MFWUPGRADE): from the package that was brought in, else from the URL.

    Raises CommandError: UNKNOWN, UPGRADE, CONFIGURATION, WRITING, NETWORK, RETRIES, DOWNLOAD.
    """
    loader = modem.part(FirmwareLoader)
    loader.require_idle()
    if loader.has_begun:
        return _apply(modem, loader)
    url = url_of(modem)
    if scheme_of(url) != LOCAL:
        loader.require_network()
        return FirmwareProbe(modem).begin(url)
    path = local_path(url)
    if not loader.store.is_file(path):
        raise CommandError(FotaError.UPGRADE)
    content = bytes(loader.store.content(path))
    loader.header_of(content)
    pending = loader.put(content)

    def finish(done: bool) -> Outcome:
        pending.finish(done)
        return _apply(modem, loader)

    return Pending(pending.operation, finish)


def _apply(modem: Modem, loader: FirmwareLoader) -> Outcome:
    """Check the package that is there, and restart to write it. Raises CommandError(UPGRADE)."""
    package = loader.package
    if package is None:
        raise CommandError(FotaError.UPGRADE)

    def restart() -> Outcome:
        loader.restart_soon()
        return DONE

    return begin_upgrade(modem, loader.header_of(package), restart)


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    KeyedSetting(
        "MFWCFG",
        (
            Key(URL, check=_check_url, changed=_forget_failures),
            Key(LOGIN),
            Key(TIMEOUT),
            Key(PROGRESS_STEP, check=_check_step),
            Key(TLS_OF),
        ),
        split=_unless_upgrading,
        tested=False,
    ),
    Action("MFWDLOAD", BringIn, bring_in, split=_hex_in_quotes, bare=True, tested=False, read=tell_download),
    Action("MFWUPGRADE", NoParameters, upgrade, tested=False),
    Action("MFWERASE", NoParameters, erase, tested=False),
)
