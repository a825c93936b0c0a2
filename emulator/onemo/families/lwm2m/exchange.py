"""AT+MIPLNOTIFY, the answers to requests, AT+MIPLMGR and MIPLQMGR (LwM2M manual 3.9-3.18, 4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Declaration, print_line
from onemo.at.params import Defaulted, Maybe, Param, ParamKind, Required
from onemo.at.reply import DONE, CommandError, Reply
from onemo.families.lwm2m.client import Lwm2mClient
from onemo.families.lwm2m.device import Lwm2mDevice
from onemo.families.lwm2m.inbox import Lwm2mRequestKind
from onemo.families.lwm2m.observations import Lwm2mIdle, joined, require_room
from onemo.families.lwm2m.profile import LWM2M
from onemo.families.lwm2m.readings import Lwm2mReading, pack, typed_reading, usual_format
from onemo.families.lwm2m.setup import Lwm2mOfDevice
from onemo.families.lwm2m.states import DONE as YES
from onemo.families.lwm2m.states import DONE_READ, NO, Lwm2mError, Lwm2mOperation
from onemo.modem.modem import Modem
from onemo.net.coap.message import CoapCode, CoapOption
from onemo.net.lwm2m.values import Lwm2mFormat

Text = Annotated[bytes, Param(ParamKind.DATA, required=True, allow_empty=True)]
MaybeData = Annotated[bytes | None, Param(ParamKind.DATA, nullable=True, allow_empty=True)]
_FLAG = re.compile(rb"\d{1,10}|0[xX][0-9A-Fa-f]{1,8}")
_IDLE = {0x200: Lwm2mIdle.SENT, 0x400: Lwm2mIdle.ACKNOWLEDGED}
_SENDS, _HOLDS = 0, (1, 2)
_CONTENT = (Lwm2mFormat.TEXT, Lwm2mFormat.LINK, Lwm2mFormat.OPAQUE, Lwm2mFormat.TLV, Lwm2mFormat.JSON)
"""The formats of <contentType>, from 0."""
_TOGETHER = (Lwm2mFormat.TLV, Lwm2mFormat.JSON)
_NUMBERS = 0x7F
"""The bits of a mid that +MIPLNSMI tells."""


class Lwm2mNotify(NamedTuple):
    """AT+MIPLNOTIFY. len: of value, which is counted anew; flag: in decimal or hex."""

    ref: Required
    mid: Required
    objid: Required
    insid: Required
    resid: Required
    type: Required
    len: Required
    value: Text
    idx: Required
    flag: Annotated[bytes, Param(ParamKind.DATA, required=True)]
    ackid: Defaulted
    content_type: Maybe


class Lwm2mAnswerRead(NamedTuple):
    """AT+MIPLREADRSP: the result, and a value where that is yes."""

    ref: Required
    mid: Required
    result: Required
    objid: Maybe
    insid: Maybe
    resid: Maybe
    type: Maybe
    len: Maybe
    value: MaybeData
    idx: Maybe
    flag: Maybe


class Lwm2mAnswerResult(NamedTuple):
    """AT+MIPLWRITERSP and others: the result alone."""

    ref: Required
    mid: Required
    result: Required


def _notify(modem: Modem, record: Lwm2mNotify) -> Reply:
    """Send a value to those who observe it, or hold it for the next one (AT+MIPLNOTIFY).

    Raises CommandError: SYNTAX; RESOURCE, no such object, or nobody observes it; NOT_LOGGED_IN; BUSY.
    """
    client = modem.part(Lwm2mClient)
    flag, idle = _flag_of(modem, record.flag)
    sends = flag == _SENDS and not (modem.profile.table(LWM2M).index_holds and record.idx > 0)
    form = None if record.content_type is None else _CONTENT[record.content_type]
    if not sends and form is not None and form not in _TOGETHER:
        raise CommandError(Lwm2mError.SYNTAX)
    reading = typed_reading(record.insid, record.resid, record.type, record.value)
    login, device = client.login, client.device
    if not device.objects.knows((record.objid, record.insid)):
        raise CommandError(Lwm2mError.RESOURCE)
    if sends:
        typed = None if modem.profile.table(LWM2M).converts or form is None else reading.value.data
        sent = _telling(device, record.mid)
        login.observations.notify(record.objid, reading, form, typed, record.ackid, sent, idle)
    else:
        login.observations.hold(record.objid, reading)
    device.objects.declare(record.objid, reading)
    device.objects.join(record.objid, reading)
    return DONE


def _flag_of(modem: Modem, text: bytes) -> tuple[int, Lwm2mIdle]:
    """Return <flag>, 0 for those that end in idle, and when that is. Raises CommandError(SYNTAX)."""
    if _FLAG.fullmatch(text) is None:
        raise CommandError(Lwm2mError.SYNTAX)
    flag = int(text, 16 if text[:2].lower() == b"0x" else 10)
    if flag not in _IDLE:
        return flag, Lwm2mIdle.LATER
    match modem.profile.table(LWM2M).idle_flags:
        case "refused":
            raise CommandError(Lwm2mError.SYNTAX)
        case "ignored":
            return _SENDS, Lwm2mIdle.LATER
    return _SENDS, _IDLE[flag]


def _answer_read(modem: Modem, record: Lwm2mAnswerRead) -> Reply:
    """Answer a READ, or hold a value of the answer (AT+MIPLREADRSP).

    Raises CommandError: SYNTAX; NOT_LOGGED_IN; RESOURCE, no such request, a value outside its path, or of what is not
    there.
    """
    client = modem.part(Lwm2mClient)
    reading = _given(record) if record.result == DONE_READ else None
    if reading is None and record.result not in NO:
        raise CommandError(Lwm2mError.SYNTAX)
    login, device = client.login, client.device
    request = login.inbox.find(record.mid, Lwm2mRequestKind.READ)
    sent = _telling(device, record.mid)
    if reading is None:
        login.inbox.take(request)
        login.replies.answer(request.message, NO[record.result], sent=sent)
        return DONE
    assert record.objid is not None
    path = record.objid, reading.instance, reading.resource
    if path[: len(request.path)] != request.path or not device.objects.knows(path):
        raise CommandError(Lwm2mError.RESOURCE)
    readings = joined([*request.readings, reading])
    require_room(readings, modem.profile.table(LWM2M).together)
    device.objects.declare(record.objid, reading)
    held = record.flag in _HOLDS or bool(modem.profile.table(LWM2M).index_holds and record.idx)
    if held:
        request.readings = readings
        return DONE
    login.inbox.take(request)
    device.objects.remember(record.objid, readings)
    accept = request.message.uint(CoapOption.ACCEPT)
    form = usual_format(request.path, readings) if accept is None else Lwm2mFormat(accept)
    payload = pack(request.path, readings, form)
    login.replies.answer(request.message, CoapCode.CONTENT, form=form, payload=payload, sent=sent)
    return DONE


def _given(record: Lwm2mAnswerRead) -> Lwm2mReading:
    """Return the value of an answer. Raises CommandError(SYNTAX): it lacks something, or is none."""
    objid, insid, resid, code, value = record.objid, record.insid, record.resid, record.type, record.value
    if objid is None or insid is None or resid is None or code is None or value is None:
        raise CommandError(Lwm2mError.SYNTAX)
    if record.len is None or record.idx is None or record.flag not in (_SENDS, *_HOLDS):
        raise CommandError(Lwm2mError.SYNTAX)
    return typed_reading(insid, resid, code, value)


def _answers(kind: Lwm2mRequestKind) -> Callable[[Modem, Lwm2mAnswerResult], Reply]:
    """Make the handler of an answer that is a result alone."""

    def answer(modem: Modem, record: Lwm2mAnswerResult) -> Reply:
        """Answer a request. Raises CommandError: SYNTAX; NOT_LOGGED_IN; RESOURCE, there is no such request."""
        client = modem.part(Lwm2mClient)
        code = CoapCode.CHANGED if record.result == YES else NO.get(record.result)
        if code is None:
            raise CommandError(Lwm2mError.SYNTAX)
        login = client.login
        request = login.inbox.find(record.mid, kind)
        login.inbox.take(request)
        login.replies.answer(request.message, code, sent=_telling(client.device, record.mid))
        return DONE

    return answer


def _accept(modem: Modem, record: Lwm2mAnswerResult) -> Reply:
    """Take an answer that the module has given itself. Raises CommandError: RESOURCE, NOT_LOGGED_IN."""
    modem.part(Lwm2mClient).device.check(Lwm2mOperation.EXCHANGE)
    return DONE


def _telling(device: Lwm2mDevice, mid: int) -> Callable[[bool], None] | None:
    """Return what tells that a message was sent, where that is wanted."""
    if not device.sends:
        return None
    return lambda taken: device.tell("MIPLNSMI", int(taken), mid & _NUMBERS)


def _next(modem: Modem, record: Lwm2mOfDevice) -> Reply:
    """Tell the oldest request that is stored (AT+MIPLMGR). Raises CommandError: RESOURCE, NOT_LOGGED_IN."""
    return Reply(modem.part(Lwm2mClient).login.inbox.oldest_lines)


def _figures(modem: Modem, record: Lwm2mOfDevice) -> Reply:
    """Tell how many requests wait (AT+MIPLQMGR); without a login none. Raises CommandError(RESOURCE)."""
    client = modem.part(Lwm2mClient)
    client.device.check(Lwm2mOperation.SET)
    online = client.device.registered and client.session is not None
    queues, dropped, size = client.session.inbox.figures if online and client.session else (0, 0, 0)
    return Reply((print_line("MIPLQMGR", 0, f"QUEUES={queues},DROPPED={dropped},BUFFERS={size}".encode()),))


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("MIPLNOTIFY", Lwm2mNotify, _notify, tested=False),
    Action("MIPLREADRSP", Lwm2mAnswerRead, _answer_read, tested=False),
    Action("MIPLWRITERSP", Lwm2mAnswerResult, _answers(Lwm2mRequestKind.WRITE), tested=False),
    Action("MIPLEXECUTERSP", Lwm2mAnswerResult, _answers(Lwm2mRequestKind.EXECUTE), tested=False),
    Action("MIPLPARAMETERRSP", Lwm2mAnswerResult, _accept, tested=False),
    Action("MIPLOBSERVERSP", Lwm2mAnswerResult, _accept, tested=False),
    Action("MIPLMGR", Lwm2mOfDevice, _next, tested=False),
    Action("MIPLQMGR", Lwm2mOfDevice, _figures, tested=False),
)
