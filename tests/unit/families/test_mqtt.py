"""What transcripts of the MQTT client cannot show: a line that is full or held, sleep, what the network is asked."""

from __future__ import annotations

import re

import pytest
from onemo.families.mqtt.clients import MqttClients
from onemo.families.mqtt.profile import MQTT
from onemo.families.sockets.connection import Loss
from onemo.net.mqtt.packets import ConnAck, MqttAcknowledgement, PacketType, Publish, encode

from tests.support import broker
from tests.support.driver import Driver
from tests.support.world import Key

KEY: Key = ("mqtt_id", 0)


def connected(driver: Driver, *lines: str) -> Driver:
    """A client whose broker has accepted it; lines: typed before that."""
    for line in (*lines, 'AT+MQTTCONN=0,"h",1883,"c"'):
        assert driver.answer(line) == ["OK"]
    driver.world.peer_sends(KEY, encode(ConnAck(False, 0)))
    assert driver.take() == b'\r\n+MQTTURC: "conn",0,0\r\n'
    driver.world.got(KEY)
    return driver


def says(driver: Driver, words: str) -> None:
    driver.world.peer_sends(KEY, broker.read(words))


def got(driver: Driver) -> str:
    """The packets that the broker has received since the last look."""
    return broker.told(driver.world.got(KEY))


def test_a_slow_dte_slows_the_broker() -> None:
    """Each message is acknowledged when it is in the line's queue, and what waits is bounded."""
    driver = connected(Driver("ML307R").boot())
    messages = [encode(Publish(b"t", b"%0500d" % number, 1, mid=number + 1)) for number in range(300)]
    high_mark = driver.model.profile.line.high_mark
    driver.line_room = 0
    driver.world.peer_sends(KEY, *messages)
    received = b""
    while b"%0500d" % 299 not in received:
        assert driver.end.console.transmitter.size < high_mark + 5000
        driver.read_more(1152)  # a tenth of a second at 115200 baud
        driver.wait(0.1)
        received += driver.take()
    told = re.findall(rb'"publish",0,(\d+),"t",500,500,(\d{500})', received)
    assert [(int(mid), int(payload)) for mid, payload in told] == [(number + 1, number) for number in range(300)]
    assert b'"drop"' not in received
    assert b'"conn"' not in received
    assert got(driver) == "; ".join(f"PUBACK {number + 1}" for number in range(300))


def test_what_is_waited_for_waits_while_nothing_is_read() -> None:
    """The acknowledgement may have come; pings go out all the same."""
    driver = connected(Driver("ML307R").boot(), 'AT+MQTTCFG="pingreq",0,60', 'AT+MQTTCFG="keepalive",0,60')
    assert driver.answer('AT+MQTTPUB=0,"t",1,0,0,1,"x"') == ["+MQTTPUB: 0,1,8", "OK"]
    driver.wait(5)
    driver.line_room = 0
    driver.world.peer_sends(KEY, *[encode(Publish(b"t", b"x" * 500))] * 200)
    says(driver, "PUBACK 1")
    driver.wait(500)
    assert re.fullmatch(r"PUBLISH 1 1 t x(; PINGREQ){8}", got(driver))
    driver.read_more(10_000_000)
    heard = driver.take()
    assert heard.count(b'"publish"') == 200
    assert heard.endswith(b'\r\n+MQTTURC: "puback",0,1,0\r\n')
    assert b'"timeout"' not in heard
    assert b'"conn"' not in heard


def test_a_repetition_that_is_cut_off_is_no_message_anew() -> None:
    """QoS 2, and so long that its parts come one by one: it was told once, and is not told again."""
    driver = connected(Driver("ML307R").boot())
    long = Publish(b"t", b"x" * 9000, 2, mid=7)
    driver.world.peer_sends(KEY, encode(long))
    assert driver.take().count(b'"publish"') == 18
    repetition = encode(long._replace(dup=True))
    driver.world.peer_sends(KEY, repetition[:5000])
    driver.world.peer_ends(KEY, Loss.BROKEN)
    driver.wait(20)
    says(driver, "CONNACK 0 session")
    driver.take()
    driver.world.peer_sends(KEY, repetition)
    assert driver.take() == b""
    assert got(driver) == "CONNECT c 120; PUBREC 7"


