"""The directives of a transcript: its lines that start with ``!``.

ID is a connect_id, or httpid=0 for whoever else owns a connection; TEXT has a transcript's escapes.

console N                   the DTE turns to that console: what follows is typed and received there
power on                    the supply is switched on
power off | back            it goes, it returns
dtr                         DTR wakes the module
state NAME                  what the power's state is (a PowerState in small letters)
rate N                      the baud rate that a link is to have
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
broker ID sends PACKETS     what an MQTT broker sends, in the words of tests.support.broker, with semicolons between
broker ID got [PACKETS]     all that it received since the last look
lwm2m sends MESSAGE         what the LwM2M server sends, in the words of tests.support.coap
lwm2m got [MESSAGE]         the next datagram that it received
lwm2m answers ANSWER        its answer to the module's request that it got last
lwm2m acknowledges | resets what it got last
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
name NAME is ADDRESSES      what a name resolves to; none: it does not
echo ADDRESS MS TTL         the next echo request has this reply
echo FAILURE                the next one fails so (a NetFailure in small letters)
time SECONDS | FAILURE      what a time server says: seconds since 1970 UTC
lookup | ping | asktime held | done   what is asked next is answered when it is done
ping once                   one echo request of a run that is held comes to its end
servers ADDRESSES           the name servers that the network hands over
asked A | AAAA ADDRESSES    the name servers that the last question goes to, for records of that type
network time SECONDS        what the network tells with the next registration: seconds since 1970 UTC, now
host has IPV4 IPV6           its own addresses, none where it has none of a family
network drops CID            the network takes a PDP context down
card out | in               the SIM card is taken out, put back
coverage lost | found       the network is gone, is there again
network refuses [CAUSE] | accepts   what becomes of the module's registration
roaming on | off            whether the network is another operator's
signal RSSI BER RSRQ RSRP   as AT+CSQ and AT+CESQ print them
event KIND KEY=VALUE …        an event of docs/faults.md happens
nv full | free              whether what outlives a restart can be written down
restarts N                  how often the module has restarted
sms from WHO TEXT           a text comes to the module; of CLASS, in ENCODING: sms from 10086 class 2 ucs2 TEXT;
                            200 x TEXT is that so many times
sms pdu HEX                 a DELIVER comes to the module
sms time TIME               the centre's clock from now on, as in a message
sms refused CMS [after S]   the centre refuses the next message, after so many seconds
sms waiting N               how many messages wait at the centre
sms trace TEXT              what the trace was told of last
sms trace none              it was told nothing since the last look
package [mini] [fail F] to R a firmware package from now on, that upgrades the module to revision R, and may fail
peer ID gives N | all | the rest   what a web server sends of it: from its start so many bytes, or what is left
peer ID goes on from N      the head of an answer to a range
dte types the package       all of it
"""

from __future__ import annotations

import re
from collections.abc import Callable

from onemo.dialogue.escapes import unescaped
from onemo.errors import NetFailure
from onemo.families.sockets.connection import Loss
from onemo.faults.say import parse_fault
from onemo.faults.seams.events import happen
from onemo.modem.intents import MessageRefusal
from onemo.modem.registration import Signal
from onemo.net.interface import CloseResult, Echo

from tests.support import broker, packages
from tests.support.coap import server_of
from tests.support.driver import Driver
from tests.support.world import Key

Directive = Callable[[Driver, re.Match[str]], None]


def _equal(found: object, wanted: object) -> None:
    assert found == wanted, f"{found!r} is not {wanted!r}"


def _asked(driver: Driver, kind: str) -> list[str]:
    names = driver.world.answers.asked[-1].request.names
    return list(names.ipv4 if kind == "A" else names.ipv6)


def _card(driver: Driver, *, inside: bool) -> None:
    radio = driver.modem.radio
    if inside:
        radio.insert_card(driver.now)
    else:
        radio.remove_card()


def _coverage(driver: Driver, *, there: bool) -> None:
    radio = driver.modem.radio
    if there:
        radio.find_coverage(driver.now)
    else:
        radio.lose_coverage()


def _network(driver: Driver, verb: str, cause: str) -> None:
    radio = driver.modem.radio
    if verb == "accepts":
        radio.accept(driver.now)
    else:
        radio.refuse(int(cause) if cause else None)


def _many(text: str) -> str:
    """Read a text, or what is to be repeated: 200 x TEXT."""
    count, times, unit = text.partition(" x ")
    return unit * int(count) if times and count.isdigit() else text


def _event(driver: Driver, text: str) -> None:
    happen(driver.modem, parse_fault(text), driver.now)


_ID = r"\d|[a-z]\w*=\d"


def _key(text: str) -> Key:
    """Read the key of a connection."""
    index_name, _, number = text.rpartition("=")
    return (index_name, int(number)) if index_name else int(number)


def _mqtt(text: str) -> Key:
    """Read the key of an MQTT client's connection."""
    return "mqtt_id", int(text)


_LOSSES = {"closes": Loss.PEER_CLOSED, "resets": Loss.BROKEN}

