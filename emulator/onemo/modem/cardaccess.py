"""The way of commands to the card: it may answer late, or in a fault's words, and may be gone before it does. Pure."""

from __future__ import annotations

from collections.abc import Callable

from onemo.at.outcome import Outcome, Pending
from onemo.at.reply import Cme, CommandError, ErrorCode
from onemo.modem.host import Host
from onemo.modem.intents import Tell, Wait

_DONE = (0x90, 0x91)
"""The first octet of a status word with which all is well (102.221 10.2.1)."""


def ask_card(host: Host, ins: int, file: int | None, answered: Callable[[int | None], Outcome]) -> Outcome:
    """Have the card do something, once a fault lets it.

    ins, file: what is asked of it. answered: goes on, with the status word that comes in place of its answer, None: its
    own does; it may raise CommandError. Of a card that was taken out or reset before it answered there is none:
    SIM_NOT_INSERTED, SIM_FAILURE.
    """

    def run(_: object = None) -> Outcome:
        host.sim.require_card()
        if host.sim.resets != resets:
            raise CommandError(Cme.SIM_FAILURE)
        return answered(status)

    resets = host.sim.resets
    seconds, status = host.sim.meddle(ins, file)
    return Pending(Wait(seconds), run) if seconds else run()


def use_file(
    host: Host, ins: int, file: int, use: Callable[[], Outcome], failure: ErrorCode = Cme.SIM_FAILURE
) -> Outcome:
    """Use a file of the card for a command of the module's own, as ask_card; where the card refuses, it fails."""

    def answered(status: int | None) -> Outcome:
        if status is not None and status >> 8 not in _DONE:
            raise CommandError(failure)
        return use()

    return ask_card(host, ins, file, answered)


def tell_written(host: Host, file: int) -> None:
    """Trace that firmware has written a file of the card."""
    host.intents.append(Tell("card", f"file {file:04X} written"))