def test_a_held_line_holds_messages_back() -> None:
    """In transparent mode: they are not read, and come in the end."""
    driver = connected(Driver("ML307R").boot())
    driver.ask('AT+MIPOPEN=1,"TCP","h",80,,1')
    driver.take()
    says(driver, "PUBLISH 1 7 t one")
    says(driver, "PUBLISH 1 8 t two")
    assert driver.take() == b""
    assert got(driver) == ""
    driver.wait(1)
    driver.type(b"+++")
    driver.wait(1)
    assert driver.take().endswith(b'"publish",0,7,"t",3,3,one\r\n\r\n+MQTTURC: "publish",0,8,"t",3,3,two\r\n')
    assert got(driver) == "PUBACK 7; PUBACK 8"


def test_a_held_line_does_not_keep_messages_from_being_stored() -> None:
    """As long as there is room for them; their URCs wait for the line."""
    driver = connected(Driver("ML307R").boot(), 'AT+MQTTCFG="cached",0,1')
    driver.ask('AT+MIPOPEN=1,"TCP","h",80,,1')
    driver.take()
    says(driver, "PUBLISH 1 7 t one")
    says(driver, "PUBLISH 1 8 t a*8189")
    assert got(driver) == "PUBACK 7; PUBACK 8"
    driver.world.peer_sends(KEY, *[encode(Publish(b"t", b"", 1, mid=9))] * 5000)
    assert driver.world.peers[KEY].unread, "what is told of them is bounded"
    driver.wait(1)
    driver.type(b"+++")
    driver.wait(1)
    heard = driver.take()
    assert b'"pubnmi",0,7,3\r\n\r\n+MQTTURC: "pubnmi",0,8,8189\r\n' in heard
    assert not driver.world.peers[KEY].unread


def test_an_entry_holds_messages_back() -> None:
    driver = connected(Driver("ML307R").boot())
    assert driver.ask('AT+MQTTPUB=0,"t",0,0,0,2') == b"\r\n>\r\n"
    says(driver, "PUBLISH 0 0 t one")
    assert driver.take() == b""
    driver.type(b"hi")
    assert driver.take() == b'\r\n+MQTTPUB: 0,1,7\r\n\r\nOK\r\n\r\n+MQTTURC: "publish",0,0,"t",3,3,one\r\n'


def test_the_loss_of_a_connection_during_an_entry_is_an_error() -> None:
    driver = connected(Driver("ML307R").boot(), 'AT+MQTTCFG="reconn",0,0')
    driver.ask('AT+MQTTPUB=0,"t",0,0,0,2')
    says(driver, "raw \\x00")
    assert driver.take() == b""
    driver.type(b"hi")
    assert b"+MQTTPUB" in driver.take()  # it was not read yet
    driver.take()
    driver = connected(Driver("ML307R").boot(), 'AT+MQTTCFG="reconn",0,0')
    driver.ask('AT+MQTTPUB=0,"t",0,0,0,2')
    driver.report(lambda: driver.modem.part(MqttClients)[0].network_down(driver.now))
    driver.type(b"hi")
    assert driver.take() == b'\r\n+CME ERROR: 602\r\n\r\n+MQTTURC: "conn",0,6\r\n'


@pytest.mark.parametrize("reconnects", [True, False])
def test_a_connection_does_not_outlive_the_deep_sleep_of_mn319(reconnects: bool) -> None:
    lines = () if reconnects else ('AT+MQTTCFG="reconn",0,0',)
    driver = connected(Driver("MN319").boot(), 'AT+MLPMCFG="sleepmode",2,1', 'AT+MLPMCFG="delaysleep",100', *lines)
    driver.wait(101)
    assert driver.modem.power.asleep
    assert KEY not in driver.world.peers
    assert driver.take() == b""
    driver.wait(1000)
    assert driver.take() == b""
    driver.type(b"AT\r")
    driver.wait(1)
    assert driver.take() == b'\r\n+MQTTURC: "conn",0,%d\r\n' % (1 if reconnects else 6)


