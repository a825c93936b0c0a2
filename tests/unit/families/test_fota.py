"""Firmware upgrades beyond their dialogues: two consoles, ranges, redirects, a store without room for a name."""

from __future__ import annotations

from contextlib import suppress

import pytest
from onemo.at.reply import CommandError
from onemo.families.http.words import MaskedHttpWords
from onemo.families.sockets.connection import Loss
from onemo.modem.filestore import store_of
from onemo.modem.firmware import UpgradeOrder
from onemo.modem.memory import FIRMWARE
from onemo.net.firmware import make_package

from tests.support.driver import Driver

FW = ("firmware", 0)
PACKAGE = make_package("ML307R-DC", "*", "NEW")


def module(model: str = "ML307R-DC", consoles: int = 1) -> Driver:
    """A module that has a URL."""
    driver = Driver(model, consoles=consoles).boot()
    driver.ask('AT+MFWCFG="url","http://h/f"')
    return driver


def answer(data: bytes, status: str = "200 OK", field: str = "X: y") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\n{field}\r\n\r\n".encode() + data


def test_an_upgrade_on_another_console() -> None:
    """While the first looks at a package, the others wait; none is forgotten."""
    driver = module(consoles=2)
    driver.type(b"AT+MFWDLOAD=0,5\r")
    driver.go_to(1)
    assert driver.ask("AT+MFWUPGRADE") == b""
    driver.go_to(0)
    driver.take()
    driver.type(b"abcde")
    assert driver.take() == b"\r\n+CME ERROR: 850\r\n"
    for line in ("AT+MFWUPGRADE", "AT+MFWDLOAD", "AT+MFWERASE", 'AT+MFWCFG="url"'):
        assert driver.answer(line) == ["+CME ERROR: 850"]
    driver.wait(61)
    driver.go_to(1)
    assert driver.take() == b"\r\n+CME ERROR: 855\r\n"
    assert driver.answer("AT+MFWERASE") == ["OK"]


@pytest.mark.parametrize(
    ("field", "start", "told"),
    [
        ("Content-Range: bytes 20000-49629/49630", 20000, b"2,49630,49630"),
        ("Content-Range: bytes 0-49629/49630", 0, b"2,49630,49630"),
        ("Content-Range: bytes 100-49629/49630", 100, b"3,49630,20000"),
        ("Content-Range: nonsense", 20000, b"3,49630,20000"),
    ],
)
def test_a_part_that_was_not_asked_for(field: str, start: int, told: bytes) -> None:
    driver = module()
    driver.ask("AT+MFWDLOAD")
    driver.world.peer_sends(FW, answer(PACKAGE)[: 20000 - len(PACKAGE)])
    driver.world.peer_ends(FW, Loss.BROKEN)
    driver.ask("AT+MFWDLOAD")
    driver.world.peer_sends(FW, answer(PACKAGE[start:], "206 Partial", field))
    assert driver.take().startswith(b"\r\n+MFWDLOAD: " + told + b"\r\n")


def test_a_part_is_not_the_whole() -> None:
    driver = module()
    driver.ask("AT+MFWDLOAD")
    driver.world.peer_sends(FW, answer(PACKAGE[:100], "206 Partial", "Content-Range: bytes 0-99/49630"))
    assert driver.take() == b"\r\n+MFWDLOAD: 3,49630,100\r\n\r\n+MFWDLOAD: 0,49630,100\r\n"


@pytest.mark.parametrize(("location", "known"), [("/x", True), ("http://other/x", False), ("https://h/x", False)])
def test_a_login_is_for_its_server_alone(location: str, known: bool) -> None:
    driver = module()
    driver.ask('AT+MFWCFG="auth","u","p"')
    driver.ask("AT+MFWDLOAD")
    assert b"\r\nAuthorization: Basic dTpw\r\n" in driver.world.got(FW)
    driver.world.peer_sends(FW, answer(b"", "302 Found", f"Location: {location}"))
    request = driver.world.got(FW)
    assert request.startswith(b"GET /x HTTP/1.1\r\n")
    assert (b"Authorization" in request) is known


def test_a_file_for_which_there_is_no_entry() -> None:
    driver = Driver("ML307R-DC").boot()
    store = store_of(driver.modem.keeping)
    number = 0
    with suppress(CommandError):
        while store.free:
            store.put(f"/{number}", b"")
            number += 1
    driver.ask('AT+MFWCFG="url","file://0"')
    assert driver.answer("AT+MFWDLOAD") == ["+CME ERROR: 853"]
    assert driver.answer("AT+MFWDLOAD?") == ["+CME ERROR: 850"]


def test_a_small_spoilt_package_is_tried_again_in_its_time() -> None:
    """It comes, and is found to be spoilt, in the step in which a percentage is told."""
    driver = module("ML307R-DL")
    spoilt = answer(make_package("ML307R-DL", "*", "NEW", mini=True, size=600)[:-1] + b"?")
    driver.ask("AT+MFWUPGRADE")
    driver.world.peer_sends(FW, spoilt)
    driver.wait(30)
    assert driver.take() == b"\r\n+MFWUPGRADE: 1,0\r\n"
    driver.world.peer_sends(FW, spoilt)
    assert driver.take() == b"\r\n+MFWUPGRADE: 1,4\r\n"
    driver.wait(299)
    assert driver.take() == b""
    assert not driver.world.peers
    driver.wait(2)
    assert driver.take() == b"\r\n+MFWUPGRADE: 1,4\r\n"


def test_a_percentage_that_was_never_told() -> None:
    """As a changed NV may have it: it goes on, to a hundred."""
    driver = module("ML307R-DL")
    driver.modem.keeping.keeper(FIRMWARE).order = UpgradeOrder(mini=True, revision="NEW", percent=99)
    driver.supply(on=False)
    driver.supply(on=True)
    driver.wait(400)
    assert driver.take().startswith(b"\r\n+MFWUPGRADE: 1,99\r\n\r\n+MFWUPGRADE: 1,100\r\n\r\n+MFWUPGRADE: 2\r\n")


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_no_login_is_in_a_trace(size: int) -> None:
    """Not in base64 either, whatever pieces it leaves in."""
    words, shown = MaskedHttpWords(), b""
    request = b"GET / HTTP/1.1\r\nHost: h\r\nauthorization: Basic dTpw\r\nX: y\r\n\r\n"
    for start in range(0, len(request), size):
        shown += words.sent(request[start : start + size]).data
    assert shown == request.replace(b"Basic dTpw", b"*" * 10)
