"""Every kind of fault, declared once: from here come parsing, range errors, defaults and the documentation.

Pure data. The kinds of one family have a file of their own.
"""

from __future__ import annotations

from collections.abc import Mapping

from onemo.faults.kind import (
    INDICES,
    MOST_INSTANCES,
    NAMED_OPERATIONS,
    OPERATIONS,
    FaultKey,
    FaultKind,
    Layer,
    Type,
    Value,
    event_kind,
    of_seam,
)
from onemo.faults.kinds_board import BOARD_KINDS
from onemo.faults.kinds_broker import PUBLISH
from onemo.faults.kinds_card import CARD_KINDS
from onemo.faults.kinds_files import FILE_KINDS
from onemo.faults.kinds_fota import FOTA_KINDS
from onemo.faults.kinds_ftp import FTP_KINDS
from onemo.faults.kinds_http import HTTP_KINDS
from onemo.faults.kinds_lwm2m import LWM2M_KINDS
from onemo.faults.kinds_mqtt import MQTT_KINDS
from onemo.faults.kinds_server import SERVER_KINDS
from onemo.faults.kinds_sms import SMS_KINDS
from onemo.faults.kinds_voice import VOICE_KINDS
from onemo.profile.index import CONNECT_ID

_LINE = ("direction", "contains")
_INSTANCE = tuple(index.name for index in INDICES)
_PEER = (*_INSTANCE, "transport", "host", "port")
_NET = (*_PEER, "operation", "contains")
_NAME = ("operation", "host")
_DATA = ("send", "receive")
_COMMAND = ("command", "form", *_INSTANCE)
_URC = ("urc", *_INSTANCE)

_WHOLE = "0: all of it."
OPEN_FAILURES = ("refused", "timed-out", "name", "name-timed-out", "family", "port-taken", "bind", "socket",
                 "tls-setup", "tls-unverified", "tls-timed-out", "tls-failed", "other")  # fmt: skip
"""The values of onemo.errors.NetFailure that an opening may have."""
MALFORMED = ("no-end", "no-start", "no-quote", "no-colon", "extra-field", "lower-case")


_SIGNAL = {"rssi": (31, 99), "ber": (7, 99), "rsrq": (34, 255), "rsrp": (97, 255)}
"""The highest value of each, and that for unknown (27.007 8.5 and 8.69)."""


def _is_signal(values: Mapping[str, Value]) -> str:
    """Tell which value is none of a signal."""
    for key, (highest, unknown) in _SIGNAL.items():
        value = values[key]
        if value not in range(highest + 1) and value != unknown:
            return f"{key}={value!s} is neither 0 to {highest} nor {unknown} (unknown)"
    return ""


def _is_one_answer(values: Mapping[str, Value]) -> str:
    """Tell that there is more than one final result code."""
    answers = ("cme", "cms", "cis", "result")
    return "give one of cme, cms, cis and result" if sum(key in values for key in answers) > 1 else ""


def _delay(about: str, default: float) -> tuple[FaultKey, FaultKey]:
    jitter = FaultKey("jitter", Type.SECONDS, "Up to so much more, evenly spread.", 0.0)
    return FaultKey("seconds", Type.SECONDS, about, default), jitter


