"""The sandbox file: its configuration in TOML, checked strictly.

::

    [hosts]
    "www.example.com" = ["198.18.7.7", "2001:db8::7"]
    "old.example.com" = "198.18.7.8"
    "gone.example.com" = []             # no such name

    [ping]
    time = 0.03                         # seconds of a round trip
    ttl = 64

    [ping.hosts."slow.example.com"]     # what is left out is as in [ping]
    time = 0.5

    [ussd]                              # what the radio network answers to AT+CUSD
    "*101#" = "2 GB left"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from onemo.errors import Mistake, NetError, UsageError
from onemo.net.sandbox.zone import canonical
from onemo.profile.document import read_toml
from onemo.profile.shape import Problem, at_least, shaped

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_LARGEST_TTL = 255
_LONGEST_USSD = 182
_USSD_CODE = re.compile(rf"[0-9*#]{{1,{_LONGEST_USSD}}}", re.ASCII)


def _name_problem(name: str) -> str | None:
    try:
        canonical(name)
    except NetError:
        return "is no host name: labels of letters, digits, - and _, the last not all digits, 253 characters at most"
    return None


def _address_problem(address: str) -> str | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return f"is {address!r}, not an IPv4 or IPv6 address"
    if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
        return f"is {address!r}; an address with a scope id is not allowed"
    return None


def _ttl_problem(ttl: int) -> str | None:
    return None if 1 <= ttl <= _LARGEST_TTL else f"is {ttl}, not a whole number from 1 to {_LARGEST_TTL}"


def _code_problem(code: str) -> str | None:
    return None if _USSD_CODE.fullmatch(code) else "is no USSD code: 1 to 182 digits, * and #"


def _text_problem(text: str) -> str | None:
    return None if 1 <= len(text) <= _LONGEST_USSD else f"has {len(text)} characters, not 1 to {_LONGEST_USSD}"


_Name = Annotated[str, _name_problem]
_Address = Annotated[str, _address_problem]
_Seconds = Annotated[float, at_least(0)]
_Ttl = Annotated[int, _ttl_problem]
_Code = Annotated[str, _code_problem]
_Text = Annotated[str, _text_problem]


class HostPing(NamedTuple):
    """The pings of one host. None: as those of all the others."""

    time: _Seconds | None = None
    ttl: _Ttl | None = None


class PingConfig(NamedTuple):
    """The answers to echo requests. time: seconds of the round trip; ttl: the reply's; hosts: by name."""

    time: _Seconds = 0.03
    ttl: _Ttl = 64
    hosts: Mapping[_Name, HostPing] = {}


class SandboxConfig(NamedTuple):
    """The sandbox's names, its pings and its USSD.

    hosts: a name's addresses; none at all means that there is no such name. ussd: the radio network's answers by code.
    """

    hosts: Mapping[_Name, tuple[_Address, ...]] = {}
    ping: PingConfig = PingConfig()
    ussd: Mapping[_Code, _Text] = {}


def load_config(path: Path) -> SandboxConfig:
    """Read the configuration in a TOML file. Raises UsageError: every mistake, each with its key."""
    document = read_toml(path)
    hosts = document.get("hosts")
    if isinstance(hosts, dict):
        document["hosts"] = {name: said if isinstance(said, list) else [said] for name, said in hosts.items()}
    config, problems = shaped(SandboxConfig, document)
    problems += [*_twice(("hosts",), document), *_twice(("ping", "hosts"), document)]
    if config is None or problems:
        raise UsageError("\n".join(str(Mistake(str(path), _dotted(where), what)) for where, what in problems))
    return config


def _twice(where: tuple[str, ...], document: Mapping[str, Any]) -> list[Problem]:
    """Find the names of a table that are another one in it, written differently."""
    table: object = document
    for key in where:
        table = table.get(key) if isinstance(table, Mapping) else None
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for name in table if isinstance(table, Mapping) else ():
        first = seen.setdefault(name.lower().removesuffix("."), name)
        if first != name:
            problems.append(((*where, name), f"is the same name as {first!r}; write each name once"))
    return problems


def _dotted(where: tuple[str, ...]) -> str:
    """Return a key path as TOML writes it, without an address's place in its array: the mistake quotes it."""
    keys = where[:2] if where[:1] == ("hosts",) else where
    return ".".join(key if _BARE_KEY.fullmatch(key) else f'"{key}"' for key in keys)
