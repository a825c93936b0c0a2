"""aiocoap as the other side: a client at the sandbox's LwM2M server, and a server with a bootstrap for the module."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO

import pytest
from onemo.runtime.desk.lwm2m_desk import Lwm2mErrorAnswer
from onemo.runtime.hosted import Hosted

from tests.e2e.conftest import Start
from tests.e2e.guides import free_port
from tests.e2e.started import ROOT

pytestmark = pytest.mark.skipif(find_spec("aiocoap") is None, reason="aiocoap is not installed")


@contextmanager
def program(name: str, *words: str) -> Iterator[tuple[IO[str], IO[str]]]:
    """A program of this folder: what it reads and what it tells."""
    command = [sys.executable, str(ROOT / "tests" / "e2e" / "lwm2m" / name), *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdin, process.stdout
        finally:
            process.kill()


def test_a_client_at_the_sandboxs_server() -> None:
    with Hosted() as hosted:
        module = hosted.start(sandbox=True)
        place, ask = module.lwm2m.address, module.lwm2m
        with program("client.py", place.host, str(place.port)) as (orders, told):
            assert told.readline().startswith("2.01")
            (client,) = ask.clients
            assert (client.endpoint, client.lifetime, client.paths) == ("other;1", 60, ["/3300/0"])
            name = client.endpoint
            assert ask.read("/3300/0", endpoint=name) == "/3300/0/5700 21.5\n/3300/0/5750 meter"
            ask.write("/3300/0/5750", "x" * 1500, endpoint=name)
            assert ask.read("/3300/0/5750", endpoint=name) == "x" * 1500
            assert ask.observe("/3300/0/5700", endpoint=name) == "0"
            ask.execute("/3300/0/5605", endpoint=name)  # its answer is a separate one
            assert ask.read("/3300/0/5700", endpoint=name) == "1"
            assert [(each.path, each.text) for each in ask.notifications] == [("/3300/0/5700", "1")]
            ask.cancel("/3300/0/5700", endpoint=name)
            ask.execute("/3300/0/5605", endpoint=name)
            assert ask.read("/3300/0/5700", endpoint=name) == "2"
            assert len(ask.notifications) == 1
            with pytest.raises(Lwm2mErrorAnswer, match=r"4\.04"):
                ask.read("/9", endpoint=name)
            orders.close()
            assert told.readline() == "2.02 Deleted\n"
            assert ask.clients == []


def test_a_server_that_bootstraps_and_greets(start: Start) -> None:
    port = free_port(socket.SOCK_DGRAM)
    routes = [f"--route=nbiot{name}.heclouds.com:5683=127.0.0.1:{port}" for name in ("bt", "acc")]
    with program("server.py", port) as (orders, told), start("MN316", *routes).awake() as dte:
        assert told.readline() == "ready\n"
        dte.ask("AT+MIPLCREATE", "+MIPLCREATE: 0", "OK")
        dte.ask('AT+MIPLADDOBJ=0,3200,1,"1",0,1', "OK")
        dte.ask('AT+MIPLDISCOVERRSP=0,3200,1,14,"5500;5501;5750"', "OK")
        dte.ask("AT+MIPLOPEN=0,3000,30", "OK", "+MIPLEVENT: 0,2", "+MIPLEVENT: 0,6")
        name = "001017000000011;460001234567890"
        links = '</>;rt="oma.lwm2m",</3/0>,</3200/0>'
        heard = [told.readline().rstrip() for _ in range(8)]
        assert heard[0] == f"bootstrap ep={name}"
        assert [each.rsplit(" ", 1)[0] for each in heard[1:4]] == [
            "DELETE 0 2.02", "PUT 0/1 2.04", "POST bs 2.04",
        ]  # fmt: skip
        assert heard[4] == f"registered ep={name} lt=3000 lwm2m=1.0 b=U {links}"
        assert heard[5].startswith("GET 3200/0 2.05")
        assert bytes.fromhex(heard[6].split()[-1]).decode().startswith("</3200>,</3200/0>,</3200/0/5500>")
        assert heard[7].startswith("GET 3/0 2.05 11542 c400434d4343")
        dte.until(rb"\+MIPLREAD: 0,\d+,3,0,-1\r\n")
        dte.ask('AT+MIPLNOTIFY=0,0,3200,0,5501,3,3,"-12",0,0,7', "OK", "+MIPLEVENT: 0,26,7")
        assert told.readline() == "notified 3200/0 11542 e1157df4\n"
        orders.write("GET 1 /3200/0 accept=11542\n")
        urc = dte.until(rb"\+MIPLREAD: 0,\d+,3200,0,-1\r\n")
        mid = re.findall(rb"READ: 0,(\d+)", urc)[0].decode()
        for line in ('5500,5,1,"0",2,1', '5501,3,3,"-12",1,2', '5750,1,4,"test",0,0'):
            dte.ask(f"AT+MIPLREADRSP=0,{mid},1,3200,0,{line}", "OK")
        assert told.readline() == "GET /3200/0 2.05 11542 e1157c00e1157df4e4167674657374\n"
        orders.write("PUT 1 /3200/0 11542 e2157d0744e4167674657374\n")
        urc = dte.until(rb"\+MIPLWRITE: 0,\d+,3200,0,5750,1,4,test,0\r\n")
        assert b",3200,0,5501,3,4,1860,1\r\n" in urc
        mid = re.findall(rb"WRITE: 0,(\d+)", urc)[0].decode()
        dte.ask(f"AT+MIPLWRITERSP=0,{mid},2", "OK")
        assert told.readline().startswith("PUT /3200/0 2.04")
        dte.ask("AT+MIPLUPDATE=0,600,1", "OK", "+MIPLEVENT: 0,11")
        assert told.readline() == f"updated lt=600 b=U {links}\n"
        dte.ask("AT+MIPLCLOSE=0", "OK", "+MIPLEVENT: 0,15")
        assert told.readline() == "gone\n"
