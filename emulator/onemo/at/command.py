"""The four kinds of command declaration, and what each becomes when it is bound to a model.

Action (MIPOPEN) does something; Query (MIPSTATE) tells something; Setting (MIPTKA) and KeyedSetting (MIPCFG)
hold values. One declaration gives the forms, the text of the test command, range errors, defaults, storage
and read-back.
"""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from onemo.at.grammar import Argument, Arguments, Form
from onemo.at.outcome import D, Handler, Outcome, Sections, Split, barely
from onemo.at.params import BindError, BoundRecord, bind_record, index_of
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.at.store import Change, Slot
from onemo.profile.ranges import Range
from onemo.profile.schema import CommandSection

R = TypeVar("R", bound=NamedTuple)


class NoParameters(NamedTuple):
    """The record of a command without parameters."""


class BoundCommand(NamedTuple, Generic[D]):
    """A command as one model has it. records: its parameter records, by key ("" when it has no keys).

    split: reads its parameters, where that depends on the device or they are not as V.250 has them. test_reads_device:
    the answer of the test command depends on the device.
    """

    name: str
    forms: Mapping[Form, Handler[D]]
    records: Mapping[str, BoundRecord[Any]]
    slots: Mapping[Slot[Any], BoundRecord[Any]] = {}
    split: Split[D] | None = None
    test_reads_device: bool = False


def print_line(name: str, *values: int | str | bytes | None) -> bytes:
    """Make the line ``+NAME: 1,"text"``: strings quoted, bytes as they are; a None ends it."""
    shown: list[bytes] = []
    for value in values:
        if value is None:
            break
        if isinstance(value, int):
            shown.append(b"%d" % value)
        else:
            shown.append(b'"' + value.encode("latin-1") + b'"' if isinstance(value, str) else value)
    return b"+" + name.encode() + b": " + b",".join(shown)


def field_values(device: object, record: NamedTuple) -> tuple[Any, ...]:
    """Return the values of a record in order, as a read-back prints them."""
    return tuple(record)


def _test_reply(
    name: str,
    bound: BoundRecord[Any],
    shown: str | None,
    test: Callable[[Any, BoundRecord[Any]], Outcome] | None = None,
) -> Handler[Any]:
    """Make the handler of ``=?``.

    It answers what test says, else what is shown, else the ranges; a bare OK where there is none (27.007 8.15).
    """
    if test is not None:
        return lambda device, arguments: test(device, bound)
    text = bound.shown if shown is None else shown
    reply = Reply((f"+{name}: {text}".encode(),)) if text else DONE
    return lambda device, arguments: reply


class Action(NamedTuple, Generic[D, R]):
    """A command that does something. bare: it may be given without parameters and without ``=``.

    counts: of one without parameters, what is given are parameters too many, not a form that it has not. tested: it has
    a test form; test: what that answers where it is not the ranges, test_reads_device: that depends on
    the device. reads: ``?`` does the same; read: what it does instead. escapes, split: as BoundCommand has them. Every
    basic command (one without ``+``) is bare.
    """

    name: str
    record: type[R]
    run: Callable[[D, R], Outcome]
    bare: bool = False
    tested: bool = True
    split: Split[D] | None = None
    test: Callable[[D, BoundRecord[R]], Outcome] | None = None
    test_reads_device: bool = False
    reads: bool = False
    counts: bool = False
    read: Callable[[D], Outcome] | None = None

    def bind(self, section: CommandSection, shared: Sections) -> BoundCommand[D]:
        """Bind it to its section. Raises BindError. shared: the parameters that many commands have."""
        bound = bind_record(self.record, section.params, shared)
        run = self.run

        def act(device: D, arguments: Arguments) -> Outcome:
            return run(device, bound.effective(bound.parse(arguments)))

        forms: dict[Form, Handler[D]] = {}
        if (bound.params or self.counts) and not is_basic(self.name):
            forms[Form.SET] = act
        if self.bare or not bound.params or is_basic(self.name):
            forms[Form.EXECUTE] = act
        if self.reads:
            forms[Form.READ] = act
        if (read := self.read) is not None:
            forms[Form.READ] = lambda device, arguments: read(device)
        if self.tested and not is_basic(self.name):
            forms[Form.TEST] = _test_reply(self.name, bound, section.shown, self.test)
        return BoundCommand(self.name, forms, {"": bound}, {}, self.split, self.test_reads_device)


