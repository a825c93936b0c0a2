"""The table of servers in a profile."""

from __future__ import annotations

from typing import Literal, NamedTuple

from onemo.profile.schema import Count, Table


class ServerSection(NamedTuple):
    """The behaviour of servers where no command says so."""

    most_peers: Count
    """Peers of a server on UDP that are remembered; more push out the oldest."""
    refusal: Literal["error", "cme"]
    """The answer of MIPLISTEN, MIPSRVSTATE and MIPSRVCLOSE to what they refuse: the bare ERROR, or a number."""


SERVER = Table("server", ServerSection, "ModuleServers")
