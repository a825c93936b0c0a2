"""docs/http.md: its dialogues are what a module and a server say."""

from __future__ import annotations

import re

from onemo.faults.presets import parse_faults

from tests.support.driver import Driver
from tests.support.httpurcs import told
from tests.support.pages import ROOT, blocks_of

PAGE = ROOT / "docs" / "http.md"
GUIDE = PAGE.read_text()
BLOCKS = [block.text for block in blocks_of(PAGE) if not block.language]
KEY = ("httpid", 0)


def test_its_dialogues() -> None:
    download, urcs, files, upload, chunks, _ = BLOCKS
    driver = Driver("ML305M").boot()
    for line in download.splitlines():
        assert driver.ask(line).endswith(b"\r\nOK\r\n"), line
    header = b"HTTP/1.1 200 OK\r\nContent-Type: a/bcdef\r\nContent-Length: 3000\r\n\r\n"
    driver.world.peer_sends(KEY, header + b"x" * 3000)
    shown = [f'+MHTTPURC: "{urc.kind}",{urc.httpid},{",".join(map(str, urc.numbers))},' for urc in told(driver.take())]
    assert shown == [re.sub(r"(HTTP/1.1 200 OK )?…$", "", line) for line in urcs.splitlines()]
    for line, httpid in zip(files.splitlines(), (0, 1), strict=True):
        assert driver.answer(line) == ["OK"]
        driver.world.peer_sends(("httpid", httpid), header + b"x" * 3000)
        assert driver.take().endswith((b'"download",3000,3000\r\n', b"+MHTTPDLFILE: 3000,3000,100\r\n"))
    for line in upload.splitlines():
        if line == ">":
            driver.type(b'{"temp":25.1}')
            assert driver.take() == b"\r\nOK\r\n"
        else:
            assert re.search(rb"OK\r\n$|>$", driver.ask(line)), line
    driver.world.peer_sends(KEY, b"HTTP/1.1 204 None\r\n\r\n")
    for line in chunks.splitlines():
        assert b"\r\nOK\r\n" in driver.ask(line), line


def test_the_pre_shared_key() -> None:
    driver = Driver("MN326").boot()
    for line in BLOCKS[-1].splitlines():
        assert driver.answer(line) == ["OK"], line


def test_the_settings_that_it_names() -> None:
    driver = Driver("ML305M").boot()
    driver.ask('AT+MHTTPCREATE="http://h"')
    named = re.findall(r"`(AT\+MHTTPCFG=[^`]+)`", GUIDE)
    assert len(named) > 3
    for line in named:
        assert driver.answer(line) == ["OK"], line


def test_its_faults_are_faults() -> None:
    (fault,) = re.findall(r"--fault '([^']+)'", GUIDE)
    assert parse_faults(fault)
