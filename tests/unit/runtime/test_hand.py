"""The hand on a running module: each thing has happened when it returns, or is refused with what may be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from onemo.errors import FaultError, UsageError
from onemo.faults.presets import parse_faults
from onemo.modem.modem import Modem
from onemo.runtime.hand import Hand
from onemo.runtime.lab import Condition, RunningModule
from onemo.runtime.models import load_model
from onemo.runtime.spec import Spec

from tests.unit.runtime.doubles import Bench


@pytest.fixture
def running(bench: Bench) -> RunningModule:
    running = RunningModule(Spec("ML305U"), load_model("ML305U"))
    running.module, running.condition = bench.module, Condition.READY
    return running


@pytest.fixture
def hand(running: RunningModule) -> Hand:
    return Hand(running)


@pytest.mark.parametrize(
    ("act", "undo", "seen"),
    [
        (Hand.remove_sim, Hand.insert_sim, lambda modem: not modem.sim.present),
        (Hand.lose_network, Hand.find_network, lambda modem: not modem.cell.coverage),
        (lambda hand: hand.refuse(15), Hand.accept, lambda modem: modem.cell.refusal == 15),
        (Hand.set_roaming, lambda hand: hand.set_roaming(False), lambda modem: modem.cell.roaming),
        (lambda hand: hand.set_signal(rssi=3), lambda hand: hand.set_signal(rssi=20),
         lambda modem: (modem.cell.signal.rssi, modem.cell.signal.ber) == (3, 99)),
        (Hand.power_off, Hand.power_on, lambda modem: modem.power.state.name == "OFF"),
    ],
    ids=["card", "coverage", "refusal", "roaming", "signal", "supply"],
)  # fmt: skip
async def test_what_is_done_is_seen_at_once_and_can_be_undone(
    act: Callable[[Hand], None], undo: Callable[[Hand], None], seen: Callable[[Modem], bool], hand: Hand, bench: Bench
) -> None:
    assert not seen(bench.module.modem)
    act(hand)
    assert seen(bench.module.modem)
    undo(hand)
    assert not seen(bench.module.modem)


async def test_a_context_goes_down_and_a_reboot_is_a_new_cycle(hand: Hand, bench: Bench) -> None:
    modem = bench.module.modem
    assert 1 in modem.contexts.active
    hand.lose_context(1)
    assert 1 not in modem.contexts.active
    before = modem.power.cycles
    hand.reboot()
    assert (modem.power.cycles, hand.power) == (before + 1, "ready")


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda hand: hand.refuse(0), "give 1 to 255"),
        (lambda hand: hand.set_signal(rssi=32), "give 0 to 31, or 99"),
        (lambda hand: hand.set_signal(rsrp=-1), "give 0 to 97, or 255"),
        (lambda hand: hand.urc("+A\r\n+B"), "is no line: give printable ASCII"),
        (lambda hand: hand.urc(""), "is no line"),
    ],
)
async def test_what_cannot_be_is_refused(act: Callable[[Hand], None], says: str, hand: Hand) -> None:
    with pytest.raises(UsageError, match=says):
        act(hand)


async def test_a_urc_is_said_as_it_is_given(hand: Hand, bench: Bench) -> None:
    hand.urc('+CMTI: "S\\M",1')
    assert await bench.heard() == b'\r\n+CMTI: "S\\M",1\r\n'


async def test_a_module_without_supply_says_nothing(hand: Hand) -> None:
    hand.power_off()
    with pytest.raises(UsageError, match="is not up, and says nothing"):
        hand.urc("+CMTI: 1")


async def test_what_the_line_does_not_take_is_not_dropped_unseen(hand: Hand, bench: Bench) -> None:
    bench.line.room = 0
    said = 0
    with pytest.raises(UsageError, match="let it read first"):  # noqa: PT012  # how often it is taken is the module's
        while said < 10_000:
            hand.urc("+CMTI: " + "1" * 200)
            said += 1
    assert said > 1


async def test_faults_are_armed_and_disarmed(hand: Hand, bench: Bench) -> None:
    assert (hand.disarm_all(), hand.armed) == ([], [])
    (first,) = [hand.arm(fault) for fault in parse_faults("urc-drop urc=MIPOPEN module=ml305u")]
    (second,) = [hand.arm(fault) for fault in parse_faults("urc text='+HELLO: 1' on=command:CSQ")]
    assert hand.armed == [first, second]
    assert hand.disarm(first.id) is first
    with pytest.raises(KeyError):
        hand.disarm(first.id)
    assert (hand.disarm_all(), hand.armed) == ([second], [])


async def test_a_fault_of_another_module_is_refused_though_none_was_armed_before(hand: Hand) -> None:
    with pytest.raises(FaultError, match=r"this module is ml305u or ml305u-.*, not ml307r"):
        hand.arm(parse_faults("urc-drop module=ml307r")[0])


async def test_a_fault_does_not_happen_now(hand: Hand) -> None:
    with pytest.raises(FaultError, match="arm it as a fault"):
        hand.happen(parse_faults("urc-drop")[0])


async def test_who_has_ended_is_not_touched(hand: Hand, running: RunningModule) -> None:
    running.condition = Condition.ENDED
    for act in (hand.reboot, hand.disarm_all, lambda: hand.registered):
        with pytest.raises(UsageError, match="has ended: start it again"):
            act()


async def test_a_bug_is_told_and_the_module_goes_on(
    hand: Hand, bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(now: float) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("onemo.runtime.hand.happen", lambda modem, event, now: break_down(now))
        with pytest.raises(ZeroDivisionError):
            hand.reboot()
    assert "a bug in the emulator" in caplog.text
    hand.urc("+GOES: 1")
    assert await bench.heard() == b"\r\n+GOES: 1\r\n"
