"""One module of a model: its numbers, and the pace of its time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import UsageError
from onemo.families.ping import PING
from onemo.families.sockets.profile import CONNECTION
from onemo.profile.instance import luhn, speed_up, with_card, with_name, with_numbers
from onemo.runtime.models import Overrides, individual

from tests.support.driver import model_named
from tests.support.models import SERIES

MODEL = model_named("ML307R")
PROFILE = MODEL.profile


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
    identity = with_name(PROFILE, name).identity
    assert identity == with_name(PROFILE, name).identity
    assert valid(identity.imei)
    assert valid(identity.iccid)
    assert [len(each) for each in (identity.imei, identity.imeisv, identity.imsi, identity.iccid)] == [15, 16, 15, 20]
    assert identity.imsi.startswith(PROFILE.radio.plmn)
    assert all(re.fullmatch(r"\+86144[0-9]{10}", each.msisdn) for each in (identity, PROFILE.identity))


@pytest.mark.parametrize("names", ["node{}", "node{:04}", "{}", "9-{:05}", "\n{}"])
def test_no_two_of_a_series_have_the_same_numbers(names: str) -> None:
    """Not by luck: of 10,000 IMEIs drawn from a million, some fifty would be the same."""
    identities = [with_name(PROFILE, names.format(number)).identity for number in range(10_000)]
    for field in ("imei", "imsi", "iccid", "serial", "msisdn"):
        assert len({getattr(identity, field) for identity in identities}) == 10_000


def test_names_differ() -> None:
    names = ["", "a", "b", "a1", "a01", "a11", "a001", "1a", "1a1", "a123456", "a223456", "\udcff"]
    assert len({with_name(PROFILE, name).identity for name in names}) == len(names)


def test_what_the_user_says_counts() -> None:
    profile = with_numbers(PROFILE, imei="123456789012345", imsi="460031234567890", iccid="1" * 20, revision="R1")
    identity = profile.identity
    assert (identity.imei, identity.imsi, identity.iccid, identity.revision) == (
        "123456789012345",
        "460031234567890",
        "1" * 20,
        "R1",
    )
    assert identity.imeisv == "12345678901234" + identity.svn
    assert with_numbers(PROFILE) == PROFILE


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="give its 15 digits"):
        with_numbers(PROFILE, imei="12345678901234")
    with pytest.raises(UsageError, match="give its 15 digits"):
        with_numbers(PROFILE, imsi="46003123456789x")
    with pytest.raises(UsageError, match="give its 20 digits"):
        with_numbers(PROFILE, iccid="\u0661" * 20)
    with pytest.raises(UsageError, match="printable"):
        with_numbers(PROFILE, revision="a\nb")


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "-1234", " 1234", "\u0661234"])
def test_what_is_no_pin_is_refused(pin: str) -> None:
    with pytest.raises(UsageError, match="give 4 to 8 digits"):
        with_card(PROFILE, present=True, pin=pin)


@pytest.mark.parametrize("pin", ["0000", "87654321"])
def test_a_card_with_a_pin_asks_for_it(pin: str) -> None:
    sim = with_card(PROFILE, present=True, pin=pin).sim
    assert (sim.present, sim.locked, sim.pin) == (True, True, pin)
    assert (sim.puk, sim.pin_tries) == (PROFILE.sim.puk, PROFILE.sim.pin_tries)


def test_a_card_without_a_pin_is_as_the_profile_says_and_may_be_left_out() -> None:
    assert with_card(PROFILE, present=True, pin=None) == PROFILE
    assert not with_card(PROFILE, present=False, pin=None).sim.present


@given(st.text())
def test_a_number_is_its_digits_or_refused(text: str) -> None:
    for count, tell in ((15, {"imei": text}), (15, {"imsi": text}), (20, {"iccid": text})):
        if len(text) == count and set(text) <= set("0123456789"):
            assert text in with_numbers(PROFILE, **tell).identity
        else:
            with pytest.raises(UsageError, match=f"give its {count} digits"):
                with_numbers(PROFILE, **tell)


def test_one_who_says_nothing_is_the_model_itself() -> None:
    assert individual(MODEL, Overrides()) is MODEL


def test_what_is_said_of_one_module_overrules_its_name() -> None:
    overrides = Overrides("node7", imei="123456789012345", pin="4321", register_time=2.0, zone=-20, speed=2.0)
    profile = individual(MODEL, overrides).profile
    own = with_name(PROFILE, "node7").identity
    assert profile.identity == own._replace(imei="123456789012345", imeisv="12345678901234" + own.svn)
    assert (profile.sim.pin, profile.sim.locked) == ("4321", True)
    assert profile.radio.search_time == 1.0
    assert (profile.power.register_time, profile.power.boot_time) == (1.0, PROFILE.power.boot_time / 2)
    assert profile.clock.zone == -20
    assert MODEL.profile == PROFILE


def test_speed_shortens_every_delay_and_nothing_else() -> None:
    fast = speed_up(PROFILE, 10)
    assert fast.power.boot_time == pytest.approx(PROFILE.power.boot_time / 10)
    assert fast.power.register_time == pytest.approx(PROFILE.power.register_time / 10)
    assert fast.radio.search_time == pytest.approx(PROFILE.radio.search_time / 10)
    assert fast.radio.scan_time == pytest.approx(PROFILE.radio.scan_time / 10)
    assert fast.table(CONNECTION).msl == pytest.approx(PROFILE.table(CONNECTION).msl / 10)
    assert fast.table(PING).interval == pytest.approx(PROFILE.table(PING).interval / 10)
    assert fast.line == PROFILE.line
    assert speed_up(fast, 0.1).power.boot_time == pytest.approx(PROFILE.power.boot_time)
