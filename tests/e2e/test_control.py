"""The control API of a running emulator, asked with httpx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, Dte
from tests.e2e.started import AT_ONCE, Started

M = "/v1/modules/meter"
HERE = "127.0.0.1:0"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A module that all tests here share, with a control."""
    arguments = ["ML307R", "--name", "meter", "--sandbox", "--control", HERE, "--json", *AT_ONCE]
    with Started(arguments, tmp_path_factory.mktemp("control") / "stderr") as started:
        yield started.wait_ready()


def told(running: Started, key: str) -> str:
    return str(json.loads(running.ready)[key])


@pytest.fixture(scope="module")
def client(running: Started) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=told(running, "control"), timeout=WAIT, trust_env=False) as client:
        yield client


@pytest.fixture
def api(client: httpx.Client) -> Iterator[httpx.Client]:
    yield client
    client.delete(f"{M}/faults")
    client.post(f"{M}/events", json={"event": "reboot"})


@pytest.fixture
def dte(running: Started, api: httpx.Client) -> Iterator[Dte]:
    with running.awake(told(running, "port")) as dte:
        yield dte


def command(dte: Dte, text: str) -> bytes:
    """The answer to a command."""
    dte.line(text)
    return dte.until(rb"\r\nOK\r\n")


def open_connection(dte: Dte) -> None:
    command(dte, 'AT+MIPOPEN=0,"TCP","www.example.com",7')
    dte.hears("+MIPOPEN: 0,0")


def seq(api: httpx.Client) -> int:
    """The number of the entry to come."""
    return int(api.get(f"{M}/trace", params={"limit": 1}).json()["next"])


# What is told.


def test_each_event_and_why_it_makes_no_sense(api: httpx.Client) -> None:
    events = {told["event"]: told for told in api.get(f"{M}/events").json()}
    assert events["sim-remove"] == {"event": "sim-remove", "sense": True, "why": ""}
    assert events["sim-insert"] == {"event": "sim-insert", "sense": False, "why": "the card is in"}
    assert events.keys() == {kind["name"] for kind in api.get("/v1/kinds").json() if kind["event"]}
    api.post(f"{M}/events", json={"event": "sim-remove"})
    events = {told["event"]: told["why"] for told in api.get(f"{M}/events").json()}
    assert (events["sim-remove"], events["sim-insert"]) == ("no card is in", "")
    api.post(f"{M}/events", json={"event": "sim-insert"})
    assert api.get("/v1/modules/other/events").status_code == 404


def test_the_guides(api: httpx.Client) -> None:
    listed = api.get("/docs/")
    assert listed.headers["content-type"] == "text/html; charset=utf-8"
    assert '<a href="ftp.md">FTP</a>' in listed.text
    guide = api.get("/docs/ftp.md")
    assert guide.headers["content-type"] == "text/html; charset=utf-8"
    assert '<h1 id="ftp">FTP</h1>' in guide.text
    assert api.get("/static/docs.css").status_code == 200
    for path in ("/docs/none.md", "/docs/..%2Fpyproject.toml"):
        assert api.get(path).status_code == 404
    assert api.post("/docs/", json={}).status_code == 405


def test_health_and_readiness(api: httpx.Client) -> None:
    assert api.get("/health").json() == {"alive": True}
    assert api.get("/ready").json() == {"ready": True, "modules": 1}


def test_the_list_of_modules(api: httpx.Client, running: Started) -> None:
    assert api.get("/v1/modules").json() == [
        {"name": "meter", "model": "ML307R", "port": told(running, "port"), "condition": "ready", "power": "ready",
         "registration": "home", "connections": 0, "faults": 0}
    ]  # fmt: skip


def test_the_state_is_what_the_module_answers(api: httpx.Client, dte: Dte) -> None:
    command(dte, "AT+MIPTKA=2,1,120,60,5")
    command(dte, 'AT+MIPCFG="encoding",1,1,1')
    open_connection(dte)
    state = api.get(M).json()
    assert state["settings"]["MIPTKA"]["2"] == {"keepalive": 1, "keepidle": 120, "keepinterval": 60, "keepcount": 5}
    assert state["settings"]["MIPCFG"]["encoding"]["1"] == {"send_format": 1, "recv_format": 1}
    assert state["identity"]["imei"].encode() in command(dte, "AT+CGSN=1")
    assert state["power"]["state"] == "ready"
    assert state["connections"][0] | {"sent": 0, "received": 0} == {
        "connect_id": 0, "state": "CONNECTED", "transport": "TCP", "peer": {"host": "www.example.com", "port": 7},
        "access_mode": "normal", "sent": 0, "received": 0, "queued": 0, "unread": 0, "tls": False,
    }  # fmt: skip
    assert state["contexts"][0]["active"] is True
    assert state["counters"]["from_dte"] > 0


