"""The LwM2M client in what a server or a firmware does now and then: a second try, old formats, what is not there."""

from __future__ import annotations

import pytest
from onemo.errors import NetFailure
from onemo.net.coap.message import decode

from tests.support.coap import KEY, Server, server_of
from tests.support.driver import Driver
from tests.unit.families.test_lwm2m import logged_in, observed


def opening(*lines: str, model: str = "MN316") -> tuple[Driver, Server]:
    """A device whose login is under way."""
    driver = Driver(model).boot()
    for line in lines:
        assert driver.answer(line)[-1] == "OK"
    return driver, server_of(driver)


DEVICE = ('AT+MIPLCREATEEX="server:5683",0', 'AT+MIPLADDOBJ=0,3200,1,"1",0,1')
LISTED = 'AT+MIPLDISCOVERRSP=0,3200,1,4,"5500"'


def test_a_login_that_fails_leaves_the_lists() -> None:
    driver, server = opening(*DEVICE, LISTED, "AT+MIPLOPEN=0,3000")
    server.got()
    server.answers("4.03")
    assert driver.take() == b"\r\n+MIPLEVENT: 0,7\r\n"
    driver.ask("AT+MIPLOPEN=0,3000")
    server.got()
    server.answers("2.01 location=/rd/1")
    server.sends("CON 1 GET /3200/0 accept=40 t=01")
    assert server.got() == "ACK 1 2.05 t=01 cf=40 text:</3200/0>,</3200/0/5500>"


def test_the_lists_of_a_login_go_with_it() -> None:
    driver, server = logged_in()
    driver.ask(LISTED)
    driver.ask("AT+MIPLCLOSE=0")
    server.got()
    server.answers("2.02")
    driver.ask("AT+MIPLOPEN=0,3000")
    server.got()
    server.answers("2.01 location=/rd/1")
    server.sends("CON 1 GET /3200/0 accept=40 t=01")
    assert server.got() == "ACK 1 2.05 t=01 cf=40 text:</3200/0>"


def test_a_network_that_is_lost_while_it_registers() -> None:
    driver, server = opening(*DEVICE, "AT+MIPLOPEN=0,3000,200")
    server.got()
    first = decode(server.last)
    driver.ask("AT+CFUN=0")
    driver.wait(20.0)
    driver.ask("AT+CFUN=1")
    driver.wait(60.0)
    server.all()
    assert len(driver.world.last_peers[KEY].got) == 0
    driver.wait(30.0)
    asked = {decode(server.last).token for _ in iter(server.got, "")}
    assert len(asked - {first.token}) <= 1


def test_an_answer_that_is_not_told_again_does_not_list_its_resource() -> None:
    driver, server = logged_in()
    server.sends("CON 1 GET /3200/0/5750 t=01")
    driver.ask('AT+MIPLREADRSP=0,1,1,3200,0,5750,1,1,"a",0,0')
    server.all()
    server.sends("CON 2 GET /3200/0 accept=40 t=01")
    assert server.got() == "ACK 2 2.05 t=01 cf=40 text:</3200/0>"
    observed(driver, server)
    driver.ask('AT+MIPLNOTIFY=0,0,3200,0,5750,1,1,"a",0,0')
    server.all()
    server.sends("CON 3 GET /3200/0 accept=40 t=01")
    assert server.got() == "ACK 3 2.05 t=01 cf=40 text:</3200/0>,</3200/0/5750>"


# What the module has of its own.


@pytest.mark.parametrize("more", ["", " observe=0", " accept=40"])
@pytest.mark.parametrize("path", ["/3/0/99", "/3/1", "/4/0/99"])
def test_what_it_has_not_is_not_there(path: str, more: str) -> None:
    driver, server = logged_in()
    server.sends(f"CON 1 GET {path}{more} t=01")
    assert (server.got(), driver.take()) == ("ACK 1 4.04 t=01", b"")


def test_attributes_of_what_it_has() -> None:
    driver, server = logged_in()
    server.sends("CON 1 PUT /3/0/9?pmin=5 t=01")
    server.sends("CON 2 PUT /3/0/99?pmin=5 t=01")
    assert server.all() == ["ACK 1 2.04 t=01", "ACK 2 4.04 t=01"]
    server.sends("CON 3 GET /3/0/9 accept=40 t=01")
    assert server.got() == "ACK 3 2.05 t=01 cf=40 text:</3/0/9>;pmin=5"
    assert driver.take().count(b"+MIPLPARAMETER: ") == 1


