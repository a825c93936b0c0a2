"""The pytest plugin, in pytest runs of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.plugin import ASK, PLUGIN, ROOT, STRICT, run

pytest_plugins = ["pytester"]


def test_a_module_is_ready_registered_and_off_the_network(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_it(onemo):
    assert onemo.model == onemo.name == "ML307R"
    assert onemo.port == onemo.url and onemo.port.startswith("/dev/pts/")
    assert ask(onemo, "AT+CEREG?") == b"\\r\\n+MATREADY\\r\\n\\r\\n+CEREG: 0,1\\r\\n\\r\\nOK\\r\\n"
    ask(onemo, 'AT+MIPOPEN=0,"TCP","192.0.2.1",9', b"0,559\\r\\n")
    assert onemo.trace.commands == ["AT+CEREG?", 'AT+MIPOPEN=0,"TCP","192.0.2.1",9']
    assert onemo.trace.urcs == ["+MATREADY", "+MIPOPEN: 0,559"]
""",
    )
    result.assert_outcomes(passed=1)


def test_markers_say_which(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
pytestmark = pytest.mark.onemo("MN316", revision="V1")

def test_of_the_file(onemo):
    assert b"V1" in ask(onemo, "AT+CGMR")

@pytest.mark.onemo(sandbox=True)
def test_of_the_test(onemo):
    assert onemo.model == "MN316"
    assert onemo.identity.revision == "V1"
    assert ask(onemo, 'AT+MIPOPEN=0,"TCP","there.is.none",7', b"0,0\\r\\n").endswith(b"+MIPOPEN: 0,0\\r\\n")

@pytest.mark.onemo(revision=None, link="tcp://", sim=False)
def test_overruled(onemo):
    assert onemo.url.startswith("socket://127.0.0.1:")
    assert not onemo.registered
    assert b"V1" not in ask(onemo, "AT+CGMR")

@pytest.mark.parametrize("onemo", ["MN319", "ml305u"], indirect=True)
def test_several(onemo):
    assert onemo.model.encode() in ask(onemo, "AT+CGMM")
""",
    )
    result.assert_outcomes(passed=5)


WRONG = {
    "sandox=True": "there is no option 'sandox'; there are baud, *, zone",
    '"MN31"': "unknown model 'MN31'; the nearest are MN31*",
    "307": "the model=307: give a string",
    '"MN316", "ML307R"': "give one model, and everything else by its keyword",
    '"MN316", model="ML307R"': "give one model, and everything else by its keyword",
    'boot_time="soon"': "boot_time='soon': give a number of seconds, 0 or more",
    'pin="12"': "'12' is no PIN: give 4 to 8 digits",
    'route="x"': "route 'x': there is no '='; a route is PATTERN=TARGET, *",
    'link="udp://"': "link='udp://': give a path, tcp://HOST:PORT, *",
    'link="/nowhere/modem"': "cannot make the link /nowhere/modem: *",
}


def test_a_marker_without_its_fixture_is_an_error(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.mark.onemo("MN316")
def test_nothing_reads_it():
    pass

@pytest.mark.onemo_lab("MN316")
def test_nor_this(onemo_lab):
    pass

@pytest.mark.onemo
class TestMany:
    def test_needs_none(self):
        pass

    class TestInner:
        def test_needs_it(self, onemo):
            pass
""",
    )
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        ["*@pytest.mark.onemo: the test does not use the fixture onemo: take it as an argument"]
    )


UNREAD = """
pytestmark = pytest.mark.onemo("MN316")

def test_nothing():
    pass

@pytest.mark.onemo_lab(count=2)
class TestX:
    def test_b(self):
        pass
"""


def test_a_marker_of_a_class_or_file_without_its_fixture_is_an_error(pytester: pytest.Pytester) -> None:
    result = run(pytester, UNREAD)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*no test of the file test_*.py uses the fixture onemo: take it as an argument*"])
    only_class = run(pytester, UNREAD.replace('pytestmark = pytest.mark.onemo("MN316")', ""))
    only_class.assert_outcomes(passed=1, errors=1)
    only_class.stdout.fnmatch_lines(["*.onemo_lab: no test of the class TestX uses the fixture onemo_lab: *"])


@pytest.mark.parametrize("chosen", [("-k", "nothing"), ("test_chosen.py::test_nothing",), ("--deselect", "test_uses")])
def test_a_marker_is_judged_by_all_tests_of_the_file(pytester: pytest.Pytester, chosen: tuple[str, ...]) -> None:
    """Whichever of them are to run."""
    pytester.makepyfile(
        test_chosen="""
import pytest
pytestmark = pytest.mark.onemo("MN316")

@pytest.fixture(autouse=True, scope="module")
def once():
    pass

def setup_module():
    pass

def test_nothing():
    pass

class TestMany:
    def test_uses(self, onemo):
        pass
"""
    )
    result = pytester.runpytest_inprocess(*STRICT, *chosen)
    assert result.parseoutcomes()["passed"] >= 1
    assert "errors" not in result.parseoutcomes()


