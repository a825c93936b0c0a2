"""The control API keeps to its own document, whatever it is asked: schemathesis against a running emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from onemo.control.api import ENDPOINTS
from onemo.control.download import TraceFile
from onemo.control.openapi import document
from onemo.control.stream import TraceStream
from onemo.faults.kind import FaultKind
from onemo.faults.kinds import KINDS

from tests.e2e.started import AT_ONCE, Started

if TYPE_CHECKING:
    from schemathesis import Case

NAME = "meter"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the control of a lab of one."""
    arguments = ["ML307R", "--name", NAME, "--sandbox", "--control", "127.0.0.1:0", "--json", *AT_ONCE]
    with Started(arguments, tmp_path_factory.mktemp("schema") / "stderr") as started:
        url = str(json.loads(started.wait_ready().ready)["control"])
        with httpx.Client(base_url=url, trust_env=False) as client:
            yield client
            assert client.get("/ready").json() == {"ready": True, "modules": 1}


def shortened() -> dict[str, Any]:
    """Return the document with a few kinds of faults and events: each takes the generator a second to think over.

    Those left out are tried with their examples.
    """
    short = document(ENDPOINTS)
    for path in short["paths"].values():
        body = path.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if body is not None and "oneOf" in body:
            body["oneOf"] = body["oneOf"][:3]
    return short


def test_every_answer_is_as_the_document_says(client: httpx.Client) -> None:
    import schemathesis  # it takes seconds, which are spent by the process that comes here, and not by all that collect
    from schemathesis import checks

    schema = schemathesis.openapi.from_dict(shortened())
    checked = [checks.not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
               checks.response_schema_conformance]  # fmt: skip
    asked = set()
    for endpoint in ENDPOINTS:
        if endpoint.result in (TraceStream, TraceFile):
            continue

        @settings(max_examples=10, derandomize=True, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
        @given(case=schema[endpoint.path][endpoint.method].as_strategy())
        def answers(case: Case[Any]) -> None:
            if case.path_parameters and case.method != "DELETE":
                case.path_parameters["name"] = NAME
            answer = case.call(base_url=str(client.base_url))
            case.validate_response(answer, checks=checked)
            asked.add((case.method, case.path))

        answers()
    assert len(asked) == len(ENDPOINTS) - 3


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_example_of_every_kind_is_taken(kind: FaultKind, client: httpx.Client) -> None:
    armed = client.post(f"/v1/modules/{NAME}/faults", json={"fault": kind.example})
    assert (armed.status_code, [fault["kind"] for fault in armed.json()]) == (201, [kind.name])
    assert client.delete(f"/v1/modules/{NAME}/faults").status_code == 200
