"""The table of the LwM2M client in a profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from onemo.profile.ranges import Range
from onemo.profile.schema import Count, Delay, Seconds, Table


class Lwm2mSection(NamedTuple):
    """The behaviour of the LwM2M client where no command says so. Sizes in bytes, times in seconds."""

    second: Delay
    """The length of a second of lifetimes and time-outs."""
    host: str
    """The server of AT+MIPLCREATE without parameters, a bootstrap server."""
    port: Count
    """The server's port where none is given."""
    secure_port: Count
    """The port that means DTLS."""
    secures: bool
    """There is DTLS; else a server at that port is a mistake."""
    resolves: bool
    """The server's name is looked up when the device is created: OK comes first, then whether there is the device."""
    local_ports: Range
    """The module's own ports: it keeps one through power saving, for the server to know it again."""
    least_lifetime: Count
    """A shorter lifetime counts as usual_lifetime."""
    usual_lifetime: Count
    retry_time: Delay
    """From an attempt to reach the network to the next, while a login lasts."""
    step_time: Delay
    """How long the bootstrap server's next step is waited for."""
    ack_time: Delay
    """From a confirmable message to its first repetition, at least; each later one takes twice as long."""
    ack_spread: Seconds
    """How many times ack_time that may be."""
    repeats: Count
    """How often a confirmable message is repeated."""
    answer_time: Delay
    """How long a request waits for the answer of the DTE."""
    kept_time: Delay
    """How long an answer is kept for a request that comes again."""
    kept_answers: Count
    requests: Count
    """Most requests that wait for the DTE."""
    cached_bytes: Count
    """Most bytes of the values of WRITE and EXECUTE that are stored for AT+MIPLMGR."""
    cached_message: Count
    """A longer WRITE or EXECUTE is never stored."""
    most_upload: Count
    """Most bytes of a payload that comes in blocks."""
    longest_answer: Count
    """A longer answer goes in blocks."""
    block: Count
    datagram: Count
    """A longer one is dropped, and told."""
    together: Count
    """Most bytes of values that one message holds."""
    queue: Count
    """Most notifications that wait for the acknowledgement of another one."""
    most_objects: Count
    most_paths: Count
    """Most paths that a server observes, and most that it gives attributes."""
    renew_before: Count
    """Seconds of the lifetime that are left when the module updates its registration by itself."""
    renew_least: Count
    """The shortest lifetime with which it does."""
    reboot_time: Delay
    """From the server's request to restart until it is done."""
    platforms: Range
    """The platforms that AT+MIPLCFG takes."""
    bindings: Range
    """The bindings that it takes: 0 none is said, 1 U, 2 UQ."""
    longest_name: Count
    """Most bytes of an endpoint name that is set."""
    patterns: Mapping[str, Count]
    """The pattern of the endpoint name where none is set, by platform."""
    undeclared_opaque: Range
    """The platforms on which a value of a type that the DTE has not declared is told as opaque, else as hex text."""
    self_answered: Range
    """The platforms on which the module answers each WRITE to passed_object."""
    passed_object: Count
    """The object that carries a platform's data."""
    cell_object: Count
    """The object by which a server asks for the cell."""
    authcode_option: Count
    """The CoAP option that carries the <authcode>."""
    urc_space: bool
    """A blank follows the colon of URCs."""
    repeat_urc: bool
    """A request that comes again before it is answered is told again."""
    index_holds: bool
    """Values with an <index> above 0 are held, whatever the <flag>."""
    lists_device: bool
    """The registration lists the module's own </3/0>."""
    tells_version: bool
    """The registration has lwm2m=1.0."""
    idle_flags: Literal["sent", "ignored", "refused"]
    """AT+MIPLNOTIFY with <flag> 0x200 or 0x400; sent and ignored: as 0."""
    converts: bool
    """A <contentType> that is given converts <value>; else it goes as it was typed."""
    manufacturer: str
    bearer: Count
    """The network bearer of object 4."""
    battery: Count
    """The battery of object 3, in per cent."""


LWM2M = Table("lwm2m", Lwm2mSection, "LwM2M client (bytes, seconds)")
