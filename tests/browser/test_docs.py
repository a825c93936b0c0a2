"""The guides as pages, from the page's link: to be read in light and dark, on a telephone, and by a screen reader."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.browser.page import Page
from tests.e2e.started import AT_ONCE, Started


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A module with a control port of its own."""
    arguments = ["ML307R", "--json", "--control", "127.0.0.1:0", *AT_ONCE]
    with Started(arguments, tmp_path_factory.mktemp("docs") / "stderr") as module:
        yield module.wait_ready()


def title(page: Page) -> str:
    return str(page.run("return document.querySelector('h1')?.textContent ?? ''"))


def go(page: Page, link: str, wanted: str) -> None:
    """Follow a link to a page with this heading."""
    page.run("document.querySelector(arguments[0]).click()", f'a[href="{link}"]')
    page.until(f"the page {wanted}", lambda: title(page) == wanted)


def test_from_the_page_to_a_guide_and_on(page: Page, module: Started) -> None:
    page.open(json.loads(module.ready)["control"])
    page["docs"].click()
    page.until("it is another tab", lambda: len(page.chromium.window_handles) == 2)
    first, second = page.chromium.window_handles
    page.chromium.switch_to.window(second)
    try:
        page.until("the guides", lambda: title(page) == "Guides")
        go(page, "mqtt.md", "MQTT")
        go(page, "./", "Guides")
        go(page, "control.md", "The control API")
        go(page, "transcripts.md#patterns", "Transcripts")
        assert page.run("return document.querySelector(':target')?.textContent") == "Patterns"
        go(page, "./", "Guides")
        go(page, "command-line.md", "Command line")
        for scheme, width in (("light", 1440), ("dark", 1440), ("narrow", 390)):
            page.dark(scheme == "dark")
            page.width(width)
            assert page.flaws("color-contrast", "link-name", "page-has-heading-one") == []
            wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.run(wide) <= 0, "nothing hangs over its side"
            page.picture(f"docs-{scheme}")
        page.width(1440)
        go(page, "./", "Guides")
        assert page.flaws("color-contrast", "link-name", "page-has-heading-one") == []
        page.run("document.querySelector('nav a').click()")
        page.until("the modules", lambda: page.text("who-name") == "ML307R")
    finally:
        page.complaints()
        page.chromium.close()
        page.chromium.switch_to.window(first)
