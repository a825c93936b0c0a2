"""Lines in which everything is right but perhaps one parameter, and what answers them."""

from __future__ import annotations

import re

from onemo.families.http.profile import HTTP_CLIENT
from onemo.profile.ranges import Range

from tests.support import commands_around, ftp_commands, lwm2m_commands
from tests.support.commands import KEYS, PARAMETERS
from tests.support.driver import Driver, model_named
from tests.support.ftp_commands import keyed
from tests.support.sections import param

TOPIC = {"topic": '"t"', "qos": "0"}
REQUIRED = {
    **commands_around.REQUIRED,
    **ftp_commands.REQUIRED,
    **lwm2m_commands.REQUIRED,
    "MIPOPEN": {"connect_id": "0", "proto_type": '"TCP"', "address": '"h"', "remote_port": "80"},
    "MIPSEND": {"connect_id": "0", "data": '"a"'},
    **{name: {"sid": "0"} for name in ("MIPSRVSTATE", "MIPSRVCLOSE")},
    "MIPLISTEN": {"sid": "0", "transport": '"TCP"', "port": "80"},
    "MIPSENDTO": {"connect_id": "0", "address": '"192.0.2.1"', "port": "80", "data": '"a"'},
    "encoding": {"connect_id": "0", "send_format": "0", "recv_format": "0"},
    "ssl": {"connect_id": "0", "ssl_enable": "0"},
    "MSSLCERTWR": {"name": '"n"', "remain": "0", "length": "1", "data": '"a"'},
    "MSSLKEYWR": {"name": '"n"', "remain": "0", "length": "1", "data": '"a"'},
    "MSSLPSK": {"pskid": '"n"', "psk": '"k"'},
    "MHTTPCREATE": {"url": '"http://h"'},
    "MHTTPHEADER": {"httpid": "0", "eof": "1"},
    "MHTTPCONTENT": {"httpid": "0", "eof": "1"},
    "MHTTPREQUEST": {"httpid": "0", "method": "1"},
    "MHTTPREAD": {"httpid": "0", "kind": "0"},
    "MHTTPTERM": {"httpid": "0"},
    "MHTTPDEL": {"httpid": "0"},
    "MHTTPDLFILE": {"url": '"http://h"', "local_path": '"/f"'},
    "MSSLLIST": {},
    "MFPUT": {"fname": '"n"', "fsize": "1", "data": '"a"'},
    "MFOPEN": {"fname": '"n"', "mode": "0"},
    "MFREAD": {"fhandle": "2"},
    "MFWRITE": {"fhandle": "2", "length": "1", "data": '"a"'},
    "MFSEEK": {"fhandle": "2", "offset": "0", "start": "0"},
    "MFTRUNC": {"fhandle": "2", "length": "0"},
    "MFCHECK": {"fname": '"n"'},
    "MFWDLOAD": {"offset": "0", "length": "1", "data": '"61"'},
    "MSSLCHECK": {"name": '"n"'},
    "MDNSGIP": {"domainname": '"h"'},
    "CGDCONT": {"cid": "2"},
    "CGAUTH": {"cid": "1", "userid": '"u"'},
    "CLCK": {"facility": '"SC"', "mode": "2", "password": '"1234"'},
    "CFUN": {"fun": "1"},
    "COPS": {"mode": "0", "oper": '"CHINA MOBILE"'},
    "MIPCALL": {"action": "1", "cid": "1"},
    "MPING": {"host": '"h"'},
    "CUSD": {"n": "1"},
    "MGPIO": {"pin": "0", "function": "0"},
    "MLED": {"led_mode": "0", "enable": "1"},
    "MPWMDATA": {"channel": "0", "period": "100", "duty": "50"},
    "MPWMCTRL": {"channel": "0", "enable": "1"},
    **{name: {} for name in ("MLOCKFREQ", "MBAND", "MWIFISCANSTART")},
    "CCLK": {"time": '"24/02/29,12:00:00"'},
    "CRSM": {"command": "176", "fileid": "12258", "p1": "0", "p2": "0", "p3": "0"},
    "CSIM": {"length": "8", "command": '"00A40000"'},
    "CCHO": {"dfname": '"A0000000871002"'},
    "CCHC": {"sessionid": "1"},
    "CGLA": {"sessionid": "1", "length": "8", "command": '"01A40000"'},
    "CPOL": {
        "place": "1",
        "format": "2",
        "oper": '"46000"',
        "gsm": "0",
        "gsm_compact": "0",
        "utran": "0",
        "eutran": "1",
    },
    "CPLS": {},
    "CSCA": {"sca": '"008613800230500"'},
    "CMGD": {"place": "1"},
    **{name: {} for name in ("CSMS", "CMGF", "CSMP", "CSDH", "CPMS", "CNMI", "CMMS", "CNMA", "CMGR")},
    "MQTTCONN": {"mqtt_id": "0", "host": '"h"'},
    "MQTTSUB": {"mqtt_id": "0", **{f"{name}{n}": value for n in ("", "2", "3") for name, value in TOPIC.items()}},
    "MQTTUNSUB": {"mqtt_id": "0", "topic": '"t"'},
    "MQTTPUB": {
        "mqtt_id": "0",
        "topic": '"t"',
        "qos": "0",
        "retain": "0",
        "dup": "0",
        "msg_len": "1",
        "message": '"a"',
    },
    "MQTTREAD": {"mqtt_id": "0"},
    "MQTTSTATE": {"mqtt_id": "0"},
    "MQTTDISC": {"mqtt_id": "0"},
}
TLS_USUAL = {"encoding": "2", "negotime": "10", "version": "255", "ciphersuite": '"0xC02F"'}
TOGETHER = {"packet_size": "1024", "waittm": "200"}
ON_CONNECTIONS = ("AT+MIPSEND", "AT+MIPCLOSE", "AT+MIPRD", "AT+MIPMODE", "AT+MIPSACK")
ON_DATAGRAMS = ("AT+MIPSENDTO", "AT+MIPRDU")


