"""Firmware packages of a transcript, and the web server that has them."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from onemo.net.firmware import make_package

from tests.support.driver import Driver
from tests.support.world import Key


@dataclass
class Package:
    """The package of now. given: how many of its bytes the server has sent."""

    data: bytes
    given: int = 0


_PACKAGES: WeakKeyDictionary[Driver, Package] = WeakKeyDictionary()


def of(driver: Driver) -> Package:
    """The package of a test."""
    return _PACKAGES[driver]


def make(driver: Driver, revision: str, *, mini: bool, failure: str) -> None:
    """There is a package from now on, which fits the module."""
    model = driver.modem.profile.sub_model
    revision = revision.replace("{model}", model)
    data = make_package(model, driver.modem.revision, revision, mini=mini, failure=failure)
    _PACKAGES[driver] = Package(data)


def give(driver: Driver, key: Key, amount: str) -> None:
    """The server sends some of it: from its start, behind a head, or the rest."""
    package = of(driver)
    head, start = b"", package.given
    if amount != "the rest":
        head, start = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(package.data), 0
    package.given = start + int(amount) if amount.isdigit() else len(package.data)
    if head:
        driver.world.peer_sends(key, head)
    driver.world.peer_sends(key, package.data[start : package.given])


def go_on(driver: Driver, key: Key, start: int) -> None:
    """The server answers a range that goes on from a byte."""
    package = of(driver)
    package.given, size = start, len(package.data)
    head = "HTTP/1.1 206 Partial\r\nContent-Length: {}\r\nContent-Range: bytes {}-{}/{}\r\n\r\n"
    driver.world.peer_sends(key, head.format(size - start, start, size - 1, size).encode())
