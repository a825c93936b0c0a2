"""The events that the framer makes of what the DTE sends. Pure."""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from typing import NamedTuple, TypeAlias

Line: TypeAlias = bytes
"""A command line without its terminator; blanks are as they were typed."""


class Repeat(NamedTuple):
    """``A/``: the last line again (V.250 5.2.4)."""


class LineTooLong(NamedTuple):
    """A line over the limit has ended; nothing of it was kept."""


class PromptData(NamedTuple):
    """The ``>`` entry ended and is to be sent; timed_out when the time-out ended it."""

    data: bytes
    timed_out: bool = False


class PromptCancelled(NamedTuple):
    """ESC ended the ``>`` entry."""


class OnlineData(NamedTuple):
    """Payload of transparent mode: whole packets, or what was left when the wait ended. The mode stays."""

    data: bytes


class Escaped(NamedTuple):
    """``+++`` with its guard times."""


Event = Line | Repeat | LineTooLong | PromptData | PromptCancelled | OnlineData | Escaped
