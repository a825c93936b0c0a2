"""Settings of instances, each counted by an index of its own: kept, restored, and forgotten with the instance."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from onemo.at.store import Settings
from onemo.families.sockets.settings import ENCODING, KEEP_ALIVE
from onemo.modem.modem import Modem
from onemo.modem.tls import AUTHENTICATION, VERSION
from onemo.runtime.models import Model, load_model_file

from tests.support.driver import Driver

Make = Callable[[str, str], Model]


@pytest.fixture
def made(tmp_path: Path) -> Make:
    """A model of somebody's own with these ranges of connect_id and ssl_id, which keeps the settings of both."""

    def make(connect_ids: str, ssl_ids: str) -> Model:
        file = tmp_path / "mine.toml"
        file.write_text(
            'extends = "models/ml307r.toml"\nsource = "a test"\n'
            f'[params]\nconnect_id = {{ range = "{connect_ids}" }}\nssl_id = {{ range = "{ssl_ids}" }}\n'
            "[commands]\nMSSLCFG.nv = true\nMIPTKA.nv = true\nMIPCFG.nv = true\n"
            f"MIPCFG.keys.ssl.params.ssl_id.default = {ssl_ids[0]}\n"
        )
        return load_model_file(file)

    return make


@pytest.mark.parametrize(("connect_ids", "ssl_ids"), [("0-2", "0-5"), ("0-9", "0-5"), ("0-1", "3-4"), ("0", "0-9")])
def test_each_index_has_its_own_range(made: Make, connect_ids: str, ssl_ids: str) -> None:
    model = made(connect_ids, ssl_ids)
    driver = Driver(model).boot()
    connections, contexts = model.slots[KEEP_ALIVE].indices, model.slots[AUTHENTICATION].indices
    for connect_id in range(11):
        answer = ["OK"] if connect_id in connections else ["+CME ERROR: 50"]
        assert driver.answer(f"AT+MIPTKA={connect_id},1") == answer
    for ssl_id in range(11):
        answer = ["OK"] if ssl_id in contexts else ["+CME ERROR: 50"]
        assert driver.answer(f'AT+MSSLCFG="auth",{ssl_id},1') == answer
    stored = json.loads(json.dumps(driver.world.answers.stored))
    assert list(stored["MIPTKA"]) == [str(each) for each in connections]
    assert list(stored["MSSLCFG.auth"]) == [str(each) for each in contexts]
    again = Driver(model)
    assert again.modem.restore(stored) == []
    assert again.modem.memory.snapshot() == stored
    again.boot()
    for ssl_id in contexts:
        assert again.answer(f'AT+MSSLCFG="auth",{ssl_id}') == [f'+MSSLCFG: "auth",{ssl_id},1', "OK"]


def test_an_index_that_only_the_other_one_reaches(made: Make) -> None:
    record = {"ssl_id": 2, "auth": 1}
    stored = {"MSSLCFG.auth": {"2": record}}
    assert Modem(made("0-1", "0-2")).restore(stored) == []
    assert Modem(made("0-2", "0-1")).restore(stored) == ["MSSLCFG.auth.2"]


# An id that is given out by a command, and goes.


def driver_with_settings(model: Model) -> Driver:
    """Something is set of connection 1 and of 2, and of ssl_id 1 and 2."""
    driver = Driver(model).boot()
    for index in (1, 2):
        for line in (f"AT+MIPTKA={index},1", f'AT+MSSLCFG="auth",{index},1', f'AT+MSSLCFG="version",{index},2'):
            assert driver.answer(line) == ["OK"]
    return driver


def test_settings_of_an_instance_that_is_gone(made: Make) -> None:
    model = made("0-5", "0-5")
    settings = Settings(model.slots)
    for index in (1, 2):
        settings.set(AUTHENTICATION, settings.get(AUTHENTICATION, index)._replace(auth=1), index)
        settings.set(KEEP_ALIVE, settings.get(KEEP_ALIVE, index)._replace(keepalive=1), index)
    before = settings.changes
    settings.forget("ssl_id", 1)
    assert settings.changes > before, "who takes settings up hears of it"
    assert [settings.get(AUTHENTICATION, index).auth for index in (1, 2)] == [0, 1]
    assert [settings.get(KEEP_ALIVE, index).keepalive for index in (1, 2)] == [1, 1]


def test_the_memory_forgets_it_for_good(made: Make) -> None:
    model = made("0-5", "0-5")
    driver = driver_with_settings(model)
    memory, settings = driver.modem.memory, driver.modem.settings
    memory.forget("ssl_id", 1)
    stored = memory.snapshot()
    assert {name: list(stored[name]) for name in stored} == {  # type: ignore[call-overload]
        "MIPTKA": ["1", "2"],
        "MSSLCFG.auth": ["2"],
        "MSSLCFG.version": ["2"],
    }
    assert settings.get(VERSION, 1).version == model.slots[VERSION].defaults["version"]
    assert settings.get(VERSION, 2).version == 2
    memory.forget("ssl_id", 1)
    assert memory.snapshot() == stored, "twice is once"
    driver.ask("AT+MREBOOT")
    driver.wait(1)
    driver.ask("ATE0")
    assert driver.answer('AT+MSSLCFG="auth",1') == ['+MSSLCFG: "auth",1,0', "OK"]
    assert driver.answer('AT+MSSLCFG="auth",2') == ['+MSSLCFG: "auth",2,1', "OK"]
    assert driver.answer("AT+MIPTKA=1")[0].startswith("+MIPTKA: 1,1,")


def test_forgetting_is_taken_back_where_nothing_can_be_written(made: Make) -> None:
    driver = driver_with_settings(made("0-5", "0-5"))
    memory, settings = driver.modem.memory, driver.modem.settings
    before = (memory.snapshot(), dict(settings.values))
    take_back = memory.change(lambda: memory.forget("ssl_id", 1))
    assert memory.snapshot() != before[0]
    take_back()
    assert (memory.snapshot(), dict(settings.values)) == before


def test_what_changed_meanwhile_stays(made: Make) -> None:
    """The id is given out again before the store has failed, which no command lets happen."""
    driver = driver_with_settings(made("0-5", "0-5"))
    memory, settings = driver.modem.memory, driver.modem.settings
    take_back = memory.change(lambda: memory.forget("connect_id", 1))
    driver.modem.keep(ENCODING, settings.get(ENCODING, 2)._replace(send_format=1), 2)
    take_back()
    assert settings.get(KEEP_ALIVE, 1).keepalive == 1
    assert settings.get(ENCODING, 2).send_format == 1
    assert "MIPCFG.encoding" in memory.snapshot()
