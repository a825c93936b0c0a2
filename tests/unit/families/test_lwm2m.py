"""The LwM2M client in what no dialogue of the guide shows: limits, repetitions, malformed messages, sleep."""

from __future__ import annotations

import pytest
from onemo.errors import NetFailure
from onemo.families.lwm2m.client import Lwm2mClient
from onemo.families.lwm2m.info import lwm2m_device
from onemo.families.lwm2m.target import read_blob, read_target, read_uri
from onemo.modem.channel import Drop
from onemo.net.coap.message import CoapType, decode

from tests.support.coap import KEY, Server, empty, server_of
from tests.support.driver import Driver


def logged_in(model: str = "MN316", lifetime: int = 3000) -> tuple[Driver, Server]:
    driver = Driver(model).boot()
    driver.ask('AT+MIPLCREATEEX="server:5683",0')
    driver.ask('AT+MIPLADDOBJ=0,3200,1,"1",0,1')
    assert driver.answer(f"AT+MIPLOPEN=0,{lifetime}") == ["OK"]
    server = server_of(driver)
    server.all()
    server.answers("2.01 location=/rd/5f")
    assert driver.take() == b"\r\n+MIPLEVENT: 0,6\r\n"
    return driver, server


def observed(driver: Driver, server: Server, path: str = "/3200/0") -> None:
    server.sends(f"CON 60000 GET {path} observe=0 t=01")
    assert server.all()
    driver.take()


def test_a_reset_a_ping_and_an_unknown_answer() -> None:
    driver, server = logged_in()
    server.sends("CON 7 empty")
    assert server.got() == "RST 7 empty"
    server.raw(b"\x40\x01\x00\x08\xff")
    assert server.got() == "RST 8 empty"
    server.raw(b"\x50\x01\x00\x08\xff")
    server.raw(b"")
    server.sends("CON 9 2.05 t=0102")
    assert server.got() == "RST 9 empty"
    server.sends("NON 10 2.05 t=0102")
    server.sends("ACK 11 empty")
    server.sends("RST 12 empty")
    assert (server.all(), driver.take()) == ([], b"")


def test_a_separate_answer_is_acknowledged_each_time() -> None:
    driver, server = logged_in()
    driver.ask("AT+MIPLUPDATE=0,600,0")
    server.got()
    request = decode(server.last)
    server.raw(empty(CoapType.ACK, server.last))
    driver.wait(20.0)
    assert server.all() == []
    for _ in range(2):
        server.sends(f"CON 500 2.04 t={request.token.hex()}")
        assert server.got() == "ACK 500 empty"
    assert driver.take() == b"\r\n+MIPLEVENT: 0,11\r\n"


def test_an_update_that_nobody_answers_leaves_the_login() -> None:
    driver, server = logged_in()
    driver.ask("AT+MIPLUPDATE=0,600,0")
    driver.wait(100.0)
    assert len(server.all()) == 5
    assert driver.take() == b""
    assert driver.answer("AT+MIPLOPEN?") == ["OK", "+MIPLEVENT: 0,6"]
    assert driver.answer("AT+MIPLUPDATE=0,600,0") == ["OK"]


def test_a_close_that_nobody_answers_leaves_the_login() -> None:
    driver, _ = logged_in()
    driver.ask("AT+MIPLCLOSE=0")
    assert driver.answer("AT+MIPLCLOSE=0") == ["+CIS ERROR: 602"]
    driver.wait(100.0)
    assert driver.take() == b""
    assert driver.answer("AT+MIPLOPEN?") == ["OK", "+MIPLEVENT: 0,6"]


def test_a_notification_that_nobody_acknowledges_ends_its_observation() -> None:
    driver, server = logged_in()
    observed(driver, server)
    driver.ask('AT+MIPLNOTIFY=0,0,3200,0,5750,1,1,"a",0,0,5')
    mid = decode(driver.world.last_peers[KEY].got[0]).mid
    driver.wait(100.0)
    assert len(server.all()) == 5
    assert driver.take() == b"\r\n+MIPLOBSERVE: 0,%d,0,3200,0,-1\r\n" % mid


