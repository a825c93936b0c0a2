"""The sandbox's FTP server from outside: from any thread, and as the operations of the API and ctl have it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import pytest
import serial
from onemo.errors import FaultError, UsageError
from onemo.runtime.desk.ftp import OPERATIONS, ServedEntry
from onemo.runtime.hosted import Hosted, HostedModule

LIST, PUT, GET, DELETE = OPERATIONS


@pytest.fixture
def module() -> Iterator[HostedModule]:
    with Hosted() as hosted:
        yield hosted.start("ML307R", sandbox=True)


def test_files_there_and_back(module: HostedModule) -> None:
    module.ftp["/log/a.txt"] = b"hi"
    with serial.serial_for_url(module.url, timeout=10) as port:
        for line, answer in (
            ('AT+MFTPCONN=0,"ftp.example.com"', b"+MFTPCONN: 0,0\r\n"),
            ('AT+MFTPRETR=0,"/log/a.txt"', b"+MFTPRETR: 0,0,2,2,hi\r\n"),
            ('AT+MFTPSTOR=0,"up",1,3,"abc"', b"+MFTPSTOR: 0,0,3\r\n"),
        ):
            port.write(line.encode() + b"\r")
            assert port.read_until(answer).endswith(answer)
    assert dict(module.ftp) == {"/log/a.txt": b"hi", "/up": b"abc"}
    assert module.ftp.entries[0] == ServedEntry("/log", None)
    module.ftp["/deep" * 2000 + "/f"] = b""
    assert len(module.ftp) == 3
    del module.ftp["/deep" * 2000 + "/f"], module.ftp["/up"]
    assert list(module.ftp) == ["/log/a.txt"]
    with pytest.raises(KeyError):
        module.ftp["/up"]
    with pytest.raises(KeyError):
        del module.ftp["/log"]


@pytest.mark.parametrize("path", ["a", "/", "/a/../b", "/a//b", "/a\n", "/log/a.txt/b", "/log"])
def test_what_is_no_path(module: HostedModule, path: str) -> None:
    module.ftp["/log/a.txt"] = b"hi"
    with pytest.raises(UsageError):
        module.ftp[path] = b""


def test_operations(module: HostedModule) -> None:
    data = bytes(range(256)) * 200
    for offset in (0, 32768):
        piece = b64encode(data[offset : offset + 32768]).decode()
        PUT.act(module, PUT.read({"path": "/f", "offset": offset, "size": len(data), "data": piece}))
    assert module.ftp["/f"] == data
    assert GET.act(module, GET.read({"path": "/f", "offset": 51000})) == (
        "/f",
        len(data),
        51000,
        b64encode(data[51000:]).decode(),
    )
    for wrong in ({"offset": 7, "data": "", "size": 7}, {"data": "%", "size": 1}, {"data": "", "size": 1}):
        with pytest.raises((UsageError, FaultError)):
            PUT.act(module, PUT.read({"path": "/f", **wrong}))
    module.ftp["/log/a/b"] = module.ftp["/logs"] = b"hi"
    DELETE.act(module, DELETE.read({"path": "/log/"}))
    assert list(module.ftp) == ["/f", "/logs"]
    for none in ("/", "/log/", "/logs/", "/log"):
        with pytest.raises(UsageError):
            DELETE.act(module, DELETE.read({"path": none}))
    del module.ftp["/logs"]
    assert DELETE.act(module, DELETE.read({"path": "/f"})) == ()
    with pytest.raises(UsageError):
        GET.act(module, GET.read({"path": "/f"}))
    assert LIST.act(module, {}) == ()


def test_pieces_are_added_where_the_file_is(module: HostedModule) -> None:
    """None of them copies what came before, else a large file took for ever."""
    module.ftp.put("/f", b"ab")
    kept = module.ftp.act(lambda files: files.file("/f"))
    module.ftp.put("/f", b"cd", 2)
    assert bytes(kept) == b"abcd"
    for offset in (3, 5):
        with pytest.raises(UsageError, match="begin again with offset=0"):
            module.ftp.put("/f", b"e", offset)
    module.ftp["/f"] = b"new"
    assert (bytes(kept), module.ftp["/f"]) == (b"abcd", b"new")


@pytest.mark.parametrize("path", ["/\ud800", "/a\udc00", "/a\nb", "/a/../b", "a", "/"])
def test_names_that_no_file_can_have(module: HostedModule, path: str) -> None:
    """What cannot be sent to a client does not get in, where a list of it would end the emulator."""
    with pytest.raises(UsageError, match="no path of a file"):
        module.ftp[path] = b"x"
    assert list(module.ftp) == []


def test_without_a_sandbox() -> None:
    with Hosted() as hosted, pytest.raises(UsageError, match="--sandbox"):
        list(hosted.start("ML307R").ftp)
