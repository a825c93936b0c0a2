"""Every command on every series, through the interpreter: what the profile says is what the module does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from onemo.families import FAMILIES
from onemo.profile.loader import model_files, sub_models
from onemo.profile.ranges import Range
from onemo.profile.schema import ParamSection

from tests.registry.lines import connect_ids, line, tried
from tests.support.commands import BASIC, KEYS, OWN_TEST_FORMS, PARAMETERS, STRINGS
from tests.support.driver import Driver, model_named
from tests.support.forms import FORMS
from tests.support.ftp_commands import keyed
from tests.support.models import NB, SERIES
from tests.support.sections import offers, param, section

ERROR = b"\r\nERROR\r\n"
CME_50 = b"\r\n+CME ERROR: 50\r\n"
CIS_601 = b"\r\n+CIS ERROR: 601\r\n"
SMS, LWM2M = (next(family.commands for family in FAMILIES if family.name == name) for name in ("sms", "lwm2m"))
USUAL = {"MUESTATS": "kind", "MADC": "channel"}
BARE_REFUSALS = ("MIPLISTEN", "MIPSRVSTATE", "MIPSRVCLOSE")
BARE = (b"\r\nOK", b"\r\n+MIPSEND: 0,1\r\n", b"\r\n+MIPMODE: 0,0\r\n", b"\r\n+MIPSENDTO: 0,1\r\n")
SUB_MODELS = [name for series in SERIES for name in sub_models(model_files()[series.lower()])]
SUFFIX = {"test": "=?", "read": "?", "set": "=1", "execute": ""}


@pytest.fixture(params=SERIES)
def series(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def misfit(series: str, command: str) -> bytes:
    """The answer to a parameter that does not fit."""
    if command in LWM2M:
        return CIS_601
    if section(series, command).refuses == "error" or command in BARE_REFUSALS:
        return ERROR
    if command not in SMS:
        return CME_50
    return b"\r\n+CMS ERROR: %d\r\n" % (304 if series in NB else 518)


def test_every_declared_command_is_walked_here() -> None:
    commands = model_named("ML307R").profile.commands
    assert set(commands) == {*PARAMETERS, *KEYS, *BASIC}
    assert {name: set(where.keys) for name, where in commands.items() if where.keys} == {
        name: set(keys) for name, keys in KEYS.items()
    }
    assert set(FORMS) == {*PARAMETERS, *KEYS}


@pytest.mark.parametrize("name", SUB_MODELS)
def test_every_sub_model_binds_and_has_the_commands_that_it_should(name: str) -> None:
    model = model_named(name)
    available = {command for command, where in model.profile.commands.items() if where.available}
    assert {command.decode() for command in model.commands} == available
    for command in model.profile.commands:
        suffix = SUFFIX[FORMS[command].split()[0]] if command in FORMS else "?" if command[0] == "S" else ""
        answer = Driver(name).boot().ask(f"AT{'+' * (command in FORMS)}{command}{suffix}")
        assert (answer == ERROR) is (command not in available), (command, answer)


def test_forms_that_are_not_declared_are_errors(series: str) -> None:
    for command, declared in FORMS.items():
        for form, suffix in SUFFIX.items():
            driver = Driver(series).boot()
            driver.ask('AT+CCLK="24/02/29,12:00:00"')  # some do not tell the time before
            if (command, form) == ("MIPCALL", "set"):
                suffix = "=1,1"  # some refuse it so without a cid
            if form == "set" and section(series, command).refuses == "error":
                suffix = f'="{next(iter(offers(series, command) or KEYS[command]))}"'
            if form == "execute" and command in USUAL and param(series, command, USUAL[command]).default is None:
                continue  # some want what the others have a usual value for
            if (command, form) == ("MIPLISTEN", "set"):
                suffix = "=1,TCP,80"
            if (command, form, series) == ("MIPSRVCLOSE", "set", "MR880A"):
                driver.ask("AT+MIPLISTEN=1,TCP,80")
            answer = driver.ask(f"AT+{command}{suffix}")
            where = section(series, command)
            there = where.available and form in declared.split() and (form != "read" or where.readable)
            assert (answer == ERROR) is not there, (command, form, answer)


# Test forms.


def shown(params: list[ParamSection]) -> str:
    """A range for each integer, nothing for a string or what is missing in the middle, no commas for the end."""
    texts: list[str] = []
    for each in params:
        text = each.shown if each.shown is not None else each.range.text if each.range else ""
        texts.append(f"({text})" if text and each.available else "")
    while params and not params[-1].available:
        params, texts = params[:-1], texts[:-1]
    return ",".join(texts)


def test_test_forms_parse_back_to_the_ranges_of_the_profile(series: str) -> None:
    driver = Driver(series).boot()
    for command, names in PARAMETERS.items():
        if "test" not in FORMS[command] or command in OWN_TEST_FORMS or not section(series, command).available:
            continue
        own = section(series, command).shown
        if own is not None:
            assert driver.answer(f"AT+{command}=?") == ([f"+{command}: {own}"] if own else []) + ["OK"]
            continue
        sections = [param(series, command, name) for name in names]
        text = shown(sections)
        assert driver.answer(f"AT+{command}=?") == ([f"+{command}: {text}"] if text else []) + ["OK"]
        there = [each for each in sections if each.available and each.range and each.shown != ""]
        ranges = [Range.parse(each.shown) if each.shown else each.range for each in there]
        assert [Range.parse(found) for found in re.findall(r"\(([^)\"]+)\)", text)] == ranges


@pytest.mark.parametrize("command", KEYS)
def test_test_forms_with_keys(series: str, command: str) -> None:
    offered = offers(series, command)
    if not offered or "test" not in FORMS[command]:
        return
    rows = [[param(series, command, name, key) for name in KEYS[command][key]] for key in offered]
    if section(series, command).test == "rows":
        lead = int(command == "MFTPCFG")
        told = zip(offered, rows, strict=True)
        texts = [(f"{shown(row[:lead])}," * lead, key, shown(row[lead:])) for key, row in told]
        lines = [f'+{command}: {before}"{key}",{after}' for before, key, after in texts]
    else:
        keys = ",".join(f'"{key}"' for key in offered)
        ids = f",{shown(rows[0][:1])}" if KEYS[command][offered[0]][0] in ("connect_id", "httpid", "ssl_id") else ""
        comma = "," if section(series, command).test == "summary_comma" else ""
        lines = [f"+{command}: ({keys}){ids}{comma}"]
    assert Driver(series).boot().answer(f"AT+{command}=?") == [*lines, "OK"]


# Boundaries.


def integers(series: str) -> Iterator[tuple[str, str, str]]:
    """(command, key, parameter) for every integer of every extended command."""
    for command, names in PARAMETERS.items():
        if section(series, command).available:
            yield from ((command, "", name) for name in names if name not in STRINGS.get(command, ()))
    for command, keys in KEYS.items():
        for key in offers(series, command):
            yield from ((command, key, name) for name in keys[key] if name not in STRINGS.get(command, ()))


def test_boundaries_are_accepted(series: str) -> None:
    for command, key, name in integers(series):
        where = param(series, command, name, key)
        for value in where.range.boundaries if where.available and where.range else ():
            text = line(command, key, name, str(value), series)
            assert tried(series, name, text) not in (misfit(series, command), ERROR, b""), text


def test_their_neighbours_are_refused(series: str) -> None:
    for command, key, name in integers(series):
        where = param(series, command, name, key)
        if not where.available or where.range is None:
            continue
        low = where.range.low
        wrong_types = ("-1", "+1", f"{low}x", "x", f'"{low}"', '""', "0x1", "1.0", "9" * 30)
        for value in (*map(str, where.range.neighbours), *wrong_types[low < 0 :]):
            text = line(command, key, name, value)
            outside = misfit(series, command)
            if value.isdigit() and where.out_of_range == "error":
                outside = ERROR
            elif value.isdigit() and where.out_of_range == "ignore":
                outside = tried(series, name, line(command, key, name, str(where.default)))
            if len(text) > model_named(series).profile.line.max_line:
                outside = ERROR
            assert tried(series, name, text) == outside, text


def test_what_a_model_lacks_is_refused_and_may_be_empty(series: str) -> None:
    for command, key, name in integers(series):
        if not param(series, command, name, key).available:
            for value in ("0", "1", "x", '"0"'):
                text = line(command, key, name, value)
                assert tried(series, name, text) == misfit(series, command), text
            # With something in its place the line stands as it is; with nothing, but its comma, as well.
            text = line(command, key, name, "#").replace("#", "")
            assert tried(series, name, text).startswith(BARE), text
    for command, keys in KEYS.items():
        for key in keys.keys() - set(offers(series, command)) if section(series, command).available else ():
            for text in (f'AT+{command}="{key}"', f'AT+{command}="{key}",0', f'AT+{command}="{key}",0,1'):
                assert tried(series, key, text) == misfit(series, command), text


def test_one_parameter_too_many_is_refused(series: str) -> None:
    endless = "MQTTPUB", "CGACT"  # all is message, or one cid more
    for command, names in PARAMETERS.items():
        if "set" in FORMS[command] and names and section(series, command).available and command not in endless:
            text = line(command, "", names[0], "0")
            too_many = text + "," * (len(names) - text.count(",")) + "0"
            assert tried(series, "", too_many) == misfit(series, command), too_many
    for command, keys in KEYS.items():
        for key in offers(series, command):
            text = keyed(command, key, ["0"]) + "," * len(keys[key]) + "0"
            assert tried(series, "", text) == misfit(series, command), text


def test_boundaries_of_the_basic_commands(series: str) -> None:
    for command in BASIC:
        if command in ("A", "D"):  # they have no value of this kind
            continue
        accepted = param(series, command, "value").range
        assert accepted is not None
        equals = "=" if command.startswith("S") else ""
        there = section(series, command).available
        for value in accepted.boundaries:
            answer = Driver(series).boot().ask(f"AT{command}{equals}{value}")
            assert (b"ERROR" not in answer) is there, (command, value)
        for value in (*accepted.neighbours, 9999):
            answer = Driver(series).boot().ask(f"AT{command}{equals}{value}")
            assert answer == (CME_50 if there else ERROR), (command, value)


# Read-back.


SERVERS = {
    "ip": ('"0.0.0.0","0.0.0.0"', '"255.255.255.255","255.255.255.255"'),
    "ipv6": ('"::","::"', '"2001:DB8::FFFF","FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF"'),
}


def settings(series: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A query of one record, and values for it: every parameter at its lowest, then at its highest."""
    config = [(f'AT+MIPCFG="{key}",2', "MIPCFG", key, KEYS["MIPCFG"][key][1:]) for key in offers(series, "MIPCFG")]
    names_of = [(f'AT+MDNSCFG="{key}"', "MDNSCFG", key, KEYS["MDNSCFG"][key]) for key in offers(series, "MDNSCFG")]
    for query, command, key, names in [*config, *names_of, ("AT+MIPTKA=2", "MIPTKA", "", PARAMETERS["MIPTKA"][1:])]:
        if key in SERVERS:
            yield query, SERVERS[key]
            continue
        ranges = [each.range for each in (param(series, command, name, key) for name in names) if each.available]
        lowest = [str(each.low) for each in ranges if each]
        highest = [str(each.high) for each in ranges if each]
        if key == "cid":
            highest = lowest  # the others are not active
        yield query, (",".join(lowest), ",".join(highest))


