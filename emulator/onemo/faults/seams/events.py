"""Events that happen to a module: to its card, its registration, its supply, its connections.

Each kind of the layer EVENT is a function here, which the plan calls when its fault fires, and whoever controls a
module may call at once. Pure. A function is called between the steps of the core, or (inside) while a command is about
to be carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from onemo.errors import FaultError
from onemo.faults.kind import Layer
from onemo.faults.kinds_board import BOARD_KINDS
from onemo.faults.kinds_broker import PUBLISH
from onemo.faults.kinds_fota import FOTA_KINDS
from onemo.faults.kinds_sms import SMS_KINDS
from onemo.faults.plan import Fault
from onemo.faults.seams.files import limit_room
from onemo.modem.modem import Modem
from onemo.modem.power import PowerEvent, PowerState
from onemo.modem.registration import Signal
from onemo.profile.index import Label

_FIRST_YEARS, _LAST_YEARS = 0.0, 4e9
"""Seconds since 1970 between which a clock can be shown."""


Happening = Callable[[Modem, Fault, float, "Label | None"], None]


def happen(modem: Modem, fault: Fault, now: float, label: Label | None = None, *, inside: bool = False) -> None:
    """Let an event happen. label: that of the occasion; inside: while a command is about to be carried out.

    That command ends with it where the module restarts; the supply of a brown-out does not come back by itself there.
    Raises FaultError, and changes nothing: the event cannot happen now.
    """
    modem.now = now
    if inside and fault.kind.name in _ENDS:
        _end_after_line(modem, fault, now)
    else:
        HAPPENINGS[fault.kind.name](modem, fault, now, label)


def check_now(event: Fault) -> None:
    """Raise FaultError for what cannot happen at once: what is no event, or waits for its time or its occasion."""
    if event.kind.layer is not Layer.EVENT:
        raise FaultError(f"{event.kind.name} does not happen at once: arm it as a fault")
    now = Fault(event.kind, None, event.values, {}, times=1, said=event.said)
    if event != now:
        allowed = ", ".join(key.name for key in event.kind.keys) or "no keys"
        raise FaultError(f"{event}: it happens at once, so it takes {allowed}; arm it as a fault for later")


def require_possible(modem: Modem, event: Fault) -> None:
    """Raise FaultError for an event that can never happen to the module."""
    if event.kind in SMS_KINDS:
        from onemo.faults.seams import sms

        sms.require(modem, event)
    elif event.kind is PUBLISH:
        from onemo.faults.seams import broker

        broker.require(modem, event)
    elif event.kind in BOARD_KINDS:
        from onemo.faults.seams import board

        board.require(modem, event)
    elif event.kind in FOTA_KINDS:
        from onemo.faults.seams import fota

        fota.require(modem, event)


def _end_after_line(modem: Modem, fault: Fault, now: float) -> None:
    if modem.power.state in (PowerState.READY, PowerState.SLEEPING):
        modem.console.owes = _ENDS[fault.kind.name]


# The card, the registration, the signal.


def _remove_card(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.radio.remove_card()


def _insert_card(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.radio.insert_card(now)


def _lose_coverage(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.radio.lose_coverage()


def _refuse(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.radio.refuse(fault.whole("cause") if "cause" in fault.values else None)


def _find_coverage(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.cell.refusal = None
    modem.radio.find_coverage(now, fault.number("seconds") if "seconds" in fault.values else None)


def _roam(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.radio.set_roaming(fault.kind.name == "roaming")


def _set_zone(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.radio.set_zone(fault.whole("quarters"), now)


def _set_signal(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.radio.set_signal(Signal(*(fault.whole(key) for key in Signal._fields)))


def _reset_signal(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    profile = modem.profile.radio
    modem.radio.set_signal(Signal(profile.rssi, profile.ber, profile.rsrq, profile.rsrp))


def _deactivate(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.contexts.lose(modem.contexts.chosen(fault.whole("cid") if "cid" in fault.values else None))


# The supply and sleep.


def _reboot(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    if modem.power.state is not PowerState.OFF:
        modem.lifecycle.end(PowerEvent.RESTART, now)


def _brown_out(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Take the supply away for a while.

    The boot begins when the supply is back; until it is over the module hears nothing, as at every later start.
    """
    if modem.power.state is not PowerState.OFF:
        modem.supply_off(now)
        modem.start(now, now + fault.number("seconds"))


