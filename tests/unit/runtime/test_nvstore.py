"""The NV file of a module: it is whole at every moment, and nobody else's."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onemo.errors import UsageError
from onemo.runtime.nvstore import Json

from tests.unit.runtime.nv_parts import OTHERS, SETTINGS, content, descriptors, names, store_at, stored

DYING = """
import os, sys
from onemo.runtime.nvstore import open_store
with open_store(sys.argv[1], "dut", "MN316") as store:
    setattr(os, sys.argv[2].removeprefix("os."), lambda *_: os._exit(9))
    store.save({"IPR": 9600})
"""


# What is kept


def test_a_module_starts_with_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert stored(file) == {}
    assert names(file.parent) == []
    assert not caplog.records


def test_what_was_saved_is_there_in_the_next_run(file: Path) -> None:
    with store_at(file) as store:
        assert store.save(OTHERS)
        assert store.save(SETTINGS)
    assert stored(file) == SETTINGS
    assert names(file.parent) == ["nv.json"]


def test_the_file_can_be_read_and_is_the_owners_only(file: Path) -> None:
    with store_at(file) as store:
        store.save({"b": True, "a": "日"})
    assert file.read_text() == (
        '{\n  "format": 1,\n  "model": "MN316",\n  "settings": {\n    "a": "\\u65e5",\n    "b": true\n  }\n}\n'
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_nothing_is_written_when_nothing_changed(file: Path) -> None:
    file.write_bytes(content(SETTINGS))  # as somebody edited it
    with store_at(file) as store:
        store.load()
        assert store.save(dict(reversed(SETTINGS.items())))
        assert file.read_bytes() == content(SETTINGS)
        assert store.save(OTHERS)
        inode = file.stat().st_ino
        assert store.save(OTHERS)
        assert file.stat().st_ino == inode
        assert store.save({"IPR": 9600.0})
        assert file.stat().st_ino != inode


def test_a_change_of_a_shared_value_is_noticed(file: Path) -> None:
    servers: list[Json] = ["1.1.1.1"]
    with store_at(file) as store:
        store.save({"servers": servers})
        servers.append("8.8.8.8")
        store.save({"servers": servers})
        assert store.load() == {"servers": ["1.1.1.1", "8.8.8.8"]}


def test_an_empty_file_is_a_new_one(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.touch()
    with store_at(file) as store:
        assert store.load() == {}
        assert store.save({})
    assert json.loads(file.read_bytes())["settings"] == {}
    assert not caplog.records


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1, 2}])
def test_what_json_does_not_have_is_a_bug_and_leaves_the_file(file: Path, value: Json) -> None:
    with store_at(file) as store:
        store.save(SETTINGS)
        with pytest.raises((ValueError, TypeError)):
            store.save({"a": value})
        assert store.load() == SETTINGS
    assert names(file.parent) == ["nv.json"]


json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(settings=st.dictionaries(st.text(), json_values, max_size=5), model=st.text())
def test_any_settings_come_back_as_they_were(settings: dict[str, Json], model: str) -> None:
    with tempfile.TemporaryDirectory() as directory, mock.patch("os.fsync"):
        file = Path(directory, "nv.json")
        with store_at(file, model=model) as store:
            assert store.save(settings)
            assert repr(store.load()) == repr(in_order(settings))


def in_order(value: Json) -> Json:
    """Return a value as JSON with its keys sorted brings it back; repr tells 1 from 1.0 and True."""
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value)}
    return [in_order(item) for item in value] if isinstance(value, list) else value


# A file that cannot be used


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"{", "Expecting property name"),
        (b'{"format": 1, "model": "\xff', "can't decode"),
        (b'{"format":' + b"[" * 100_000, "recursion"),
        (b'{\n  "format": ' + b"9" * 5000, "4300 digits"),
        (bytes(4096), "Expecting value"),
        (b'{"format": 1, "model": "MN316"}', 'not an object with the "format"'),
        (b'{"format": 1, "model": "MN316", "settings": []}', 'not an object with the "format"'),
        (b'{"format": 1, "model": 316, "settings": {}}', 'not an object with the "format"'),
        (b'{"format": true, "model": "MN316", "settings": {}}', 'not an object with the "format"'),
        (content(SETTINGS, number=2), "its format is 2, this emulator has 1"),
        (b'{"format": 1, "model": "MN316", "settings": {"a": NaN}}', "not JSON compliant"),
        (b'{"format": 1, "model": "MN316", "settings": {"a": 1e999}}', "not JSON compliant"),
        (content(SETTINGS)[:-9], "Expecting"),
    ],
)
def test_a_damaged_file_is_set_aside(file: Path, data: bytes, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    file.write_bytes(data)
    with store_at(file) as store:
        assert store.load() == {}
        assert not file.exists()
        assert store.save({})
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith(f"{file} is damaged (")
    assert fault in record.getMessage()
    assert record.getMessage().endswith(f") and is kept as {file}.damaged; the module starts without stored settings")
    assert (file.parent / "nv.json.damaged").read_bytes() == data
    assert names(file.parent) == ["nv.json", "nv.json.damaged"]


@pytest.mark.parametrize("data", [b"[]", b"{}", b'{"name": "a package"}', b"9" * 5000, b"\xff\xfe", b"[" * 100_000])
def test_a_file_of_somebody_else_is_refused_and_left(file: Path, data: bytes) -> None:
    target = file.with_name("target")
    target.write_bytes(data)
    file.symlink_to(target)
    with (
        store_at(file) as store,
        pytest.raises(UsageError, match="target is no file of a module's settings"),
    ):
        store.load()
    assert target.read_bytes() == data
    assert names(file.parent) == ["nv.json", "target"]


def test_a_file_that_is_far_too_long_is_refused_unread(file: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate(1_500_000_000)
    with store_at(file) as store, pytest.raises(UsageError, match="settings: it is longer than 16 MiB: choose another"):
        store.load()
    assert names(file.parent) == ["nv.json"]


def test_no_damaged_file_takes_the_place_of_another(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    Path(f"{file}.damaged").symlink_to("nowhere")
    for number in (2, 3, 4):
        file.write_bytes(bytes(number))
        assert stored(file) == {}
        assert f"is kept as {file}.damaged-{number};" in caplog.records[-1].getMessage()
        assert Path(f"{file}.damaged-{number}").read_bytes() == bytes(number)


@pytest.mark.parametrize(
    ("model", "suffix"),
    [("ML307R", "ML307R"), ("ML307A-GSLN", "ML307A-GSLN"), ("../x", "other-model"), ("", "other-model")],
)
def test_the_file_of_another_model_is_set_aside_under_its_name(
    file: Path, model: str, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_bytes(content(SETTINGS, model))
    with store_at(file) as store:
        assert store.load() == {}
        assert store.save(OTHERS)
    assert caplog.messages == [
        f"{file} belongs to a module of model {model!r}, not 'MN316' and is kept as {file}.{suffix};"
        " the module starts without stored settings"
    ]
    assert stored(Path(f"{file}.{suffix}"), model) == SETTINGS


def test_what_cannot_be_set_aside_is_never_overwritten(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.write_bytes(b"{")
    with store_at(file) as store:
        with mock.patch("os.rename", side_effect=OSError(errno.EPERM, "Operation not permitted")):
            assert store.load() == {}
            assert not store.save(SETTINGS)
        assert "cannot be set aside (Operation not permitted); nothing is saved while it is there" in caplog.text
        assert file.read_bytes() == b"{"
        assert store.save(SETTINGS)
        assert Path(f"{file}.damaged").read_bytes() == b"{"
        assert store.load() == SETTINGS


def test_a_damaged_file_that_somebody_removes_is_not_missed(file: Path) -> None:
    file.write_bytes(b"{")
    with store_at(file) as store:
        with mock.patch("os.rename", side_effect=OSError(errno.EPERM, "Operation not permitted")):
            store.load()
        file.unlink()
        assert store.save(SETTINGS)
    assert names(file.parent) == ["nv.json"]


def test_a_file_that_cannot_be_read_any_more_is_set_aside(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with store_at(file) as store:
        file.mkdir()
        assert store.load() == {}
        assert store.save(SETTINGS)
    assert f"{file} cannot be read (Is a directory) and is kept as {file}.damaged" in caplog.text


@given(data=st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
@example(b"\xef\xbb\xbf{}")
@example(b'{"format": 1, "model": "MN316", "settings": {"\\ud800": "\\udfff"}}')
@example(b'{"format": 1, "model": "\\ud800\\u001b[2J", "settings": {}}')
def test_no_bytes_in_the_file_stop_the_start(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory, mock.patch("os.fsync"):
        file = Path(directory, "nv.json")
        file.write_bytes(data)
        with store_at(file) as store:
            try:
                settings = store.load()
            except UsageError:
                assert file.read_bytes() == data
                return
            assert store.save({**settings, "IPR": 9600})
            assert store.load() == {**settings, "IPR": 9600}
        kept = [entry.read_bytes() for entry in Path(directory).iterdir() if entry != file]
        assert settings or not data or kept == [data]


# The host refuses


def disk_full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


class FullFile:
    """An open file on a full disk."""

    def __init__(self, descriptor: int, mode: str) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> FullFile:
        return self

    def __exit__(self, *exc_info: object) -> None:
        os.close(self._descriptor)

    write = disk_full


def fails_for(wanted: Callable[[str | int], bool], real: Callable[..., int | None]) -> Callable[..., int | None]:
    def call(first: str | int, *rest: object, **named: object) -> int | None:
        if wanted(first):
            disk_full()
        return real(first, *rest, **named)

    return call


def is_directory(place: str | int) -> bool:
    return os.path.isdir(place)


def is_no_directory(place: str | int) -> bool:
    return not os.path.isdir(place)


STEPS = {
    "open the directory": ("os.open", fails_for(is_directory, os.open)),
    "make the new file": ("os.open", fails_for(is_no_directory, os.open)),
    "write it": ("builtins.open", FullFile),
    "synchronize it": ("os.fsync", fails_for(is_no_directory, os.fsync)),
    "rename it": ("os.replace", disk_full),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_leaves_the_old_file(file: Path, step: str, caplog: pytest.LogCaptureFixture) -> None:
    with store_at(file) as store:
        store.save(SETTINGS)
        before = descriptors()
        with mock.patch(*STEPS[step]):
            assert not store.save(OTHERS)
            assert not store.save(OTHERS)
        assert descriptors() == before
        assert names(file.parent) == ["nv.json"]
        assert store.load() == SETTINGS
        assert caplog.messages == [
            f"cannot save the settings in {file}: No space left on device; the module goes on without"
        ]
        assert store.save(OTHERS)
        assert store.load() == OTHERS


@pytest.mark.parametrize("last", [SETTINGS, OTHERS])
def test_a_rename_that_may_not_last_is_told_and_tried_again(
    file: Path, last: dict[str, Json], caplog: pytest.LogCaptureFixture
) -> None:
    with store_at(file) as store:
        store.save(SETTINGS)
        with mock.patch("os.fsync", fails_for(is_directory, os.fsync)):
            assert not store.save(OTHERS)
        assert len(caplog.messages) == 1
        assert names(file.parent) == ["nv.json"]
        assert store.save(last)
        assert store.load() == last


def test_a_file_system_that_cannot_synchronize_directories_will_do(file: Path) -> None:
    def fsync(descriptor: int) -> None:
        if os.path.isdir(descriptor):
            raise OSError(errno.EINVAL, "Invalid argument")

    with store_at(file) as store, mock.patch("os.fsync", fsync):
        assert store.save(SETTINGS)


@pytest.mark.parametrize("step", STEPS)
def test_an_interrupted_save_leaves_nothing_behind(file: Path, step: str) -> None:
    with store_at(file) as store:
        store.save(SETTINGS)
        with mock.patch(STEPS[step][0], side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
            store.save(OTHERS)
        assert store.load() == SETTINGS
    assert names(file.parent) == ["nv.json"]


@pytest.mark.parametrize("step", ["os.fsync", "os.replace"])
def test_an_emulator_that_dies_while_it_saves_leaves_the_old_file(file: Path, step: str) -> None:
    with store_at(file) as store:
        store.save(SETTINGS)
    assert subprocess.run([sys.executable, "-c", DYING, str(file), step], timeout=30, check=False).returncode == 9
    assert len(names(file.parent)) == 2
    with store_at(file) as store:
        assert names(file.parent) == ["nv.json"]
        assert store.load() == SETTINGS


def test_each_reason_is_told_once_until_it_works_again(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with store_at(file) as store:
        for _ in range(2):
            for code in (errno.ENOSPC, errno.EIO, errno.ENOSPC, errno.EIO):
                with mock.patch("os.replace", side_effect=OSError(code, os.strerror(code))):
                    assert not store.save(SETTINGS)
            assert store.save(SETTINGS)
            assert store.save(OTHERS)
    assert [message.split(": ")[1].split(";")[0] for message in caplog.messages] == [
        "No space left on device",
        "Input/output error",
    ] * 2


def test_a_directory_that_goes_away_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with store_at(f"{tmp_path}/nv/") as store:
        assert store.save(SETTINGS)
        store.file.unlink()
        store.file.parent.rmdir()
        assert not store.save(OTHERS)
    assert "No such file or directory" in caplog.text


def test_importing_it_imports_nothing_that_a_module_without_it_does_not_need() -> None:
    command = (
        "import sys, onemo.runtime.nvstore as n;"
        "print({'json', 'tempfile', 'socket', 'hashlib', 'trio', 'onemo.link'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "set()\n"