def test_only_so_many_notifications_wait() -> None:
    driver, server = logged_in()
    observed(driver, server)
    line = 'AT+MIPLNOTIFY=0,0,3200,0,5750,1,1,"a",0,0,{}'
    answers = [driver.answer(line.format(number))[0] for number in range(1, 13)]
    assert answers == ["OK"] * 11 + ["+CIS ERROR: 652"]
    told = b""
    for _ in range(11):
        assert len(server.all()) == 1
        server.acknowledges()
        told += driver.take()
    assert told == b"".join(b"\r\n+MIPLEVENT: 0,26,%d\r\n" % number for number in range(1, 12))


def test_values_together_are_limited() -> None:
    driver, server = logged_in()
    observed(driver, server)
    text = "x" * 600
    assert driver.answer(f'AT+MIPLNOTIFY=0,0,3200,0,5750,1,600,"{text}",1,1') == ["OK"]
    assert driver.answer(f'AT+MIPLNOTIFY=0,0,3200,0,5751,1,600,"{text}",0,0') == ["+CIS ERROR: 601"]


def test_only_so_many_requests_wait() -> None:
    driver, server = logged_in()
    for mid in range(1, 42):
        server.sends(f"CON {mid} GET /3200/0/5750 t=01")
    assert server.all() == ["ACK 41 5.03 t=01"]
    assert driver.take().count(b"+MIPLREAD: ") == 40


def test_the_oldest_of_too_many_that_are_stored_goes() -> None:
    driver, server = logged_in()
    driver.ask("AT+MIPLNMI=0,2,0")
    for mid in range(1, 42):
        server.sends(f"CON {mid} GET /3200/0/5750 t=01")
    assert driver.answer("AT+MIPLQMGR=0")[0] == "+MIPLQMGR: 0,QUEUES=40,DROPPED=1,BUFFERS=0"
    assert driver.answer("AT+MIPLMGR=0")[0] == "+MIPLREAD: 0,2,3200,0,5750"
    for mid in range(50, 53):
        server.sends(f"CON {mid} PUT /3200/0/5750 t=01 800*a")
    assert driver.answer("AT+MIPLQMGR=0")[0] == "+MIPLQMGR: 0,QUEUES=40,DROPPED=4,BUFFERS=1600"


def test_what_is_too_long_is_told_or_refused() -> None:
    driver, server = logged_in()
    server.raw(b"x" * 1501)
    assert driver.take() == b"\r\n+MIPLEVENT: 0,33\r\n"
    for number in range(4):
        server.sends(f"CON {number + 1} PUT /3200/0/5750 t=01 block1={number}/1/512 512*a")
    server.sends("CON 5 PUT /3200/0/5750 t=01 block1=4/0/512 1*a")
    assert server.all()[-1] == "ACK 5 4.13 t=01 block1=4/0/512"


def test_a_long_answer_goes_in_blocks() -> None:
    driver, server = logged_in()
    server.sends("CON 1 GET /3200/0/5750 t=01 block2=0/0/64")
    assert driver.answer(f'AT+MIPLREADRSP=0,1,1,3200,0,5750,1,200,"{"x" * 200}",0,0')[-1] == "OK"
    assert server.got().startswith("ACK 1 2.05 t=01 cf=0 block2=0/1/64 text:xxxx")
    server.sends("CON 2 GET /3200/0/5750 t=02 block2=3/0/64")
    assert server.got() == "ACK 2 2.05 t=02 cf=0 block2=3/0/64 text:" + "x" * 8
    server.sends("CON 3 GET /3200/0/5750 t=02 block2=9/0/64")
    assert server.got() == "ACK 3 4.00 t=02"
    server.sends("CON 4 GET /3200/0/5751 t=02 block2=1/0/64")
    assert server.got() == "ACK 4 4.08 t=02"


