"""The first program that opens a pseudo-terminal."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import trio
from onemo.errors import LinkError
from onemo.link.pty import PtyLink, open_pty


def watches() -> list[str]:
    """The inotify descriptors of this process."""
    own = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    return [path for path in own if os.path.islink(path) and "inotify" in os.readlink(path)]


def test_who_opens_it_is_noticed_before_anything_watches() -> None:
    """Trio need not run yet; a port that is not noticed costs no watch."""
    before = watches()
    with open_pty(noticed=True) as link, open_pty(noticed=True) as other, open_pty() as plain:
        assert len(watches()) == len(before) + 2
        for port in (link, plain):
            os.close(os.open(port.port, os.O_RDWR | os.O_NOCTTY))

        async def wait(port: PtyLink, patience: float) -> bool:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(port.watch)
                with trio.move_on_after(patience) as waiting:
                    await port.wait_opened()
                nursery.cancel_scope.cancel()
            return not waiting.cancelled_caught

        assert trio.run(wait, link, 10)
        assert not trio.run(wait, other, 0.05)
    assert watches() == before


def test_a_kernel_that_does_not_tell_who_opens_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*arguments: object, **keywords: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("onemo.link.opens.INotify.__init__", refuse)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(LinkError, match=r"^cannot see who opens /dev/pts/\d+: Too many open files: raise fs\.inotify"):
        open_pty(tmp_path / "port", noticed=True)
    assert not os.path.lexists(tmp_path / "port")
    assert os.listdir("/proc/self/fd") == before
