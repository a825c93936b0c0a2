"""The commands as the manual lays them out: their forms, and their parameters in order."""

from __future__ import annotations

from emulator.profile.schema import CommandSection, ParamSection
from tests.support.driver import model_named

FORMS = {
    "MIPCFG": "test set",
    "MIPTKA": "test read set",
    "MIPOPEN": "test set",
    "MIPCLOSE": "test set",
    "MIPSEND": "test set",
    "MIPRD": "test set",
    "MIPMODE": "test set",
    "MIPSTATE": "read set",
    "MIPSACK": "test set",
    "MDNSCFG": "test set",
    "MDNSGIP": "test set",
    "MPING": "test set",
    "MNTP": "test set execute",
    "CCLK": "test read set",
    "CMEE": "test read set",
    "CGSN": "test set execute",
    "MREBOOT": "test set execute",
    "CGMI": "test execute",
    "CGMM": "test execute",
    "CGMR": "test execute",
}
PARAMETERS = {
    "MIPTKA": ("connect_id", "keepalive", "keepidle", "keepinterval", "keepcount"),
    "MIPOPEN": ("connect_id", "proto_type", "address", "remote_port", "timeout", "access_mode", "local_port"),
    "MIPCLOSE": ("connect_id", "mode"),
    "MIPSEND": ("connect_id", "send_length", "data", "rai", "seq", "pri_flag"),
    "MIPRD": ("connect_id", "length"),
    "MIPMODE": ("connect_id", "access_mode", "packet_size", "waittm"),
    "MIPSTATE": ("connect_id",),
    "MIPSACK": ("connect_id",),
    "MDNSGIP": ("domainname", "cid"),
    "MPING": ("host", "timeout", "ping_num", "packet_len", "cid"),
    "MNTP": ("server", "port", "sync", "timeout"),
    "CCLK": ("time",),
    "CMEE": ("n",),
    "CGSN": ("snt",),
    "MREBOOT": ("value",),
    "CGMI": (),
    "CGMM": (),
    "CGMR": (),
}
KEYS = {
    "MIPCFG": {
        "cid": ("connect_id", "cid"),
        "encoding": ("connect_id", "send_format", "recv_format"),
        "timeout": ("connect_id", "send_timeout"),
        "autofree": ("connect_id", "free_mode"),
        "sndbuf": ("connect_id", "send_buffer"),
        "rcvbuf": ("connect_id", "recv_buffer"),
        "ackmode": ("connect_id", "ack_mode"),
        "ssl": ("connect_id", "ssl_enable", "ssl_id"),
    },
    "MDNSCFG": {
        "ip": ("address1", "address2"),
        "ipv6": ("address1", "address2"),
        "priority": ("priority",),
        "cached": ("cached_mode", "cached_period"),
        "timeout": ("time", "retries"),
    },
}
STRINGS = {
    "MIPOPEN": ("proto_type", "address"),
    "MIPSEND": ("data",),
    "MDNSCFG": ("address1", "address2"),
    "MDNSGIP": ("domainname",),
    "MPING": ("host",),
    "MNTP": ("server",),
    "CCLK": ("time",),
}
BASIC = ("E", "V", "Q", "I", "Z", "&F", "S3", "S4", "S5")


def section(series: str, command: str) -> CommandSection:
    """What the profile of a series says of a command."""
    return model_named(series).profile.commands[command]


def offers(series: str, command: str) -> tuple[str, ...]:
    """The keys that a setting with keys has there."""
    found = section(series, command).offers
    assert found
    return found


def param(series: str, command: str, name: str, key: str = "") -> ParamSection:
    """What it says of a parameter; of a string it may say nothing."""
    where = section(series, command)
    params = where.keys[key].params if key else where.params
    return params.get(name) or model_named(series).profile.params.get(name) or ParamSection()
