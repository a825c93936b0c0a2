"""A lab at the bench: it is grouped by model, and what is done to a model's modules is done to all at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.page import Page
from tests.e2e.test_lab import DEFAULTS, StartedLab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[StartedLab]:
    """Three modules of two models, in two processes."""
    file = tmp_path / "lab.toml"
    file.write_text(
        f'{DEFAULTS}[[module]]\nname = "meter-{{n}}"\ncount = 2\nmodel = "ML307R"\n'
        '[[module]]\nname = "gate"\nmodel = "MN316"\n'
    )
    arguments = [str(file), "--control", "127.0.0.1:0", "--processes", "2"]
    with StartedLab(arguments, tmp_path / "stderr") as lab:
        yield lab.wait_all()


def test_all_of_a_model_at_once(lab: StartedLab, page: Page) -> None:
    page.open(next(str(line["control"]) for line in lab.lines if "control" in line))
    heads = page["lab-list"].find_elements(By.TAG_NAME, "summary")
    page.until("both models", lambda: [head.text for head in heads] == ["ML307R●2 registered", "MN316●1 registered"])
    page.type("lab-filter", "ml307r")
    page["lab-all"].click()
    page.until("they are selected", lambda: page.text("many-title") == "2 modules selected")
    page.type("many-text", "registration-lost")
    page["many-now"].click()
    page.until("it is done", lambda: page.text("many-told") == "registration-lost: done on 2 modules.")
    page.until("it is counted", lambda: heads[0].text == "ML307R◐2 searching")
    lose = page["events"].find_element(By.CSS_SELECTOR, "[data-event=registration-lost]")
    page.until("there is none to be lost", lambda: lose.get_attribute("title") == "there is no coverage")
    page.type("many-text", "urc-drop urc=MIPOPEN")
    page["many-text"].send_keys(Keys.ENTER)
    page.until("each has it", lambda: page.text("lab-list").count("1 fault") == 2)
    page["many-disarm"].click()
    page.until("none has it", lambda: "1 fault" not in page.text("lab-list"))
    page.type("many-text", "pin id=99 level=1")
    page["many-now"].click()
    page.until("why not", lambda: "has pins" in page.text("many-error"))
    assert {"meter-1", "meter-2"} <= set(page.text("many-error").partition(":")[0].split(", "))
    page["many-reboot"].click()
    page.until("they boot", lambda: page.text("many-told") == "Reboot: done on 2 modules.")
    page.picture("lab")