_LINE_KINDS = (
    FaultKind("line-drop", Layer.LINE, "Bytes are lost on the line.", (
        FaultKey("count", Type.INTEGER, f"How many bytes of what passes at once; {_WHOLE}", 0),
        FaultKey("offset", Type.INTEGER, "How many bytes stay before them.", 0),
    ), _LINE, example="line-drop direction=to-dte count=1 probability=0.1"),
    FaultKind("line-corrupt", Layer.LINE, "Bits are flipped on the line: one in each of so many bytes.", (
        FaultKey("count", Type.INTEGER, "How many bytes of what passes at once.", 1, 1),
    ), _LINE, example="line-corrupt direction=from-dte after=3 times=1"),
    FaultKind("line-duplicate", Layer.LINE, "Bytes come twice.", (
        FaultKey("count", Type.INTEGER, f"How many bytes, from the first of what passes at once; {_WHOLE}", 0),
    ), _LINE, example="line-duplicate direction=to-dte contains='OK'"),
    FaultKind("line-delay", Layer.LINE, "Bytes come late; what follows them waits.",
         _delay("How late.", 0.1), _LINE, example="line-delay direction=to-dte seconds=200ms jitter=50ms"),
    FaultKind("line-slice", Layer.LINE, "What passes at once comes in slices.", (
        FaultKey("size", Type.INTEGER, "Bytes in a slice.", 1, 1),
        FaultKey("gap", Type.SECONDS, "Between two slices.", 0.005),
    ), _LINE, example="line-slice direction=to-dte size=3 gap=20ms"),
    FaultKind("line-stuck", Layer.LINE, "The port is open, but nothing passes: bytes of either way are lost.",
         scope=("direction", "contains"), example="line-stuck after=2s for_seconds=5"),
    FaultKind("line-garbage", Layer.LINE, "Bytes that mean nothing come when the module starts, before its banner.", (
        FaultKey("count", Type.INTEGER, "How many random bytes.", 16, 1, 65536),
        FaultKey("data", Type.BYTES, "These bytes instead."),
    ), example="line-garbage count=32 times=1", operations=("boot",)),
)  # fmt: skip

_COMMAND_KINDS = (
    FaultKind("command-answer", Layer.COMMAND, "A command is not carried out, but answered so.", (
        FaultKey("cme", Type.INTEGER, "+CME ERROR with this number, as AT+CMEE has it told.", None, 0, 9999),
        FaultKey("cms", Type.INTEGER, "+CMS ERROR with this number.", None, 0, 9999),
        FaultKey("cis", Type.INTEGER, "+CIS ERROR with this number.", None, 0, 9999),
        FaultKey("result", Type.TEXT, "This final result code; ERROR where nothing else is given."),
        FaultKey("line", Type.BYTES, "This information response before it."),
        FaultKey("at", Type.CHOICE, "prompt: the command prompts, and this answers what is entered there.", "command",
            choices=("command", "prompt")),
    ), _COMMAND, example="command-answer command=MIPOPEN cme=552 times=1", misfit=_is_one_answer),
    FaultKind("command-delay", Layer.COMMAND, "A command is carried out late.",
         _delay("How late.", 1.0), _COMMAND, example="command-delay command=CSQ form=execute seconds=3s"),
    FaultKind("command-silence", Layer.COMMAND, "A command is never carried out and never answered.", (
        FaultKey("seconds", Type.SECONDS, "For so long whatever the DTE sends is lost too; a restart ends it.", 0.0),
    ), _COMMAND, example="command-silence command=MIPSEND form=set after=2 times=1"),
)  # fmt: skip

POINTS = ("echo", "before-answer", "before-final", "glued", "prompt")

