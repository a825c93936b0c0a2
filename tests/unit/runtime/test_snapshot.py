"""Snapshots: what they hold, and files that are none."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import EmulatorError, UsageError
from onemo.families.sms.operator import inject
from onemo.families.sms.stores import memory_of
from onemo.modem.filestore import store_of
from onemo.modem.modem import Modem
from onemo.runtime.desk.snapshot import capture
from onemo.runtime.models import Overrides, individual
from onemo.runtime.options import ModuleOptions
from onemo.runtime.restoring import restore, state_of
from onemo.runtime.snapshot import FORMAT, plain_snapshot, read_snapshot, written_snapshot
from onemo.runtime.spec import Spec, spec_of

from tests.support.driver import Driver, model_named

MODELS = ("ML307R", "MN316", "MN319", "ML305U", "ML302A-DSLM", "MN326")
SET = (
    "AT+CMEE=2", 'AT+CGDCONT=2,"IP","two.example"', 'AT+CGAUTH=2,1,"user","secret"', 'AT+MIPCFG="encoding",1,1,1',
    "AT+MIPTKA=2,1,120,60,5", 'AT+MQTTCFG="keepalive",1,77', 'AT+MQTTCFG="encoding",1,1,0',
    'AT+MQTTCFG="willpayload",1,"a/b","627965"', 'AT+MDNSCFG="priority",0', "AT+CMGF=1", "AT+CNMI=2,2", "AT&W", "ATV0",
    "ATV1", "AT+CMEE=1", "AT+CEREG=2", "AT+CTZR=1", "AT+CGEREP=1", "AT+CSCON=1", 'AT+MSSLCFG="auth",1,1',
    'AT+MSSLCERTWR="ca.pem",0,5,"abcde"', 'AT+MFPUT="a.txt",5,"hello"', "AT+CREG=1",
)  # fmt: skip
ASKED = (
    "AT+CMEE?", "AT+CGDCONT?", "AT+CGAUTH?", 'AT+MIPCFG="encoding",1', "AT+MIPTKA=2", 'AT+MQTTCFG="keepalive",1',
    'AT+MQTTCFG="willpayload",1', 'AT+MDNSCFG="priority"', "AT+CMGF?", "AT+CNMI?", "AT+CEREG?", "AT+CTZR?",
    "AT+CGEREP?", "AT+CSCON?", 'AT+MSSLCFG="auth",1', 'AT+MSSLCHECK="ca.pem"', 'AT+MFSIZE="a.txt"', "AT+CREG?", "ATI",
    'AT+CPIN?', "AT+CLAC", "ATS3?",
)  # fmt: skip


def spec(model: str, **own: Any) -> Spec:
    return Spec(model, overrides=Overrides(**own))


def busy(model: str, **own: Any) -> Driver:
    """A module that was set to much, has files, certificates and a text that waits."""
    driver = Driver(individual(model_named(model), Overrides(**own))).boot()
    if own.get("pin"):
        driver.ask(f'AT+CPIN="{own["pin"]}"')
    for line in SET:
        driver.ask(line)
    modem = driver.modem
    if modem.has("CMGS"):
        modem.radio.lose_coverage()
        inject(modem, "10086", "it waits", utc=1e9, now=driver.now)
    if modem.has("MFOPEN"):
        store_of(modem.keeping).put("/own.bin", bytes(range(256)) * 20)
    return driver


def document(driver: Driver, of: Spec) -> dict[str, Any]:
    return plain_snapshot(capture(of, driver.modem, driver.now))


@pytest.fixture
def put(tmp_path: Path) -> Callable[[object], Path]:
    """Write a file; return it."""

    def write(content: object) -> Path:
        file = tmp_path / "a.snapshot"
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return file

    return write


Put = Callable[[object], Path]


def restored(file: Path, model: str) -> Driver:
    """A module that begins with a snapshot, and has booted."""
    asked = spec_of(ModuleOptions(model, restore=file))
    assert asked.restored is not None
    driver = Driver(individual(model_named(model), asked.overrides))
    asked.restored.require(driver.model.profile)
    restore(asked.restored, driver.modem, None, driver.now)
    return driver


@pytest.mark.parametrize("model", MODELS)
def test_a_module_is_as_it_was(model: str, put: Put) -> None:
    before = busy(model)
    told = document(before, spec(model))
    after = restored(put(told), model)
    again = document(after, spec(model))
    assert again == told, "before it boots"
    after.power_on()
    after.wait(60)
    after.ask("AT")
    after.wait(60)
    after.take()
    before.modem.radio.find_coverage(before.now, 0)
    before.wait(60)
    before.take()
    for line in ASKED:
        assert after.ask(line) == before.ask(line), line
    if before.modem.has("MFOPEN"):
        assert store_of(after.modem.keeping).content("/own.bin") == bytes(range(256)) * 20


def test_the_numbers_the_pin_and_the_card_are_those_of_the_file(put: Put, tmp_path: Path) -> None:
    card = tmp_path / "card.toml"
    card.write_text('eid = "89033023001211360000000000000001"\n[files]\n6F3E = "0A"\n')
    own: dict[str, Any] = {
        "name": "node7",
        "pin": "1234",
        "card": card,
        "zone": 4,
        "file_store": 65536,
        "imei": "861234567890123",
    }
    driver = busy("ML307R", **own)
    driver.ask('AT+CPWD="SC","1234","4711"')
    file = put(document(driver, spec("ML307R", **own)))
    card.unlink()
    after = restored(file, "ML307R")
    assert after.model.profile.identity == driver.model.profile.identity
    assert after.model.profile.card == driver.model.profile.card
    after.boot()
    assert b"ERROR" in after.ask('AT+CPIN="1234"')
    assert b"\r\nOK\r\n" in after.ask('AT+CPIN="4711"')
    other = spec_of(ModuleOptions("ML307R", restore=file, name="another", zone=8))
    assert (other.overrides.name, other.overrides.zone, other.overrides.pin) == ("another", 8, "1234")
    assert other.overrides.imei is None, "another module has numbers of its own"


def test_a_snapshot_leaves_the_module_alone() -> None:
    driver = busy("ML307R")
    state = state_of(driver.modem, driver.now)
    assert state == state_of(driver.modem, driver.now)
    driver.ask("AT+CMEE=0")
    assert state != state_of(driver.modem, driver.now)


def test_what_is_written_to_a_file_that_is_open_is_not_there_yet(put: Put) -> None:
    driver = busy("ML307R")
    driver.ask('AT+MFOPEN="b.txt",0')
    driver.ask('AT+MFWRITE=1,5,"hello"')
    after = restored(put(document(driver, spec("ML307R"))), "ML307R")
    store = store_of(after.modem.keeping)
    assert all(not store.is_open(path) for path, _ in store.entries())


def test_no_instance_of_http_is_left(put: Put) -> None:
    driver = busy("ML307R")
    driver.ask('AT+MHTTPCREATE="http://a.example"')
    driver.ask('AT+MHTTPCFG="chunked",0,1')
    told = document(driver, spec("ML307R"))
    assert "MHTTPCFG.chunked" not in told["settings"]


def test_texts_wait_as_long_as_they_had_to(put: Put) -> None:
    driver = busy("ML307R")
    (waiting,) = memory_of(driver.modem).mailbox.waiting
    waiting.due = driver.now + 30
    after = restored(put(document(driver, spec("ML307R"))), "ML307R")
    (again,) = memory_of(after.modem).mailbox.waiting
    assert (again.tpdu, again.due) == (waiting.tpdu, after.now + 30)


def test_the_will_of_mqtt_is_decoded(put: Put) -> None:
    from onemo.families.mqtt.clients import MqttClients

    after = restored(put(document(busy("ML307R"), spec("ML307R"))), "ML307R")
    assert after.modem.part(MqttClients)[1].will_message == b"bye"


# Files that are none.

GOOD = plain_snapshot(capture(spec("ML307R"), busy("ML307R").modem, 2000.0))


def refused(file: Path, model: str = "ML307R") -> str:
    """Why a module cannot begin with a file: one line."""
    with pytest.raises(UsageError) as caught:
        restored(file, model)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(("name a file that ctl snapshot wrote", ", or take another file", "take it anew"))
    assert str(caught.value).startswith(f"--restore {file}: ")
    assert len(str(caught.value)) < 500
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is damaged, or none"),
        (b"\xff\xfe\x00", "it is damaged, or none"),
        (json.dumps(GOOD).encode()[:2000], "it is damaged, or none"),
        (b"[" * 100_000, "it is damaged, or none"),
        (b"1" * 10_000, "it is damaged, or none"),
        (b"[]", 'it has no "format"'),
        (b'{"format": 1, "model": "ML307R", "settings": {}}', 'it has no "format"'),
        ({**GOOD, "version": 0}, "its version is 0, and this emulator reads 1"),
        ({**GOOD, "version": True}, "its version is True"),
        ({**GOOD, "version": 2}, "its version is 2"),
        ({"format": FORMAT, "version": 1}, "model is missing"),
        ({**GOOD, "more": 1}, "more is unknown here"),
        ({**GOOD, "nv": []}, "nv is not a table"),
        ({**GOOD, "model": "x" * 10_000}, "it is of ML307R-DC, not ML307R-DC"),
        ({**GOOD, "sub_model": "MN316"}, "it is of MN316, not ML307R-DC: start MN316, or"),
        ({**GOOD, "contents": {"../../etc/passwd": "aGk="}}, "contents.../../etc/passwd is none"),
        ({**GOOD, "contents": {"1": "no base64"}}, "contents.1 is none"),
        ({**GOOD, "contents": {}}, "the content of /a.txt"),
        ({**GOOD, "options": {"trace": "/etc/passwd"}}, "options.trace is none"),
        ({**GOOD, "options": {"pin": 1234}}, "options.pin: give a string"),
        ({**GOOD, "options": {"zone": 99}}, "options.zone: give quarters"),
        ({**GOOD, "card": {"k": "secret"}}, "card.k is not 32 hex digits"),
        ({**GOOD, "settings": {"CMEE\ud800": {}}}, "settings.CMEE? does not fit"),
        ({**GOOD, "settings": {"MIPCFG.encoding": {"99": {}}}}, "settings.MIPCFG.encoding.99 does not fit"),
        ({**GOOD, "settings": {"CMGF": {"mode": 7}}}, "settings.CMGF does not fit"),
        ({**GOOD, "consoles": [{"E": {"value": "x"}}]}, "consoles.0.E does not fit"),
        ({**GOOD, "contexts": {"definitions": {"1": {}}, "logins": {}}}, "contexts.definitions.1 does not fit"),
        ({**GOOD, "waiting": [{"tpdu": "zz", "due": 0}]}, "waiting.0 does not fit"),
        ({**GOOD, "waiting": [{"tpdu": "00", "due": math.inf}]}, "waiting.0 does not fit"),
        ({**GOOD, "waiting": [GOOD["waiting"][0]] * 10_001}, "waiting does not fit"),
        ({**GOOD, "nv": {**GOOD["nv"], "NONE": {}}}, "nv.NONE does not fit"),
        ({**GOOD, "nv": {**GOOD["nv"], "sim": {"issued": ["0000", True]}}}, "nv.sim does not fit"),
        (
            {**GOOD, "nv": {"file_store": [{"path": "/../../x", "size": 1, "content": 1}]}},
            "nv.file_store.0 does not fit",
        ),
    ],
)
def test_a_file_that_is_none(content: object, says: str, put: Put) -> None:
    assert says in refused(put(content))


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No such file or directory: name a file that ctl snapshot wrote" in refused(tmp_path / "none")
    assert "it is no regular file" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "it is no regular file" in refused(tmp_path / "pipe")
    assert "it is no regular file" in refused(Path("/dev/zero"))
    monkeypatch.setattr("onemo.runtime.snapshot.LARGEST", 10)
    (tmp_path / "long").write_bytes(b"x" * 11)
    assert "it is longer than" in refused(tmp_path / "long")


def test_another_file_of_the_same_name_is_read_anew(put: Put) -> None:
    assert read_snapshot(put(GOOD)).document.model == "ML307R"
    assert "its version is 2" in refused(put({**GOOD, "version": 2}))


PLACES = [(key, inner) for key, value in GOOD.items() for inner in (value if isinstance(value, dict) else ("",))]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(PLACES), JSON)
def test_whatever_is_in_a_file_it_is_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[str, str], value: object
) -> None:
    key, inner = place
    told = json.loads(json.dumps(GOOD))
    if inner:
        told[key][inner] = value
    else:
        told[key] = value
    file = tmp_path_factory.mktemp("any") / "a.snapshot"
    file.write_text(json.dumps(told))
    with suppress(EmulatorError):
        restored(file, "ML307R").boot()


def test_it_is_written_with_one_line_end_and_read_again(tmp_path: Path) -> None:
    data = written_snapshot(GOOD)
    assert data.endswith(b"}\n")
    assert data.isascii()
    (tmp_path / "a").write_bytes(data)
    assert plain_snapshot(read_snapshot(tmp_path / "a").document)["nv"] == GOOD["nv"]


def test_an_nv_that_holds_something_is_not_overwritten(put: Put) -> None:
    driver = Driver("ML307R")
    driver.modem.restore({"IPR": {"rate": 9600}})
    with pytest.raises(UsageError, match="holds what a module kept already"):
        restore(read_snapshot(put(GOOD)), driver.modem, None, 0.0)
    assert isinstance(driver.modem, Modem)
