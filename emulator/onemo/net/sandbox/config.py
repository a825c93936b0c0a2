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

    [[http]]                            # an answer of one's own, on ports 80 and 443
    host = "ota.example.com"            # left out: of every host
    path = "/firmware.bin"
    method = "GET"                      # left out: any
    status = 200
    headers = { "ETag" = "1" }
    file = "firmware.bin"               # beside this file; or body = "text"

    [echo]
    ports = [80]                        # ports that echo, though they have a server otherwise

    [lwm2m]
    greets = true                       # the LwM2M server observes and discovers what registers, as OneNET does
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
from onemo.profile.shape import Problem, at_least, between, shaped

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_LARGEST_TTL = 255
_LONGEST_USSD = 182
_USSD_CODE = re.compile(rf"[0-9*#]{{1,{_LONGEST_USSD}}}", re.ASCII)
_PATH = re.compile(r"/[!\"$->@-~]*", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)


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


def _path_problem(path: str) -> str | None:
    if _PATH.fullmatch(path):
        return None
    return f"is {path!r}; it begins with / and has no blank, no ? and no #"


def _token_problem(name: str) -> str | None:
    return None if _TOKEN.fullmatch(name) else f"is {name!r}, not a name of letters, digits and -"


def _value_problem(value: str) -> str | None:
    return None if value.isascii() and value.isprintable() else f"is {value!r}; it is one line of ASCII"


def _whole_problem(text: str) -> str | None:
    return "has half a character, which no encoding has" if any("\ud800" <= each <= "\udfff" for each in text) else None


_Path = Annotated[str, _path_problem]
_Whole = Annotated[str, _whole_problem]
_Token = Annotated[str, _token_problem]
_Value = Annotated[str, _value_problem]
_Status = Annotated[int, between(200, 599)]
_Port = Annotated[int, between(1, 65535)]
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


class WebAnswer(NamedTuple):
    """An answer of the web server. host, method: None is any. body: text; file: whose bytes it is instead."""

    path: _Path
    host: _Name | None = None
    method: _Token | None = None
    status: _Status = 200
    headers: Mapping[_Token, _Value] = {}
    body: _Whole | None = None
    file: str | None = None


class EchoConfig(NamedTuple):
    """The ports that echo whatever other server they have otherwise."""

    ports: tuple[_Port, ...] = ()


class Lwm2mConfig(NamedTuple):
    """The LwM2M server. greets: it observes each instance, discovers each object and reads /3/0 of a new client."""

    greets: bool = False


class SandboxConfig(NamedTuple):
    """The sandbox's names, pings, answers of its web server, its LwM2M server, and the network's USSD.

    hosts: a name's addresses; none at all means that there is no such name. ussd: the radio network's answers by code.
    """

    hosts: Mapping[_Name, tuple[_Address, ...]] = {}
    ping: PingConfig = PingConfig()
    ussd: Mapping[_Code, _Text] = {}
    http: tuple[WebAnswer, ...] = ()
    echo: EchoConfig = EchoConfig()
    lwm2m: Lwm2mConfig = Lwm2mConfig()


def load_config(path: Path) -> SandboxConfig:
    """Read the configuration in a TOML file. Raises UsageError: every mistake, each with its key."""
    document = read_toml(path)
    hosts = document.get("hosts")
    if isinstance(hosts, dict):
        document["hosts"] = {name: said if isinstance(said, list) else [said] for name, said in hosts.items()}
    config, problems = shaped(SandboxConfig, document)
    problems += [*_twice(("hosts",), document), *_twice(("ping", "hosts"), document)]
    if config is not None:
        answers = [_with_file(answer, path.parent) for answer in config.http]
        config = config._replace(http=tuple(answers))
        for place, answer in enumerate(answers):
            problems += [(("http", str(place), *where), what) for where, what in answer_problems(answer)]
    if config is None or problems:
        raise UsageError("\n".join(str(Mistake(str(path), _dotted(where), what)) for where, what in problems))
    return config


def _with_file(answer: WebAnswer, folder: Path) -> WebAnswer:
    """Return an answer whose file, if it has one, is found from anywhere."""
    return answer if answer.file is None else answer._replace(file=str((folder / answer.file).absolute()))


def answer_problems(answer: WebAnswer) -> list[Problem]:
    """Find what is wrong with an answer beyond its shape."""
    if answer.file is None:
        return []
    if answer.body is not None:
        return [(("file",), "stands beside body; an answer has one of them")]
    return [] if Path(answer.file).is_file() else [(("file",), f"there is no file {answer.file}")]


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
