"""A module's state: what it is set to, what it does, what goes wrong in it. Each class is an object of JSON."""

from __future__ import annotations

import math
from typing import NamedTuple

from onemo.control.journal import Journal
from onemo.faults.plan import Armed
from onemo.modem.connection import State
from onemo.modem.instance import Instance
from onemo.modem.modem import Modem
from onemo.modem.radio import Function
from onemo.runtime.faulty import armed_on
from onemo.runtime.lab import Running


class Summary(NamedTuple):
    """A module in the list of them. connections: those that are in use; faults: those that are armed."""

    name: str
    model: str
    port: str | None
    condition: str
    power: str | None
    registration: str | None
    connections: int
    faults: int


class Identity(NamedTuple):
    imei: str
    imsi: str
    iccid: str
    revision: str


class Power(NamedTuple):
    """boot_cycle: how many it has begun."""

    state: str
    asleep: bool
    boot_cycle: int


class Sim(NamedTuple):
    present: bool
    state: str
    locked: bool
    pin_tries: int
    puk_tries: int


class Signal(NamedTuple):
    """As AT+CSQ and AT+CESQ tell it."""

    rssi: int
    ber: int
    rsrq: int
    rsrp: int


class Radio(NamedTuple):
    """refusal: the cause with which the network refuses the module; coverage, roaming: what is on the air."""

    function: str
    registration: str
    operator: str | None
    signal: Signal
    coverage: bool
    refusal: int | None
    roaming: bool


class Context(NamedTuple):
    """A PDP context; call: whether it has a data call."""

    cid: int
    type: str | None
    apn: str | None
    active: bool
    addresses: list[str]
    call: bool


class Peer(NamedTuple):
    """As the firmware wrote it."""

    host: str
    port: int


class Connection(NamedTuple):
    """An instance. sent, received, queued: bytes; unread: as AT+MIPRD counts."""

    connect_id: int
    state: str
    transport: str | None
    peer: Peer | None
    access_mode: str
    sent: int
    received: int
    queued: int
    unread: int
    tls: bool


class SerialLine(NamedTuple):
    """waiting: bytes that the DTE has not taken; dropped: URCs for which there was no room; baud_rate 0: the DTE's."""

    waiting: int
    dropped: int
    baud_rate: int
    mode: str


class Counters(NamedTuple):
    """Bytes since the start, entries of the trace, boot cycles."""

    from_dte: int
    to_dte: int
    to_network: int
    from_network: int
    trace_entries: int
    boot_cycles: int


class Module(NamedTuple):
    """The whole state. What a module has only once it was switched on is missing before. clock: seconds since 1970;
    families: what the parts of families tell, by the family's name."""

    name: str
    model: str
    port: str | None
    condition: str
    error: str | None
    identity: Identity
    settings: dict[str, object]
    families: dict[str, object]
    power: Power | None = None
    clock: float | None = None
    sim: Sim | None = None
    radio: Radio | None = None
    contexts: tuple[Context, ...] = ()
    connections: tuple[Connection, ...] = ()
    line: SerialLine | None = None
    counters: Counters | None = None
    faults: int = 0


class Fault(NamedTuple):
    """One that is armed, or was until it had done its work (spent). Times in seconds since it was armed, or since the
    module was ready if that came later."""

    id: int
    fault: str
    kind: str
    matches: int
    fired: int
    first_fired: float | None
    last_fired: float | None
    spent: bool


def summary(running: Running) -> Summary:
    model, condition = running.spec.shown_model(running.model), running.condition.value
    if not running.built:
        return Summary(running.name, model, None, condition, None, None, 0, 0)
    modem = running.module.modem
    return Summary(
        running.name,
        model,
        running.port,
        condition,
        modem.power.state.name.lower(),
        modem.radio.stat.name.lower(),
        sum(instance.state is not State.INITIAL for instance in modem.connections),
        sum(not armed.spent for armed in armed_on(running.module)),
    )