def test_what_waits_does_not_outlive_deep_sleep() -> None:
    driver, server = logged_in("ML307R")
    server.sends("CON 1 GET /3200/0/5750 t=01")
    driver.ask('AT+MLPMCFG="delaysleep",5')
    driver.ask('AT+MLPMCFG="sleepmode",2,1')
    driver.ask('AT+MLPMCFG="sleepmode",2')
    driver.wait(25.0)
    assert driver.modem.power.state.name == "SLEEPING"
    driver.raise_dtr()
    assert driver.answer('AT+MIPLREADRSP=0,1,1,3200,0,5750,1,1,"a",0,0') == ["+CIS ERROR: 653"]
    assert driver.answer("AT+MIPLOPEN?") == ["OK", "+MIPLEVENT: 0,6"]


def test_without_a_network_nothing_comes_and_the_lifetime_runs() -> None:
    driver, server = logged_in(lifetime=60)
    driver.modem.radio.lose_coverage()
    server.sends("CON 1 GET /3200/0/5750 t=01")
    driver.wait(59.0)
    assert b"MIPL" not in driver.take()
    driver.wait(2.0)
    assert b"+MIPLEVENT: 0,15" in driver.take()


def test_a_login_without_a_network_waits_for_one() -> None:
    driver = Driver("MN316").boot()
    driver.ask('AT+MIPLCREATEEX="server",0')
    driver.ask("AT+CFUN=0")
    assert driver.answer("AT+MIPLOPEN=0,300,60") == ["OK"]
    driver.wait(5.0)
    driver.ask("AT+CFUN=1")
    driver.wait(20.0)
    assert server_of(driver).all()[0].startswith("CON POST /rd")


def test_a_port_that_is_taken_is_changed_for_another() -> None:
    driver = Driver("MN316").boot()
    driver.ask('AT+MIPLCREATEEX="server",0')
    driver.world.fail_open(KEY, NetFailure.PORT_TAKEN)
    driver.ask("AT+MIPLOPEN=0,300,60")
    driver.wait(3.0)
    first, second = (request.local_port for request in driver.world.requests)
    assert min(first, second) >= 20000
    assert first != second


def test_the_state_for_the_api() -> None:
    driver, server = logged_in()
    observed(driver, server)
    (told,) = lwm2m_device(driver.modem)
    assert (told.state, told.server, told.objects, told.observed) == (
        "registered", "server:5683", (3200,), ("/3200/0",),
    )  # fmt: skip
    driver.ask("AT+MIPLDELETE=0")
    assert lwm2m_device(driver.modem) == ()
    assert not any(isinstance(intent, Drop) for intent in driver.modem.intents)
    assert driver.modem.part(Lwm2mClient).connections == 0


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("h", "h", 5683), ("h:1", "h", 1), ("[2001:db8::1]:99", "2001:db8::1", 99), ("[::1]", "::1", 5683)],
)
def test_places_of_servers(text: str, host: str, port: int) -> None:
    target = read_target(text, 5683)
    assert target is not None
    assert (target.host, target.port) == (host, port)


@pytest.mark.parametrize("text", ["", "h:", "h:0", "h:65536", "2001:db8::1", "[h]:1", "h h", "[::g]", "h/x"])
def test_what_is_no_place(text: str) -> None:
    assert read_target(text, 5683) is None


def test_uris() -> None:
    assert read_uri("http://h", 1, 2) is None
    found = [read_uri(text, 1, 2) for text in ("coap://h", "coaps://h/", "coap://h:7")]
    assert [each.port for each in found if each] == [1, 2, 7]


def test_a_blob_of_the_other_layout() -> None:
    fields = b"\0\0" * 3 + b"\0\6host:1" + b"\0\x17AuthCode:abc;PSK:12ab34;"[:25]
    body = b"\x04\0" + b"\x11\x80" + fields
    inner = b"\xf2" + (len(body) + 3).to_bytes(2, "big") + body
    whole = b"\xf1\0\3" + inner + b"\xf3\0\x08\0\0\0\0\0"
    found = read_blob(b"\x13" + (len(whole) + 3).to_bytes(2, "big") + whole, 5683)
    assert found is not None
    assert (found.host, found.port, found.bootstraps, found.authcode) == ("host", 1, True, "abc")
    assert "12ab34" not in repr(found)
