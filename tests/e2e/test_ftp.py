"""The FTP client against a real server: pyftpdlib on loopback."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.ftpservers import ftp_server
from tests.e2e.peers import IPV4, IPV6
from tests.e2e.sinks import escape
from tests.e2e.started import Started
from tests.e2e.test_files import digest

STORE = 8 << 20
LARGE = 50_000_000


class Ftp(NamedTuple):
    """A module, a DTE, and the folder and port of a server."""

    module: Started
    dte: Dte
    folder: Path
    port: int


def connect(dte: Dte, port: int, host: str = IPV4, number: int = 0) -> None:
    dte.ask(f'AT+MFTPCONN={number},"{host}","uftp","12341",{port}', "OK", f"+MFTPCONN: {number},0")


@pytest.fixture
def ftp(start: Start, tmp_path: Path) -> Iterator[Ftp]:
    folder = tmp_path / "served"
    folder.mkdir()
    module = start("ML307R", "--file-store", str(STORE))
    with ftp_server(folder) as port, module.awake() as dte:
        connect(dte, port)
        yield Ftp(module, dte, folder, port)
        dte.alive()


def free(dte: Dte) -> None:
    """Wait until no command runs."""
    while True:
        dte.line("AT+MFTPSTATE=0")
        if b" 0,1\r\n" in dte.until(rb"\+MFTPSTATE: 0,\d\r\n\r\nOK\r\n"):
            return


def downloaded(dte: Dte, name: str, size: int) -> bytes:
    """Download a file through the line; its digest."""
    found, total = hashlib.sha256(), 0
    dte.ask(f'AT+MFTPRETR=0,"{name}"', "OK")
    while total < size:
        head = dte.until(rb"\r\n\+MFTPRETR: 0,0,\d+,\d+,", within=60)
        total, count = map(int, head.split(b",")[2:4])
        found.update(dte.count(count))
        dte.reads(b"\r\n")
    assert total == size
    return found.digest()


def test_a_session(ftp: Ftp) -> None:
    """Directories, an upload in the line, a list, a download, renaming and deleting."""
    dte = ftp.dte
    dte.ask('AT+MFTPMKD=0,"test"', "OK", "+MFTPMKD: 0,0")
    dte.ask('AT+MFTPCWD=0,"/test"', "OK", "+MFTPCWD: 0,0")
    dte.ask("AT+MFTPPWD=0", "OK", '+MFTPPWD: 0,0,"/test"')
    dte.ask('AT+MFTPLIST=0,"/test"', "OK", "+MFTPLIST: 0,14")
    dte.ask('AT+MFTPSTOR=0,"2.txt",1,10,"1111111111"', "OK", "+MFTPSTOR: 0,0,10")
    assert (ftp.folder / "test/2.txt").read_bytes() == b"1" * 10
    dte.ask('AT+MFTPMKD=0,"sub"', "OK", "+MFTPMKD: 0,0")
    dte.line('AT+MFTPLIST=0,"/test"')
    told = dte.until(rb"\r\n\+MFTPLIST: [^\r]*\r\n", 2)
    assert re.search(rb'\+MFTPLIST: 0,0,"2.txt",10,20\d{10}00,"rw-"\r\n', told)
    assert b'+MFTPLIST: 0,0,"sub","rwx"\r\n' in told
    dte.ask('AT+MFTPRN=0,"2.txt","3.txt"', "OK", "+MFTPRN: 0,0")
    dte.ask('AT+MFTPRETR=0,"3.txt",,5', "OK", "+MFTPRETR: 0,0,5,5,11111")
    dte.ask('AT+MFTPRETR=0,"3.txt",,5,2', "OK", "+MFTPRETR: 0,0,2,2,11")
    dte.ask('AT+MFTPRETR=0,"2.txt"', "OK", "+MFTPRETR: 0,10")
    for name in ("3.txt", "sub"):
        dte.ask(f'AT+MFTPDEL=0,"{name}"', "OK", "+MFTPDEL: 0,0")
    dte.ask('AT+MFTPDEL=0,"sub"', "OK", "+MFTPDEL: 0,10")
    assert not list((ftp.folder / "test").iterdir())
    dte.ask("AT+MFTPDISC=0", "OK", "+MFTPDISC: 0,0", '+MFTPURC: 0,"conn",0')


def test_wrong_password_and_none(ftp: Ftp) -> None:
    ftp.dte.ask(f'AT+MFTPCONN=1,"{IPV4}","uftp","no",{ftp.port}', "OK", "+MFTPCONN: 1,10", within=20)
    ftp.dte.ask(f'AT+MFTPCONN=1,"{IPV4}",,,{ftp.port}', "OK", "+MFTPCONN: 1,0")
    ftp.dte.ask(f'AT+MFTPCONN=2,"{IPV4}",,,1', "OK", "+MFTPCONN: 2,11")


def test_uploads_of_every_form(ftp: Ftp) -> None:
    dte, file = ftp.dte, ftp.folder / "f"
    dte.line('AT+MFTPSTOR=0,"f",1,5')
    dte.reads(b"\r\n>")
    dte.write(b"BBBBB")
    dte.hears("OK", "+MFTPSTOR: 0,0,5")
    dte.line('AT+MFTPAPPE=0,"f",1')
    dte.reads(b"\r\n>")
    dte.write(b"bbbbb\x1a")
    dte.hears("OK", "+MFTPAPPE: 0,0,5")
    assert file.read_bytes() == b"BBBBBbbbbb"
    dte.ask('AT+MFTPSTOR=0,"f",0,3,"abc"', "OK", "+MFTPSTOR: 0,0,3")
    dte.ask('AT+MFTPSTOR=0,"f",1,3,"def"', "OK", "+MFTPSTOR: 0,0,3")
    assert file.read_bytes() == b"abcdef"
    data = random.Random(3).randbytes(300_000)
    dte.line('AT+MFTPSTOR=0,"f"')
    dte.reads(b"\r\nCONNECT\r\n")
    dte.write(data)
    escape(dte)
    free(dte)
    assert file.read_bytes() == data
    dte.ask('AT+MFTPSTOR=0,"no/where",1,1,"a"', "OK", "+MFTPSTOR: 0,10,0")
    dte.ask('AT+MFTPSTOR=0,"no/where"', "+CME ERROR: 812")


def test_from_and_to_the_store(ftp: Ftp) -> None:
    dte = ftp.dte
    data = random.Random(4).randbytes(100_000)
    (ftp.folder / "f").write_bytes(data)
    dte.ask('AT+MFTPCFG=0,"local_fs",1', "OK")
    dte.ask('AT+MFTPRETR=0,"f","/usr/f"', "OK", "+MFTPRETR: 0,0,100000,100000")
    digest(dte, "/usr/f", data)
    dte.ask('AT+MFTPRETR=0,"f","/usr/f",5,7', "OK", "+MFTPRETR: 0,0,7,7")
    digest(dte, "/usr/f", data[5:12])
    dte.ask('AT+MFTPAPPE=0,"f","/usr/f"', "OK", "+MFTPAPPE: 0,0,7")
    assert (ftp.folder / "f").read_bytes() == data + data[5:12]


def test_a_download_in_pieces(ftp: Ftp) -> None:
    data = random.Random(5).randbytes(100_000)
    (ftp.folder / "f").write_bytes(data)
    assert downloaded(ftp.dte, "f", len(data)) == hashlib.sha256(data).digest()
    ftp.dte.ask('AT+MFTPRETR=0,"f",,1,8192', "OK")
    first = ftp.dte.until(rb"\r\n\+MFTPRETR: 0,0,4096,4096,")
    assert first
    assert ftp.dte.count(4096) == data[1:4097]
    ftp.dte.reads(b"\r\n\r\n+MFTPRETR: 0,0,8192,4096," + data[4097:8193] + b"\r\n")


@pytest.mark.parametrize("options", [{"masquerade": "192.0.2.1"}, {"lacks": ["PASV"]}, {"host": IPV6}])
def test_other_ways_to_the_data(start: Start, tmp_path: Path, options: dict[str, object]) -> None:
    """A server that tells a wrong address, one that has EPSV alone, and IPv6."""
    with ftp_server(tmp_path, **options) as port, start("ML307R").awake() as dte:
        connect(dte, port, str(options.get("host", IPV4)))
        dte.ask('AT+MFTPSTOR=0,"f",1,3,"abc"', "OK", "+MFTPSTOR: 0,0,3")
        assert (tmp_path / "f").read_bytes() == b"abc"


def test_routes_lead_both_connections(start: Start, tmp_path: Path) -> None:
    with ftp_server(tmp_path) as port, start("ML307R", "--route", f"198.51.100.7={IPV4}").awake() as dte:
        connect(dte, port, "198.51.100.7")
        dte.ask('AT+MFTPSTOR=0,"f",1,3,"abc"', "OK", "+MFTPSTOR: 0,0,3")
        assert (tmp_path / "f").read_bytes() == b"abc"


def grown(module: Started, before: int) -> int:
    return (module.status("VmHWM") - before) * 1024


@pytest.mark.slow
def test_a_large_file_down_and_up_through_the_line(ftp: Ftp) -> None:
    data = random.Random(50).randbytes(LARGE)
    (ftp.folder / "large").write_bytes(data)
    before = ftp.module.status("VmHWM")
    assert downloaded(ftp.dte, "large", LARGE) == hashlib.sha256(data).digest()
    ftp.dte.line('AT+MFTPSTOR=0,"again"')
    ftp.dte.reads(b"\r\nCONNECT\r\n")
    for start in range(0, LARGE, 65536):
        ftp.dte.write(data[start : start + 65536])
    escape(ftp.dte)
    free(ftp.dte)
    assert hashlib.sha256((ftp.folder / "again").read_bytes()).digest() == hashlib.sha256(data).digest()
    assert grown(ftp.module, before) < 4_000_000


@pytest.mark.slow
def test_a_large_file_into_and_out_of_the_store(ftp: Ftp) -> None:
    size = 4 << 20
    data = random.Random(51).randbytes(size)
    (ftp.folder / "large").write_bytes(data)
    before = ftp.module.status("VmHWM")
    ftp.dte.ask('AT+MFTPCFG=0,"local_fs",1', "OK")
    ftp.dte.ask('AT+MFTPRETR=0,"large","/large"', "OK", f"+MFTPRETR: 0,0,{size},{size}", within=30)
    digest(ftp.dte, "/large", data)
    ftp.dte.ask('AT+MFTPSTOR=0,"again","/large"', "OK", f"+MFTPSTOR: 0,0,{size}", within=30)
    assert (ftp.folder / "again").read_bytes() == data
    assert grown(ftp.module, before) < 3 * size
