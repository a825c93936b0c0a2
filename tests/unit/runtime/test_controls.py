"""The controls of a running module: each thing has happened when it returns, or is refused with what may be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from onemo.errors import FaultError, UsageError
from onemo.faults.presets import parse_faults
from onemo.modem.modem import Modem
from onemo.runtime.controls import ModuleControls
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
def controls(running: RunningModule) -> ModuleControls:
    return ModuleControls(running)


@pytest.mark.parametrize(
    ("act", "undo", "seen"),
    [
        (ModuleControls.remove_sim, ModuleControls.insert_sim, lambda modem: not modem.sim.present),
        (ModuleControls.lose_network, ModuleControls.find_network, lambda modem: not modem.cell.coverage),
        (lambda controls: controls.refuse(15), ModuleControls.accept, lambda modem: modem.cell.refusal == 15),
        (ModuleControls.set_roaming, lambda controls: controls.set_roaming(False), lambda modem: modem.cell.roaming),
        (lambda controls: controls.set_signal(rssi=3), lambda controls: controls.set_signal(rssi=20),
         lambda modem: (modem.cell.signal.rssi, modem.cell.signal.ber) == (3, 99)),
        (ModuleControls.power_off, ModuleControls.power_on, lambda modem: modem.power.state.name == "OFF"),
    ],
    ids=["card", "coverage", "refusal", "roaming", "signal", "supply"],
)  # fmt: skip
async def test_what_is_done_is_seen_at_once_and_can_be_undone(
    act: Callable[[ModuleControls], None],
    undo: Callable[[ModuleControls], None],
    seen: Callable[[Modem], bool],
    controls: ModuleControls,
    bench: Bench,
) -> None:
    assert not seen(bench.module.modem)
    act(controls)
    assert seen(bench.module.modem)
    undo(controls)
    assert not seen(bench.module.modem)


async def test_a_context_goes_down_and_a_reboot_is_a_new_cycle(controls: ModuleControls, bench: Bench) -> None:
    modem = bench.module.modem
    assert 1 in modem.contexts.active
    controls.lose_context(1)
    assert 1 not in modem.contexts.active
    before = modem.power.cycles
    controls.reboot()
    assert (modem.power.cycles, controls.power) == (before + 1, "ready")


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda controls: controls.refuse(0), "give 1 to 255"),
        (lambda controls: controls.set_signal(rssi=32), "give 0 to 31, or 99"),
        (lambda controls: controls.set_signal(rsrp=-1), "give 0 to 97, or 255"),
        (lambda controls: controls.urc("+A\r\n+B"), "is no line: give printable ASCII"),
        (lambda controls: controls.urc(""), "is no line"),
    ],
)
async def test_what_cannot_be_is_refused(
    act: Callable[[ModuleControls], None], says: str, controls: ModuleControls
) -> None:
    with pytest.raises(UsageError, match=says):
        act(controls)


async def test_a_urc_is_said_as_it_is_given(controls: ModuleControls, bench: Bench) -> None:
    controls.urc('+CMTI: "S\\M",1')
    assert await bench.heard() == b'\r\n+CMTI: "S\\M",1\r\n'


async def test_a_module_without_supply_says_nothing(controls: ModuleControls) -> None:
    controls.power_off()
    with pytest.raises(UsageError, match="is not up, and says nothing"):
        controls.urc("+CMTI: 1")


async def test_what_the_line_does_not_take_is_not_dropped_unseen(controls: ModuleControls, bench: Bench) -> None:
    bench.line.room = 0
    said = 0
    with pytest.raises(UsageError, match="let it read first"):  # noqa: PT012  # how often it is taken is the module's
        while said < 10_000:
            controls.urc("+CMTI: " + "1" * 200)
            said += 1
    assert said > 1


async def test_faults_are_armed_and_disarmed(controls: ModuleControls, bench: Bench) -> None:
    assert (controls.disarm_all(), controls.armed) == ([], [])
    (first,) = [controls.arm(fault) for fault in parse_faults("urc-drop urc=MIPOPEN module=ml305u")]
    (second,) = [controls.arm(fault) for fault in parse_faults("urc text='+HELLO: 1' on=command:CSQ")]
    assert controls.armed == [first, second]
    assert controls.disarm(first.id) is first
    with pytest.raises(KeyError):
        controls.disarm(first.id)
    assert (controls.disarm_all(), controls.armed) == ([second], [])


async def test_a_fault_of_another_module_is_refused_though_none_was_armed_before(controls: ModuleControls) -> None:
    with pytest.raises(FaultError, match=r"this module is ml305u or ml305u-.*, not ml307r"):
        controls.arm(parse_faults("urc-drop module=ml307r")[0])


async def test_a_fault_does_not_happen_now(controls: ModuleControls) -> None:
    with pytest.raises(FaultError, match="arm it as a fault"):
        controls.happen(parse_faults("urc-drop")[0])


async def test_who_has_ended_is_not_touched(controls: ModuleControls, running: RunningModule) -> None:
    running.condition = Condition.ENDED
    for act in (controls.reboot, controls.disarm_all, lambda: controls.registered):
        with pytest.raises(UsageError, match="has ended: start it again"):
            act()


async def test_a_bug_is_told_and_the_module_goes_on(
    controls: ModuleControls, bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(now: float) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("onemo.runtime.controls.happen", lambda modem, event, now: break_down(now))
        with pytest.raises(ZeroDivisionError):
            controls.reboot()
    assert "a bug in the emulator" in caplog.text
    controls.urc("+GOES: 1")
    assert await bench.heard() == b"\r\n+GOES: 1\r\n"


@pytest.mark.parametrize("kind", ["net-reset connect_id", "disconnect id", "burst id", "connection-stale id"])
async def test_an_instance_that_the_model_has_not_is_refused(controls: ModuleControls, kind: str) -> None:
    (fault,) = parse_faults(f"{kind}=6")
    with pytest.raises(FaultError, match="on ML305U-DBLN connect_id is 0-5, not 6"):
        controls.arm(fault)
    (fault,) = parse_faults(f"{kind}=5")
    assert controls.arm(fault).fault is fault
