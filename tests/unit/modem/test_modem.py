"""The modem as a whole: boot, deadlines, bugs, and what waits for what."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from onemo.at.command import Action, Declaration, NoParameters
from onemo.at.registry import bind
from onemo.at.reply import Reply
from onemo.families import FAMILIES
from onemo.families.sockets.connection import Loss
from onemo.families.sockets.connections import Connections
from onemo.modem.modem import Modem
from onemo.modem.power import PowerEvent
from onemo.runtime.models import Model, inspect

from tests.support.driver import Driver, model_named

OPEN = 'AT+MIPOPEN=0,"TCP","h",80'


def with_gap(series: str, gap: float) -> Model:
    """A model whose URCs keep a gap behind results."""
    model = model_named(series)
    profile = model.profile
    return model._replace(profile=profile._replace(line=profile.line._replace(urc_gap=gap)))


# Start.


def test_the_boot_time_counts_from_an_earlier_moment_if_told() -> None:
    modem = Modem(model_named("MN316"), boot_time=0.3)
    modem.start(10.0, since=9.9)
    assert not modem.power.ready
    assert modem.deadline == pytest.approx(10.2)
    modem.on_deadline(modem.deadline)
    assert modem.power.ready


@pytest.mark.parametrize(("boot_time", "since"), [(0.0, None), (0.3, 5.0)])
def test_a_boot_time_that_is_over_takes_no_time(boot_time: float, since: float | None) -> None:
    modem = Modem(model_named("MN316"), boot_time)
    modem.start(10.0, since)
    assert modem.power.ready
    assert bytes(modem.first.transmitter.peek()) == b"\r\n+MATREADY\r\n"


def test_before_the_supply_there_is_nothing() -> None:
    driver = Driver("MN316")
    driver.type(b"AT\r")
    assert driver.take() == b""
    assert driver.modem.deadline == math.inf


def test_an_idle_module_waits_for_no_time() -> None:
    driver = Driver("ML307R").boot()
    assert driver.modem.deadline == math.inf
    driver.ask(OPEN)
    assert driver.modem.deadline == math.inf


def test_a_restart_takes_the_boot_time_again() -> None:
    driver = Driver("MN316", boot_time=5.0)
    driver.power_on()
    driver.wait(5.0)
    assert driver.take() == b"\r\n+MATREADY\r\n"
    driver.ask("AT+MREBOOT")
    driver.wait(4.9)
    assert driver.take() == b""
    driver.wait(0.1)
    assert driver.take() == b"\r\n+MATREADY\r\n"
    assert (driver.starts, driver.restarts) == (2, 1)


def test_urcs_of_the_old_cycle_do_not_come_in_the_new_one() -> None:
    driver = Driver("MN316").boot()
    driver.ask(OPEN)
    driver.type(b"ATE1\rAT+MREB")
    driver.take()
    driver.world.peer_sends(0, b"late")
    driver.type(b"OOT\r")
    driver.wait(60)
    assert b"late" not in driver.take()


def test_what_follows_a_restart_in_its_line_is_lost() -> None:
    driver = Driver("ML307R").boot()
    assert driver.answer("AT+MREBOOT;+CGMM") == ["OK", "REBOOTING"]
    assert driver.restarts == 1


# Bugs.


def test_what_no_command_declares_is_answered_with_error_and_told(tmp_path: Path) -> None:
    def broken(modem: Modem, record: NoParameters) -> Reply:
        raise ZeroDivisionError

    file = tmp_path / "mine.toml"
    file.write_text('extends = "models/ml307r.toml"\nsource = "a test"\n[commands.BROKEN]\navailable = true\n')
    declaration: Declaration[Modem] = Action("BROKEN", NoParameters, broken, bare=True)
    driver = Driver(bind(FAMILIES, inspect(file), (declaration,))).boot()
    with pytest.raises(AssertionError) as caught:
        driver.type(b"AT+CGMM;+BROKEN;+CGMI\r")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert driver.take() == b"\r\nML307R\r\n\r\nERROR\r\n"
    assert driver.answer("AT") == ["OK"]


# The gap between a result and a URC.


def test_the_gap_is_the_profiles() -> None:
    driver = Driver(with_gap("ML307R", 0.5)).boot()
    assert driver.ask(OPEN) == b"\r\nOK\r\n"
    assert driver.modem.deadline == driver.now + 0.5
    driver.wait(0.4)
    assert driver.take() == b""
    driver.wait(0.1)
    assert driver.take() == b"\r\n+MIPOPEN: 0,0\r\n"
    assert driver.modem.deadline == math.inf
    driver.world.peer_sends(0, b"x")
    assert driver.take() == b'\r\n+MIPURC: "rtcp",0,1,x\r\n'


def test_each_result_begins_a_gap() -> None:
    driver = Driver(with_gap("ML307R", 0.5)).boot()
    driver.wait(1)
    driver.ask(OPEN)
    driver.wait(0.3)
    assert driver.ask("AT") == b"\r\nOK\r\n"
    driver.wait(0.4)
    assert driver.take() == b""
    driver.wait(0.1)
    assert driver.take() == b"\r\n+MIPOPEN: 0,0\r\n"


def test_a_half_typed_line_that_nobody_finishes_lets_urcs_go_in_the_end() -> None:
    driver = Driver("MN316").boot()
    driver.ask(OPEN)
    driver.type(b"ATE1\rAT+C")
    driver.take()
    driver.world.peer_sends(0, b"x")
    driver.wait(0.9)
    assert driver.take() == b""
    driver.wait(0.2)
    assert driver.take() == b'\r\n+MIPURC: "rtcp",0,1,x\r\n'
    driver.type(b"MEE?\r")
    assert b"+CMEE: 1" in driver.take()


def test_without_echo_a_half_typed_line_keeps_nothing_back() -> None:
    driver = Driver("ML307R").boot()
    driver.ask(OPEN)
    driver.type(b"AT+C")
    driver.world.peer_sends(0, b"x")
    assert driver.take() == b'\r\n+MIPURC: "rtcp",0,1,x\r\n'


# While a command runs, and in a prompt.


def test_no_input_is_read_while_a_command_runs() -> None:
    driver = Driver("ML307R").boot()
    driver.ask(OPEN)
    driver.world.hold("send", 0)
    driver.type(b'AT+MIPSEND=0,1,"a"\r\n')
    assert not driver.modem.first.wants_input
    driver.type(b"AT\r" * 1000)
    assert driver.untaken == 3000
    driver.world.finish_send()
    assert driver.untaken == 0
    assert driver.take() == b"\r\n+MIPSEND: 0,1\r\n\r\nOK\r\n" + b"\r\nOK\r\n" * 1000


def test_what_comes_first_behind_a_bare_cr_is_read_while_the_command_runs() -> None:
    driver = Driver("ML307R").boot()
    driver.ask(OPEN)
    driver.world.hold("send", 0)
    driver.type(b'AT+MIPSEND=0,1,"a"\r')
    assert driver.modem.first.wants_input, "its time tells whether it is the line's LF"
    driver.type(b"\n")
    assert not driver.modem.first.wants_input
    driver.type(b"AT\r")
    assert driver.untaken == 3
    driver.world.finish_send()
    assert driver.take() == b"\r\n+MIPSEND: 0,1\r\n\r\nOK\r\n\r\nOK\r\n"


def test_a_urc_stands_before_or_behind_the_answer_of_a_command_that_runs() -> None:
    driver = Driver("ML307R").boot()
    driver.ask(OPEN)
    driver.world.hold("send", 0)
    driver.type(b'AT+MIPSEND=0,1,"a"\r')
    driver.world.peer_sends(0, b"xy")
    driver.world.finish_send()
    urc, answer = b'\r\n+MIPURC: "rtcp",0,2,xy\r\n', b"\r\n+MIPSEND: 0,1\r\n\r\nOK\r\n"
    assert driver.take() in (urc + answer, answer + urc)


def test_a_connection_may_end_while_its_data_is_under_way() -> None:
    driver = Driver("ML307R").boot()
    driver.ask(OPEN)
    driver.world.hold("send", 0)
    driver.type(b'AT+MIPSEND=0,1,"a"\r')
    driver.world.peer_ends(0, Loss.BROKEN)
    driver.world.take_only(0, 0, failed=True)
    out = driver.take()
    assert out.count(b'+MIPURC: "disconn",0,') == 1
    assert out.count(b"+CME ERROR: 560") == 1
    assert driver.answer("AT+MIPSTATE=0") == ['+MIPSTATE: 0,,,,"INITIAL"', "OK"]


def test_urcs_are_held_while_a_prompt_is_open_and_no_stream_is_read() -> None:
    driver = Driver("ML307R").boot()
    driver.ask(OPEN)
    driver.ask('AT+MIPOPEN=1,"UDP","h",80')
    driver.take()
    assert driver.ask("AT+MIPSEND=0") == b"\r\n>"
    assert driver.modem.part(Connections)[0].credit() == 0
    driver.world.peer_sends(0, b"one")
    driver.world.peer_sends(1, b"two")
    driver.world.peer_sends(1, b"three")
    driver.wait(9)
    assert driver.take() == b""
    driver.type(b"\x1b")
    lines = driver.take()
    assert lines.startswith(b"\r\nOK\r\n")
    assert lines.index(b'"rudp",1,3,two') < lines.index(b'"rudp",1,5,three')
    assert b'"rtcp",0,3,one' in lines


def test_a_restart_follows_the_line_of_the_console_that_owes_it() -> None:
    """A line of another console that is answered meanwhile does not carry it out."""
    driver = Driver("ML305U", consoles=2).boot()
    driver.type(b"AT+COPS=?\r")
    driver.modem.first.owes = PowerEvent.RESTART
    driver.go_to(1)
    assert driver.answer("AT+CGMM")[-1] == "OK"
    assert driver.modem.power.cycles == 1
    driver.wait(60)
    assert driver.modem.power.cycles == 2
    driver.go_to(0)
    assert b"+COPS: " in driver.take()
