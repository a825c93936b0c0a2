"""The commands of FTP as the guide lays them out, for ``tests.support.commands``."""

from __future__ import annotations

from collections.abc import Sequence

_NAMED = ("MFTPCWD", "MFTPMKD", "MFTPLIST", "MFTPDEL")
_OF_SESSION = ("MFTPDISC", "MFTPPWD", "MFTPSTATE")
_STORING = ("MFTPSTOR", "MFTPAPPE")
FORMS = dict.fromkeys(("MFTPCFG", "MFTPCONN", "MFTPRN", "MFTPRETR", *_NAMED, *_OF_SESSION, *_STORING), "test set")
PARAMETERS = {
    "MFTPCONN": ("ftp_id", "host", "user", "password", "port"),
    "MFTPRN": ("ftp_id", "old", "new"),
    "MFTPRETR": ("ftp_id", "file", "local", "offset", "length"),
    **dict.fromkeys(_OF_SESSION, ("ftp_id",)),
    **dict.fromkeys(_NAMED, ("ftp_id", "name")),
    **dict.fromkeys(_STORING, ("ftp_id", "file", "eof", "length", "data")),
}
KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "MFTPCFG": {
        "data_type": ("ftp_id", "data_type"),
        "transmode": ("ftp_id", "transmode"),
        "rsptimeout": ("ftp_id", "rsptimeout"),
        "ssl": ("ftp_id", "mode", "ssl_id"),
        "local_fs": ("ftp_id", "local_fs"),
        "cid": ("ftp_id", "cid"),
    },
}
STRINGS = {
    "MFTPCONN": ("host", "user", "password"),
    "MFTPRN": ("old", "new"),
    "MFTPRETR": ("file", "local"),
    **dict.fromkeys(_NAMED, ("name",)),
    **dict.fromkeys(_STORING, ("file", "data")),
}
REQUIRED = {
    "MFTPCONN": {"ftp_id": "0", "host": '"h"'},
    "MFTPRN": {"ftp_id": "0", "old": '"o"', "new": '"n"'},
    "MFTPRETR": {"ftp_id": "0", "file": '"f"'},
    **{name: {"ftp_id": "0"} for name in _OF_SESSION},
    **{name: {"ftp_id": "0", "name": '"n"'} for name in _NAMED},
    **{name: {"ftp_id": "0", "file": '"f"', "eof": "1"} for name in _STORING},
}


def keyed(command: str, key: str, values: Sequence[str]) -> str:
    """A line with these values behind the key, or of MFTPCFG around it: its index comes first."""
    if command in KEYS:
        return f"AT+{command}=" + ",".join([*values[:1], f'"{key}"', *values[1:]])
    return f"AT+{command}=" + ",".join([f'"{key}"'] * bool(key) + list(values))