def test_what_is_read_back_can_be_set_again(series: str) -> None:
    for query, both in settings(series):
        name = query[2:].split("=")[0]
        for values in both:
            first, second = Driver(series).boot(), Driver(series).boot()
            assert first.answer(f"{query},{values}") == ["OK"], query
            (told, ok) = first.answer(query)
            shown_values = "0" if name == "+MIPTKA" and values.startswith("0") else values
            assert (told, ok) == (query[2:].replace("=", ": ", 1) + f",{shown_values}", "OK")
            again = "AT" + told.replace(": ", "=", 1)
            assert second.answer(again) == ["OK"], again
            assert second.answer(query) == [told, "OK"]


def test_listing_is_asking_for_each(series: str) -> None:
    driver = Driver(series).boot()
    for query, (values, _) in settings(series):
        driver.ask(f"{query},{values}")
    listings = [(f'AT+MIPCFG="{key}"', f'AT+MIPCFG="{key}",') for key in offers(series, "MIPCFG")]
    for listing, query in [*listings, ("AT+MIPTKA?", "AT+MIPTKA="), ("AT+MIPSTATE?", "AT+MIPSTATE=")]:
        each = [driver.answer(f"{query}{connect_id}")[0] for connect_id in connect_ids(series)]
        assert driver.answer(listing) == [*each, "OK"]


def test_one_value_settings_are_read_back(series: str) -> None:
    for level in param(series, "CMEE", "n").range or ():
        driver = Driver(series).boot()
        assert driver.answer(f"AT+CMEE={level}") == ["OK"]
        assert driver.answer("AT+CMEE?") == [f"+CMEE: {level}", "OK"]
    for register, usual in (("S3", b"\r"), ("S4", b"\r"), ("S5", b"\r")):
        if section(series, register).available:
            driver = Driver(series).boot()
            accepted = param(series, register, "value").range
            value = 30 if accepted is None or 30 in accepted else accepted.low
            driver.ask(f"AT{register}={value}")
            driver.type(f"AT{register}?".encode() + (bytes((value,)) if register == "S3" else usual))
            assert f"0{value}".encode() in driver.take()
