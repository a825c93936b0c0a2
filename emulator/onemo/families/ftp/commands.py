"""AT+MFTPCONN, MFTPDISC, MFTPSTATE, and what has one reply; AT+MFTPLIST and MFTPRETR (FTP guide 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from onemo.at.command import Action, Declaration, print_line
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import Defaulted, Maybe, MaybeText, Required, RequiredText
from onemo.at.reply import DONE, CommandError, Reply
from onemo.families.ftp import steps
from onemo.families.ftp.job import FtpJob, FtpSteps
from onemo.families.ftp.listing import ListedEntry
from onemo.families.ftp.session import FtpSession
from onemo.families.ftp.sessions import FtpSessions
from onemo.families.ftp.settings import LOCAL_FILES
from onemo.families.ftp.sinks import FileSink, LineSink
from onemo.families.ftp.states import FtpOperation, FtpState, ShownState
from onemo.modem.filestore import store_of
from onemo.modem.filetable import StoreError
from onemo.modem.modem import Modem
from onemo.modem.openfile import OpenFile, OpenMode


class ConnectServer(NamedTuple):
    """AT+MFTPCONN. user, password None: not given."""

    ftp_id: Required
    host: RequiredText
    user: MaybeText
    password: MaybeText
    port: Defaulted


class OneSession(NamedTuple):
    """A command about one session."""

    ftp_id: Required


class NamedOnServer(NamedTuple):
    """A command about a file or a directory of the server."""

    ftp_id: Required
    name: RequiredText


class RenameOnServer(NamedTuple):
    """AT+MFTPRN."""

    ftp_id: Required
    old: RequiredText
    new: RequiredText


class RetrieveFile(NamedTuple):
    """AT+MFTPRETR. local: the stored file that it goes into. length None, 0: to the end."""

    ftp_id: Required
    file: RequiredText
    local: MaybeText
    offset: Maybe
    length: Maybe


def _session(modem: Modem, number: int) -> FtpSession:
    """Return a session that is connected. Raises CommandError(NOT_RUNNING)."""
    session = modem.part(FtpSessions)[number]
    session.check(FtpOperation.EXCHANGE)
    return session


def begin(session: FtpSession, command: str, make: Callable[[], FtpSteps]) -> Reply:
    """Begin a command whose line tells its result, and what its steps return: OK now."""
    console = session.device.console
    if session.occupied:
        session.tell(command, session.results.unfinished, console=console)
        return DONE
    session.console = console

    def end(result: int, value: tuple[object, ...] | None) -> None:
        told = [each for each in value or () if isinstance(each, int | str | bytes)]
        session.tell(command, result, *told)

    session.run(FtpJob(make(), end))
    return DONE


def _connect(modem: Modem, record: ConnectServer) -> Reply:
    """Connect to a server and log in (AT+MFTPCONN): OK now, the result in a line. Raises CommandError(RUNNING)."""
    session = modem.part(FtpSessions)[record.ftp_id]
    session.check(FtpOperation.CONNECT)
    user, password = ((text or "").encode("latin-1") for text in (record.user, record.password))
    session.begin_connection(record.host, record.port, steps.login(session, user, password))
    return DONE


def _disconnect(modem: Modem, record: OneSession) -> Reply:
    """Disconnect (AT+MFTPDISC): OK now, a line and a URC once it is done. Raises CommandError(NOT_RUNNING)."""
    session = modem.part(FtpSessions)[record.ftp_id]
    session.check(FtpOperation.DISCONNECT)
    if session.state is FtpState.DISCONNECTING:
        session.tell("MFTPDISC", session.results.unfinished, console=modem.console)
    else:
        session.begin_end(steps.goodbye(session))
    return DONE


def _state(modem: Modem, record: OneSession) -> Reply:
    """Tell the state of a session (AT+MFTPSTATE)."""
    session = modem.part(FtpSessions)[record.ftp_id]
    return Reply((print_line("MFTPSTATE", session.number, session.shown),))


def _working_directory(modem: Modem, record: OneSession) -> Reply:
    """Tell the working directory (AT+MFTPPWD). Raises CommandError(NOT_RUNNING)."""
    session = _session(modem, record.ftp_id)
    return begin(session, "MFTPPWD", lambda: steps.working_directory(session))


def _simple(command: str, verb: bytes) -> Callable[[Modem, NamedOnServer], Reply]:
    def act(modem: Modem, record: NamedOnServer) -> Reply:
        session = _session(modem, record.ftp_id)
        return begin(session, command, lambda: steps.simple(session, verb + record.name.encode("latin-1")))

    return act


def _delete(modem: Modem, record: NamedOnServer) -> Reply:
    """Delete a file or a directory (AT+MFTPDEL). Raises CommandError(NOT_RUNNING)."""
    session = _session(modem, record.ftp_id)
    return begin(session, "MFTPDEL", lambda: steps.delete(session, record.name.encode("latin-1")))


def _rename(modem: Modem, record: RenameOnServer) -> Reply:
    """Rename a file or a directory (AT+MFTPRN). Raises CommandError(NOT_RUNNING)."""
    session = _session(modem, record.ftp_id)
    old, new = record.old.encode("latin-1"), record.new.encode("latin-1")
    return begin(session, "MFTPRN", lambda: steps.rename(session, old, new))


def _list(modem: Modem, record: NamedOnServer) -> Reply:
    """List a directory, or a file (AT+MFTPLIST): a line for each entry. Raises CommandError(NOT_RUNNING)."""
    session = _session(modem, record.ftp_id)
    console = modem.console
    if session.occupied:
        session.tell("MFTPLIST", session.results.unfinished, console=console)
        return DONE
    session.console = console

    def end(result: int, value: tuple[object, ...] | None) -> None:
        for each in value or ():
            assert isinstance(each, ListedEntry)
            about = () if each.size is None else (each.size, each.time)
            session.tell("MFTPLIST", result, b'"%b"' % each.name, *about, each.permissions)
        if value is None:
            session.tell("MFTPLIST", result)

    made = steps.list_entries(session, record.name.encode("latin-1"))
    session.run(FtpJob(made, end, ShownState.DOWNLOADING))
    return DONE


def _retrieve(modem: Modem, record: RetrieveFile) -> Outcome:
    """Download a file (AT+MFTPRETR): through the line, or into a stored file, which is made or emptied first.

    Raises CommandError: INCORRECT_PARAMETERS, a path that is not allowed, or none; NOT_RUNNING.
    """
    path = None
    if modem.settings.effective(LOCAL_FILES, record.ftp_id).local_fs:
        path = store_of(modem.keeping).path(record.local or "")
    session = _session(modem, record.ftp_id)
    console = modem.console
    if session.occupied:
        session.tell("MFTPRETR", session.results.unfinished, console=console)
        return DONE
    session.console = console
    if path is not None:
        return _into_file(modem, session, record, path)
    sink = LineSink(modem, console, session.number, record.length or 0)
    _run(session, record, sink)
    return DONE


def _into_file(modem: Modem, session: FtpSession, record: RetrieveFile, path: str) -> Outcome:
    """Open a stored file, write that down, and begin the download; where it cannot be, the result says so."""
    store, found = store_of(modem.keeping), list[OpenFile]()
    failed = session.results.file_failed
    try:
        pending = modem.keeping.write_down(lambda: found.append(store.open(path, OpenMode.WRITE)), StoreError.FAILED)
    except CommandError:
        session.tell("MFTPRETR", failed)
        return DONE

    def finish(done: bool) -> Outcome:
        try:
            pending.finish(done)
        except CommandError:
            store.abandon(found[0])
            session.tell("MFTPRETR", failed)
            return DONE
        sink = FileSink(modem, modem.keeping, found[0], record.length or 0)
        _run(session, record, sink)
        return DONE

    return Pending(pending.operation, finish)


def _run(session: FtpSession, record: RetrieveFile, sink: LineSink | FileSink) -> None:
    def end(result: int, value: tuple[object, ...] | None) -> None:
        if result != session.results.done or value is not None:
            session.tell("MFTPRETR", result, *(each for each in value or () if isinstance(each, int)))

    made = steps.retrieve(session, record.file.encode("latin-1"), sink, record.offset or 0)
    releases = [sink.close] if isinstance(sink, FileSink) else []
    session.run(FtpJob(made, end, ShownState.DOWNLOADING, releases))


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("MFTPCONN", ConnectServer, _connect),
    Action("MFTPDISC", OneSession, _disconnect),
    Action("MFTPCWD", NamedOnServer, _simple("MFTPCWD", b"CWD ")),
    Action("MFTPPWD", OneSession, _working_directory),
    Action("MFTPMKD", NamedOnServer, _simple("MFTPMKD", b"MKD ")),
    Action("MFTPLIST", NamedOnServer, _list),
    Action("MFTPDEL", NamedOnServer, _delete),
    Action("MFTPRN", RenameOnServer, _rename),
    Action("MFTPRETR", RetrieveFile, _retrieve),
    Action("MFTPSTATE", OneSession, _state),
)
