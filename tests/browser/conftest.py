"""One headless browser for all tests of the page, and the page in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.browser.fake import FakePort, served
from tests.browser.page import Page

OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1440,1000",
           "--force-prefers-reduced-motion", "--disable-background-networking", "--no-first-run")  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the browser to .ci/run: together these take minutes, and they need Debian's chromium."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    """Debian's, through its own driver: nothing is downloaded."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("the page is tested in chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for option in OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield started
    finally:
        started.quit()


@pytest.fixture
def page(chromium: webdriver.Chrome, tmp_path: Path) -> Iterator[Page]:
    """The page in the browser, on an empty document; nothing in it may fail unseen. Pictures go to tmp_path."""
    page = Page(chromium, tmp_path)
    page.forget()
    yield page
    assert page.complaints() == []
    page.forget()


@pytest.fixture
def serve() -> Iterator[Callable[[FakePort], str]]:
    """Serves a control port without an emulator; its URL."""
    with ExitStack() as stack:
        yield lambda port: stack.enter_context(served(port))
