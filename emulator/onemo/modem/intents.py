"""The intents: everything that the core asks of the shell, and what the shell reports where an answer waits."""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from collections.abc import Callable, Mapping
from typing import NamedTuple

from onemo.modem.channel import ChannelIntent
from onemo.modem.memory import Content


class Wait(NamedTuple):
    """A request to let so many seconds pass while a command works; report with Modem.complete."""

    seconds: float


class Store(NamedTuple):
    """A request to write down what outlives the boot cycle; report with Modem.complete whether that was done.

    contents: those beside the settings, by number. then: is told so where no command waits.
    """

    settings: Mapping[str, object]
    contents: Mapping[int, Content]
    then: Callable[[bool], None] | None = None


class Submission(NamedTuple):
    """A request to hand a short message to the centre; report with Modem.complete its MessageRefusal, or None.

    tpdu: a SUBMIT or COMMAND, with its reference. None: it is taken.
    """

    tpdu: bytes


class MessageRefusal(NamedTuple):
    """The refusal of a short message. cms: its number; seconds: after which it is told."""

    cms: int
    seconds: float = 0.0


class Tell(NamedTuple):
    """A request to trace what happened, in words: an event, and what there is to say of it."""

    event: str
    detail: str


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


Intent = ChannelIntent | Wait | Store | Submission | Tell | Attach | Restart | Ready | Bug
