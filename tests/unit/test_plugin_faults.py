"""Faults of a block and of a marker, events, and labs from a file: in pytest runs of their own."""

from __future__ import annotations

import pytest

from tests.support.plugin import run

pytest_plugins = ["pytester"]

BLOCKS = """
from onemo.errors import FaultError, UsageError

@pytest.mark.onemo(sandbox=True)
def test_fires(onemo):
    with onemo.fault("command-answer command=CSQ", after=1) as fault:
        ask(onemo, "AT+CSQ")
        assert (fault.matches, fault.fired, fault.first_fired, fault.last_fired) == (1, 0, None, None)
        ask(onemo, "AT+CSQ", b"ERROR\\r\\n")
        assert (fault.matches, fault.fired) == (2, 1)
        assert 0 <= fault.first_fired <= fault.last_fired < 5
    ask(onemo, "AT+CSQ")
    assert fault.fired == 1
    assert str(fault).startswith("fault command-answer ") and ": fired once, first after 0." in str(fault)
    assert onemo.armed == []

def test_never_fires(onemo):
    with onemo.fault("net-reset operation=send"):
        ask(onemo, "AT")

def test_never_fires_though_it_matches(onemo):
    with onemo.fault("command-answer command=CSQ after=2"):
        ask(onemo, "AT+CSQ")

def test_need_not_fire(onemo):
    with onemo.fault("net-reset operation=send", required=False) as fault:
        pass
    assert not fault.fired

def test_is_not_masked(onemo):
    with onemo.fault("net-reset operation=send"):
        raise LookupError("mine")

def test_raises_around(onemo):
    with pytest.raises(AssertionError, match="never fired"):
        with onemo.fault("net-reset operation=send"):
            pass
    with pytest.raises(LookupError, match="mine"):
        with onemo.fault("net-reset operation=send"):
            raise LookupError("mine")
    assert onemo.armed == []

@pytest.mark.onemo(seed=7)
def test_a_preset(onemo):
    with onemo.fault("hostile", probability=1) as fault:
        assert len(onemo.armed) == 14
        ask(onemo, "AT")
    assert fault.fired
    assert onemo.faults()[-1] == "the seed of the faults was 7"

def test_an_event_lasts_as_long(onemo):
    with onemo.fault("sim-remove"):
        assert not onemo.registered
        ask(onemo, "AT+CPIN?", b"+CME ERROR: 10\\r\\n")
    assert b"READY" in ask(onemo, "AT+CPIN?")

def test_an_event_at_once(onemo):
    onemo.happen("signal", rssi=7)
    assert b"+CSQ: 7," in ask(onemo, "AT+CSQ")
    onemo.happen("sim-remove")
    ask(onemo, "AT+CPIN?", b"+CME ERROR: 10\\r\\n")
    for wrong in ("sim-remove after=5s", "net-reset", "sim-renove", "hostile", ""):
        with pytest.raises(FaultError):
            onemo.happen(wrong)

def test_several_of_them(onemo):
    with onemo.fault("command-answer command=CSQ"), onemo.fault("command-answer command=CGMM"):
        ask(onemo, "AT+CSQ", b"ERROR\\r\\n")

def test_what_is_wrong_is_said_before_it_is_armed(onemo):
    for wrong, why in (("net-rest", "did you mean net-reset"), ("net-reset afer=2", "no key 'afer'")):
        with pytest.raises(FaultError, match=why):
            onemo.fault(wrong)
    with pytest.raises(FaultError, match="this module is .*, not other"):
        with onemo.fault("net-reset module=other"):
            pass
    with onemo.fault("net-reset", required=False) as fault:
        with pytest.raises(UsageError, match="armed already"):
            fault.__enter__()
    with fault:
        onemo.disarm_all()

def test_a_module_that_ends_meanwhile(onemo):
    with onemo.fault("sim-remove"):
        onemo.stop()
    with pytest.raises(UsageError, match="has ended"):
        with onemo.fault("sim-remove"):
            pass
"""


def test_a_fault_lives_as_long_as_its_block(pytester: pytest.Pytester) -> None:
    result = run(pytester, BLOCKS, "-rf")
    result.assert_outcomes(passed=8, failed=4)
    result.stdout.fnmatch_lines_random(
        [
            "E       AssertionError: fault net-reset operation=send: never fired (0 matches) within the block",
            "E       AssertionError: fault command-answer *after=2: never fired (1 match) within the block",
            "E *LookupError: mine",
            "E       AssertionError: fault command-answer command=CGMM: never fired (0 matches) within the block",
            "*- onemo ML307R: faults -*",
            "fault net-reset operation=send: never fired (0 matches)",
            "the seed of the faults was [0-9]*",
        ]
    )

    result.stdout.no_fnmatch_line("*faultblock.py*")