def test_other_models_keep_it_in_deep_sleep() -> None:
    driver = connected(Driver("ML307R").boot(), 'AT+MLPMCFG="sleepmode",2', 'AT+MLPMCFG="delaysleep",50')
    driver.wait(60)
    assert driver.modem.power.asleep
    says(driver, "PUBLISH 0 0 t hi")
    assert driver.take().endswith(b'"publish",0,0,"t",2,2,hi\r\n')


def test_what_the_network_is_asked() -> None:
    driver = Driver("ML307R").boot()
    table = driver.model.profile.table(MQTT)
    driver.ask('AT+MSSLCFG="negotime",3,30')
    driver.ask('AT+MQTTCFG="ssl",0,1,3')
    driver.ask('AT+MQTTCONN=0,"h",8883,"c"')
    (request,) = driver.world.requests
    assert (request.host, request.port, request.timeout) == ("h", 8883, table.connect_time + 30)
    assert request.tls is not None
    assert request.receive_window == table.window
    driver.wait(table.connect_time + 29)
    assert driver.take() == b""
    driver.wait(1)
    assert driver.take() == b'\r\n+MQTTURC: "conn",0,6\r\n'


def test_a_broker_that_takes_nothing_is_not_read() -> None:
    """What its messages would make us send does not leave, and does not pile up."""
    driver = connected(Driver("ML307R").boot())
    driver.world.take_more(KEY, 0)
    driver.world.peer_sends(KEY, *[encode(Publish(b"t", b"x", 1, mid=1))] * 5000)
    sent = sum(map(len, driver.world.peers[KEY].outbox))
    assert sent <= driver.model.profile.table(MQTT).send_queue + 4096
    assert driver.world.peers[KEY].unread
    driver.world.take_more(KEY, None)
    driver.world.feed()
    assert driver.world.got(KEY) == encode(MqttAcknowledgement(PacketType.PUBACK, 1)) * 5000


def test_commands_that_wait_for_room_count_to_the_twenty() -> None:
    driver = connected(Driver("ML307R", consoles=2).boot(), "AT+CMEE=1")
    driver.world.take_more(KEY, 0)
    order = f'AT+MQTTPUB=0,"t",1,0,0,0,"{"x" * 420}"'
    for _ in range(19):
        assert driver.answer(order)[-1] == "OK"
    assert driver.ask(order) == b""  # no room in the queue
    driver.go_to(1)
    driver.ask("AT+CMEE=1")
    assert driver.answer(order) == ["+CME ERROR: 606"]
    driver.world.take_more(KEY, None)
    driver.go_to(0)
    assert driver.take() == b"\r\n+MQTTPUB: 0,20,428\r\n\r\nOK\r\n"


def test_results_go_to_the_console_that_asked() -> None:
    driver = Driver("ML307R", consoles=2).boot()
    driver.go_to(1)
    assert driver.answer('AT+MQTTCONN=0,"h",1883,"c"') == ["OK"]
    says(driver, "CONNACK 0")
    assert driver.take() == b'\r\n+MQTTURC: "conn",0,0\r\n'
    assert driver.answer('AT+MQTTPUB=0,"t",1,0,0,1,"x"') == ["+MQTTPUB: 0,1,8", "OK"]
    says(driver, "PUBACK 1; PUBLISH 0 0 t hi")
    assert driver.take() == b'\r\n+MQTTURC: "puback",0,1,0\r\n'
    driver.go_to(0)
    assert driver.take() == b'\r\n+MQTTURC: "publish",0,0,"t",2,2,hi\r\n'
