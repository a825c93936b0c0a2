"""What a test says of a dialogue in few words."""

from __future__ import annotations

from onemo.runtime.dialogue import Dialogue, SeenConnection


class DialogueAssertions:
    """The part of a module that a test asks about its dialogue. trace: that."""

    trace: Dialogue

    @property
    def sent(self) -> list[str]:
        """The commands that the DTE typed; ``trace.sent`` has the bytes."""
        return self.trace.commands

    @property
    def connections(self) -> list[SeenConnection]:
        """The connections of the module in the order in which they opened: ``connections[0].received``."""
        return self.trace.connections

    def expect(self, command: str, timeout: float = 5.0) -> str:
        """Wait for the next command of the DTE that is this one, ``"AT+MIPOPEN=*"``; return it.

        ``*`` stands for anything; timeout: seconds. Raises AssertionError, which shows the end of the dialogue.
        """
        __tracebackhide__ = True
        return self.trace.expect(command, timeout).text
