"""AT+MFTPSTOR and MFTPAPPE: from the line, after ``>``, in transparent mode, or out of a stored file (FTP guide 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Declaration
from onemo.at.entry import DataEntry
from onemo.at.grammar import Arguments, arguments
from onemo.at.outcome import Outcome, Pending, Prompt
from onemo.at.params import Maybe, MaybeText, Param, ParamKind, Required, RequiredText
from onemo.at.reply import DONE, Cme, CommandError, ConnectReply, ErrorCode
from onemo.families.ftp import steps
from onemo.families.ftp.job import FtpJob, FtpSteps
from onemo.families.ftp.profile import FtpError
from onemo.families.ftp.session import FtpSession, FtpUpload
from onemo.families.ftp.sessions import FtpSessions
from onemo.families.ftp.settings import LOCAL_FILES
from onemo.families.ftp.states import FtpOperation, ShownState
from onemo.modem.filestore import store_of
from onemo.modem.modem import Modem
from onemo.modem.openfile import OpenMode

_FILE = 2
"""The place of the stored file, which is a text; what stands there is <eof> where it is a number."""


class StoreFile(NamedTuple):
    """AT+MFTPSTOR and MFTPAPPE. local: a stored file, in the place of eof. data: as it was typed."""

    ftp_id: Required
    file: RequiredText
    local: MaybeText
    eof: Maybe
    length: Maybe
    data: Annotated[bytes | None, Param(ParamKind.DATA, nullable=True, allow_empty=True)]


class _Verb(NamedTuple):
    """A way to store: the command, what the server is told, and the error of an upload that does not begin."""

    command: str
    name: bytes
    refused: ErrorCode


def _split(modem: Modem, line: bytes, position: int) -> tuple[Arguments, int]:
    """Read the parameters; a number in the place of the stored file is <eof>, as is nothing."""
    given, end = arguments(line, position)
    third = given[_FILE] if len(given) > _FILE else None
    is_number = third is None or (not third.quoted and third.text.removeprefix(b"-").isdigit())
    return ((*given[:_FILE], None, *given[_FILE:]) if is_number and len(given) > _FILE else given), end


def _require_form(modem: Modem, record: StoreFile) -> str | None:
    """Check how the parameters go together; return the path of the stored file, None: it goes through the line.

    Raises CommandError(INCORRECT_PARAMETERS).
    """
    if modem.settings.effective(LOCAL_FILES, record.ftp_id).local_fs:
        if record.eof is not None or record.length is not None or record.data is not None:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        return store_of(modem.keeping).path(record.local or "")
    without = record.data is not None and record.length is None
    if record.local is not None or without or (record.eof is None and record.length is not None):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return None


def _acting(verb: _Verb) -> Callable[[Modem, StoreFile], Outcome]:
    def act(modem: Modem, record: StoreFile) -> Outcome:
        return _store(modem, record, verb)

    return act


def _store(modem: Modem, record: StoreFile, verb: _Verb) -> Outcome:
    """Store a file on the server, or append to it.

    Raises CommandError: INCORRECT_PARAMETERS; NOT_RUNNING.
    """
    path = _require_form(modem, record)
    session = modem.part(FtpSessions)[record.ftp_id]
    way = _Way(modem, session, record, verb)
    if path is None and record.data is not None:
        way.entry().check(record.data)
    session.check(FtpOperation.EXCHANGE)
    goes_on = session.job is None and way.goes_on
    if session.occupied and not goes_on:
        session.tell(verb.command, session.results.unfinished, 0, console=modem.console)
        return DONE
    session.console = modem.console
    if path is not None:
        return way.from_file(path)
    if record.data is not None:
        return way.entry().begin(record.data)
    if goes_on:
        return way.prompt()
    return way.open()


class _Way:
    """One command that stores something."""

    def __init__(self, modem: Modem, session: FtpSession, record: StoreFile, verb: _Verb) -> None:
        self._modem = modem
        self._session = session
        self._record = record
        self._verb = verb
        self._name = record.file.encode("latin-1")
        self._upload: FtpUpload | None = None
        self._before = 0

    @property
    def goes_on(self) -> bool:
        """True where an upload waits for this piece."""
        waiting = self._session.upload
        if waiting is None or waiting.data.online or self._record.eof is None:
            return False
        return (waiting.verb, waiting.name) == (self._verb.name, self._name)

    def entry(self) -> DataEntry:
        """Return how a piece is typed."""
        table = self._session.table
        return DataEntry(
            take=self._take,
            timeout=table.entry_time,
            length=self._record.length,
            most=table.most_entered,
            inline=table.most_inline,
        )

    def from_file(self, path: str) -> Outcome:
        """Begin to store a file of the module's."""
        session = self._session
        try:
            opened = store_of(self._modem.keeping).open(path, OpenMode.READ)
        except CommandError:
            self._tell(session.results.file_failed)
            return DONE

        def made() -> FtpSteps:
            yield from self._begun()
            yield from steps.send_file(session, opened)
            return None

        self._run(made(), opened.close)
        return DONE

    def open(self) -> Outcome:
        """Begin an upload before anything is answered: then prompt, or give the line to it."""
        session, modem = self._session, self._modem

        def end(result: int, _: object) -> None:
            done = result == session.results.done
            session.later(lambda: modem.complete(operation, done, modem.now))

        made = steps.open_upload(session, self._verb.name, self._name)
        session.run(FtpJob(made, end, ShownState.UPLOADING))
        operation = modem.intents.pop()  # the first thing that is said
        return Pending(operation, self._opened)

    def _opened(self, done: bool) -> Outcome:
        """Go on once the upload has begun. Raises CommandError: it has not; ConnectReply."""
        upload = self._session.upload
        if not done or upload is None or self._session.job is not None:  # another console may have gone on with it
            raise CommandError(self._verb.refused)
        if self._record.eof is not None:
            return self.prompt()
        upload.data.online = True
        upload.data.on_leave = self._left
        self._upload = upload
        self._session.console.go_online(upload.data)
        raise ConnectReply

    def prompt(self) -> Outcome:
        """Ask for a piece. An upload of which nothing was sent ends with an entry that is given up."""
        upload = self._upload = self._session.upload
        prompt = self.entry().begin(None)
        assert isinstance(prompt, Prompt)
        assert upload is not None
        finish = prompt.finish

        def give_up() -> None:
            if not upload.data.sent:
                self._session.give_up(upload)

        def finished(data: bytes | None, timed_out: bool) -> Outcome:
            try:
                outcome = finish(data, timed_out)
            except CommandError:
                give_up()
                raise
            if data is None:
                give_up()
            return outcome

        return prompt._replace(finish=finished)

    def _take(self, piece: bytes) -> Outcome:
        """Send a piece. Raises CommandError(NOT_RUNNING): the session, or the upload, has ended meanwhile."""
        session, last = self._session, bool(self._record.eof)
        session.check(FtpOperation.EXCHANGE)
        if self._record.data is None and session.upload is not self._upload:
            raise CommandError(FtpError.NOT_RUNNING)
        if session.job is not None:  # another console's
            session.tell(self._verb.command, session.results.unfinished, 0, console=self._modem.console)
            return DONE
        self._upload = session.upload
        self._before = self._upload.data.sent if self._upload is not None else 0

        def made() -> FtpSteps:
            if session.upload is None:
                yield from self._begun()
            yield from steps.send_piece(session, piece, last=last)
            return None

        self._run(made())
        return DONE

    def _begun(self) -> FtpSteps:
        yield from steps.open_upload(self._session, self._verb.name, self._name)
        self._upload = self._session.upload
        return None

    def _left(self) -> None:
        """End transparent mode after ``+++``: nothing is told where the server has taken the file."""
        session, upload = self._session, self._upload
        assert upload is not None
        session.upload = None

        def end(result: int, _: object) -> None:
            if result != session.results.done:
                self._tell(result)

        made = steps.conclude(session, upload.data, None)
        session.run(FtpJob(made, end, ShownState.UPLOADING, [upload.data.drop]))

    def _run(self, made: FtpSteps, *releases: Callable[[], None]) -> None:
        def end(result: int, _: object) -> None:
            self._tell(result)

        self._session.run(FtpJob(made, end, ShownState.UPLOADING, list(releases)))

    def _tell(self, result: int) -> None:
        sent = self._upload.data.sent - self._before if self._upload is not None else 0
        self._session.tell(self._verb.command, result, sent)


def _declared(command: str, name: bytes, refused: ErrorCode) -> Declaration[Modem]:
    return Action(command, StoreFile, _acting(_Verb(command, name, refused)), split=_split)


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    _declared("MFTPSTOR", b"STOR", FtpError.STORE),
    _declared("MFTPAPPE", b"APPE", FtpError.APPEND),
)
