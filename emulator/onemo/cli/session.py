"""The session of ``record --session fidelity``: a module is asked what here was only decided."""

from __future__ import annotations

import logging
import re
import sys

import trio

from onemo.cli.questions import FidelityQuestion, asked
from onemo.cli.talk import LONGEST, RecordFile, RecordTalk
from onemo.dialogue.results import FINAL_LINE
from onemo.dialogue.transcript import filled, parse
from onemo.errors import LinkError
from onemo.profile.loader import model_files, sub_models
from onemo.runtime.models import bind_profile, inspect
from onemo.runtime.sink import say

_log = logging.getLogger(__name__)
_TRIES = 5
_TRY = 1.0
"""Seconds for which the first AT waits for its OK."""
_MOST_UNANSWERED = 3
"""Lines in a row after which a module is gone."""
_INTERRUPTED = 3.0
"""Seconds that an answer may still take once the session is to end."""
_UNDOING = 15.0
"""Seconds for the answer to what puts a setting back."""


class FidelitySession:
    """Asks the questions one after the other; each puts back what it changed before the next is asked.

    quiet: seconds of silence after each answer. model: its name, where the user gave one.
    """

    def __init__(self, talk: RecordTalk, out: RecordFile, quiet: float, model: str | None) -> None:
        self._talk = talk
        self._out = out
        self._quiet = quiet
        self._model = model
        self._stopped = False
        self._unanswered = 0
        self._scope = trio.CancelScope()

    def stop(self) -> None:
        """End the session: an answer that is on its way may come, and what was changed is put back."""
        self._stopped = True
        self._scope.deadline = min(self._scope.deadline, trio.current_time() + _INTERRUPTED)

    async def hold(self, headers: tuple[tuple[str, str], ...]) -> None:
        """Ask them all. Raises LinkError: the module does not answer, or answers no more."""
        echoed = await self._wake()
        model = self._model or await self._told("AT+CGMM")
        revision = await self._told("AT+CGMR")
        questions = _questions(model)
        told = dict(headers)
        self._out.begin((*{"model": model, **told, "firmware": revision}.items(),))
        self._out.write("# Asked by record --session fidelity.", "> ATE0", "...", "< OK")
        self._out.open = True
        try:
            for number, question in enumerate(questions, 1):
                if self._stopped:
                    break
                say(f"{number}/{len(questions)} {question.about}", sys.stderr)
                await self._ask(question)
        finally:
            self._out.flush()
            self._out.open = False
        if echoed:
            await self._talk.say(b"ATE1\r")
            await self._talk.answer(self._quiet, _UNDOING)
        if self._stopped:
            _log.warning("ended early; what was asked so far is in the transcript")

    async def _wake(self) -> bool:
        """Turn echo off; return whether it was on."""
        for _ in range(_TRIES):
            await self._talk.say(b"AT\r")
            if await self._talk.answer(self._quiet, _TRY):
                echoed = b"AT\r" in self._talk.heard
                await self._talk.say(b"ATE0\r")
                await self._talk.answer(self._quiet, _TRY)
                return echoed
        raise LinkError("the module does not answer AT: see that this is its AT port, and that --baud is its speed")

    async def _told(self, command: str) -> str:
        """Return the first line of the answer to a command, before the transcript begins."""
        await self._talk.say(f"{command}\r".encode())
        await self._talk.answer(self._quiet, _UNDOING)
        found = re.search(rb"\r\n(?:\+\w+: ?)?\"?([^\r\n]+?)\"?\r\n", self._talk.heard)
        return found[1].decode("ascii", "replace") if found and not FINAL_LINE.match(self._talk.heard) else "unknown"

    async def _ask(self, question: FidelityQuestion) -> None:
        """Ask one, and put back what it changed, also where the session is to end meanwhile."""
        self._out.write(f"# {question.about} ({question.settles})")
        undo: list[str] = []
        taken = False
        self._scope = trio.CancelScope()
        with self._scope:
            for name in question.keeps:
                await self._say(f"AT+{name}?")
                if found := re.search(rb"\r\n\+%s: ?([^\r\n]+)\r\n" % name.encode(), self._talk.heard):
                    undo.insert(0, f"AT+{name}={found[1].decode('latin-1')}")
            if len(undo) == len(question.keeps):  # what cannot be put back is not changed
                for line in question.lines:
                    await self._say(line)
                    taken |= b"\r\nOK\r\n" in self._talk.heard
        if self._scope.cancelled_caught:
            self._out.flush()
            self._out.write("...")
        with trio.CancelScope(shield=True):
            for line in (*(question.undo if taken else ()), *undo):
                await self._say(line, _UNDOING)

    async def _say(self, line: str, patience: float = LONGEST) -> None:
        """Say one line, or let time pass."""
        if line.startswith("wait "):
            self._out.flush()
            self._out.waited(seconds := float(line[5:]))
            await trio.sleep(seconds)
            return
        (step,) = parse("", line if line.startswith(">>") else f"> {line}").steps
        await self._talk.say(filled(step.pieces, {}))
        if not await self._talk.answer(self._quiet, patience):
            self._out.flush()
            self._out.write("# no answer")
            self._unanswered += 1
            if self._unanswered == _MOST_UNANSWERED:
                problem = f"the module has not answered the last {_MOST_UNANSWERED} lines"
                raise LinkError(f"{problem}: see that it has power; what was asked so far is in the transcript")
            return
        self._unanswered = 0
        self._out.flush()


def _questions(model: str) -> list[FidelityQuestion]:
    """Return the questions for a model, by the longest name of ours that its name begins with; else those for any."""
    files = {name: file for file in model_files().values() for name in (file.stem, *sub_models(file))}
    near = sorted((name for name in files if model.lower().startswith(name.lower())), key=len)
    if not near:
        _log.warning("no profile is of %s: it is asked what is asked of any", model)
    wanted = [(files[near[-1]], near[-1])] if near else [(file, None) for file in model_files().values()]
    loaded = [inspect(file, name if name in sub_models(file) else None) for file, name in wanted]
    return asked([(each, bind_profile(each)) for each in loaded])
