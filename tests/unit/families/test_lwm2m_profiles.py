"""The LwM2M client of a profile that says otherwise than the models at hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from onemo.errors import ProfileError
from onemo.families.lwm2m.client import Lwm2mClient
from onemo.families.lwm2m.states import Lwm2mState
from onemo.runtime.models import load_model_file

from tests.support.coap import Server, server_of
from tests.support.driver import Driver

CREATE = 'AT+MIPLCREATEEX="server:5683",0'


def of(tmp_path: Path, *lines: str) -> Driver:
    """A module whose section of LwM2M has these lines."""
    file = tmp_path / "acme.toml"
    file.write_text('extends = "models/mn316.toml"\nsource = "a test"\n[lwm2m]\n' + "\n".join(lines))
    return Driver(load_model_file(file)).boot()


def logged_in(driver: Driver) -> Server:
    for line in (CREATE, 'AT+MIPLADDOBJ=0,3200,1,"1",0,1', "AT+MIPLOPEN=0,3000"):
        assert driver.answer(line)[-1] == "OK"
    server = server_of(driver)
    server.got()
    server.answers("2.01 location=/rd/5f")
    driver.take()
    return server


def test_a_urc_without_a_blank(tmp_path: Path) -> None:
    driver = of(tmp_path, "urc_space = false")
    logged_in(driver)
    assert driver.answer("AT+MIPLOPEN?") == ["OK", "+MIPLEVENT:0,6"]


def test_a_request_that_is_told_again(tmp_path: Path) -> None:
    driver = of(tmp_path, "repeat_urc = true")
    server = logged_in(driver)
    for _ in range(3):
        server.sends("CON 7 PUT /3200/0/5750 t=01 text:a")
    assert driver.take() == 3 * b"\r\n+MIPLWRITE: 0,7,3200,0,5750,6,2,61,0\r\n"
    driver.ask("AT+MIPLWRITERSP=0,7,2")
    assert server.all() == ["ACK 7 2.04 t=01"]


def test_an_index_that_holds(tmp_path: Path) -> None:
    driver = of(tmp_path, "index_holds = true")
    server = logged_in(driver)
    server.sends("CON 1 GET /3200/0 observe=0 t=01")
    server.sends("CON 2 GET /3200/0 t=02")
    server.all()
    for index in (1, 0):
        driver.ask(f"AT+MIPLNOTIFY=0,0,3200,0,550{index},3,1,1,{index},0")
        driver.ask(f"AT+MIPLREADRSP=0,2,1,3200,0,550{index},3,1,1,{index},0")
    assert server.all() == [
        "NON 2.05 t=01 observe=1 cf=11542 hex:e1157d01e1157c01", "ACK 2 2.05 t=02 cf=11542 hex:e1157d01e1157c01",
    ]  # fmt: skip


def test_a_registration_without_a_version_and_a_device(tmp_path: Path) -> None:
    driver = of(tmp_path, "tells_version = false", "lists_device = false")
    driver.ask(CREATE)
    driver.ask("AT+MIPLOPEN=0,300")
    assert server_of(driver).got() == 'CON POST /rd?ep=IMEI;IMSI&lt=300&b=U cf=40 text:</>;rt="oma.lwm2m"'


def test_a_module_without_dtls(tmp_path: Path) -> None:
    driver = of(tmp_path, "secures = false")
    assert driver.answer('AT+MIPLCREATEEX="server:5684",0,,"1234"') == ["+CIS ERROR: 601"]
    assert driver.answer('AT+MIPLCREATEEX="server:5683",0,,"1234"')[-1] == "OK"


@pytest.mark.parametrize(("line", "name"), [(CREATE, "MIPLCREATEEX"), ("AT+MIPLCREATE", "MIPLCREATE")])
def test_a_creation_that_looks_the_name_up(tmp_path: Path, line: str, name: str) -> None:
    driver = of(tmp_path, "resolves = true")
    client = driver.modem.part(Lwm2mClient)
    assert driver.answer(line) == ["OK", f"+{name}: FAIL"]
    assert client.device.state is Lwm2mState.NONE
    driver.world.answers.names |= {"server": ["192.0.2.1"], "nbiotbt.heclouds.com": ["192.0.2.1"]}
    assert driver.answer(line) == ["OK", f"+{name}: 0"]
    assert driver.answer(line) == ["+CIS ERROR: 653"]
    driver.ask("AT+MIPLDELETE=0")
    driver.ask("AT+CFUN=0")
    assert driver.answer(line) == ["OK", f"+{name}: FAIL"]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("[lwm2m.patterns]\n0 = 9", "lwm2m.patterns: platform 0 has no pattern from 1 to 4"),
        ("[lwm2m]\nbindings = '0-5'", "lwm2m.bindings: has more than 0-2"),
        ("[lwm2m]\nauthcode_option = 70000", "lwm2m.authcode_option: 70000 is no option of its own"),
        ("[lwm2m]\nauthcode_option = 11", "lwm2m.authcode_option: 11 is no option of its own"),
        ("[lwm2m]\nqueue = 0", "lwm2m.queue: is 0"),
        ("[lwm2m]\ndatagram = 0", "lwm2m.datagram: is 0"),
        ("[lwm2m]\nlocal_ports = '0-99999'", "lwm2m.local_ports: has more than 1-65535"),
        ("[lwm2m]\nbattery = 99999999999999999999", "lwm2m.battery: has more than 0-100"),
        ("[commands.MIPLNOTIFY]\nparams.type = { range = '1-9' }", "commands.MIPLNOTIFY.params.type.range: has more"),
        ("[commands.MIPLNOTIFY]\nparams.content_type = { range = '0-9' }", "MIPLNOTIFY.params.content_type.range: "),
        ("[commands.MIPLREADRSP]\nparams.resid = { range = '0-99999' }", "MIPLREADRSP.params.resid.range: has more"),
        ("[commands.MIPLADDOBJ]\nparams.objid = { range = '0-99999' }", "MIPLADDOBJ.params.objid.range: has more than"),
    ],
)
def test_numbers_that_lwm2m_has_not_are_told(tmp_path: Path, lines: str, problem: str) -> None:
    file = tmp_path / "acme.toml"
    file.write_text(f'extends = "models/mn316.toml"\nsource = "a test"\n{lines}\n')
    with pytest.raises(ProfileError, match=re.escape(problem)):
        load_model_file(file)


def test_a_result_without_a_code(tmp_path: Path) -> None:
    driver = of(tmp_path, "[commands.MIPLWRITERSP]", "params.result = { range = '0-20' }")
    server = logged_in(driver)
    server.sends("CON 1 PUT /3200/0/5750 t=01 text:a")
    driver.take()
    assert driver.answer("AT+MIPLWRITERSP=0,1,20") == ["+CIS ERROR: 601"]
    assert driver.answer("AT+MIPLWRITERSP=0,1,2") == ["OK"]
