"""The steps of the commands: what is said to a server, and what comes of its replies (RFC 959, 2428, 3659)."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from onemo.families.ftp.data import FtpData, FtpSink
from onemo.families.ftp.exchange import FtpExchange
from onemo.families.ftp.job import FtpAwait, FtpDial, FtpFlow, FtpOpen, FtpSay, FtpStep, FtpSteps, FtpTold
from onemo.families.ftp.listing import ListedEntry, read_list
from onemo.families.ftp.profile import FtpFailure
from onemo.families.ftp.replies import FtpReply, passive_port, told_path
from onemo.families.ftp.session import FtpSession, FtpUpload
from onemo.families.ftp.sinks import FileSink, LineSink, ListSink
from onemo.modem.openfile import OpenFile

_PRELIMINARY, _DONE, MORE = 1, 2, 3
"""Kinds of replies."""
_PASSWORD_WANTED, _GOODBYE, _NOT_TAKEN = 331, 221, 550
_ANONYMOUS = b"anonymous"

Wait = Generator[FtpStep, FtpReply | None, FtpReply]


def say(line: bytes) -> Wait:
    """Say a command; return the reply."""
    reply = yield FtpSay(line)
    assert reply is not None
    return reply


def _reply(*, hurries: bool = False) -> Wait:
    reply = yield FtpAwait(hurries)
    assert reply is not None
    return reply


def _require(session: FtpExchange, reply: FtpReply, kind: int = _DONE) -> None:
    """Raise FtpFailure unless a reply is of that kind."""
    if reply.kind == kind:
        return
    results = session.results
    if not reply.code:
        raise FtpFailure(results.unreadable)
    raise FtpFailure(results.server_error if reply.refuses else results.unknown, final=reply.final)


# The session.


def login(session: FtpExchange, user: bytes, password: bytes) -> FtpSteps:
    """Connect, and say who it is. What the server wants beyond a password is refused."""
    yield FtpDial()
    greeting = yield from _reply()
    if greeting.kind == _PRELIMINARY:  # it is ready in a while
        greeting = yield from _reply()
    _require(session, greeting)
    reply = yield from say(b"USER " + (user or _ANONYMOUS))
    if reply.code == _PASSWORD_WANTED:
        reply = yield from say(b"PASS " + password)
    if reply.code and reply.kind != _DONE:
        raise FtpFailure(session.results.server_error, final=reply.final)
    _require(session, reply)
    return None


def goodbye(session: FtpSession) -> FtpSteps:
    """Say goodbye; the replies of a command that was ended may come before that of the server."""
    try:
        reply = yield from say(b"QUIT")
        while reply.code and reply.code != _GOODBYE:
            reply = yield from _reply(hurries=True)
    except FtpFailure:
        pass  # it is over in any case
    return None


# What has one reply.


def simple(session: FtpSession, line: bytes) -> FtpSteps:
    """Say a command that is done or not."""
    _require(session, (yield from say(line)))
    return None


def working_directory(session: FtpSession) -> FtpSteps:
    """Ask for the working directory; return it in quotes."""
    reply = yield from say(b"PWD")
    _require(session, reply)
    path = told_path(reply)
    if path is None:
        raise FtpFailure(session.results.unreadable)
    return (b'"%b"' % path,)


def delete(session: FtpSession, name: bytes) -> FtpSteps:
    """Delete a file, or else a directory."""
    reply = yield from say(b"DELE " + name)
    if reply.code == _NOT_TAKEN:
        reply = yield from say(b"RMD " + name)
    _require(session, reply)
    return None


def rename(session: FtpSession, old: bytes, new: bytes) -> FtpSteps:
    """Rename a file or a directory."""
    _require(session, (yield from say(b"RNFR " + old)), MORE)
    _require(session, (yield from say(b"RNTO " + new)))
    return None


# Data connections.


def set_type(session: FtpExchange) -> Generator[FtpStep, FtpReply | None, None]:
    """Tell the server the data type of now, where it has another."""
    control, wanted = session.control, session.data_type
    assert control is not None
    if control.typed != wanted:
        _require(session, (yield from say(b"TYPE A" if wanted else b"TYPE I")))
        control.typed = wanted


def open_data(session: FtpExchange, sink: FtpSink | None) -> Generator[FtpStep, FtpReply | None, FtpData]:
    """Open a data connection: with the data type of now, to the port that the server names, on its own host."""
    control, job = session.control, session.job
    assert control is not None
    assert job is not None
    yield from set_type(session)
    extended = control.ipv6
    reply = yield from say(b"EPSV" if extended else b"PASV")
    if reply.refuses and not extended:
        extended = True
        reply = yield from say(b"EPSV")
    _require(session, reply)
    port = passive_port(reply, extended=extended)
    if port is None:
        raise FtpFailure(session.results.unreadable)
    data = FtpData(session.device, session, sink)
    job.releases.append(data.drop)
    yield FtpOpen(data, port)
    return data


def transfer(session: FtpExchange, line: bytes, data: FtpData, sink: FtpSink) -> FtpSteps:
    """Have the server send something into the sink of a data connection, whole or until that is full."""
    reply = yield from say(line)
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
    data = yield from open_data(session, sink)
    if offset:
        _require(session, (yield from say(b"REST %d" % offset)), MORE)
    yield from transfer(session, b"RETR " + name, data, sink)
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
    data = yield from open_data(session, sink)
    yield from transfer(session, b"LIST " + name, data, sink)
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
    data = yield from open_data(session, None)
    _require(session, (yield from say(verb + b" " + name)), _PRELIMINARY)
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


def conclude(session: FtpExchange, data: FtpData, refused: FtpReply | None) -> FtpSteps:
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
