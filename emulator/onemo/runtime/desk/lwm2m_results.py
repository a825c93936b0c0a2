"""What the operations on the sandbox's LwM2M server tell."""

from __future__ import annotations

from typing import NamedTuple

PATIENCE = 30.0
"""Seconds: a module has forgotten by then what its firmware did not answer."""
FORMATS = ("text", "opaque", "tlv", "json", "old-tlv", "old-json")
"""The names of Content-Formats."""


class Lwm2mRegistration(NamedTuple):
    """A client that is registered.

    lifetime, left: seconds, of which so many are left; version, binding: "" where it said none; paths: its objects and
    instances; observed: the paths of it that are observed.
    """

    endpoint: str
    address: str
    lifetime: int
    left: int
    version: str
    binding: str
    paths: list[str]
    observed: list[str]


class Lwm2mAddress(NamedTuple):
    """The place where programs of the host reach the server."""

    host: str
    port: int


class Lwm2mAnswer(NamedTuple):
    """The answer of a client. code: like 2.05; format: of what it holds, "" for nothing; text: for people."""

    endpoint: str
    path: str
    code: str
    format: str
    text: str


class Lwm2mReport(NamedTuple):
    """A notification of a client.

    number: its counter; confirmable: it was to be acknowledged; format, text: as of an Lwm2mAnswer.
    """

    endpoint: str
    path: str
    number: int
    confirmable: bool
    format: str
    text: str
