"""The intents: everything that the core asks of the shell, and what the shell reports where an answer waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from onemo.modem.channel import ChannelIntent
from onemo.modem.memory import Content


class Wait(NamedTuple):
    """A request to let so many seconds pass while a command works; report with Modem.complete."""

    seconds: float


class Store(NamedTuple):
    """A request to write down what outlives the boot cycle; report with Modem.complete whether that was done.

    contents: those beside the settings, by number.
    """

    settings: Mapping[str, object]
    contents: Mapping[int, Content] = {}


class Attach(NamedTuple):
    """A request to register with the network; report with Modem.attached and a NetworkInfo."""


class NetworkInfo(NamedTuple):
    """Data that the network hands to a module that registers.

    utc: seconds since 1970-01-01; the addresses are the host's own, None where it has none of that family.
    """

    name_servers: tuple[str, ...]
    ipv4: str | None
    ipv6: str | None
    utc: float | None


class Restart(NamedTuple):
    """A request to drop every connection and whatever else runs: a boot cycle ended."""


class Ready(NamedTuple):
    """The news that the module has booted."""


class Bug(NamedTuple):
    """An exception that no command declares; already answered ERROR."""

    error: Exception


Intent = ChannelIntent | Wait | Store | Attach | Restart | Ready | Bug
