"""The sections of commands in the profile of a series."""

from __future__ import annotations

from onemo.profile.schema import CommandSection, ParamSection

from tests.support.driver import model_named


def section(series: str, command: str) -> CommandSection:
    """Return the section of a command in the profile of a series."""
    return model_named(series).profile.commands[command]


def offers(series: str, command: str) -> tuple[str, ...]:
    """The keys that a setting with keys has there."""
    if not section(series, command).available:
        return ()
    found = section(series, command).offers
    assert found
    return found


def param(series: str, command: str, name: str, key: str = "") -> ParamSection:
    """Return the section of a parameter; of a string there may be none."""
    where = section(series, command)
    params = where.keys[key].params if key else where.params
    own, shared = params.get(name), model_named(series).profile.params.get(name)
    if own is not None and own.range is None and shared is not None:
        return own._replace(range=shared.range)
    return own or shared or ParamSection()
