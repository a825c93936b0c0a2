"""The settings that the device remembers for one boot cycle: the record of each, and its slot."""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from typing import Annotated, Any, NamedTuple

from onemo.at.params import Defaulted, DefaultedText, OptionalText, Param, ParamKind
from onemo.at.store import Slot


class Switch(NamedTuple):
    """The one value of a basic command or S-parameter."""

    value: Defaulted


class ErrorReport(NamedTuple):
    """AT+CMEE (27.007 9.1): 0 ERROR, 1 numbers, 2 texts."""

    n: Defaulted


class RingFormat(NamedTuple):
    """AT+CRC (27.007 6.11): 1 tells a call by +CRING."""

    mode: Defaulted


class CallerIdentity(NamedTuple):
    """AT+CLIP (27.007 7.6): 1 tells who calls, after each RING."""

    n: Defaulted


class RegistrationReport(NamedTuple):
    """AT+CEREG and AT+CGREG (27.007 10.1.22): what their URCs tell."""

    n: Defaulted


class EventReport(NamedTuple):
    """AT+CGEREP (27.007 10.1.19): 0 keeps events, 1 and 2 tell them; bfr 1: those kept are told when that begins."""

    mode: Defaulted
    bfr: Defaulted


class ZoneReport(NamedTuple):
    """AT+CTZR (27.007 8.41), when the network tells: 1 the zone, 2 with the local time, 3 with the universal one."""

    reporting: Defaulted


class ZoneUpdate(NamedTuple):
    """AT+CTZU (27.007 8.40): with 1 and 3 the clock follows the network's."""

    onoff: Defaulted


class AutoConnect(NamedTuple):
    """MUECONFIG "autoconn": the data call comes up by itself."""

    enabled: Defaulted


class DefaultContext(NamedTuple):
    """MUECONFIG "defapn": the definition of the default context after the next start."""

    pdp_type: DefaultedText
    apn: OptionalText


class AutoDial(NamedTuple):
    """MDIALUPCFG "auto": the host's network card comes up by itself, at an interface and on a context."""

    auto: Defaulted
    interface: Defaulted
    cid: Defaulted


class BaudRate(NamedTuple):
    """AT+IPR (V.250 6.2.10): bits per second; 0: found out."""

    rate: Defaulted


class FlowControl(NamedTuple):
    """AT+IFC (V.250 6.2.12): 0 none, 1 XON/XOFF, 2 RTS and CTS."""

    dce_by_dte: Defaulted
    dte_by_dce: Defaulted


class CharacterSet(NamedTuple):
    """AT+CSCS (27.007 5.5): the characters of texts on the line."""

    chset: DefaultedText


class SleepIndication(NamedTuple):
    """MLPMCFG "sleepind": 0 none, 2 URCs of deep sleep."""

    report: Defaulted


class SleepModeSetting(NamedTuple):
    """MLPMCFG "sleepmode": 0 never, 1 light, 2 deep as well; permanent: whether it goes into the NV."""

    sleep_mode: Defaulted
    permanent: Annotated[int | None, Param(ParamKind.INTEGER, nullable=True, momentary=True)]


class SleepDelay(NamedTuple):
    """MLPMCFG "delaysleep": seconds of silence before deep sleep."""

    delay_sleep: Defaulted


class LineWake(NamedTuple):
    """MLPMCFG "dtr": 1 wakes the module by DTR."""

    dtr: Defaulted


class StackIndication(NamedTuple):
    """MLPMCFG "psind": 1 tells the state of the protocol stack."""

    psind_enable: Defaulted


class Priority(NamedTuple):
    """MDNSCFG "priority": 0 IPv4 first, 1 IPv6 first."""

    priority: Defaulted


class Cached(NamedTuple):
    """MDNSCFG "cached": mode 0 keeps answers, for a period in seconds."""

    cached_mode: Defaulted
    cached_period: Defaulted


class RequestTimeout(NamedTuple):
    """MDNSCFG "timeout": seconds that one request waits, and how many requests a server gets."""

    time: Defaulted
    retries: Defaulted


ECHO = Slot("E", Switch, of_console=True)
VERBOSE = Slot("V", Switch, of_console=True)
QUIET = Slot("Q", Switch, of_console=True)
TERMINATOR = Slot("S3", Switch, of_console=True)
LINE_FEED = Slot("S4", Switch, of_console=True)
EDITING = Slot("S5", Switch, of_console=True)
ERROR_REPORT = Slot("CMEE", ErrorReport, of_console=True)
AUTO_ANSWER = Slot("S0", Switch)
PROGRESS = Slot("X", Switch, of_console=True)
CARRIER_DETECT = Slot("&C", Switch)
TERMINAL_READY = Slot("&D", Switch)
FLOW_CONTROL = Slot("IFC", FlowControl)
CHARACTER_SET = Slot("CSCS", CharacterSet)
RING_FORMAT = Slot("CRC", RingFormat)
CALLER_IDENTITY = Slot("CLIP", CallerIdentity)
BASICS = (ECHO, VERBOSE, QUIET, PROGRESS, TERMINATOR, LINE_FEED, EDITING, CARRIER_DETECT, TERMINAL_READY, ERROR_REPORT)
PROFILE: tuple[Slot[Any], ...] = (*BASICS, FLOW_CONTROL, CHARACTER_SET, RING_FORMAT, CALLER_IDENTITY, AUTO_ANSWER)
"""The settings that AT&W stores, ATZ brings back, and AT&F sets to their defaults. [decided]"""

REGISTRATION_REPORTS = tuple(Slot(name, RegistrationReport) for name in ("CREG", "CGREG", "CEREG", "C5GREG"))
EVENT_REPORT = Slot("CGEREP", EventReport)
ZONE_REPORT = Slot("CTZR", ZoneReport)
ZONE_UPDATE = Slot("CTZU", ZoneUpdate)
AUTO_CONNECT = Slot("autoconn", AutoConnect, of="MUECONFIG")
DEFAULT_CONTEXT = Slot("defapn", DefaultContext, of="MUECONFIG")
AUTO_DIAL = Slot("auto", AutoDial, of="MDIALUPCFG")
BAUD_RATE = Slot("IPR", BaudRate, of_console=True)
SLEEP_INDICATION = Slot("sleepind", SleepIndication, of="MLPMCFG")
SLEEP_MODE = Slot("sleepmode", SleepModeSetting, of="MLPMCFG", lasts=lambda record: bool(record.permanent))
SLEEP_DELAY = Slot("delaysleep", SleepDelay, of="MLPMCFG")
LINE_WAKE = Slot("dtr", LineWake, of="MLPMCFG")
STACK_INDICATION = Slot("psind", StackIndication, of="MLPMCFG")
NAME_PRIORITY = Slot("priority", Priority, of="MDNSCFG")
NAME_CACHE = Slot("cached", Cached, of="MDNSCFG")
NAME_TIMEOUT = Slot("timeout", RequestTimeout, of="MDNSCFG")
