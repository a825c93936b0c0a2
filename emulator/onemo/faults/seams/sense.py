"""Why an event makes no sense at a moment: nothing would come of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from onemo.families.sockets.connection import State
from onemo.families.sockets.connections import Connections
from onemo.faults.kind import FaultKind
from onemo.modem.cells import cells_of
from onemo.modem.modem import Modem
from onemo.modem.power import PowerState
from onemo.modem.registration import Signal

_Check = Callable[[Modem], str]
"""Why there is no sense in it now; "": there is."""


def why_pointless(modem: Modem, event: FaultKind) -> str:
    """Return why nothing would come of an event now, whatever its keys; "": something may."""
    return next((why for check in _CHECKS.get(event.name, ()) if (why := check(modem))), "")


def _when(condition: Callable[[Modem], bool], why: str) -> _Check:
    return lambda modem: why if condition(modem) else ""


def _needs(what: str, *commands: str) -> _Check:
    """Make the check of what a model has that has one of these commands."""

    def check(modem: Modem) -> str:
        return "" if any(map(modem.has, commands)) else f"{modem.profile.sub_model} has no {what}"

    return check


def _usual_signal(modem: Modem) -> bool:
    radio = modem.profile.radio
    return modem.cell.signal == Signal(radio.rssi, radio.ber, radio.rsrq, radio.rsrp)


def _any_socket(modem: Modem, state: State) -> bool:
    return any(instance.state is state for instance in modem.part(Connections))


def _nobody_calls(modem: Modem) -> bool:
    from onemo.families.voice.calls import Calls

    return not modem.part(Calls).told


def _no_pins(modem: Modem) -> bool:
    from onemo.families.pins import pins_of

    return not pins_of(modem)


def _no_channels(modem: Modem) -> bool:
    from onemo.families.pins import channels_of

    return not channels_of(modem)


def _at_home(modem: Modem) -> bool:
    from onemo.families.place import place_of

    return place_of(modem).is_usual


def _usual_air(modem: Modem) -> bool:
    from onemo.families.wifi import air_of

    return air_of(modem).is_usual


def _true_room(modem: Modem) -> bool:
    from onemo.modem.filestore import store_of

    return store_of(modem.keeping).most_free is None


def _no_other_cell(modem: Modem) -> bool:
    radio = modem.radio
    serving = radio.serving or radio.choice.best
    return not any(cell != serving and radio.choice.allows(cell) for cell in modem.cell.cells)


def _usual_texts(modem: Modem) -> bool:
    from onemo.faults.seams.sms import settings_of

    return all(map(modem.settings.is_default, settings_of(modem)))


def _full_stores(modem: Modem) -> bool:
    from onemo.families.sms.stores import ME, SM, MessageStore

    return not any(MessageStore(modem, name).free for name in (ME, SM))


def _as_made(modem: Modem) -> bool:
    from onemo.families.fota.loader import FirmwareLoader

    if modem.power.state is not PowerState.OFF:
        return False  # it restarts
    loader = modem.part(FirmwareLoader)
    return not loader.has_begun and loader.firmware.is_as_made


_OFF = _when(lambda modem: modem.power.state is PowerState.OFF, "the supply is off")
_SILENT = _when(lambda modem: not (modem.power.ready or modem.power.asleep), "the module is not up, and says nothing")
_NOT_READY = _when(lambda modem: not modem.power.ready, "the module is not up, or it sleeps")
_UNREGISTERED = _when(lambda modem: not modem.registered, "the module is not registered")
_SOCKETS = _needs("sockets", "MIPOPEN")
_UNCONNECTED = _when(lambda modem: not _any_socket(modem, State.CONNECTED), "no socket is connected")
_TEXTS = _needs("short messages", "CMGS")
_VOICE = _needs("calls", "CLCC")
_NO_CALL = _when(_nobody_calls, "there is no call")
_UPGRADES = _needs("firmware upgrades", "MFWUPGRADE")
_PLACE = _needs("command for its place", "MLBSLOC")
_WIFI = _needs("Wi-Fi scans", "MWIFISCANSTART")
_PINS = _when(_no_pins, "the module has no pins")
_CHANNELS = _when(_no_channels, "the module has no converter")
_FILES = _needs("files", "MFOPEN", "MFPUT")

_CHECKS: Mapping[str, tuple[_Check, ...]] = {
    "sim-remove": (_when(lambda modem: not modem.sim.present, "no card is in"),),
    "sim-insert": (_when(lambda modem: modem.sim.present, "the card is in"),),
    "registration-lost": (_when(lambda modem: not modem.cell.coverage, "there is no coverage"),),
    "registration-back": (
        _when(lambda modem: modem.cell.coverage and modem.cell.refusal is None, "there is coverage, and no refusal"),
    ),
    "roaming": (_when(lambda modem: modem.cell.roaming, "the network is another operator's already"),),
    "home": (_when(lambda modem: not modem.cell.roaming, "the network is its own already"),),
    "signal-back": (_when(_usual_signal, "the signal is as usual"),),
    "pdp-deactivate": (_when(lambda modem: not modem.contexts.active, "no PDP context is active"),),
    "reboot": (_OFF,),
    "brown-out": (_OFF,),
    "power-off": (_OFF,),
    "power-on": (_when(lambda modem: modem.power.state is not PowerState.OFF, "the supply is on"),),
    "sleep": (_NOT_READY, _when(lambda modem: modem.restless, "something goes on, which keeps it awake")),
    "dtr": (_when(lambda modem: not modem.power.asleep, "the module is not asleep"),),
    "clock-jump": (_when(lambda modem: not modem.clock.is_set, "its clock is not set"),),
    "urc": (_SILENT,),
    "connection-stale": (
        _SOCKETS,
        _NOT_READY,
        _when(lambda modem: not _any_socket(modem, State.INITIAL), "no socket is free"),
    ),
    "disconnect": (_SOCKETS, _NOT_READY, _UNCONNECTED),
    "burst": (_SOCKETS, _NOT_READY, _UNCONNECTED),
    "mqtt-publish": (_when(lambda modem: modem.cell.publish is None, "nothing leads to the sandbox"),),
    "file-space": (_FILES,),
    "file-space-back": (_FILES, _when(_true_room, "the store says how much room it has")),
    "fota-fail": (_UPGRADES,),
    "reflash": (_UPGRADES, _when(_as_made, "its firmware is as it was made, and the supply is off")),
    "sms": (_TEXTS,),
    "sms-full": (_TEXTS, _when(_full_stores, "the stores are full")),
    "sms-reset": (_TEXTS, _when(_usual_texts, "the settings are the defaults")),
    "call": (_VOICE, _SILENT, _UNREGISTERED),
    "call-answer": (_VOICE, _NO_CALL),
    "call-end": (_VOICE, _NO_CALL),
    "call-busy": (_VOICE,),
    "call-no-answer": (_VOICE,),
    "call-refused": (_VOICE,),
    "call-drop": (_VOICE,),
    "ussd": (_needs("USSD", "CUSD"), _UNREGISTERED),
    "cells-back": (_when(lambda modem: modem.cell.cells == list(cells_of(modem.profile)), "the cells are as usual"),),
    "handover": (_when(_no_other_cell, "no other cell is on the air that the module may use"),),
    "emm-timer": (_needs("report of its timers", "MEMMTIMER"), _SILENT),
    "pin": (_PINS,),
    "pin-release": (_PINS, _when(lambda modem: not modem.board.levels, "no pin is driven")),
    "adc": (_CHANNELS,),
    "adc-noise": (_CHANNELS,),
    "adc-quiet": (_CHANNELS, _when(lambda modem: not modem.board.noise, "it is without noise")),
    "chip-back": (_when(lambda modem: modem.board.temp is None and modem.board.vbat is None, "the chip is as usual"),),
    "place": (_PLACE,),
    "place-back": (_PLACE, _when(_at_home, "it is where the profile has it")),
    "wifi": (_WIFI,),
    "wifi-back": (_WIFI, _when(_usual_air, "the access points are the usual ones")),
    "wifi-cut": (_WIFI,),
    "lbs": (_PLACE,),
    "lbs-silent": (_PLACE,),
    "lbs-back": (_PLACE, _when(lambda modem: not modem.board.location, "requests are answered as usual")),
}