def test_an_object_that_both_have() -> None:
    driver, server = logged_in()
    driver.ask('AT+MIPLADDOBJ=0,3,2,"11",0,0')
    driver.ask('AT+MIPLDISCOVERRSP=0,3,1,4,"9;13"')
    server.sends("CON 1 GET /3 accept=40 t=01")
    assert server.got().endswith("</3/0/11>,</3/0/16>,</3/0/13>,</3/1>,</3/1/9>,</3/1/13>")
    driver.take()
    server.sends("CON 2 GET /3/0/9 t=01")
    assert server.got() == "ACK 2 2.05 t=01 cf=0 text:100"
    for mid, path in ((3, "/3/0/13"), (4, "/3/1/9")):
        server.sends(f"CON {mid} GET {path} t=01")
        assert server.got() == ""
        driver.take()
        assert driver.answer(f"AT+MIPLREADRSP=0,{mid},13") == ["OK"]
        assert server.got() == f"ACK {mid} 4.04 t=01"


def test_the_cell() -> None:
    driver, server = logged_in()
    server.sends("CON 1 GET /10290/0 t=01")
    radio = driver.modem.radio
    assert radio.serving is not None
    told = server.got()
    assert told.startswith("ACK 1 2.05 t=01 cf=0 text:rssi=")
    assert told.endswith(f"stat=1,tac={driver.modem.profile.radio.tac},ci={radio.serving.ci},act=9")
    server.sends("CON 2 GET /10290/0 accept=11542 t=01")
    assert server.got() == "ACK 2 4.06 t=01"
    assert driver.take() == b""


# Malformed and unusual.


@pytest.mark.parametrize("value", ["\u0663", "1\u00b2", "-1", "1e3", "", "5\r\n"])
def test_attributes_that_are_no_numbers(value: str) -> None:
    driver, server = logged_in()
    server.sends(f"CON 1 PUT /3200/0/5501?pmax={value} t=01")
    assert (server.got(), driver.take()) == ("ACK 1 4.00 t=01", b"")


def test_names_of_endpoints_are_text() -> None:
    driver = Driver("MN316").boot()
    driver.ask(DEVICE[0])
    driver.type(b'AT+MIPLCFG="platform",0,10,"z\xe4hler"\r')
    assert driver.take().endswith(b"+CIS ERROR: 601\r\n")
    driver.type('AT+MIPLCFG="platform",0,10,"zähler"\r'.encode())
    assert driver.take().endswith(b"OK\r\n")
    driver.ask("AT+MIPLOPEN=0,300")
    server = server_of(driver)
    assert server.got().startswith("CON POST /rd?ep=zähler&lt=300")


def test_a_configuration_that_is_left_out_is_none() -> None:
    driver = Driver("MN316").boot()
    assert driver.answer("AT+MIPLCREATE=,,,,") == ["+CIS ERROR: 601"]
    assert driver.answer("AT+MIPLCREATE") == ["+MIPLCREATE: 0", "OK"]


def test_an_account_of_a_bootstrap_that_is_none() -> None:
    driver, server = opening("AT+MIPLCREATE", "AT+MIPLOPEN=0,300")
    server.got()
    server.answers("2.04")
    server.sends("CON 1 PUT /0/1 t=01 option=9:x cf=11542 hex:c10100")
    assert server.got() == "ACK 1 4.02 t=01"
    server.sends("CON 2 PUT /0/1 t=01 cf=11542 hex:c80a" + b"coap://a\0b".hex())
    server.sends("CON 3 POST /bs t=01")
    assert driver.take() == b"\r\n+MIPLEVENT: 0,3\r\n"


@pytest.mark.parametrize("request_", ["GET /3200/0/5750", "PUT /3200/0/5750", "POST /3200/0/5505", "GET /3/0/9"])
@pytest.mark.parametrize("option", ["23:\\x07", "27:\\x07", "23:aaaa", "27:aaaa"])
def test_blocks_that_are_none(request_: str, option: str) -> None:
    driver, server = logged_in()
    server.sends(f"CON 1 {request_} t=01 option={option}")
    assert (server.got(), driver.take()) == ("ACK 1 4.00 t=01", b"")


# Bytes and renewal.


