"""One table ``[[module]]`` of a lab's file: what it may say, what is wrong with it, and the module that it asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from onemo.errors import FaultError, ProfileError, UnknownModel, UsageError
from onemo.modem.sim import plain_number
from onemo.profile.card import with_card_file
from onemo.profile.instance import with_card, with_numbers
from onemo.profile.schema import Profile
from onemo.profile.shape import Problem, between
from onemo.runtime.models import load_model
from onemo.runtime.options import OPTIONS, ModuleOptions, Option, OptionType, line_of
from onemo.runtime.snapshot import read_snapshot
from onemo.runtime.spec import Spec, StartFaults, spec_of, steps_of

MOST = 100_000
"""Modules of one table."""
_COUNT = (
    "So many modules, with '{n}' in any text: their numbers in the whole lab. '{i}' is the place in this slice, from "
    "0; '{n:04}' has leading zeros, '{i+40000}' is for ports."
)
KEYS: Mapping[str, Option] = {
    "count": Option(OptionType.INTEGER, _COUNT, low=1, high=MOST),
    "first": Option(OptionType.INTEGER, "Where '{n}' begins in slice 0; 1 if left out.", high=10**9),
    **{option.lab: option for option in OPTIONS.values() if option.lab},
}
"""The keys of a table: the options of its modules, and how many these are."""


def _hint(option: Option) -> object:
    """Return what a value must be, as ``profile.shape`` has it."""
    if option.type is OptionType.OCTAL:
        return Annotated[str, partial(_octal, option)]
    if option.type in (OptionType.INTEGER, OptionType.NUMBER):
        number = int if option.type is OptionType.INTEGER else float
        return Annotated[number, between(option.low, option.high)]
    if option.type is OptionType.FLAG:
        return bool
    if option.choices:
        return Literal[option.choices]
    return tuple[str, ...] if option.several else str


def _octal(option: Option, text: str) -> str | None:
    try:
        option.read(text)
    except ValueError as error:
        return f"is {text!r}: {error}"
    return None


HINTS = {key: _hint(option) for key, option in KEYS.items()}


class Planned(NamedTuple):
    """A module of a lab. trace: the file of its trace."""

    spec: Spec
    trace: Path | None

    def places(self) -> Iterator[tuple[str, str, str]]:
        """Yield each thing that no other module can have: its key, its kind, and which one it is."""
        cable, name = self.spec.cable, self.spec.overrides.name or ""
        yield "name", "name", name
        if (msisdn := self.spec.overrides.msisdn) is not None:
            yield "msisdn", "number", plain_number(msisdn)
        if cable.link is not None:
            yield "link", "path", os.path.abspath(cable.link)
        for port in cable.ports:
            yield "ports", "path", os.path.abspath(port)
        if cable.uart is not None:
            yield "link", "path", os.path.realpath(cable.uart)
        if endpoint := cable.tcp or cable.rfc2217:
            from onemo.link.tcp import parse_endpoint

            host, number = parse_endpoint(endpoint)
            if number:
                yield "link", "port", f"{host}:{number}"
        if (nv := self.spec.nv) is not None:
            inside = nv.endswith("/") or os.path.isdir(nv)
            place = os.path.abspath(os.path.join(nv, name) if inside else nv)
            yield "nv", "path", place  # in a directory, too: its contents lie where those of a file of this name would
            if inside:
                yield "nv", "path", f"{place}.json"
        if self.trace is not None:
            yield "trace", "path", os.path.abspath(self.trace)


class ModuleTable:
    """One table of a lab's file.

    values: by key, each of the right form, with a number for each ``{n}``. Relative paths begin in folder.
    """

    def __init__(self, values: Mapping[str, Any], profiles: tuple[Path, ...], folder: str) -> None:
        self._link = values.get("link")
        fields: dict[str, Any] = {}
        for key, value in values.items():
            if (option := KEYS[key]).name:  # how many there are is no module's
                fields |= _fields(option, value, folder)
        self.options = ModuleOptions(**fields, profiles=profiles)

    def planned(self, name: str) -> Planned:
        """Return the module, with this name. Only of a table without problems."""
        options = self.options._replace(name=name)
        steps = () if options.scenario is None else scenario(options.scenario)
        return Planned(spec_of(options, StartFaults(steps=steps, seed=options.seed)), options.trace)

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with values that have the right form."""
        options, checks = self.options, dict(_CHECKS)
        try:
            profile = load_model(options.model, options.profiles).profile
        except UnknownModel as error:
            meant = f"did you mean {' or '.join(error.nearest)}?" if error.nearest else "no name comes close"
            yield ("model",), f"there is no model {options.model!r}; {meant}"
        except ProfileError as error:
            yield ("model",), f"its profile has mistakes:\n{error}"
        else:
            checks |= {name: partial(check, profile) for name, check in _OF_MODEL.items()}
        if self._link is not None and not line_of(self._link):
            yield ("link",), f"{self._link!r} is no link: write {OPTIONS['link'].words}"
        for name, problem in options.misfits(self._link, "in link, as uart:///dev/ttyUSB0"):
            yield (name,), problem
        for name, check in checks.items():
            if (value := getattr(options, name)) != OPTIONS[name].default:
                try:
                    check(options, value)
                except (FaultError, UsageError) as error:
                    yield (OPTIONS[name].lab or "link",), str(error)


