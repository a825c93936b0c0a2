"""The steps of the commands: what is said to a server, and what comes of its replies (RFC 959, 2428, 3659)."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from onemo.families.ftp.data import FtpData, FtpSink
from onemo.families.ftp.job import FtpAwait, FtpDial, FtpFlow, FtpOpen, FtpSay, FtpStep, FtpSteps, FtpTold
from onemo.families.ftp.listing import ListedEntry, read_list
from onemo.families.ftp.profile import FtpFailure
from onemo.families.ftp.replies import FtpReply, passive_port, told_path
from onemo.families.ftp.session import FtpSession, FtpUpload
from onemo.families.ftp.settings import DATA_TYPE
from onemo.families.ftp.sinks import FileSink, LineSink, ListSink
from onemo.modem.openfile import OpenFile

_PRELIMINARY, _DONE, _MORE = 1, 2, 3
"""Kinds of replies."""
_PASSWORD_WANTED, _GOODBYE, _NOT_TAKEN = 331, 221, 550
_ANONYMOUS = b"anonymous"

Wait = Generator[FtpStep, FtpReply | None, FtpReply]


def _say(line: bytes) -> Wait:
    reply = yield FtpSay(line)
    assert reply is not None
    return reply


def _reply() -> Wait:
    reply = yield FtpAwait()
    assert reply is not None
    return reply


def _require(session: FtpSession, reply: FtpReply, kind: int = _DONE) -> None:
    """Raise FtpFailure unless a reply is of that kind."""
    if reply.kind == kind:
        return
    results = session.results
    if not reply.code:
        raise FtpFailure(results.unreadable)
    raise FtpFailure(results.server_error if reply.refuses else results.unknown)


# The session.


def login(session: FtpSession, user: bytes, password: bytes) -> FtpSteps:
    """Connect, and say who it is. What the server wants beyond a password is refused."""
    yield FtpDial()
    greeting = yield from _reply()
    while greeting.kind == _PRELIMINARY:
        greeting = yield from _reply()
    _require(session, greeting)
    reply = yield from _say(b"USER " + (user or _ANONYMOUS))
    if reply.code == _PASSWORD_WANTED:
        reply = yield from _say(b"PASS " + password)
    if reply.code and reply.kind != _DONE:
        raise FtpFailure(session.results.server_error)
    _require(session, reply)
    return None


def goodbye(session: FtpSession) -> FtpSteps:
    """Say goodbye; the replies of a command that was ended may come before that of the server."""
    try:
        reply = yield from _say(b"QUIT")
        while reply.code and reply.code != _GOODBYE:
            reply = yield from _reply()
    except FtpFailure:
        pass  # it is over in any case
    return None


# What has one reply.


def simple(session: FtpSession, line: bytes) -> FtpSteps:
    """Say a command that is done or not."""
    _require(session, (yield from _say(line)))
    return None


def working_directory(session: FtpSession) -> FtpSteps:
    """Ask for the working directory; return it in quotes."""
    reply = yield from _say(b"PWD")
    _require(session, reply)
    path = told_path(reply)
    if path is None:
        raise FtpFailure(session.results.unreadable)
    return (b'"%b"' % path,)


def delete(session: FtpSession, name: bytes) -> FtpSteps:
    """Delete a file, or else a directory."""
    reply = yield from _say(b"DELE " + name)
    if reply.code == _NOT_TAKEN:
        reply = yield from _say(b"RMD " + name)
    _require(session, reply)
    return None


def rename(session: FtpSession, old: bytes, new: bytes) -> FtpSteps:
    """Rename a file or a directory."""
    _require(session, (yield from _say(b"RNFR " + old)), _MORE)
    _require(session, (yield from _say(b"RNTO " + new)))
    return None


# Data connections.


def _open_data(session: FtpSession, sink: FtpSink | None) -> Generator[FtpStep, FtpReply | None, FtpData]:
    """Open a data connection: with the data type of now, to the port that the server names, on its own host."""
    control, job = session.control, session.job
    assert control is not None
    assert job is not None
    wanted = session.device.settings.effective(DATA_TYPE, session.number).data_type
    if control.typed != wanted:
        _require(session, (yield from _say(b"TYPE A" if wanted else b"TYPE I")))
        control.typed = wanted
    extended = control.ipv6
    reply = yield from _say(b"EPSV" if extended else b"PASV")
    if reply.refuses and not extended:
        extended = True
        reply = yield from _say(b"EPSV")
    _require(session, reply)
    port = passive_port(reply, extended=extended)
    if port is None:
        raise FtpFailure(session.results.unreadable)
    data = FtpData(session.device, session, sink)
    job.releases.append(data.drop)
    yield FtpOpen(data, port)
    return data


def _download(session: FtpSession, line: bytes, sink: FtpSink, offset: int = 0) -> FtpSteps:
    """Have the server send something into a sink, whole or until that is full."""
    data = yield from _open_data(session, sink)
    if offset:
        _require(session, (yield from _say(b"REST %d" % offset)), _MORE)
    reply = yield from _say(line)
    if reply.kind != _DONE:
        _require(session, reply, _PRELIMINARY)
    data.start()
    refused = yield FtpFlow(data)
    failure = sink.failure or data.failure
    if refused is None:
        data.drop()
        if reply.kind != _DONE:
            try:
                reply = yield from _reply()
            except FtpFailure as ended:
                raise FtpFailure(failure or ended.result) from ended
    else:
        reply = refused
    if sink.failure is not None:
        raise FtpFailure(sink.failure)
    if sink.full:  # whatever the server says of a connection that was closed
        return None
    if failure is not None and not reply.refuses:
        raise FtpFailure(failure)
    _require(session, reply)
    return None


def retrieve(session: FtpSession, name: bytes, sink: LineSink | FileSink, offset: int) -> FtpSteps:
    """Download a file: through the line, or into a stored one, whose bytes are returned twice."""
    if isinstance(sink, LineSink):
        session.pieces = sink.pieces
    yield from _download(session, b"RETR " + name, sink, offset)
    if not sink.count:
        raise FtpFailure(session.results.empty_file)
    if isinstance(sink, FileSink):
        return sink.count, sink.count
    sink.complete()
    yield FtpTold()
    return None


def list_entries(session: FtpSession, name: bytes) -> FtpSteps:
    """List a directory or a file; return its entries."""
    sink = ListSink(session.device)
    yield from _download(session, b"LIST " + name, sink)
    clock, now = session.device.clock, session.device.now
    try:
        found: list[ListedEntry] = read_list(bytes(sink.data), clock.utc(now) if clock.is_set else 0.0)
    except (ValueError, OverflowError) as error:
        raise FtpFailure(session.results.unreadable) from error
    if not found:
        raise FtpFailure(session.results.empty_directory)
    return tuple(found)


# Uploads.


def open_upload(session: FtpSession, verb: bytes, name: bytes) -> FtpSteps:
    """Begin an upload, which the session then has: the server has said that it takes it."""
    job = session.job
    assert job is not None
    data = yield from _open_data(session, None)
    _require(session, (yield from _say(verb + b" " + name)), _PRELIMINARY)
    job.releases.remove(data.drop)
    session.upload = FtpUpload(verb, name, data)
    return None


def send_piece(session: FtpSession, piece: bytes, *, last: bool) -> FtpSteps:
    """Send a piece of the upload; after the last one, or where it broke, what the server says decides."""
    upload, job = session.upload, session.job
    assert upload is not None
    assert job is not None
    data = upload.data
    data.pour(iter((piece,)))
    refused = yield FtpFlow(data)
    if refused is None and data.failure is None and not last:
        return None
    session.upload = None
    job.releases.append(data.drop)
    yield from conclude(session, data, refused)
    return None


def send_file(session: FtpSession, opened: OpenFile) -> FtpSteps:
    """Send a stored file as the whole of the upload."""
    upload, job = session.upload, session.job
    assert upload is not None
    assert job is not None
    data = upload.data
    data.pour(_chunks(opened, session.table.read))
    refused = yield FtpFlow(data)
    session.upload = None
    job.releases.append(data.drop)
    yield from conclude(session, data, refused)
    return None


def conclude(session: FtpSession, data: FtpData, refused: FtpReply | None) -> FtpSteps:
    """End an upload. refused: what the server has said already."""
    reply = refused
    if reply is None and data.failure is None:
        data.finish()
        reply = yield FtpFlow(data)
    failure = data.failure
    if failure is not None:
        data.drop()
    if reply is None:
        try:
            reply = yield from _reply()
        except FtpFailure as ended:
            raise FtpFailure(failure or ended.result) from ended
    if failure is not None and not reply.refuses:
        raise FtpFailure(failure)
    _require(session, reply)
    return None


def _chunks(opened: OpenFile, size: int) -> Iterator[bytes]:
    while data := opened.read(size):
        yield data
