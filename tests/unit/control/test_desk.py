"""Operations of the desk: what the control API and ctl make of one declaration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cyclopts import App
from onemo.cli import ctl_app
from onemo.cli.ctl_bulk import take
from onemo.cli.ctl_desk import command_of, usage_of
from onemo.control.api import Control, endpoint_of
from onemo.control.client import ControlError
from onemo.control.endpoints import ApiRequest, Refused
from onemo.control.openapi import document
from onemo.errors import FaultError, UsageError
from onemo.faults.kind import FaultKey, Type
from onemo.runtime.controls import ModuleControls
from onemo.runtime.desk import OPERATIONS
from onemo.runtime.desk.operation import DeskOperation, Values
from onemo.runtime.hosted import Hosted


class Note(NamedTuple):
    """A note that was pinned to a module."""

    module: str
    place: str
    text: str
    times: int


def _pin(controls: ModuleControls, values: Values) -> Note:
    if values["text"] == "late":
        raise UsageError("it is too late: come earlier")
    return Note(controls.power, values["place"], values["text"], values["times"])


PIN = DeskOperation(
    command="notes pin",
    about="Pin a note.",
    method="PUT",
    path="/notes/{place}",
    keys=(
        FaultKey("place", Type.TEXT, "Where.", required=True),
        FaultKey("text", Type.TEXT, "What it says.", required=True),
        FaultKey("times", Type.INTEGER, "How often.", 1, 1, 9),
    ),
    act=_pin,
    result=Note,
    example="notes pin door hello",
    arguments=("place", "text"),
    status=201,
)
PUT, GET = (operation for operation in OPERATIONS if operation.command in ("files put", "files get"))
LOOK = PIN._replace(command="look", method="GET", path="/notes", keys=PIN.keys[1:], arguments=())


Answer = Callable[[DeskOperation, ApiRequest], object]


@pytest.fixture
def answer() -> Iterator[Answer]:
    """Has the control of a module answer a request."""
    with Hosted() as hosted:
        hosted.start(name="a")
        control = Control(hosted.lab.modules)
        yield lambda operation, request: hosted.call(lambda: endpoint_of(operation).answer(control, request))


def _asked(path: dict[str, str], body: object, *, name: str = "a") -> ApiRequest:
    return ApiRequest({"name": name, **path}, {}, body, {})


def test_the_endpoint_acts_on_the_module(answer: Answer) -> None:
    endpoint = endpoint_of(PIN)
    assert (endpoint.method, endpoint.path, endpoint.status) == ("PUT", "/v1/modules/{name}/notes/{place}", 201)
    assert answer(PIN, _asked({"place": "door"}, {"text": "hi"})) == Note("ready", "door", "hi", 1)
    look = endpoint_of(LOOK)
    assert [parameter.name for parameter in look.query] == ["text", "times"]
    with pytest.raises(FaultError, match="place"):
        LOOK.read({"place": "door", "text": "hi"})


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 422, "notes pin: text is missing: What it says."),
        ({"text": "hi", "times": 10}, 422, "times=10 is out of range: a whole number from 1 to 9"),
        ({"text": 3}, 422, "text=3 is not a text"),
        ({"text": "hi", "time": 1}, 422, "it has no key 'time'; did you mean times"),
        ({"text": "late"}, 409, "it is too late: come earlier"),
        ([], 422, "the body is no object"),
    ],
)
def test_what_cannot_be_is_refused(answer: Answer, body: object, status: int, says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        answer(PIN, _asked({"place": "door"}, body))
    assert refused.value.status == status


def test_the_document_has_it() -> None:
    said = document([endpoint_of(PIN), endpoint_of(LOOK)])
    operation = said["paths"]["/v1/modules/{name}/notes/{place}"]["put"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["name", "place"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["text"]
    assert schema["properties"]["times"] == {
        "description": "How often.", "default": 1, "type": "integer", "minimum": 1, "maximum": 9,
    }  # fmt: skip
    query = said["paths"]["/v1/modules/{name}/notes"]["get"]["parameters"]
    assert [parameter["name"] for parameter in query] == ["name", "text", "times"]


class TestCtl:
    """The command of ctl."""

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
        calls: list[tuple[object, ...]] = []

        class Client:
            def __init__(self, *arguments: object) -> None: ...

            def __enter__(self) -> Client:
                return self

            def __exit__(self, *error: object) -> None: ...

            def only_module(self) -> str:
                return "only"

            def ask(self, *asked: object, **query: object) -> object:
                calls.append((*asked, *query.values()))
                return {"done": True}

        monkeypatch.setattr("onemo.cli.ctl.Client", Client)
        monkeypatch.setenv("ONEMO_CONTROL", "127.0.0.1:1")
        return calls

    @staticmethod
    def run(operation: DeskOperation, *words: str) -> object:
        app = App()
        app.command(command_of(operation, inspect.signature(ctl_app.modules, eval_str=True)))
        return app([operation.command.split()[-1], *words], exit_on_error=False, result_action="return_value")

    def test_words_and_options(self, asked: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(PIN, "--times", "2", "--", "my door", "-hello-") == 0
        assert self.run(PIN, "b/c", "door", "hi") == 0
        assert self.run(LOOK, "b", "--text", "hi") == 0
        assert asked == [
            ("PUT", "/v1/modules/only/notes/my%20door", {"text": "-hello-", "times": "2"}),
            ("PUT", "/v1/modules/b%2Fc/notes/door", {"text": "hi"}),
            ("GET", "/v1/modules/b/notes", {"text": "hi"}),
        ]
        assert capsys.readouterr().out.count('"done": true') == 3

    def test_what_is_wrong_is_told_before_anything_is_asked(self, asked: list[tuple[object, ...]]) -> None:
        with pytest.raises(UsageError, match="give PLACE TEXT; before it the name of the module"):
            self.run(PIN, "door")
        with pytest.raises(UsageError, match="times=x is not a whole number"):
            self.run(PIN, "door", "hi", "--times", "x")
        assert asked == []

    def test_bulk_goes_in_pieces(
        self, asked: list[tuple[object, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is one piece alone is base64 in the body; nothing at all is a piece, too."""
        (tmp_path / "data").write_bytes(b"abcde")
        monkeypatch.setattr("onemo.cli.ctl_bulk.PIECE", 3)
        assert self.run(PUT, "a", "/x", "--file", str(tmp_path / "data")) == 0
        (tmp_path / "data").write_bytes(b"")
        assert self.run(PUT, "a", "/x", "--file", str(tmp_path / "data")) == 0
        assert asked == [
            ("PUT", "/v1/modules/a/files", {"path": "/x", "offset": 0, "size": 5, "data": "YWJj"}),
            ("PUT", "/v1/modules/a/files", {"path": "/x", "offset": 3, "size": 5, "data": "ZGU="}),
            ("PUT", "/v1/modules/a/files", {"path": "/x", "offset": 0, "size": 0, "data": ""}),
        ]

    def test_bulk_that_changes_on_the_way(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        sizes = iter((4, 5))

        class Client:
            def ask(self, *asked: object, **query: object) -> object:
                return {"size": next(sizes), "data": "YWI="}

        with pytest.raises(ControlError, match="it has changed on the way: ask again"):
            take(Client(), GET, "/files", {}, str(tmp_path / "out"))  # type: ignore[arg-type]
        assert not (tmp_path / "out").exists()

    def test_a_group_of_commands(
        self, asked: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        app = App(name="ctl")
        monkeypatch.setattr(ctl_app, "_GROUPS", {"": app})
        command = command_of(PIN, inspect.signature(ctl_app.modules, eval_str=True))
        ctl_app._add(command, "notes", usage_of(PIN), PIN.example)
        app(["notes", "pin", "door", "hi"], exit_on_error=False, result_action="return_value")
        assert asked == [("PUT", "/v1/modules/only/notes/door", {"text": "hi"})]
        app(["notes", "--help"], exit_on_error=False, result_action="return_value")
        assert "ctl notes COMMAND" in capsys.readouterr().out

    def test_its_help(self) -> None:
        assert usage_of(PUT) == " [NAME] PATH"
        assert usage_of(PIN) == " [NAME] PLACE TEXT"
        assert usage_of(LOOK) == " [NAME] --text TEXT"
