"""Private keys, as a DTE types them: a transcript is kept and passed on, and holds none.

Pure.
"""

from __future__ import annotations

import re

from onemo.dialogue.corrected import corrected, end_of_name

KEY_COMMAND = b"MSSLKEYWR"
"""The command for a private key: name, bytes to come later, bytes of this piece, the piece (else at a prompt)."""
MASK = b"*"
_REST = rb"[^\r\n]*"
_READ_OR_TEST = rb"=?\?"
_WRITE = rb'=("[^"]*"|[^",]*),\d+,(\d+)(?:$|,)'


def without_key(line: bytes) -> tuple[bytes, int]:
    """Mask the key in a line; return the line, and how many bytes of a key follow it."""
    start = end_of_name(KEY_COMMAND, line)
    if start is None:
        return line, 0
    rest = re.compile(_REST).match(line, start)
    assert rest is not None  # it matches the empty string
    typed = corrected(rest[0])
    if re.fullmatch(_READ_OR_TEST, typed):
        return line, 0
    write = re.match(_WRITE, typed)
    if write is not None and typed == rest[0]:
        start += write.end()
    hidden = line[:start] + MASK * (rest.end() - start) + line[rest.end() :]
    return hidden, int(write[2]) if write is not None and not write[0].endswith(b",") else 0
