"""A module as a Python program asks for it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from onemo.cli.main import run
from onemo.errors import UsageError
from onemo.runtime.line import Cable
from onemo.runtime.models import Who
from onemo.runtime.options import KINDS, spec_of
from onemo.runtime.outside import Plan
from onemo.runtime.spec import Spec, Trouble


def test_nothing_asked_for_is_the_model_as_it_is() -> None:
    assert spec_of("ML307R", {}) == Spec("ML307R")
    assert spec_of("ML307R", dict.fromkeys(KINDS)) == Spec("ML307R")


def test_they_are_the_options_of_run() -> None:
    """But for those of a process, the lines that link names, the card, and what sets modules of a lab apart."""
    others = {"model", "tcp", "rfc2217", "uart", "exec_", "trace", "json", "verbose", "no_sim", "ready_file"}
    others |= {"control", "control_token"}
    assert KINDS.keys() - {"sim", "source"} == inspect.signature(run).parameters.keys() - others


def test_each_reaches_the_module(tmp_path: Path) -> None:
    options = {
        "profiles": tmp_path,
        "boot_time": 1,
        "register_time": 2.5,
        "speed": 10,
        "route": ["a=b", "*=sandbox"],
        "deny": "c",
        "offline": True,
        "sandbox": True,
        "sandbox_file": tmp_path / "sandbox.toml",
        "link": str(tmp_path / "modem"),
        "pty_mode": 0o660,
        "pace": True,
        "nv": "state/",
        "source": "127.0.0.5",
        "name": "node",
        "imei": "1",
        "imsi": "2",
        "iccid": "3",
        "revision": "V1",
        "zone": -4,
        "pin": "1234",
        "sim": False,
        "fault": "net-reset",
        "seed": 7,
        "scenario": tmp_path / "scenario.toml",
    }
    assert KINDS.keys() - options.keys() == {"baud"}
    assert spec_of("MN316", options) == Spec(
        "MN316",
        (tmp_path,),
        1,
        Who("node", "1", "2", "3", "V1", 2.5, "1234", False, -4, 10),
        Cable(tmp_path / "modem", 0o660, pace=True),
        Plan(("a=b", "*=sandbox"), ("c",), True, True, tmp_path / "sandbox.toml"),
        "state/",
        "127.0.0.5",
        Trouble(("net-reset",), 7, tmp_path / "scenario.toml"),
    )


@pytest.mark.parametrize(
    ("options", "cable"),
    [
        ({"link": "tcp://"}, Cable(tcp="127.0.0.1:0")),
        ({"link": "tcp://127.0.0.1:7000"}, Cable(tcp="127.0.0.1:7000")),
        ({"link": "rfc2217://", "pace": True}, Cable(rfc2217="127.0.0.1:0", pace=True)),
        ({"link": "uart:///dev/ttyUSB0", "baud": 9600}, Cable(uart="/dev/ttyUSB0", baud=9600)),
    ],
)
def test_the_line(options: dict[str, object], cable: Cable) -> None:
    assert spec_of("MN316", options).cable == cable


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
        ({"name": ""}, "name='': give a string"),
        ({"nv": b"x"}, "nv=b'x': give a path"),
        ({"profiles": "/nowhere"}, "profiles='/nowhere': there is no such directory"),
        ({"link": "udp://"}, "link='udp://': give a path, tcp://HOST:PORT, "),
        ({"link": "uart://"}, "link='uart://': give a path"),
        ({"baud": 9600}, "name that with link=uart:///dev/ttyUSB0"),
        ({"link": "tcp://", "pty_mode": 0o600}, "pty_mode is for a pseudo-terminal"),
    ],
)
def test_what_is_wrong_says_what_is_right(options: dict[str, object], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        spec_of("MN316", options)
