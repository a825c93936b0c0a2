"""The text of /metrics, read by Prometheus' own parser."""

from __future__ import annotations

import math
from typing import Any

import pytest
import serial
from onemo.control.api import Control
from onemo.control.endpoints import ApiRequest
from onemo.control.metrics import CONTENT_TYPE, merged_metrics
from onemo.runtime.hosted import Hosted
from onemo.runtime.lab import Lab

parser = pytest.importorskip(
    "prometheus_client.parser", reason="the text is read by prometheus-client: pip install -e '.[test]'"
)
ASKED = ApiRequest({}, {}, None, {})
FAILING = 'AT+MIPSEND=0,1,"x"'
NAMES = {
    "onemo_modules", "onemo_connections", "onemo_connection_events", "onemo_line_bytes", "onemo_network_bytes",
    "onemo_boot_cycles", "onemo_commands", "onemo_command_errors", "onemo_command_duration_seconds", "onemo_urcs",
    "onemo_urcs_dropped", "onemo_faults_fired",
}  # fmt: skip
Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str) -> Series:
    """The series of a text, each by its name and labels."""
    families: list[Any] = list(parser.text_string_to_metric_families(text))
    assert {family.name for family in families} == NAMES
    assert all(family.documentation.endswith(".") for family in families)
    samples = [sample for family in families for sample in family.samples]
    found = {(each.name, tuple(sorted(each.labels.items()))): each.value for each in samples}
    assert len(found) == len(samples), "no series is there twice"
    return found


def of(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted(labels.items()))


class Counted(Hosted):
    """A lab that counts, with a control. what a request is told."""

    def __init__(self) -> None:
        super().__init__()
        self.lab = Lab(counted=True)
        self.control = Control(self.lab.modules)

    def metrics(self) -> str:
        return self.wait(lambda: self.control.metrics(ASKED)).text


async def test_no_module_is_a_text_too() -> None:
    told = await Control({}).metrics(ASKED)
    assert told.kind == CONTENT_TYPE
    assert read(told.text) == {}


def test_the_figures_of_modules() -> None:
    with Counted() as lab:
        one, two = lab.start("ML307R", name='a "b"\\c\nd'), lab.start("MN316", name="z")
        for module in (one, two):
            journal = lab.control.journal(module.name)
            with serial.serial_for_url(module.url, timeout=5) as port:
                for line, end in (("AT", "< OK"), ("AT+CSQ", "< OK"), ("AT+CSQ", "< OK"), (FAILING, "ERROR")):
                    port.write(f"{line}\r".encode())
                    module.trace.wait_for(end)
            journal.net("opened", None, "127.0.0.1:7")
            journal.net("fault", None, "net-reset operation=send")
            journal.net("fault", None, "event power-on: it cannot be")
        two.stop()
        one.power_off()
        series = read(lab.metrics())
    name = one.name
    assert series[of("onemo_modules", condition="ready", power="off", registration="not_registered")] == 1
    assert series[of("onemo_commands_total", module=name)] == 4
    assert series[of("onemo_command_duration_seconds_count", command="AT+CSQ")] == 2
    assert series[of("onemo_connection_events_total", module=name, event="opened")] == 1
    assert series[of("onemo_faults_fired_total", module=name, kind="net-reset")] == 1
    assert series[of("onemo_urcs_total", module=name)] >= 1
    assert series[of("onemo_boot_cycles_total", module=name)] == 1
    (error,) = [labels for metric, labels in series if metric == "onemo_command_errors_total"]
    assert dict(error)["result"] == "CME"
    assert not any("z" in dict(labels).values() for _, labels in series), "it has ended"
    within = [
        (float(dict(labels)["le"]), value)
        for (metric, labels), value in series.items()
        if metric.endswith("_bucket") and dict(labels)["command"] == "AT+CSQ"
    ]
    assert within == sorted(within)
    assert within[-1] == (math.inf, 2)


def test_what_several_processes_tell_is_joined() -> None:
    head = "# HELP onemo_x_total X.\n# TYPE onemo_x_total counter\n"
    other = "# HELP onemo_y Y.\n# TYPE onemo_y gauge\n"
    one = head + 'onemo_x_total{module="a b"} 3\nonemo_x_total{command="AT"} 0.5\n' + other
    two = head + 'onemo_x_total{module="b"} 1\nonemo_x_total{command="AT"} 1.5\n' + other + "onemo_y 2\n"
    joined = 'onemo_x_total{module="a b"} 3\nonemo_x_total{command="AT"} 2.0\nonemo_x_total{module="b"} 1\n'
    assert merged_metrics([one, two]) == head + joined + other + "onemo_y 2\n"
    assert merged_metrics([one]) == one