def _fields(option: Option, value: object, folder: str) -> dict[str, Any]:
    """Return the fields of ModuleOptions that a value of a table stands for."""
    if option.type is OptionType.LINE:
        return {name: Path(folder, place) if name == "link" else place for name, place in line_of(str(value)).items()}
    if isinstance(value, tuple):
        return {option.name: tuple(_placed(option, each, folder) for each in value)}
    return {option.name: _placed(option, value, folder)}


def _placed(option: Option, value: object, folder: str) -> object:
    """Return a value in its final type: relative paths begin in folder."""
    if option.type is OptionType.OCTAL:
        return option.read(str(value))
    if option.type is OptionType.PATH:
        return Path(folder, str(value))
    return os.path.join(folder, str(value)) if option.type is OptionType.PLACE else value


def _check_name(options: ModuleOptions, name: str) -> None:
    if not name:
        raise UsageError("is empty: leave it out, or give one")


def _check_endpoint(options: ModuleOptions, endpoint: str) -> None:
    from onemo.link.tcp import parse_endpoint

    parse_endpoint(endpoint)


def _check_target(options: ModuleOptions, endpoint: str) -> None:
    from onemo.link.tcp_client import parse_target

    parse_target(endpoint)


def _check_source(options: ModuleOptions, source: str) -> None:
    try:
        address = ip_address(source)
        fits = not (address.is_multicast or address.is_unspecified)
        fits = fits and not (isinstance(address, IPv6Address) and address.scope_id is not None)
    except ValueError:
        fits = False
    if not fits:
        raise UsageError(f"{source!r} is no address of a host: give one of this host's, like 127.0.0.5")


def _check_routes(options: ModuleOptions, routes: tuple[str, ...]) -> None:
    from onemo.net.host.routes import parse_route

    for route in routes:
        parse_route(route)


def _check_denied(options: ModuleOptions, denied: tuple[str, ...]) -> None:
    from onemo.net.host.routes import parse_pattern

    for pattern in denied:
        parse_pattern(pattern)


def _check_published(options: ModuleOptions, published: tuple[str, ...]) -> None:
    from onemo.runtime.network import require_publications

    require_publications(published, offline=options.offline)


def _check_sandbox(options: ModuleOptions, value: object) -> None:
    leads = (route.lower().rpartition("=")[2].startswith("sandbox") for route in options.routes)
    if not options.sandbox and not any(leads):
        raise UsageError("nothing leads to the sandbox: add sandbox = true, or a route to it")


def _check_sandbox_file(options: ModuleOptions, file: Path) -> None:
    if not ussd_in(file):
        _check_sandbox(options, file)


@lru_cache
def ussd_in(file: Path) -> bool:
    """Tell whether a sandbox file is about USSD, which there is without a sandbox. Raises UsageError."""
    from onemo.net.sandbox import load_config

    return bool(load_config(file).ussd)


scenario = lru_cache(steps_of)
"""Once for all modules of a lab."""
_CHECKS: Mapping[str, Callable[[ModuleOptions, Any], object]] = {
    "name": _check_name,
    "tcp": _check_endpoint,
    "rfc2217": _check_endpoint,
    "connect": _check_target,
    "source": _check_source,
    "routes": _check_routes,
    "denied": _check_denied,
    "published": _check_published,
    "sandbox_file": _check_sandbox_file,
    "sandbox_family": _check_sandbox,
    "scenario": lambda options, file: scenario(file),
}
"""Checks of a value beyond its form, by field, where it is given. Each raises UsageError or FaultError."""
_OF_MODEL: Mapping[str, Callable[[Profile, ModuleOptions, Any], object]] = {
    "imei": lambda profile, options, imei: with_numbers(profile, imei=imei),
    "imsi": lambda profile, options, imsi: with_numbers(profile, imsi=imsi),
    "msisdn": lambda profile, options, msisdn: with_numbers(profile, msisdn=msisdn),
    "iccid": lambda profile, options, iccid: with_numbers(profile, iccid=iccid),
    "revision": lambda profile, options, revision: with_numbers(profile, revision=revision),
    "card": lambda profile, options, file: with_card_file(profile, file),
    "restore": lambda profile, options, file: read_snapshot(file).require(profile),
    "pin": lambda profile, options, pin: with_card(profile, present=True, pin=pin),
}
"""Checks that depend on the model."""
