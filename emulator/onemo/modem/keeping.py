"""The way of commands to the non-volatile memory: a change is a transaction, written down before its answer. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from onemo.at.outcome import Outcome, Pending
from onemo.at.params import BoundRecord
from onemo.at.registry import BoundModel
from onemo.at.reply import DONE, Cme, CommandError, ErrorCode, Reply
from onemo.at.store import Change, R, Settings, Slot
from onemo.modem.cells import FrequencyMemory
from onemo.modem.console import Console
from onemo.modem.contexts import Definition, Login
from onemo.modem.intents import Intent, Store
from onemo.modem.memory import FIRMWARE, Keeper, Memory, Stored
from onemo.modem.per_context import PerContext
from onemo.modem.slots import PROFILE

if TYPE_CHECKING:
    from onemo.modem.firmware import FirmwareMemory

T = TypeVar("T")


class KeepingDevice(Protocol):
    """The module, as its non-volatile memory sees it."""

    first: Console
    intents: list[Intent]

    def settings_of(self, slot: Slot[Any]) -> Settings:
        """Return the settings that hold a slot: the device's, or those of the console that asks."""
        ...


class Keeping:
    """What outlives the boot cycle, and the transactions that change it.

    definitions, logins: of the PDP contexts. keepers: those that are there from the start, by their name in the NV.
    """

    def __init__(self, device: KeepingDevice, model: BoundModel[Any], keepers: dict[str, Keeper]) -> None:
        self._device = device
        self._model = model
        self.memory = Memory(model, PROFILE)
        self.definitions: PerContext[Definition] = PerContext(lambda: self._parameters("CGDCONT"))
        self.logins: PerContext[Login] = PerContext(lambda: self._parameters("CGAUTH"))
        self.memory.keepers = {**keepers, "CGDCONT": self.definitions, "CGAUTH": self.logins}

    @property
    def firmware(self) -> FirmwareMemory | None:
        """What an upgrade of the firmware left; None: there was none."""
        return cast("FirmwareMemory | None", self.memory.keepers.get(FIRMWARE))

    def keeper(self, name: str) -> Any:  # noqa: ANN401  (each is what its family makes)
        """Return what a family keeps beyond the boot cycle, by its name in the NV; it is made at its first use."""
        found = self.memory.keepers.get(name)
        if found is None:
            self._model.binder.bind_command(name)
            make = next(defined.keepers[name] for defined in self._model.bound() if name in defined.keepers)
            found = self.memory.keepers[name] = make(self._device)
        return found

    def restore(self, stored: Stored) -> list[str]:
        """Take up what an earlier process wrote down; return the names of what does not fit."""
        for name in self._model.binder.kept_names(stored):
            self.keeper(name)
        return self.memory.restore(stored)

    def keep(self, slot: Slot[R], record: R, index: int, also: Sequence[Change] = ()) -> Reply | Pending:
        """Store what was set; what outlives the boot cycle is written down before the answer.

        also: other settings that change with it, and last as it does. A memory that takes nothing more leaves it as it
        was: CME 20. [decided]
        """
        settings = self._device.settings_of(slot)
        if not self.memory.lasts(slot, record) or (slot.of_console and settings is not self._device.first.settings):
            settings.set(slot, record, index)
            return DONE

        def change() -> None:
            settings.set(slot, record, index)
            self.memory.values[slot, index] = record
            for other, value in also:
                settings.set(other, value)
                self.memory.values[other, 0] = value

        return self.write_down(change)

    def keep_contexts(self, change: Callable[[], None], answer: Outcome = DONE) -> Pending:
        """Change what the contexts hold, and write it down, before an answer. Raises as change."""

        def changed() -> None:
            change()
            self.definitions.remember()
            self.logins.remember()

        return self.write_down(changed, answer=answer)

    def write_down(
        self, change: Callable[[], None], failure: ErrorCode = Cme.MEMORY_FULL, answer: Outcome = DONE
    ) -> Pending:
        """Make the outcome of a command that changes what outlives the boot cycle: its answer, or what goes on then.

        It is one transaction, taken back where nothing can be written: that is the failure. Raises as change.
        """
        take_back = self.memory.change(change)

        def stored(done: bool) -> Outcome:
            if not done:
                take_back()
                raise CommandError(failure)
            return answer

        return Pending(self.store(), stored)

    def note(self, change: Callable[[], T]) -> T:
        """Change what outlives the boot cycle, with no command that waits for it; return what change does.

        Where it cannot be written down, it goes with this process. Raises as change.
        """
        result = change()
        self._device.intents.append(self.store())
        return result

    def try_down(self, change: Callable[[], None], then: Callable[[bool], None]) -> None:
        """Change what outlives the boot cycle, with no command that waits for it; then is told whether it is kept.

        Where it cannot be written down it is taken back. Raises as change.
        """
        take_back = self.memory.change(change)

        def stored(done: bool) -> None:
            if not done:
                take_back()
            then(done)

        self._device.intents.append(self.store(stored))

    def take_frequencies(self) -> bool:
        """Tell whether the frequencies of before were forgotten, which the search that follows finds again."""
        memory = self.memory.keepers.get("frequencies")
        if not isinstance(memory, FrequencyMemory) or not memory.forgotten:
            return False
        self.note(memory.take)
        return True

    def flush(self) -> None:
        """Write down what is on its way to be kept: an orderly restart follows."""
        if self.memory.bulk is not None and self.memory.bulk.commit():
            self._device.intents.append(self.store())

    def store(self, then: Callable[[bool], None] | None = None) -> Store:
        """Return a request to write down all that outlives the boot cycle; then is told whether it was."""
        return Store(self.memory.snapshot(), self.memory.contents(), then)

    def _parameters(self, command: str) -> BoundRecord[Any] | None:
        return self._model.parameters(command) if self._model.has(command) else None
