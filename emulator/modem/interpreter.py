"""Running command lines: each command in order until the first that fails (V.250 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from emulator.at.command import Outcome, Pending
from emulator.at.grammar import Arguments, Command, Form, MalformedLine, arguments, body, next_command
from emulator.at.reply import OK, CommandError, Reply
from emulator.modem.intents import Bug, Intent

if TYPE_CHECKING:
    from emulator.modem.modem import Modem


class Interpreter:
    """One modem's command lines. A line that waits for the world is taken up again by complete."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem
        self._body = b""
        self._position = 0
        self._trailer: tuple[bytes, ...] = ()
        self._pending: Pending | None = None

    @property
    def busy(self) -> bool:
        """Whether a command is waiting for the world."""
        return self._pending is not None

    def run(self, line: bytes, now: float) -> None:
        """Run a line; its answer is written to the transmitter, unless the line is busy afterwards."""
        try:
            self._body = body(line)
        except MalformedLine:
            self._finish(self._modem.format.error(None), now)
            return
        self._run_body(now)

    def repeat(self, now: float) -> None:
        """``A/``: the last line again; nothing yet is an empty one."""
        self._run_body(now)

    def complete(self, result: object, now: float) -> None:
        """The world has done what the pending command asked for."""
        pending, self._pending = self._pending, None
        assert pending is not None, "nothing is pending"
        self._proceed(now, pending, result)

    def too_long(self, now: float) -> None:
        self._finish(self._modem.format.error(None), now)

    def reset(self) -> None:
        """A restart: whatever was running is forgotten."""
        self.__init__(self._modem)  # type: ignore[misc]

    def _run_body(self, now: float) -> None:
        self._position = 0
        self._trailer = ()
        self._proceed(now)

    def _proceed(self, now: float, pending: Pending | None = None, result: object = None) -> None:
        """Finish the pending command, if any, then run the commands from the position on."""
        modem = self._modem
        try:
            if pending is not None:
                self._answer(pending.finish(result))
            while self._position < len(self._body):
                command = next_command(self._body, self._position)
                if command is None:
                    break
                outcome = self._execute(command)
                if isinstance(outcome, Pending):
                    self._pending = outcome
                    # The language layer does not know the device's intents.
                    modem.intents.append(cast(Intent, outcome.operation))
                    return
                self._answer(outcome)
        except MalformedLine:
            final = modem.format.error(None)
        except CommandError as error:
            final = modem.format.error(error.cme)
        except Exception as error:
            modem.intents.append(Bug(error))
            final = modem.format.error(None)
        else:
            final = modem.format.final(OK) + modem.format.information(self._trailer)
        self._finish(final, now)

    def _execute(self, command: Command) -> Outcome:
        bound = self._modem.model.commands.get(command.name)
        handler = bound.forms.get(command.form) if bound else None
        if bound is None or handler is None:
            raise CommandError
        position = command.end
        given: Arguments = [command.argument] if command.argument else []
        if command.form is Form.SET and not command.complete:
            escapes = bound.escapes is not None and bound.escapes(self._modem, self._first(position))
            given, position = arguments(self._body, position, escapes=escapes)
        self._position = position
        return handler(self._modem, given)

    def _first(self, position: int) -> bytes:
        end = self._body.find(b",", position)
        return self._body[position : end if end >= 0 else len(self._body)].strip()

    def _answer(self, reply: Reply) -> None:
        if reply.lines:
            self._modem.transmitter.write(self._modem.format.information(reply.lines))
        self._trailer = tuple(reply.trailer)

    def _finish(self, final: bytes, now: float) -> None:
        self._modem.transmitter.final(final, now)
