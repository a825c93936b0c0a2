"""Laws of the plan, for any fault: when it fires, and how often."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.faults.kind import Layer
from onemo.faults.plan import ArmedFault, FaultPlan, Occasion
from onemo.faults.say import parse_fault

from tests.support.labels import socket_label

CSQ = Occasion(command="CSQ", form="execute")
TIMES = st.lists(st.floats(0, 10), min_size=1, max_size=60).map(sorted)


def plan_of(text: str, seed: int = 1, now: float = 0.0) -> tuple[FaultPlan, ArmedFault]:
    plan = FaultPlan(Random, seed)
    return plan, plan.add(parse_fault(text), now)


def fires(text: str, times: list[float], seed: int = 1) -> list[bool]:
    plan, _ = plan_of(text, seed)
    return [bool(plan.chosen(Layer.COMMAND, CSQ, now)) for now in times]


@given(st.integers(0, 2**32), st.floats(0, 1), TIMES)
def test_the_same_seed_fires_the_same_way(seed: int, probability: float, times: list[float]) -> None:
    text = f"command-delay probability={probability:.6f}"
    assert fires(text, times, seed) == fires(text, times, seed)


@given(st.integers(0, 2**32), st.integers(0, 20))
def test_what_other_faults_meet_changes_nothing(seed: int, others: int) -> None:
    """Each has dice of its own."""
    found = []
    for between in (0, others):
        plan = FaultPlan(Random, seed)
        one = plan.add(parse_fault("command-delay command=CSQ probability=0.5"), 0.0)
        plan.add(parse_fault("command-delay command=CGMM probability=0.5"), 0.0)
        rolls = []
        for now in range(20):
            for _ in range(between):
                plan.chosen(Layer.COMMAND, Occasion(command="CGMM"), now)
            rolls.append(one in plan.chosen(Layer.COMMAND, CSQ, now))
        found.append(rolls)
    assert found[0] == found[1]


@given(st.integers(0, 10), st.integers(1, 10), TIMES)
def test_after_and_times(after: int, times: int, moments: list[float]) -> None:
    fired = fires(f"command-delay after={after} times={times}", moments)
    assert fired == [after <= number < after + times for number in range(len(moments))]


@given(st.floats(0.001, 10), TIMES)
def test_after_seconds(after: float, moments: list[float]) -> None:
    text = f"command-delay after={after:.3f}s"
    assert fires(text, moments) == [now >= round(after, 3) for now in moments]


@given(st.floats(0.001, 5), TIMES)
def test_for_seconds_counts_from_the_first_chance(lasting: float, moments: list[float]) -> None:
    lasting = round(lasting, 3)
    assert fires(f"command-delay for_seconds={lasting}", moments) == [now < moments[0] + lasting for now in moments]


def test_never_and_always() -> None:
    assert not any(fires("command-delay probability=0", [1.0] * 50))
    assert all(fires("command-delay", [1.0] * 50))


def test_what_is_told() -> None:
    plan, armed = plan_of("command-delay after=1 times=2")
    for now in (1.0, 2.0, 3.0, 4.0):
        plan.chosen(Layer.COMMAND, CSQ, now)
    assert (armed.fired, armed.matches, armed.first_fired, armed.last_fired, armed.spent) == (2, 3, 2.0, 3.0, True)
    assert list(plan) == [armed]
    assert not plan.armed_on(Layer.COMMAND)


@pytest.mark.parametrize(
    ("text", "layer", "matching", "other"),
    [
        ("command-delay command=csq", Layer.COMMAND, CSQ, Occasion(command="CGMM")),
        ("command-delay form=read", Layer.COMMAND, Occasion(command="A", form="read"), CSQ),
        ("command-delay connect_id=0", Layer.COMMAND, Occasion(label=socket_label(0)), Occasion(label=socket_label(1))),
        ("urc-drop urc=rtcp", Layer.URC, Occasion(urc='+MIPURC: "rtcp",0,1,a'), Occasion(urc='+MIPURC: "rudp",0')),
        ("urc-drop urc=MIPOPEN", Layer.URC, Occasion(urc="+MIPOPEN: 0,0"), Occasion(urc="+MIPCLOSE: 0")),
        ("urc-drop urc=+MIPOPEN", Layer.URC, Occasion(urc="+MIPOPEN: 0,0"), Occasion(urc="+MIPCLOSE: 0")),
        ("urc-drop connect_id=1", Layer.URC, Occasion(label=socket_label(1)), Occasion()),
        ("line-drop contains='A*\\rB'", Layer.LINE, Occasion(data=b"xAT\rB"), Occasion(data=b"BA\r")),
        ("line-drop contains='\\x00x'", Layer.LINE, Occasion(data=b"a\0x"), Occasion(data=b"x\0")),
        ("line-drop direction=to-dte", Layer.LINE, Occasion("to-dte"), Occasion("from-dte")),
        ("net-reset operation=send", Layer.NETWORK, Occasion(operation="send"), Occasion(operation="receive")),
        ("reboot on=urc:rtcp", Layer.URC, Occasion(urc='+MIPURC: "rtcp",0,1,a'), Occasion(urc="+CEREG: 1")),
        ("reboot on=send", Layer.NETWORK, Occasion(operation="send"), Occasion(operation="open")),
        ("reboot on=boot", Layer.EVENT, Occasion(operation="boot"), Occasion()),
        ("reboot on=command:MIPSEND", Layer.COMMAND, Occasion(command="MIPSEND"), CSQ),
    ],
)
def test_scope(text: str, layer: Layer, matching: Occasion, other: Occasion) -> None:
    plan, armed = plan_of(text)
    assert plan.armed_on(layer)
    assert not plan.chosen(layer, other, 1.0)
    assert plan.chosen(layer, matching, 1.0) == [armed]
    assert not any(plan.chosen(each, matching, 1.0) for each in Layer if each is not layer)


def test_an_event_by_time_alone() -> None:
    plan, armed = plan_of("reboot after=2s", now=10.0)
    assert plan.deadline == 12.0
    assert plan.fire(11.9) == []
    assert plan.fire(12.0) == [armed]
    assert plan.deadline == math.inf
    assert armed.spent


def test_an_event_that_comes_again() -> None:
    plan, armed = plan_of("reboot after=2s times=3")
    fired = []
    while (now := plan.deadline) < math.inf:
        fired += [now for _ in plan.fire(now)]
    assert fired == [2.0, 4.0, 6.0]
    assert armed.spent


@given(st.integers(0, 1000))
def test_an_event_at_once_has_one_chance(seed: int) -> None:
    plan, armed = plan_of("reboot probability=0.5", seed)
    plan.fire(0.0)
    assert plan.deadline == math.inf
    assert armed.matches == 1


def test_what_is_armed_before_the_module_is_ready_counts_from_then() -> None:
    plan, armed = plan_of("reboot after=2s", now=math.inf)
    later, _ = plan_of("command-delay", now=math.inf)
    assert plan.deadline == math.inf
    assert later.chosen(Layer.COMMAND, CSQ, 1.0), "without seconds it need not wait"
    plan.begin(100.0)
    assert plan.deadline == 102.0
    plan.begin(200.0)
    assert plan.fire(102.0) == [armed]


def test_an_event_that_lasts_ends() -> None:
    plan, armed = plan_of("sim-remove after=1s for_seconds=3")
    plan.fire(1.0)
    assert (plan.deadline, armed.spent) == (4.0, False)
    assert plan.expire(3.9) == []
    assert plan.expire(4.0) == [armed]
    assert (plan.deadline, armed.spent) == (math.inf, True)


def test_removed_and_reset() -> None:
    plan, one = plan_of("command-delay")
    two = plan.add(parse_fault("urc-drop"), 0.0)
    assert one.id != two.id
    assert plan.remove(one.id) is one
    assert not plan.armed_on(Layer.COMMAND)
    with pytest.raises(KeyError):
        plan.remove(one.id)
    assert plan.reset() == [two]
    assert (len(plan), list(plan)) == (0, [])


def test_disarmed_by_hand_is_not_spent() -> None:
    plan, armed = plan_of("command-delay times=1")
    plan.remove(armed.id)
    assert (armed.spent, armed.disarmed, armed.over) == (False, True, True)
    plan, armed = plan_of("command-delay times=1")
    plan.chosen(Layer.COMMAND, CSQ, 1.0)
    plan.remove(armed.id)
    assert (armed.spent, armed.disarmed, armed.over) == (True, False, True)
