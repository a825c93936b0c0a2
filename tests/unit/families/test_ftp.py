"""The FTP client beyond its dialogues: replies, lists, passwords, consoles, back-pressure, and what is let go of."""

from __future__ import annotations

import time

import pytest
from onemo.families.ftp.listing import read_list
from onemo.families.ftp.replies import NO_REPLY, FtpReply, ReplyReader, passive_port, told_path
from onemo.families.ftp.states import REFUSALS, TRANSITIONS, FtpEvent, FtpOperation, FtpState
from onemo.families.ftp.words import FtpWords
from onemo.families.sockets.connection import Loss
from onemo.modem.filestore import store_of

from tests.support.driver import Driver

KEY, DATA = ("ftp_id", 0), ("ftp_data", 0)
OPENED = b"200 ok\r\n227 (1,2,3,4,5,6)\r\n"
NOW = 1_700_000_000.0  # 2023-11-14


def connected(model: str = "ML307R", consoles: int = 1) -> Driver:
    """A module with a session."""
    driver = Driver(model, consoles=consoles).boot()
    driver.ask('AT+MFTPCONN=0,"h"')
    driver.world.peer_sends(KEY, b"220 hi\r\n")
    driver.world.peer_sends(KEY, b"230 in\r\n")
    assert driver.take() == b"\r\n+MFTPCONN: 0,0\r\n"
    driver.world.got(KEY)
    return driver


def says(driver: Driver, *replies: bytes) -> bytes:
    """What the module tells when the server says this."""
    for each in replies:
        for line in each.splitlines(keepends=True):
            driver.world.peer_sends(KEY, line)
    return driver.take()


def test_every_state_can_be_left_and_is_closed_in_the_end() -> None:
    for state in FtpState:
        assert any(before is state for before, _ in TRANSITIONS)
    assert all(after is FtpState.CLOSED for (_, event), after in TRANSITIONS.items() if event is FtpEvent.ENDED)
    assert {operation for operation, _ in REFUSALS} == set(FtpOperation)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (b"220 hi\r\n", [FtpReply(220, b"hi")]),
        (b"220\n", [FtpReply(220, b"")]),
        (b"220-hi\r\n220-no\r\n 220 no\r\n221 no\r\n220 end\r\n", [FtpReply(220, b"hi")]),
        (b"\r\n\r\n226 a\r\n", [FtpReply(226, b"a")]),
        (b"hello\r\n226 a\r\n", [NO_REPLY, FtpReply(226, b"a")]),
        (b"2260 a\r\n", [NO_REPLY]),
        (b"x" * 10_000 + b"\r\n226 a\r\n", [NO_REPLY, FtpReply(226, b"a")]),
    ],
)
def test_replies(said: bytes, found: list[FtpReply]) -> None:
    assert list(ReplyReader().feed(said)) == found
    reader = ReplyReader()
    assert [each for byte in said for each in reader.feed(bytes((byte,)))] == found


@pytest.mark.parametrize(
    ("text", "extended", "port"),
    [
        (b"Entering (127,0,0,1,200,10).", False, 51210),
        (b"127,0,0,1,0,21", False, 21),
        (b"(127,0,0,1,0,0)", False, None),
        (b"(127,0,0,1,256,1)", False, None),
        (b"ok", False, None),
        (b"(|||6446|)", True, 6446),
        (b"(!!!6446!)", True, 6446),
        (b"(|||0|)", True, None),
        (b"(|||65536|)", True, None),
        (b"(1,2,3,4,5,6)", True, None),
    ],
)
def test_ports(text: bytes, extended: bool, port: int | None) -> None:
    assert passive_port(FtpReply(227, text), extended=extended) == port


def test_paths() -> None:
    assert told_path(FtpReply(257, b'"/a ""b""" is it')) == b'/a "b"'
    assert told_path(FtpReply(257, b'"/a\rb"')) == b"/ab"
    assert told_path(FtpReply(257, b"/a")) is None


