"""An MQTT client whatever the DTE types, the broker sends and the network does: no bug, and every order has its end."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from onemo.errors import NetFailure
from onemo.families.mqtt.clients import MqttClients
from onemo.families.mqtt.states import ClientState
from onemo.families.sockets.connection import Loss
from onemo.net.mqtt.packets import (
    Bare,
    ConnAck,
    MqttAcknowledgement,
    PacketType,
    Publish,
    SubAck,
    encode,
)

from tests.support.driver import Driver
from tests.support.world import Key

KEY: Key = ("mqtt_id", 0)
Step = Callable[[Driver], None]
MIDS = st.integers(1, 8)


def typed(line: str) -> Step:
    return lambda driver: driver.type(line.encode("latin-1") + b"\r")


def raw(data: bytes) -> Step:
    return lambda driver: driver.type(data)


def broker(data: bytes) -> Step:
    def send(driver: Driver) -> None:
        if KEY in driver.world.peers:
            driver.world.peer_sends(KEY, data)

    return send


def ends(loss: Loss) -> Step:
    def end(driver: Driver) -> None:
        if KEY in driver.world.peers:
            driver.world.peer_ends(KEY, loss)

    return end


def waits(seconds: float) -> Step:
    return lambda driver: driver.wait(seconds)


def takes(room: int | None) -> Step:
    def take(driver: Driver) -> None:
        if KEY in driver.world.peers:
            driver.world.take_more(KEY, room)

    return take


def reads(count: int) -> Step:
    def read(driver: Driver) -> None:
        if driver.line_room is None:
            driver.line_room = 0
        driver.read_more(count)

    return read


def refuses(driver: Driver) -> None:
    driver.world.fail_open(KEY, NetFailure.REFUSED)


def drops_context(driver: Driver) -> None:
    driver.world.drop_context(1)
    driver.type(b"AT+MIPCALL=1,1\r")


CONNECT = typed('AT+MQTTCONN=0,"h",1883,"c"')
ACCEPT = broker(encode(ConnAck(False, 0)))
LINES = [
    'AT+MQTTCFG="cached",0,1', 'AT+MQTTCFG="cached",0,0', 'AT+MQTTCFG="encoding",0,1,1', 'AT+MQTTCFG="encoding",0,0,0',
    'AT+MQTTCFG="retrans",0,20,2', 'AT+MQTTCFG="reconn",0,0', 'AT+MQTTCFG="reconn",0,3,20,1', 'AT+MQTTCFG="clean",0,1',
    'AT+MQTTCFG="keepalive",0,60', 'AT+MQTTCFG="pingreq",0,60', 'AT+MQTTCFG="pingresp",0,1',
    'AT+MQTTSUB=0,"a",1', 'AT+MQTTSUB=0,"a",1,"b",2', "AT+MQTTSUB=0", 'AT+MQTTUNSUB=0,"a"', "AT+MQTTSTATE=0",
    'AT+MQTTPUB=0,"t",0,0,0,1,"x"', 'AT+MQTTPUB=0,"t",1,0,0,2,"xy"', 'AT+MQTTPUB=0,"t",2,0,1,2,"xy"',
    f'AT+MQTTPUB=0,"t",1,0,0,0,"{"z" * 1000}"', 'AT+MQTTPUB=0,"t",1,0,0,5', "AT+MQTTREAD=0", "AT+MQTTREAD=0,1",
    "AT+MQTTDISC=0", 'AT+MQTTCFG="query",0',
]  # fmt: skip
PACKETS = st.one_of(
    st.builds(ConnAck, st.booleans(), st.sampled_from([0, 0, 0, 5])),
    st.builds(Publish, st.sampled_from([b"a", b"t" * 300]), st.sampled_from([b"", b"hi", b"x" * 700]), st.just(0)),
    st.builds(
        Publish,
        st.just(b"a"),
        st.sampled_from([b"hi", b"x" * 700, b"y" * 9000, b"z" * 30000]),
        st.integers(1, 2),
        dup=st.booleans(),
        mid=MIDS,
    ),
    st.builds(
        MqttAcknowledgement,
        st.sampled_from([
            PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP, PacketType.UNSUBACK
        ]),
        MIDS,
    ),
    st.builds(SubAck, st.sampled_from([(0,), (1, 2), (128,)]), MIDS),
    st.just(Bare(PacketType.PINGRESP)),
)  # fmt: skip
STEPS = st.one_of(
    st.sampled_from([CONNECT, ACCEPT, refuses, ends(Loss.PEER_CLOSED), ends(Loss.BROKEN), drops_context]),
    st.sampled_from(LINES).map(typed),
    st.sampled_from([b"hello", b"\r\n", b"\x1a", b"\x1b"]).map(raw),
    st.lists(PACKETS, min_size=1, max_size=4).map(lambda packets: broker(b"".join(map(encode, packets)))),
    st.binary(min_size=1, max_size=6).map(broker),
    st.sampled_from([0.5, 5, 10, 20, 60, 200]).map(waits),
    st.sampled_from([0, 1, 500, 5000, None]).map(takes),
    st.sampled_from([0, 100, 100_000]).map(reads),
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["ML307R", "ML307S", "ML307G"]), st.lists(STEPS, max_size=40))
def test_whatever_happens(model: str, steps: list[Step]) -> None:
    driver = Driver(model).boot()
    driver.ask('AT+MQTTCFG="retrans",0,20,1')
    for step in (CONNECT, ACCEPT, *steps):
        step(driver)
    # The DTE reads again, the broker takes everything and is silent: all comes to its end.
    if driver.line_room is not None:
        driver.read_more(10_000_000)
    takes(None)(driver)
    driver.wait(1000)
    client = driver.modem.part(MqttClients)[0]
    assert client.outbox.unacknowledged == 0
    driver.type(b"\r")  # half a line may be there
    assert driver.untaken == 0
    driver.take()
    assert driver.ask("AT+MQTTSTATE=0").endswith(b"\r\nOK\r\n")
    if client.state is not ClientState.CLOSED:
        assert b"OK" in driver.ask("AT+MQTTDISC=0")
    assert client.state is ClientState.CLOSED
    assert b"OK" in driver.ask('AT+MQTTCONN=0,"h",1883,"c"')
    if KEY in driver.world.peers:
        driver.world.peer_sends(KEY, encode(ConnAck(False, 0)))
        assert client.state.value == "connected"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["ack", "twice", "lost", "late"]), min_size=1, max_size=12))
def test_every_message_is_settled_once(fates: list[str]) -> None:
    driver = Driver("ML307R").boot()
    driver.ask('AT+MQTTCFG="retrans",0,20,0')
    CONNECT(driver)
    ACCEPT(driver)
    told = b""
    for mid, fate in enumerate(fates, 1):
        told += driver.ask('AT+MQTTPUB=0,"t",1,0,0,1,"x"')
        acknowledgement = broker(encode(MqttAcknowledgement(PacketType.PUBACK, mid)))
        if fate == "late":
            driver.wait(20)
        if fate != "lost":
            acknowledgement(driver)
        if fate == "twice":
            acknowledgement(driver)
        told += driver.take()
    driver.wait(20)
    told += driver.take()
    settled = [(name.decode(), int(mid)) for name, mid in re.findall(rb'"(puback|timeout)",0,(\d+)', told)]
    expected = {mid: "timeout" if fate in ("lost", "late") else "puback" for mid, fate in enumerate(fates, 1)}
    assert len(settled) == len(fates)
    assert {mid: name for name, mid in settled} == expected
