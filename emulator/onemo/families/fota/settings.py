"""The settings of the firmware upgrades, which AT+MFWCFG holds."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from onemo.at.params import Defaulted, DefaultedText, Param, ParamKind
from onemo.at.store import Slot

LOCAL = "file"
"""The scheme of a file of the module's own store."""


class PackageUrl(NamedTuple):
    """MFWCFG "url": of the package; "": none is set."""

    url: DefaultedText


class PackageLogin(NamedTuple):
    """MFWCFG "auth": for HTTP (Basic) and FTP; both "": none."""

    user: Annotated[str, Param(ParamKind.STRING, allow_empty=True, together="login")]
    password: Annotated[str, Param(ParamKind.STRING, allow_empty=True, together="login")]


class ConnectTimeout(NamedTuple):
    """MFWCFG "timeout": seconds to connect to the server."""

    timeout: Defaulted


class ProgressStep(NamedTuple):
    """MFWCFG "progind": bytes between two lines of a download; 0: the last one alone."""

    size: Defaulted


class PackageTls(NamedTuple):
    """MFWCFG "ssl": the <ssl_id> for https."""

    ssl_id: Defaulted


URL = Slot("url", PackageUrl, of="MFWCFG")
LOGIN = Slot("auth", PackageLogin, of="MFWCFG")
TIMEOUT = Slot("timeout", ConnectTimeout, of="MFWCFG")
PROGRESS_STEP = Slot("progind", ProgressStep, of="MFWCFG")
TLS_OF = Slot("ssl", PackageTls, of="MFWCFG")


def scheme_of(url: str) -> str:
    """Return the scheme of a URL, in lower case; "": it has none."""
    scheme, separator, _ = url.partition("://")
    return scheme.lower() if separator else ""


def local_path(url: str) -> str:
    """Return the path that a URL of the module's own store means."""
    return "/" + url.partition("://")[2].removeprefix("/")
