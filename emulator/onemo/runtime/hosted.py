"""A lab in a thread of its own, for programs that know nothing of trio: tests with pyserial, above all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, Unpack

import trio

from onemo.errors import UsageError
from onemo.faults.plan import Fault
from onemo.faults.presets import faults_of
from onemo.faults.say import event_of, words
from onemo.faults.seams.attach import Faults
from onemo.modem.modem import Modem
from onemo.profile.schema import IdentitySection
from onemo.runtime.assertions import DialogueAssertions
from onemo.runtime.controls import ModuleControls
from onemo.runtime.desk.broker import BrokerDesk
from onemo.runtime.desk.bulk import require_content
from onemo.runtime.desk.console import SEND
from onemo.runtime.desk.console_results import PATIENCE, ConsoleAnswer
from onemo.runtime.desk.files import ModuleFiles
from onemo.runtime.desk.ftp import FtpDesk
from onemo.runtime.desk.web import WebDesk
from onemo.runtime.dialogue import Dialogue
from onemo.runtime.faultblock import FaultBlock
from onemo.runtime.faulty import faults_of as faults_of_module
from onemo.runtime.keywords import ModuleKeywords, options_of
from onemo.runtime.lab import RunningModule
from onemo.runtime.labfile import read_lab
from onemo.runtime.labtable import Planned
from onemo.runtime.labthread import LabThread
from onemo.runtime.options import MODEL
from onemo.runtime.spec import spec_of

if TYPE_CHECKING:
    from onemo.runtime.desk.board import BoardControls, PinControls
    from onemo.runtime.desk.lwm2m_desk import Lwm2mDesk
    from onemo.runtime.desk.servers import ServerAddress
    from onemo.runtime.desk.sms import TextControls
    from onemo.runtime.desk.voice import VoiceControls

_T = TypeVar("_T")
_AT_ONCE: ModuleKeywords = {"boot_time": 0.0, "register_time": 0.0, "offline": True}
_BLOCKS = 8
"""Fault blocks that are remembered."""


class HostedModule(ModuleControls, DialogueAssertions):
    """One module of a ``Hosted``, and its controls, for any thread.

    port: what the firmware opens, the path of a pseudo-terminal unless ``link`` said otherwise; ports: those of all its
    AT lines, of which that is the first; trace: all that it and its DTE have said.
    """

    def __init__(self, hosted: LabThread, running: RunningModule, trace: Dialogue, *, required: bool) -> None:
        super().__init__(running)
        self._hosted = hosted
        self._required = required
        self._blocks: deque[FaultBlock] = deque(maxlen=_BLOCKS)
        self.name = running.name
        self.model = running.spec.shown_model(running.model)
        self.ports = running.ports
        self.port = self.ports[0]
        self.trace = trace

    @property
    def url(self) -> str:
        """The port as pyserial's ``serial_for_url`` takes it: a path, or a URL of ``socket`` or ``rfc2217``."""
        return self.port

    @property
    def identity(self) -> IdentitySection:
        """The numbers of the module: its IMEI, IMSI, ICCID and others."""
        return self._running.model.profile.identity

    def send(
        self, command: str | None = None, data: bytes | None = None, *, timeout: float = PATIENCE
    ) -> ConsoleAnswer:
        """Type a command at a console of its own, which leaves the DTE's lines alone; return the answer.

        data: for the ``>`` entry or the transparent connection that it leads to; alone, for one that is open. timeout:
        seconds. Raises FaultError: it is no command, there is nothing to send.
        """
        from onemo.runtime.desk.console_port import desk_port

        given = {"command": command, "timeout": timeout}
        values = SEND.read({name: value for name, value in given.items() if value is not None})
        content = None if data is None else require_content("data", data)
        return self._hosted.wait(partial(desk_port(self).send, command, content, values["timeout"]))

    @property
    def files(self) -> ModuleFiles:
        """The files in its store, by path."""
        return ModuleFiles(self)

    @property
    def web(self) -> WebDesk:
        """The web server of its sandbox: answers of one's own, and the requests that came."""
        return WebDesk(self)

    def firmware(self, to: str, *, fail: str = "") -> str:
        """Return a URL of the sandbox with a package that upgrades the module to a revision, by its own way.

        fail: the step that fails, as a package says it. Raises UsageError: it has no upgrades, or nothing leads there.
        """
        from onemo.runtime.desk.fota import package_url

        return package_url(self, to, fail)

    @property
    def broker(self) -> BrokerDesk:
        """The MQTT broker of its sandbox: what was published, who is there, and messages of one's own."""
        return BrokerDesk(self)

    @property
    def ftp(self) -> FtpDesk:
        """The files of its sandbox's FTP server, by path."""
        return FtpDesk(self)

    @property
    def lwm2m(self) -> Lwm2mDesk:
        """The LwM2M server of its sandbox: who is registered, and what a platform asks: ``lwm2m.read("/3/0/0")``."""
        from onemo.runtime.desk.lwm2m_desk import Lwm2mDesk

        return Lwm2mDesk(self, self._hosted.wait)

    def snapshot(self, file: str | PathLike[str]) -> Path:
        """Write all that it has, but its connections, to a file for ``restore=``; return that. Raises UsageError."""
        from onemo.runtime.desk.snapshot import save_snapshot

        return save_snapshot(self, Path(file))

    def fault(self, fault: str, *, required: bool = True, **keys: object) -> FaultBlock:
        """Arm a fault, or a preset, while a with statement lasts, as ``--fault`` says it, with more of its keys.

        Where it never fires, that raises AssertionError, unless required is False. Raises FaultError.
        """
        name, given = words(fault)
        block = FaultBlock(faults_of({"kind": name, **given, **keys}), self._inside, required)
        self._blocks.append(block)
        return block

    def happen(self, event: Fault | str, **keys: object) -> None:
        """Let an event happen now: ``happen("sim-remove")``. Raises FaultError, as ``ModuleControls.happen``."""
        if isinstance(event, str):
            name, given = words(event)
            event = event_of({"kind": name, **given, **keys})
        super().happen(event)

    def faults(self) -> list[str]:
        """Return a line for each fault that it had, with how often it fired, and when first.

        The last line has the seed that repeats it all.
        """
        session, lines = self._running.fault_session, [str(block) for block in self._blocks]
        if session is not None:
            return [*lines, *session.lines()]
        return [*lines, f"the seed of the faults was {faults_of_module(self._running.module).seed}"] if lines else []

    def never_fired(self) -> list[str]:
        """Return a line for each fault that it was started with, and that should have fired and did not."""
        session = self._running.fault_session
        return session.never_fired() if session is not None and self._required else []

    @property
    def sms(self) -> TextControls:
        """Its short messages: ``sms.receive("10086", "Hello!")``, ``sms.sent[-1].text``."""
        from onemo.runtime.desk.sms import TextControls

        return TextControls(self)

    @property
    def voice(self) -> VoiceControls:
        """Its calls and USSD: ``voice.call("13800138000")``."""
        from onemo.runtime.desk.voice import VoiceControls

        return VoiceControls(self)

    @property
    def board(self) -> BoardControls:
        """The board around it: ``board.lights.network``, ``board.pwm``, ``board.cells``."""
        from onemo.runtime.desk.board import BoardControls

        return BoardControls(self)

    def pin(self, number: int) -> PinControls:
        """Return a pin of the board: ``pin(0).level``, ``pin(1).drive(1)``."""
        return self.board.pin(number)

    def server(self, sid: int) -> ServerAddress:
        """Return where a server of its firmware listens: ``server(0).address``. Raises UsageError: it does not."""
        from onemo.runtime.desk.servers import server_of

        return self._do(lambda modem, now: server_of(modem, sid))

    def stop(self) -> None:
        """End it, its connections with an RST; return once its name and its port are free."""
        self._hosted.wait(partial(self._hosted.lab.stop, self._running))

    def __repr__(self) -> str:
        return f"<{self.name} on {self.port}>"

    def _do(self, act: Callable[[Modem, float], _T]) -> _T:
        return self._hosted.call(lambda: super(HostedModule, self)._do(act))

    def _inside(self, act: Callable[[Faults], _T]) -> _T:
        """Call act with the faults; return its result once what is due at once has happened too."""
        running = self._running

        def do(modem: Modem, now: float) -> _T:
            faults = faults_of_module(running.module, running.spec.faults.seed)
            result = act(faults)
            if faults.deadline <= (now := trio.current_time()):
                faults.on_deadline(now)
            return result

        return self._do(do)


