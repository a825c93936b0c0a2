"""The guard of the control: it refuses pages of other sites, and programs without the token."""

from __future__ import annotations

import pytest
from onemo.control.guard import Guard, is_loopback

JSON = {"content-type": "application/json"}
HOME = {"host": "127.0.0.1:8080"}


def status(method: str, path: str, headers: dict[str, str], host: str = "127.0.0.1", token: str | None = None) -> int:
    refusal = Guard(host, token).refusal(method, path, headers)
    return 200 if refusal is None else refusal.status


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:8080", 200),
        ("127.0.0.1", 200),
        ("127.0.0.2:80", 200),
        ("localhost:8080", 200),
        ("LOCALHOST", 200),
        ("[::1]:8080", 200),
        ("evil.example:8080", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("192.0.2.1:8080", 421),
        ("", 421),
        ("[::1]evil.example", 421),
        ("[::1]evil.example:8080", 421),
        ("[::1].evil.example", 421),
        ("[::1", 421),
        ("::1", 421),
        ("localhost:evil.example", 421),
        ("localhost:80:80", 421),
        ("localhost:80@evil.example", 421),
        ("user@localhost", 421),
        ("localhost:123456", 421),
        ("localhost.", 421),
        ("localhost/evil", 421),
        ("127.0.0.1 evil", 421),
        ("[127.0.0.1]:80", 200),
    ],
)
def test_a_name_that_was_bent_to_here_is_refused(host: str, expected: int) -> None:
    assert status("GET", "/v1/modules", {"host": host}) == expected


def test_who_has_the_token_may_come_by_any_name() -> None:
    assert status("GET", "/health", {"host": "lab", "authorization": "Bearer s3cret"}, "0.0.0.0", "s3cret") == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"origin": "http://127.0.0.1:8080"}, 200),
        ({"origin": "http://127.0.0.1:8081"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
    ],
)
def test_a_page_of_another_site_is_refused(headers: dict[str, str], expected: int) -> None:
    assert status("GET", "/v1/modules", {**HOME, **headers}) == expected


def test_a_form_of_another_site_is_refused() -> None:
    headers = {**HOME, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert status("GET", "/", headers) == 200
    assert status("POST", "/v1/modules/x/events", {**headers, **JSON}) == 403


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (JSON, 200),
        ({"content-type": "Application/JSON; charset=utf-8", "content-length": "5"}, 200),
        ({}, 200),
        ({"content-length": "0"}, 200),
        ({"content-length": "5"}, 415),
        ({"transfer-encoding": "chunked"}, 415),
        ({"content-type": "text/plain", "content-length": "5"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "multipart/form-data; boundary=application/json"}, 415),
    ],
)
def test_what_changes_something_is_json(headers: dict[str, str], expected: int) -> None:
    assert status("POST", "/v1/modules/x/events", {**HOME, **headers}) == expected
    assert status("DELETE", "/v1/modules/x/faults", {**HOME, **headers}) == expected


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("Bearer s3cret", 200),
        ("bearer  s3cret ", 200),
        ("Bearer s3cre", 401),
        ("Bearer s3cret1", 401),
        ("Bearer s\xe9cret", 401),
        ("Bearer", 401),
        ("Basic s3cret", 401),
        ("s3cret", 401),
        ("", 401),
    ],
)
def test_the_token(authorization: str, expected: int) -> None:
    headers = {**HOME, **({"authorization": authorization} if authorization else {})}
    for path in ("/ready", "/metrics", "/v1/modules", "/openapi.json", "/v1/trace/stream"):
        assert status("GET", path, headers, token="s3cret") == expected


@pytest.mark.parametrize("path", ["/", "/static/page.js", "/docs/", "/docs/ftp.md", "/health"])
def test_the_page_asks_for_the_token_itself(path: str) -> None:
    assert status("GET", path, HOME, token="s3cret") == 200


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("x", False)]
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
