"""The export of the sandbox's CA, ``onemo-emulator sandbox-ca``: firmware trusts it to verify the sandbox's servers."""

from __future__ import annotations

import sys
from pathlib import Path

from onemo.errors import UsageError
from onemo.net.sandbox.authority import Authority


def export(file: Path | None) -> int:
    """Write the CA's certificate to the file, or to stdout. Raises UsageError."""
    pem = Authority.load().ca_pem
    if file is None:
        sys.stdout.write(pem.decode("ascii"))
        return 0
    try:
        file.write_bytes(pem)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; name a file that can be written") from error
    return 0
