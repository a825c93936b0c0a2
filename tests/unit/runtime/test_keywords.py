"""A module as a Python program asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

import pytest
from onemo.errors import UsageError
from onemo.faults.presets import parse_faults
from onemo.faults.scenario import ScenarioStep
from onemo.runtime.keywords import ModuleKeywords, options_of
from onemo.runtime.line import Cable
from onemo.runtime.models import Overrides
from onemo.runtime.network import NetworkOptions
from onemo.runtime.options import OPTIONS
from onemo.runtime.spec import Spec, StartFaults, spec_of

KEYWORDS = [option.python for option in OPTIONS.values() if option.python]


def asked(model: str, keywords: dict[str, object]) -> Spec:
    """The module of these keywords."""
    return spec_of(options_of(model, keywords))


def test_nothing_asked_for_is_the_model_as_it_is() -> None:
    assert asked("ML307R", {}) == Spec("ML307R")
    assert asked("ML307R", dict.fromkeys(KEYWORDS)) == Spec("ML307R")


def test_type_checkers_know_each() -> None:
    assert list(get_type_hints(ModuleKeywords)) == KEYWORDS


def options_in(tmp_path: Path) -> dict[str, object]:
    """Every option but the one of a serial device and the snapshot, each as it may be given."""
    return {
        "profiles": tmp_path,
        "boot_time": 1,
        "register_time": 2.5,
        "early_input": "lost",
        "power_on": "open",
        "sleep_default": "model",
        "speed": 10,
        "route": ["a=b", "*=sandbox"],
        "deny": "c",
        "publish": "8080=80",
        "offline": True,
        "sandbox": True,
        "sandbox_file": tmp_path / "sandbox.toml",
        "sandbox_family": "ipv4",
        "link": str(tmp_path / "modem"),
        "ports": [tmp_path / "second", "third"],
        "pty_mode": 0o660,
        "pace": True,
        "strict_baud": False,
        "nv": "state/",
        "source": "127.0.0.5",
        "name": "node",
        "imei": "1",
        "imsi": "2",
        "msisdn": "+8614400000001",
        "iccid": "3",
        "revision": "V1",
        "file_store": 65536,
        "zone": -4,
        "pin": "1234",
        "card": tmp_path / "c",
        "sim": False,
        "fault": "net-reset",
        "seed": 7,
        "scenario": tmp_path / "scenario.toml",
    }


def test_each_reaches_the_module(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text('[[step]]\ndo = "sim-remove"')
    options = options_in(tmp_path)
    more: Any = {"ports": (tmp_path / "second", Path("third")), "power_on": "open", "pace": True, "strict_baud": False}
    assert set(KEYWORDS) - options.keys() == {"baud", "restore"}
    assert asked("MN316", options) == Spec(
        "MN316",
        (tmp_path,),
        1,
        Overrides(
            "node", "1", "2", "3", "V1", 2.5, "1234", False, 65536, -4, 10, "+8614400000001", "model", tmp_path / "c"
        ),
        Cable(tmp_path / "modem", 0o660, **more),
        NetworkOptions(("a=b", "*=sandbox"), ("c",), True, True, tmp_path / "sandbox.toml", "ipv4", ("8080=80",)),
        "state/",
        "127.0.0.5",
        StartFaults(
            (tuple(parse_faults("net-reset")),), (ScenarioStep("step 1", tuple(parse_faults("sim-remove"))),), 7
        ),
        "lost",
    )


@pytest.mark.parametrize(
    ("options", "cable"),
    [
        ({"link": "tcp://"}, Cable(tcp="127.0.0.1:0")),
        ({"link": "tcp://127.0.0.1:7000"}, Cable(tcp="127.0.0.1:7000")),
        ({"link": "rfc2217://", "pace": True}, Cable(rfc2217="127.0.0.1:0", pace=True)),
        ({"link": "uart:///dev/ttyUSB0", "baud": 9600}, Cable(uart="/dev/ttyUSB0", baud=9600)),
        ({"ports": "a"}, Cable(ports=(Path("a"),))),
        ({"link": "tcp://", "ports": "a", "pty_mode": 0o600}, Cable(None, 0o600, "127.0.0.1:0", ports=(Path("a"),))),
    ],
)
def test_the_line(options: dict[str, object], cable: Cable) -> None:
    assert asked("MN316", options).cable == cable


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"bootime": 1}, "there is no option 'bootime'; there are baud, boot_time, "),
        ({"boot_time": -1}, "boot_time=-1: give a number of seconds, 0 or more"),
        ({"boot_time": float("nan")}, "boot_time=nan: give a number of seconds"),
        ({"register_time": True}, "register_time=True: give a number of seconds"),
        ({"speed": 0}, "speed=0: give how many times faster, from 0.001 to 1000000"),
        ({"route": ["a=b", 1]}, "route=.*: give a string, or a list of them"),
        ({"offline": 1}, "offline=1: give True or False"),
        ({"pty_mode": 0o1000}, "pty_mode=512: give permissions, like 0o660"),
        ({"zone": 57}, "zone=57: give quarters of an hour from -48 to 56"),
        ({"sandbox_family": "ipv5"}, "sandbox_family='ipv5': give ipv4 or ipv6 or both"),
        ({"sandbox_family": 4}, "sandbox_family=4: give ipv4 or ipv6 or both"),
        ({"name": ""}, "name='': give a string"),
        ({"nv": b"x"}, "nv=b'x': give a path"),
        ({"profiles": "/nowhere"}, "profiles='/nowhere': there is no such directory"),
        ({"ports": ""}, "ports='': give a path, or a list of them"),
        ({"ports": ["a", 1]}, "ports=.*: give a path, or a list of them"),
        ({"ports": ["a", "b", "./a"]}, "ports .*/a is there twice: give each port a path of its own"),
        ({"link": "a", "ports": "x/../a"}, "ports .*/a is there twice"),
        ({"link": "udp://"}, "link='udp://': give a path, tcp://HOST:PORT, "),
        ({"link": "uart://"}, "link='uart://': give a path"),
        ({"baud": 9600}, "name that with link=uart:///dev/ttyUSB0"),
        (
            {"link": "tcp://", "strict_baud": True},
            "strict_baud needs a speed of the DTE, and tcp:// tells none: use RFC",
        ),
        ({"strict_baud": 1}, "strict_baud=1: give True or False"),
        ({"link": "tcp://", "pty_mode": 0o600}, "pty_mode is for a pseudo-terminal"),
    ],
)
def test_what_is_wrong_says_what_is_right(options: dict[str, object], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        asked("MN316", options)
