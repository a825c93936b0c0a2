"""Lookups, pings and the time while other things happen: one at a time, and a restart in the middle of all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from tests.e2e.dte import Dte
from tests.e2e.peers import Peers
from tests.e2e.servers import Server, names, silence
from tests.e2e.sinks import running, shared
from tests.e2e.started import Started

NAME_SERVER, TIME_SERVER = "198.51.100.53", "198.51.100.123"


class World(NamedTuple):
    module: Started
    name_server: Server


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Servers that say nothing, and a host whose echo replies take their time."""
    folder = tmp_path_factory.mktemp("names")
    (folder / "sandbox.toml").write_text('[ping.hosts."slow.test"]\ntime = 0.6\n')
    with ExitStack() as stack:
        name_server = stack.enter_context(Server(names({"known.test": {"A": "192.0.2.7"}})))
        time_server = stack.enter_context(Server(silence))
        routes = [
            f"{NAME_SERVER}:53=127.0.0.1:{name_server.port}",
            f"{TIME_SERVER}=127.0.0.1:{time_server.port}",
            "slow.test=sandbox",
        ]
        arguments = [argument for route in routes for argument in ("--route", route)]
        file = str(folder / "sandbox.toml")
        yield World(
            stack.enter_context(running(folder, "ML305U", *arguments, "--sandbox-file", file, "--offline")), name_server
        )


@pytest.fixture
def dte(world: World) -> Iterator[Dte]:
    with shared(world.module) as dte:
        ask_our_server(dte)
        yield dte


def ask_our_server(dte: Dte) -> None:
    """This model forgets it at each restart."""
    dte.ask(f'AT+MDNSCFG="ip","{NAME_SERVER}";+MDNSCFG="timeout",1,1', "OK")


def begin_everything(dte: Dte) -> None:
    dte.ask('AT+MDNSGIP="a.silent.test"', "OK")
    dte.ask('AT+MPING="slow.test",1,9', "OK")
    dte.ask(f'AT+MNTP="{TIME_SERVER}",123,1,1', "OK")


def test_one_at_a_time(dte: Dte, peers: Peers) -> None:
    begin_everything(dte)
    dte.ask('AT+MDNSGIP="known.test"', "+CME ERROR: 581")
    dte.ask('AT+MPING="slow.test"', "+CME ERROR: 582")
    dte.ask("AT+MNTP", "+CME ERROR: 3")
    echo = peers.echo()
    dte.ask(f'AT+MIPOPEN=0,"TCP","127.0.0.1",{echo.port("TCP", "127.0.0.1")}', "OK", "+MIPOPEN: 0,0")


def test_a_restart_forgets_what_is_under_way(world: World, dte: Dte) -> None:
    """None of them says anything late, and each can be begun again."""
    descriptors = world.module.descriptors()
    begin_everything(dte)
    dte.ask("AT+MREBOOT", "OK", "REBOOTING", "+MATREADY")
    assert dte.lull(1.2) == b""
    world.module.returns_to(descriptors)
    for _ in range(5):
        ask_our_server(dte)
        begin_everything(dte)
        dte.ask("AT+MREBOOT", "OK", "REBOOTING", "+MATREADY")
    dte.alive()
    world.module.returns_to(descriptors)


def test_kept_answers_are_not_asked_for_again(world: World, dte: Dte) -> None:
    before = len(world.name_server.asked)
    for _ in range(3):
        dte.ask('AT+MDNSGIP="known.test"', "OK", '+MDNSGIP: "known.test","192.0.2.7"')
    asked = len(world.name_server.asked) - before
    dte.ask('AT+MDNSCFG="cached",1', "OK")
    dte.ask('AT+MDNSGIP="known.test"', "OK", '+MDNSGIP: "known.test","192.0.2.7"')
    assert (asked, len(world.name_server.asked) - before) == (2, 4), "A and AAAA each time"
