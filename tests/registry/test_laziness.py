"""Families that are bound when they are needed: the model is then as it is when all are bound at the start."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onemo.at.command import is_basic
from onemo.at.family import Family
from onemo.at.store import Settings, Slot
from onemo.errors import ProfileError
from onemo.families import FAMILIES
from onemo.families.sockets.profile import CONNECTION
from onemo.modem.modem import Modem
from onemo.profile import loader
from onemo.runtime.models import Model, Overrides, individual

from tests.support.driver import Driver, model_named
from tests.support.lazy import CORE, LATER, SUB_MODELS, Described, described, lazy, needed_by
from tests.support.models import SERIES


def whole(model: Model) -> dict[str, Described]:
    """Everything that the model has, without binding more."""
    return {family.name: described(model, family) for family in FAMILIES}


def slots_of(family: Family) -> list[Slot[Any]]:
    """The settings of a family."""
    return [slot for slot in model_named("ML307R").slots if slot.command in family.commands]


# How a family comes to be bound.


def by_command(model: Model, family: Family) -> None:
    model.command(family.commands[-1].encode())


def by_setting(model: Model, family: Family) -> None:
    slot = next(iter(slots_of(family)), None)
    if slot is None:
        by_command(model, family)
    else:
        Settings(model.slots).get(slot)


def by_nv(model: Model, family: Family) -> None:
    """A setting that it may hold, or what the family keeps."""
    stored = dict.fromkeys((*family.keeps, *(slot.nv_name for slot in slots_of(family)), *family.commands))
    Modem(model).restore(stored)


WAYS: tuple[Callable[[Model, Family], None], ...] = (by_command, by_setting, by_nv)


@pytest.mark.parametrize("name", SERIES)
def test_each_family_alone_is_as_in_the_whole_model(name: str) -> None:
    """In one of the ways: all of the series together take each family in every one."""
    expected = whole(model_named(name))
    for number, family in enumerate(LATER, SERIES.index(name)):
        model = lazy(name)
        WAYS[number % len(WAYS)](model, family)
        needed = {*CORE, *needed_by(family)}
        assert model.binder.bound.keys() == needed
        found = whole(model)
        assert {each: found[each] for each in needed} == {each: expected[each] for each in needed}


@pytest.mark.parametrize("name", SUB_MODELS)
def test_before_there_is_nothing_of_it(name: str) -> None:
    """Nor does a start need it."""
    model = lazy(name)
    Driver(model).boot()
    assert model.binder.bound.keys() == set(CORE)
    nothing = Described({}, {}, set(), {}, {}, {})
    for family in LATER:
        assert described(model, family)._replace(errors={}) == nothing


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(SUB_MODELS),
    st.permutations(LATER),
    st.lists(st.sampled_from(WAYS), min_size=len(LATER), max_size=len(LATER)),
)
def test_any_order_leads_to_the_whole_model(name: str, order: list[Family], ways: list[Any]) -> None:
    model, expected = lazy(name), model_named(name)
    for family, way in zip(order, ways, strict=False):
        way(model, family)
    assert whole(model) == whole(expected)
    assert model.errors == expected.errors
    assert model.kept == expected.kept
    assert dict(model.slots) == dict(expected.slots)
    assert model.profile._replace(tables=dict(model.profile.tables)) == expected.profile._replace(
        tables=dict(expected.profile.tables)
    )
    assert model.names() == expected.names()


@settings(max_examples=20, deadline=None)
@given(st.permutations(LATER), st.integers(0, len(LATER)))
def test_clac_lists_every_command_in_the_order_of_the_list(order: list[Family], used: int) -> None:
    model = lazy("ML307G")
    driver = Driver(model).boot()
    for family in order[:used]:
        driver.ask(f"AT+{family.commands[0]}=?")
    listed = driver.ask("AT+CLAC").decode().split()
    known = [name for family in FAMILIES for name in family.commands if model_named("ML307G").has(name)]
    assert listed == [*(f"AT{name}" if is_basic(name) else f"AT+{name}" for name in known), "OK"]


@pytest.mark.parametrize("family", LATER, ids=lambda family: family.name)
def test_what_cannot_be_read_for_now_is_read_another_time(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    model = lazy("ML307R")

    def read_bytes(path: Path) -> bytes:
        raise OSError(errno.ENFILE, "Too many open files in system")

    with monkeypatch.context() as full:
        full.setattr("onemo.profile.loader.read_bytes", read_bytes)
        full.setattr(loader, "_read_ours", partial(loader._parse, checked=False))  # nothing was read before
        with pytest.raises(ProfileError, match="Too many open files in system"):
            by_command(model, family)
        assert family.name not in model.binder.bound
    by_command(model, family)
    assert described(model, family) == described(model_named("ML307R"), family)


def test_what_is_shortened_is_so_whenever_it_is_bound() -> None:
    """--speed, of a table that is read later."""
    quick = individual(lazy("MN316"), Overrides(speed=10.0))
    quick.has("MIPOPEN")
    assert quick.profile.table(CONNECTION).msl == pytest.approx(model_named("MN316").profile.table(CONNECTION).msl / 10)