class Query(NamedTuple, Generic[D, R]):
    """A command that tells something.

    read answers ``?``, select answers ``=<parameters>``, test ``=?`` where that is not the ranges. test_reads_device:
    test depends on the device (AT+COPS). split as of Action. bare_errors: every refusal is the bare ERROR where it
    says so.
    """

    name: str
    record: type[R]
    read: Callable[[D], Outcome] | None
    select: Callable[[D, R], Outcome] | None
    tested: bool = True
    test: Callable[[D, BoundRecord[R]], Outcome] | None = None
    test_reads_device: bool = False
    split: Split[D] | None = None
    bare_errors: Callable[[D], bool] | None = None

    def bind(self, section: CommandSection, shared: Sections) -> BoundCommand[D]:
        """Bind it to its section. Raises BindError. shared: the parameters that many commands have."""
        bound = bind_record(self.record, section.params, shared)
        select, read = self.select, self.read
        forms: dict[Form, Handler[D]] = {}
        if select is not None:
            forms[Form.SET] = lambda device, arguments: select(device, bound.parse(arguments))
            if self.bare_errors is not None:
                forms[Form.SET] = barely(forms[Form.SET], self.bare_errors)
        if read is not None and section.readable:
            forms[Form.READ] = lambda device, arguments: read(device)
        if self.tested:
            forms[Form.TEST] = _test_reply(self.name, bound, section.shown, self.test)
        return BoundCommand(self.name, forms, {"": bound}, {}, self.split, self.test_reads_device)


def _keep(device: object, record: object) -> None:
    """Accept whatever is in range, and do nothing more: the check and the effect of a setting that has none."""


class Setting(NamedTuple, Generic[D, R]):
    """One stored record, or one for each value of its first field (slot.indexed_by).

    check is asked before a new record is kept and may raise CommandError; changed is told afterwards.
    adjusted gives the record that is kept for one that was given; shown gives the values of a read-back. resets_rest:
    parameters behind the last that is given get their defaults; else what is left out stays. told: the lines that
    answer a new record, of a setting that is no NV. bare: without parameters and ``=`` it gets its defaults; read: it
    has ``?``.
    """

    slot: Slot[R]
    check: Callable[[D, R], None] = _keep
    changed: Callable[[D, R], None] = _keep
    shown: Callable[[D, R], Sequence[int | str | bytes | None]] = field_values
    adjusted: Callable[[D, R], R] | None = None
    resets_rest: bool = False
    told: Callable[[D, R], Sequence[bytes]] | None = None
    bare: bool = False
    read: bool = True

    @property
    def name(self) -> str:
        """The name of its command."""
        return self.slot.name

    def bind(self, section: CommandSection, shared: Sections) -> BoundCommand[D]:
        """Bind it to its section. Raises BindError. shared: the parameters that many commands have."""
        bound = bind_record(self.slot.record, section.params, shared)
        forms: dict[Form, Handler[D]]
        if is_basic(self.name):
            forms = self._basic_forms(bound)
        else:
            test = _test_reply(self.name, bound, section.shown)
            forms = {Form.TEST: test, Form.SET: self._set(bound)}
            if self.read:
                forms[Form.READ] = self._read(bound)
            if self.bare:
                forms[Form.EXECUTE] = forms[Form.SET]
        return BoundCommand(self.name, forms, {"": bound}, {self.slot: bound})

    def _line(self, device: D, index: int) -> bytes:
        return print_line(self.name, *self.shown(device, device.settings_of(self.slot).get(self.slot, index)))

    def _read(self, bound: BoundRecord[R]) -> Handler[D]:
        def read(device: D, arguments: Arguments) -> Reply:
            indices = bound.indices if self.slot.indexed_by else (0,)
            return Reply([self._line(device, index) for index in indices])

        return read

    def _set(self, bound: BoundRecord[R]) -> Handler[D]:
        def assign(device: D, arguments: Arguments) -> Outcome:
            index = 0
            if self.slot.indexed_by:
                index = index_of(bound, arguments)
                if len(arguments) == 1:
                    return Reply((self._line(device, index),))
            base = device.settings_of(self.slot).get(self.slot, index)
            if self.resets_rest:
                base = base._replace(**{param.name: param.default for param in bound.params[len(arguments) :]})
            record = bound.parse(arguments, base)
            self.check(device, record)
            if self.adjusted is not None:
                record = self.adjusted(device, record)
            _require_fit(self.slot, record)
            outcome = device.keep(self.slot, record, index)
            self.changed(device, record)
            return Reply(self.told(device, record)) if self.told is not None else outcome

        return assign

    def _basic_forms(self, bound: BoundRecord[R]) -> dict[Form, Handler[D]]:
        """Make the forms of a basic command.

        ``ATE1``, where a missing value is 0 (V.250 5.3.1); ``ATS3=13``, ``ATS3?`` (5.3.2).
        """
        assign = self._set(bound)

        def execute(device: D, arguments: Arguments) -> Outcome:
            return assign(device, arguments or (Argument(b"0", quoted=False),))

        if not self.name.startswith("S"):
            return {Form.EXECUTE: execute}

        def read(device: D, arguments: Arguments) -> Reply:
            (value,) = self.shown(device, device.settings_of(self.slot).get(self.slot))
            return Reply((str(value).zfill(3).encode(),))

        return {Form.SET: execute, Form.READ: read}


