"""What tests share and leave with the pytest plugin: wider scopes, assertions, traces of what failed."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from onemo.pytest_plugin import _file_name

from tests.support.plugin import run

pytest_plugins = ["pytester"]

SHARED = """
@pytest.fixture(scope="session")
def onemo_session_options():
    return {"model": "MN319", "sandbox": True}

class TestClass:
    pytestmark = pytest.mark.onemo("ML305U", name="of-class")

    def test_first(self, onemo_class, onemo_session):
        assert (onemo_class.name, onemo_session.model) == ("of-class", "MN319")
        ask(onemo_class, "AT+CMEE=1")
        ask(onemo_session, "AT")
        assert onemo_class.sent == ["AT+CMEE=1"]

    def test_second(self, onemo_class, onemo_session, onemo_module, onemo):
        assert b"+CMEE: 1" in ask(onemo_class, "AT+CMEE?")  # as the test before left it, but for the trace
        assert onemo_class.sent == ["AT+CMEE?"]
        assert onemo_class.trace.sent == b"AT+CMEE?\\r"
        assert onemo_session.sent == []
        assert onemo_module.model == "MN316"
        assert onemo.name == "of-class"
        assert len({onemo.port, onemo_class.port, onemo_module.port, onemo_session.port}) == 4

pytestmark = pytest.mark.onemo("MN316")

@pytest.mark.parametrize("onemo_module", ["ML307R"], indirect=True)
def test_parameter(onemo_module):
    assert onemo_module.model == "ML307R"

def test_fails(onemo_session):
    ask(onemo_session, "AT+CGMM")
    assert "AT+CGMI" in onemo_session.sent
"""


def test_modules_of_wider_scopes(pytester: pytest.Pytester) -> None:
    result = run(pytester, SHARED)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["E       *'AT+CGMI' in *AT+CGMM*", "*- onemo MN319: dialogue -*", "> AT+CGMM"])
    result.stdout.no_fnmatch_line("*- onemo MN316: dialogue -*")


def test_a_shared_module_whose_fault_never_fires_fails_after_its_last_test(pytester: pytest.Pytester) -> None:
    tests = """
pytestmark = pytest.mark.onemo(fault="command-answer command=CGMM result=ERROR")

def test_asks(onemo_module):
    ask(onemo_module, "%s", b"R\\r\\n" if "%s" == "AT+CGMM" else b"OK\\r\\n")

def test_asks_nothing(onemo_module):
    pass
"""
    run(pytester, tests.replace("%s", "AT+CGMM")).assert_outcomes(passed=2)
    result = run(pytester, tests.replace("%s", "AT"))
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["ML307R: *command-answer*"])


def test_a_marker_is_read_by_a_shared_module(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.mark.onemo("MN316")
class TestX:
    def test_x(self, onemo_module):
        pass

@pytest.mark.onemo("MN316")
def test_y(onemo_class):
    assert onemo_class.model == "MN316"

@pytest.mark.onemo("MN316")
def test_z(onemo_module):
    pass
""",
    )
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(
        ["*no test of the class TestX uses the fixture onemo: *", "*the test does not use the fixture onemo: *"]
    )


