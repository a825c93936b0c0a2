"""The figures of all modules in Prometheus' text format 0.0.4.

A series of one module has its name; those by command are of all modules together, so that their number does not grow
with a lab.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain
from typing import NamedTuple

import trio

from onemo.control.journal import Journal
from onemo.faults.kinds import KINDS
from onemo.runtime.lab import RunningModule
from onemo.runtime.tally import BOUNDS, CommandTimes

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[str, Mapping[str, str], float]
"""What stands behind the name of the metric, its labels and its value."""
_TURN = 200
"""Lines after which the modules have a turn: some milliseconds."""
_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n"}
_ESCAPED = re.compile(r'[\\"\n]')


class MetricFamily(NamedTuple):
    """A metric. kind: counter, gauge or histogram; samples: in the order in which they are told."""

    name: str
    kind: str
    about: str
    samples: Iterable[Sample]


async def metrics_text(modules: Sequence[tuple[RunningModule, Journal]]) -> str:
    """Write the figures of modules, each with its journal; the modules go on meanwhile."""
    told: list[str] = []
    for line in chain.from_iterable(map(_lines, _families(modules))):
        told.append(line)
        if len(told) % _TURN == 0:
            await trio.lowlevel.checkpoint()
    return "".join(told)


def merged_metrics(texts: Iterable[str]) -> str:
    """Join what several processes told: their series, and the sums of those that more than one of them has."""
    heads: dict[str, list[str]] = {}
    series: dict[str, dict[str, float]] = {}
    for text in texts:
        name = ""
        for line in text.split("\n"):
            if line.startswith("# "):
                name = line.split(" ", 3)[2]
                if line not in heads.setdefault(name, []):
                    heads[name].append(line)
            elif line:
                sample, _, value = line.rpartition(" ")
                found = series.setdefault(name, {})
                found[sample] = found.get(sample, 0) + (int(value) if value.isdecimal() else float(value))
    rows = ((*lines, *(f"{sample} {value}" for sample, value in series.get(name, {}).items()))
            for name, lines in heads.items())  # fmt: skip
    return "".join(f"{line}\n" for lines in rows for line in lines)


def _lines(family: MetricFamily) -> Iterator[str]:
    yield f"# HELP {family.name} {family.about}\n"
    yield f"# TYPE {family.name} {family.kind}\n"
    for suffix, labels, value in family.samples:
        said = ",".join(f'{name}="{_ESCAPED.sub(_escape, text)}"' for name, text in labels.items())
        yield f"{family.name}{suffix}{f'{{{said}}}' if said else ''} {value}\n"


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES[found[0]]


def _families(modules: Sequence[tuple[RunningModule, Journal]]) -> Iterator[MetricFamily]:
    built = [(running, journal) for running, journal in modules if running.built]
    yield MetricFamily(
        "onemo_modules", "gauge", "Modules by their condition, power and registration.", _states(modules)
    )
    yield MetricFamily("onemo_connections", "gauge", "Connections to the network that are in use.", (
        _sample(running, sum(part.connections for part in running.module.modem.parts)) for running, _ in built
    ))  # fmt: skip
    yield MetricFamily(
        "onemo_connection_events_total", "counter",
        "Connections that were opened or accepted, failed, broke or were closed.",
        (_sample(running, count, event=event) for running, journal in built
         for event, count in sorted(journal.happened.items())),
    )  # fmt: skip
    yield MetricFamily("onemo_line_bytes_total", "counter", "Bytes on the lines to the DTE, by who sent them.", (
        _sample(running, journal.passed[way], sender=sender)
        for running, journal in built for way, sender in ((">", "dte"), ("<", "module"))
    ))  # fmt: skip
    yield MetricFamily("onemo_network_bytes_total", "counter", "Bytes of payload on the network, by who sent them.", (
        _sample(running, journal.passed[way], sender=sender)
        for running, journal in built for way, sender in (("sent", "module"), ("received", "network"))
    ))  # fmt: skip
    yield MetricFamily("onemo_boot_cycles_total", "counter", "Boot cycles that have begun.", (
        _sample(running, running.module.modem.power.cycles) for running, _ in built
    ))  # fmt: skip
    yield from _of_commands(running for running, _ in built)
    yield from _of_urcs(running for running, _ in built)
    yield MetricFamily("onemo_faults_fired_total", "counter", "Faults and events that fired, by their kind.", (
        _sample(running, count, kind=kind)
        for running, journal in built for kind, count in sorted(journal.fired.items()) if kind in KINDS
    ))  # fmt: skip


def _states(modules: Sequence[tuple[RunningModule, Journal]]) -> Iterator[Sample]:
    states = Counter(_state(running) for running, _ in modules)
    for (condition, power, registration), count in sorted(states.items()):
        yield "", {"condition": condition, "power": power, "registration": registration}, count


def _state(running: RunningModule) -> tuple[str, str, str]:
    """Return the condition of a module, and its power and registration, "" before it has any."""
    if not running.built:
        return running.condition.value, "", ""
    modem = running.module.modem
    return running.condition.value, modem.power.state.name.lower(), modem.radio.stat.name.lower()


def _of_commands(modules: Iterable[RunningModule]) -> Iterator[MetricFamily]:
    tallies = [(running, running.tally) for running in modules if running.tally is not None]
    yield MetricFamily("onemo_commands_total", "counter", "Command lines that were answered.", (
        _sample(running, tally.lines) for running, tally in tallies
    ))  # fmt: skip
    yield MetricFamily(
        "onemo_command_errors_total", "counter", "Command lines that ended in an error, by its class and number.",
        (_sample(running, count, result=result, number=number) for running, tally in tallies
         for (result, number), count in sorted(tally.errors.items())),
    )  # fmt: skip
    times: dict[str, list[CommandTimes]] = {}
    for _, tally in tallies:
        for command, found in tally.times.items():
            times.setdefault(command, []).append(found)
    yield MetricFamily(
        "onemo_command_duration_seconds", "histogram",
        "Time from a command line to its final result code, of all modules, by the first command of the line.",
        (sample for command, found in sorted(times.items()) for sample in _histogram(command, found)),
    )  # fmt: skip


def _histogram(command: str, times: Sequence[CommandTimes]) -> Iterator[Sample]:
    within = list(accumulate(map(sum, zip(*(each.within for each in times), strict=True))))
    seconds = sum(each.total for each in times)  # all of one moment
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), within, strict=True):
        yield "_bucket", {"command": command, "le": bound}, count
    yield "_sum", {"command": command}, seconds
    yield "_count", {"command": command}, within[-1]


def _of_urcs(modules: Iterable[RunningModule]) -> Iterator[MetricFamily]:
    lines = [(running, [console.transmitter for console in running.module.modem.consoles]) for running in modules]
    yield MetricFamily("onemo_urcs_total", "counter", "URCs that were made.", (
        _sample(running, sum(each.urcs for each in found)) for running, found in lines
    ))  # fmt: skip
    yield MetricFamily("onemo_urcs_dropped_total", "counter", "URCs for which there was no room.", (
        _sample(running, sum(each.dropped for each in found)) for running, found in lines
    ))  # fmt: skip


def _sample(running: RunningModule, value: float, **labels: str) -> Sample:
    return "", {"module": running.name, **labels}, value
