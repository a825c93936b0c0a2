"""The page: the panel of the sandbox's FTP server, and the firmware of the module."""

from __future__ import annotations

from pathlib import Path

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.fake import FakePort
from tests.browser.page import Page
from tests.browser.test_page import Serve, dialogue


def test_the_ftp_server_and_its_files(page: Page, serve: Serve, tmp_path: Path) -> None:
    port = FakePort("ML307R")
    dialogue(port, "ML307R")
    bad = "/<img src=x onerror='window.broken=1'>"
    port.operations["/v1/modules/{name}/ftp"] = {}
    port.ftp |= {"/log": None, "/log/a.txt": b"hi", bad: b""}
    session = {"ftp_id": 0, "host": "ftp.example.com", "port": 21, "state": "connected", "transfer": "down"}
    port.modules["ML307R"]["ftp_sessions"] = [session, session | {"ftp_id": 1, "host": "", "state": "closed"}]
    page.open(serve(port))
    page.until("it is offered", lambda: page["ftp"].is_displayed())
    page.unfold("ftp")
    page.until("the session", lambda: page.text("ftp-sessions") == "0 ftp.example.com:21 connected · downloads")
    told = "/log/\ndirectory\nDelete\n/log/a.txt\n2 bytes\nDownload\nDelete\n" + bad + "\n0 bytes\nDownload\nDelete"
    page.until("the files", lambda: page.text("ftp-list").split() == told.split())
    page.look_at("ftp", "ftp")
    content = bytes(range(256)) * 400
    (tmp_path / "new.bin").write_bytes(content)
    page["ftp-file"].send_keys(str(tmp_path / "new.bin"))
    page["ftp-put"].click()
    page.until("it is told", lambda: page.text("say") == "/new.bin is there.")
    assert port.ftp["/new.bin"] == content
    got = tmp_path / "got"
    page.chromium.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(got)})
    page.until("it is listed", lambda: "102,400 bytes" in page.text("ftp-list"))
    page["ftp-list"].find_element(By.CSS_SELECTOR, '[aria-label="Download /new.bin"]').send_keys(Keys.ENTER)
    page.until("it is there", lambda: [file.read_bytes() for file in got.glob("*.bin")] == [content])
    page["ftp-list"].find_element(By.CSS_SELECTOR, '[aria-label="Delete /log/"]').send_keys(Keys.ENTER)
    assert page.chromium.switch_to.alert.text == "Delete /log/ and all that is below?"
    page.chromium.switch_to.alert.accept()
    page.until("it is gone", lambda: list(port.ftp) == [bad, "/new.bin"] and "log" not in page.text("ftp-list"))


def test_the_firmware(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port, "ML307R")
    page.open(serve(port))
    page.until("what it has", lambda: page["web"].is_displayed())
    assert not page["firmware"].is_displayed()
    firmware = {"made": "V1", "revision": "V1", "to": None, "percent": None, "state": 1, "total": 49630, "done": 20440}
    port.state("ML307R", firmware=firmware)
    words = "Revision V1 Package downloading, 20,440 of 49,630 bytes"
    page.until("a download", lambda: page.text("firmware-facts").split() == words.split())
    page.look_at("firmware", "firmware")
    port.state("ML307R", firmware=firmware | {"to": "V2", "percent": 64, "state": 2, "total": None, "done": 9508})
    words = "Revision V1 Package downloaded, 9,508 bytes Upgrading to V2, 64 %"
    page.until("an upgrade", lambda: page.text("firmware-facts").split() == words.split())
    port.state("ML307R", firmware=firmware | {"revision": "V2", "state": None, "total": None, "done": None})
    page.until("its end", lambda: page.text("firmware-facts").split() == ["Revision", "V2", "Made", "with", "V1"])
