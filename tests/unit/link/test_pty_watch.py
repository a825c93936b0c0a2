"""Who has a pseudo-terminal open, and what it costs to know."""

from __future__ import annotations

import errno
import fcntl
import os
import termios
from contextlib import ExitStack
from pathlib import Path

import pytest
import trio
from inotify_simple import INotify
from onemo.link.pty import PtyLink, open_pty
from trio.testing import wait_all_tasks_blocked

from tests.unit.link.test_pty import dte, is_locked, pty, receive, settled

__all__ = ["pty"]


class Steps(trio.abc.Instrument):
    """A count of how often each function at the bottom of a task was resumed."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.of[task.name] = self.of.get(task.name, 0) + 1


def watches() -> list[str]:
    """The inotify descriptors of this process."""
    own = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    return [path for path in own if os.path.islink(path) and "inotify" in os.readlink(path)]


async def test_watching_costs_nothing_while_bytes_flow(pty: PtyLink) -> None:
    watch = "onemo.link.pty.PtyLink.watch"
    with dte(pty) as port:
        await wait_all_tasks_blocked()
        steps = Steps()
        trio.lowlevel.add_instrument(steps)
        for _ in range(10):
            os.write(port, b"AT\r")
            assert await receive(pty, 3) == b"AT\r"
            await trio.lowlevel.checkpoint()
        trio.lowlevel.remove_instrument(steps)
        assert sum(steps.of.values()) >= 10
        assert watch not in steps.of
    await wait_all_tasks_blocked()
    assert not pty.in_use


async def test_the_watch_ends_when_the_link_closes_and_leaves_no_descriptor() -> None:
    before = watches()
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            link = open_pty()
            nursery.start_soon(link.watch)
            await wait_all_tasks_blocked()
            assert len(watches()) == len(before) + 2
            link.close()
    assert watches() == before


async def test_a_host_that_cannot_watch_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**_: bool) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("onemo.link.opens.INotify", refuse)
    with open_pty() as link:
        await link.watch()
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert f"{link.port} keeps the locks" in caplog.text


@pytest.mark.parametrize("granted", [1, 2])
async def test_a_watch_that_is_refused_halfway_leaves_no_descriptor(
    granted: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """granted: the instances that the user may have; with 2 it is the watches that are too few."""
    made: list[INotify] = []

    def instance(*, nonblocking: bool) -> INotify:
        if len(made) == granted:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        made.append(INotify(nonblocking=nonblocking))
        return made[-1]

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = watches()
    monkeypatch.setattr("onemo.link.opens.INotify", instance)
    if granted == 2:
        monkeypatch.setattr(INotify, "add_watch", refuse)
    with open_pty() as link:
        await link.watch()
    assert f"{link.port} keeps the locks" in caplog.text
    assert watches() == before


def open_and_close(times: int) -> None:
    """What a neighbour does with a terminal of its own."""
    master, slave = os.openpty()
    for _ in range(times):
        os.close(os.open(os.ttyname(slave), os.O_RDWR | os.O_NOCTTY))
    os.close(slave)
    os.close(master)


async def test_a_neighbours_terminals_wake_nobody(pty: PtyLink) -> None:
    steps = Steps()
    trio.lowlevel.add_instrument(steps)
    for _ in range(50):
        open_and_close(2)
        await wait_all_tasks_blocked()
    trio.lowlevel.remove_instrument(steps)
    assert "onemo.link.pty.PtyLink.watch" not in steps.of
    with dte(pty):
        await wait_all_tasks_blocked()
        assert pty.in_use


def queued_at_most() -> int:
    """The events that the kernel keeps for one inotify."""
    return int(Path("/proc/sys/fs/inotify/max_queued_events").read_text(encoding="ascii"))


async def test_so_many_neighbours_that_the_kernel_does_not_count_on(pty: PtyLink) -> None:
    """What of ours it told beside them counts."""
    enough = queued_at_most()
    with dte(pty) as holder:
        fcntl.ioctl(holder, termios.TIOCEXCL)
        await wait_all_tasks_blocked()
        open_and_close(enough)
        if os.geteuid() == 0:  # root alone passes the lock
            os.close(os.open(pty.port, os.O_RDWR | os.O_NOCTTY))
        await wait_all_tasks_blocked()
        assert pty.in_use
        assert is_locked(holder)
        open_and_close(enough)
    await settled(pty)
    with dte(pty, os.O_RDONLY) as port:
        assert not is_locked(port)


async def test_many_ports_share_one_pair_of_watches(nursery: trio.Nursery) -> None:
    """Each port is counted for itself: a user may have some 128 inotify instances, a lab has a thousand ports.

    The others are watched on when the one is closed whose task looked after all.
    """
    before = watches()
    with ExitStack() as stack:
        links = [stack.enter_context(open_pty()) for _ in range(3)]
        for link in links:
            nursery.start_soon(link.watch)
        await wait_all_tasks_blocked()
        assert len(watches()) == len(before) + 2
        with dte(links[1]):
            await wait_all_tasks_blocked()
            assert [link.in_use for link in links] == [False, True, False]
            for link in links[:2]:
                link.close()
        await wait_all_tasks_blocked()
        with dte(links[2]):
            await wait_all_tasks_blocked()
            assert links[2].in_use
        await settled(links[2])
        assert not links[2].in_use
    await wait_all_tasks_blocked()
    assert watches() == before
