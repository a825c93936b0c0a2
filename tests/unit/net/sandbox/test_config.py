"""The sandbox's file: what it may say, and what is told of every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import UsageError
from onemo.net.interface import AddressFamily
from onemo.net.sandbox import HostPing, PingConfig, Sandbox, SandboxConfig, load_config

FULL = """
[hosts]
"www.example.com" = ["198.18.7.7", "2001:db8::7"]
"old.example.com" = "198.18.7.8"
"gone.example.com" = []
short = "127.0.0.1"
dotted.example.com = "198.18.7.9"

[ping]
time = 1
ttl = 255
[ping.hosts."slow.example.com"]
time = 0.5
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.toml"


def mistakes(file: Path, content: str | bytes) -> list[str]:
    """Return the mistakes told of a file, without its path."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError) as refusal:
        load_config(file)
    lines = str(refusal.value).splitlines()
    assert all(line.startswith(f"{file}: ") for line in lines)
    return [line.removeprefix(f"{file}: ") for line in lines]


def test_a_full_file(written: Path) -> None:
    written.write_text(FULL.replace("dotted.example.com", '"dotted.example.com"'))
    assert load_config(written) == SandboxConfig(
        {
            "www.example.com": ("198.18.7.7", "2001:db8::7"),
            "old.example.com": ("198.18.7.8",),
            "gone.example.com": (),
            "short": ("127.0.0.1",),
            "dotted.example.com": ("198.18.7.9",),
        },
        PingConfig(1.0, 255, {"slow.example.com": HostPing(time=0.5)}),
    )


def test_an_empty_file_is_the_default(written: Path) -> None:
    written.touch()
    assert load_config(written) == SandboxConfig()


def test_every_mistake_is_told_with_its_key(written: Path) -> None:
    assert mistakes(
        written,
        """
        port = 1
        [hosts]
        "a.example" = ["198.18.7.7", "198.18.7.300"]
        "b.example" = 7
        "c.example" = [true, "fe80::1%eth0"]
        "-.ex ample" = "198.18.7.7"
        "A.example." = "198.18.7.7"
        [ping]
        time = -1
        ttl = 0
        loss = 0
        [ping.hosts."slow.example"]
        time = "long"
        [ping.hosts."SLOW.example"]
        [ussd]
        "*100#" = ""
        "100 a" = "x"
        "*101#" = 1
        """,
    ) == [
        "port: is unknown here; there are hosts, ping, ussd, http, echo, lwm2m",
        'hosts."-.ex ample": is no host name: labels of letters, digits, - and _, the last not all digits, '
        "253 characters at most",
        "hosts.\"a.example\": is '198.18.7.300', not an IPv4 or IPv6 address",
        'hosts."b.example": is 7, not a string',
        'hosts."c.example": is True, not a string',
        "hosts.\"c.example\": is 'fe80::1%eth0'; an address with a scope id is not allowed",
        "ping.loss: is unknown here; there are time, ttl, hosts",
        "ping.time: is -1, not a number from 0 up",
        "ping.ttl: is 0, not a whole number from 1 to 255",
        "ping.hosts.\"slow.example\".time: is 'long', not a number",
        'ussd."100 a": is no USSD code: 1 to 182 digits, * and #',
        'ussd."*100#": has 0 characters, not 1 to 182',
        'ussd."*101#": is 1, not a string',
        "hosts.\"A.example.\": is the same name as 'a.example'; write each name once",
        "ping.hosts.\"SLOW.example\": is the same name as 'slow.example'; write each name once",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("hosts = 1", "hosts: is not a table"),
        ("[[hosts]]", "hosts: is not a table"),
        ("ping = []", "ping: is not a table"),
        ("[ping]\nhosts = 1", "ping.hosts: is not a table"),
        ("[ping]\ntime = inf", "ping.time: is inf, not a number from 0 up"),
        ("[ping]\ntime = nan", "ping.time: is nan, not a number from 0 up"),
        ("[ping]\nttl = 64.0", "ping.ttl: is 64.0, not a whole number"),
        ("[ping]\ntime = true", "ping.time: is True, not a number"),
        ('[hosts]\n"192.0.2.1" = []', 'hosts."192.0.2.1": is no host name'),
        ("[hosts]\na.example = []", "hosts.a: is {'example': []}, not a string"),
    ],
)
def test_a_mistake(written: Path, content: str, problem: str) -> None:
    [told] = mistakes(written, content)
    assert told.startswith(problem)


@pytest.mark.parametrize("content", ["hosts", b"\xff\xfe", "a = " + "[" * 5000, "[ping]\nttl = " + "9" * 5000])
def test_what_is_no_toml(written: Path, content: str | bytes) -> None:
    assert mistakes(written, content)[0].startswith("is not TOML: ")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.toml"):
        with pytest.raises(UsageError, match=r"^/.*: cannot be read: \w"):
            load_config(path)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any") / "sandbox.toml"


VALUES = st.recursive(
    st.sampled_from(["1", "-0.5", "true", '""', '"::1"', "1979-05-27", "[]", "{}"]),
    lambda values: (
        st.lists(values, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.tuples(st.sampled_from(["hosts", "time", '"a.b"', "ttl"]), values).map(
            lambda pair: f"{{ {pair[0]} = {pair[1]} }}"
        )
    ),
    max_leaves=6,
)


@given(hosts=VALUES, ping=VALUES)
def test_any_values_give_a_sandbox_or_a_usage_error(scratch: Path, hosts: str, ping: str) -> None:
    scratch.write_text(f"hosts = {hosts}\nping = {ping}\n")
    try:
        config = load_config(scratch)
    except UsageError:
        return
    assert Sandbox(config).addresses("localhost", AddressFamily.IPV4)
