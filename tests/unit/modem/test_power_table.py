"""The table of the power's states, walked."""

from __future__ import annotations

import math

import pytest
from onemo.modem.power import TRANSITIONS, Power, PowerEvent, PowerState


def test_every_state_can_be_reached_and_left() -> None:
    assert set(TRANSITIONS.values()) == set(PowerState)
    assert {before for before, _ in TRANSITIONS} == set(PowerState)
    assert {event for _, event in TRANSITIONS} == set(PowerEvent)


def test_only_the_supply_ends_off_and_it_ends_everything() -> None:
    assert [event for state, event in TRANSITIONS if state is PowerState.OFF] == [PowerEvent.SUPPLY_ON]
    for state in set(PowerState) - {PowerState.OFF}:
        assert TRANSITIONS[state, PowerEvent.SUPPLY_OFF] is PowerState.OFF


@pytest.mark.parametrize("state", PowerState)
@pytest.mark.parametrize("event", PowerEvent)
def test_an_event_that_a_state_does_not_have_is_a_bug(state: PowerState, event: PowerEvent) -> None:
    power = Power(3.0)
    power.state = state
    if (state, event) not in TRANSITIONS:
        with pytest.raises(KeyError):
            power.on(event, 10.0)
        assert power.state is state
        return
    after = power.on(event, 10.0)
    assert after is power.state is TRANSITIONS[state, event]
    assert power.deadline == (13.0 if after is PowerState.BOOTING else math.inf)
    assert power.asleep == (after in (PowerState.SLEEPING, PowerState.SAVING))


def test_deep_sleep_goes_on_and_psm_begins_again() -> None:
    assert TRANSITIONS[PowerState.SLEEPING, PowerEvent.WAKE] is PowerState.READY
    assert TRANSITIONS[PowerState.SAVING, PowerEvent.WAKE] is PowerState.BOOTING


def test_input_counts_when_ready_and_in_the_first_boot() -> None:
    power = Power(3.0)
    assert not power.listens
    heard = []
    for event in (PowerEvent.SUPPLY_ON, PowerEvent.BOOTED, PowerEvent.SLEEP, PowerEvent.WAKE, PowerEvent.RESTART,
                  PowerEvent.BOOTED, PowerEvent.SAVE, PowerEvent.WAKE, PowerEvent.SUPPLY_OFF):  # fmt: skip
        power.on(event, 0.0)
        heard.append(power.listens)
    assert heard == [True, True, False, True, False, True, False, False, False]