_DIRECTIVES: list[tuple[str, Directive]] = [
    (r"console (\d)", lambda driver, given: driver.go_to(int(given[1]))),
    (r"power on", lambda driver, _: driver.power_on()),
    (r"power (off|back)", lambda driver, given: driver.supply(on=given[1] == "back")),
    (r"dtr", lambda driver, _: driver.raise_dtr()),
    (r"state (\w+)", lambda driver, given: _equal(driver.modem.power.state.name.lower(), given[1])),
    (r"rate (\d+)", lambda driver, given: _equal(driver.end.console.baud_rate, int(given[1]))),
    (r"wait ([\d.]+)", lambda driver, given: driver.wait(float(given[1]))),
    (r"(open|send|close) (ID) held", lambda driver, given: driver.world.hold(given[1], _key(given[2]))),
    (r"open (ID) done", lambda driver, given: driver.world.finish_open(_key(given[1]))),
    (r"open (ID) ipv6", lambda driver, given: driver.world.over_ipv6(_key(given[1]))),
    (r"open (ID) (\w+)", lambda driver, given: driver.world.fail_open(_key(given[1]), NetFailure[given[2].upper()])),
    (
        r"peer (ID) sends (\d+) bytes",
        lambda driver, given: driver.world.peer_sends(_key(given[1]), b"x" * int(given[2])),
    ),
    (r"peer (ID) sends ?(.*)", lambda driver, given: driver.world.peer_sends(_key(given[1]), unescaped(given[2]))),
    (r"peer (ID) got (\d+) bytes", lambda driver, given: _equal(len(driver.world.got(_key(given[1]))), int(given[2]))),
    (r"peer (ID) got ?(.*)", lambda driver, given: _equal(driver.world.got(_key(given[1])), unescaped(given[2]))),
    (r"broker (ID) sends (.+)", lambda driver, given: driver.world.peer_sends(_mqtt(given[1]), broker.read(given[2]))),
    (r"broker (ID) got ?(.*)", lambda driver, given: _equal(broker.told(driver.world.got(_mqtt(given[1]))), given[2])),
    (r"lwm2m sends (.+)", lambda driver, given: server_of(driver).sends(given[1])),
    (r"lwm2m got ?(.*)", lambda driver, given: _equal(server_of(driver).got(), given[1])),
    (r"lwm2m answers (.+)", lambda driver, given: server_of(driver).answers(given[1])),
    (r"lwm2m acknowledges", lambda driver, given: server_of(driver).acknowledges()),
    (r"lwm2m resets", lambda driver, given: server_of(driver).resets()),
    (r"peer (ID) takes (\d+) bytes", lambda driver, given: driver.world.take_more(_key(given[1]), int(given[2]))),
    (r"peer (ID) takes all", lambda driver, given: driver.world.take_more(_key(given[1]), None)),
    (r"peer (ID) acknowledges (\d+)", lambda driver, given: driver.world.acknowledge(_key(given[1]), int(given[2]))),
    (r"nack (ID) (\d+)", lambda driver, given: setattr(driver.world.peers[_key(given[1])], "nack", int(given[2]))),
    (r"dte sends (\d+) bytes", lambda driver, given: driver.type(b"x" * int(given[1]))),
    (r"peer (ID) gone", lambda driver, given: _equal(_key(given[1]) in driver.world.peers, False)),
    (r"peer (ID) (closes|resets)", lambda driver, given: driver.world.peer_ends(_key(given[1]), _LOSSES[given[2]])),
    (r"context of (ID) lost", lambda driver, given: driver.world.peer_ends(_key(given[1]), Loss.PDP_DOWN)),
    (r"send (ID) takes (\d+)", lambda driver, given: driver.world.take_only(_key(given[1]), int(given[2]))),
    (r"send (ID) fails", lambda driver, given: driver.world.take_only(_key(given[1]), 0, failed=True)),
    (r"send (ID) done", lambda driver, given: driver.world.finish_send()),
    (r"close (ID) (\w+)", lambda driver, given: driver.world.end_close(_key(given[1]), CloseResult(given[2]))),
    (r"closing (drain|now|reset)", lambda driver, given: _equal(driver.world.plans[-1].mode.value, given[1])),
    (
        r"name (\S+) is ?(.*)",
        lambda driver, given: driver.world.answers.names.update({given[1]: given[2].split()}),
    ),
    (
        r"echo (\S+) ([\d.]+) (\d+)",
        lambda driver, given: driver.world.answers.echoes.append(
            (given[1], Echo(float(given[2]) / 1000 + 1e-9, int(given[3])))
        ),
    ),
    (
        r"echo (\w+)",
        lambda driver, given: driver.world.answers.echoes.append(("", NetFailure[given[1].upper()])),
    ),
    (r"time (\d+)", lambda driver, given: setattr(driver.world.answers, "time", float(given[1]))),
    (r"time (\w+)", lambda driver, given: setattr(driver.world.answers, "time", NetFailure[given[1].upper()])),
    (r"(lookup|ping|asktime) held", lambda driver, given: driver.world.answers.held.add(given[1])),
    (r"(lookup|ping|asktime) done", lambda driver, given: driver.world.answers.release(given[1])),
    (r"ping once", lambda driver, given: driver.world.answers.echo_once()),
    (r"servers ?(.*)", lambda driver, given: driver.world.hands_over(name_servers=tuple(given[1].split()))),
    (r"asked (A|AAAA) (.+)", lambda driver, given: _equal(_asked(driver, given[1]), given[2].split())),
    (r"network time (\d+)", lambda driver, given: driver.world.hands_over(utc=float(given[1]))),
    (r"host has (\S+) (\S+)", lambda driver, given: driver.world.host_has(given[1], given[2])),
    (r"network drops (\d+)", lambda driver, given: driver.world.drop_context(int(given[1]))),
    (r"card (out|in)", lambda driver, given: driver.report(lambda: _card(driver, inside=given[1] == "in"))),
    (
        r"coverage (lost|found)",
        lambda driver, given: driver.report(lambda: _coverage(driver, there=given[1] == "found")),
    ),
    (
        r"network (refuses|accepts) ?(\d*)",
        lambda driver, given: driver.report(lambda: _network(driver, *given.groups())),
    ),
    (
        r"roaming (on|off)",
        lambda driver, given: driver.report(lambda: driver.modem.radio.set_roaming(given[1] == "on")),
    ),
    (
        r"signal (\d+) (\d+) (\d+) (\d+)",
        lambda driver, given: driver.modem.radio.set_signal(Signal(*map(int, given.groups()))),
    ),
    (r"event (.+)", lambda driver, given: driver.report(lambda: _event(driver, given[1]))),
    (r"nv (full|free)", lambda driver, given: setattr(driver.world.answers, "full", given[1] == "full")),
    (
        r"sms from (\S+)(?: class (\d))?(?: (7bit|8bit|ucs2))? (.*)",
        lambda driver, given: driver.world.centre.text(
            given[1], _many(given[4]), given[3], None if given[2] is None else int(given[2])
        ),
    ),
    (r"sms pdu (\w+)", lambda driver, given: driver.world.centre.pdu(given[1])),
    (r"sms time (\S+)", lambda driver, given: driver.world.centre.set_time(given[1])),
    (
        r"sms refused (\d+)(?: after (\d+))?",
        lambda driver, given: setattr(
            driver.world.centre, "refusal", MessageRefusal(int(given[1]), float(given[2] or 0))
        ),
    ),
    (r"sms waiting (\d+)", lambda driver, given: _equal(driver.world.centre.waiting, int(given[1]))),
    (r"sms trace none", lambda driver, given: _equal(driver.world.centre.told, [])),
    (r"sms trace (.+)", lambda driver, given: _equal(driver.world.centre.told.pop(0), given[1])),
    (
        r"server (\d) client (\S+) (\d+)",
        lambda driver, given: driver.world.servers.comes(int(given[1]), given[2], int(given[3])),
    ),
    (
        r"server (\d) datagram (\S+) (\d+) (\d+) bytes",
        lambda driver, given: driver.world.servers.datagram(
            int(given[1]), given[2], int(given[3]), b"x" * int(given[4])
        ),
    ),
    (
        r"server (\d) datagram (\S+) (\d+) ?(.*)",
        lambda driver, given: driver.world.servers.datagram(
            int(given[1]), given[2], int(given[3]), unescaped(given[4])
        ),
    ),
    (r"server refused (\d+)", lambda driver, given: _equal(driver.world.servers.refusals.pop()[1], int(given[1]))),
    (r"server gone (\d)", lambda driver, given: _equal(int(given[1]) in driver.world.servers.listening, False)),
    (
        r"server fails (\w+)",
        lambda driver, given: setattr(driver.world.servers, "failure", NetFailure[given[1].upper()]),
    ),
    (
        r"server sent (\S+) (\d+) ?(.*)",
        lambda driver, given: _equal(
            [(each.host, each.port, each.data) for each in [driver.world.servers.sent.pop(0)]],
            [(given[1], int(given[2]), unescaped(given[3]))],
        ),
    ),
    (
        r"package (mini )?(?:fail (\S+) )?to (\S+)",
        lambda driver, given: packages.make(driver, given[3], mini=bool(given[1]), failure=given[2] or ""),
    ),
    (r"peer (ID) gives (\d+|all|the rest)", lambda driver, given: packages.give(driver, _key(given[1]), given[2])),
    (r"peer (ID) goes on from (\d+)", lambda driver, given: packages.go_on(driver, _key(given[1]), int(given[2]))),
    (r"dte types the package", lambda driver, given: driver.type(packages.of(driver).data)),
    (r"restarts (\d+)", lambda driver, given: _equal(driver.restarts, int(given[1]))),
]


def perform(driver: Driver, text: str) -> None:
    """Do what text says. Raises ValueError when it says nothing known, AssertionError when a look finds otherwise."""
    for pattern, directive in _DIRECTIVES:
        if match := re.fullmatch(pattern.replace("ID", _ID), text):
            directive(driver, match)
            return
    raise ValueError(f"no such directive: {text}")
