"""Private keys, as a DTE types them: a transcript is kept and passed on, and holds none.

Pure.
"""

from __future__ import annotations

import re

KEY_COMMAND = b"MSSLKEYWR"
"""The command for a private key: name, bytes to come later, bytes of this piece, the piece (else at a prompt)."""
MASK = b"*"
_NAMED = re.compile(rb"(?i:%s)([^\r\n]*)" % KEY_COMMAND)
_READ_OR_TEST = re.compile(rb"=?\?")
_WRITE = re.compile(rb'=("[^"]*"|[^",]*),\d+,(\d+)(?:$|,)')


def without_key(line: bytes) -> tuple[bytes, int]:
    """Mask the key in a line; return the line, and how many bytes of a key follow it."""
    match = _NAMED.search(line)
    if match is None or _READ_OR_TEST.fullmatch(match[1]):
        return line, 0
    write = _WRITE.match(match[1])
    start = match.start(1) + (write.end() if write else 0)
    hidden = line[:start] + MASK * (match.end() - start) + line[match.end() :]
    return hidden, int(write[2]) if write is not None and not write[0].endswith(b",") else 0