def connect_ids(series: str) -> Range:
    """The connect_ids of a series."""
    found = model_named(series).profile.params["connect_id"].range
    assert found is not None
    return found


LISTS = ("MLOCKFREQ", "MBAND", "MPWMDATA")


def listed(command: str, name: str, value: str, series: str) -> dict[str, str]:
    """The parameters before one of a list, which has no holes."""
    names = PARAMETERS[command]
    before = names[: names.index(name)]
    if command == "MBAND":
        bands = param(series, command, "band2").range if series else None
        free = [str(band) for band in bands or () if str(band) != value]
        return dict(zip(before, free, strict=False))
    if command == "MLOCKFREQ":
        fixed = {"mode": "1", **{each: "1300" for each in before if each.startswith("earfcn")}}
        return fixed if name != "mode" or value == "0" else {"earfcn": "1300"}
    usual = {each: "100" if each.startswith("period") else "50" for each in before[1:]}
    return {**usual, **({name.replace("period", "duty"): "50"} if name.startswith("period") else {})}


def line(command: str, key: str, name: str, value: str, series: str = "") -> str:
    """A line in which everything is right but perhaps the value of one parameter."""
    names = KEYS[command][key] if key else PARAMETERS[command]
    given = {**REQUIRED.get(key or command, {"connect_id": "0"}), name: value}
    if command == "MSSLCFG":
        given = {
            "ssl_id": "0",
            **({} if key == "cert" else {key: TLS_USUAL.get(key, "0")}),
            name: value,
        }
    if command == "MFTPCFG":
        given = {"ftp_id": "0", "mode": "0", "ssl_id": "0", name: value}
    if command == "MHTTPCFG":
        given = {"httpid": "0", **({"fields": '"X: 1"'} if key == "header" else {}), name: value}
    if command in ("MHTTPHEADER", "MHTTPCONTENT", "MHTTPREQUEST"):
        size = int(value) if name == "length" and value.isdigit() and len(value) < 5 else 0
        if series == "MN319" and size > 1560:  # it takes no more in the line
            given["length"] = str(size := 1560)
        entered = size and series and model_named(series).profile.table(HTTP_CLIENT).entry
        given[names[3]] = "" if entered else '"X:' + "a" * (size - 2) + '"'
    if command == "MFWCFG":
        given = {name: value}
    if command == "MFWDLOAD" and name == "length" and value != "1":
        given["data"] = ""
    if name == "inscount" and value.isdigit():
        given["bitmap"] = f'"{"1" * min(int(value), 99)}"'
    if command in ("MQTTCFG", "MIPSRVCFG"):
        given = {"mqtt_id": "0", "sid": "0", name: value}
    if series and key == "sleepmode" and model_named(series).profile.sleep.permanent_required:
        given["permanent"] = "1"
    if series and command == "COPS" and name != "mode":
        modes = param(series, "COPS", "mode").range
        given["mode"] = str(modes.low if modes else 0)
    if (command, name, value) == ("CSMP", "fo", "255"):
        given["vp"] = '"26/11/28,00:00:00+00"'  # it asks for a time
    if name == "access_mode" and value == "3":
        given["proto_type"] = given["transport"] = '"UDP"'
    if name == "send_length" and value.isdigit() and len(value) < 5:
        given["data"] = f'"{"a" * (int(value) or 1)}"' if int(value) <= 1461 else ""
    if command in ("MSSLCERTWR", "MSSLKEYWR", "MFPUT", "MFWRITE") and name in ("length", "fsize") and value != "1":
        given["data"] = '"a"' if value == "0" else ""
    if command == "MIPMODE" and name in TOGETHER and value != "#":
        given |= {other: usual for other, usual in TOGETHER.items() if other != name} | {"access_mode": "2"}
    if command == "MLOCKFREQ" and value == "#":
        given = {"mode": "1", "earfcn": "1300", name: value}
    elif command in LISTS and value != "#":
        given = {**listed(command, name, value, series), **given}
    if series and command == "MGPIO" and name != "pin":
        pins = param(series, "MGPIO", "pin").range
        given["pin"] = str(pins.low if pins else 0)
    values = [given.get(each, "") for each in names]
    while values and not values[-1]:
        values.pop()
    if series and command == "CGACT":
        values.append("1")  # ML305M does not take 0 alone
    return keyed(command, key, values)


