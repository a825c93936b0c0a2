"""--ready-file: there while the module is ready, fresh while it is not hung, and nobody else's."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from onemo.cli.ready import PERIOD, ready_file
from onemo.errors import UsageError
from trio.testing import MockClock

from tests.unit.cli.conftest import ROOT, Typed, started

LINE = '{"model": "ML307R"}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ready"


async def test_it_is_there_while_ready(path: Path) -> None:
    path.write_text("of a process that died")
    with ready_file(path) as file:
        assert not path.exists()
        async with trio.open_nursery() as nursery:
            file.tell(LINE, nursery)
            assert path.read_text() == LINE + "\n"
            nursery.cancel_scope.cancel()
        assert list(path.parent.iterdir()) == [path]
    assert list(path.parent.iterdir()) == []


async def test_it_stays_fresh(path: Path, autojump_clock: MockClock) -> None:
    with ready_file(path) as file:
        async with trio.open_nursery() as nursery:
            file.tell(LINE, nursery)
            for _ in range(2):
                os.utime(path, (0, 0))
                await trio.sleep(1.1 * PERIOD)
                assert path.stat().st_mtime > 0
            path.unlink()  # whoever did that wants it gone
            await trio.sleep(2 * PERIOD)
            assert not path.exists()
            nursery.cancel_scope.cancel()


def test_a_file_that_hangs_is_told_from_a_fresh_one() -> None:
    script = (ROOT / "scripts/container/healthy").read_text()
    assert f"every {PERIOD:g} seconds" in script
    assert f"'-{3 * PERIOD:g} seconds'" in script


def directory(path: Path) -> None:
    path.mkdir()


def link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


@pytest.mark.parametrize("put", [directory, link])
def test_what_is_no_file_stays(path: Path, put: Callable[[Path], None]) -> None:
    put(path)
    with pytest.raises(UsageError, match="something else than a file is there; choose another path"), ready_file(path):
        pass
    assert path.is_symlink() or path.is_dir()


def test_without_a_directory(path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory; name a file in a dir"), ready_file(path / "x"):
        pass


def test_one_emulator_has_a_path(path: Path) -> None:
    with ready_file(path):
        with pytest.raises(UsageError, match="belongs to a running emulator"), ready_file(path):
            pass
        path.write_text("not touched by the second")
    assert not path.exists()


async def test_what_cannot_be_written_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with ready_file(path) as file:
        async with trio.open_nursery() as nursery:
            with pytest.raises(UsageError, match=f"--ready-file {path}: No space left on device; name a file"):
                file.tell(LINE, nursery)
    assert list(path.parent.iterdir()) == []


def test_run_says_the_ready_line_there(path: Path) -> None:
    with started("run", "MN316", "--name", "a", "--boot-time", "0", "--ready-file", str(path)) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        told = json.loads(path.read_text())
        assert line == f"MN316 ready on {told['port']}\n"
        assert told == {"name": "a", "model": "MN316", "port": told["port"], "link": None}
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert not path.exists()


def test_the_environment_names_it_too(typed: Typed, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEMO_READY_FILE", str(path / "x"))
    path.write_text("")
    assert typed("run").err == (
        f"onemo-emulator: --ready-file {path}/x: Not a directory; name a file in a directory that can be written\n"
    )
