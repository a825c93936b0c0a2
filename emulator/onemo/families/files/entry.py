"""Data of AT+MFPUT and AT+MFWRITE: in the line, or after ``>``, where only its length and time end it."""

from __future__ import annotations

from collections.abc import Callable

from onemo.at.entry import DataEntry
from onemo.at.outcome import Outcome, Pending
from onemo.at.reply import CommandError
from onemo.families.files.settings import TIMEOUT, input_form
from onemo.modem.filetable import StoreError
from onemo.modem.modem import Modem

Take = Callable[[bytes], Outcome]


def inline(modem: Modem, length: int, take: Take) -> DataEntry:
    """Make the entry of data in the line."""
    return DataEntry(take=take, timeout=0.0, length=length, form=input_form(modem))


def check(modem: Modem, length: int, typed: bytes | None, take: Take) -> None:
    """Check the length of data in the line, if any; with a length of 0 there may be none. Raises CommandError (50)."""
    if typed is not None and (typed or length):
        inline(modem, length, take).check(typed)


def take_typed(modem: Modem, length: int, typed: bytes, take: Take) -> Outcome:
    """Take data that stands in the line. Raises CommandError: INCORRECT_PARAMETERS; as take."""
    return inline(modem, length, take).begin(typed) if typed or length else take(b"")


def prompt(modem: Modem, length: int, room: Callable[[], int], take: Take) -> Outcome:
    """Prompt for data, all bytes of which count; of length 0 for as many as there is room for, until the time is over.

    More than that is an error (NO_SPACE) once what fits is taken, and whatever follows is dropped until the line is
    quiet. Nothing at all is one, too (TIMED_OUT). room: tells how many there is room for, which may change meanwhile.
    """
    console, most = modem.console, room()

    def take_what_fits(data: bytes) -> Outcome:
        if len(data) > most:
            console.framer.discard(modem.now)
        fits = room()
        return take(data) if len(data) <= fits else _failing(take(data[:fits]))

    entry = DataEntry(
        take=take if length else take_what_fits,
        timeout=modem.settings.effective(TIMEOUT).timeout,
        length=length or most + 1,
        unfinished=StoreError.TIMED_OUT,
    )
    return entry.begin(None)


def _failing(taken: Outcome) -> Outcome:
    """Let what is written down end in an error all the same. Raises CommandError(NO_SPACE) where nothing is."""
    if not isinstance(taken, Pending):
        raise CommandError(StoreError.NO_SPACE)

    def finish(done: object) -> Outcome:
        taken.finish(done)
        raise CommandError(StoreError.NO_SPACE)

    return Pending(taken.operation, finish)
