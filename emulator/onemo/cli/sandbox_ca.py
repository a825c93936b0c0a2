"""The export of the sandbox's CA, ``onemo-emulator sandbox-ca``: firmware trusts it to verify the sandbox's servers."""

from __future__ import annotations

import os
from pathlib import Path

from onemo.cli.output import write
from onemo.errors import UsageError
from onemo.net.sandbox.authority import Authority
from onemo.runtime.files import open_own


def export(file: Path | None) -> int:
    """Write the CA's certificate to the file, or to stdout. Raises UsageError."""
    pem = Authority.load().ca_pem
    if file is None:
        write(pem.decode("ascii"))
        return 0
    try:
        with open(open_own(file, os.O_TRUNC, 0o644), "wb") as stream:
            stream.write(pem)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; name a file that can be written") from error
    return 0
