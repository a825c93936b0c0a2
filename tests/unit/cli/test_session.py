"""The session of ``record``: a module that goes silent."""

from __future__ import annotations

from typing import cast

import pytest
from onemo.cli.session import FidelitySession
from onemo.cli.talk import RecordFile, RecordTalk
from onemo.errors import LinkError


class Talk:
    """A module that answers some lines. answers: whether it does, line by line."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.said: list[bytes] = []

    async def say(self, data: bytes) -> None:
        self.said.append(data)

    async def answer(self, quiet: float, patience: float) -> bool:
        return self.answers.pop(0)


class File:
    """A transcript."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, *lines: str) -> None:
        self.lines += lines

    def flush(self) -> None:
        """Hold nothing."""


async def test_a_module_that_answers_no_more_is_not_asked_for_hours() -> None:
    talk, out = Talk(False, False, True, False, False, False), File()
    session = FidelitySession(cast(RecordTalk, talk), cast(RecordFile, out), 0.1, "ML307R")
    for _ in range(5):
        await session._say("AT")
    with pytest.raises(LinkError, match="has not answered the last 3 lines"):
        await session._say("AT")
    assert out.lines == ["# no answer"] * 5
    assert talk.said == [b"AT\r"] * 6
