"""The place of the NV file of a module: where it can be, where it cannot, and whose it is."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from onemo.link.pty import open_pty

from tests.unit.runtime.nv_parts import OTHERS, SETTINGS, content, descriptors, names, refusal, store_at, stored

EMULATOR = """
import signal, sys
from onemo.runtime.nvstore import open_store
with open_store(sys.argv[1], "dut", "MN316") as store:
    store.save({"IPR": 9600})
    print(store.file, flush=True)
    signal.pause()
"""


@contextmanager
def another_emulator(file: Path) -> Iterator[subprocess.Popen[str]]:
    """A process of its own, which has the file and has saved in it."""
    with subprocess.Popen([sys.executable, "-c", EMULATOR, str(file)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().strip() == str(file)
            yield process
        finally:
            process.kill()


# Where the file is


@pytest.mark.parametrize("form", ["{}", "{}/", "{}/."])
def test_in_a_directory_each_module_has_a_file_by_its_name(tmp_path: Path, form: str) -> None:
    path = form.format(tmp_path)
    with store_at(path, "left") as left, store_at(path, "right") as right:
        left.save(SETTINGS)
        right.save(OTHERS)
        assert (left.file, right.file) == (tmp_path / "left.json", tmp_path / "right.json")
        assert left.load() == SETTINGS
    assert names(tmp_path) == ["left.json", "right.json"]


def test_a_directory_is_made_when_the_path_says_so(tmp_path: Path) -> None:
    with store_at(f"{tmp_path}/nv/") as store:
        assert store.file == tmp_path / "nv" / "dut.json"
    with store_at(f"{tmp_path}/nv") as store:
        assert store.file == tmp_path / "nv" / "dut.json"


def test_its_parents_are_not_made(tmp_path: Path) -> None:
    assert "No such file or directory: choose a file in a directory that exists" in refusal(f"{tmp_path}/a/b/")
    assert names(tmp_path) == []


def test_a_relative_path_is_meant_from_where_the_emulator_started(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    with store_at(Path(file.name)) as store:
        monkeypatch.chdir("/")
        assert store.save(SETTINGS)
        assert store.file == file
        assert store.load() == SETTINGS


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path, exists: bool) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    target, link = tmp_path / "there" / "nv.json", tmp_path / "here" / "link"
    if exists:
        target.write_bytes(content(SETTINGS))
    link.symlink_to("../there/nv.json")
    with store_at(link) as store:
        assert store.load() == (SETTINGS if exists else {})
        assert store.save(OTHERS)
        assert refusal(target) == refusal(link)
    assert os.readlink(link) == "../there/nv.json"
    assert not target.is_symlink()
    assert stored(target) == OTHERS
    assert (names(link.parent), names(target.parent)) == (["link"], ["nv.json"])


# Where it cannot be


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("nowhere/nv.json", "No such file or directory"),
        ("nowhere/../nv.json", "No such file or directory"),
        ("nowhere/nv/", "No such file or directory"),
        ("file/nv.json", "Not a directory"),
        ("file/", "Not a directory"),
        ("loop", "Too many levels of symbolic links"),
        ("dangling", "No such file or directory"),
        ("m" * 300, "File name too long"),
        ("nul\0", "embedded null byte"),
        ("\ud800", "surrogates not allowed"),
    ],
)
def test_a_place_where_no_file_can_be_says_why(tmp_path: Path, path: str, reason: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere/nv.json")
    message = refusal(os.path.join(tmp_path, path))
    assert message.startswith(f"cannot keep the settings in {tmp_path}/")
    assert reason in message
    assert message.endswith(": choose a file in a directory that exists and that you may write to")
    assert names(tmp_path) == ["dangling", "file", "loop"]


@pytest.mark.parametrize("name", ["", "a/b", "../dut"])
def test_a_name_that_is_no_file_name_says_so(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, name) == (
        f"a module named {name!r} can have no file in {tmp_path}: choose a name without /"
    )


@pytest.mark.parametrize(
    ("make", "what"),
    [(os.mkdir, "a directory"), (os.mkfifo, "no regular file"), (lambda path: path.symlink_to("/dev/null"), "no r")],
)
def test_only_a_regular_file_will_do(tmp_path: Path, make: Callable[[Path], None], what: str) -> None:
    make(tmp_path / "dut.json")
    assert f"it is {what}" in refusal(tmp_path)
    assert names(tmp_path) == ["dut.json"]


def test_a_host_that_lets_no_file_be_made_says_why() -> None:
    # Nobody makes files there, not even root.
    assert "cannot keep the settings in /proc/nv.json: " in refusal("/proc/nv.json")


@pytest.mark.parametrize("mode", [0o500, 0o300])
def test_a_directory_without_permission_says_so(tmp_path: Path, mode: int) -> None:
    (tmp_path / "nv").mkdir(mode)
    if os.access(tmp_path / "nv", os.R_OK | os.W_OK):
        pytest.skip("root may write everywhere")
    assert "Permission denied: choose a file in a directory" in refusal(tmp_path / "nv")


@pytest.mark.parametrize("mode", [0o400, 0o200])
def test_a_file_without_permission_says_so_and_is_kept(file: Path, mode: int) -> None:
    file.touch(mode)
    if os.access(file, os.R_OK | os.W_OK):
        pytest.skip("root may read and write every file")
    assert "Permission denied: choose a file in a directory" in refusal(file)
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_file_that_may_not_be_written_is_refused(file: Path) -> None:
    file.write_bytes(content(SETTINGS))
    denied = PermissionError(errno.EACCES, "Permission denied")
    with mock.patch("os.open", side_effect=denied):
        assert refusal(file) == (
            f"cannot keep the settings in {file}: Permission denied:"
            " choose a file in a directory that exists and that you may write to"
        )
    assert stored(file) == SETTINGS


# Whose it is


def test_the_file_of_a_running_emulator_is_refused(file: Path) -> None:
    with another_emulator(file) as process:
        assert refusal(file) == f"{file} belongs to a running emulator: stop that one or choose another file"
        process.kill()
        process.wait()
        assert stored(file) == {"IPR": 9600}


def test_no_two_modules_of_one_emulator_share_a_file(tmp_path: Path) -> None:
    (tmp_path / "detour").symlink_to(tmp_path)
    with store_at(tmp_path, "dut"):
        for path in (tmp_path, tmp_path / "dut.json", tmp_path / "detour" / "dut.json"):
            assert "dut.json belongs to a running emulator: stop that one" in refusal(path)


def test_the_link_to_a_port_is_no_file(file: Path) -> None:
    with open_pty(file):
        assert "it is no regular file: choose another file" in refusal(file)


def test_a_closed_file_is_free_at_once(file: Path) -> None:
    before = descriptors()
    for _ in range(3):
        with store_at(file) as store:
            store.save(SETTINGS)
        store.close()
    assert descriptors() == before