MARKERS = """
@pytest.mark.onemo(fault=["command-answer command=CSQ", "net-reset operation=send after=2"])
def test_one_of_two(onemo):
    ask(onemo, "AT+CSQ", b"ERROR\\r\\n")

@pytest.mark.onemo(fault="net-reset", required=False)
def test_not_required(onemo):
    ask(onemo, "AT")

@pytest.mark.onemo(fault="net-reset")
def test_that_fails_itself(onemo):
    assert onemo is None

@pytest.mark.onemo(fault="net-reset")
def test_that_is_skipped(onemo):
    pytest.skip("here")

@pytest.mark.onemo(fault="hostile probability=1")
def test_a_preset_of_which_one_fired(onemo):
    ask(onemo, "AT")

@pytest.mark.onemo(fault="command-answer command=CSQ")
def test_it_may_fire_in_the_end(firmware):
    pass

@pytest.mark.onemo(fault="command-answer command=CSQ")
def test_one_that_fired_and_was_taken_out(onemo):
    ask(onemo, "AT+CSQ", b"ERROR\\r\\n")
    onemo.disarm_all()

@pytest.fixture
def firmware(onemo):
    yield
    ask(onemo, "AT+CSQ", b"ERROR\\r\\n")

@pytest.mark.onemo_lab(count=2, fault="reboot after=999s")
def test_each_module(onemo_lab):
    onemo_lab.start(fault="reboot after=999s", required=False)

@pytest.mark.onemo(required=1)
def test_wrong(onemo):
    pass
"""


def test_a_fault_of_a_marker_that_never_fired_fails_the_test(pytester: pytest.Pytester) -> None:
    result = run(pytester, MARKERS)
    result.assert_outcomes(passed=6, failed=1, skipped=1, errors=3)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_one_of_two*",
            "ML307R: fault net-reset operation=send after=2: never fired (0 matches)",
            "*ERROR at teardown of test_each_module*",
            "ML307R: fault reboot after=999s: never fired (0 matches)",
            "ML307R-2: fault reboot after=999s: never fired (0 matches)",
            "@pytest.mark.onemo: required=1: give True or False",
        ]
    )
    result.stdout.no_fnmatch_line("ML307R-3: fault*")


LAB = """
[[module]]
name = "meter-{n}"
model = "MN316"
count = 2
link = "port-{n}"
trace = "{n}.jsonl"

[[module]]
name = "gateway"
boot_time = 0.01

[[faults]]
kind = "sim-remove"
module = "gateway"
"""


def test_a_lab_from_a_file(pytester: pytest.Pytester) -> None:
    """Beside the test's own, with the plugin's defaults where it is silent."""
    folder = pytester.mkdir("sub")
    (folder / "lab.toml").write_text(LAB)
    (folder / "taken.toml").write_text('[[module]]\nname = "a"\n[[module]]\nname = "b"\nlink = "no/such"')
    (folder / "none-fits.toml").write_text('[[module]]\nname = "x{n}"\ncount = 20\nlink = "no/such{n}"')
    (folder / "wrong.toml").write_text('[[module]]\nmodel = "MN31"\nnv = 3')
    (folder / "test_it.py").write_text("""
import os, pathlib, pytest, serial
from onemo.errors import EmulatorError

HERE = pathlib.Path(__file__).parent

@pytest.mark.onemo_lab("lab.toml")
def test_it(onemo_lab, onemo):
    assert [module.name for module in onemo_lab.modules] == ["meter-1", "meter-2", "gateway", "ML307R"]
    assert [module.registered for module in onemo_lab.modules] == [True, True, False, True]
    assert onemo_lab["meter-1"].model == "MN316"
    assert os.readlink(HERE / "port-2") == onemo_lab["meter-2"].port
    with serial.Serial(onemo_lab["meter-2"].port, timeout=5) as port:
        port.write(b"AT\\r")
        port.read_until(b"OK\\r\\n")
    assert onemo_lab["meter-2"].trace.commands == ["AT"]

@pytest.mark.onemo_lab("lab.toml", count=2)
def test_more(onemo_lab): pass

@pytest.mark.onemo_lab("none.toml")
def test_none(onemo_lab): pass

@pytest.mark.onemo_lab("wrong.toml")
def test_wrong(onemo_lab): pass

def test_all_or_none(onemo_lab):
    with pytest.raises(EmulatorError, match="^b: cannot make the link [^\\n]*$"):
        onemo_lab.start_lab(HERE / "taken.toml")
    with pytest.raises(EmulatorError, match=r"^x\\d: cannot .*(\\nx\\d+: .*){7}\\nand 12 more$"):
        onemo_lab.start_lab(HERE / "none-fits.toml")
    assert onemo_lab.modules == [] and not onemo_lab.lab.modules
""")
    result = run(pytester, "")
    result.assert_outcomes(passed=2, errors=3)
    assert "AT" in (folder / "2.jsonl").read_text()
    result.stdout.fnmatch_lines(
        [
            "@pytest.mark.onemo_lab: the modules of lab.toml are as it says: leave out count",
            "@pytest.mark.onemo_lab: *none.toml: *",
            "@pytest.mark.onemo_lab: *wrong.toml: module?1?.nv: is 3, *",
        ]
    )
