"""Faults of URCs, on models of both families."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onemo.errors import FaultError
from onemo.families.sockets.connection import Loss
from onemo.faults.kinds import MALFORMED, POINTS
from onemo.faults.presets import PRESETS
from onemo.wire.transmitter import Transmitter

from tests.support.faulty import FaultyDriver

MODELS = ("ML307R", "ML307G", "MN316", "MN319")
OPEN = 'AT+MIPOPEN=0,"TCP","192.0.2.1",7'
HEY = b'\r\n+MIPURC: "rtcp",0,3,hey\r\n'


@pytest.fixture(params=MODELS)
def driver(request: pytest.FixtureRequest) -> FaultyDriver:
    driver = FaultyDriver(request.param).boot()
    driver.wait(1.0)
    driver.ask(OPEN)
    return driver


def hey(driver: FaultyDriver, after: float = 0.0) -> bytes:
    """Let the peer send "hey", and return all that comes of it, up to so many seconds later."""
    driver.world.peer_sends(0, b"hey")
    driver.wait(after)
    return driver.take()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("urc-drop urc=rtcp", b""),
        ("urc-drop urc=rudp", HEY),
        ("urc-drop connect_id=1", HEY),
        ("urc-duplicate count=2", HEY * 3),
        ("urc-wrong-id", b'\r\n+MIPURC: "rtcp",1,3,hey\r\n'),
        ("urc-wrong-id id=42", b'\r\n+MIPURC: "rtcp",42,3,hey\r\n'),
        ("urc-cut size=12", b'\r\n+MIPURC: "'),
        ("urc-cut size=1000", HEY),
        ("urc-replace text='+X: {id}'", b"\r\n+X: 0\r\n"),
        ("urc-malformed", HEY[:-2]),
        ("urc-malformed how=no-start", HEY[2:]),
        ("urc-malformed how=no-quote", HEY.replace(b'"', b"", 1)),
        ("urc-malformed how=no-colon", HEY.replace(b":", b"", 1)),
        ("urc-malformed how=extra-field", HEY[:-2] + b",0\r\n"),
        ("urc-malformed how=lower-case", HEY.lower()),
    ],
)
def test_at_once(driver: FaultyDriver, said: str, told: bytes) -> None:
    driver.arm(said)
    assert hey(driver) == told
    assert driver.answer("AT") == ["OK"]


def test_every_way_to_be_malformed_is_another() -> None:
    driver = FaultyDriver("ML307R").boot()
    driver.wait(1.0)
    driver.ask(OPEN)
    seen = {HEY}
    for how in MALFORMED:
        armed = driver.arm(f"urc-malformed how={how}")
        seen.add(hey(driver))
        driver.disarm(armed)
    assert len(seen) == 1 + len(MALFORMED)


def test_late_and_overtaken(driver: FaultyDriver) -> None:
    driver.arm("urc-delay seconds=2 times=1")
    assert hey(driver, 1.0) == b""
    driver.world.peer_sends(0, b"you")
    assert driver.take() == HEY.replace(b"hey", b"you")
    driver.wait(0.9)
    assert driver.take() == b""
    driver.wait(0.2)
    assert driver.take() == HEY


def test_its_own_connection_does_not_overtake(driver: FaultyDriver) -> None:
    driver.ask(OPEN.replace("=0", "=1"))
    driver.arm("urc-delay seconds=2 times=1 overtaken=others connect_id=0")
    assert hey(driver, 1.0) == b""
    driver.world.peer_sends(0, b"you")
    driver.world.peer_sends(1, b"sir")
    assert driver.take() == HEY.replace(b"0,3,hey", b"1,3,sir")
    driver.wait(1.1)
    assert driver.take() == HEY + HEY.replace(b"hey", b"you")
    driver.wait(0)
    assert type(driver.modem.first.transmitter) is Transmitter, "nothing is kept, and no fault is left"


@pytest.mark.parametrize("first", ["glued", "before-final", "before-answer", "echo"])
def test_what_is_placed_is_not_overtaken_by_its_own_connection(driver: FaultyDriver, first: str) -> None:
    driver.ask("ATE1")
    driver.arm(f"urc-place at={first} times=1")
    driver.arm("urc-place at=glued after=2 times=1")
    for letter in b"abcd":
        driver.world.peer_sends(0, bytes((letter,)))
    assert driver.take() == b""
    driver.type(b"AT\r")
    driver.type(b"AT\r")
    assert re.findall(rb'"rtcp",0,1,(.)', driver.take()) == [b"a", b"b", b"c", b"d"]


def test_at_the_last_moment_of_the_time_out() -> None:
    driver = FaultyDriver("ML307R").boot()
    driver.arm("urc-delay urc=MIPOPEN until=timeout overtaken=others")
    assert driver.ask('AT+MIPOPEN=1,"TCP","h",7,20') == b"\r\nOK\r\n"
    driver.world.peer_sends(1, b"hey")
    driver.wait(19.4)
    assert driver.take() == b""
    driver.wait(0.2)
    assert driver.take() == b"\r\n+MIPOPEN: 1,0\r\n" + HEY.replace(b"0,3", b"1,3")


@pytest.mark.parametrize("said", ["urc-delay seconds=600", "urc-delay seconds=600 overtaken=others times=1",
                                  "urc-place at=prompt times=1"])  # fmt: skip
def test_no_more_waits_than_is_held_at_most(driver: FaultyDriver, said: str) -> None:
    driver.arm(said)
    for _ in range(100):
        driver.world.peer_sends(0, b"x" * 1460)
    told = driver.take()
    assert 10 < told.count(b"rtcp") < 100 or (told + driver.take()).count(b"rtcp") == 100
    driver.faults.reset()
    driver.wait(0)
    assert (told + driver.take()).count(b"rtcp") == 100, "nothing is lost"


def test_duplicates_with_gaps(driver: FaultyDriver) -> None:
    driver.arm("urc-duplicate count=1 gap=1")
    assert hey(driver, 0.9) == HEY
    driver.wait(0.2)
    assert driver.take() == HEY


def test_split(driver: FaultyDriver) -> None:
    driver.arm("urc-split split=5 gap=1 times=1")
    assert hey(driver, 0.9) == HEY[:5]
    assert driver.ask("AT") == b"", "everything waits for the rest"
    driver.wait(0.2)
    assert driver.take() == HEY[5:] + b"\r\nOK\r\n"


def test_what_is_behind_a_silence_leaves_together(driver: FaultyDriver) -> None:
    """Else each of many would look at all the others."""
    driver.arm("urc-split split=5 gap=1 times=1")
    driver.line_room = 0
    for _ in range(50):
        hey(driver)
    transmitter = driver.modem.first.transmitter
    assert transmitter.peek() == HEY[:5]
    transmitter.sent(5)
    assert transmitter.peek() == b""
    driver.now += 1.0
    assert transmitter.peek() == HEY[5:] + HEY * 49


def test_let_go_with_the_fault(driver: FaultyDriver) -> None:
    late, placed = driver.arm("urc-delay seconds=100 times=1"), driver.arm("urc-place at=prompt")
    assert hey(driver) == b""
    assert hey(driver) == b""
    driver.disarm(placed)
    driver.disarm(late)
    assert driver.take() == HEY * 2
    assert type(driver.modem.first.transmitter) is Transmitter


@pytest.mark.parametrize("said", ["urc-split split=5 gap=100", "urc-inject at=before-final text=hey split=5 gap=100"])
def test_no_silence_outlives_its_fault(driver: FaultyDriver, said: str) -> None:
    armed = driver.arm(said)
    heard = hey(driver) + driver.ask("AT+CSQ") + hey(driver) + driver.ask("AT+CSQ")
    assert not heard.endswith(b"OK\r\n")
    driver.disarm(armed)
    driver.wait(0)
    assert (heard + driver.take()).count(b"\r\nOK\r\n") == 2
    assert type(driver.modem.first.transmitter) is Transmitter


def test_nor_does_one_that_was_to_come(driver: FaultyDriver) -> None:
    driver.arm("urc-split split=5 gap=100")
    driver.arm("urc-duplicate count=3 gap=2 times=1")
    heard = hey(driver)
    driver.faults.reset()
    driver.wait(0)
    assert heard + driver.take() == HEY * 4


def test_another_fault_that_ends_lets_nothing_go(driver: FaultyDriver) -> None:
    driver.arm("urc-delay seconds=9 times=1")
    assert hey(driver) == b""
    driver.disarm(driver.arm("urc-duplicate"))
    driver.wait(8.9)
    assert driver.take() == b""
    driver.wait(0.2)
    assert driver.take() == HEY


def test_a_restart_forgets_what_is_late(driver: FaultyDriver) -> None:
    driver.arm("urc-delay seconds=5 urc=rtcp")
    driver.arm("urc-place at=glued urc=rudp")
    assert hey(driver) == b""
    driver.arm("reboot")
    driver.wait(20.0)
    assert b"rtcp" not in driver.take()


PLACES = {
    "echo": b"A%bT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n",
    "before-answer": b"AT+CSQ\r%b\r\n+CSQ: 20,99\r\n\r\nOK\r\n",
    "before-final": b"AT+CSQ\r\r\n+CSQ: 20,99\r\n%b\r\nOK\r\n",
    "glued": b"AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n%b",
}


@pytest.mark.parametrize("at", PLACES)
def test_placed(driver: FaultyDriver, at: str) -> None:
    driver.ask("ATE1")
    driver.arm(f"urc-place at={at} times=1")
    assert hey(driver, 5.0) == b""
    for byte in b"AT+CSQ\r":
        driver.type(bytes([byte]))
    assert driver.take() == PLACES[at] % HEY


def test_placed_in_an_echo_that_is_typed_at_once(driver: FaultyDriver) -> None:
    driver.ask("ATE1")
    driver.arm("urc-place at=echo times=1")
    hey(driver)
    assert driver.ask("AT+CSQ").startswith(b"AT+C" + HEY + b"SQ\r")


def test_placed_in_the_entry() -> None:
    driver = FaultyDriver("ML307R").boot()
    driver.wait(1.0)
    driver.ask(OPEN)
    driver.arm("urc-place at=prompt split=5 gap=1s")
    assert hey(driver) == b""
    assert driver.ask("AT") == b"\r\nOK\r\n"
    assert driver.ask("AT+MIPSEND=0,2") == b"\r\n>" + HEY[:5]
    driver.wait(1.1)
    assert driver.take() == HEY[5:]
    driver.type(b"hi")
    assert driver.take() == b"\r\n+MIPSEND: 0,2\r\n\r\nOK\r\n"


def test_placed_waits_at_most(driver: FaultyDriver) -> None:
    driver.arm("urc-place at=glued wait=1s")
    assert hey(driver, 0.9) == b""
    driver.wait(0.2)
    assert driver.take() == HEY


def test_nothing_is_lost_of_many_that_wait(driver: FaultyDriver) -> None:
    driver.arm("urc-place at=before-final")
    heard = b"".join(hey(driver) for _ in range(100))
    assert (heard + driver.ask("AT")).count(HEY) == 100


@pytest.mark.parametrize(
    ("preset", "told"),
    [
        ("open-twice", ["+MIPOPEN: 1,0", "+MIPOPEN: 1,0"]),
        ("open-disconn", ['+MIPURC: "disconn",1,1']),
        ("open-wrong-id", ["+MIPOPEN: 2,0"]),
        ("open-late", []),
    ],
)
def test_ready_made_for_openings(driver: FaultyDriver, preset: str, told: list[str]) -> None:
    driver.arm(preset)
    assert driver.answer('AT+MIPOPEN=1,"TCP","h",7') == ["OK", *told]
    driver.wait(6.0)
    assert driver.take() == (b"\r\n+MIPOPEN: 1,0\r\n" if preset == "open-late" else b"")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(MODELS))
def test_hostile_spoils_nothing(seed: int, model: str) -> None:
    """Whatever it does to places and times, what is told stays whole: every URC and every answer comes once."""
    driver = FaultyDriver(model, seed=seed).boot()
    driver.wait(1.0)
    for said in PRESETS["hostile"].faults:
        if not said.startswith("line-"):
            driver.arm(said)
    driver.type(f"{OPEN},5\r".encode())
    driver.wait(1.0)
    for number in range(10):
        driver.world.peer_sends(0, b"%d" % number)
        if number % 3:
            driver.type(b"AT+CGMM\r")
        driver.wait(1.0 if number % 2 else 0.1)
    driver.wait(70.0)  # the time-out of a model that does not take another
    heard = driver.take()
    assert heard.count(b"\r\n+MIPOPEN: 0,0\r\n") == 1
    assert heard.count(b"\r\nOK\r\n") == 7
    of_the_connection = re.findall(rb'\+MIP(OPEN|URC): (?:0,0|"rtcp",0,1,(\d))\r\n', heard)
    assert of_the_connection == [(b"OPEN", b""), *((b"URC", b"%d" % number) for number in range(10))]
    driver.world.peer_ends(0, Loss.PEER_CLOSED)
    driver.wait(5.0)
    assert b'\r\n+MIPURC: "disconn",0,1\r\n' in driver.take() + driver.ask("AT+CGMM")


def test_every_point_is_tried() -> None:
    assert {*PLACES, "prompt"} == set(POINTS)


def test_they_are_of_every_console() -> None:
    """Results come on the console that asked, and the points of a line's traffic are each console's own."""
    driver = FaultyDriver("ML307R", consoles=2).boot()
    driver.arm("urc-place urc=rtcp at=before-final")
    driver.arm("urc-duplicate urc=MIPOPEN")
    driver.go_to(1)
    assert driver.answer(OPEN) == ["OK", "+MIPOPEN: 0,0", "+MIPOPEN: 0,0"]
    driver.world.peer_sends(0, b"hey")
    assert driver.answer("AT+CMEE?") == ["+CMEE: 1", "OK"]
    driver.go_to(0)
    assert driver.take() == b""
    assert driver.answer("AT+CMEE?") == ["+CMEE: 1", '+MIPURC: "rtcp",0,3,hey', "OK"]
    driver.faults.reset()
    assert all(type(each.transmitter) is Transmitter for each in driver.modem.consoles)


BANNER, REBOOTING, POWER_OFF = b"\r\n+MATREADY\r\n", b"\r\nREBOOTING\r\n", b"\r\nPOWER OFF\r\n"


@pytest.mark.parametrize(
    ("said", "restarts", "ends"),
    [
        ("urc-drop urc=MPING", REBOOTING + BANNER, POWER_OFF),
        ("urc-drop urc=REBOOTING", BANNER, POWER_OFF),
        ("urc-drop urc=rebooting times=1", BANNER, POWER_OFF),
        ("urc-drop urc='POWER OFF'", REBOOTING + BANNER, b""),
        ("urc-drop urc=+MATREADY", REBOOTING, POWER_OFF),
        ("urc-drop", b"", b""),
        ("urc-duplicate urc=REBOOTING", REBOOTING * 2 + BANNER, POWER_OFF),
        ("urc-duplicate urc=MATREADY gap=1s", REBOOTING + BANNER * 2, POWER_OFF),
        ("urc-split urc=REBOOTING split=4", REBOOTING + BANNER, POWER_OFF),
        ("urc-replace urc=MATREADY text=RDY", REBOOTING + b"\r\nRDY\r\n", POWER_OFF),
    ],
)
def test_what_is_said_at_the_start_and_at_the_end(said: str, restarts: bytes, ends: bytes) -> None:
    """Though it waits for nothing, it is said unasked."""
    driver = FaultyDriver("MN316").boot()
    driver.arm(said)
    told = driver.ask("AT+MREBOOT")
    driver.wait(10)
    assert told + driver.take() == b"\r\nOK\r\n" + restarts
    driver.ask("ATE0")
    assert driver.ask("AT+MPOF") == b"\r\nOK\r\n" + ends


def test_a_line_of_the_start_is_an_occasion() -> None:
    driver = FaultyDriver("ML305U").boot()
    driver.arm("sim-remove on=urc:REBOOTING")
    driver.ask("AT+MREBOOT")
    assert driver.told == ["sim-remove on=urc:REBOOTING"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("command-delay command=MIPCALL", "MN316-DBRS has no command MIPCALL; command=custom:MIPCALL takes it"),
        ("reboot on=command:AT+MIPCALL", "MN316-DBRS has no command MIPCALL"),
        ("urc-drop urc=mipcall", "MN316-DBRS has no command MIPCALL; urc=custom:MIPCALL takes it all the same"),
    ],
)
def test_a_command_that_the_model_lacks(said: str, told: str) -> None:
    driver = FaultyDriver("MN316").boot()
    with pytest.raises(FaultError) as caught:
        driver.arm(said)
    assert told in str(caught.value)
    driver.arm(re.sub("(?i)(AT.)?(?=mipcall)", "custom:", said, count=1))
    FaultyDriver("ML307R").arm(said)


def test_a_urc_that_is_no_commands_needs_no_command() -> None:
    FaultyDriver("MN316").arm("urc-drop urc=rtcp")


def test_a_late_disconn_meets_the_next_owner_of_the_id() -> None:
    """As was seen on hardware (capture 33)."""
    driver = FaultyDriver("ML307R").boot()
    driver.wait(1.0)
    driver.ask(OPEN)
    driver.arm("urc-delay urc=disconn seconds=2s")
    driver.world.peer_ends(0, Loss.PEER_CLOSED)
    driver.ask("AT+MIPCLOSE=0")
    assert driver.ask(OPEN).endswith(b"\r\nOK\r\n\r\n+MIPOPEN: 0,0\r\n")
    driver.wait(3.0)
    assert driver.take() == b'\r\n+MIPURC: "disconn",0,1\r\n'
    assert driver.answer("AT+MIPSTATE=0")[0].endswith('"CONNECTED"')
