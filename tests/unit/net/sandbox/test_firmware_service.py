"""/firmware of the sandbox's web server: packages on the fly."""

from __future__ import annotations

import pytest
from onemo.net.firmware import read_header
from onemo.net.sandbox.web import WebRefusal, WebRequest, _firmware


def answer(path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    request = WebRequest("GET", "h", f"/firmware/{path}", headers, b"")
    response = _firmware(request, path.partition("?")[0])
    assert isinstance(response.body, bytes)
    return response.status, response.body, dict(response.headers)


def test_a_package() -> None:
    status, data, _ = answer("ML307R-DC/V2")
    header = read_header(data)
    assert (status, header.mini, header.target, header.source, header.revision) == (200, False, "ML307R-DC", "*", "V2")
    header.require_body(data[header.length :])
    _, data, _ = answer("ML307R-DL/V2?mini&size=2000&fail=apply@64")
    header = read_header(data)
    assert (header.mini, header.failure, len(data)) == (True, "apply@64", 2000)


def test_a_range() -> None:
    _, whole, _ = answer("M/V2")
    status, rest, headers = answer("M/V2", Range="bytes=20000-")
    assert (status, rest, headers["Content-Range"]) == (206, whole[20000:], "bytes 20000-49629/49630")


@pytest.mark.parametrize(
    "path", ["M", "M/", "/V", "M/V?more", "M/V?size=0", "M/V?size=9", "M/V?size=99999999999", "M/V?fail=x"]
)
def test_what_cannot_be(path: str) -> None:
    with pytest.raises(WebRefusal) as refused:
        answer(path)
    assert refused.value.response.status == 404


def test_a_range_behind_the_end() -> None:
    with pytest.raises(WebRefusal) as refused:
        answer("M/V", Range="bytes=49630-")
    assert refused.value.response.status == 416
