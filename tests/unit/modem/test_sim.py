"""The SIM card: its states, what each refuses, and its memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.at.reply import Cme, CommandError, ErrorCode
from onemo.modem.cardfiles import NO_PLMN, Ef, plmn_file
from onemo.modem.modem import Modem
from onemo.modem.sim import REFUSALS, Sim, SimState, is_code
from onemo.modem.subscriber import SimCard

from tests.support.driver import Driver, model_named

PROFILE = model_named("ML307R").profile.sim
PIN, PUK = PROFILE.pin, PROFILE.puk
VALUES = st.none() | st.booleans() | st.integers(-2, 12) | st.text("0123456789a", max_size=9) | st.just(1.0)


def card(**fields: object) -> Sim:
    return Sim(PROFILE._replace(**fields))  # type: ignore[arg-type]


def in_state(state: SimState) -> Sim:
    sim = card(present=state is not SimState.ABSENT, locked=state is SimState.PIN)
    if state in (SimState.PUK, SimState.DEAD):
        sim.pin_tries = 0
    if state is SimState.DEAD:
        sim.puk_tries = 0
    assert sim.state is state
    return sim


def refusal(sim: Sim, what: str, *arguments: object) -> ErrorCode | None:
    try:
        getattr(sim, what)(*arguments)
    except CommandError as error:
        return error.code
    return None


def test_what_each_state_refuses() -> None:
    calls = {"enter": (PIN,), "unblock": (PUK, "4321"), "lock": (True, PIN), "require": (), "require_card": ()}
    table = {call: [refusal(in_state(state), call, *given) for state in SimState] for call, given in calls.items()}
    absent, pin, puk, dead = (REFUSALS[state] for state in SimState if state is not SimState.READY)
    assert list(SimState) == [SimState.ABSENT, SimState.PIN, SimState.PUK, SimState.READY, SimState.DEAD]
    assert table == {
        "enter": [absent, None, puk, Cme.NOT_ALLOWED, dead],
        "unblock": [absent, pin, None, Cme.NOT_ALLOWED, dead],
        "lock": [absent, pin, puk, None, dead],
        "require": [absent, pin, puk, None, dead],
        "require_card": [absent, None, None, None, dead],
    }


def test_tries() -> None:
    sim = in_state(SimState.PIN)
    for left in (2, 1):
        assert refusal(sim, "enter", "0000") is Cme.INCORRECT_PASSWORD
        assert (sim.state, sim.pin_tries) == (SimState.PIN, left)
    sim.enter(PIN)
    assert (sim.state, sim.pin_tries) == (SimState.READY, 3)
    for _ in range(3):
        assert refusal(sim, "lock", False, "0000") is Cme.INCORRECT_PASSWORD
    assert sim.state.value == "SIM PUK"
    for _ in range(9):
        assert refusal(sim, "unblock", "00000000", "4321") is Cme.INCORRECT_PASSWORD
    sim.unblock(PUK, "4321")
    assert (sim.state, sim.pin, sim.pin_tries, sim.puk_tries) == (SimState.READY, "4321", 3, 10)
    sim.restart()
    assert sim.state is SimState.PIN


def test_a_new_pin_needs_the_lock() -> None:
    sim = card()
    assert refusal(sim, "change", PIN, "4321") is Cme.NOT_ALLOWED
    sim.lock(True, PIN)
    sim.change(PIN, "4321")
    sim.lock(False, "4321")
    assert not sim.locked


def test_what_changes_is_told() -> None:
    sim = Sim(PROFILE._replace(locked=True))
    sim.enter(PIN)
    assert sim.snapshot() is None
    sim.lock(False, PIN)
    assert refusal(sim, "lock", True, "0000") is Cme.INCORRECT_PASSWORD
    sim.lock(True, PIN)
    assert sim.changes == 4
    assert sim.snapshot() == {"issued": [PIN, True], "pin": PIN, "locked": True, "pin_tries": 3, "puk_tries": 10}


@given(st.text("0123456789a٣ ", max_size=10))
def test_codes(text: str) -> None:
    assert is_code(text) == (4 <= len(text) <= 8 and set(text) <= set("0123456789"))


@given(
    st.fixed_dictionaries(
        {
            "issued": st.just([PROFILE.pin, PROFILE.locked]),
            "pin": st.text("0123456789", min_size=4, max_size=8),
            "locked": st.booleans(),
            "pin_tries": st.integers(0, 3),
            "puk_tries": st.integers(0, 10),
        }
    )
)
def test_a_memory_comes_back(memory: dict[str, object]) -> None:
    sim = card()
    assert sim.restore(memory) == []
    assert sim.snapshot() == memory


@given(
    VALUES
    | st.dictionaries(st.sampled_from(["issued", "pin", "locked", "pin_tries", "puk_tries", "other"]), VALUES)
    | st.fixed_dictionaries(dict.fromkeys(["issued", "pin", "locked", "pin_tries", "puk_tries"], VALUES))
)
def test_what_is_no_memory_changes_nothing(stored: object) -> None:
    sim = card()
    before = sim.snapshot()
    if sim.restore(stored):
        assert sim.snapshot() == before
    assert sim.state in SimState


# In the modem.


def test_the_card_is_written_down_and_comes_back_in_another_process() -> None:
    driver = Driver("MN316").boot()
    assert driver.answer('AT+CLCK="SC",1,"1234"') == ["OK"]
    assert driver.answer('AT+CPWD="SC","1234","4321"') == ["OK"]
    assert driver.answer('AT+CPWD="SC","1234","5555"') == ["+CME ERROR: 16"]
    assert driver.answer('AT+MDNSCFG="priority",0') == ["OK"]
    stored = driver.world.answers.stored
    card = {"issued": ["1234", False], "pin": "4321", "locked": True, "pin_tries": 2, "puk_tries": 10}
    assert stored["sim"] == card
    later = Modem(model_named("MN316"))
    assert later.restore(stored) == []
    assert later.sim.state is SimState.PIN
    assert later.sim.snapshot() == stored["sim"]
    assert later.memory.snapshot() == stored


@pytest.mark.parametrize("entry", [{}, {"pin": "1"}, "x", None, 5])
def test_a_card_that_does_not_fit_is_refused(entry: object) -> None:
    modem = Modem(model_named("MN316"))
    assert modem.restore({"sim": entry}) == ["sim"]
    assert modem.sim.snapshot() == card().snapshot()
    assert modem.memory.snapshot() == {}


def test_a_full_memory_is_not_the_cards() -> None:
    driver = Driver("ML307R").boot()
    driver.world.answers.full = True
    assert driver.answer('AT+CLCK="SC",1,"1234"') == ["OK"]
    assert driver.answer('AT+CLCK="SC",2') == ["+CLCK: 1", "OK"]


def test_another_card_does_not_remember_what_the_first_one_did() -> None:
    first = Sim(PROFILE._replace(locked=True))
    first.enter(PROFILE.pin)
    first.change(PROFILE.pin, "9876")
    again, other = (Sim(PROFILE._replace(locked=True, pin=pin)) for pin in (PROFILE.pin, "4711"))
    assert again.restore(first.snapshot()) == []
    assert again.pin == "9876"
    assert other.restore(first.snapshot()) == [""]
    other.enter("4711")


def test_the_list_of_networks_stays_as_long_as_it_is() -> None:
    subscriber = SimCard({Ef.FPLMN: b"\xff" * 7})
    for plmn in ("46001", "46002", "46003", "46002"):
        subscriber.forbid(plmn)
        assert len(subscriber.file(Ef.FPLMN) or b"") == 7
    assert subscriber.file(Ef.FPLMN) == plmn_file("46002") + plmn_file("46003") + b"\xff"
    assert subscriber.permit("46002")
    assert subscriber.file(Ef.FPLMN) == plmn_file("46003") + NO_PLMN + b"\xff"