# What is done.


def test_a_fault_is_armed_fires_and_goes(api: httpx.Client, dte: Dte) -> None:
    armed = api.post(f"{M}/faults", json={"fault": "command-answer command=CSQ cme=50 times=1"})
    assert armed.status_code == 201
    (fault,) = armed.json()
    assert (fault["kind"], fault["fired"], fault["spent"]) == ("command-answer", 0, False)
    dte.ask("AT+CSQ", "+CME ERROR: 50")
    assert b"+CSQ: " in command(dte, "AT+CSQ")
    fired = api.get(f"{M}/faults/{fault['id']}").json()
    assert (fired["fired"], fired["spent"], fired["first_fired"] >= 0) == (1, True, True)
    assert api.delete(f"{M}/faults/{fault['id']}").json() == fired
    assert api.get(f"{M}/faults").json() == []
    gone = api.get(f"{M}/faults/{fault['id']}")
    assert (gone.status_code, gone.json()["error"]) == (
        404, f"there is no fault {fault['id']} on meter; there are none"
    )  # fmt: skip


def test_a_fault_as_an_object_and_a_preset(api: httpx.Client) -> None:
    assert api.post(f"{M}/faults", json={"kind": "urc-drop", "urc": "MIPOPEN", "times": 2}).status_code == 201
    assert len(api.post(f"{M}/faults", json={"fault": "hostile"}).json()) > 5
    gone = api.delete(f"{M}/faults").json()
    assert (gone[0]["fault"], len(gone) > 6) == ("urc-drop urc=MIPOPEN times=2", True)


def test_a_fault_by_time_fires_though_it_was_armed_later(api: httpx.Client, dte: Dte) -> None:
    since = seq(api)
    api.post(f"{M}/faults", json={"fault": "urc text='+HELLO: 1' after=0.01s"})
    dte.until(rb"\+HELLO: 1\r\n")
    entries = api.get(f"{M}/trace", params={"since": since}).json()["entries"]
    assert [entry["kind"] for entry in entries] == ["event", "urc"]


@pytest.mark.parametrize(
    ("event", "path", "value"),
    [
        ({"event": "sim-remove"}, ("sim", "present"), False),
        ({"event": "signal rssi=3"}, ("radio", "signal", "rssi"), 3),
        ({"event": "signal", "rssi": 4}, ("radio", "signal", "rssi"), 4),
        ({"event": "roaming"}, ("radio", "registration"), "roaming"),
        ({"event": "registration-lost"}, ("radio", "coverage"), False),
        ({"event": "registration-denied", "cause": 15}, ("radio", "refusal"), 15),
        ({"event": "pdp-deactivate"}, ("contexts", 0, "active"), False),
        ({"event": "power-off"}, ("power", "state"), "off"),
    ],
)
def test_an_event_happens_now(
    event: dict[str, object], path: tuple[str | int, ...], value: object, api: httpx.Client
) -> None:
    answer = api.post(f"{M}/events", json=event)
    undone = [api.post(f"{M}/events", json={"event": back}) for back in ("power-on", "home", "signal-back",
              "sim-insert", "registration-back")]  # fmt: skip
    assert [one.status_code for one in (answer, *undone)] == [200] * 6
    found: Any = answer.json()
    for key in path:
        found = found[key]
    assert found == value


def test_a_urc_reaches_the_dte(api: httpx.Client, dte: Dte) -> None:
    api.post(f"{M}/events", json={"event": "urc", "text": '+CMTI: "SM",1'})
    dte.hears('+CMTI: "SM",1')


def test_what_nobody_reads_does_not_grow_without_end(api: httpx.Client, dte: Dte) -> None:
    open_connection(dte)
    statuses = {api.post(f"{M}/events", json={"event": "burst size=1048576"}).status_code for _ in range(5)}
    assert statuses == {200, 409}
    api.post(f"{M}/events", json={"event": "reboot"})