def test_the_bytes_of_stored_values_are_those_that_came() -> None:
    driver, server = logged_in()
    observed(driver, server)
    driver.ask("AT+MIPLNOTIFY=0,0,3200,0,5501,3,1,1,0,0")
    driver.ask('AT+MIPLNOTIFY=0,0,3200,0,5502,2,2,"00",0,0')
    driver.ask("AT+MIPLNMI=0,2,0")
    server.sends("CON 1 PUT /3200/0 t=02 cf=11542 hex:e2157d0744e4167674657374")  # 1860 and test
    assert driver.answer("AT+MIPLQMGR=0")[0] == "+MIPLQMGR: 0,QUEUES=1,DROPPED=0,BUFFERS=6"
    server.sends("CON 2 PUT /3200/0/5502 t=02 cf=0 text:AAA=")
    assert driver.answer("AT+MIPLQMGR=0")[0] == "+MIPLQMGR: 0,QUEUES=2,DROPPED=0,BUFFERS=10"
    server.sends("CON 3 POST /3200/0/5505 t=02 text:now")
    assert driver.answer("AT+MIPLQMGR=0")[0] == "+MIPLQMGR: 0,QUEUES=3,DROPPED=0,BUFFERS=13"


def test_an_update_that_fails_leaves_the_renewal_as_it_was() -> None:
    driver, server = opening(DEVICE[0], "AT+MIPLUPDATESET=0,1", "AT+MIPLOPEN=0,200", model="MN318")
    server.got()
    server.answers("2.01 location=/rd/x")
    driver.ask("AT+MIPLUPDATE=0,300,0")
    assert server.all() == ["CON POST /rd/x?lt=300&b=U"]
    server.answers("5.00")
    driver.wait(169.0)
    assert server.all() == []
    driver.wait(1.5)
    assert server.got() == "CON POST /rd/x?lt=200&b=U"
    driver.take()
    server.answers("2.04")
    assert driver.take() == b"\r\n+MIPLEVENT: 0,11\r\n"


def test_a_renewal_waits_for_an_update_that_nobody_answers() -> None:
    driver, server = opening(DEVICE[0], "AT+MIPLUPDATESET=0,1", "AT+MIPLOPEN=0,300", model="MN318")
    server.got()
    server.answers("2.01 location=/rd/x")
    driver.wait(200.0)
    driver.ask("AT+MIPLUPDATE=0,900,0")
    server.all()
    driver.wait(95.0)
    assert set(server.all()) == {"CON POST /rd/x?lt=900&b=U", "CON POST /rd/x?lt=300&b=U"}
    driver.wait(6.0)
    assert b"+MIPLEVENT: 0,15" in driver.take()


def test_a_renewal_waits_for_a_close_that_nobody_answers() -> None:
    driver, server = opening(DEVICE[0], "AT+MIPLUPDATESET=0,1", "AT+MIPLOPEN=0,130", model="MN318")
    server.got()
    server.answers("2.01 location=/rd/x")
    driver.wait(20.0)
    driver.ask("AT+MIPLCLOSE=0")
    driver.wait(95.0)
    assert set(server.all()) == {"CON DELETE /rd/x", "CON POST /rd/x?lt=130&b=U"}


@pytest.mark.parametrize("count", [1, 15])
def test_ports_that_are_taken_cost_no_time(count: int) -> None:
    driver = Driver("MN316").boot()
    driver.ask(DEVICE[0])
    driver.world.hold("open", KEY)
    driver.ask("AT+MIPLOPEN=0,300,60")
    for _ in range(count):
        driver.world.hold("open", KEY)
        driver.world.fail_open(KEY, NetFailure.PORT_TAKEN)
    ports = [request.local_port for request in driver.world.requests]
    assert len(set(ports)) == len(ports) == count + 1
    driver.world.finish_open(KEY)
    assert server_of(driver).got().startswith("CON POST /rd?")


def test_where_no_port_is_to_be_had_it_waits() -> None:
    driver = Driver("MN316").boot()
    driver.ask(DEVICE[0])
    driver.world.hold("open", KEY)
    driver.ask("AT+MIPLOPEN=0,300,60")
    while KEY in driver.world.opening:
        driver.world.hold("open", KEY)
        driver.world.fail_open(KEY, NetFailure.PORT_TAKEN)
    assert len(driver.world.requests) == 16
    driver.wait(1.9)
    assert KEY not in driver.world.opening
    driver.wait(0.2)
    assert KEY in driver.world.opening


