"""The files of a module from outside: ``onemo.files``, and the operations of the desk."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from onemo.errors import FaultError, UsageError
from onemo.runtime.desk import OPERATIONS
from onemo.runtime.desk.bulk import FilePiece
from onemo.runtime.desk.files import FileStoreInfo, StoredFileInfo
from onemo.runtime.desk.operation import PIECE
from onemo.runtime.hosted import Hosted, HostedModule

from tests.unit.runtime.test_hosted import ask

BY_NAME = {operation.command: operation for operation in OPERATIONS}


@pytest.fixture
def onemo() -> Iterator[HostedModule]:
    with Hosted() as hosted:
        yield hosted.start(name="a")


def act(module: HostedModule, command: str, **keys: object) -> object:
    operation = BY_NAME[command]
    return operation.act(module, operation.read(keys))


def put(module: HostedModule, path: str, data: bytes, *, offset: int = 0, size: int | None = None) -> object:
    size = len(data) if size is None else size
    return act(module, "files put", path=path, offset=offset, size=size, data=b64encode(data).decode())


def test_they_are_a_mapping(onemo: HostedModule) -> None:
    files = onemo.files
    assert (list(files), len(files), files.free) == ([], 0, 393216)
    files["/usr/a.txt"] = b"hello"
    files["b"] = b""
    assert ask(onemo, '+MFGET="/usr/a.txt"')[1:] == ["+MFGET: 5,hello", "OK"]
    assert dict(files) == {"/usr/a.txt": b"hello", "/b": b""}
    assert files["usr/a.txt"] == b"hello"
    assert "/b" in files
    assert "/c" not in files
    assert "/usr" not in files
    del files["/b"]
    with pytest.raises(KeyError):
        del files["/b"]
    with pytest.raises(KeyError):
        files["/b"]
    del files["/usr/"]
    assert repr(files) == "<files >"
    assert files.free == 393216


def test_what_cannot_be_is_told(onemo: HostedModule) -> None:
    files = onemo.files
    for path, content, says in (
        ("/../a", b"x", "is no path of a file here: write it like /usr/a.txt, with at most 96 bytes"),
        ("/a/", b"x", "is no path of a file here"),
        ("/\u0100", b"x", "is no path of a file here"),
        ("/a", b"x" * 393217, "it is larger than the store, which has 393216 bytes"),
        ("/d", b"x", "a directory has that name"),
        ("/a", "text", "str is no content: give bytes"),
    ):
        files["/d/x"] = b""
        with pytest.raises(UsageError, match=says):
            files[path] = content  # type: ignore[assignment]
    files["/big"] = b"x" * 389120
    files["/small"] = b"x"
    with pytest.raises(UsageError, match="for 0 of 393216 bytes are free"):
        files["/a"] = b"x"
    ask(onemo, '+MFOPEN="/small",0')
    with pytest.raises(UsageError, match="the module has it open"):
        files["/small"] = b"y"
    with pytest.raises(UsageError, match="a file in it is open"):
        del files["/"]


def test_a_file_comes_in_pieces_and_is_there_with_the_last(onemo: HostedModule) -> None:
    onemo.files["/a"] = b"old"
    data = bytes(range(256)) * 300
    for offset in range(0, len(data), PIECE):
        put(onemo, "/a", data[offset : offset + PIECE], offset=offset, size=len(data))
    assert onemo.files["/a"] == data
    assert act(onemo, "files list") == FileStoreInfo(393216, 393216 - 77824, [StoredFileInfo("/a", 76800, False)])
    piece = act(onemo, "files get", path="/a", offset=76799)
    assert piece == FilePiece("/a", 76800, 76799, b64encode(b"\xff").decode())
    got = act(onemo, "files get", path="/a")
    assert isinstance(got, FilePiece)
    assert (got.size, got.offset, len(got.data)) == (76800, 0, -(-PIECE // 3) * 4)


def test_pieces_that_do_not_fit_together(onemo: HostedModule) -> None:
    onemo.files["/a"] = b"old"
    with pytest.raises(UsageError, match="begin again with offset=0"):
        put(onemo, "/a", b"x", offset=3, size=4)
    assert put(onemo, "/a", b"ab", size=4) == StoredFileInfo("/a", 2, True)
    with pytest.raises(UsageError, match="begin again with offset=0"):
        put(onemo, "/a", b"d", offset=3, size=4)
    assert put(onemo, "/a", b"AB", size=4) == StoredFileInfo("/a", 2, True), "it begins again"
    assert put(onemo, "/a", b"CD", offset=2, size=4) == StoredFileInfo("/a", 4, False)
    assert onemo.files["/a"] == b"ABCD"
    with pytest.raises(UsageError, match="begin again with offset=0"):
        put(onemo, "/a", b"CD", offset=2, size=4)
    with pytest.raises(FaultError, match="it is the bytes of the whole file"):
        put(onemo, "/a", b"abc", size=2)
    with pytest.raises(FaultError, match="it is the bytes of the whole file"):
        put(onemo, "/a", b"", size=2)
    with pytest.raises(FaultError, match="data is no base64"):
        act(onemo, "files put", path="/a", size=1, data="%")
    with pytest.raises(UsageError, match="there is no such file: list them"):
        act(onemo, "files get", path="/none")


def test_a_put_that_never_ends_leaves_the_old_file(onemo: HostedModule) -> None:
    onemo.files["/a"] = b"old"
    put(onemo, "/a", b"x", size=2)
    onemo.power_off()
    onemo.power_on()
    assert onemo.files["/a"] == b"old"
    put(onemo, "/a", b"x", size=2)
    ask(onemo, "+MREBOOT", "READY")
    assert onemo.files["/a"] == b"old"


def test_a_put_that_never_ends_is_over_when_its_file_is_deleted(onemo: HostedModule) -> None:
    for path, deleted in (("/d/a", "/d/a"), ("/d/a", "/d/"), ("/d/a", "/"), ("/new", "/new"), ("/new", "/")):
        onemo.files["/d/a"] = b"old"
        put(onemo, path, b"x", size=2)
        act(onemo, "files delete", path=deleted)
        assert path not in onemo.files
        with pytest.raises(UsageError, match="begin again with offset=0"):
            put(onemo, path, b"y", offset=1, size=2)
    put(onemo, "/a", b"x", size=2)
    ask(onemo, '+MFOPEN="/b",1', "OK")
    for path in ("/", "/b"):
        with pytest.raises(UsageError, match=r"is open|has it open"):
            act(onemo, "files delete", path=path)
    put(onemo, "/a", b"y", offset=1, size=2)
    assert onemo.files["/a"] == b"xy", "a delete that was refused ends nothing"


def test_models_with_other_stores() -> None:
    with Hosted() as hosted:
        assert hosted.start("ML307A").files.free == 1048576
        assert hosted.start("ML307R", file_store=8192, speed=10).files.free == 8192
        downloads = hosted.start("ML305M").files
        downloads["/etc/http_file/a"] = b"a"
        assert list(downloads) == ["/etc/http_file/a"]
        with pytest.raises(UsageError, match="MN316 has no file store"):
            list(hosted.start("MN316").files)
        with pytest.raises(UsageError, match="file_store=-1: give bytes from 0 to 268435456"):
            hosted.start(file_store=-1)


def test_they_outlive_the_module(tmp_path: Path) -> None:
    with Hosted() as hosted:
        for content in (b"first", b"second"):
            module = hosted.start(name="a", nv=f"{tmp_path}/")
            module.files["/a"] = content + module.files.get("/a", b"")
            module.stop()
        assert hosted.start(name="a", nv=f"{tmp_path}/").files["/a"] == b"secondfirst"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.files", "a.json"]
