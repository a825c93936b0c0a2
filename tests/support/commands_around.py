"""The commands around the module, as tests/support/commands.py has the others."""

from __future__ import annotations

FORMS = {
    "CGEQOS": "test read set",
    "CGEQOSRDP": "test set execute",
    "CGTFT": "test read set",
    "CGCLASS": "test read set",
    "CGDEL": "test set execute",
    "CEMODE": "test read set",
    "MDIALUPCFG": "test read set",
    "MDIALUP": "test read set",
    "MEID": "read execute",
    "CHLD": "test set",
    "CEER": "test execute",
    "CPAS": "test execute",
}
PARAMETERS: dict[str, tuple[str, ...]] = {
    "CGEQOS": ("cid", "qci", "dl_gbr", "ul_gbr", "dl_mbr", "ul_mbr"),
    "CGEQOSRDP": ("cid",),
    "CGTFT": (
        "cid",
        "filter",
        "precedence",
        "address",
        "protocol",
        "destination_ports",
        "source_ports",
        "spi",
        "service",
        "flow",
    ),
    "CGCLASS": ("device_class",),
    "CGDEL": ("cid",),
    "CEMODE": ("mode",),
    "MDIALUP": ("cid", "action"),
    "MEID": (),
    "CHLD": ("n",),
    "CEER": (),
    "CPAS": (),
}
KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "MUECONFIG": {
        "autoconn": ("enabled",),
        "defapn": ("pdp_type", "apn"),
        "relver": ("value",),
        "asrai": ("value",),
        "2harq": ("value",),
        "reestablish": ("value",),
        "emulticar": ("value",),
        "hpt": ("value",),
        "simenable": ("value",),
        "simswap": ("value",),
        "ims": ("value",),
    },
    "MDIALUPCFG": {
        "mode": ("value",),
        "auto": ("auto", "interface", "cid"),
        "dhcpv4": ("enabled", "ip", "start", "end", "lease"),
        "workmode": ("value",),
        "nicmaxcnt": ("value",),
    },
}
STRINGS = {
    "MUECONFIG": ("pdp_type", "apn"),
    "MDIALUPCFG": ("ip",),
    "CGTFT": ("address", "destination_ports", "source_ports", "spi", "service", "flow"),
    "CGCLASS": ("device_class",),
}
BASIC = ("S0", "D")
REQUIRED = {
    "CGEQOS": {"cid": "1", "qci": "9", "dl_gbr": "0", "ul_gbr": "0", "dl_mbr": "0", "ul_mbr": "0"},
    "CGTFT": {"cid": "1", "filter": "1", "precedence": "0"},
    "MDIALUP": {"cid": "1", "action": "0"},
}
"""What a line has beside the parameter that is tried."""
DEFINED = ("AT+CGEQOS=", "AT+CGEQOSRDP=", "AT+CGTFT=", "AT+CGDEL=")
"""Lines for which their context has to be defined."""