_URC_KINDS = (
    FaultKind("urc-drop", Layer.URC, "A URC never comes.", (), _URC, example="urc-drop urc=MIPOPEN times=1"),
    FaultKind("urc-delay", Layer.URC, "A URC comes late; others overtake it.", (
        *_delay("How late.", 1.0),
        FaultKey("until", Type.CHOICE, "timeout: the last moment that the <timeout> of that connection's AT+MIPOPEN "
            "allows, instead of seconds.", "seconds", choices=("seconds", "timeout")),
        FaultKey("overtaken", Type.CHOICE, "others: not by URCs of its own connection, which wait behind it.", "any",
            choices=("any", "others")),
    ), _URC, example="urc-delay urc=disconn seconds=5s"),
    FaultKind("urc-duplicate", Layer.URC, "A URC comes more than once.", (
        FaultKey("count", Type.INTEGER, "How often more.", 1, 1, 1000),
        FaultKey("gap", Type.SECONDS, "Between them.", 0.0),
    ), _URC, example="urc-duplicate urc=MIPOPEN gap=500ms"),
    FaultKind("urc-wrong-id", Layer.URC, "A URC tells of another connection.", (
        FaultKey("id", Type.INTEGER, "The connect_id that it tells, also one that the model has not; one more "
            "than its own if left out.", None, 0, 99),
    ), _URC, example="urc-wrong-id urc=rtcp id=4"),
    FaultKind("urc-malformed", Layer.URC, "A URC is not as it should be.", (
        FaultKey("how", Type.CHOICE, "no-end, no-start: without the CR LF there; no-quote: a quote is missing; "
            "no-colon; extra-field: one more at its end; lower-case: the whole of it.", "no-end", choices=MALFORMED),
    ), _URC, example="urc-malformed urc=MIPURC how=no-quote"),
    FaultKind("urc-cut", Layer.URC, "A URC is cut short: the rest of it, with its line end, never comes.", (
        FaultKey("size", Type.INTEGER, "Bytes that come, with the CR LF before it.", 8, 1),
    ), _URC, example="urc-cut urc=rtcp size=20 times=1"),
    FaultKind("urc-replace", Layer.URC, "Another text comes in the place of a URC.", (
        FaultKey("text", Type.BYTES,
                 "The line, without its line ends; {id} is the connect_id of the one that it replaces.", required=True),
    ), _URC, example="""urc-replace urc=MIPOPEN text='+MIPURC: "disconn",{id},2'"""),
    FaultKind("urc-split", Layer.URC, "A URC comes in two reads.", (
        FaultKey("split", Type.INTEGER, "Bytes of the first part, with the CR LF before it.", 1, 1),
        FaultKey("gap", Type.SECONDS, "Until the second part; everything else waits for it.", 0.05),
    ), _URC, example="urc-split urc=rtcp split=9 gap=100ms"),
    FaultKind("urc-place", Layer.URC, "A URC waits for a point of the line's traffic, and comes exactly there; those "
         "of its connection wait behind it.", (
        FaultKey("at", Type.CHOICE, "echo: in the middle of the echo; before-answer: between the command and its first "
            "answer line; before-final: before the final result code; glued: right behind it, in one piece; prompt: "
            "inside the > entry.", required=True, choices=POINTS),
        FaultKey("wait", Type.SECONDS, "It waits for the point at most so long, then it comes all the same."),
        FaultKey("split", Type.INTEGER, "It comes in two reads, the first of so many bytes; 0: in one.", 0),
        FaultKey("gap", Type.SECONDS, "Between the two.", 0.05),
    ), _URC, example="urc-place urc=rtcp at=before-final"),
    FaultKind("urc-inject", Layer.COMMAND, "A URC of your own comes at a point of a command's traffic.", (
        FaultKey("at", Type.CHOICE, "As of urc-place, but for echo, which is over when the command is known.",
            "before-final", choices=POINTS[1:]),
        FaultKey("text", Type.BYTES, "The line, without its line ends.", required=True),
        FaultKey("split", Type.INTEGER, "It comes in two reads, the first of so many bytes; 0: in one.", 0),
        FaultKey("gap", Type.SECONDS, "Between the two.", 0.05),
    ), _COMMAND, example="urc-inject command=CSQ at=glued text='+CEREG: 2'"),
)  # fmt: skip

