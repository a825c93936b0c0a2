"""The control API keeps to its own document, whatever it is asked: schemathesis against a running emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks

from emulator.control.api import ENDPOINTS
from emulator.control.openapi import document
from emulator.faults.kinds import KINDS, Kind
from tests.e2e.started import AT_ONCE, Started

NAME = "meter"


def shortened() -> dict[str, Any]:
    """The document with a few kinds of faults and events: each takes the generator a second to think over. What is
    left out is tried with its example."""
    short = document(ENDPOINTS)
    for path in short["paths"].values():
        body = path.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if body is not None and "oneOf" in body:
            body["oneOf"] = body["oneOf"][:3]
    return short


SCHEMA = schemathesis.openapi.from_dict(shortened()).exclude(path_regex="stream$")
CHECKED = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The control of a lab of one."""
    arguments = ["ML307R", "--name", NAME, "--sandbox", "--control", "127.0.0.1:0", "--json", *AT_ONCE]
    with Started(arguments, tmp_path_factory.mktemp("schema") / "stderr") as started:
        url = str(json.loads(started.wait_ready().ready)["control"])
        yield url
        assert httpx.get(f"{url}/ready", trust_env=False).json() == {"ready": True, "modules": 1}


@SCHEMA.parametrize()
@settings(
    max_examples=15,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_the_document_says(case: schemathesis.Case[Any], url: str) -> None:
    if case.path_parameters and case.method != "DELETE":
        case.path_parameters["name"] = NAME
    answer = case.call(base_url=url)
    case.validate_response(answer, checks=list(CHECKED))


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_example_of_every_kind_is_taken(kind: Kind, url: str) -> None:
    with httpx.Client(base_url=f"{url}/v1/modules/{NAME}", trust_env=False) as client:
        armed = client.post("/faults", json={"fault": kind.example})
        assert (armed.status_code, [fault["kind"] for fault in armed.json()]) == (201, [kind.name])
        assert client.delete("/faults").status_code == 200
