"""A module at a real LwM2M server, of lwm2m-node-lib: its whole life there."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.guides import free_port
from tests.e2e.lwm2m_servers import NodeServer, needs_node_library
from tests.e2e.test_lwm2m_guide import SERVER

pytestmark = needs_node_library


def mid(dte: Dte, urc: str) -> str:
    """Wait for a URC, and return the message id in it."""
    found = re.search(rb"\+MIPL%b: 0,(\d+)," % urc.encode(), dte.until(rb"\+MIPL%b: [^\r]*\r\n" % urc.encode()))
    assert found is not None
    return found[1].decode()


def test_a_life(start: Start, tmp_path: Path) -> None:
    port = int(free_port(socket.SOCK_DGRAM))
    with (
        NodeServer(tmp_path, SERVER, port) as server,
        start("MN316", "--route", f"iot.example.com:5683=127.0.0.1:{port}").awake() as dte,
    ):
        dte.ask('AT+MIPLCREATEEX="iot.example.com",0', "+MIPLCREATEEX: 0", "OK")
        dte.ask('AT+MIPLCFG="platform",0,10,"meter-1"', "OK")
        dte.ask('AT+MIPLADDOBJ=0,3303,1,"1",0,0', "OK")
        dte.ask('AT+MIPLDISCOVERRSP=0,3303,1,14,"5700;5750;5605"', "OK")
        dte.ask("AT+MIPLOPEN=0,3000,30", "OK", "+MIPLEVENT: 0,6")
        server.tells('registered meter-1 3000 </>;rt="oma.lwm2m",</3/0>,</3303/0>')
        server.order("read 1 3 0 0")
        dte.until(rb"\+MIPLREAD: 0,\d+,3,0,0\r\n")
        server.tells("read 1 3 0 0 CMCC")
        server.order("read 1 3303 0 5700")
        dte.ask(f'AT+MIPLREADRSP=0,{mid(dte, "READ")},1,3303,0,5700,4,4,"30.6",0,0', "OK")
        server.tells("read 1 3303 0 5700 30.6")
        server.order("read 1 3303 0 5701")
        dte.ask(f"AT+MIPLREADRSP=0,{mid(dte, 'READ')},13", "OK")
        server.tells("read 1 3303 0 5701 RESOURCE_NOT_FOUND")
        server.order("write 1 3303 0 5750 in the cellar")
        dte.ask(f"AT+MIPLWRITERSP=0,{mid(dte, 'WRITE')},2", "OK")
        server.tells("write 1 3303 0 5750 in the cellar done")
        server.order("execute 1 3303 0 5605 now")
        dte.ask(f"AT+MIPLEXECUTERSP=0,{mid(dte, 'EXECUTE')},2", "OK")
        server.tells("execute 1 3303 0 5605 now done")
        server.order("observe 1 3303 0 5700")
        dte.until(rb"\+MIPLOBSERVE: 0,\d+,1,3303,0,5700\r\n")
        dte.ask('AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,"21.5",0,0', "OK")
        server.tells("observe 1 3303 0 5700 21.5")
        dte.ask('AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,"22.5",0,0', "OK")
        server.tells("notified /3303/0/5700 22.5")
        server.order("discover 1 3303 0 5700")
        dte.until(rb"\+MIPLDISCOVER: 0,\d+,3303\r\n")
        server.tells("discover 1 3303 0 5700 </3303/0/5700>")
        dte.ask("AT+MIPLUPDATE=0,600,0", "OK", "+MIPLEVENT: 0,11")
        server.tells("updated meter-1")
        dte.ask("AT+MIPLCLOSE=0", "OK", "+MIPLEVENT: 0,15")
        server.tells("gone meter-1")


def test_a_firmware_that_answers_late(start: Start, tmp_path: Path) -> None:
    """The server repeats its request, which the module tells once, and takes the late answer."""
    port = int(free_port(socket.SOCK_DGRAM))
    with (
        NodeServer(tmp_path, SERVER, port) as server,
        start("MN316", "--route", f"iot.example.com:5683=127.0.0.1:{port}").awake() as dte,
    ):
        dte.ask('AT+MIPLCREATEEX="iot.example.com",0', "+MIPLCREATEEX: 0", "OK")
        dte.ask('AT+MIPLADDOBJ=0,3303,1,"1",0,0', "OK")
        dte.ask("AT+MIPLOPEN=0,3000,30", "OK", "+MIPLEVENT: 0,6")
        server.tells('registered 001017000000011;460001234567890 3000 </>;rt="oma.lwm2m",</3/0>,</3303/0>')
        server.order("read 1 3303 0 5700")
        number = mid(dte, "READ")
        assert dte.lull(3.5) == b""
        dte.ask(f'AT+MIPLREADRSP=0,{number},1,3303,0,5700,4,4,"30.6",0,0', "OK")
        server.tells("read 1 3303 0 5700 30.6")
