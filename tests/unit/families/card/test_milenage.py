"""MILENAGE against 35.208 4.3, test set 1, and what comes of wrong and old challenges."""

from __future__ import annotations

import builtins
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.families.card.milenage import Challenged, Milenage, Stale, WrongMac, aes, authenticate

from tests.support.driver import Driver

K = bytes.fromhex("465b5ce8b199b49faa5f0a2ee238a6bc")
OPC = bytes.fromhex("cd63cb71954a9f4e48a5994e37a02baf")
RAND = bytes.fromhex("23553cbe9637a89d218ae64dae47bf35")
SQN, AMF = bytes.fromhex("ff9bb4d0b607"), bytes.fromhex("b9b9")
AUTN = bytes.fromhex("55f328b43577b9b94a9ffac354dfafb3")
CHALLENGE = f'AT+CGLA=1,78,"8188008122{len(RAND):02X}{RAND.hex()}{len(AUTN):02X}{AUTN.hex()}"'


def functions() -> Milenage:
    return Milenage(aes(K), OPC, RAND)


def test_set_1() -> None:
    found = functions()
    assert found.macs(SQN, AMF)[0].hex() == "4a9ffac354dfafb3"
    assert found.macs(SQN, AMF)[1].hex() == "01cfaf9ec4e871e9"
    assert found.res.hex() == "a54211d5e3ba50bf"
    assert found.ck.hex() == "b40ba9a3c58b2a05bbf0d987b21bf8cb"
    assert found.ik.hex() == "f769bcd751044604127672711c6d3441"
    assert found.ak.hex() == "aa689c648370"
    assert found.ak_star.hex() == "451e8beca43b"


def test_a_challenge_is_taken_once() -> None:
    taken, sqn = authenticate(functions(), AUTN, 0)
    assert isinstance(taken, Challenged)
    assert sqn == int.from_bytes(SQN)
    assert taken.kc.hex() == "eae4be823af9a08b"
    again, _ = authenticate(functions(), AUTN, sqn)
    assert isinstance(again, Stale)
    own = bytes(a ^ b for a, b in zip(again.auts[:6], functions().ak_star, strict=True))
    assert own == SQN
    assert again.auts[6:] == functions().macs(SQN, bytes(2))[1]


@given(st.binary(min_size=16, max_size=16).filter(lambda autn: autn != AUTN))
def test_any_other_token_is_nobody_s(autn: bytes) -> None:
    with pytest.raises(WrongMac):
        authenticate(functions(), autn, 0)


def test_without_the_package_the_card_fails_and_one_line_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    importing = builtins.__import__

    def missing(name: str, *rest: Any, **keywords: Any) -> Any:
        if name.startswith("cryptography"):
            raise ModuleNotFoundError(name=name)
        return importing(name, *rest, **keywords)

    driver = Driver("ML307R").boot()
    driver.ask('AT+CCHO="A0000000871002"')
    monkeypatch.setattr(builtins, "__import__", missing)
    with caplog.at_level(logging.WARNING):
        assert driver.answer(CHALLENGE) == ['+CGLA: 4,"6F00"', "OK"]
    assert [record.getMessage() for record in caplog.records] == [
        "AUTHENTICATE of the card needs the extra [tls]: pip install 'onemo-emulator[tls]'"
    ]