@pytest.mark.parametrize(
    "line",
    [
        b"-rw-r--r-- 1 u g 10 Foo 16 17:38 a",
        b"-rw-r--r-- 1 u g 10 Feb 30 17:38 a",
        b"-rw-r--r-- 1 u g 10 Aug 16 25:38 a",
        b"-rw-r--r-- 1 u g x Aug 16 17:38 a",
        b"-rw-r--r-- 1 u g 10 Aug 16 17:38 ",
        b"-rw-r--r-- 1 u g 10 Aug 16 0000 a",
        b"13-40-20  05:38PM <DIR> a",
        b"type=file;size=3; a",
        b"\xff\x00",
    ],
)
def test_lines_that_are_none(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"(Unix|day|hour|month|year|list)"):
        read_list(line + b"\r\n", NOW)


def test_blanks_without_end_take_no_time() -> None:
    begun = time.perf_counter()
    for line in (b"01-01-20  05:38" + b" " * 200_000 + b"x", b"-rw-r--r-- 1 u g" + b" " * 200_000 + b"x"):
        with pytest.raises(ValueError, match="Unix"):
            read_list(line, NOW)
    assert time.perf_counter() - begun < 2  # milliseconds; it was a quarter of an hour


def test_years() -> None:
    for day, year in ((b"Nov 14", 2023), (b"Nov 15", 2023), (b"Nov 17", 2022), (b"Dec  1", 2022), (b"Jan  1", 2023)):
        (entry,) = read_list(b"-rw-r--r-- 1 u g 10 %b 00:01 a\r\n" % day, NOW)
        assert entry.time[:4] == b"%d" % year, day


def test_words_hold_no_password() -> None:
    words = FtpWords()
    shown, told = bytearray(), list[str]()
    for byte in b"USER me\r\npass s3cret\r\nSTOR a\r\n":
        piece = words.sent(bytes((byte,)))
        shown += piece.data
        told += piece.words
    assert bytes(shown) == b"USER me\r\npass ******\r\nSTOR a\r\n"
    assert told == ["USER me", "PASS ***", "STOR a"]
    assert FtpWords().sent(b"PASS s3cret\r\n").data == b"PASS ******\r\n"
    assert list(words.received(b"331 go\r\nwhat\r\n230-in\r\n230 .\r\n").words) == ["331 go", "no FTP", "230 in"]


def test_a_download_holds_two_reads_while_the_dte_does_not_read() -> None:
    driver = connected()
    driver.ask('AT+MFTPRETR=0,"f"')
    says(driver, OPENED, b"150 ok\r\n")
    driver.line_room = 0
    driver.world.peer_sends(DATA, bytes(1_000_000))
    assert driver.modem.first.transmitter.size < 70_000
    assert sum(map(len, driver.world.peers[DATA].unread)) >= 1_000_000 - 2 * 65536
    driver.wait(100)  # nor is it silence
    driver.world.peer_ends(DATA, Loss.PEER_CLOSED)
    driver.read_more(2_000_000)
    driver.world.peer_sends(KEY, b"226 done\r\n")
    told = driver.take()
    assert told.endswith(b"+MFTPRETR: 0,0,1000000,576," + bytes(576) + b"\r\n")
    assert told.count(b"+MFTPRETR: 0,0,") == 245
    assert driver.answer("AT+MFTPSTATE=0") == ["+MFTPSTATE: 0,1", "OK"]


def test_the_end_of_a_session_comes_behind_the_last_piece() -> None:
    driver = connected()
    driver.ask('AT+MFTPRETR=0,"f"')
    says(driver, OPENED, b"150 ok\r\n")
    driver.world.peer_sends(DATA, b"abc")
    driver.world.peer_ends(DATA, Loss.PEER_CLOSED)
    driver.type(b"AT+MFTPSTOR=1")  # nothing is said while it is typed
    driver.ask("")
    driver.ask("ATE1")
    driver.type(b"AT")
    driver.world.peer_sends(KEY, b"226 done\r\n")
    driver.world.peer_ends(KEY, Loss.PEER_CLOSED)
    driver.type(b"\r")
    driver.wait(1)
    assert driver.take().endswith(b'\r\n+MFTPRETR: 0,0,3,3,abc\r\n\r\n+MFTPURC: 0,"conn",0\r\n')


def test_results_go_to_the_console_that_asked() -> None:
    driver = connected(consoles=2)
    driver.go_to(1)
    driver.ask("AT+MFTPPWD=0")
    says(driver, b'257 "/"\r\n')
    driver.wait(1)
    driver.go_to(0)
    assert driver.take() == b""
    assert driver.ask("AT+MFTPPWD=0") == b"\r\nOK\r\n"
    driver.go_to(1)
    assert driver.take() in (b"", b'\r\n+MFTPPWD: 0,0,"/"\r\n')


