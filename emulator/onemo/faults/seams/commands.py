"""Faults of commands: around the one callable with which the interpreter carries a command out."""

from __future__ import annotations

import re

from onemo.at.grammar import Command, Form
from onemo.at.outcome import Outcome, Pending, Prompt
from onemo.at.reply import CommandError, ReplyFormat
from onemo.faults.kind import INDICES, Layer
from onemo.faults.plan import ArmedFault, FaultChooser, Occasion
from onemo.faults.seams.pieces import Piece
from onemo.faults.seams.urcs import FaultyTransmitter
from onemo.modem.console import Console
from onemo.modem.intents import Wait
from onemo.modem.modem import Modem
from onemo.profile.index import Label

_FIRST_NUMBER = re.compile(rb'[ ]*(?:"[^"]*"[ ]*,[ ]*)?(\d{1,9})')
_ERRORS = ("cme", "cms", "cis")


class Answered(CommandError):
    """A final result that is exactly these bytes, with which the line ends; none: with silence."""

    def __init__(self, final: bytes) -> None:
        super().__init__()
        self._final = final

    def final(self, form: ReplyFormat) -> bytes:
        """Return the bytes."""
        return self._final


class FaultyCommands:
    """The way in which the interpreter carries commands out, as the plan lets it."""

    def __init__(self, modem: Modem, console: Console, faults: FaultChooser) -> None:
        self._modem = modem
        self._console = console
        self._faults = faults
        self._inner = console.interpreter.execute

    def install(self) -> None:
        """Take the place of the interpreter's own way."""
        self._console.interpreter.execute = self

    def remove(self) -> None:
        """Give the interpreter its own way back."""
        self._console.interpreter.execute = self._inner

    def __call__(self, command: Command) -> Outcome:
        """Carry a command out, if no fault does something else. Raises CommandError as the command itself does."""
        fired = self._faults.chosen(Layer.COMMAND, self._occasion(command))
        if self._console.owes is not None:
            raise Answered(b"")  # a restart came in the way
        late, entry = 0.0, None
        for armed in fired:
            kind = armed.fault.kind.name
            if kind == "urc-inject":
                self._inject(armed)
            elif kind == "command-delay":
                late += armed.seconds()
            elif kind == "command-silence":
                now = self._modem.now
                if seconds := armed.fault.number("seconds"):
                    self._modem.lifecycle.deafen(now + seconds)
                raise Answered(b"")
            elif kind == "command-answer" and armed.fault.text("at") == "prompt":
                entry = armed
            else:
                raise Answered(self._answer(armed))

        def run(_: object = None) -> Outcome:
            outcome = self._inner(command)
            return outcome if entry is None else self._answered(outcome, entry)

        return Pending(Wait(late), run) if late else run()

    def _answered(self, outcome: Outcome, armed: ArmedFault) -> Outcome:
        """Have an entry that is not given up answered otherwise, where the command comes to one."""
        if isinstance(outcome, Pending):
            finish_work = outcome.finish
            return outcome._replace(finish=lambda done: self._answered(finish_work(done), armed))
        if not isinstance(outcome, Prompt):
            return outcome
        finish = outcome.finish

        def answer(data: bytes | None, timed_out: bool) -> Outcome:
            if data is None:
                return finish(data, timed_out)
            raise Answered(self._answer(armed))

        return outcome._replace(finish=answer)

    def _occasion(self, command: Command) -> Occasion:
        return Occasion(
            command=command.name.decode("latin-1"), form=command.form.name.lower(), label=self._label(command)
        )

    def _label(self, command: Command) -> Label | None:
        """Return the instance that a command names: its first number, behind a key if it has keys."""
        bound = self._modem.model.command(command.name)
        if bound is None or command.form is not Form.SET or command.complete:
            return None
        first = {record.params[0].name for record in bound.records.values() if record.params}
        index = next((index for index in INDICES if index.name in first), None)
        found = _FIRST_NUMBER.match(self._console.interpreter.line, command.end)
        return Label(index, int(found[1])) if index and found else None

    def _inject(self, armed: ArmedFault) -> None:
        transmitter, fault = self._console.transmitter, armed.fault
        assert isinstance(transmitter, FaultyTransmitter), "an injected URC has somewhere to be placed"
        line = self._console.format.notice(fault.data("text"))
        transmitter.place(fault.text("at"), Piece(line, fault.whole("split"), fault.number("gap"), armed), [armed])

    def _answer(self, armed: ArmedFault) -> bytes:
        """Return the answer of command-answer, as ATV, ATQ and AT+CMEE have it."""
        values, form = armed.fault.values, self._console.format
        line = values.get("line")
        before = form.information([line]) if isinstance(line, bytes) else b""
        for key in _ERRORS:
            if key in values:
                return before + self._error(key.upper(), armed.fault.whole(key))
        result = armed.fault.text("result").encode("latin-1", "replace") if "result" in values else b"ERROR"
        if form.quiet:
            return before
        if not form.verbose and result in _NUMBERS:
            return before + _NUMBERS[result] + form.cr
        return before + form.notice(result)

    def _error(self, result: str, number: int) -> bytes:
        """Return an error; a number that the model knows has its text where AT+CMEE asks for that."""
        form = self._console.format
        if form.error_level == 0:
            return form.error(None)
        if form.quiet:
            return b""
        shown = str(number)
        if form.error_level == 2:
            known = self._modem.model.whole().errors.items()
            shown = next((text for code, (n, text) in known if (code.result, n) == (result, number)), shown)
        return form.notice(f"+{result} ERROR: {shown}".encode())


_NUMBERS = {b"OK": b"0", b"CONNECT": b"1", b"RING": b"2", b"NO CARRIER": b"3", b"ERROR": b"4", b"NO DIALTONE": b"6",
            b"BUSY": b"7", b"NO ANSWER": b"8"}  # fmt: skip
"""V.250 table 1."""
