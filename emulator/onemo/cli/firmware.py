"""The packages of firmware upgrades, ``onemo-emulator firmware``: made, or looked at."""

from __future__ import annotations

import os
from pathlib import Path

from onemo.cli.output import write
from onemo.errors import UsageError
from onemo.net.firmware import ANY, LARGEST, BadPackage, FirmwareHeader, make_package, read_header
from onemo.runtime.files import open_own


def make(file: Path, target: str, source: str, revision: str, *, mini: bool, size: int, failure: str) -> int:
    """Make a package. Raises UsageError: there can be no such, or it cannot be written."""
    try:
        data = make_package(target, source, revision, mini=mini, size=size, failure=failure)
    except BadPackage as error:
        raise UsageError(f"there is no such package: {error}") from error
    try:
        with open(open_own(file, os.O_TRUNC, 0o644), "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; name a file that can be written") from error
    return 0


def inspect(file: Path) -> int:
    """Say what a file is; return 0 for a good package, else 1. Raises UsageError: it cannot be read."""
    try:
        with open(file, "rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; name a file that can be read") from error
    try:
        header = read_header(data)
        header.require_body(memoryview(data)[header.length :])
    except BadPackage as error:
        write(f"{file}: no package that a module takes: {error}\n")
        return 1
    write(f"{file}: {_told(header)}\n")
    return 0


def _told(header: FirmwareHeader) -> str:
    way = "by the minimal system" if header.mini else "differential"
    target = "any model" if header.target == ANY else header.target
    source = "any revision" if header.source == ANY else header.source
    fails = f", which fails: {header.failure}" if header.failure else ""
    return f"upgrades {target} from {source} to {header.revision} ({way}, {header.size} bytes){fails}"
