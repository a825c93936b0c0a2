"""Certificates and keys for OpenSSL, which reads files alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pem_file(data: bytes) -> Iterator[str]:
    """Give data a path for as long as this lasts; it never comes to a disk. Raises OSError: there is no file left."""
    file = os.memfd_create("pem", os.MFD_CLOEXEC)
    try:
        os.write(file, data)
        yield f"/proc/self/fd/{file}"
    finally:
        os.close(file)
