"""The tables of states: what moves a connection and the supply, and what a state refuses with which number."""

from __future__ import annotations

import math

import pytest
from onemo.at.reply import CommandError
from onemo.families.sockets.connection import TRANSITIONS, AccessMode, ConnectionEvent, Operation, SocketError, State
from onemo.families.sockets.instance import Instance
from onemo.modem.modem import Modem
from onemo.modem.power import Power, PowerEvent, PowerState
from onemo.net.interface import OpenRequest, Transport

from tests.support.driver import model_named

REQUEST = OpenRequest(Transport.TCP, "h", 80, 60.0)
NUMBERS = model_named("ML307R").errors
HOST = Modem(model_named("ML307R"))


def refusal(operation: Operation, state: State) -> int | None:
    try:
        Instance(0, HOST, state=state).check(operation)
    except CommandError as error:
        return NUMBERS[error.code][0] if error.code else 0
    return None


def test_what_each_state_refuses() -> None:
    table = {operation: [refusal(operation, state) for state in State] for operation in Operation}
    assert list(State) == [State.INITIAL, State.CONNECTING, State.CONNECTED, State.CLOSING, State.CLOSED]
    assert table[Operation.OPEN] == [None, 552, 552, 552, 552]
    assert table[Operation.SEND] == [550, 550, None, 550, 550]
    assert table[Operation.CONFIGURE] == [None, 552, 552, 552, 552]
    close = table[Operation.CLOSE]
    assert close[:3] == [551, 4, None]
    assert close[3] is not None
    assert close[4] is None


def test_the_names_that_mipstate_prints() -> None:
    assert [state.value for state in State] == ["INITIAL", "CONNECTING", "CONNECTED", "CLOSING", "CLOSED"]


def test_every_state_can_be_reached_and_left() -> None:
    assert set(TRANSITIONS.values()) == set(State)
    assert {before for before, _ in TRANSITIONS} == set(State)
    assert {event for _, event in TRANSITIONS} == set(ConnectionEvent)


@pytest.mark.parametrize("state", State)
def test_an_event_that_a_state_does_not_have_is_a_bug(state: State) -> None:
    for event in ConnectionEvent:
        instance = Instance(0, HOST, state=state)
        if (state, event) in TRANSITIONS:
            instance.on(event)
            assert instance.state is TRANSITIONS[state, event]
        else:
            with pytest.raises(KeyError):
                instance.on(event)
            assert instance.state is state


def test_a_free_instance_remembers_nothing() -> None:
    instance = Instance(0, HOST, state=State.CONNECTED, request=REQUEST, ipv6=True, sent=5, received=6)
    instance.access_mode = AccessMode.STREAM_BUFFERED
    instance.on(ConnectionEvent.LOST)
    assert (instance.request, instance.transport, instance.sent) == (REQUEST, Transport.TCP, 5)
    instance.on(ConnectionEvent.RELEASED)
    assert (instance.request, instance.transport, instance.ipv6) == (None, None, False)
    assert (instance.access_mode, instance.sent, instance.received) == (AccessMode.NORMAL, 0, 0)


def test_access_modes() -> None:
    fitting = {transport: [int(mode) for mode in AccessMode if mode.fits(transport)] for transport in Transport}
    assert fitting == {Transport.TCP: [0, 1, 2], Transport.UDP: [0, 1, 3]}


# Power.


def test_a_boot_takes_its_time() -> None:
    power = Power(boot_time=3.0)
    assert (power.state, power.deadline, power.ready) == (PowerState.OFF, math.inf, False)
    assert power.on(PowerEvent.SUPPLY_ON, 10.0) is PowerState.BOOTING
    assert (power.deadline, power.ready, power.keeps_input) == (13.0, False, True)
    assert power.on(PowerEvent.BOOTED, 13.0) is PowerState.READY
    assert (power.deadline, power.ready) == (math.inf, True)


def test_later_boots_lose_what_comes_early() -> None:
    power = Power(boot_time=3.0)
    power.on(PowerEvent.SUPPLY_ON, 0.0)
    power.on(PowerEvent.BOOTED, 3.0)
    assert power.on(PowerEvent.RESTART, 5.0) is PowerState.BOOTING
    assert (power.deadline, power.keeps_input) == (8.0, False)
    power.on(PowerEvent.BOOTED, 8.0)
    assert power.on(PowerEvent.SUPPLY_OFF, 9.0) is PowerState.OFF
    assert power.deadline == math.inf
    power.on(PowerEvent.SUPPLY_ON, 10.0)
    assert not power.keeps_input


def test_a_restart_while_booting_begins_again() -> None:
    power = Power(boot_time=3.0)
    power.on(PowerEvent.SUPPLY_ON, 0.0)
    power.on(PowerEvent.RESTART, 2.0)
    assert power.deadline == 5.0


@pytest.mark.parametrize("event", [PowerEvent.BOOTED, PowerEvent.RESTART, PowerEvent.SUPPLY_OFF])
def test_nothing_happens_without_supply(event: PowerEvent) -> None:
    with pytest.raises(KeyError):
        Power(1.0).on(event, 0.0)


def test_errors_have_the_numbers_of_the_manual() -> None:
    assert NUMBERS[SocketError.NOT_USED][0] == 551
    assert NUMBERS[SocketError.IN_USE][0] == 552