def test_assertions_that_read_well(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.mark.onemo(sandbox=True)
def test_passes(onemo):
    for host in "ab":
        ask(onemo, f'AT+MIPOPEN=0,"TCP","{host}.example.com",7', b"0,0\\r\\n")
        ask(onemo, 'AT+MIPSEND=0,,"hello"', b"hello\\r\\n")
        ask(onemo, "AT+MIPCLOSE=0", b"MIPCLOSE: 0\\r\\n")
    assert onemo.expect("AT+MIPOPEN=*") == 'AT+MIPOPEN=0,"TCP","a.example.com",7'
    assert "b.example.com" in onemo.expect("AT+MIPOPEN=*")
    assert onemo.sent[1::3] == ['AT+MIPSEND=0,,"hello"'] * 2
    first, second = onemo.connections
    assert (first.name, first.number, first.closed) == ("connection 0", 0, True)
    assert second.sent == second.received == b"hello"
    with pytest.raises(AssertionError, match="no command 'AT' within"):
        onemo.expect("AT", timeout=0)
    with pytest.raises(TypeError, match="7 is no command"):
        onemo.expect(7)

def test_fails(onemo):
    ask(onemo, "AT+CGMM")
    onemo.expect("AT+MIPOPEN=*", timeout=0.01)
""",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            ">   *onemo.expect(*",
            "E   *AssertionError: no command 'AT+MIPOPEN=[*]' within 0.01 s of",
            "E   *> AT+CGMM",
        ]
    )


REPORTED = """
def test_passes(onemo):
    ask(onemo, "AT+PASSED")

@pytest.mark.parametrize("far", [1], ids=["x" * 400])
def test_far(onemo, far):
    assert onemo.sent

@pytest.mark.onemo_lab("ML305U", name="meter")
def test_fails(onemo, onemo_lab):
    ask(onemo, "AT+CGMM")
    ask(onemo_lab["meter"], 'AT+MSSLKEYWR="k.pem",0,6', b">")
    ask(onemo_lab["meter"], "SE" + "CRET")
    assert not onemo.sent
"""


def test_a_failed_test_leaves_its_dialogue_to_junit_and_in_a_file(pytester: pytest.Pytester) -> None:
    folder = pytester.path / "new/traces"
    result = run(pytester, REPORTED, "--junitxml=report.xml", f"--onemo-trace-dir={folder}")
    result.assert_outcomes(passed=1, failed=2)
    report = (pytester.path / "report.xml").read_text()
    cases = {case.get("name"): case for case in ElementTree.fromstring(report).iter("testcase")}
    assert cases["test_passes"].find("properties") is None
    told = {each.get("name"): each.get("value", "") for each in cases["test_fails"].iter("property")}
    assert told.keys() == {"onemo meter: dialogue", "onemo ML307R: dialogue"}
    assert told["onemo ML307R: dialogue"].splitlines()[:1] == ["> AT+CGMM"]
    far, near = sorted(folder.iterdir(), key=lambda file: len(file.name), reverse=True)
    assert len(far.name) < 200
    assert near.stat().st_mode & 0o777 == 0o600
    written = near.read_text()
    test = f"{pytester.path.name[:-1]}.py::test_fails"
    assert written.splitlines()[0] == test
    assert re.search(r"^== ML307R, ML307R on /dev/pts/\d+\n +\d\.\d{3} > AT\+CGMM$", written, re.MULTILINE)
    assert re.search(r"^== meter, ML305U on .*\n.*\n +\d\.\d{3} > AT\+MSSLKEYWR\*", written, re.MULTILINE)
    assert "SECRET" not in written + report
    result.stdout.fnmatch_lines(["*- onemo: traces -*", str(near)])


def test_a_directory_of_traces_that_cannot_be(pytester: pytest.Pytester) -> None:
    file = pytester.makefile(".txt", "")
    result = run(pytester, "", f"--onemo-trace-dir={file}/x")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --onemo-trace-dir *: Not a directory; name a directory that *"])


def test_no_two_tests_have_one_file() -> None:
    tests = [f"test_a.py::test[{name}]" for name in ("a/b", "a-b", "a b", "a::b", "a\n", "..", "x" * 300, "y" * 300)]
    tests += ["a/test_b.py::test", "a-test_b.py::test", "test_a.py::Test::test", "test_a.py::test", "\ud800"]
    names = [_file_name(test) for test in tests]
    assert len(set(names)) == len(tests)
    assert all("/" not in name and "\n" not in name and len(name) < 200 for name in names)
    assert names[1] == "test_a.py-test[a-b]"
    assert names[-3:-1] == ["test_a.py-Test-test", "test_a.py-test"]
