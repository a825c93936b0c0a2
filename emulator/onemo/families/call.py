"""AT+MIPCALL and AT+MUECONFIG: data calls (vendor's base guide)."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.command import Key, KeyedSetting, Query
from onemo.at.family import FamilyDefinition
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import Maybe, Required
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.at.store import Change, Slot
from onemo.modem.intents import Attach, Wait
from onemo.modem.modem import Modem
from onemo.modem.slots import AUTO_CONNECT, AUTO_DIAL, DEFAULT_CONTEXT, AutoConnect, Switch


class Call(NamedTuple):
    """AT+MIPCALL: action 1 makes a call, 0 ends it; without a cid every defined context's, on some models."""

    action: Required
    cid: Maybe


def _calls(modem: Modem) -> Reply:
    """List the contexts with a call (AT+MIPCALL?)."""
    return Reply([modem.contexts.call_line(cid) for cid in sorted(modem.contexts.calls)])


def _call(modem: Modem, record: Call) -> Outcome:
    """Make or end a data call (AT+MIPCALL=): OK now, the URC behind it; a module that camps registers first.

    Raises CommandError: as Contexts.call and hang_up; NOT_ALLOWED, the cid is reserved; the bare ERROR without a cid.
    """
    contexts = modem.contexts
    if record.cid is not None:
        contexts.require_free(record.cid)
        cids = [record.cid]
    elif modem.profile.contexts.call_without_cid == "all":
        cids = sorted(contexts.defined)
    else:
        raise CommandError
    if record.action and not contexts.attached and contexts.waits("camps"):
        return _register(modem, cids)
    if record.action:
        contexts.call(cids)
    else:
        contexts.hang_up(cids)
    return DONE


def _register(modem: Modem, cids: list[int]) -> Outcome:
    """Register, and then make calls. Raises CommandError: as Radio.attach_again and end_attach, and as _called."""
    modem.sim.require()
    seconds = modem.radio.attach_again(modem.now)
    if seconds is None:
        return _called(modem, cids, registered=True)

    def take_network(result: object) -> Outcome:
        if not modem.radio.end_attach():
            return _called(modem, cids, registered=True)
        return Pending(Attach(), lambda done: _called(modem, cids, registered=done))

    return Pending(Wait(seconds), take_network)


def _called(modem: Modem, cids: list[int], *, registered: bool) -> Reply:
    """Make calls. Raises CommandError: NO_NETWORK, the network did not take the module; as Contexts.call."""
    if not registered:
        raise CommandError(Cme.NO_NETWORK)
    modem.contexts.call(cids)
    return DONE


def _connect_by_itself(modem: Modem, record: AutoConnect) -> None:
    """Make the call that is missing, behind the answer, where it comes by itself from now on."""
    if record.enabled and modem.profile.contexts.without_autoconn == "camps" and not modem.radio.registered:
        modem.radio.detached = False
        modem.radio.search_again(modem.now)
    if record.enabled:
        modem.contexts.connect_by_itself(modem.now)


def _no_dial(modem: Modem, record: AutoConnect) -> list[Change]:
    """Have the host's network card not come up by itself, where the data call does not (vendor's flow guide 3.5)."""
    if record.enabled or not modem.has(AUTO_DIAL.command):
        return []
    offers = modem.profile.commands[AUTO_DIAL.command].offers or ()
    return [(AUTO_DIAL, modem.settings.get(AUTO_DIAL)._replace(auto=0))] if AUTO_DIAL.name in offers else []


def _redefine(modem: Modem, record: object) -> None:
    """Let the default context be the next start's."""
    modem.keeping.note(modem.contexts.redefine_default)


_OF_5G = ("hpt", "simenable", "simswap", "ims")
_INERT: tuple[Key[Modem, Switch], ...] = tuple(
    Key(Slot(name, Switch, of="MUECONFIG"))
    for name in ("relver", "asrai", "2harq", "reestablish", "emulticar", *_OF_5G)
)
"""Settings of the protocol stack and the release of its standards: they are kept, and nothing more."""


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Query("MIPCALL", Call, read=_calls, select=_call),
        KeyedSetting(
            "MUECONFIG",
            (
                Key(AUTO_CONNECT, changed=_connect_by_itself, also=_no_dial),
                Key(DEFAULT_CONTEXT, changed=_redefine),
                *_INERT,
            ),
        ),
    ),
    shows={"MIPCALL": ("contexts",), "MUECONFIG": ("contexts",)},
)
