"""Downloads into files, where something else happens to the instance, the file or the store meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from onemo.families.http.clients import HttpClients
from onemo.modem.filestore import FileStore, store_of
from onemo.modem.intents import Intent, Store

from tests.support.driver import Driver

FIRST, SECOND = ("httpid", 0), ("httpid", 1)
REQUEST = 'AT+MHTTPREQUEST=0,1,0,"/","/f"'
DOWNLOAD = 'AT+MHTTPDLFILE="http://h","/f"'


def stored(driver: Driver) -> FileStore:
    return store_of(driver.modem.keeping)


class SlowMemory:
    """A memory that has written nothing down before it is told to."""

    def __init__(self, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        self._driver = driver
        self._waits: list[Intent] = []
        carry_out = driver.world.answers.carry_out
        monkeypatch.setattr(
            driver.world.answers,
            "carry_out",
            lambda intent: self._waits.append(intent) if isinstance(intent, Store) else carry_out(intent),
        )

    def finish(self, *, done: bool = True) -> None:
        waits, self._waits = self._waits, []
        for intent in waits:
            self._driver.complete(intent, done)


@pytest.fixture
def driver() -> Iterator[Driver]:
    driver = Driver("ML307R", consoles=2).boot()
    driver.ask('AT+MHTTPCREATE="http://h"')
    yield driver
    assert not driver.modem.intents


def on_second(driver: Driver, line: str) -> bytes:
    """Ask on another console, whose answer it is."""
    driver.go_to(1)
    driver.ask("ATE0")
    answer = driver.ask(line)
    driver.go_to(0)
    return answer


def test_the_request_begins_when_the_file_is_written_down(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = SlowMemory(driver, monkeypatch)
    assert driver.ask(REQUEST) == b""
    assert FIRST not in driver.world.peers
    memory.finish()
    assert driver.take() == b"\r\nOK\r\n"
    assert FIRST in driver.world.peers


def test_nothing_is_left_of_a_file_that_cannot_be_written_down(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = SlowMemory(driver, monkeypatch)
    for line in (REQUEST, DOWNLOAD):
        assert driver.ask(line) == b""
        memory.finish(done=False)
        assert driver.take() == b"\r\n+CME ERROR: 658\r\n"
        assert not stored(driver).is_file("/f")
        assert not stored(driver).is_open("/f")
    assert not driver.world.peers


@pytest.mark.parametrize(
    ("line", "meanwhile", "number"),
    [(REQUEST, "AT+MHTTPDEL=0", 652), (REQUEST, 'AT+MHTTPREQUEST=0,1,0,"/"', 653)],
)
def test_another_console_has_the_instance_meanwhile(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, line: str, meanwhile: str, number: int
) -> None:
    memory = SlowMemory(driver, monkeypatch)
    assert driver.ask(line) == b""
    assert on_second(driver, meanwhile).endswith(b"\r\nOK\r\n")
    memory.finish()
    assert driver.take() == b"\r\n+CME ERROR: %d\r\n" % number
    assert not stored(driver).is_open("/f")


def test_the_store_says_that_it_is_full_in_the_midst(driver: Driver) -> None:
    driver.ask(REQUEST)
    driver.world.peer_sends(FIRST, b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + bytes(4000))
    driver.take()
    stored(driver).most_free = 0
    driver.world.peer_sends(FIRST, bytes(200))
    assert driver.take() == b'\r\n+MHTTPURC: "err",0,10\r\n'
    assert stored(driver).size("/f") == 4096
    assert not stored(driver).is_open("/f")


def test_a_download_leaves_nothing_behind(driver: Driver) -> None:
    """Neither its id nor its settings, whichever way it ends."""
    for end in ("reset", "context", "term", "full"):
        assert driver.ask('AT+MHTTPDLFILE="http://h","/f",1,,,3') == b"\r\nOK\r\n"
        assert len(list(driver.modem.part(HttpClients))) == 2
        if end == "term":
            driver.ask("AT+MHTTPTERM")
        elif end == "context":
            driver.world.drop_context(1)
            driver.take()
            driver.ask("AT+MIPCALL=1,1")
        elif end == "full":
            driver.world.peer_sends(SECOND, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
        else:
            driver.world.peer_sends(SECOND, b"no HTTP")
        driver.take()
        assert [client.httpid for client in driver.modem.part(HttpClients)] == [0], end
        assert not stored(driver).is_open("/f")
        driver.ask('AT+MHTTPCREATE="http://h"')
        assert driver.answer('AT+MHTTPCFG="ssl",1') == ['+MHTTPCFG: "ssl",1,0', "OK"]
        driver.ask("AT+MHTTPDEL=1")


@pytest.mark.parametrize(("line", "key"), [(REQUEST, FIRST), (DOWNLOAD, SECOND)])
def test_a_body_that_cannot_be_written_down_at_the_end(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, line: str, key: tuple[str, int]
) -> None:
    """The file is as it was when the transfer began, and what comes later is written down."""
    driver.ask('AT+MFPUT="/f",3,"old"')
    driver.ask(line)
    memory = SlowMemory(driver, monkeypatch)
    driver.world.peer_sends(key, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
    assert b'"header"' in driver.take()
    memory.finish(done=False)
    assert driver.take() == b'\r\n+MHTTPURC: "err",%d,10\r\n' % key[1]
    assert (stored(driver).size("/f"), stored(driver).is_open("/f")) == (0, False)
    assert driver.ask('AT+MFPUT="/g",1,"g"') == b""
    memory.finish()
    assert driver.take().endswith(b"OK\r\n")
    assert driver.ask("AT+MHTTPDEL=0").endswith(b"OK\r\n")


@pytest.mark.parametrize("done", [True, False])
def test_a_request_that_is_ended_while_its_body_is_written_down(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    driver.ask(REQUEST)
    memory = SlowMemory(driver, monkeypatch)
    driver.world.peer_sends(FIRST, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
    driver.take()
    assert driver.ask("AT+MHTTPTERM=0") == b"\r\nOK\r\n"
    memory.finish(done=done)
    assert driver.take() == b""
    assert stored(driver).size("/f") == (3 if done else 0)
    assert driver.ask("AT+MHTTPDEL=0") == b"\r\nOK\r\n"