class Hosted(LabThread):
    """A lab that runs while this context lasts. modules: all that it has started, in order, ended ones too.

    Its methods are for any thread, also one that runs an event loop of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.modules: list[HostedModule] = []

    def start(self, model: str = MODEL, *, required: bool = True, **options: Unpack[ModuleKeywords]) -> HostedModule:
        """Start a module; return once it is booted. Options are those of ``run``.

        It boots and registers at once and reaches nothing but loopback (and the sandbox) unless boot_time,
        register_time and offline say otherwise. Without a name, it has its model's name, numbered from the second on.
        required: whether its ``never_fired`` tells of its faults. Raises EmulatorError when it cannot be started.
        """
        if not isinstance(required, bool):
            raise UsageError(f"required={required!r}: give True or False")
        spec = spec_of(options_of(model, {**_AT_ONCE, **options}))
        (module,) = self._started([Planned(spec, None)], required)
        return module

    def start_lab(self, file: str | PathLike[str]) -> list[HostedModule]:
        """Start the modules of a lab's file, in its order; return once all are booted.

        Anything that the file leaves open is as with ``start``, but none of its faults is required to fire. Raises
        EmulatorError, and has started none then.
        """
        return self._started(read_lab(Path(file), usual=_AT_ONCE), required=False)

    def _started(self, planned: Sequence[Planned], required: bool) -> list[HostedModule]:
        dialogues = [Dialogue(self.settle) for _ in planned]
        running = self.wait(partial(self.start_all, planned, dialogues))
        modules = [HostedModule(self, *each, required=required) for each in zip(running, dialogues, strict=True)]
        self.modules += modules
        for module in modules:
            module._do(lambda modem, now: None)  # it has registered, too, if that is to be at once
        return modules

    def __getitem__(self, name: str) -> HostedModule:
        """Return the module of this name that was started last. Raises KeyError."""
        for module in reversed(self.modules):
            if module.name == name:
                return module
        raise KeyError(f"there is no module {name}; there are {', '.join(module.name for module in self.modules)}")
