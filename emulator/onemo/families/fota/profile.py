"""The table of the firmware upgrades in a profile, and their errors (vendor's firmware upgrade guide)."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.reply import ErrorCode
from onemo.profile.schema import Count, Delay, Seconds, Table


class FotaError:
    """The errors of upgrades (guide, error codes)."""

    UNKNOWN = ErrorCode("fota_unknown")
    CONFIGURATION = ErrorCode("fota_configuration")
    URL_TYPE = ErrorCode("fota_url_type")
    WRITING = ErrorCode("fota_writing")
    UPGRADE = ErrorCode("fota_upgrade")
    DOWNLOAD = ErrorCode("fota_download")
    RETRIES = ErrorCode("fota_retries")
    NETWORK = ErrorCode("fota_network")


class FotaSection(NamedTuple):
    """Upgrades of the firmware. Sizes in bytes, times in seconds."""

    schemes: tuple[str, ...]
    """The schemes of AT+MFWCFG="url"."""
    restart_delay: Delay
    """From the OK of AT+MFWUPGRADE to the restart."""
    diff_time: Delay
    """To write a differential package, beside the boot."""
    mini_time: Delay
    """Of an upgrade by the minimal system, as a whole."""
    mini_retry: tuple[Delay, ...]
    """Until the minimal system tries again: the first time, the second, and so on; the last from there on."""
    mini_tries: Count
    """Failures after which the minimal system gives up; 0: it never does."""
    backup: Count
    """Bytes of the store that have to be free beside the package."""
    silence: Seconds
    """Of a server, after which its connection counts as broken."""
    failures: Count
    """Broken downloads in a row after which no more are begun."""
    entry_timeout: Seconds
    """After the last byte of an entry."""
    progress_unit: Count
    """What "progind" is a multiple of."""
    kept_every: Count
    """Bytes of a download after which they are written down, at least; more of a large one."""
    rate: Count
    """The baud rate that is stored where it was the DTE's."""


FOTA = Table("fota", FotaSection, "Firmware upgrades: ways, times and room (bytes, seconds)")
