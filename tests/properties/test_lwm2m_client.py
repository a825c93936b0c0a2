"""An LwM2M client whatever the DTE types and the server sends: no bug, no endless repetition, and always a way on."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from onemo.errors import NetFailure
from onemo.families.lwm2m.client import Lwm2mClient
from onemo.families.lwm2m.states import Lwm2mState
from onemo.net.coap.message import CoapMessage, CoapType, encode

from tests.support.coap import KEY, server_of
from tests.support.driver import Driver

Step = Callable[[Driver], None]
IDS = st.sampled_from((0, 1, 3, 4, 5, 19, 3200, 3201, 65535))
PLACES = st.lists(IDS, max_size=4).map(lambda path: tuple((11, b"%d" % each) for each in path)) | st.sampled_from(
    (((11, b"bs"),), ((11, b"rd"), (11, b"x")), ((11, b"\xff"),))
)
OPTIONS = st.lists(
    st.tuples(st.sampled_from((1, 6, 9, 12, 15, 17, 23, 27, 60)), st.binary(max_size=4))
    | st.sampled_from(((6, b""), (6, b"\1"), (12, b"-\x16"), (12, b"*"), (17, b"("), (17, b"-\x16"), (15, b"pmin=5"))),
    max_size=3,
).map(tuple)
PAYLOADS = st.binary(max_size=20) | st.sampled_from(
    (b"e2157d07", bytes.fromhex("e2157d0744e4167674657374"), b"test", b"x" * 1400, b"x" * 1600,
     bytes.fromhex("c80014636f61703a2f2f3132372e302e302e313a35363833c10100"))
)  # fmt: skip
MESSAGES = st.builds(
    lambda kind, code, mid, token, places, options, payload: encode(
        CoapMessage(kind, code, mid, token, (*places, *options), payload)
    ),
    kind=st.sampled_from(CoapType),
    code=st.sampled_from((0, 1, 2, 3, 4, 5, 0x41, 0x44, 0x45, 0x84, 0x60, 0xFF)),
    mid=st.integers(1, 12),
    token=st.binary(max_size=8),
    places=PLACES,
    options=OPTIONS,
    payload=PAYLOADS,
)
LINES = (
    "AT+MIPLCREATE", 'AT+MIPLCREATEEX="server:5683",0', "AT+MIPLDELETE=0", 'AT+MIPLADDOBJ=0,3200,2,"11",0,0',
    'AT+MIPLADDOBJ=0,3,1,"1",0,0', 'AT+MIPLADDOBJ=0,19,1,"1",0,0', "AT+MIPLDELOBJ=0,3200", 'AT+MIPLCFG="platform",0,1',
    'AT+MIPLDISCOVERRSP=0,3200,1,9,"5500;5750"', "AT+MIPLOPEN=0,60,10", "AT+MIPLOPEN?", "AT+MIPLUPDATE=0,100,1",
    "AT+MIPLCLOSE=0", "AT+MIPLNMI=0,1,1", "AT+MIPLNMI=0,0,0", "AT+MIPLMGR=0", "AT+MIPLQMGR=0", "AT+MIPLDEVINFO?",
    'AT+MIPLNOTIFY=0,0,3200,0,5750,1,4,"test",0,0,5', 'AT+MIPLNOTIFY=0,0,3200,0,5500,3,1,7,0,1',
    'AT+MIPLNOTIFY=0,0,3200,0,5500,4,1,7.5,0,0', "AT+CFUN=0", "AT+CFUN=1", 'AT+CPSMS=1,,,"00000101","00000001"',
    *(f"AT+MIPLREADRSP=0,{mid},1,3200,0,5500,2,1,\"07\",0,0" for mid in (1, 2, 3)),
    *(f"AT+MIPLWRITERSP=0,{mid},2" for mid in (1, 2, 3)), *(f"AT+MIPLEXECUTERSP=0,{mid},11" for mid in (1, 2, 3)),
)  # fmt: skip


def typed(line: str) -> Step:
    return lambda driver: driver.type(line.encode() + b"\r")


def waits(seconds: float) -> Step:
    return lambda driver: driver.wait(seconds)


def raw(data: bytes) -> Step:
    def send(driver: Driver) -> None:
        if KEY in driver.world.peers:
            driver.world.peer_sends(KEY, data)

    return send


def answers(text: str) -> Step:
    """The server answers what it got last."""

    def answer(driver: Driver) -> None:
        server = server_of(driver)
        server.all()
        if server.last and KEY in driver.world.peers:
            server.answers(text)

    return answer


def sleeps(driver: Driver) -> None:
    driver.raise_dtr()


def fails(driver: Driver) -> None:
    driver.world.fail_open(KEY, NetFailure.PORT_TAKEN)


STEPS = st.one_of(
    st.sampled_from(LINES).map(typed),
    MESSAGES.map(raw),
    st.binary(max_size=30).map(raw),
    st.sampled_from(("2.01 location=/rd/x", "2.04", "2.02", "4.04", "2.05", "2.01", "4.00 text:no")).map(answers),
    st.sampled_from((0.1, 2.5, 31.0, 70.0)).map(waits),
    st.sampled_from((sleeps, fails)),
)
LOGIN = [
    typed('AT+MIPLCREATEEX="server:5683",0'),
    typed('AT+MIPLADDOBJ=0,3200,2,"11",0,0'),
    typed("AT+MIPLOPEN=0,3000"),
    answers("2.01 location=/rd/x"),
]


@settings(max_examples=60)
@given(st.booleans(), st.lists(STEPS, max_size=25), st.sampled_from(("MN316", "ML307R", "MN319")))
def test_nothing_is_a_bug_and_all_ends(begins: bool, steps: list[Step], model: str) -> None:
    driver = Driver(model).boot()
    for step in [*(LOGIN if begins else ()), *steps]:
        step(driver)
        driver.take()
    driver.raise_dtr()
    driver.wait(100.0)
    driver.take()
    client = driver.modem.part(Lwm2mClient)
    assert client.device.state not in (Lwm2mState.OPENING, Lwm2mState.CLOSING)
    driver.ask("AT+MIPLDELETE=0")
    assert client.device.state is Lwm2mState.NONE
    assert KEY not in driver.world.peers
