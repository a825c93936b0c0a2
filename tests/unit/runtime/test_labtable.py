"""One table of a lab's file: each mistake in it, told with its key."""

from __future__ import annotations

from collections.abc import Callable

import pytest

LINKS = "write a path, tcp://HOST:PORT, connect://HOST:PORT, rfc2217://HOST:PORT or uart:///dev/ttyUSB0"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('imei = "86{n:03}"', "imei: '86001' is no IMEI: give its 15 digits"),
        ('imsi = ""', "imsi: '' is no IMSI: give its 15 digits"),
        ('iccid = "1"', "iccid: '1' is no ICCID: give its 20 digits"),
        ("imei = 123456789012345", "imei: is 123456789012345, not a string"),
        ('revision = ""', "revision: '' is no revision: give printable ASCII characters, like ML307R-DC-V1"),
        ('pin = "123"', "pin: '123' is no PIN: give 4 to 8 digits"),
        ('name = ""', "name: is empty: leave it out, or give one"),
        ('model = "ML307Z"', "model: there is no model 'ML307Z'; did you mean "),
        ('model = "zzz"', "model: there is no model 'zzz'; no name comes close"),
        ("count = 0", "count: is 0, not a number from 1 to 100000"),
        ("count = 99999999", "count: is 99999999, not a number from 1 to 100000"),
        ("first = -1", "first: is -1, not a number from 0 to 1000000000"),
        ('link = ""', f"link: '' is no link: {LINKS}"),
        ('link = "http://x"', f"link: 'http://x' is no link: {LINKS}"),
        ('link = "uart://dev/x"', f"link: 'uart://dev/x' is no link: {LINKS}"),
        ('link = "tcp://nowhere"', "link: nowhere: write HOST:PORT, as in "),
        ('link = "rfc2217://:{n+99999}"', "link: :100000: write HOST:PORT, as in "),
        ('pty_mode = "680"', "pty_mode: is '680': write the permissions in octal, from 0 to 777, like 660"),
        ("pty_mode = 660", "pty_mode: is 660, not a string"),
        (
            'pty_mode = "660"\nlink = "tcp://:0"',
            "pty_mode: is for a pseudo-terminal, and tcp://:0 is none: leave one of them out",
        ),
        ('ports = "a"', "ports: is not an array"),
        (
            'ports = ["/tmp/a{n}", "b", "/tmp/x/../a1"]',
            "ports: /tmp/a1 is there twice: give each port a path of its own",
        ),
        ("baud = 9600", "baud: is the speed of a serial device: name that in link, "),
        ('strict_baud = true\nlink = "tcp://:0"', "strict_baud: needs a speed of the DTE, and tcp://:0 tells none: "),
        ("strict_baud = 1", "strict_baud: is 1, not true or false"),
        ("boot_time = -1", "boot_time: is -1, not a number from 0 up"),
        ("zone = 57", "zone: is 57, not a number from -48 to 56"),
        ("speed = inf", "speed: is inf, not a number from "),
        ("speed = nan", "speed: is nan, not a number from "),
        ('routes = ["nonsense"]', "routes: route 'nonsense': there is no '='; "),
        ('routes = "a=b"', "routes: is not an array"),
        ('deny = ["1.2.3"]', "deny: pattern '1.2.3': '1.2.3' is no IPv4 address; "),
        (
            'sandbox_file = "/dev/null"',
            "sandbox_file: nothing leads to the sandbox: add sandbox = true, or a route to it",
        ),
        ('card = "/no/such"', "card: /no/such: cannot be read: "),
        ('sandbox_file = "/no/such"\nsandbox = true', "sandbox_file: /no/such: cannot be read: "),
        (
            'sandbox_family = "ipv4"',
            "sandbox_family: nothing leads to the sandbox: add sandbox = true, or a route to it",
        ),
        ('sandbox_family = "4"', "sandbox_family: is '4'; allowed: 'ipv4', 'ipv6', 'both'"),
        ('source = "127.0.0.x"', "source: '127.0.0.x' is no address of a host: give one of this host's, like "),
        ('source = "::"', "source: '::' is no address of a host: "),
        ('source = "224.0.0.1"', "source: '224.0.0.1' is no address of a host: "),
        ('source = "fe80::1%lo"', "source: 'fe80::1%lo' is no address of a host: "),
        ('name = "{n:x}"', "name: {n:x} is none of "),
        ('routes = ["{n*2}=b"]', "routes: {n*2} is none of "),
    ],
)
def test_a_mistake(mistakes: Callable[[str], list[str]], table: str, told: str) -> None:
    (only,) = mistakes(f"[[module]]\ncount = 3\n{table}" if "count" not in table else f"[[module]]\n{table}")
    assert only.startswith(f"module[1].{told}")
