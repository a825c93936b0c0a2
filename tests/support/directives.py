r"""What the lines of a transcript that start with ``!`` do. ID is a connect_id, TEXT has Python's escapes.

power on                    the supply is switched on
wait SECONDS                time passes
open ID FAILURE             the next MIPOPEN of ID fails so (a NetFailure in small letters); one that is held, now
open ID held | done         the next one stays CONNECTING until it is done
open ID ipv6                the next one finds an IPv6 address
peer ID sends TEXT          one piece of a stream, or a datagram
peer ID sends N bytes       as many letters
peer ID closes | resets     after what it sent
peer ID got [TEXT]          all that it received since the last look; over UDP the next datagram
peer ID got N bytes         how many, of that
peer ID gone                there is no connection any more
context of ID lost          the PDP context goes down
peer ID takes N bytes | all how much it still takes of what transparent mode sends
peer ID acknowledges N      bytes more, which makes the "ack" URC where that is on
nack ID N                   how many bytes MIPSACK finds unacknowledged from now on
dte sends N bytes           as many letters, typed
send ID takes N | fails     what becomes of the next send, or of the one that is held
send ID held | done
close ID RESULT             how the next close ends (a CloseResult's value); one that is held, now
close ID held
closing drain | now | reset the plan of the last close
restarts N                  how often the module has restarted
"""

from __future__ import annotations

import re
from collections.abc import Callable

from emulator.errors import NetFailure
from emulator.modem.connection import Loss
from emulator.net.interface import CloseResult
from tests.support.driver import Driver
from tests.support.escapes import unescaped

Directive = Callable[[Driver, re.Match[str]], None]


def _equal(found: object, wanted: object) -> None:
    assert found == wanted, f"{found!r} is not {wanted!r}"


_LOSSES = {"closes": Loss.PEER_CLOSED, "resets": Loss.BROKEN}

_DIRECTIVES: list[tuple[str, Directive]] = [
    (r"power on", lambda driver, _: driver.power_on()),
    (r"wait ([\d.]+)", lambda driver, given: driver.wait(float(given[1]))),
    (r"(open|send|close) (\d) held", lambda driver, given: driver.world.hold(given[1], int(given[2]))),
    (r"open (\d) done", lambda driver, given: driver.world.finish_open(int(given[1]))),
    (r"open (\d) ipv6", lambda driver, given: driver.world.over_ipv6(int(given[1]))),
    (r"open (\d) (\w+)", lambda driver, given: driver.world.fail_open(int(given[1]), NetFailure[given[2].upper()])),
    (
        r"peer (\d) sends (\d+) bytes",
        lambda driver, given: driver.world.peer_sends(int(given[1]), b"x" * int(given[2])),
    ),
    (r"peer (\d) sends ?(.*)", lambda driver, given: driver.world.peer_sends(int(given[1]), unescaped(given[2]))),
    (r"peer (\d) got (\d+) bytes", lambda driver, given: _equal(len(driver.world.got(int(given[1]))), int(given[2]))),
    (r"peer (\d) got ?(.*)", lambda driver, given: _equal(driver.world.got(int(given[1])), unescaped(given[2]))),
    (r"peer (\d) takes (\d+) bytes", lambda driver, given: driver.world.take_more(int(given[1]), int(given[2]))),
    (r"peer (\d) takes all", lambda driver, given: driver.world.take_more(int(given[1]), None)),
    (r"peer (\d) acknowledges (\d+)", lambda driver, given: driver.world.acknowledge(int(given[1]), int(given[2]))),
    (r"nack (\d) (\d+)", lambda driver, given: setattr(driver.world.peers[int(given[1])], "nack", int(given[2]))),
    (r"dte sends (\d+) bytes", lambda driver, given: driver.type(b"x" * int(given[1]))),
    (r"peer (\d) gone", lambda driver, given: _equal(int(given[1]) in driver.world.peers, False)),
    (r"peer (\d) (closes|resets)", lambda driver, given: driver.world.peer_ends(int(given[1]), _LOSSES[given[2]])),
    (r"context of (\d) lost", lambda driver, given: driver.world.peer_ends(int(given[1]), Loss.PDP_DOWN)),
    (r"send (\d) takes (\d+)", lambda driver, given: driver.world.take_only(int(given[1]), int(given[2]))),
    (r"send (\d) fails", lambda driver, given: driver.world.take_only(int(given[1]), 0, failed=True)),
    (r"send (\d) done", lambda driver, given: driver.world.finish_send()),
    (r"close (\d) (\w+)", lambda driver, given: driver.world.end_close(int(given[1]), CloseResult(given[2]))),
    (r"closing (drain|now|reset)", lambda driver, given: _equal(driver.world.plans[-1].mode.value, given[1])),
    (r"restarts (\d+)", lambda driver, given: _equal(driver.restarts, int(given[1]))),
]


def perform(driver: Driver, text: str) -> None:
    """Do what text says. Raises ValueError when it says nothing known, AssertionError when a look finds otherwise."""
    for pattern, directive in _DIRECTIVES:
        if match := re.fullmatch(pattern, text):
            directive(driver, match)
            return
    raise ValueError(f"no such directive: {text}")