def state(running: Running, journal: Journal) -> Module:
    row, identity = summary(running), running.model.profile.identity
    error = None if running.error is None else str(running.error)
    revision = identity.revision.replace("{sub_model}", running.model.profile.sub_model)
    who = Identity(identity.imei, identity.imsi, identity.iccid, revision)
    known = Module(row.name, row.model, row.port, row.condition, error, who, {}, {})
    if not running.built:
        return known
    modem = running.module.modem
    transmitter, passed = modem.transmitter, journal.passed
    return known._replace(
        power=Power(modem.power.state.name.lower(), modem.power.asleep, modem.power.cycles),
        clock=modem.clock.utc(modem.now) if modem.clock.is_set else None,
        sim=_sim(modem),
        radio=_radio(modem),
        contexts=_contexts(modem),
        connections=tuple(_connection(instance) for instance in modem.connections),
        families=_families(modem),
        settings=_settings(modem),
        line=SerialLine(transmitter.size, transmitter.dropped, modem.baud_rate, modem.framer.mode.name.lower()),
        counters=Counters(
            passed[">"], passed["<"], passed["sent"], passed["received"], journal.next - 1, modem.power.cycles
        ),
        faults=row.faults,
    )


def fault(armed: Armed) -> Fault:
    def since(time: float | None) -> float | None:
        return None if time is None or math.isinf(armed.since) else round(max(0.0, time - armed.since), 6)

    return Fault(
        armed.id,
        str(armed.fault),
        armed.fault.kind.name,
        armed.matches,
        armed.fired,
        since(armed.first_fired),
        since(armed.last_fired),
        armed.spent,
    )


def _sim(modem: Modem) -> Sim:
    sim = modem.sim
    return Sim(sim.present, sim.state.name.lower(), sim.locked, sim.pin_tries, sim.puk_tries)


def _radio(modem: Modem) -> Radio:
    radio, cell = modem.radio, modem.cell
    return Radio(
        Function(radio.function).name.lower(),
        radio.stat.name.lower(),
        str(radio.shown_operator) if radio.registered else None,
        Signal(*radio.signal),
        cell.coverage,
        cell.refusal,
        cell.roaming,
    )


def _contexts(modem: Modem) -> tuple[Context, ...]:
    contexts = modem.contexts
    shown: list[Context] = []
    for cid in sorted({*contexts.defined, *contexts.active}):
        active = contexts.active.get(cid)
        of = active or contexts.defined[cid]
        addresses = [address for address in (active.ipv4, active.ipv6) if address] if active else []
        shown.append(Context(cid, of.pdp_type, of.apn, active is not None, addresses, cid in contexts.calls))
    return tuple(shown)


def _connection(instance: Instance) -> Connection:
    request, transport, buffer = instance.request, instance.transport, instance.buffer
    return Connection(
        instance.connect_id,
        instance.state.value,
        transport.value if transport else None,
        Peer(request.host, request.port) if request else None,
        instance.access_mode.name.lower(),
        instance.sent,
        instance.received,
        instance.queued,
        buffer.unread if buffer else 0,
        request is not None and request.tls is not None,
    )


def _families(modem: Modem) -> dict[str, object]:
    """What is told by the parts that this boot cycle needed so far."""
    bound = modem.model.binder.bound
    told = {name: part.state() for part in modem.parts for name, of in bound.items() if type(part) is of.part}
    return {name: state for name, state in told.items() if state is not None}


def _settings(modem: Modem) -> dict[str, object]:
    """Every setting that the model has: its record, by key where it has keys, by number where there are several.

    Families that nothing needed so far are bound for it: once for all modules of the model, some 10 ms.
    """
    model, shown = modem.model, dict[str, object]()
    for name in model.names():
        command = model.commands[name.encode()]
        values: dict[str, object] = {}
        for slot, bound in command.slots.items():
            if slot.indexed_by:
                values[slot.name] = {n: dict(_record(modem.settings.get(slot, n))[1:]) for n in bound.indices}
            else:
                values[slot.name] = dict(_record(modem.settings.get(slot)))
        if values:
            shown[command.name] = values.get(command.name, values)
    return shown


def _record(record: NamedTuple) -> list[tuple[str, object]]:
    """The fields; the first of several that stand under numbers is that number."""
    return list(record._asdict().items())