@pytest.mark.parametrize(("line", "event"), [(DEVICE[0], 7), ("AT+MIPLCREATE", 3)])
def test_a_login_without_a_network_ends_with_its_time(line: str, event: int) -> None:
    driver, _ = opening("AT+CFUN=0", line, "AT+MIPLOPEN=0,300,10")
    driver.wait(9.9)
    assert driver.take() == b""
    driver.wait(0.2)
    assert driver.take() == b"\r\n+MIPLEVENT: 0,%d\r\n" % event


def test_it_wakes_at_the_port_that_it_had() -> None:
    driver = Driver("MN316").boot()
    driver.ask(DEVICE[0])
    driver.world.fail_open(KEY, NetFailure.PORT_TAKEN)
    driver.ask("AT+MIPLOPEN=0,86400")
    server = server_of(driver)
    server.got()
    server.answers("2.01 location=/rd/1")
    driver.ask('AT+CPSMS=1,,,"00000101","00000001"')
    driver.wait(60.0)
    assert driver.modem.power.state.name == "SAVING"
    driver.raise_dtr()
    driver.wait(1.0)
    driver.ask("AT+CPSMS=0")
    driver.wait(3.0)
    ports = [request.local_port for request in driver.world.requests]
    assert len(ports) == 3
    assert ports[0] != ports[1] == ports[2]


def test_a_write_to_the_device_object() -> None:
    driver, server = logged_in()
    server.sends("CON 1 PUT /3/0/13 t=01 text:1")
    assert (server.got(), driver.take()) == ("ACK 1 4.05 t=01", b"")
    driver.ask('AT+MIPLADDOBJ=0,3,1,"1",0,0')
    server.sends("CON 2 PUT /3/0/13 t=01 text:1")
    assert (server.got(), driver.take()) == ("ACK 2 2.04 t=01", b"\r\n+MIPLWRITE: 0,2,3,0,13,6,2,31,0\r\n")
    assert driver.answer("AT+MIPLWRITERSP=0,2,2") == ["+CIS ERROR: 653"]


def test_an_instance_of_the_device_object_that_the_firmware_has_not() -> None:
    driver, server = logged_in()
    driver.ask('AT+MIPLADDOBJ=0,3,2,"01",0,0')
    server.sends("CON 1 PUT /3/0/13 t=01 text:1")
    assert (server.got(), driver.take()) == ("ACK 1 4.05 t=01", b"")
    server.sends("CON 2 PUT /3/1/13 t=01 text:1")
    assert (server.got(), driver.take()) == ("ACK 2 2.04 t=01", b"\r\n+MIPLWRITE: 0,2,3,1,13,6,2,31,0\r\n")


@pytest.mark.parametrize("value", ["7fc00000", "7f800000", "ff800000"])
def test_a_float_that_is_no_number(value: str) -> None:
    driver, server = logged_in()
    observed(driver, server)
    driver.ask("AT+MIPLNOTIFY=0,0,3200,0,5751,4,3,1.5,0,0")
    server.all()
    server.sends(f"CON 1 PUT /3200/0/5751 t=01 cf=11542 hex:e41677{value}")
    assert (server.got(), driver.take()) == ("ACK 1 4.00 t=01", b"")


def test_an_answer_of_what_is_not_there() -> None:
    driver, server = logged_in()
    server.sends("CON 1 GET /3200 t=01")
    driver.take()
    line = 'AT+MIPLREADRSP=0,1,1,3200,{},5750,1,1,"a",0,0'
    assert driver.answer(line.format(1)) == ["+CIS ERROR: 653"]
    driver.ask("AT+MIPLDELOBJ=0,3200")
    assert driver.answer(line.format(0)) == ["+CIS ERROR: 653"]
    assert driver.answer("AT+MIPLREADRSP=0,1,13") == ["OK"]
    assert server.got() == "ACK 1 4.04 t=01"
    driver.ask('AT+MIPLADDOBJ=0,3200,1,"1",0,1')
    server.sends("CON 2 GET /3200/0 observe=0 t=02")
    assert server.got() == "ACK 2 2.05 t=02 observe=0"


def test_a_stored_request_is_forgotten_in_time() -> None:
    driver, server = logged_in()
    driver.ask("AT+MIPLNMI=0,1,0")
    server.sends("CON 1 GET /3200/0/5750 t=01")
    assert driver.take() == b"\r\n+MIPLNMI: 0\r\n"
    driver.wait(29.9)
    assert driver.answer("AT+MIPLMGR=0") == ["+MIPLREAD: 0,1,3200,0,5750", "OK"]
    driver.wait(0.2)
    assert driver.answer("AT+MIPLMGR=0") == ["OK"]
    assert server.all() == []
