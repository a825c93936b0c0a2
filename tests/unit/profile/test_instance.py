"""Who one module of a model is, and how fast its time passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import UsageError
from emulator.profile.instance import hastened, luhn, named, told
from tests.support.driver import model_named
from tests.support.models import SERIES

PROFILE = model_named("ML307R").profile


def valid(digits: str) -> bool:
    """The check as the standards give it: the sum over all digits, every second one doubled, ends in 0."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


@pytest.mark.parametrize(("digits", "whole"), [("49015420323751", "490154203237518"), ("7992739871", "79927398713")])
def test_known_check_digits(digits: str, whole: str) -> None:
    assert luhn(digits) == whole
    assert valid(whole)


@pytest.mark.parametrize("series", SERIES)
def test_the_numbers_of_a_model_are_valid(series: str) -> None:
    identity = model_named(series).profile.identity
    assert valid(identity.imei)
    assert valid(identity.iccid)
    assert identity.imeisv == identity.imei[:-1] + identity.svn


@given(st.text())
def test_a_name_has_its_own_valid_numbers_always_the_same(name: str) -> None:
    identity = named(PROFILE, name).identity
    assert identity == named(PROFILE, name).identity
    assert valid(identity.imei)
    assert valid(identity.iccid)
    assert [len(each) for each in (identity.imei, identity.imeisv, identity.imsi, identity.iccid)] == [15, 16, 15, 20]
    assert identity.imsi.startswith(PROFILE.radio.plmn)


def test_names_differ() -> None:
    assert len({named(PROFILE, f"node{number}").identity.imei for number in range(200)}) == 200


def test_what_the_user_says_counts() -> None:
    profile = told(PROFILE, imei="123456789012345", imsi="460031234567890", iccid="1" * 20, revision="R1")
    identity = profile.identity
    assert (identity.imei, identity.imsi, identity.iccid, identity.revision) == (
        "123456789012345",
        "460031234567890",
        "1" * 20,
        "R1",
    )
    assert identity.imeisv == "12345678901234" + identity.svn
    assert told(PROFILE) == PROFILE


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="give its 15 digits"):
        told(PROFILE, imei="12345678901234")
    with pytest.raises(UsageError, match="give its 15 digits"):
        told(PROFILE, imsi="46003123456789x")
    with pytest.raises(UsageError, match="give its 20 digits"):
        told(PROFILE, iccid="\u0661" * 20)
    with pytest.raises(UsageError, match="printable"):
        told(PROFILE, revision="a\nb")


def test_speed_shortens_every_delay_and_nothing_else() -> None:
    fast = hastened(PROFILE, 10)
    assert fast.power.boot_time == pytest.approx(PROFILE.power.boot_time / 10)
    assert fast.power.register_time == pytest.approx(PROFILE.power.register_time / 10)
    assert fast.radio.search_time == pytest.approx(PROFILE.radio.search_time / 10)
    assert fast.radio.scan_time == pytest.approx(PROFILE.radio.scan_time / 10)
    assert fast.connection.msl == pytest.approx(PROFILE.connection.msl / 10)
    assert fast.ping.interval == pytest.approx(PROFILE.ping.interval / 10)
    assert fast.line == PROFILE.line
    assert hastened(fast, 0.1).power.boot_time == pytest.approx(PROFILE.power.boot_time)