class Key(NamedTuple, Generic[D, R]):
    """One key of a KeyedSetting; slot.name is the key. shown gives the values of a read-back.

    changed and adjusted as in Setting. told: whether a query of the key tells a record. also: other settings that
    change with it, in the same transaction.
    """

    slot: Slot[R]
    check: Callable[[D, R], None] = _keep
    shown: Callable[[D, R], Sequence[int | str | bytes | None]] = field_values
    changed: Callable[[D, R], None] = _keep
    adjusted: Callable[[D, R], R] | None = None
    told: Callable[[R], bool] = lambda record: True
    also: Callable[[D, R], Sequence[Change]] = lambda device, record: ()


class KeyedSetting(NamedTuple, Generic[D]):
    """A setting with keys (manual 3.1).

    The key alone lists, with an index (connect_id, ssl_id) it tells one, with values it sets them.

    ids: the indices that exist, where they are given out and not fixed, and how one that is asked for is checked: it is
    called with that index or, for a list, None; it may raise CommandError. reads: ``?`` tells every key of each of
    them, where the profile has no ``readable = false``. everything: a key that sets nothing, and tells of an index what
    all others hold; "": there is none. split: as a BoundCommand has it. leads: the index stands before the key, and
    alone tells what all keys hold (MFTPCFG). tested: it has a test form.
    """

    name: str
    keys: tuple[Key[D, Any], ...]
    ids: Callable[[D, int | None], Sequence[int]] | None = None
    reads: bool = False
    everything: str = ""
    split: Split[D] | None = None
    leads: bool = False
    tested: bool = True

    def bind(self, section: CommandSection, shared: Sections) -> BoundCommand[D]:
        """Bind it to its section. Raises BindError. shared: the parameters that many commands have."""
        declared = {key.slot.name: key for key in self.keys}
        known = ", ".join(declared)
        unknown = f"no such key; there are {known}"
        problems = [(f"keys.{name}", unknown) for name in section.keys if name not in declared]
        problems += [("offers", f"{name}: {unknown}") for name in section.offers or () if name not in declared]
        problems += [(name, "is missing") for name in ("offers", "test") if getattr(section, name) is None]
        records: dict[str, BoundRecord[Any]] = {}
        for name, key in declared.items():
            if name not in section.keys:
                problems.append((f"keys.{name}", "is missing"))
                continue
            try:
                records[name] = bind_record(key.slot.record, section.keys[name].params, shared)
            except BindError as error:
                problems += [(f"keys.{name}.{path}", problem) for path, problem in error.problems]
        if problems or section.offers is None or section.test is None:
            raise BindError(problems)
        offered = {name: (declared[name], records[name]) for name in section.offers}
        test = Reply(self._test_lines(offered, section.test))
        forms: dict[Form, Handler[D]] = {Form.SET: lambda device, arguments: self._set(offered, device, arguments)}
        if self.tested:
            forms[Form.TEST] = lambda device, arguments: test
        if self.reads and section.readable:
            forms[Form.READ] = lambda device, arguments: self._read(offered, device)
        stored = {declared[name].slot: bound for name, bound in records.items()}
        offers = {name: records[name] for name in offered}
        return BoundCommand(self.name, forms, offers, stored, self.split)

    def _test_lines(self, offered: Mapping[str, tuple[Key[D, Any], BoundRecord[Any]]], style: str) -> list[bytes]:
        if self.leads:
            rows = ((bound.params[0].shown, name, bound.params[1:]) for name, (_, bound) in offered.items())
            shown = ((ids, name, ",".join(each.shown for each in rest)) for ids, name, rest in rows)
            return [f'+{self.name}: {ids},"{name}",{rest}'.encode() for ids, name, rest in shown]
        if style == "rows":
            return [f'+{self.name}: "{name}",{bound.shown}'.encode() for name, (_, bound) in offered.items()]
        names = ",".join(f'"{name}"' for name in offered)
        ids = next((bound.params[0].shown for key, bound in offered.values() if key.slot.indexed_by), "")
        comma = "," if style == "summary_comma" else ""
        return [f"+{self.name}: ({names})".encode() + (f",{ids}{comma}".encode() if ids else b"")]

    def _read(self, offered: Mapping[str, tuple[Key[D, Any], BoundRecord[Any]]], device: D) -> Reply:
        ids = (0,) if self.ids is None else self.ids(device, None)
        return Reply([self._line(device, key, index) for index in ids for key, _ in offered.values()])

    def _set(
        self, offered: Mapping[str, tuple[Key[D, Any], BoundRecord[Any]]], device: D, arguments: Arguments
    ) -> Outcome:
        if self.leads:
            if len(arguments) == 1:
                return self._tell_everything(offered, device, arguments)
            arguments = (arguments[1], arguments[0], *arguments[2:])
        first = arguments[0]
        name = first.string.decode("latin-1") if first else ""
        if name == self.everything and name:
            return self._tell_everything(offered, device, arguments[1:])
        found = offered.get(name)
        if found is None:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        key, bound = found
        slot, rest, index = key.slot, arguments[1:], 0
        indexed = slot.indexed_by is not None
        if indexed and rest:
            index = index_of(bound, rest)
        settings = device.settings_of(slot)
        record = bound.parse(rest, settings.get(slot, index)) if len(rest) > indexed else None
        indices: Sequence[int] | Range = bound.indices if indexed and not rest else (index,)
        if indexed and self.ids is not None:
            indices = self.ids(device, index if rest else None)
        if record is None:
            told = [each for each in indices if key.told(settings.get(slot, each))]
            return Reply([self._line(device, key, each) for each in told])
        key.check(device, record)
        if key.adjusted is not None:
            record = key.adjusted(device, record)
        _require_fit(slot, record)
        outcome = device.keep(slot, record, index, key.also(device, record))
        key.changed(device, record)
        return outcome

    def _tell_everything(
        self, offered: Mapping[str, tuple[Key[D, Any], BoundRecord[Any]]], device: D, rest: Arguments
    ) -> Reply:
        """Tell what every key holds of an index. Raises CommandError(INCORRECT_PARAMETERS): not one index."""
        if len(rest) != 1:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        return Reply([self._line(device, key, index_of(bound, rest)) for key, bound in offered.values()])

    def _line(self, device: D, key: Key[D, Any], index: int) -> bytes:
        values = key.shown(device, device.settings_of(key.slot).get(key.slot, index))
        leading = values[: self.leads]
        return print_line(self.name, *leading, key.slot.name, *values[self.leads :])


Declaration = Action[D, Any] | Query[D, Any] | Setting[D, Any] | KeyedSetting[D]


def is_basic(name: str) -> bool:
    """Tell a basic command or S-parameter: one letter, ``&`` and a letter, or S and a number (V.250 5.3)."""
    return len(name) == 1 or name[0] == "&" or (name[0] == "S" and name[1:].isdigit())


def _require_fit(slot: Slot[R], record: R) -> None:
    if not slot.fits(record):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
