"""The state of a module as JSON objects: its settings, its connections, its faults."""

from __future__ import annotations

import math
from collections.abc import Container
from functools import cache
from typing import NamedTuple

from onemo.at.family import StateField
from onemo.at.registry import definition
from onemo.control.journal import Journal
from onemo.control.shape import Schema, schema_of
from onemo.dialogue.passwords import places_of
from onemo.families import FAMILIES
from onemo.faults.kind import Layer
from onemo.faults.kinds import KINDS
from onemo.faults.plan import ArmedFault
from onemo.faults.seams.sense import why_pointless
from onemo.modem.modem import Modem
from onemo.modem.radio import Function
from onemo.runtime.faulty import armed_on
from onemo.runtime.lab import Condition, RunningModule
from onemo.runtime.models import Model

_HIDDEN = "********"


class ModuleSummary(NamedTuple):
    """A module in the list of modules. connections: the number in use; faults: the number armed."""

    name: str
    model: str
    port: str | None
    condition: str
    power: str | None
    registration: str | None
    connections: int
    faults: int


class IdentityInfo(NamedTuple):
    """The numbers that a module and its card bear."""

    imei: str
    imsi: str
    iccid: str
    revision: str


class ErrorInfo(NamedTuple):
    """An error of the module. result: of the final result code that carries it, ``+CME ERROR: 552``."""

    result: str
    number: int
    text: str


class EventInfo(NamedTuple):
    """An event of a module. sense: whether something may come of it now; why: nothing would, "" with sense."""

    event: str
    sense: bool
    why: str


class PowerInfo(NamedTuple):
    """The supply and the boot cycle. boot_cycle: how many have begun."""

    state: str
    asleep: bool
    boot_cycle: int


class SimInfo(NamedTuple):
    """The SIM card."""

    present: bool
    state: str
    locked: bool
    pin_tries: int
    puk_tries: int


class SignalInfo(NamedTuple):
    """The signal in the units of AT+CSQ and AT+CESQ."""

    rssi: int
    ber: int
    rsrq: int
    rsrp: int


class RadioInfo(NamedTuple):
    """The registration.

    refusal: the cause with which the network refuses the module; coverage, roaming: of the cell on the air.
    """

    function: str
    registration: str
    operator: str | None
    signal: SignalInfo
    coverage: bool
    refusal: int | None
    roaming: bool


class ContextInfo(NamedTuple):
    """A PDP context. call: true if it has a data call."""

    cid: int
    type: str | None
    apn: str | None
    active: bool
    addresses: list[str]
    call: bool


class LineInfo(NamedTuple):
    """The line to the DTE.

    waiting: bytes that the DTE has not taken; dropped: URCs for which there was no room; baud_rate 0: the DTE's.
    """

    waiting: int
    dropped: int
    baud_rate: int
    mode: str


class Counters(NamedTuple):
    """The bytes since the start, the entries of the trace, the boot cycles."""

    from_dte: int
    to_dte: int
    to_network: int
    from_network: int
    trace_entries: int
    boot_cycles: int


class ModuleInfo(NamedTuple):
    """The whole state of a module.

    Fields that a module has only once it was switched on are missing before. clock: seconds since 1970. ports: of each
    AT line; port and line are those of the first, and the console's settings, too. sandbox: its routes lead there.
    """

    name: str
    model: str
    port: str | None
    ports: tuple[str, ...]
    condition: str
    error: str | None
    identity: IdentityInfo
    settings: dict[str, object]
    sandbox: bool
    power: PowerInfo | None = None
    clock: float | None = None
    sim: SimInfo | None = None
    radio: RadioInfo | None = None
    contexts: tuple[ContextInfo, ...] = ()
    line: LineInfo | None = None
    counters: Counters | None = None
    faults: int = 0


class FaultInfo(NamedTuple):
    """A fault that is armed, or was until it had done its work (spent), or was taken away before (disarmed).

    Times are in seconds since it was armed, or since the module was ready if that came later.
    """

    id: int
    fault: str
    kind: str
    matches: int
    fired: int
    first_fired: float | None
    last_fired: float | None
    spent: bool
    disarmed: bool


def summary(running: RunningModule) -> ModuleSummary:
    """Return the row of a module in the list."""
    model, condition = running.spec.shown_model(running.model), running.condition.value
    if not running.built:
        return ModuleSummary(running.name, model, None, condition, None, None, 0, 0)
    modem = running.module.modem
    return ModuleSummary(
        running.name,
        model,
        running.port,
        condition,
        modem.power.state.name.lower(),
        modem.radio.stat.name.lower(),
        sum(part.connections for part in modem.parts),
        sum(not armed.spent for armed in armed_on(running.module)),
    )


@cache
def family_fields() -> tuple[StateField, ...]:
    """List the fields that families add to ModuleInfo; imports the families."""
    return tuple(field for family in FAMILIES for field in definition(family).state)


def module_schema(named: dict[str, Schema]) -> Schema:
    """Return the schema of a module's state: ModuleInfo with the fields of the families. named: as ``schema_of``."""
    found = schema_of(ModuleInfo, named)
    named[ModuleInfo.__name__]["properties"].update({f.name: schema_of(f.type, named) for f in family_fields()})
    return found


