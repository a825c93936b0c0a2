"""SIGINT, SIGTERM and SIGHUP end the emulator at once, whatever it is doing."""

from __future__ import annotations

import select
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, Dte
from tests.e2e.peers import Peers, ended, port_of
from tests.e2e.started import PROMPT
from tests.e2e.test_connections import bind_udp, connect
from tests.e2e.test_sending import MORE, SEND
from tests.e2e.test_slow_dte import MEGABYTE, few_buffers, stuff

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])


def idle(dte: Dte, peers: Peers) -> None:
    dte.alive()


def half_a_command(dte: Dte, peers: Peers) -> None:
    dte.write(b'AT+MIPSEND=0,,"half')


def connected(dte: Dte, peers: Peers) -> None:
    for instance in range(5):
        connect(dte, peers, instance)
    bind_udp(dte, peers, 5)


def connecting(dte: Dte, peers: Peers) -> None:
    dte.ask(f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port_of(peers.deaf())}', "OK")


def closing(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers, window=1)
    dte.ask(SEND, "+MIPSEND: 0,1460", "OK")
    dte.ask(SEND, "+MIPSEND: 0,1460", "OK")
    dte.ask("AT+MIPCLOSE=0", "OK")
    assert peer.getsockname()


def nobody_reads(dte: Dte, peers: Peers) -> None:
    stuff(few_buffers(connect(dte, peers)), bytes(MEGABYTE))


def sending(dte: Dte, peers: Peers) -> None:
    connect(dte, peers, window=1)
    for _ in range(MORE):
        dte.line(SEND)
    assert dte.lull().count(b"OK") < MORE, "it was to wait"


def restarting(dte: Dte, peers: Peers) -> None:
    dte.ask("AT+MREBOOT", "OK", "REBOOTING")


Occupation = Callable[[Dte, Peers], None]


@SIGNALS
@pytest.mark.parametrize(
    "doing", [idle, half_a_command, connected, connecting, closing, nobody_reads, sending, restarting]
)
def test_whatever_it_is_doing(
    start: Start, peers: Peers, tmp_path: Path, doing: Occupation, number: signal.Signals
) -> None:
    link = tmp_path / "port"
    module = start("ML307R", "--link", str(link))
    with module.awake(str(link)) as dte:
        doing(dte, peers)
        assert module.signal(number) < PROMPT
    assert module.process.returncode == 0
    assert not link.is_symlink()
    assert module.stderr() == ""


def test_the_peer_sees_it(start: Start, peers: Peers) -> None:
    module = start("ML307R")
    with module.awake() as dte:
        peer = connect(dte, peers)
        module.signal(signal.SIGTERM)
        assert ended(peer) in ("FIN", "RST")


@SIGNALS
def test_while_it_boots(launch: Start, tmp_path: Path, number: signal.Signals) -> None:
    link = tmp_path / "port"
    module = launch("ML307R", "--boot-time", "60", "--link", str(link))
    module.wait_link(link)
    with module.dte(str(link)):  # it has time to reach its loop
        assert module.signal(number) < PROMPT
    assert module.process.returncode == 0
    assert not link.is_symlink()
    assert module.stderr() == ""


@pytest.mark.parametrize("turn", range(3))
def test_as_soon_as_the_port_is_there(launch: Start, tmp_path: Path, turn: int) -> None:
    link = tmp_path / "port"
    module = launch("ML307R", "--link", str(link))
    module.wait_link(link)
    assert module.signal(signal.SIGTERM) < PROMPT
    assert module.process.returncode == 0
    assert not link.is_symlink()
    assert module.stderr() == ""


def test_two_signals(start: Start) -> None:
    module = start("ML307R")
    module.process.send_signal(signal.SIGINT)
    module.process.send_signal(signal.SIGTERM)
    module.wait()
    assert module.stderr() == ""


def test_a_reader_that_left_stdout(launch: Start, tmp_path: Path) -> None:
    """The ready line has nowhere to go, which is no reason to stop."""
    link = tmp_path / "port"
    module = launch("ML307R", "--boot-time", "0", "--link", str(link))
    module.close_stdout()
    module.wait_link(link)
    with module.awake(str(link)) as dte:
        dte.alive()
    module.signal(signal.SIGTERM)
    assert module.process.returncode == 0
    assert module.stderr() == ""


def test_a_terminal_that_hangs_up_takes_everything_down(launch: Start, tmp_path: Path) -> None:
    """The link, the ready file and the child go, and the summary of faults is told."""
    link, ready, told = tmp_path / "port", tmp_path / "ready", tmp_path / "told"
    program = f"trap 'echo ended > {told}; exit 0' HUP; echo there > {told}; while :; do sleep 0.05; done"
    child = ("--exec", f'sh -c "{program}" {{port}}', "--boot-time", "0")
    module = launch("--link", str(link), "--ready-file", str(ready), "--fault", "urc-drop urc=MIPOPEN", *child)
    end = time.monotonic() + 2 * WAIT
    while not (told.exists() and told.read_text() and ready.exists()):
        assert time.monotonic() < end
        select.select([], [], [], 0.005)
    module.signal(signal.SIGHUP)
    assert told.read_text() == "ended\n"
    assert not link.is_symlink()
    assert not ready.exists()
    assert "urc-drop" in module.stderr()


def test_nohup_keeps_it(start: Start) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        module = start("ML307R")
    finally:
        signal.signal(signal.SIGHUP, before)
    module.process.send_signal(signal.SIGHUP)
    with module.awake() as dte:
        dte.alive()
