"""The commands as the manual lays them out: their forms, and their parameters in order."""

from __future__ import annotations

from onemo.profile.schema import CommandSection, ParamSection

from tests.support.driver import model_named

FORMS = {
    "MIPCFG": "test set",
    "MIPTKA": "test read set",
    "MSSLCFG": "test set",
    "MSSLCERTWR": "test set",
    "MSSLKEYWR": "test set",
    "MSSLCERTRD": "test set",
    "MSSLLIST": "test set",
    "MSSLRM": "test set",
    "MSSLCHECK": "test set",
    "MSSLCIPHER": "test",
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
    "CGATT": "test read set",
    "CGDCONT": "test read set",
    "CGACT": "test read set",
    "CGPADDR": "test set execute",
    "CGCONTRDP": "test set execute",
    "CGAUTH": "test read set",
    "CGEREP": "test read set",
    "MIPCALL": "test read set",
    "MUECONFIG": "test set",
    "CMEE": "test read set",
    "CGSN": "test set execute",
    "MREBOOT": "test set execute",
    "CGMI": "test execute",
    "CGMM": "test execute",
    "CGMR": "test execute",
    "MLPMCFG": "test set",
    "MPOF": "test set execute",
    "IPR": "test read set",
    "IFC": "test read set",
    "CPSMS": "test read set",
    "CEDRXS": "test read set",
    "GSN": "test set execute",
    "GMI": "test execute",
    "GMM": "test execute",
    "GMR": "test execute",
    "CLAC": "test execute",
    "CPIN": "test read set",
    "CLCK": "test set",
    "CPWD": "test set",
    "CIMI": "test execute",
    "MCCID": "test execute",
    "ICCID": "test execute",
    "CFUN": "test read set",
    "CSQ": "test execute",
    "CESQ": "test execute",
    "CREG": "test read set",
    "CGREG": "test read set",
    "CEREG": "test read set",
    "COPS": "test read set",
    "CTZR": "test read set",
    "CTZU": "test read set",
    "CHUP": "test execute",
    "CLCC": "test execute",
    "CRC": "test read set",
    "CLIP": "test read set",
    "CUSD": "test read set",
}
PARAMETERS = {
    "MIPTKA": ("connect_id", "keepalive", "keepidle", "keepinterval", "keepcount"),
    "MSSLCERTWR": ("name", "remain", "length", "data"),
    "MSSLKEYWR": ("name", "remain", "length", "data"),
    "MSSLCERTRD": ("name",),
    "MSSLLIST": ("kind",),
    "MSSLRM": ("name",),
    "MSSLCHECK": ("name", "verify_alg"),
    "MSSLCIPHER": (),
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
    "CGATT": ("state",),
    "CGDCONT": (
        "cid",
        "pdp_type",
        "apn",
        "pdp_addr",
        "d_comp",
        "h_comp",
        "ipv4_addr_alloc",
        "request_type",
        "p_cscf_discovery",
        "im_cn_signalling",
    ),
    "CGACT": ("state",),
    "CGPADDR": ("cid",),
    "CGCONTRDP": ("cid",),
    "CGAUTH": ("cid", "auth_prot", "userid", "password"),
    "CGEREP": ("mode", "bfr"),
    "MIPCALL": ("action", "cid"),
    "CCLK": ("time",),
    "CMEE": ("n",),
    "CGSN": ("snt",),
    "MREBOOT": ("value",),
    "CGMI": (),
    "CGMM": (),
    "CGMR": (),
    "MPOF": ("value",),
    "IPR": ("rate",),
    "IFC": ("dce_by_dte", "dte_by_dce"),
    "CPSMS": ("mode", "periodic_rau", "ready_timer", "periodic_tau", "active_time"),
    "CEDRXS": ("mode", "act", "cycle"),
    "GSN": ("snt",),
    "GMI": (),
    "GMM": (),
    "GMR": (),
    "CLAC": (),
    "CPIN": ("pin", "newpin"),
    "CLCK": ("facility", "mode", "password"),
    "CPWD": ("facility", "oldpwd", "newpwd"),
    "CIMI": (),
    "MCCID": (),
    "ICCID": (),
    "CFUN": ("fun", "rst"),
    "CSQ": (),
    "CESQ": (),
    "CREG": ("n",),
    "CGREG": ("n",),
    "CEREG": ("n",),
    "COPS": ("mode", "format", "oper", "act"),
    "CTZR": ("reporting",),
    "CTZU": ("onoff",),
    "CHUP": (),
    "CLCC": (),
    "CRC": ("mode",),
    "CLIP": ("n",),
    "CUSD": ("n", "code", "dcs"),
}
KEYS: dict[str, dict[str, tuple[str, ...]]] = {
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
    "MSSLCFG": {
        "auth": ("ssl_id", "auth"),
        "cert": ("ssl_id", "server_ca", "client_cert", "private_key"),
        "encoding": ("ssl_id", "encoding"),
        "negotime": ("ssl_id", "negotime"),
        "version": ("ssl_id", "version"),
        "ciphersuite": ("ssl_id", "ciphersuite"),
        "session": ("ssl_id", "session"),
        "ignorestamp": ("ssl_id", "ignorestamp"),
        "ignoreverify": ("ssl_id", "ignoreverify"),
    },
    "MUECONFIG": {"autoconn": ("enabled",)},
    "MLPMCFG": {
        "psind": ("psind_enable",),
        "sleepind": ("report",),
        "sleepmode": ("sleep_mode", "permanent"),
        "delaysleep": ("delay_sleep",),
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
    "MSSLCFG": ("server_ca", "client_cert", "private_key", "ciphersuite"),
    "MSSLCERTWR": ("name", "data"),
    "MSSLKEYWR": ("name", "data"),
    "MSSLCERTRD": ("name",),
    "MSSLRM": ("name",),
    "MSSLCHECK": ("name",),
    "MDNSCFG": ("address1", "address2"),
    "MDNSGIP": ("domainname",),
    "MPING": ("host",),
    "MNTP": ("server",),
    "CCLK": ("time",),
    "CGDCONT": ("pdp_type", "apn", "pdp_addr"),
    "CGAUTH": ("userid", "password"),
    "CPIN": ("pin", "newpin"),
    "CLCK": ("facility", "password"),
    "CPWD": ("facility", "oldpwd", "newpwd"),
    "COPS": ("oper",),
    "CPSMS": ("periodic_rau", "ready_timer", "periodic_tau", "active_time"),
    "CEDRXS": ("cycle",),
    "CUSD": ("code",),
}
BASIC = ("E", "V", "Q", "X", "I", "Z", "&F", "&W", "&C", "&D", "S3", "S4", "S5", "A", "H")


OWN_TEST_FORMS = ("CGDCONT", "CGPADDR", "CGCONTRDP", "COPS")
"""Commands whose test form tells more than ranges; transcripts have them."""


def section(series: str, command: str) -> CommandSection:
    """Return the section of a command in the profile of a series."""
    return model_named(series).profile.commands[command]


def offers(series: str, command: str) -> tuple[str, ...]:
    """The keys that a setting with keys has there."""
    if not section(series, command).available:
        return ()
    found = section(series, command).offers
    assert found
    return found


def param(series: str, command: str, name: str, key: str = "") -> ParamSection:
    """Return the section of a parameter; of a string there may be none."""
    where = section(series, command)
    params = where.keys[key].params if key else where.params
    own, shared = params.get(name), model_named(series).profile.params.get(name)
    if own is not None and own.range is None and shared is not None:
        return own._replace(range=shared.range)
    return own or shared or ParamSection()