# The journal.


def test_the_trace_and_what_happened_in_order(api: httpx.Client, dte: Dte) -> None:
    since = seq(api)
    open_connection(dte)
    command(dte, "AT+MIPCLOSE=0")
    dte.until(rb"\+MIPCLOSE: 0\r\n")
    open_connection(dte)
    trace = api.get(f"{M}/trace", params={"since": since, "command": "MIPOPEN"}).json()
    assert [entry["data"] for entry in trace["entries"]] == ['AT+MIPOPEN=0,"TCP","www.example.com",7'] * 2
    api.post(f"{M}/events", json={"event": "signal rssi=3"})
    assert api.post(f"{M}/trace/verify", json={"steps": [{"event": "event signal rssi=3"}]}).json()["matched"] is True
    first = api.get(f"{M}/trace", params={"since": since, "limit": 2}).json()
    assert [entry["seq"] for entry in first["entries"]] == [since, since + 1] == [first["next"] - 2, first["next"] - 1]
    steps = [{"sent": "MIPOPEN*www.example.com", "times": 2}, {"event": "refused", "times": 0}]
    verified = api.post(f"{M}/trace/verify", json={"steps": steps}).json()
    assert (verified["matched"], [step["found"] for step in verified["steps"]]) == (True, [2, 0])
    wrong = {"steps": [{"sent": "AT+MIPCLOSE"}, {"event": "opened", "times": 99}]}
    assert api.post(f"{M}/trace/verify", json=wrong).json()["matched"] is False


def events(stream: httpx.Response) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in stream.iter_lines():
        key, _, value = line.partition(": ")
        if key == "event":
            kind = value
        elif key == "data":
            yield kind, json.loads(value)


