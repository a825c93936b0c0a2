"""Whatever a server says, a session goes on or ends; any file, in any pieces, arrives whole."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from onemo.families.ftp.listing import read_list
from onemo.families.ftp.words import FtpWords
from onemo.families.sockets.connection import Loss

from tests.unit.families.test_ftp import DATA, KEY, OPENED, connected, says

COMMANDS = (
    'AT+MFTPCWD=0,"a"',
    "AT+MFTPPWD=0",
    'AT+MFTPLIST=0,"a"',
    'AT+MFTPDEL=0,"a"',
    'AT+MFTPRN=0,"a","b"',
    'AT+MFTPRETR=0,"a",,1',
    'AT+MFTPRETR=0,"a",,,3',
    'AT+MFTPSTOR=0,"a",1,3,"abc"',
    'AT+MFTPSTOR=0,"a",0,3,"abc"',
    "AT+MFTPDISC=0",
)
WORDS = st.sampled_from(
    [
        b"150 ok\r\n",
        b"200 ok\r\n",
        b"226 ok\r\n",
        b"227 (127,0,0,1,1,1)\r\n",
        b"229 (|||77|)\r\n",
        b"250-a\r\n",
        b"250 b\r\n",
        b'257 "/"\r\n',
        b"350 go\r\n",
        b"421 end\r\n",
        b"426 no\r\n",
        b"550 no\r\n",
        b"999 no\r\n",
        b"what\r\n",
        b"\r\n",
    ]
)
SAID = st.lists(st.one_of(WORDS, st.binary(max_size=30)), max_size=12)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(COMMANDS), SAID, st.lists(st.binary(max_size=40), max_size=3), st.booleans())
def test_any_server(command: str, said: list[bytes], data: list[bytes], ends: bool) -> None:
    """A command has one result, in the end."""
    driver = connected()
    told = driver.ask(command)
    for each in said:
        if KEY in driver.world.peers:
            driver.world.peer_sends(KEY, each)
        if DATA in driver.world.peers:
            for piece in data:
                driver.world.peer_sends(DATA, piece)
            if ends and DATA in driver.world.peers:
                driver.world.peer_ends(DATA, Loss.PEER_CLOSED)
    driver.wait(200)
    told += driver.take()
    name = command[2:].partition("=")[0].encode()
    assert told.startswith(b"\r\nOK\r\n")
    assert re.search(re.escape(name) + rb": 0,\d+", told)
    assert driver.answer("AT+MFTPSTATE=0")[0][-1] in "013"
    driver.ask("AT+MFTPDISC=0")
    driver.wait(200)
    assert driver.take().count(b'"conn"') <= 1
    assert driver.answer("AT+MFTPSTATE=0") == ["+MFTPSTATE: 0,0", "OK"]
    assert not driver.world.peers


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(st.binary(min_size=1, max_size=100), st.binary(min_size=4000, max_size=13000)),
    st.lists(st.integers(1, 5000), min_size=1, max_size=5),
    st.integers(0, 9000),
)
def test_any_file_arrives_whole(body: bytes, sizes: list[int], length: int) -> None:
    driver = connected()
    driver.ask(f'AT+MFTPRETR=0,"f",,,{length}')
    says(driver, OPENED, b"150 ok\r\n")
    position = turn = 0
    while position < len(body) and DATA in driver.world.peers:
        size = sizes[turn % len(sizes)]
        driver.world.peer_sends(DATA, body[position : position + size])
        position, turn = position + size, turn + 1
    if DATA in driver.world.peers:
        driver.world.peer_ends(DATA, Loss.PEER_CLOSED)
    driver.world.peer_sends(KEY, b"226 done\r\n")
    told, wanted, found = driver.take(), body[:length] if length else body, b""
    while told:
        head = re.match(rb"\r\n\+MFTPRETR: 0,0,(\d+),(\d+),", told)
        assert head is not None
        found += told[head.end() : head.end() + int(head[2])]
        assert int(head[1]) == len(found)
        told = told[head.end() + int(head[2]) :]
        assert told.startswith(b"\r\n")
        told = told[2:]
        assert int(head[2]) == 4096 or not told
    assert found == wanted


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_list_and_any_words(data: bytes) -> None:
    try:
        read_list(data, 1_700_000_000.0)
    except ValueError:
        pass
    words = FtpWords()
    assert len(words.sent(data).data) == len(data)
    words.received(data)
