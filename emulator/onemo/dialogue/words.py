"""Words for what crosses a connection: a request and its answer, a packet, told in a trace beside their bytes.

A family that speaks a protocol declares them with its connection (``Open.words``). Pure.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import NamedTuple, Protocol

_MOST = 200
"""Characters of a text in words: a trace has the bytes as well."""
_Utf8 = codecs.getincrementaldecoder("utf-8")


class TracedBytes(NamedTuple):
    """A piece as a trace has it. data: as long as it was, with asterisks for secrets; words: what ended in it."""

    data: bytes
    words: Sequence[str] = ()


class ChannelWords(Protocol):
    """The reader of one connection's bytes, made only where they are traced.

    It takes pieces of any size, or whole datagrams, and keeps a bounded part of them. Bytes that it cannot read are
    told so once, in words as well: it raises nothing.
    """

    def sent(self, data: bytes) -> TracedBytes:
        """Take what the module sent."""
        ...

    def received(self, data: bytes) -> TracedBytes:
        """Take what the module received."""
        ...

    def ended(self) -> Sequence[str]:
        """Return the words for what was received and ends with the connection only."""
        ...


def readable(data: bytes) -> str:
    """Show bytes on one line: as text where they are UTF-8 that can be printed, else in hex; long ones are cut."""
    cut = data[: 4 * _MOST]
    try:
        text = _Utf8().decode(cut, len(cut) == len(data))
    except UnicodeDecodeError:
        text = "\0"
    if not text.isprintable():
        text = f"hex {cut[: _MOST // 2].hex()}"
        return text if len(data) <= _MOST // 2 else f"{text}..."
    return text if len(text) <= _MOST and len(cut) == len(data) else f"{text[:_MOST]}..."


def bytes_in_words(count: int) -> str:
    """Write a size: ``5,124 bytes``."""
    return f"{count:,} byte{'' if count == 1 else 's'}"