def test_the_stream_goes_on_where_it_was_left(api: httpx.Client, dte: Dte) -> None:
    since = seq(api)
    with api.stream("GET", f"{M}/trace/stream", params={"since": since}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        command(dte, "AT+CSQ")
        told = events(stream)
        kinds = [next(told), next(told), next(told), next(told)]
        assert sorted(kind for kind, _ in kinds) == ["entry", "entry", "entry", "state"]
        entries = [data for kind, data in kinds if kind == "entry"]
    assert [entry["kind"] for entry in entries] == ["command", "answer", "answer"]
    again = {"last-event-id": str(entries[0]["seq"])}
    with api.stream("GET", f"{M}/trace/stream", headers=again) as stream:
        told = events(stream)
        assert next(told) == ("entry", entries[1])


def test_the_stream_of_all_begins_now(api: httpx.Client, dte: Dte) -> None:
    with api.stream("GET", "/v1/trace/stream") as stream:
        told = events(stream)
        assert next(told)[0] == "state"
        command(dte, "AT+CSQ")
        kind, entry = next(told)
        assert (kind, entry["module"], entry["data"]) == ("entry", "meter", "AT+CSQ")


def test_who_comes_late_is_told_what_is_lost(api: httpx.Client, dte: Dte) -> None:
    open_connection(dte)
    seen = seq(api)
    for _ in range(4):
        api.post(f"{M}/events", json={"event": "burst size=700000"})
        dte.payload(700000)
    assert api.get(f"{M}/trace").json()["dropped"] > seen
    with api.stream("GET", f"{M}/trace/stream", params={"since": seen}) as stream:
        kind, lost = next(events(stream))
    assert (kind, lost["module"], lost["count"] > 0) == ("lost", "meter", True)


def test_streams_are_bounded_and_free_their_place(api: httpx.Client) -> None:
    streams = [api.stream("GET", "/v1/trace/stream") for _ in range(33)]
    answers = [stream.__enter__() for stream in streams]
    statuses = [answer.status_code for answer in answers]
    for stream in streams:
        stream.__exit__(None, None, None)
    assert statuses == [200] * 32 + [503]
    while True:  # a place is free as soon as its end is seen
        with api.stream("GET", "/v1/trace/stream") as again:
            if again.status_code == 200:
                break


# What is wrong.


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "/v1/nothing", None, 404, "/openapi.json"),
        ("GET", "/v1/modules/other", None, 404, "there are meter"),
        ("GET", f"{M}/faults/one", None, 404, "there are none"),
        ("GET", "/v1/modules/", None, 404, "/openapi.json"),
        ("PUT", M, None, 405, "there are GET"),
        ("DELETE", "/openapi.json", None, 405, "there are GET"),
        ("GET", f"{M}/trace?limit=0", None, 422, "from 1 to 1000"),
        ("GET", f"{M}/trace?since=x", None, 422, "a whole number"),
        ("GET", f"{M}/trace?side=us", None, 422, "dte, module, network"),
        ("GET", f"{M}/trace?size=us", None, 422, "there are since"),
        ("GET", f"{M}/trace?limit=1&limit=2", None, 422, "twice"),
        ("POST", f"{M}/faults", "{", 400, "no JSON"),
        ("POST", f"{M}/faults", "[" * 50000, 400, "no JSON"),
        ("POST", f"{M}/faults", '{"kind": "half \\ud800"}', 400, "no JSON"),
        ("POST", f"{M}/faults", '{"times": ' + "9" * 5000, 400, "value has 5000 digits; send an object"),
        ("POST", f"{M}/faults", "[]", 422, "no object"),
        ("POST", f"{M}/faults", '{"fault": "urc-drop module=other"}', 422, "this module is meter or ml307r or"),
        ("POST", f"{M}/faults", '{"fault": "urc-drp"}', 422, "did you mean urc-drop"),
        ("POST", f"{M}/faults", '{"fault": "urc-drop tims=1"}', 422, "did you mean times"),
        ("POST", f"{M}/faults", '{"fault": "urc-drop", "times": 1}', 422, "is alone"),
        ("POST", f"{M}/faults", '{"kind": "urc-drop", "times": NaN}', 422, "a whole number"),
        ("POST", f"{M}/events", '{"event": "urc-drop"}', 422, "arm it"),
        ("POST", f"{M}/events", '{"event": "sim-remove", "after": "2s"}', 422, "arm it as a fault"),
        ("POST", f"{M}/events", '{"event": "signal rssi=100"}', 422, "0 to 99"),
        ("POST", f"{M}/trace/verify", '{"steps": []}', 422, "1 to 100"),
        ("POST", f"{M}/trace/verify", '{"steps": [{"said": "x"}]}', 422, "steps[0]: give one of sent, received"),
    ],
)
def test_what_cannot_be_is_told_with_what_can(
    method: str, path: str, body: str | None, status: int, says: str, api: httpx.Client
) -> None:
    headers = {} if body is None else {"content-type": "application/json"}
    answer = api.request(method, path, content=body, headers=headers)
    assert (answer.status_code, says in answer.json()["error"]) == (status, True)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"origin": "http://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"content-type": "text/plain"}, 415),
    ],
)
def test_another_site_can_do_nothing(headers: dict[str, str], status: int, api: httpx.Client) -> None:
    before = api.get(M).json()["sim"]
    json_ = {"content-type": "application/json"}
    answer = api.post(f"{M}/events", content='{"event": "sim-remove"}', headers=json_ | headers)
    assert (answer.status_code, api.get(M).json()["sim"]) == (status, before)
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_document_is_of_the_server_that_answers(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    assert {kind["name"] for kind in api.get("/v1/kinds").json()} == {
        one["title"] for one in document["paths"][f"{M.replace('meter', '{name}')}/faults"]["post"]["requestBody"]
        ["content"]["application/json"]["schema"]["oneOf"] if "title" in one
    }  # fmt: skip


# The start and the end.


def test_a_token_on_every_request_and_a_name_with_a_slash(start: Start) -> None:
    line = start("ML307R", "--name", "Zähler/1", "--control", "0.0.0.0:0", "--control-token", "s3cret").ready
    assert line.startswith("ML307R ready on /dev/pts/")
    url = line.partition(" with its control on ")[2].replace("0.0.0.0", "127.0.0.1")
    with httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get("/health").json() == {"alive": True}
        assert client.get("/ready").status_code == 401
        assert client.get("/ready").headers["www-authenticate"] == "Bearer"
        client.headers["authorization"] = "Bearer s3cret"
        assert client.get("/ready").status_code in (200, 503)
        assert client.get("/v1/modules/Z%C3%A4hler%2F1").json()["name"] == "Zähler/1"
        assert client.get("/v1/modules/Z%C3%A4hler/1").status_code == 404
