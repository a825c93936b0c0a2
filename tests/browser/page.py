"""The page as its user has it: what it shows, and what is pressed, typed and chosen on it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

WAIT = 20.0
T = TypeVar("T")
_CHANGED = "ERR_NETWORK_CHANGED"
"""An interface came or went, of another test's network: chromium breaks off what it loads then."""
_EXPECTED = (_CHANGED, "ERR_CONNECTION", "ERR_INCOMPLETE_CHUNKED", "status of 401", "status of 409", "status of 422")
"""Messages that a browser logs where a test breaks the connection, leaves the token out or asks for what cannot be."""


class Page:
    def __init__(self, chromium: Chrome, folder: Path) -> None:
        self.chromium = chromium
        self._folder = folder
        self._logged: list[dict[str, str]] = []

    def open(self, url: str) -> None:
        """Open it and wait until it is connected."""
        self.chromium.get(url)
        logged = self._log()
        while any(_CHANGED in entry["message"] for entry in logged):
            self.chromium.get(url)
            logged = self._log()
        self._logged += logged
        self.until("is connected", lambda: self.text("link").startswith("Connected"))

    def forget(self) -> None:
        """Leave the page, and what was logged."""
        self.chromium.get("about:blank")
        self._log()

    def complaints(self) -> list[str]:
        """Return all that the browser and the page have logged, but for messages that tests cause."""
        logged = [entry["message"] for entry in (*self._logged, *self._log())]
        self._logged.clear()
        return [message for message in logged if not any(word in message for word in _EXPECTED)]

    def _log(self) -> list[dict[str, str]]:
        """Return the messages logged since the last look."""
        return list(self.chromium.get_log("browser"))  # type: ignore[no-untyped-call]

    # What it shows.

    def __getitem__(self, name: str) -> WebElement:
        return self.chromium.find_element(By.ID, name)

    def text(self, name: str) -> str:
        return str(self.run("return document.getElementById(arguments[0])?.innerText ?? ''", name))

    def rows(self) -> list[str]:
        """The dialogue as it is read aloud, its oldest row first."""
        shown = self.run("return [...document.querySelectorAll('.entry')].map((row) => row.textContent)")
        assert isinstance(shown, list)
        return [str(row) for row in shown]

    def ways(self) -> list[str]:
        """Return, row by row, the words in which a screen reader is told who spoke to whom."""
        return list(self.run("return [...document.querySelectorAll('.entry .unseen')].map((told) => told.textContent)"))

    def focused(self) -> str:
        """The id of what has the focus, or its text."""
        return str(self.run("return document.activeElement.id || document.activeElement.textContent"))

    def run(self, script: str, *arguments: object) -> Any:
        return self.chromium.execute_script(script, *arguments)

    def until(self, what: str, condition: Callable[[], T]) -> T:
        """Wait until it is so. what: said where it never is."""
        try:
            return WebDriverWait(self.chromium, WAIT, 0.02).until(lambda _: condition())
        except TimeoutException:
            raise AssertionError(f"never: {what}; the dialogue was {self.rows()[-12:]}") from None

    def shows(self, *words: str) -> str:
        """Wait for a row of the dialogue with these words; the last such row."""

        def found() -> str | None:
            return next((row for row in reversed(self.rows()) if all(word in row for word in words)), None)

        return self.until(f"a row with {words}", found) or ""

    def picture(self, name: str) -> Path:
        """Save a PNG of the page in the test's folder."""
        path = self._folder / f"{name}.png"
        self.chromium.save_screenshot(str(path))
        return path

    # What its user does.

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        ActionChains(self.chromium).send_keys(*keys).perform()

    def type(self, name: str, text: str) -> None:
        self[name].clear()
        self[name].send_keys(text)

    def unfold(self, name: str) -> None:
        """Press Enter on the summary of a part of the page."""
        summary = self[name].find_element(By.TAG_NAME, "summary")
        self.run("arguments[0].scrollIntoView(); arguments[0].focus()", summary)
        self.press(Keys.ENTER)
        self.until(f"{name} is unfolded", lambda: self.run("return arguments[0].parentElement.open", summary))

    def look_at(self, name: str, picture: str) -> None:
        """Look for what keeps a screen reader out of a part, in light and dark, and on a telephone; with pictures."""
        for scheme, width in (("light", 1440), ("dark", 1440), ("narrow", 390)):
            self.dark(scheme == "dark")
            self.width(width)
            self.run("document.getElementById(arguments[0]).scrollIntoView()", name)
            assert self.flaws() == []
            wide = "const part = document.getElementById(arguments[0]); return part.scrollWidth - part.clientWidth"
            assert self.run(wide, name) <= 0, "nothing hangs over its side"
            self.picture(f"{picture}-{scheme}")
        self.width(1440)

    def form(self, kind: str) -> None:
        """Unfold the form of a fault, and choose its kind."""
        if not self["fault-kind"].is_displayed():
            self.unfold("fault-fields")
        self.choose("fault-kind", kind)

    def width(self, wanted: int) -> None:
        size = {"width": wanted, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        command = "clearDeviceMetricsOverride" if wanted == 1440 else "setDeviceMetricsOverride"
        self.chromium.execute_cdp_cmd(f"Emulation.{command}", {} if wanted == 1440 else size)

    def choose(self, name: str, value: str) -> None:
        Select(self[name]).select_by_value(value)

    def happen(self, event: str) -> None:
        """Press the button of an event."""
        self.chromium.find_element(By.CSS_SELECTOR, f'[data-event="{event}"]').click()

    # What is measured.

    def flaws(self, *ran: str) -> list[str]:
        """Run axe, and return its findings: rules of WCAG 2.1 A and AA, and its best practices.

        ran: rules that find something to look at; those of the page if left out.
        """
        if not self.run("return 'axe' in window"):
            self.run((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
        found = self.chromium.execute_async_script("const done = arguments[0]; axe.run().then(done)")
        rules = ran or ("color-contrast", "label", "aria-required-children")
        assert {*rules} <= {rule["id"] for rule in found["passes"]}
        return [
            f"{flaw['id']}: {node['html']} {node['failureSummary']}"
            for flaw in found["violations"]
            for node in flaw["nodes"]
        ]

    def dark(self, wanted: bool) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if wanted else "light"}
        self.chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def metrics(self) -> dict[str, float]:
        """The browser's own: LayoutCount, TaskDuration (seconds of processor) and others."""
        self.chromium.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        told = self.chromium.execute_cdp_cmd("Performance.getMetrics", {})
        return {metric["name"]: metric["value"] for metric in told["metrics"]}
