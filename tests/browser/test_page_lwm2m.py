"""The page: the panel of the sandbox's LwM2M server."""

from __future__ import annotations

from selenium.webdriver.common.keys import Keys

from tests.browser.fake import FakePort
from tests.browser.page import Page
from tests.browser.test_page import Serve, dialogue


def test_the_lwm2m_server_and_what_is_asked(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port, "ML307R")
    port.operations["/v1/modules/{name}/lwm2m/read"] = {}
    bad = "<img src=x onerror='window.broken=1'>"
    port.answers |= {
        "lwm2m/clients": [
            {"endpoint": "meter;1", "address": "127.0.0.1:9", "lifetime": 300, "left": 280, "version": "1.0",
             "binding": "U", "paths": ["/3/0", "/3303/0"], "observed": ["/3303/0"]},
        ],
        "lwm2m/notifications": [
            {"endpoint": "meter;1", "path": "/3303/0", "number": 7, "confirmable": True, "format": "tlv", "text": bad},
        ],
    }  # fmt: skip
    page.open(serve(port))
    page.until("it is offered", lambda: page["lwm2m"].is_displayed())
    page.unfold("lwm2m")
    client = "meter;1 280 of 300 s · U · observed /3303/0\n/3/0 /3303/0"
    page.until("the client", lambda: page.text("lwm2m-clients") == client)
    assert page.text("lwm2m-notifications") == f"/3303/0 7 · tlv · meter;1\n{bad}"
    page.choose("lwm2m-what", "write")
    page.type("lwm2m-path", "/3303/0/5750")
    page["lwm2m-value"].send_keys("cellar")
    page.look_at("lwm2m", "lwm2m")
    page["lwm2m-ask"].send_keys(Keys.ENTER)
    body = {"path": "/3303/0/5750", "value": "cellar"}
    page.until("it is sent", lambda: port.posted == [("/v1/modules/ML307R/lwm2m/write", body)])
    page.choose("lwm2m-what", "execute")
    page["lwm2m-value"].clear()
    page.type("lwm2m-endpoint", "meter;1")
    page["lwm2m-ask"].click()
    body = {"path": "/3303/0/5750", "endpoint": "meter;1"}
    page.until("it is sent", lambda: port.posted[1:] == [("/v1/modules/ML307R/lwm2m/execute", body)])
