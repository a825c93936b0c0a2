"""Everything that the core asks of the shell, and what the shell reports back where an answer waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from onemo.modem.channel import ChannelIntent


class Wait(NamedTuple):
    """Let so many seconds pass while a command works; report with Modem.complete."""

    seconds: float


class Store(NamedTuple):
    """Write down what outlives the boot cycle; report with Modem.complete whether that was done."""

    settings: Mapping[str, object]


class Attach(NamedTuple):
    """Register with the network; report with Modem.attached and a NetworkInfo."""


class NetworkInfo(NamedTuple):
    """Data that the network hands to a module that registers. utc: seconds since 1970-01-01; the addresses are the
    host's own, None where it has none of that family."""

    name_servers: tuple[str, ...]
    ipv4: str | None
    ipv6: str | None
    utc: float | None


class Restart(NamedTuple):
    """A boot cycle ended: drop every connection and whatever else runs."""


class Ready(NamedTuple):
    """The module has booted."""


class Bug(NamedTuple):
    """An exception that no command declares; already answered ERROR."""

    error: Exception


Intent = ChannelIntent | Wait | Store | Attach | Restart | Ready | Bug
