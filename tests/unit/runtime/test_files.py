"""Files that are written: the owner's alone, and no link is followed to another."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from onemo.cli.ready import ready_file
from onemo.cli.sandbox_ca import export
from onemo.errors import LinkError, UsageError
from onemo.runtime.files import create_own, open_own, write_own
from onemo.runtime.trace import trace_file


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.lstat().st_mode)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    file = tmp_path / "victim"
    file.write_text("precious")
    file.chmod(0o644)
    return file


@pytest.mark.parametrize("there", [False, True])
def test_a_trace_is_its_owners_alone(tmp_path: Path, there: bool) -> None:
    file = tmp_path / "trace"
    if there:
        file.write_text("of before")
        file.chmod(0o644)
    with trace_file(file) as trace:
        trace.line(">", b"AT+CPIN=1234\r")
    assert mode_of(file) == 0o600
    assert "of before" not in file.read_text()


def test_a_trace_that_is_emptied_begins_anew(tmp_path: Path) -> None:
    """As logrotate's copytruncate does it: there is no gap of zeros where the old lines were."""
    file = tmp_path / "trace"
    with trace_file(file) as trace:
        trace.line(">", b"AT+CSQ\r")
        os.truncate(file, 0)
        trace.line(">", b"AT\r")
    assert file.read_text().startswith('{"time"')
    assert file.read_text().count("\n") == 1


def test_a_trace_cuts_nothing_behind_a_link(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "trace").symlink_to(victim)
    with pytest.raises(LinkError, match=r"it is a symbolic link; name a file"), trace_file(tmp_path / "trace"):
        pass
    assert (victim.read_text(), mode_of(victim)) == ("precious", 0o644)


def test_a_trace_to_a_descriptor_is_what_was_opened(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as file:
        file.write("ready\n")
        file.flush()
        with trace_file(Path(f"/dev/fd/{file.fileno()}")) as trace:
            trace.line(">", b"AT\r")
    assert (tmp_path / "out").read_text().startswith('ready\n{"time"')


async def test_a_ready_file_follows_no_planted_draft(tmp_path: Path, victim: Path) -> None:
    import trio

    draft = tmp_path / f".ready.{os.getpid()}"
    draft.symlink_to(victim)
    async with trio.open_nursery() as nursery:
        with ready_file(tmp_path / "ready") as file:
            file.tell("ready", nursery)
            assert (tmp_path / "ready").read_text() == "ready\n"
            assert mode_of(tmp_path / "ready") == 0o600
            nursery.cancel_scope.cancel()
    assert victim.read_text() == "precious"


def test_the_sandbox_ca_follows_no_link(tmp_path: Path, victim: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    (tmp_path / "ca.pem").symlink_to(victim)
    with pytest.raises(UsageError, match="it is a symbolic link"):
        export(tmp_path / "ca.pem")
    assert victim.read_text() == "precious"
    export(tmp_path / "real.pem")
    assert mode_of(tmp_path / "real.pem") == 0o644


def test_a_file_of_another_user_is_refused(victim: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: victim.stat().st_uid + 1)
    with pytest.raises(PermissionError, match="it belongs to another user"):
        open_own(victim, os.O_TRUNC)
    assert victim.read_text() == "precious"


def test_a_link_that_is_planted_at_the_last_moment_is_not_followed(
    tmp_path: Path, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlink(path: Path) -> None:
        path.symlink_to(victim)

    monkeypatch.setattr(os, "unlink", unlink)
    with pytest.raises(FileExistsError):
        create_own(tmp_path / "draft")


def test_a_draft_replaces_what_is_there(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "draft").symlink_to(victim)
    os.close(create_own(tmp_path / "draft"))
    assert (victim.read_text(), mode_of(tmp_path / "draft")) == ("precious", 0o600)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, victim: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_own(tmp_path / "new", (b"hel", b"lo"))
    assert ((tmp_path / "new").read_bytes(), mode_of(tmp_path / "new")) == (b"hello", 0o600)
    (tmp_path / "link").symlink_to(victim)
    with pytest.raises(OSError, match="it is a symbolic link"):
        write_own(tmp_path / "link", (b"hello",))
    with (tmp_path / "out").open("wb") as stream:
        write_own(Path(f"/proc/self/fd/{stream.fileno()}"), (b"to a descriptor",))
    assert (tmp_path / "out").read_bytes() == b"to a descriptor"

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_own(victim, (b"hello",))
    with pytest.raises(OSError, match="No space left"):
        write_own(tmp_path / "none", (b"hello",))
    assert victim.read_text() == "precious"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "new", "out", "victim"]