def tried(series: str, name: str, text: str) -> bytes:
    """The answer to a line, in the state in which it can succeed."""
    driver = Driver(series).boot()
    if text.startswith(ON_CONNECTIONS):
        datagrams = name in ("rai", "seq") or text.startswith(ON_DATAGRAMS)
        protocol = "UDP" if datagrams or (name == "access_mode" and text.endswith(",3")) else "TCP"
        for connect_id in connect_ids(series):
            driver.ask(f'AT+MIPOPEN={connect_id},"{protocol}","h",80')
    if text.startswith("AT+MHTTP") and not text.startswith("AT+MHTTPCREATE"):
        for httpid in model_named(series).profile.params["httpid"].range or ():
            driver.ask('AT+MHTTPCREATE="http://h"')
            driver.ask(f'AT+MHTTPCFG="cached",{httpid},1')
    if text.startswith("AT+MPWMCTRL"):
        for channel in (0, 1):
            driver.ask(f"AT+MPWMDATA={channel},100,50")
    if text.startswith(commands_around.DEFINED) and (cid := re.match(r"[^=]*=(\d{1,2})", text)):
        driver.ask(f'AT+CGDCONT={cid[1]},"IP"')
    if text.startswith("AT+MIPSRVCLOSE"):
        for sid in range(4):
            driver.ask(f"AT+MIPLISTEN={sid},UDP,{80 + sid}")
    if text.startswith("AT+MIPLCREATE="):
        driver.world.answers.names["nbiotbt.heclouds.com"] = ["192.0.2.1"]
        driver.ask("AT+MIPLCREATE")  # there is one, which is found out behind the ranges
    if text.startswith('AT+MFTPCFG=0,"cid",'):  # some take an active one alone
        wanted = text.rpartition(",")[2]
        driver.ask(f'AT+CGDCONT={wanted},"IP","more"')
        driver.ask(f"AT+MIPCALL=1,{wanted}")
    if text.startswith("AT+MIPCALL=1"):
        if model_named(series).profile.contexts.only_call == "stays":
            driver.ask('AT+CGDCONT=2,"IP","two"')
            driver.ask("AT+MIPCALL=1,2")
        driver.ask("AT+MIPCALL=0,1")
    return driver.ask(text)
