"""A lab in a thread: modules for programs that know nothing of trio, and the hand on them."""

from __future__ import annotations

import gc
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest
import serial
import trio
from onemo.errors import EmulatorError, LinkError, UnknownModel, UsageError
from onemo.runtime.hosted import Hosted, HostedModule


@pytest.fixture
def lab() -> Iterator[Hosted]:
    gc.collect()  # what tests before this one left
    threads, descriptors = set(threading.enumerate()), set(os.listdir("/proc/self/fd"))
    with Hosted() as lab:
        yield lab
    assert set(threading.enumerate()) <= threads
    assert set(os.listdir("/proc/self/fd")) <= descriptors


@pytest.fixture
def module(lab: Hosted) -> HostedModule:
    """An MN316 that finds the network at once."""
    return lab.start("MN316", speed=1_000_000)


def ask(module: HostedModule, line: str, end: str = "OK") -> list[str]:
    """The lines that the module answers, and those that waited to be read."""
    with serial.serial_for_url(module.url, timeout=5) as port:
        port.write(b"AT" + line.encode() + b"\r")
        read: bytes = port.read_until(f"{end}\r\n".encode())
    return [line for line in read.decode().split("\r\n") if line]


# ---- The card, the network, the supply


def test_the_card_is_taken_out_and_put_back(module: HostedModule) -> None:
    module.remove_sim()
    assert not module.registered
    assert "+CME ERROR: 10" in ask(module, "+CPIN?", "10")
    module.insert_sim()
    module.trace.clear()
    assert "+CPIN: READY" in ask(module, "+CPIN?")


def test_the_network_goes_and_comes(module: HostedModule) -> None:
    ask(module, "+CEREG=1")
    for away, back in ((module.lose_network, module.find_network), (module.refuse, module.accept)):
        away()
        assert not module.registered
        back()
        module.trace.wait_for(re.compile(r"CEREG: [23]"))
        module.trace.wait_for("CEREG: 1")
        assert module.registered
    module.set_roaming()
    module.trace.wait_for("CEREG: 5")


def test_a_refusal_has_its_cause(module: HostedModule) -> None:
    ask(module, "+CEREG=3")
    module.refuse(15)
    assert module.trace.wait_for("CEREG: 3").text.endswith(",0,15")


def test_the_signal_is_what_it_is_said_to_be(module: HostedModule) -> None:
    module.set_signal(rssi=3, rsrp=97)
    assert any(line.startswith("+CSQ: 3,") for line in ask(module, "+CSQ"))


def test_a_context_is_lost(module: HostedModule) -> None:
    (active,) = [line for line in ask(module, "+CGACT?") if line.endswith(",1")]
    cid = int(active.removeprefix("+CGACT: ").split(",")[0])
    module.lose_context(cid)
    module.lose_context(cid)
    assert f"+CGACT: {cid},0" in ask(module, "+CGACT?")


def test_the_supply_and_the_reset_line(module: HostedModule) -> None:
    module.power_off()
    module.reboot()
    assert (module.power, module.registered) == ("off", False)
    with pytest.raises(UsageError, match="the module is not up"):
        module.urc("+A")
    module.power_on()
    module.power_on()
    assert (module.power, module.registered) == ("ready", True)
    module.trace.wait_for("MATREADY")
    module.reboot()
    module.trace.wait_for("MATREADY")
    assert (module.power, module.registered) == ("ready", True)


def test_dtr_wakes_it(module: HostedModule) -> None:
    module.wake()
    assert module.power == "ready"
    ask(module, '+MLPMCFG="sleepind",2')
    ask(module, '+CPSMS=1,,,"00000001","00000000"')
    module.trace.wait_for("MLPMENTER: 2")
    assert module.power == "saving"
    module.wake()
    module.trace.wait_for("MATREADY")


def test_a_line_is_said_unasked(module: HostedModule) -> None:
    module.urc('+CMTI: "SM",1')
    assert module.trace.wait_for("CMTI").text == '+CMTI: "SM",1'
    assert module.trace.urcs == ["+MATREADY", '+CMTI: "SM",1']


def test_what_nobody_reads_is_refused_in_the_end(module: HostedModule) -> None:
    def flood() -> None:
        for _ in range(10_000):
            module.urc("+" + "A" * 1000)

    with pytest.raises(UsageError, match="let it read first"):
        flood()


def test_what_was_read_from_the_port_is_in_the_trace(module: HostedModule) -> None:
    with serial.Serial(module.port, timeout=5) as port:
        for _ in range(200):
            port.write(b"AT\r")
            port.read_until(b"OK\r\n")
            assert str(module.trace[-1]) == "< OK"
            module.trace.clear()