def test_disconnecting_ends_a_prompt_to_come_on_another_console() -> None:
    driver = connected(consoles=2)
    driver.ask('AT+MFTPSTOR=0,"f",1')
    driver.go_to(1)
    assert driver.ask("AT+MFTPPWD=0").startswith(b"\r\nOK\r\n")
    driver.ask("AT+MFTPDISC=0")
    driver.wait(0.1)
    driver.go_to(0)
    assert driver.take() == b"\r\n+CME ERROR: 812\r\n"
    says(driver, b"200 ok\r\n221 bye\r\n")
    driver.wait(1)
    assert driver.answer("AT+MFTPSTATE=0")[0] == "+MFTPSTATE: 0,0"


def test_an_entry_whose_session_ends() -> None:
    driver = connected()
    driver.ask('AT+MFTPSTOR=0,"f",1,3')
    says(driver, OPENED, b"150 ok\r\n")
    driver.world.peer_ends(KEY, Loss.BROKEN)
    assert driver.take() == b""
    driver.type(b"abc")
    driver.wait(1)
    assert driver.take() == b'\r\n+CME ERROR: 801\r\n\r\n+MFTPURC: 0,"conn",0\r\n'


@pytest.mark.parametrize("typed", [b"c", b"\x1b"])
def test_an_entry_while_another_console_sends_a_piece(typed: bytes) -> None:
    driver = connected(consoles=2)
    driver.ask('AT+MFTPSTOR=0,"f",0' + ",3" * (typed == b"c"))
    says(driver, OPENED, b"150 ok\r\n")
    driver.type(b"ab")
    driver.go_to(1)
    driver.world.peers[DATA].room = 0
    assert driver.ask('AT+MFTPSTOR=0,"f",0,3,"xyz"') == b"\r\nOK\r\n"
    driver.go_to(0)
    driver.type(typed)
    assert driver.take() == b"\r\nOK\r\n" + b"\r\n+MFTPSTOR: 0,4,0\r\n" * (typed == b"c")
    driver.world.take_more(DATA, None)
    driver.go_to(1)
    assert driver.take() == b"\r\n+MFTPSTOR: 0,0,3\r\n"
    assert driver.answer("AT+MFTPSTATE=0") == ["+MFTPSTATE: 0,3", "OK"]


def test_an_entry_does_not_go_into_another_file() -> None:
    driver = connected(consoles=2)
    driver.ask('AT+MFTPSTOR=0,"f",0')
    says(driver, OPENED, b"150 ok\r\n")
    driver.go_to(1)
    driver.ask('AT+MFTPSTOR=0,"f",1,3,"xyz"')
    says(driver, b"226 ok\r\n")
    driver.ask('AT+MFTPSTOR=0,"g",0,3,"uvw"')
    says(driver, b"227 (1,2,3,4,5,6)\r\n", b"150 ok\r\n")
    driver.go_to(0)
    driver.type(b"of f\x1a")
    assert driver.take() == b"\r\n+CME ERROR: 801\r\n"
    assert driver.world.got(DATA) == b"uvw"


def test_disconnecting_loses_no_result_that_waits_for_its_line() -> None:
    driver = connected(consoles=2)
    driver.ask('AT+MFTPRETR=0,"f"')
    says(driver, OPENED, b"150 ok\r\n")
    driver.line_room = 0
    driver.world.peer_sends(DATA, bytes(200_000))
    driver.world.peer_sends(KEY, b"451 broken\r\n")
    driver.go_to(1)
    driver.ask("AT+MFTPDISC=0")
    driver.world.peer_sends(KEY, b"221 bye\r\n")
    driver.go_to(0)
    driver.read_more(200_000)
    driver.wait(1)
    told = driver.take()
    assert b"+MFTPRETR: 0,0,131072," not in told
    assert b"\r\n+MFTPRETR: 0,10\r\n" in told
    assert told.endswith(b'\r\n+MFTPURC: 0,"conn",0\r\n')


