"""The contents of files beside the NV: whole after whatever goes wrong, and nobody else's."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from unittest import mock

import pytest
from onemo.runtime.nvstore import Json, NvStore

from tests.unit.runtime.nv_parts import descriptors, names, store_at

Logged = pytest.LogCaptureFixture


def index(contents: Mapping[int, bytes]) -> dict[str, Json]:
    return {"file_store": [{"path": f"/{n}", "size": len(data), "content": n} for n, data in contents.items()]}


def save(store: NvStore, contents: Mapping[int, bytes]) -> bool:
    return store.save(index(contents), contents)


def kept(file: Path) -> dict[int, bytes | None]:
    """What the next process finds."""
    with store_at(file) as store:
        rows: object = store.load().get("file_store", [])
        assert isinstance(rows, list)
        return {row["content"]: store.contents.read(row["content"], row["size"], row["path"]) for row in rows}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "nv.json"


def test_they_lie_beside_the_file_under_their_numbers(file: Path) -> None:
    with store_at(file) as store:
        assert save(store, {})
        assert names(file.parent) == ["nv.json"]
        assert save(store, {1: b"one", 2: b"two"})
        assert names(file.parent) == ["nv.json", "nv.json.files"]
        folder = file.with_name("nv.json.files")
        assert (names(folder), (folder / "2").read_bytes()) == (["1", "2"], b"two")
        assert (folder.stat().st_mode & 0o777, (folder / "1").stat().st_mode & 0o777) == (0o700, 0o600)
        assert save(store, {2: b"two", 3: b"three"})
        assert names(folder) == ["2", "3"]
    assert kept(file) == {2: b"two", 3: b"three"}
    with store_at(file) as store:
        assert save(store, {})
        assert names(file.parent) == ["nv.json"], "an empty folder is none"


def test_in_a_directory_it_bears_the_name_of_the_module(tmp_path: Path) -> None:
    with store_at(f"{tmp_path}/", "my.meter") as store:
        assert save(store, {1: b"one"})
    assert names(tmp_path) == ["my.meter.files", "my.meter.json"]


def test_only_what_is_new_is_written(file: Path) -> None:
    with store_at(file) as store:
        assert save(store, {1: b"one"})
        with mock.patch("os.replace", side_effect=os.replace) as replaced:
            assert save(store, {1: b"one", 2: b"two"})
        assert [Path(call.args[1]).name for call in replaced.call_args_list] == ["2", "nv.json"]
    with store_at(file) as store:
        store.load()
        assert store.contents.read(1, 3, "/1") == b"one"
        with mock.patch("os.replace", side_effect=os.replace) as replaced:
            assert save(store, {1: b"one", 3: b"three"})
        assert [Path(call.args[1]).name for call in replaced.call_args_list] == ["3", "nv.json"]


class Dies(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["os.replace", "os.fsync", "os.unlink"])
@pytest.mark.parametrize("after", range(6))
def test_whenever_the_process_dies_the_old_or_the_new_is_whole(file: Path, step: str, after: int) -> None:
    old, new = {1: b"one", 2: b"two"}, {2: b"two", 3: b"three", 4: b"four"}
    with store_at(file) as store:
        assert save(store, old)
        count, real = 0, getattr(os, step.removeprefix("os."))

        def dies(*arguments: object, **keys: object) -> object:
            nonlocal count
            count += 1
            if count > after:
                raise Dies
            return real(*arguments, **keys)

        with mock.patch(step, dies):
            try:
                save(store, new)
            except Dies:
                pass
    assert kept(file) in (old, new)
    with store_at(file) as store:
        store.load()
        assert save(store, {5: b"five"})
        assert names(store.contents.directory) == ["5"], "nothing is left over"


@pytest.mark.parametrize("step", ["os.replace", "os.fsync", "os.mkdir"])
def test_a_host_that_refuses_is_told_and_nothing_changes(file: Path, step: str, caplog: Logged) -> None:
    before = descriptors()
    with store_at(file) as store:
        assert store.save({}) is True
        with mock.patch(step, side_effect=OSError(28, "No space left on device")):
            assert not save(store, {1: b"one"})
        assert "No space left on device" in caplog.text
        assert kept_beside(file) == []
        assert save(store, {1: b"one"})
    assert descriptors() == before
    assert kept(file) == {1: b"one"}


def kept_beside(file: Path) -> list[str]:
    folder = file.with_name(f"{file.name}.files")
    return names(folder) if folder.exists() else []


def shorten(folder: Path) -> None:
    (folder / "1").write_bytes(b"on")


def lengthen(folder: Path) -> None:
    (folder / "1").write_bytes(b"one!")


def link(folder: Path) -> None:
    (folder / "1").rename(folder.parent / "elsewhere")
    (folder / "1").symlink_to(folder.parent / "elsewhere")


def fifo(folder: Path) -> None:
    (folder / "1").unlink()
    os.mkfifo(folder / "1")


def vanish(folder: Path) -> None:
    (folder / "1").unlink()


@pytest.mark.parametrize("harm", [shorten, lengthen, link, fifo, vanish])
def test_a_content_that_is_lost_is_told(file: Path, harm: Callable[[Path], None], caplog: Logged) -> None:
    with store_at(file) as store:
        assert save(store, {1: b"one", 2: b"two"})
    harm(store.contents.directory)
    assert kept(file) == {1: None, 2: b"two"}
    assert "the content of /1" in caplog.text


def test_a_folder_that_is_a_link_is_not_used(file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "nv.json.files").symlink_to(tmp_path / "elsewhere")
    with store_at(file) as store:
        assert not save(store, {1: b"one"})
    assert names(tmp_path / "elsewhere") == []


def test_they_go_with_a_file_that_is_set_aside(file: Path) -> None:
    with store_at(file) as store:
        assert save(store, {1: b"one"})
    (file.parent / "nv.json.ML307R.files").mkdir()
    with store_at(file, model="ML307R") as store:
        assert store.load() == {}
    with store_at(file, model="ML307R") as store:
        assert save(store, {1: b"other"})
    assert kept_beside(file.with_name("nv.json.MN316")) == ["1"]
    file.write_text("{")
    with store_at(file, model="ML307R") as store:
        assert store.load() == {}
    assert names(file.parent) == [
        "nv.json.ML307R.files", "nv.json.MN316", "nv.json.MN316.files", "nv.json.damaged", "nv.json.damaged.files",
    ]  # fmt: skip


def test_what_an_old_file_left_is_not_taken_for_new(file: Path) -> None:
    """Somebody has deleted the file alone."""
    with store_at(file) as store:
        assert save(store, {1: b"old", 2: b"old"})
    file.unlink()
    with store_at(file) as store:
        assert store.load() == {}
        assert save(store, {1: b"new"})
        assert kept_beside(file) == ["1"]
    assert kept(file) == {1: b"new"}
