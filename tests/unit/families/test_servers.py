"""Servers of MR880A where a transcript would be long: their limits, and a line that is busy."""

from __future__ import annotations

from onemo.modem.channel import Sent

from tests.support.driver import Driver

DATAGRAMS = 256


def listening(*settings: str, mode: int = 0) -> Driver:
    driver = Driver("MR880A").boot()
    for command in settings:
        assert driver.answer(command) == ["OK"]
    assert driver.answer(f'AT+MIPLISTEN=1,"UDP",125,"IP",{mode}') == ["OK", "+MIPLISTEN: 1,0"]
    driver.take()
    return driver


def comes(driver: Driver, port: int, data: bytes = b"x") -> bytes:
    driver.world.servers.datagram(1, "192.0.2.9", port, data)
    return driver.take()


def test_packets_that_are_held_and_those_that_are_dropped() -> None:
    driver = listening(mode=3)
    for number in range(1, DATAGRAMS + 1):
        assert comes(driver, 9) == b'\r\n+MIPURC: "iudp",1,0,"192.0.2.9",9,%d\r\n' % number
    assert comes(driver, 9, b"four") == b'\r\n+MIPURC: "drop",0,4\r\n'
    assert driver.answer("AT+MIPRD=0") == [f"+MIPRD: 0,{DATAGRAMS}", "OK"]
    assert driver.answer("AT+MIPRDU=0") == [f"+MIPRDU: 0,{DATAGRAMS}", "OK"]
    assert len(driver.answer("AT+MIPRDU=0,0")) == DATAGRAMS + 1
    assert driver.answer("AT+MIPRDU=0,257") == ["+CME ERROR: 50"]


def test_bytes_that_are_held() -> None:
    driver = listening('AT+MIPSRVCFG="rcvbuf",1,10', mode=3)
    assert b'"iudp",1,0,"192.0.2.9",9,1' in comes(driver, 9, b"x" * 8)
    assert comes(driver, 9, b"yyy") == b'\r\n+MIPURC: "drop",0,3\r\n'
    assert comes(driver, 9, b"zz").startswith(b'\r\n+MIPURC: "iudp"')


def test_peers_are_remembered_the_oldest_forgotten() -> None:
    driver = listening()
    for port in range(1, DATAGRAMS + 11):
        comes(driver, port)
    assert f'+MIPSRVSTATE: 1,"LISTENING",{DATAGRAMS},0,{DATAGRAMS + 10}' in driver.answer("AT+MIPSRVSTATE?")
    told = driver.answer("AT+MIPSRVSTATE=1")
    assert told[0] == '+MIPSRVSTATE: 1,0,"192.0.2.9",11'
    assert len(told) == DATAGRAMS + 1


def test_data_in_hex() -> None:
    driver = listening('AT+MIPSRVCFG="encoding",1,1')
    assert comes(driver, 9, b"\xab\x01") == b'\r\n+MIPURC: "iudp",1,0,"192.0.2.9",9,2,AB01\r\n'


def test_an_entry_keeps_urcs_back() -> None:
    driver = listening()
    comes(driver, 9)
    driver.type(b'AT+MIPSENDTO=0,"192.0.2.9",9,5\r')
    assert driver.take() == b"\r\n>"
    assert comes(driver, 9, b"later") == b""
    driver.type(b"hello")
    told = driver.take()
    assert told.endswith(b'\r\n+MIPURC: "iudp",1,0,"192.0.2.9",9,5,later\r\n')
    assert told.startswith(b"\r\n+MIPSENDTO: 0,5\r\n\r\nOK\r\n")


def test_a_restart_forgets_all() -> None:
    driver = listening('AT+MIPSRVCFG="encoding",1,1')
    driver.ask("AT+MREBOOT")
    driver.wait(1)
    driver.ask("ATE0")
    assert driver.answer("AT+MIPLISTEN?") == ["OK"]
    assert driver.answer('AT+MIPSRVCFG="encoding",1') == ['+MIPSRVCFG: "encoding",1,0', "OK"]


def test_a_datagram_that_was_on_its_way_counts_for_no_later_connection() -> None:
    driver = Driver("MR880A").boot()
    driver.world.servers.holds = True
    assert driver.answer('AT+MIPOPEN=0,"UDP","h",80') == ["OK", "+MIPOPEN: 0,0"]
    driver.type(b'AT+MIPSENDTO=0,"192.0.2.9",9,,"late"\r')
    driver.world.drop_context(1)
    driver.complete(driver.world.servers.sent[0], Sent(4))
    driver.take()
    driver.ask("AT+MIPCALL=1,1")
    driver.wait(1)
    driver.take()
    assert driver.answer('AT+MIPOPEN=0,"UDP","h",80') == ["OK", "+MIPOPEN: 0,0"]
    assert driver.answer("AT+MIPSACK=0") == ["+MIPSACK: 0,0,0,0", "OK"]