def _power_off(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.supply_off(now)


def _power_on(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.supply_on(now)


def _sleep(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.lifecycle.rest(now)


def _wake(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    modem.wake(now)


def _jump(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    if modem.clock.is_set:
        utc = modem.clock.utc(now) + fault.number("seconds")
        modem.clock.set(min(max(utc, _FIRST_YEARS), _LAST_YEARS), now)


# The line and the connections.


def _tell(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Say a URC.

    It is dropped where too much waits already, like a datagram, for it may come as often as anything does.
    """
    if modem.power.ready or modem.power.asleep:
        modem.notify(fault.data("text"), droppable=True)


def _of_family(module: str, name: str) -> Happening:
    """Let an event happen to what a family has, whose module here is imported for it."""

    def act(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
        act_on: Happening = getattr(import_module(f"onemo.faults.seams.{module}"), name)
        act_on(modem, fault, now, label)

    return act


HAPPENINGS: Mapping[str, Happening] = {
    "sim-remove": _remove_card,
    "sim-insert": _insert_card,
    "registration-lost": _lose_coverage,
    "registration-denied": _refuse,
    "registration-back": _find_coverage,
    "roaming": _roam,
    "home": _roam,
    "zone": _set_zone,
    "signal": _set_signal,
    "signal-back": _reset_signal,
    "pdp-deactivate": _deactivate,
    "reboot": _reboot,
    "brown-out": _brown_out,
    "power-off": _power_off,
    "power-on": _power_on,
    "sleep": _sleep,
    "dtr": _wake,
    "clock-jump": _jump,
    "urc": _tell,
    "card-file": _of_family("card", "write"),
    "sms": _of_family("sms", "receive"),
    "sms-full": _of_family("sms", "fill"),
    "sms-reset": _of_family("sms", "reset"),
    "connection-stale": _of_family("socketevents", "stale"),
    "disconnect": _of_family("socketevents", "disconnect"),
    "burst": _of_family("socketevents", "burst"),
    "call": _of_family("voice", "ring"),
    "call-answer": _of_family("voice", "answer"),
    "call-end": _of_family("voice", "end"),
    "call-busy": _of_family("voice", "keep_busy"),
    "call-no-answer": _of_family("voice", "leave_unanswered"),
    "call-refused": _of_family("voice", "refuse"),
    "call-drop": _of_family("voice", "drop"),
    "ussd": _of_family("voice", "tell"),
    "mqtt-publish": _of_family("broker", "publish"),
    "cell": _of_family("board", "set_cell"),
    "handover": _of_family("board", "hand_over"),
    "cells-back": _of_family("board", "reset_cells"),
    "emm-timer": _of_family("board", "start_timer"),
    "pin": _of_family("board", "drive_pin"),
    "pin-release": _of_family("board", "drive_pin"),
    "adc": _of_family("board", "set_voltage"),
    "adc-noise": _of_family("board", "set_noise"),
    "adc-quiet": _of_family("board", "set_noise"),
    "chip": _of_family("board", "set_chip"),
    "chip-back": _of_family("board", "reset_chip"),
    "place": _of_family("board", "move"),
    "place-back": _of_family("board", "move_back"),
    "wifi": _of_family("board", "set_air"),
    "wifi-back": _of_family("board", "reset_air"),
    "wifi-cut": _of_family("board", "cut_scan"),
    "lbs": _of_family("board", "answer_requests"),
    "lbs-silent": _of_family("board", "answer_requests"),
    "lbs-back": _of_family("board", "answer_as_usual"),
    "fota-fail": _of_family("fota", "fail"),
    "reflash": _of_family("fota", "reflash"),
    "file-space": limit_room,
    "file-space-back": limit_room,
}
_ENDS = {"reboot": PowerEvent.RESTART, "brown-out": PowerEvent.SUPPLY_OFF, "power-off": PowerEvent.SUPPLY_OFF}
"""The events that end the boot cycle, which a command that is about to be carried out does not outlive."""