# ---- What cannot be done


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        (lambda module: module.urc("+A\r\n"), "give printable ASCII"),
        (lambda module: module.urc(""), "give printable ASCII"),
        (lambda module: module.set_signal(rssi=32), "rssi 32: give 0 to 31, or 99"),
        (lambda module: module.set_signal(rsrp=-1), "rsrp -1: give 0 to 97, or 255"),
        (lambda module: module.refuse(0), "give 1 to 255"),
    ],
)
def test_wrong_values_say_what_is_right(
    module: HostedModule, act: Callable[[HostedModule], None], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        act(module)


def test_a_module_that_was_stopped_says_so_and_leaves_its_name(lab: Hosted) -> None:
    first = lab.start("MN316", name="node")
    first.stop()
    with pytest.raises(UsageError, match="node has ended"):
        first.reboot()
    second = lab.start("MN316", name="node")
    assert lab["node"] is second
    with pytest.raises(UsageError, match="there is a module node already"):
        lab.start("MN316", name="node")
    assert lab.modules == [first, second]


def test_what_cannot_be_started_leaves_nothing(lab: Hosted) -> None:
    attempts: list[tuple[Callable[[], HostedModule], type[EmulatorError]]] = [
        (partial(lab.start, "MN31"), UnknownModel),
        (partial(lab.start, link="/nowhere/modem"), LinkError),
        (partial(lab.start, link="tcp://127.0.0.1"), UsageError),
        (partial(lab.start, link="uart:///nowhere"), LinkError),
        (partial(lab.start, imei="1"), UsageError),
    ]
    for attempt, error in attempts:
        with pytest.raises(error):
            attempt()
    assert (lab.modules, lab.lab.modules) == ([], {})


def test_outside_of_its_context_it_says_so() -> None:
    lab = Hosted()
    with pytest.raises(EmulatorError, match="inside the with statement"):
        lab.start()
    with lab:
        module = lab.start()
    with pytest.raises(EmulatorError, match="inside the with statement"):
        module.reboot()


def test_threads_may_start_modules_at_once(lab: Hosted) -> None:
    threads = [threading.Thread(target=lab.start, args=("MN316",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(module.name for module in lab.modules) == ["MN316", "MN316-2", "MN316-3", "MN316-4"]


def test_a_bug_in_the_lab_comes_out() -> None:
    hosted = Hosted()

    async def bug() -> None:
        await trio.lowlevel.checkpoint()
        raise ZeroDivisionError

    def use() -> None:
        with hosted:
            hosted.call(lambda: hosted._nursery.start_soon(bug))
            hosted._thread.join()

    with pytest.raises(BaseExceptionGroup) as raised:
        use()
    assert raised.value.subgroup(ZeroDivisionError) is not None


def test_a_bug_of_the_caller_is_the_callers(lab: Hosted) -> None:
    with pytest.raises(ZeroDivisionError):
        lab.call(lambda: 1 // 0)
    assert lab.start().power == "ready"


def test_an_interrupt_while_it_begins_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Future[None], timeout: float | None = None) -> None:
        raise KeyboardInterrupt

    before = set(threading.enumerate())
    monkeypatch.setattr(Future, "result", interrupted)
    with pytest.raises(KeyboardInterrupt), Hosted():
        pytest.fail("it has begun")
    assert set(threading.enumerate()) <= before


# ---- Several AT lines


def test_a_module_with_several_ports(lab: Hosted, tmp_path: Path) -> None:
    module = lab.start("ML305U", link=tmp_path / "first", ports=[tmp_path / "second", tmp_path / "third"], speed=1000)
    assert module.ports == [os.readlink(tmp_path / name) for name in ("first", "second", "third")]
    assert module.port == module.ports[0]
    with serial.Serial(str(tmp_path / "third"), timeout=5) as port:
        port.write(b"AT+CMEE=0\r")
        assert port.read_until(b"OK\r\n").endswith(b"\r\nOK\r\n")
    assert "2< OK" in module.trace
    module.trace.wait_for("2> AT+CMEE=0")
    assert ask(module, "+CMEE?")[-2:] == ["+CMEE: 1", "OK"]
    module.stop()
    assert not list(tmp_path.iterdir())


def test_ports_that_cannot_be(lab: Hosted, tmp_path: Path) -> None:
    taken = lab.start("ML305U", ports=tmp_path / "taken").ports[1]
    (tmp_path / "file").touch()
    for ports, problem in (
        ([tmp_path / "taken"], "belongs to a running emulator: stop that one or choose another path"),
        ([tmp_path / "file"], "exists and is no emulator's link"),
        ([tmp_path / "no" / "where"], "No such file or directory"),
        ([tmp_path / "a", tmp_path / "a"], "a is there twice: give each port a path of its own"),
    ):
        with pytest.raises(EmulatorError, match=problem):
            lab.start("MN316", ports=ports)
    assert os.readlink(tmp_path / "taken") == taken
    assert len(lab.lab.modules) == 1


def test_each_port_is_as_slow_as_its_own_speed(lab: Hosted, tmp_path: Path) -> None:
    module = lab.start("ML305U", ports=tmp_path / "slow", pace=True)
    with serial.Serial(module.port, timeout=5) as fast, serial.Serial(str(tmp_path / "slow"), timeout=5) as slow:
        fast.write(b"AT+IPR=460800\r")
        slow.write(b"AT+IPR=9600\r")
        for port in (fast, slow):
            assert port.read_until(b"OK\r\n").endswith(b"OK\r\n")
        began = time.monotonic()
        slow.write(b"AT+MIPSTATE?;+MIPSTATE?\r")
        size = len(slow.read_until(b"\r\nOK\r\n"))
        assert time.monotonic() - began > 0.9 * size * 10 / 9600
