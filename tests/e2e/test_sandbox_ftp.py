"""The sandbox's FTP server: with the module's client, and with the standard library's."""

from __future__ import annotations

import io
from ftplib import FTP, Error

import pytest
import trio
from onemo.net.interface import Transport
from onemo.net.sandbox import Sandbox

from tests.e2e.conftest import Start


def test_a_module_with_the_sandbox_alone(start: Start) -> None:
    with start("ML307R", "--sandbox").awake() as dte:
        dte.ask('AT+MFTPCONN=0,"ftp.example.com","who","ever"', "OK", "+MFTPCONN: 0,0")
        dte.ask('AT+MFTPLIST=0,"/"', "OK", "+MFTPLIST: 0,14")
        dte.ask('AT+MFTPMKD=0,"log"', "OK", "+MFTPMKD: 0,0")
        dte.ask('AT+MFTPCWD=0,"log"', "OK", "+MFTPCWD: 0,0")
        dte.ask('AT+MFTPSTOR=0,"a.txt",0,3,"abc"', "OK", "+MFTPSTOR: 0,0,3")
        dte.ask('AT+MFTPSTOR=0,"a.txt",1,3,"def"', "OK", "+MFTPSTOR: 0,0,3")
        dte.line('AT+MFTPLIST=0,"a.txt"')
        dte.until(rb'\+MFTPLIST: 0,0,"a.txt",6,20\d{12},"rw-"\r\n')
        dte.ask('AT+MFTPCONN=1,"other.example.com"', "OK", "+MFTPCONN: 1,0")
        dte.ask('AT+MFTPRETR=1,"/log/a.txt",,1,4', "OK", "+MFTPRETR: 1,0,4,4,bcde")
        dte.ask('AT+MFTPAPPE=1,"/log/a.txt",1,1,"!"', "OK", "+MFTPAPPE: 1,0,1")
        dte.ask('AT+MFTPRN=0,"a.txt","/b.txt"', "OK", "+MFTPRN: 0,0")
        dte.ask('AT+MFTPRETR=1,"b.txt"', "OK", "+MFTPRETR: 1,0,7,7,abcdef!")
        dte.ask('AT+MFTPDEL=1,"/log"', "OK", "+MFTPDEL: 1,0")
        dte.ask("AT+MFTPPWD=1", "OK", '+MFTPPWD: 1,0,"/"')
        for number in (0, 1):
            dte.ask(f"AT+MFTPDISC={number}", "OK", f"+MFTPDISC: {number},0", f'+MFTPURC: {number},"conn",0')
        dte.alive()


def _converse(port: int) -> None:
    with FTP() as client:
        client.connect("127.0.0.1", port, timeout=10)
        client.login("any", "one")
        client.mkd("a")
        data = bytes(range(256)) * 2000
        client.storbinary("STOR a/f", io.BytesIO(data))
        client.storbinary("STOR a/f", io.BytesIO(b"!"), rest=2)
        found = bytearray()
        client.retrbinary("RETR a/f", found.extend)
        assert bytes(found) == data[:2] + b"!"
        assert client.size("a/f") == 3
        assert client.nlst("a") == ["f"]
        client.cwd("a")
        assert client.pwd() == "/a"
        for refused in ("RETR none", "STOR none/f", "DELE /a", "RMD /", "NONSENSE", "RNTO x"):
            with pytest.raises(Error):
                client.storbinary(refused, io.BytesIO(b"")) if "/f" in refused else client.voidcmd(refused)
        client.rename("f", "g")
        client.delete("g")
        client.cwd("..")
        client.rmd("a")
        assert client.nlst() == []
        client.quit()


async def test_another_client() -> None:
    sandbox = Sandbox()
    async with trio.open_nursery() as nursery:
        await nursery.start(sandbox.run)
        _, port = sandbox.endpoint(Transport.TCP, 21)
        await trio.to_thread.run_sync(_converse, port)
        nursery.cancel_scope.cancel()