@pytest.mark.parametrize("ended", [KEY, DATA])
def test_transparent_mode_that_breaks(ended: tuple[str, int]) -> None:
    driver = connected()
    driver.ask('AT+MFTPSTOR=0,"f"')
    assert says(driver, OPENED, b"150 ok\r\n") == b"\r\nCONNECT\r\n"
    driver.type(b"abc")
    driver.wait(1)
    driver.world.peer_ends(ended, Loss.PEER_CLOSED)
    driver.wait(1)
    told = driver.take()
    assert told.startswith(b"\r\n+MFTPSTOR: 0,17,3\r\n")
    assert told.endswith(b'"conn",0\r\n') is (ended is KEY)
    if ended is DATA:
        assert says(driver, b"426 broken\r\n") == b""
    assert driver.answer("AT+MFTPSTATE=0")[0] == f"+MFTPSTATE: 0,{int(ended is DATA)}"


def test_what_a_restart_leaves() -> None:
    driver = connected()
    driver.ask('AT+MFTPCFG=0,"local_fs",1')
    driver.ask('AT+MFTPRETR=0,"f","/f"')
    says(driver, OPENED, b"150 ok\r\n")
    driver.world.peer_sends(DATA, b"abc")
    assert driver.ask("AT+MREBOOT").count(b"OK") == 1
    driver.wait(60)
    driver.take()
    driver.ask("ATE0")
    assert driver.answer("AT+MFTPSTATE=0") == ["+MFTPSTATE: 0,0", "OK"]
    assert driver.answer('AT+MFTPCFG=0,"local_fs"') == ['+MFTPCFG: 0,"local_fs",0', "OK"]
    assert not store_of(driver.modem.keeping).is_open("/f")
    assert not driver.world.peers


def test_a_file_that_goes_up_is_read_as_it_leaves() -> None:
    driver = connected()
    store_of(driver.modem.keeping).put("/f", bytes(300_000))
    driver.ask('AT+MFTPCFG=0,"local_fs",1')
    driver.ask('AT+MFTPSTOR=0,"f","/f"')
    says(driver, OPENED)
    driver.world.peers[DATA].room = 1000
    says(driver, b"150 ok\r\n")
    assert sum(map(len, driver.world.peers[DATA].outbox)) < 70_000
    driver.world.take_more(DATA, None)
    assert says(driver, b"226 done\r\n") == b"\r\n+MFTPSTOR: 0,0,300000\r\n"
    assert len(driver.world.got(DATA)) == 300_000


def test_an_upload_that_does_not_move() -> None:
    driver = connected()
    driver.ask('AT+MFTPSTOR=0,"f",1,3,"abc"')
    says(driver, OPENED)
    driver.world.peers[DATA].room = 0
    says(driver, b"150 ok\r\n")
    driver.wait(30)
    assert driver.take() == b""
    assert says(driver, b"451 so what\r\n") == b"\r\n+MFTPSTOR: 0,10,0\r\n"


def test_a_long_list() -> None:
    driver = connected()
    line = b"-rw-r--r-- 1 u g 10 Aug 16  2020 " + b"n" * 60 + b"\r\n"
    driver.ask('AT+MFTPLIST=0,"/"')
    says(driver, OPENED, b"150 ok\r\n")
    driver.world.peer_sends(DATA, line * 5000)
    assert DATA not in driver.world.peers
    assert says(driver, b"426 broken\r\n") == b"\r\n+MFTPLIST: 0,15\r\n"


def test_a_server_that_says_other_things_does_not_keep_a_session_from_ending() -> None:
    driver = connected()
    assert driver.ask("AT+MFTPDISC=0") == b"\r\nOK\r\n"
    for _ in range(2):
        driver.wait(4)
        driver.world.peer_sends(KEY, b"200 wait\r\n")
    driver.wait(4)
    assert driver.take() == b'\r\n+MFTPDISC: 0,0\r\n\r\n+MFTPURC: 0,"conn",0\r\n'


def test_a_server_that_never_gets_ready() -> None:
    driver = Driver("ML307R").boot()
    driver.ask('AT+MFTPCONN=0,"h"')
    for _ in range(2):
        driver.wait(8)
        driver.world.peer_sends(KEY, b"120 wait\r\n")
    assert driver.take() == b"\r\n+MFTPCONN: 0,2\r\n"