def state(running: RunningModule, journal: Journal) -> dict[str, object]:
    """Return the whole state of a module, as ``module_schema`` has it. journal: its own."""
    own = _state(running, journal)._asdict()
    if not running.built:
        return {**own, **{field.name: field.empty for field in family_fields()}}
    return {**own, **{field.name: field.read(running.module.modem) for field in family_fields()}}


def _state(running: RunningModule, journal: Journal) -> ModuleInfo:
    row, identity = summary(running), running.model.profile.identity
    error = None if running.error is None else str(running.error)
    revision = identity.revision.replace("{sub_model}", running.model.profile.sub_model)
    imsi, iccid = identity.imsi, identity.iccid
    if running.built:
        imsi, iccid = running.module.modem.imsi, running.module.modem.sim.card.iccid
        revision = running.module.modem.revision
    who = IdentityInfo(identity.imei, imsi, iccid, revision)
    known = ModuleInfo(
        name=row.name,
        model=row.model,
        port=row.port,
        ports=tuple(running.ports) if running.built else (),
        condition=row.condition,
        error=error,
        identity=who,
        settings={},
        sandbox=running.built and running.network.sandbox is not None,
    )
    if not running.built:
        return known
    modem = running.module.modem
    console, passed = modem.first, journal.passed
    transmitter = console.transmitter
    return known._replace(
        power=PowerInfo(modem.power.state.name.lower(), modem.power.asleep, modem.power.cycles),
        clock=modem.clock.utc(modem.now) if modem.clock.is_set else None,
        sim=_sim(modem),
        radio=_radio(modem),
        contexts=_contexts(modem),
        settings=_settings(modem),
        line=LineInfo(transmitter.size, transmitter.dropped, console.baud_rate, console.framer.mode.name.lower()),
        counters=Counters(
            passed[">"], passed["<"], passed["sent"], passed["received"], journal.next - 1, modem.power.cycles
        ),
        faults=row.faults,
    )


def fault(armed: ArmedFault) -> FaultInfo:
    """Return a fault and its counts."""

    def since(time: float | None) -> float | None:
        return None if time is None or math.isinf(armed.since) else round(max(0.0, time - armed.since), 6)

    return FaultInfo(
        armed.id,
        str(armed.fault),
        armed.fault.kind.name,
        armed.matches,
        armed.fired,
        since(armed.first_fired),
        since(armed.last_fired),
        armed.spent,
        armed.disarmed,
    )


def _sim(modem: Modem) -> SimInfo:
    sim = modem.sim
    return SimInfo(sim.present, sim.state.name.lower(), sim.locked, sim.pin_tries, sim.puk_tries)


def _radio(modem: Modem) -> RadioInfo:
    radio, cell = modem.radio, modem.cell
    return RadioInfo(
        Function(radio.function).name.lower(),
        radio.stat.name.lower(),
        str(radio.shown_operator) if radio.registered else None,
        SignalInfo(*radio.signal),
        cell.coverage,
        cell.refusal,
        cell.roaming,
    )


def _contexts(modem: Modem) -> tuple[ContextInfo, ...]:
    contexts = modem.contexts
    shown: list[ContextInfo] = []
    for cid in sorted({*contexts.defined, *contexts.active}):
        active = contexts.active.get(cid)
        of = active or contexts.defined[cid]
        addresses = [address for address in (active.ipv4, active.ipv6) if address] if active else []
        shown.append(ContextInfo(cid, of.pdp_type, of.apn, active is not None, addresses, cid in contexts.calls))
    return tuple(shown)


def errors(model: Model) -> list[ErrorInfo]:
    """List the errors of a model, by their numbers. All its families are bound for it."""
    texts = {(code.result, number): text for code, (number, text) in model.whole().errors.items()}
    return [ErrorInfo(result, number, text) for (result, number), text in sorted(texts.items())]


def events(running: RunningModule) -> list[EventInfo]:
    """List what can happen to modules; with what makes no sense on this one now, why not."""
    told: list[EventInfo] = []
    for kind in KINDS.values():
        if kind.layer is Layer.EVENT:
            ready = running.built and running.condition is Condition.READY
            why = why_pointless(running.module.modem, kind) if ready else f"the module is {running.condition.value}"
            told.append(EventInfo(kind.name, not why, why))
    return told


def _settings(modem: Modem) -> dict[str, object]:
    """Return each setting of the model: its record, by key where it has keys, by number where there are several.

    Families that nothing needed so far are bound for it: once for all modules of the model, some 10 ms.
    """
    model, shown = modem.model, dict[str, object]()
    for name in model.names():
        command = model.commands[name.encode()]
        values: dict[str, object] = {}
        for slot, bound in command.slots.items():
            settings, hidden = modem.settings_of(slot), places_of(command.name, slot.name)
            if slot.indexed_by:
                values[slot.name] = {n: dict(_record(settings.get(slot, n), hidden)[1:]) for n in bound.indices}
            else:
                values[slot.name] = dict(_record(settings.get(slot), hidden))
        if values:
            shown[command.name] = values.get(command.name, values)
    return shown


def _record(record: NamedTuple, hidden: Container[int]) -> list[tuple[str, object]]:
    """Return the fields; the first of several that stand under numbers is that number.

    hidden: the places of passwords among the parameters, of which the first is the key.
    """
    fields = enumerate(record._asdict().items(), 1)
    return [(name, _HIDDEN if place in hidden and value else value) for place, (name, value) in fields]
