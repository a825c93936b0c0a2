"""Families of commands, one a file or a folder: declarations, state and codecs side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from onemo.at.family import Family
from onemo.profile.index import CONNECT_ID, Index


def _core(name: str, title: str, *commands: str, urcs: tuple[str, ...] = ()) -> Family:
    """Declare a family that is there from the start."""
    return Family(name, title, f"onemo.families.{name}", commands, core=True, urcs=urcs)


def _later(
    name: str,
    title: str,
    *commands: str,
    instances: Index | None = None,
    needs: tuple[str, ...] = (),
    keeps: tuple[str, ...] = (),
    wakes: Callable[[Mapping[str, object]], bool] | None = None,
    urcs: tuple[str, ...] = (),
    feature: str = "",
) -> Family:
    """Declare a family that is imported, and its profile read, when it is needed."""
    return Family(name, title, f"onemo.families.{name}", commands, instances=instances, needs=needs, keeps=keeps,
                  wakes=wakes, urcs=urcs, feature=feature)  # fmt: skip


def _dials(entry: object) -> bool:
    """Tell whether the NV has the host's network card come up by itself."""
    return isinstance(entry, Mapping) and bool(entry.get("auto"))


SOCKETS = Index(
    name=CONNECT_ID,
    about="Only on this connection.",
    urcs=rb'\+(?:MIPURC: "[a-z]+",|MIP[A-Z]+: )(\d+)',
    noun="connection",
)
SERVERS = Index(
    name="sid",
    about="Only on this server.",
    urcs=rb'\+MIP(?:LISTEN|SRVCLOSE): (\d+)|\+MIPURC: "i(?:tcp|udp)",(\d+)',
    noun="server",
)
HTTP = Index(
    name="httpid",
    about="Only on this HTTP instance.",
    urcs=rb'\+MHTTP(?!DLFILE)[A-Z]+: (?:"(?!download)[a-z]+",)?(\d+)',
)
MQTT_CLIENTS = Index(
    name="mqtt_id",
    about="Only on this MQTT client.",
    urcs=rb'\+MQTT(?:URC: "[a-z]+",|[A-Z]+: )(\d+)',
    noun="MQTT client",
)
FTP = Index(
    name="ftp_id",
    about="Only on this FTP session.",
    urcs=rb"\+MFTP[A-Z]+: (\d+)",
    noun="FTP session",
)
FTP_DATA = FTP._replace(noun="FTP data of session", part="data")
"""The same sessions, by the name of their data connections."""
FIRMWARE_DOWNLOAD = Index(name="firmware", about="", urcs=b"", noun="firmware")
"""The connection of a firmware's download, of which there is one; nothing on the line has its number."""
FIRMWARE_FTP = FIRMWARE_DOWNLOAD._replace(name="firmware_ftp", noun="firmware")
FIRMWARE_DATA = FIRMWARE_FTP._replace(noun="firmware data", part="data")
"""The same over FTP, which has two connections."""
BEYOND_FAULTS = (FTP_DATA, FIRMWARE_DOWNLOAD, FIRMWARE_FTP, FIRMWARE_DATA)
"""Indices that no fault names, but a trace."""
LWM2M_DEVICES = Index(
    name="ref",
    about="Only on this LwM2M device.",
    urcs=rb"\+MIPL[A-Z]+: ?(\d+)",
    noun="LwM2M device",
)
FAMILIES: tuple[Family, ...] = (
    _core("basic", "Basic commands (V.250)",
          "E", "V", "Q", "X", "S3", "S4", "S5", "&C", "&D", "CMEE", "Z", "&F", "&W", "CLAC"),
    _core("identity", "Identity (27.007 chapter 5)",
          "I", "CGMI", "GMI", "CGMM", "GMM", "CGMR", "GMR", "MEID", "CGSN", "GSN"),
    _core("power", "Restart and power (vendor's base guide)", "MREBOOT", "MPOF",
          urcs=("MATREADY", "REBOOTING", "POWER OFF")),
    _core("sleep", "Sleep and power saving (vendor's extended guide, 27.007 chapter 7)",
          "MLPMCFG", "CPSMS", "CEDRXS", "CEDRXRDP",
          urcs=("MLPMENTER", "MLPMEXIT", "MLPMPSTA", "CEDRXP")),
    _core("serial", "The serial line (V.250 6.2)", "IPR", "IFC"),
    _later("ntp", "The time from a server (manual 3.15)", "MNTP", urcs=("MNTP",)),
    _core("clock", "The clock (27.007 chapter 8)", "CCLK"),
    _core("sim", "The SIM card (27.007 chapters 7 and 8)", "CPIN", "CLCK", "CPWD", "CIMI", "MCCID", "ICCID",
          urcs=("CPIN",)),
    _core("radio", "Function, signal and registration (27.007 chapters 7, 8 and 10)",
          "CFUN", "CSQ", "CESQ", "CREG", "CGREG", "CEREG", "C5GREG", "COPS", "CTZR", "CTZU",
          urcs=("CREG", "CGREG", "CEREG", "C5GREG", "CTZV", "CTZE", "CTZEU")),
    _later("cell", "The cell, bands and locks (vendor's extended guide)",
           "MUESTATS", "MLOCKFREQ", "MCSEARFCN", "MBAND", "MEMMTIMER", "CSCON",
           keeps=("frequencies",),
           urcs=("MEMMTIMER", "CSCON")),
    _later("pins", "Pins, converter, lights and chip (vendor's extended guide)",
           "MGPIO", "MADC", "MLED", "MCHIPINFO"),
    _later("pulses", "Pulses (vendor's extended guide)", "MPWMDATA", "MPWMCTRL"),
    _later("place", "Location (vendor's LBS guide)", "MLBSCFG", "MLBSLOC", keeps=("place",),
           urcs=("MLBSLOC",)),
    _later("wifi", "Wi-Fi scans (vendor's Wi-Fi guide)",
           "MWIFISCANCFG", "MWIFISCANSTART", "MWIFISCANSTOP", "MWIFISCANQUERY",
           feature="Wi-Fi scans",
           keeps=("air",),
           urcs=("MWIFISCANINFO",)),
    _core("packet", "The packet domain (27.007 chapter 10)",
          "CGATT", "CGDCONT", "CGAUTH", "CGACT", "CGPADDR", "CGCONTRDP", "CGEREP",
          urcs=("CGEV",)),
    _later("bearers", "Bearers of the packet domain (27.007 chapter 10)",
           "CGEQOS", "CGEQOSRDP", "CGTFT", "CGCLASS", "CGDEL", "CEMODE"),
    _core("call", "Data calls (vendor's base guide)", "MIPCALL", "MUECONFIG", urcs=("MIPCALL",)),
    _later("dialup", "The host's network card (vendor's dial-up guide)", "MDIALUPCFG", "MDIALUP",
           wakes=lambda stored: _dials(stored.get("MDIALUPCFG.auto")),
           urcs=("MDIALUP",)),
    _later("voice", "Voice calls and USSD (27.007 chapters 6 and 7)",
           "D", "A", "H", "S0", "CHUP", "CLCC", "CHLD", "CEER", "CPAS", "CRC", "CLIP", "CUSD",
           feature="voice",
           urcs=("RING", "CRING", "CLIP", "NO CARRIER", "BUSY", "NO ANSWER", "CUSD", "CIEV")),
    _later("sockets", "Connections (manual 3.1-3.9)",
           "MIPCFG", "MIPTKA", "MIPOPEN", "MIPCLOSE", "MIPSTATE", "MIPSEND", "MIPRD", "MIPMODE", "MIPSACK",
           feature="TCP and UDP",
           instances=SOCKETS,
           needs=("tls",),
           urcs=("MIPOPEN", "MIPCLOSE", "MIPURC", "rtcp", "rudp", "disconn", "drop", "ack", "seq")),
    _later("server", "Servers (a newer edition of the manual, 3.9-3.14)",
           "MIPSRVCFG", "MIPLISTEN", "MIPSRVSTATE", "MIPSRVCLOSE", "MIPRDU", "MIPSENDTO",
           feature="servers",
           instances=SERVERS,
           needs=("sockets",),
           urcs=("MIPLISTEN", "MIPSRVCLOSE", "itcp", "iudp")),
    _core("dns", "Names (manual 3.10, 3.11)", "MDNSCFG", "MDNSGIP", urcs=("MDNSGIP",)),
    _later("ping", "Pings (manual 3.12)", "MPING", urcs=("MPING", "statistics")),
    _later("tls", "TLS (manual 3.1, vendor's SSL guide)",
           "MSSLCFG", "MSSLCERTWR", "MSSLKEYWR", "MSSLPSK", "MSSLCERTRD", "MSSLLIST", "MSSLRM", "MSSLCHECK",
           "MSSLCIPHER",
           feature="TLS",
           keeps=("files",),
           wakes=lambda stored: "files" in stored),
    _later("card", "The card's files and applications (27.007 chapters 7 and 8)",
           "CRSM", "CSIM", "CCHO", "CCHC", "CGLA", "CPOL", "CPLS", "COPN"),
    _later("charset", "The character set and the card's number (27.007 5.5, 7.1)", "CSCS", "CNUM"),
    _later("sms", "Short messages (27.005)",
           "CSMS", "CMGF", "CSCA", "CSMP", "CSDH", "CPMS", "CNMI", "CMMS", "CMGR", "CMGL", "CMGD", "CNMA", "CMGS",
           "CMSS", "CMGW", "CMGC",
           feature="texts",
           keeps=("sms",),
           wakes=lambda stored: "sms" in stored,
           urcs=("CMT", "CMTI", "CDS", "CDSI")),
    _later("files", "Files (vendor's file system guide)",
           "MFCFG", "MFSINFO", "MFLIST", "MFSIZE", "MFPUT", "MFGET", "MFOPEN", "MFREAD", "MFWRITE", "MFSEEK", "MFCLOSE",
           "MFTRUNC", "MFDELETE", "MFMOVE", "MFCHECK",
           feature="files",
           keeps=("file_store",)),
    _later("http", "The HTTP client (vendor's HTTP guide)",
           "MHTTPCREATE", "MHTTPCFG", "MHTTPHEADER", "MHTTPCONTENT", "MHTTPREQUEST", "MHTTPREAD", "MHTTPTERM",
           "MHTTPDEL", "MHTTPDLFILE",
           feature="HTTP",
           instances=HTTP,
           needs=("tls",),
           urcs=("MHTTPURC", "header", "content", "recv", "ind", "err", "download", "MHTTPDLFILE")),
    _later("mqtt", "The MQTT client (vendor's MQTT guide)",
           "MQTTCFG", "MQTTCONN", "MQTTSUB", "MQTTUNSUB", "MQTTPUB", "MQTTREAD", "MQTTSTATE", "MQTTDISC",
           feature="MQTT",
           instances=MQTT_CLIENTS,
           needs=("tls",),
           urcs=("MQTTURC", "conn", "suback", "unsuback", "puback", "pubrec", "pubcomp", "timeout", "publish",
                 "pubnmi", "drop", "pingresp")),
    _later("ftp", "The FTP client (vendor's FTP guide)",
           "MFTPCFG", "MFTPCONN", "MFTPDISC", "MFTPCWD", "MFTPPWD", "MFTPMKD", "MFTPLIST", "MFTPDEL", "MFTPRN",
           "MFTPRETR", "MFTPSTATE", "MFTPSTOR", "MFTPAPPE",
           feature="FTP",
           instances=FTP,
           urcs=("MFTPURC", "MFTPCONN", "MFTPDISC", "MFTPCWD", "MFTPPWD", "MFTPMKD", "MFTPLIST", "MFTPDEL", "MFTPRN",
                 "MFTPRETR", "MFTPAPPE", "MFTPSTOR")),
    _later("fota", "Firmware upgrades (vendor's firmware upgrade guide)",
           "MFWCFG", "MFWDLOAD", "MFWUPGRADE", "MFWERASE",
           feature="updates",
           keeps=("firmware",),
           urcs=("MFWDLOAD", "MFWUPGRADE")),
    _later("lwm2m", "The LwM2M client (vendor's LwM2M guide)",
           "MIPLCREATE", "MIPLCREATEEX", "MIPLDELETE", "MIPLCFG", "MIPLNMI", "MIPLUPDATESET", "MIPLDTLSNAT",
           "MIPLDEVINFO", "MIPLFOTACFG", "MIPLADDOBJ", "MIPLDELOBJ", "MIPLDISCOVERRSP", "MIPLOPEN", "MIPLUPDATE",
           "MIPLCLOSE", "MIPLNOTIFY", "MIPLREADRSP", "MIPLWRITERSP", "MIPLEXECUTERSP", "MIPLPARAMETERRSP",
           "MIPLOBSERVERSP", "MIPLMGR", "MIPLQMGR",
           feature="LwM2M",
           instances=LWM2M_DEVICES,
           urcs=("MIPLCREATE", "MIPLCREATEEX", "MIPLEVENT", "MIPLREAD", "MIPLWRITE", "MIPLEXECUTE", "MIPLOBSERVE",
                 "MIPLDISCOVER", "MIPLPARAMETER", "MIPLNMI", "MIPLNSMI")),
)  # fmt: skip
"""Every family of every model; a model's profile says which of its commands it has."""
