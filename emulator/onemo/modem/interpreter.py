"""The interpreter of command lines: each command in order until the first that fails (V.250 5.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from onemo.at.grammar import Arguments, Command, Form, MalformedLine, arguments, body, next_command
from onemo.at.outcome import Outcome, Pending, Prompt
from onemo.at.registry import BoundModel
from onemo.at.reply import OK, CommandError, Reply, ReplyFormat
from onemo.modem.intents import Bug, Intent, Wait
from onemo.wire.framer import Framer
from onemo.wire.transmitter import Kind, Transmitter

AnswerWatch = Callable[[bytes, float, CommandError | None, bytes], None]
"""Told of each line that is answered: its body, when it or its entry had ended, its failure, its final result code."""
_NO_BODY = b"?"
"""The body of a line that is no command line."""


class CommandDevice(Protocol):
    """The module that runs a command, as far as that needs it."""

    model: BoundModel[Any]
    intents: list[Intent]
    asking: Any
    """The console whose command runs."""
    on_answer: AnswerWatch | None


class CommandConsole(Protocol):
    """The console that a command line was typed at, as far as that needs it."""

    format: ReplyFormat
    framer: Framer
    transmitter: Transmitter

    @property
    def device(self) -> CommandDevice:
        """The module of the console."""
        ...


class Interpreter:
    """The command lines of one console. A line that waits for the world is taken up again by complete.

    execute: carries one command out; it can be wrapped.
    pending: the command that waits for the world; None without one.
    """

    def __init__(self, console: CommandConsole) -> None:
        self._console = console
        self.execute: Callable[[Command], Outcome] = self._execute
        self.reset()

    def reset(self) -> None:
        """Forget whatever was running: the module restarts."""
        self._body = b""
        self._position = 0
        self._began = 0.0
        self._trailer: Sequence[bytes] = ()
        self.pending: Pending | None = None
        self._prompt: Prompt | None = None

    @property
    def line(self) -> bytes:
        """The body of the line that runs, or ran last."""
        return self._body

    @property
    def operation(self) -> object:
        """The operation that the waiting command asked of the world; None without one."""
        return self.pending.operation if self.pending else None

    def run(self, line: bytes, now: float) -> None:
        """Run a line; its answer is written to the transmitter, unless the line is busy afterwards."""
        self._began = now
        try:
            self._body = body(line)
        except MalformedLine:
            self._fail(_NO_BODY, now)
            return
        self._proceed(now)

    def repeat(self, now: float) -> None:
        """Run the last line again (``A/``); nothing yet is an empty one."""
        self._began = now
        self._proceed(now)

    def complete(self, result: object, now: float) -> None:
        """Take the pending command up: the world has done what it asked for."""
        pending, self.pending = self.pending, None
        assert pending is not None, "nothing is pending"
        self._proceed(now, lambda: pending.finish(result))

    def entered(self, data: bytes | None, timed_out: bool, now: float) -> None:
        """Take the end of a payload entry: the payload, or None after ESC."""
        prompt, self._prompt = self._prompt, None
        assert prompt is not None, "no prompt is open"
        self._began = now
        self._proceed(now, lambda: prompt.finish(data, timed_out))

    def abandon(self, now: float) -> None:
        """End the line with ERROR, whatever it waits for."""
        self.pending = self._prompt = None
        self._fail(self._body, now)

    def too_long(self, now: float) -> None:
        """Answer ERROR to a line over the limit."""
        self._began = now
        self._fail(_NO_BODY, now)

    def _proceed(self, now: float, resume: Callable[[], Outcome] | None = None) -> None:
        """Run the commands of the line from its start, or from the waiting one on, which resume takes up."""
        console = self._console
        device, form = console.device, console.format
        device.asking = console
        trailer: Sequence[bytes] = ()
        failure: CommandError | None = None
        try:
            if resume is None:
                self._position, self._trailer, goes_on = 0, (), True
            else:
                goes_on = self._take(resume(), now)
            while goes_on and self._position < len(self._body):
                command = self._next()
                if command is None:
                    break
                goes_on = self._take(self.execute(command), now)
        except CommandError as error:
            failure = error
        except Exception as error:
            failure = self._failure(error)
        else:
            if self.pending is not None or self._prompt is not None:
                return
            trailer = self._trailer
        finally:
            device.asking = None
        final = form.final(OK) if failure is None else failure.final(form)
        console.transmitter.final(final, now)
        if trailer:
            console.transmitter.notice(form.information(trailer), Kind.ANSWER)
        if device.on_answer is not None:
            device.on_answer(self._body, self._began, failure, final)

    def _failure(self, error: Exception) -> CommandError:
        """Return the failure that anything else than a command's own is."""
        if not isinstance(error, MalformedLine):
            self._console.device.intents.append(Bug(error))
        return CommandError()

    def _take(self, outcome: Outcome, now: float) -> bool:
        """Let an outcome act; return whether the next command of the line may run."""
        console = self._console
        if isinstance(outcome, Reply):
            if outcome.lines:
                console.transmitter.write(console.format.information(outcome.lines))
            self._trailer = outcome.trailer
            if outcome.failure is not None:
                raise outcome.failure
            return not outcome.last
        if isinstance(outcome, Pending):
            self.pending = outcome
            # The language layer does not know the device's intents.
            console.device.intents.append(cast(Intent, outcome.operation))
        else:
            self._prompt = outcome
            text = outcome.text or console.device.model.profile.line.prompt
            prompt = console.format.prompt(text)
            console.transmitter.prompt(prompt)
            console.framer.prompt(outcome.length, outcome.limit, outcome.timeout, now, secret=outcome.secret)
            console.framer.show_entry(echoes=outcome.echoes, again=prompt if outcome.again else b"")
        return False

    def _next(self) -> Command | None:
        """Read the next command of the line; None at its end. Raises MalformedLine."""
        try:
            return next_command(self._body, self._position)
        except MalformedLine:
            model = self._console.device.model
            name = model.answers.named(self._body) if model.answers is not None else b""
            if self._position or not name or model.command(name) is not None:
                raise
            return Command(name, Form.EXECUTE, len(self._body))  # a profile may have an answer to it

    def _execute(self, command: Command) -> Outcome:
        device = self._console.device
        bound = device.model.commands.get(command.name) or device.model.command(command.name)
        handler = bound.forms.get(command.form) if bound else None
        if bound is None and device.model.answers is not None and not self._position:
            self._position = len(self._body)
            reply, delay = device.model.answers.answer(self._body, device.model.profile.answers)
            return Pending(Wait(delay), lambda result: reply) if delay else reply
        if bound is None or handler is None:
            raise CommandError
        position = command.end
        given: Arguments = (command.argument,) if command.argument else ()
        if not command.complete:
            if bound.split is None:
                given, position = arguments(self._body, position)
            else:
                given, position = bound.split(device, self._body, position)
        self._position = position
        return handler(device, given)

    def _fail(self, line: bytes, now: float) -> None:
        console, failure = self._console, CommandError()
        final = failure.final(console.format)
        console.transmitter.final(final, now)
        if console.device.on_answer is not None:
            console.device.on_answer(line, self._began, failure, final)