_NETWORK_KINDS = (
    FaultKind("net-latency", Layer.NETWORK, "Everything on the network takes longer.",
         _delay("How much longer, each way.", 0.2), _NET, example="net-latency seconds=600ms jitter=200ms",
         operations=OPERATIONS),
    FaultKind("net-bandwidth", Layer.NETWORK, "Connections carry only so much, each way.", (
        FaultKey("rate", Type.INTEGER, "Bytes a second.", 2000, 1),
    ), (*_PEER, "operation"), example="net-bandwidth rate=1000 operation=receive", operations=_DATA),
    FaultKind("net-loss", Layer.NETWORK, "What is sent is lost: a datagram for ever, over TCP until it is sent again, "
         "a second later.", (), _NET, example="net-loss probability=0.2", operations=_DATA),
    FaultKind("net-reset", Layer.NETWORK, "A TCP connection breaks.", (
        FaultKey("failure", Type.CHOICE, "reset: the peer's RST; write: only sending fails.", "reset",
            choices=("reset", "write")),
    ), _NET, once=True, example="net-reset operation=send after=2", operations=_DATA),
    FaultKind("net-half-open", Layer.NETWORK, "The peer of a connection vanishes: nothing reaches it, nothing comes, "
         "and nobody says so.", (), _NET, once=True, example="net-half-open connect_id=0 operation=receive",
         operations=("open", *_DATA)),
    FaultKind("net-refuse", Layer.NETWORK, "Connections cannot be opened.", (
        FaultKey("failure", Type.CHOICE, "Why.", "refused", choices=OPEN_FAILURES),
        FaultKey("seconds", Type.SECONDS, "After so long.", 0.0),
    ), _PEER, example="net-refuse failure=timed-out times=2", operations=("open",)),
    FaultKind("net-close", Layer.NETWORK, "The peer closes a TCP connection in an orderly way.", (), _NET, once=True,
         example="net-close operation=receive after=1", operations=("open", *_DATA)),
    FaultKind("dns-fail", Layer.NAMES, "Names are not resolved.", (
        FaultKey("failure", Type.CHOICE, "name: there is no such name; timed-out: no server answers.", "name",
            choices=("name", "timed-out")),
        FaultKey("seconds", Type.SECONDS, "After so long.", 0.0),
    ), _NAME, example="dns-fail failure=timed-out seconds=2s", operations=NAMED_OPERATIONS),
    FaultKind("dns-delay", Layer.NAMES, "Names are resolved late.", _delay("How late.", 2.0), _NAME,
         example="dns-delay seconds=3s", operations=NAMED_OPERATIONS),
    FaultKind("dns-wrong", Layer.NAMES, "Names are resolved to another address.", (
        FaultKey("address", Type.TEXT, "Which, IPv4 or IPv6.", "192.0.2.1"),
    ), _NAME, example="dns-wrong host=*.example.com address=127.0.0.1", operations=NAMED_OPERATIONS),
    FaultKind("ping-loss", Layer.NETWORK, "Echo requests have no reply.", (), ("host",),
         example="ping-loss probability=0.5", operations=("ping",)),
    FaultKind("ping-fail", Layer.NETWORK, "Echo requests fail.", (
        FaultKey("failure", Type.CHOICE, "Why.", "reported", choices=("reported", "other")),
    ), ("host",), example="ping-fail failure=other", operations=("ping",)),
    FaultKind("time-fail", Layer.NETWORK, "The time server is of no use.", (
        FaultKey("failure", Type.CHOICE, "Why.", "timed-out", choices=("name", "timed-out", "unusable")),
        FaultKey("seconds", Type.SECONDS, "After so long.", 0.0),
    ), ("host", "port"), example="time-fail failure=unusable times=1", operations=("time",)),
    FaultKind("time-wrong", Layer.NETWORK, "The time server tells another time.", (
        FaultKey("seconds", Type.SECONDS, "How much later than it is; negative: earlier.", 3600.0, -1e9),
    ), ("host", "port"), example="time-wrong seconds=-86400", operations=("time",)),
)  # fmt: skip


_ITS_ID = FaultKey(
    "id", Type.INTEGER, "Its connect_id; that of the occasion if left out, or else 0.", None, 0, MOST_INSTANCES,
    of_index=CONNECT_ID,
)  # fmt: skip