def test_a_wrong_marker_says_what_is_allowed(pytester: pytest.Pytester) -> None:
    tests = [f"@pytest.mark.onemo({marker})\ndef test_{n}(onemo): pass\n" for n, marker in enumerate(WRONG)]
    result = run(pytester, "".join(tests), "--show-capture=no")
    result.assert_outcomes(errors=len(WRONG))
    result.stdout.fnmatch_lines([f"@pytest.mark.onemo: {problem}" for problem in WRONG.values()])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*/onemo/*")
    result.stdout.no_fnmatch_line("*another exception*")


def test_a_failing_test_shows_the_last_dialogue(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_passes(onemo):
    ask(onemo, "AT+CGMM")

@pytest.mark.onemo("MN316")
def test_fails(onemo):
    for _ in range(20):
        ask(onemo, "AT")
    ask(onemo, "AT+CPIN?")
    with serial.Serial(onemo.port, timeout=5) as port:
        port.write(b"AT+HALF")
        assert port.read(7) == b"AT+HALF"
    assert "+CREG: 1" in onemo.trace

def test_hears_nothing(onemo):
    onemo.trace.wait_for("> AT+CGMM", timeout=0.01)
""",
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.no_fnmatch_line("*AT+CGMM*(echo)*")
    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: assert '+CREG: 1' in this dialogue",
            "*- onemo MN316: dialogue -*",
            "... [0-9]* lines before",
            "> AT+CPIN[?]",
            "< +CPIN: READY",
            "< OK",
            "> AT+HALF  (no line end yet)",
            "E       TimeoutError: no line like *CGMM' within 0.01 s of",
            "E       (nothing was said)",
            "*- onemo ML307R: dialogue -*",
            "(nothing was said)",
        ]
    )


def test_no_private_key_is_shown(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_it(onemo):
    ask(onemo, 'AT+MSSLKEYWR="k.pem",0,6', b">")
    ask(onemo, "SE" + "CRET")
    assert not onemo.trace.answers
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["> AT+MSSLKEYWR[*]*", "< >"])
    result.stdout.no_fnmatch_line("*SECRET*")


def test_several_modules_talk_to_each_other(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import socket

@pytest.mark.onemo_lab("MN316", name="meter")
@pytest.mark.onemo_lab("ML307R", count=2)
def test_it(onemo_lab, onemo):
    assert [module.name for module in onemo_lab.modules] == ["meter", "ML307R", "ML307R-2", "ML307R-3"]
    assert onemo is onemo_lab["ML307R-3"]
    assert len({module.identity.imei for module in onemo_lab.modules}) == 4
    gate = onemo_lab.start("ML305U", name="gate", speed=10)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        peers = []
        for module in (onemo_lab["meter"], gate):
            ask(module, f'AT+MIPOPEN=0,"TCP","127.0.0.1",{server.getsockname()[1]}', b"0,0\\r\\n")
            peers.append(server.accept()[0])
        with peers[0], peers[1]:
            ask(onemo_lab["meter"], 'AT+MIPSEND=0,5,"12345"')
            peers[1].sendall(peers[0].recv(5))
            assert gate.trace.wait_for("rtcp").text == '+MIPURC: "rtcp",0,5,12345'
    with pytest.raises(KeyError, match="there are meter, ML307R, "):
        onemo_lab["none"]

@pytest.mark.onemo_lab(count=0)
def test_none(onemo_lab):
    pass
""",
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["@pytest.mark.onemo_lab: count=0: give a number of modules"])


def test_it_serves_tests_with_an_event_loop(pytester: pytest.Pytester) -> None:
    """One of trio, by pytest-trio, and one of asyncio."""
    result = run(
        pytester,
        """
import asyncio
import trio

@pytest.mark.trio
async def test_trio(onemo):
    await trio.lowlevel.checkpoint()
    onemo.remove_sim()
    assert b"+CME ERROR: 10" in ask(onemo, "AT+CPIN?", b"10\\r\\n")

def test_asyncio(onemo):
    async def main():
        onemo.remove_sim()
        return ask(onemo, "AT+CPIN?", b"10\\r\\n")
    assert b"+CME ERROR: 10" in asyncio.run(main())
""",
    )
    result.assert_outcomes(passed=2)


def test_a_program_that_a_test_starts_opens_the_port_and_inherits_nothing(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import subprocess, sys

FIRMWARE = '''
import os, serial, sys
opened = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
assert not [name for name in opened if "ptmx" in name or "inotify" in name or name == sys.argv[1]], opened
with serial.Serial(sys.argv[1], timeout=5) as port:
    port.write(b"AT+CGMM\\\\r")
    assert b"ML307R" in port.read_until(b"OK\\\\r\\\\n")
'''

def test_it(onemo):
    done = subprocess.run([sys.executable, "-c", FIRMWARE, onemo.port], close_fds=False, timeout=20)
    assert done.returncode == 0
    assert onemo.trace.commands == ["AT+CGMM"]
""",
    )
    result.assert_outcomes(passed=1)


def test_workers_of_xdist_have_modules_of_their_own(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(
        ASK
        + """
@pytest.mark.parametrize("number", range(8))
def test_it(onemo, number):
    assert b"ML307R" in ask(onemo, "AT+CGMM")
    assert number != 5
"""
    )
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess(*PLUGIN, "-p", "xdist", *STRICT, "-n", "2", timeout=60)
    result.assert_outcomes(passed=7, failed=1)
    result.stdout.fnmatch_lines(["*- onemo ML307R: dialogue -*", "> AT+CGMM"])


def test_a_run_without_such_a_test_imports_nothing() -> None:
    """Neither trio nor any part of the emulator."""
    code = "import sys, onemo.pytest_plugin; print(*sorted(n for n in sys.modules if n[:4] in ('onem', 'trio')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["onemo", "onemo.pytest_plugin"], "")


def test_the_markers_are_told_of(pytester: pytest.Pytester) -> None:
    result = run(pytester, "", "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.onemo(model=*", "@pytest.mark.onemo_lab(model=*"])
