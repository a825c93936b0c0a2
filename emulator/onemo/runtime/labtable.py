"""One table ``[[module]]`` of a lab's file: what it may say, what is wrong with it, and the module that it asks for."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Annotated, NamedTuple

from onemo.errors import FaultError, ProfileError, UnknownModel, UsageError
from onemo.profile.instance import carded, told
from onemo.profile.schema import Profile
from onemo.profile.shape import Check, Problem, at_least
from onemo.runtime.line import Cable
from onemo.runtime.models import Who, load_model
from onemo.runtime.outside import Plan
from onemo.runtime.spec import Spec, Trouble

MOST = 100_000
"""Modules of one table."""
_LINK = re.compile(r"([a-z0-9]+)://(.*)", re.ASCII | re.DOTALL)
_LINKS = "write a path, tcp://HOST:PORT, rfc2217://HOST:PORT or uart:///dev/ttyUSB0"


def _between(low: float, high: float) -> Check:
    return lambda value: None if low <= value <= high else f"is {value}, not a number from {low} to {high}"


def _octal(text: str) -> str | None:
    fits = re.fullmatch("0*[0-7]{1,3}", text, re.ASCII)
    return None if fits else f"is {text!r}: write the permissions in octal, from 0 to 777, like 660"


_Seconds = Annotated[float, at_least(0)]


class Planned(NamedTuple):
    """A module of a lab. trace: the file of its trace."""

    spec: Spec
    trace: Path | None

    def places(self) -> Iterator[tuple[str, str, str]]:
        """What no other module can have: the key, the kind of thing, and which one."""
        cable, name = self.spec.cable, self.spec.who.name or ""
        yield "name", "name", name
        if cable.link is not None:
            yield "link", "path", os.path.abspath(cable.link)
        if cable.uart is not None:
            yield "link", "path", os.path.realpath(cable.uart)
        if endpoint := cable.tcp or cable.rfc2217:
            from onemo.link.tcp import parse_endpoint

            host, number = parse_endpoint(endpoint)
            if number:
                yield "link", "port", f"{host}:{number}"
        if (nv := self.spec.nv) is not None:
            inside = nv.endswith("/") or os.path.isdir(nv)
            yield "nv", "path", os.path.abspath(os.path.join(nv, f"{name}.json") if inside else nv)
        if self.trace is not None:
            yield "trace", "path", os.path.abspath(self.trace)


class Table(NamedTuple):
    """What a table says, once each ``{n}`` in it is a number."""

    name: str | None = None
    model: str = "ML307R"
    count: Annotated[int, _between(1, MOST)] = 1  # type: ignore[assignment]  # a tuple's own count is not needed
    first: Annotated[int, _between(0, 10**9)] = 1
    link: str | None = None
    pty_mode: Annotated[str, _octal] | None = None
    baud: Annotated[int, _between(1, 99_999_999)] | None = None
    pace: bool = False
    imei: str | None = None
    imsi: str | None = None
    iccid: str | None = None
    revision: str | None = None
    pin: str | None = None
    no_sim: bool = False
    boot_time: _Seconds | None = None
    register_time: _Seconds | None = None
    speed: Annotated[float, _between(0.001, 1_000_000)] = 1.0
    zone: Annotated[int, _between(-48, 56)] | None = None
    nv: str | None = None
    source: str | None = None
    routes: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    offline: bool = False
    sandbox: bool = False
    sandbox_file: str | None = None
    trace: str | None = None
    seed: Annotated[int, _between(0, 2**64 - 1)] | None = None
    scenario: str | None = None

    def planned(self, name: str, profiles: tuple[Path, ...], folder: str) -> Planned:
        """The module of this name. Relative paths begin in folder. Only of a table without problems."""

        def path(text: str | None) -> Path | None:
            return None if text is None else Path(folder, text)

        who = Who(
            *(name, self.imei, self.imsi, self.iccid, self.revision),
            *(self.register_time, self.pin, not self.no_sim, self.zone, self.speed),
        )
        mode = None if self.pty_mode is None else int(self.pty_mode, 8)
        cable = _cable(self.link, folder)._replace(pty_mode=mode, baud=self.baud, pace=self.pace)
        plan = Plan(self.routes, self.deny, self.offline, self.sandbox, path(self.sandbox_file))
        nv = None if self.nv is None else os.path.join(folder, self.nv)
        trouble = Trouble((), self.seed, path(self.scenario))
        spec = Spec(self.model, profiles, self.boot_time, who, cable, plan, nv, self.source, trouble)
        return Planned(spec, path(self.trace))

    def problems(self, profiles: tuple[Path, ...], folder: str) -> Iterator[Problem]:
        """What is wrong with values that have the right form."""
        checks = {key: partial(check, self, folder) for key, check in _CHECKS.items()}
        try:
            profile = load_model(self.model, profiles).profile
        except UnknownModel as error:
            meant = f"did you mean {' or '.join(error.nearest)}?" if error.nearest else "no name comes close"
            yield ("model",), f"there is no model {self.model!r}; {meant}"
        except ProfileError as error:
            yield ("model",), f"its profile has mistakes:\n{error}"
        else:
            checks |= {key: partial(check, self, profile) for key, check in _OF_MODEL.items()}
        for key, wrong in checks.items():
            if getattr(self, key) != self._field_defaults[key]:
                try:
                    wrong()
                except UsageError as error:
                    yield (key,), str(error)


def _cable(link: str | None, folder: str) -> Cable:
    """Raises UsageError."""
    if link is None:
        return Cable()
    found = _LINK.fullmatch(link)
    if found is None and link:
        return Cable(Path(folder, link))
    scheme, place = found.groups() if found is not None else ("", "")
    if scheme == "uart" and place.startswith("/"):
        return Cable(uart=place)
    if scheme == "tcp":
        return Cable(tcp=place)
    if scheme == "rfc2217":
        return Cable(rfc2217=place)
    raise UsageError(f"{link!r} is no link: {_LINKS}")


def _check_link(table: Table, folder: str) -> None:
    cable = _cable(table.link, folder)
    if (place := cable.tcp if cable.rfc2217 is None else cable.rfc2217) is not None:
        from onemo.link.tcp import parse_endpoint

        parse_endpoint(place)


def _check_pty_mode(table: Table, folder: str) -> None:
    if table.link is not None and _LINK.fullmatch(table.link):
        raise UsageError(f"is for a pseudo-terminal, and {table.link} is none: leave one of them out")


def _check_baud(table: Table, folder: str) -> None:
    if table.link is None or not table.link.startswith("uart://"):
        raise UsageError("is the speed of a serial device: name that in link, as uart:///dev/ttyUSB0, or use AT+IPR")


def _check_name(table: Table, folder: str) -> None:
    if not table.name:
        raise UsageError("is empty: leave it out, or give one")


def _check_source(table: Table, folder: str) -> None:
    try:
        address = ip_address(table.source or "")
        fits = not (address.is_multicast or address.is_unspecified)
        fits = fits and not (isinstance(address, IPv6Address) and address.scope_id is not None)
    except ValueError:
        fits = False
    if not fits:
        raise UsageError(f"{table.source!r} is no address of a host: give one of this host's, like 127.0.0.5")


def _check_routes(table: Table, folder: str) -> None:
    from onemo.net.host.routes import parse_route

    for route in table.routes:
        parse_route(route)


def _check_deny(table: Table, folder: str) -> None:
    from onemo.net.host.routes import parse_pattern

    for pattern in table.deny:
        parse_pattern(pattern)


def _check_sandbox_file(table: Table, folder: str) -> None:
    if not table.sandbox and not any(route.lower().rpartition("=")[2].startswith("sandbox") for route in table.routes):
        raise UsageError("nothing leads to the sandbox: add sandbox = true, or a route to it")
    _load_sandbox(Path(folder, table.sandbox_file or ""))


@lru_cache
def _load_sandbox(file: Path) -> None:
    """Once for all modules. Raises UsageError."""
    from onemo.net.sandbox import load_config

    load_config(file)


def _check_scenario(table: Table, folder: str) -> None:
    _load_scenario(Path(folder, table.scenario or ""))


@lru_cache
def _load_scenario(file: Path) -> None:
    """Once for all modules. Raises UsageError."""
    from onemo.runtime.session import read

    try:
        read((), None, file)
    except FaultError as error:
        raise UsageError(str(error)) from error


_CHECKS: Mapping[str, Callable[[Table, str], object]] = {
    "name": _check_name,
    "link": _check_link,
    "pty_mode": _check_pty_mode,
    "baud": _check_baud,
    "source": _check_source,
    "routes": _check_routes,
    "deny": _check_deny,
    "sandbox_file": _check_sandbox_file,
    "scenario": _check_scenario,
}
"""What is asked of a value beyond its form, where it is given. Each raises UsageError."""
_OF_MODEL: Mapping[str, Callable[[Table, Profile], object]] = {
    "imei": lambda table, profile: told(profile, imei=table.imei),
    "imsi": lambda table, profile: told(profile, imsi=table.imsi),
    "iccid": lambda table, profile: told(profile, iccid=table.iccid),
    "revision": lambda table, profile: told(profile, revision=table.revision),
    "pin": lambda table, profile: carded(profile, present=True, pin=table.pin),
}
"""The same, of what depends on the model."""
