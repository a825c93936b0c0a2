"""The file store: what is in it, the room that it takes, what is open, and its form in the NV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onemo.at.reply import Cme, CommandError, ErrorCode
from onemo.modem.filestore import FileStore, store_of
from onemo.modem.filetable import FILES, StoreError
from onemo.modem.memory import Content, Memory
from onemo.modem.modem import Modem
from onemo.modem.openfile import OpenMode
from onemo.modem.slots import PROFILE

from tests.support.driver import Driver, model_named

MODEL = model_named("ML307R")
SECTION = MODEL.profile.table(FILES)


def store(size: int = SECTION.size, entries: int = SECTION.most_entries, kept: Mapping[int, Content] = {}) -> FileStore:
    memory = Memory(MODEL, PROFILE)
    memory.read_content = lambda number, length, path: kept.get(number)
    return FileStore(SECTION._replace(size=size, most_entries=entries), memory)


def again(files: FileStore) -> FileStore:
    """The store of the next process."""
    found = store(files.total, kept=files.contents())
    snapshot = files.snapshot()
    assert snapshot is None or found.restore(snapshot) == []
    return found


def refusal(call: Any, *arguments: Any) -> ErrorCode | None:
    with pytest.raises(CommandError) as refused:
        call(*arguments)
    return refused.value.code


PATHS = ("/a", "/b", "/d/a", "/d/e/f", "/d", "/a/x")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["put", "move", "delete", "write", "empty", "list"]), st.sampled_from(PATHS),
                          st.sampled_from(PATHS), st.integers(0, 9000)), max_size=25))  # fmt: skip
def test_it_holds_what_a_dictionary_would(steps: list[tuple[str, str, str, int]]) -> None:
    files, held = store(32768), dict[str, bytes]()
    for step, (act, path, other, size) in enumerate(steps):
        data = bytes((step,)) * size
        try:
            if act == "put":
                files.put(path, data)
                held.pop(path, None)
                held[path] = data
            elif act == "move":
                files.move(path, other)
                held[other] = held.pop(path)
            elif act == "delete":
                files.delete(path)
                del held[path]
            elif act == "write":
                opened = files.open(path, OpenMode.APPEND)
                held.setdefault(path, b"")
                try:
                    opened.write(data)
                    held[path] += data
                finally:
                    opened.close()
            elif act == "empty":
                files.delete_directory("/d")
                held = {name: content for name, content in held.items() if not name.startswith("/d/")}
        except CommandError:
            pass
        found = {name: bytes(files.content(name)) for name, size in files.entries() if size is not None}
        assert found == held
        assert list(found) == list(held) or act in ("write", "move"), "as they were made"
        assert files.used == sum(-(-len(content) // 4096) * 4096 for content in held.values())
        assert files.used + files.free == files.total
        assert all(files.is_directory(parent) for name in held for parent in ("/d",) if name.startswith("/d/"))
    copy = again(files)
    assert list(copy.entries()) == list(files.entries())
    assert copy.contents() == files.contents()


def test_what_is_written_is_seen_at_once_and_kept_when_it_is_closed() -> None:
    files = store()
    files.put("/a", b"old")
    opened = files.open("/a", OpenMode.READ_WRITE)
    assert (files.size("/a"), bytes(again(files).content("/a"))) == (0, b"")
    opened.write(b"new and more")
    assert (files.size("/a"), bytes(files.content("/a"))) == (12, b"new and more")
    assert bytes(again(files).content("/a")) == b""
    assert refusal(files.open, "/a", OpenMode.READ) is StoreError.ALREADY_OPEN
    opened.close()
    opened.close()
    assert opened.written is None, "the store alone holds it, until it is deleted"
    assert bytes(again(files).content("/a")) == b"new and more"
    assert refusal(opened.write, b"x") is StoreError.BAD_HANDLE
    assert refusal(opened.read, 1) is StoreError.BAD_HANDLE


def test_a_lost_supply_takes_back_what_was_not_closed() -> None:
    files = store()
    files.put("/a", b"old")
    opened = files.open("/a", OpenMode.APPEND)
    opened.write(b"new")
    files.begin_cycle()
    assert bytes(files.content("/a")) == b"old"
    assert opened.closed
    opened = files.open("/a", OpenMode.APPEND)
    opened.write(b"new")
    assert files.commit()
    assert not files.commit()
    files.begin_cycle()
    assert bytes(files.content("/a")) == b"oldnew"


def test_an_abandoned_file_is_as_it_was() -> None:
    files = store()
    files.put("/a", b"old")
    opened = files.open("/a", OpenMode.APPEND)
    opened.write(b"new")
    files.abandon(opened)
    files.abandon(opened)
    assert (bytes(files.content("/a")), files.is_open("/a")) == (b"old", False)


def test_reading_in_pieces() -> None:
    files = store()
    files.put("/a", b"0123456789")
    opened = files.open("/a", OpenMode.READ)
    assert [opened.read(4) for _ in range(4)] == [b"0123", b"4567", b"89", b""]
    assert refusal(opened.write, b"x") is StoreError.READ_ONLY
    assert refusal(opened.seek, 11) is Cme.INCORRECT_PARAMETERS
    assert refusal(files.open("/b", OpenMode.WRITE).read, 1) is StoreError.READ_FAILED


def test_room_is_in_blocks_and_a_write_is_whole_or_not_at_all() -> None:
    files = store(8192)
    opened = files.open("/a", OpenMode.WRITE)
    opened.write(b"x" * 4096)
    files.put("/b", b"y")
    assert (files.free, opened.room, files.room_of("/b"), files.room_of("/c")) == (0, 0, 4096, 0)
    assert refusal(opened.write, b"x") is StoreError.NO_SPACE
    assert refusal(files.put, "/c", b"x") is StoreError.NO_SPACE
    assert refusal(files.put, "/b", b"x" * 8193) is StoreError.TOO_LARGE
    files.put("/b", b"z" * 4096)
    opened.truncate(1)
    assert opened.room == 4095
    assert files.size("/a") == 1


def test_a_family_of_its_own_keeps_what_no_command_reaches() -> None:
    files = store(8192)
    files.put("package", b"x" * 5000)
    files.put("/a", b"")
    assert list(files.entries()) == [("/a", 0)]
    assert files.free == 0
    files.delete_directory("/")
    assert (list(files.entries()), files.size("package")) == ([], 5000)
    assert again(files).size("package") == 5000


def test_there_are_so_many_entries_and_no_more() -> None:
    files = store(entries=3)
    files.put("/d/a", b"")
    assert refusal(files.put, "/e/b", b"") is StoreError.NO_SPACE
    assert not files.is_directory("/e")
    files.put("/b", b"")
    files.put("/b", b"x")
    assert refusal(files.put, "/c", b"") is StoreError.NO_SPACE


def test_a_store_can_say_that_it_is_full() -> None:
    files = store()
    files.most_free = 0
    assert files.free == 0
    assert refusal(files.put, "/a", b"x") is StoreError.NO_SPACE
    files.most_free = None
    files.put("/a", b"x")


@pytest.mark.parametrize(
    "row",
    [
        1, {}, {"path": 1}, {"path": "/a", "size": 1}, {"path": "/a", "size": 1, "content": 0},
        {"path": "/a", "size": 0, "content": 1}, {"path": "/a", "size": -1, "content": -1}, {"path": "/../a"},
        {"path": "/a/"}, {"path": "a\nb", "x": 1}, {"path": "/a", "size": "1", "content": 1}, {"path": "/file/x"},
        {"path": "/file"}, {"path": "/" + "a" * 96, "size": 1, "content": 1}, {"path": "/\u0100"}, {"path": ""},
        {"path": "/file", "size": 1, "content": 1}, {"path": "/a", "size": 1, "content": 10**300},
        {"path": "/a", "size": 1 << 28, "content": 2},
    ],
)  # fmt: skip
def test_what_is_no_entry(row: object) -> None:
    files = store(kept={1: b"a"})
    assert files.restore([{"path": "/file", "size": 1, "content": 1}, row]) == ["1"]
    assert list(files.entries()) == [("/file", 1)]


def test_a_content_that_is_lost_takes_its_file_alone() -> None:
    files = store(kept={2: b"b"})
    rows = [{"path": f"/{name}", "size": 1, "content": number} for number, name in enumerate("abc", 1)]
    assert files.restore(rows) == []
    assert list(files.entries()) == [("/b", 1)]
    files.put("/d", b"d")
    assert sorted(files.contents()) == [2, 4], "a number is used once"


@pytest.mark.parametrize("entry", [{}, "x", 1, None])
def test_what_is_no_snapshot(entry: object) -> None:
    assert store().restore(entry) == [""]


def test_a_model_without_files_takes_none() -> None:
    stored = {"file_store": [{"path": "/a"}]}
    assert Modem(model_named("MN316")).restore(stored) == ["file_store"]
    assert Modem(model_named("ML305M")).restore(stored) == []
    assert Modem(MODEL).restore(stored) == []


def test_a_note_is_written_down_without_a_command() -> None:
    driver = Driver("ML305M").boot()
    files = store_of(driver.modem.keeping)
    opened = driver.modem.keeping.note(lambda: files.open("/etc/http_file/a", OpenMode.WRITE))
    opened.write(b"hello")
    driver.report(lambda: driver.modem.keeping.note(opened.close))
    assert not driver.modem.intents
    assert driver.modem.memory.snapshot()["file_store"] == [
        {"path": "/etc"}, {"path": "/etc/http_file"}, {"path": "/etc/http_file/a", "size": 5, "content": 1},
    ]  # fmt: skip
