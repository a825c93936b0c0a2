"""Whatever a DTE types ends in ERROR, a +CME ERROR or nothing, and AT still answers."""

from __future__ import annotations

import random

import pytest

from tests.e2e.conftest import MODELS, Lend
from tests.e2e.dte import Dte
from tests.e2e.peers import Peers
from tests.e2e.test_connections import connect

ERROR, CME_50 = b"\r\nERROR\r\n", b"\r\n+CME ERROR: 50\r\n"
LINES = [
    (b"hello", ERROR),
    (b"aT", ERROR),
    (b"AT+", ERROR),
    (b"AT+NONSENSE", ERROR),
    (b"AT+NONSENSE=1", ERROR),
    (b"AT+MIPOPEN", ERROR),
    (b"AT+MIPOPEN?", ERROR),
    (b"AT+MIPSTATE?1", ERROR),
    (b"AT+MIPOPEN=", CME_50),
    (b"AT+MIPOPEN=?=", ERROR),
    (b"AT+MIPOPEN=0", CME_50),
    (b'AT+MIPOPEN=0,"TCP"', CME_50),
    (b'AT+MIPOPEN=0,"tcp","127.0.0.1",80', CME_50),
    (b'AT+MIPOPEN="0","TCP","127.0.0.1",80', CME_50),
    (b'AT+MIPOPEN=0,"TCP","127.0.0.1",80,60,0,0,0', CME_50),
    (b'AT+MIPOPEN=0,"TCP","127.0.0.1",65536', CME_50),
    (b'AT+MIPOPEN=-1,"TCP","127.0.0.1",80', CME_50),
    (b'AT+MIPOPEN=0x0,"TCP","127.0.0.1",80', CME_50),
    (b'AT+MIPOPEN=0,"TCP","' + b"x" * 256 + b'",80', CME_50),
    (b'AT+MIPOPEN=0,"TCP","",80', CME_50),
    (b'AT+MIPOPEN=0,"TCP', ERROR),
    (b'AT+MIPOPEN=0,TCP",80', ERROR),
    (b'AT+MIPOPEN=0,"TCP"x,80', ERROR),
    (b'AT+MIPOPEN="""', ERROR),
    (b'AT+MIPCFG="encoding",0,9,9', CME_50),
    (b'AT+MIPCFG="encoding",0,1', CME_50),
    (b'AT+MIPCFG="nonsense"', CME_50),
    (b"AT+MIPCFG=", CME_50),
    (b"AT+MIPSTATE=" + b"9" * 5000, CME_50),
    (b"AT+MIPSTATE=\xb2", CME_50),
    (b"AT+MIPSTATE=" + b"," * 8000, CME_50),
    (b"AT+MIPSTATE=" + b"," * 10000, ERROR),
    (b"AT" + b"+MIPSTATE=9;" * 500, CME_50),
    (b"AT;;+CGMM", ERROR),
    (b"ATE9", CME_50),
    (b"ATE%", ERROR),
    (b"AT\xff\xfe\x80\x00", ERROR),
    (b"AT+MIPSEND=0,5,hello", b"\r\n+CME ERROR: 550\r\n"),
    (b"AT" + b"(" * 8000, ERROR),
]


@pytest.mark.parametrize("model", MODELS)
def test_lines_that_are_no_commands(lend: Lend, model: str) -> None:
    with lend(model) as dte:
        for line, answer in LINES:
            dte.write(line + b"\r")
            dte.reads(answer)
        dte.alive()


@pytest.mark.parametrize("seed", range(3))
def test_binary_garbage(dte: Dte, peers: Peers, seed: int) -> None:
    chance = random.Random(seed)
    peer = connect(dte, peers)
    for _ in range(20):
        dte.write(chance.randbytes(5000))
    pieces = [*b'AT +MIPSEND +MIPCFG = ? " , ; 0 1 \\ A/'.split(), b"\r", b"\n", b"\0", b" "]
    for _ in range(200):
        dte.write(b"".join(chance.choices(pieces, k=40)))
    dte.write(b'"\r\rATE0\r\rAT+CGMM\r')
    dte.until(rb"\r\nML307R\r\n\r\nOK\r\n")
    peer.sendall(b"there?")
    dte.hears('+MIPURC: "rtcp",0,6,there?')
    dte.alive()


def test_a_line_that_does_not_end(dte: Dte) -> None:
    for byte in (b"x", b",", b'"', b"\0", b"\xff", b"\n", b"+"):
        for _ in range(64):
            dte.write(b"AT" + byte * 8190)
        dte.write(b"\r")
        dte.reads(ERROR)
        dte.alive()


def test_a_line_may_come_byte_by_byte(dte: Dte) -> None:
    for byte in b'  AT+MIPCFG = "encoding" , 0\r\n':
        dte.write(bytes([byte]))
    dte.hears('+MIPCFG: "encoding",0,0,0', "OK")


def test_the_last_line_repeats(dte: Dte) -> None:
    dte.ask("AT+CGMM", "ML307R", "OK")
    dte.write(b"A/A/a/")
    dte.hears(*["ML307R", "OK"] * 3)


def test_endings_of_every_kind(dte: Dte) -> None:
    dte.write(b"AT\r\nAT\r\r\nAT\r\n\n\nAT\r")
    dte.hears(*["OK"] * 4)
    dte.alive()
