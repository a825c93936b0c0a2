"""Fetches the newest wheel of pip that fits this Python from the package index, for a Python without ensurepip.

Usage: fetch_pip.py DIRECTORY. Writes the wheel there and prints its path. The index and its certificates are those
that pip itself would use: PIP_INDEX_URL, PIP_CERT, or pip's configuration files; proxies as urllib takes them.
"""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import ssl
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin
from urllib.request import urlopen

Version = tuple[int, ...]
TIMEOUT = 60  # seconds without a byte


@dataclass(frozen=True, order=True, slots=True)
class Wheel:
    """A wheel of pip as the index lists it; ``sha256`` is its digest in hexadecimal."""

    version: Version
    name: str
    url: str
    sha256: str


class IndexPage(HTMLParser):
    """The wheels on a page of the simple repository API (PEP 503) that this Python can use and nobody withdrew."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.wheels: list[Wheel] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link to a wheel of pip that this Python can use."""
        link = dict(attrs)
        if tag == "base" and (base := link.get("href")):
            self.url = urljoin(self.url, base)
        if tag != "a" or "data-yanked" in link or not fits(link.get("data-requires-python") or ""):
            return
        url, digest = urldefrag(urljoin(self.url, link.get("href") or ""))
        name = unquote(url.rpartition("/")[2])
        found = re.fullmatch(r"pip-(\d+(?:\.\d+)*)-(?:py2\.)?py3-none-any\.whl", name)
        if found and digest.startswith("sha256="):
            self.wheels.append(Wheel(version(found[1]), name, url, digest.removeprefix("sha256=")))


def version(text: str) -> Version:
    """Return the numbers of a version, to be compared."""
    return tuple(int(part) for part in text.split("."))


def fits(requirement: str, python: Version = sys.version_info[:3]) -> bool:
    """Tell whether this Python is new enough for a Requires-Python such as ``>=3.9``; pip never set an upper bound."""
    return all(python >= version(least) for least in re.findall(r">=\s*(\d+(?:\.\d+)*)", requirement))


def setting(name: str, default: str) -> str:
    """One of pip's options, from the environment or from pip's configuration files (the later file wins)."""
    if value := os.environ.get("PIP_" + name.upper().replace("-", "_")):
        return value
    home = Path.home()
    config = configparser.RawConfigParser()
    system = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    user = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = [*(Path(folder, "pip/pip.conf") for folder in system.split(":")), Path("/etc/pip.conf")]
    files += [home / ".pip/pip.conf", user / "pip/pip.conf"]
    config.read([*files, os.environ.get("PIP_CONFIG_FILE", os.devnull)])
    for section in ("install", "global"):
        if value := config.get(section, name, fallback=""):
            return value
    return default


def fetch(directory: Path) -> Path:
    """Fetch the newest wheel that fits into directory, and return its path.

    Raises OSError or HTTPException (the network), LookupError (no such wheel, or not the bytes the index promised).
    """
    index = setting("index-url", "https://pypi.org/simple").rstrip("/") + "/pip/"
    if index.startswith("file:"):
        index += "index.html"
    certificates = ssl.create_default_context(cafile=setting("cert", "") or None)
    with urlopen(index, timeout=TIMEOUT, context=certificates) as reply:
        page = IndexPage(reply.url)
        page.feed(reply.read().decode())
    if not page.wheels:
        raise LookupError(f"{index} lists no wheel of pip for this Python")
    wheel = max(page.wheels)
    with urlopen(wheel.url, timeout=TIMEOUT, context=certificates) as reply:
        content = reply.read()
    if hashlib.sha256(content).hexdigest() != wheel.sha256:
        raise LookupError(f"{wheel.url} is not the file that the index lists: its SHA-256 differs")
    path = directory / wheel.name
    path.write_bytes(content)
    return path


if __name__ == "__main__":
    try:
        print(fetch(Path(sys.argv[1])))
    except (OSError, HTTPException, LookupError) as error:
        sys.exit(f"pip cannot be fetched: {error}\nWith ensurepip (Debian: python3-venv) it need not be.")
