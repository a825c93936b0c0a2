"""The table of how long the module took for its commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from tests.browser.fake import FakePort
from tests.browser.page import Page
from tests.browser.test_page import Serve
from tests.e2e.started import AT_ONCE, Started

PATH = "/v1/modules/{name}/latency"
ROWS: list[dict[str, object]] = [
    {"command": "AT+CSQ", "lines": 12034, "errors": 0, "p50": 0.000041, "p99": 0.000312, "max": 0.0125},
    {"command": "AT+COPS", "lines": 2, "errors": 1, "p50": 4.5, "p99": 12.25, "max": 12.25},
    {"command": "AT+MSSLCERTWR", "lines": 1, "errors": 1, "p50": 0.5, "p99": 0.5, "max": 0.5},
]


def cells(page: Page) -> list[list[str]]:
    """The table as it is shown, row by row."""
    rows = page["latency-rows"].find_elements(By.TAG_NAME, "tr")
    return [[cell.text for cell in row.find_elements(By.XPATH, "*")] for row in rows]


def test_the_table(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    port.operations[PATH] = {}
    port.answers["latency"] = []
    page.open(serve(port))
    page.until("it is offered", lambda: page["latency"].is_displayed())
    page.unfold("latency")
    page.until("there is none yet", lambda: page["latency-none"].is_displayed())
    assert not page["latency-table"].is_displayed()
    port.answers["latency"] = ROWS
    port.entry("ML307R", from_="dte", to="module", data="AT+CSQ", kind="command")
    page.until("the rows", lambda: len(cells(page)) == 3)
    assert cells(page) == [
        ["AT+CSQ", "12,034", "\u2013", "0.041", "0.312", "12.5"],
        ["AT+COPS", "2", "1", "4,500", "12,250", "12,250"],
        ["AT+MSSLCERTWR", "1", "1", "500", "500", "500"],
    ]
    page.look_at("latency", "latency")


def test_a_port_that_counts_nothing_offers_no_table(page: Page, serve: Serve) -> None:
    page.open(serve(FakePort("ML307R")))
    page.until("the state", lambda: "CHINA MOBILE" in page.text("facts"))
    assert not page["latency"].is_displayed()


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Started]:
    with Started(["ML307R", "--json", "--control", "127.0.0.1:0", *AT_ONCE], tmp_path / "stderr") as module:
        yield module.wait_ready()


def test_what_a_module_took(page: Page, module: Started) -> None:
    ready = json.loads(module.ready)
    page.open(ready["control"])
    page.until("it is offered", lambda: page["latency"].is_displayed())
    page.unfold("latency")
    with module.awake(ready["port"]) as dte:
        for _ in range(20):
            dte.ask("AT", "OK")
        dte.ask("AT+NOTHING", "ERROR")
    page.until("the lines of AT", lambda: ["AT", "20"] in [row[:2] for row in cells(page)])
    page.until("what failed", lambda: ["other", "1", "1"] in [row[:3] for row in cells(page)])
    assert all(float(cell.replace(",", "")) > 0 for row in cells(page) for cell in row[3:])