_EVENT_KINDS = (
    event_kind("sim-remove", "The SIM card is taken out.", undo="sim-insert", example="sim-remove on=command:MIPSEND"),
    event_kind("sim-insert", "The SIM card is put back.", example="sim-insert after=5s"),
    event_kind("registration-lost", "There is no coverage: connections break, and the search goes on.",
           undo="registration-back", example="registration-lost after=5s for_seconds=3"),
    event_kind("registration-denied", "The network refuses the module.",
           FaultKey("cause", Type.INTEGER,
                    "The cause that AT+CEREG tells (24.301 9.9.3.9); the model's own if left out.", None, 0, 255),
           undo="registration-back", example="registration-denied cause=15 after=2s"),
    event_kind("registration-back", "There is coverage, and the network takes the module.",
           FaultKey("seconds", Type.SECONDS, "How long the search takes, which may go on already; if left out, as long "
                    "as register_time or else the profile says.")),
    event_kind("roaming", "The network is another operator's: stat 5 instead of 1.", undo="home"),
    event_kind("home", "The network is the module's own again."),
    event_kind("signal", "The signal changes.",
           FaultKey("rssi", Type.INTEGER, "As AT+CSQ tells it: 0-31, 99 unknown.", 2, 0, 99),
           FaultKey("ber", Type.INTEGER, "0-7, 99 unknown.", 99, 0, 99),
           FaultKey("rsrq", Type.INTEGER, "As AT+CESQ tells it: 0-34, 255 unknown.", 0, 0, 255),
           FaultKey("rsrp", Type.INTEGER, "0-97, 255 unknown.", 5, 0, 255), undo="signal-back",
           example="signal rssi=1 for_seconds=10")._replace(misfit=_is_signal),
    event_kind("signal-back", "The signal is as the profile has it."),
    event_kind("zone", "The network tells another time zone, as AT+CTZU and AT+CTZR have it.",
           FaultKey("quarters", Type.INTEGER, "Quarters of an hour east of UTC.", None, -48, 56, required=True),
           example="zone quarters=36"),
    event_kind("pdp-deactivate", "The network takes a PDP context down, and every connection on it.",
           FaultKey("cid", Type.INTEGER, "Which; the default one if left out.", None, 0, 15),
           example="pdp-deactivate on=send"),
    event_kind("reboot", "The module restarts by itself.", example="reboot on=command:MIPOPEN"),
    event_kind("brown-out", "The supply is gone for a moment: the module starts anew, without a word.",
           FaultKey("seconds", Type.SECONDS, "For how long.", 0.1, 0.001), example="brown-out on=send seconds=50ms"),
    event_kind("power-off", "The supply is gone.", undo="power-on", example="power-off after=3s for_seconds=2"),
    event_kind("power-on", "The supply returns."),
    event_kind("sleep", "The module falls into deep sleep, if nothing goes on.", undo="dtr"),
    event_kind("dtr", "DTR wakes the module."),
    event_kind("clock-jump", "The module's clock jumps.",
           FaultKey("seconds", Type.SECONDS, "By how much; negative: back.", 3600.0, -1e9),
           example="clock-jump seconds=-86400 on=boot"),
    event_kind("urc", "The module tells a URC of yours, when URCs may be told.",
           FaultKey("text", Type.BYTES, "The line, without its line ends.", required=True),
           example="urc text='+CEREG: 2' on=urc:MIPOPEN"),
    event_kind("connection-stale", "A connection is CONNECTED that the firmware never opened.",
           _ITS_ID,
           FaultKey("transport", Type.CHOICE, "Its kind.", "TCP", choices=("TCP", "UDP")),
           FaultKey("host", Type.TEXT, "Its peer, as AT+MIPSTATE tells it.", "192.0.2.1"),
           FaultKey("port", Type.INTEGER, "Its port.", 7, 1, 65535), example="connection-stale id=1 on=boot"),
    event_kind("disconnect", "A connection ends by itself, right behind data that nobody had time to read.",
           _ITS_ID,
           FaultKey("state", Type.CHOICE, "What the URC tells.", "peer-closed",
               choices=("peer-closed", "broken", "pdp-down")),
           FaultKey("unread", Type.BYTES, "What is received just before; for MIPRD in a buffered mode.", b""),
           example="disconnect on=send state=broken unread='the last words'"),
    event_kind("burst", "Data comes from the peer of a connection, all at once.",
           _ITS_ID,
           FaultKey("size", Type.INTEGER, "Bytes in all.", 61440, 1, 1 << 20),
           FaultKey("piece", Type.INTEGER, "Bytes in each URC.", 1460, 1, 1460),
           example="burst id=0 size=61440 on=send"),
)  # fmt: skip

KINDS: Mapping[str, FaultKind] = {
    kind.name: kind
    for kind in (
        *_LINE_KINDS,
        *_COMMAND_KINDS,
        *_URC_KINDS,
        *_NETWORK_KINDS,
        *SERVER_KINDS,
        *HTTP_KINDS,
        *MQTT_KINDS,
        *FTP_KINDS,
        *LWM2M_KINDS,
        *_EVENT_KINDS,
        *of_seam("broker", PUBLISH),
        *CARD_KINDS,
        *FILE_KINDS,
        *FOTA_KINDS,
        *SMS_KINDS,
        *VOICE_KINDS,
        *BOARD_KINDS,
    )
}
