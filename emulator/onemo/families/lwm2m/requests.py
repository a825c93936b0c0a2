"""The requests of the server to a device that is logged in: answered by the module, or told to the DTE."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onemo.families.lwm2m.attributes import read_attributes
from onemo.families.lwm2m.builtin import ACCESS, DEVICE, FIRMWARE, REBOOT, SECURITY, SERVER, Lwm2mBuiltin
from onemo.families.lwm2m.device import Lwm2mDevice
from onemo.families.lwm2m.inbox import Lwm2mInbox, Lwm2mRequest, Lwm2mRequestKind
from onemo.families.lwm2m.objects import link_to
from onemo.families.lwm2m.observations import Lwm2mObservations, shown_path
from onemo.families.lwm2m.readings import (
    Lwm2mCode,
    Lwm2mReading,
    Lwm2mWrongFormat,
    Path,
    pack,
    printed,
    unpack,
    usual_format,
)
from onemo.families.lwm2m.replies import Lwm2mReplies, Lwm2mUploads
from onemo.net.coap.message import CoapCode, CoapMessage, CoapOption
from onemo.net.lwm2m.links import encode_links, object_path
from onemo.net.lwm2m.values import Lwm2mFormat, Lwm2mMalformed

_FORMATS = frozenset(Lwm2mFormat)


class Lwm2mRefused(Exception):
    """A request that the module refuses, with a code."""

    def __init__(self, code: CoapCode) -> None:
        super().__init__(code)
        self.code = code


class Lwm2mRequests:
    """What requests do. reboots: has the module restart a moment later."""

    def __init__(
        self,
        device: Lwm2mDevice,
        replies: Lwm2mReplies,
        inbox: Lwm2mInbox,
        observations: Lwm2mObservations,
        uploads: Lwm2mUploads,
        reboots: Callable[[], None],
    ) -> None:
        self._device = device
        self._replies = replies
        self._inbox = inbox
        self._observations = observations
        self._uploads = uploads
        self._reboots = reboots
        self._builtin = Lwm2mBuiltin(device)

    def take(self, message: CoapMessage, now: float) -> None:
        """Take a request that was not answered before."""
        if message.mid in self._inbox:
            self._inbox.tell_again(message.mid)
            return
        whole = self._uploads.whole(message)
        if whole is None:
            return
        try:
            self._dispatch(whole, now)
        except Lwm2mRefused as refused:
            self._replies.answer(message, refused.code)
        except Lwm2mWrongFormat:
            self._replies.answer(message, CoapCode.UNSUPPORTED_FORMAT)
        except Lwm2mMalformed:
            self._replies.answer(message, CoapCode.BAD_REQUEST)

    def _dispatch(self, message: CoapMessage, now: float) -> None:
        """Do what a request asks. Raises Lwm2mRefused, Lwm2mMalformed."""
        path = object_path(message.path)
        if path is None or len(path) > 3:
            raise Lwm2mRefused(CoapCode.NOT_FOUND)
        if path[0] == SECURITY:
            raise Lwm2mRefused(CoapCode.UNAUTHORIZED)
        if path[0] in (SERVER, ACCESS):
            raise Lwm2mRefused(CoapCode.METHOD_NOT_ALLOWED)
        if message.code == CoapCode.GET:
            self._get(message, path, now)
            return
        self._require_known(path)
        if message.code == CoapCode.PUT and not message.payload and message.query:
            self._write_attributes(message, path)
        elif (message.code == CoapCode.PUT and len(path) > 1) or (
            message.code == CoapCode.POST and len(path) == 2 and message.payload
        ):
            self._write(message, path, now)
        elif message.code == CoapCode.POST and len(path) == 3:
            self._execute(message, path, now)
        else:
            raise Lwm2mRefused(CoapCode.METHOD_NOT_ALLOWED)

    # Reading.

    def _get(self, message: CoapMessage, path: Path, now: float) -> None:
        accept = message.uint(CoapOption.ACCEPT)
        if self._is_cell(path):
            self._tell_cell(message, accept)
            return
        self._require_there(path)
        if self._replies.next_block(message):
            return
        if accept == Lwm2mFormat.LINK:
            self._discover(message, path)
            return
        if accept is not None and (accept not in _FORMATS or (len(path) < 3 and accept in (0, 42))):
            raise Lwm2mRefused(CoapCode.NOT_ACCEPTABLE)
        form = None if accept is None else Lwm2mFormat(accept)
        observe = message.uint(CoapOption.OBSERVE)
        if observe in (0, 1):
            self._observe(message, path, form, begins=not observe)
            return
        line = self._device.line("MIPLREAD", message.mid, *shown_path(path))
        if readings := self._builtin.readings(path):
            self._device.modem.notify(line)
            self._answer_with(message, path, readings, form)
            return
        self._wait(Lwm2mRequest(Lwm2mRequestKind.READ, message, path, [line]), now)

    def _discover(self, message: CoapMessage, path: Path) -> None:
        self._device.tell("MIPLDISCOVER", message.mid, path[0])
        objects = self._device.objects
        found = [*self._builtin.paths(path), *(objects.paths(path) if objects.knows(path) else ())]
        links = [link_to(each, objects.attributes.get(each)) for each in dict.fromkeys(found)]
        self._replies.answer(message, CoapCode.CONTENT, form=Lwm2mFormat.LINK, payload=encode_links(links))

    def _observe(self, message: CoapMessage, path: Path, form: Lwm2mFormat | None, *, begins: bool) -> None:
        if begins and not self._observations.has_room(path):
            raise Lwm2mRefused(CoapCode.UNAVAILABLE)
        self._device.tell("MIPLOBSERVE", message.mid, int(begins), *shown_path(path))
        number = self._observations.begin(path, message.token, form) if begins else None
        if not begins:
            self._observations.end(path)
        readings = self._builtin.readings(path) or self._device.objects.sent_inside(path)
        self._answer_with(message, path, readings, form, observe=number)

    def _answer_with(
        self,
        message: CoapMessage,
        path: Path,
        readings: Sequence[Lwm2mReading],
        form: Lwm2mFormat | None,
        observe: int | None = None,
    ) -> None:
        chosen = usual_format(path, readings) if form is None else form
        payload = pack(path, readings, chosen)
        self._replies.answer(message, CoapCode.CONTENT, form=chosen, payload=payload, observe=observe)

    def _is_cell(self, path: Path) -> bool:
        server = self._device.target
        return path == (self._device.table.cell_object, 0) and server is not None and server.tells_cell

    def _tell_cell(self, message: CoapMessage, accept: int | None) -> None:
        if accept not in (None, Lwm2mFormat.TEXT):
            raise Lwm2mRefused(CoapCode.NOT_ACCEPTABLE)
        told = self._builtin.cell()
        if told is None:
            raise Lwm2mRefused(CoapCode.NOT_FOUND)
        self._replies.answer(message, CoapCode.CONTENT, form=Lwm2mFormat.TEXT, payload=told)

    # Writing and executing.

    def _write_attributes(self, message: CoapMessage, path: Path) -> None:
        self._require_there(path)
        found, known = read_attributes(path, message.query), self._device.objects.attributes
        if path not in known and len(known) >= self._device.table.most_paths:
            raise Lwm2mRefused(CoapCode.UNAVAILABLE)
        told = ";".join(f"{name}={value}" for name, value in found.items())
        known.setdefault(path, {}).update(found)
        self._device.tell("MIPLPARAMETER", message.mid, *shown_path(path), len(told), told)
        self._replies.answer(message, CoapCode.CHANGED)

    def _write(self, message: CoapMessage, path: Path, now: float) -> None:
        objects, platform = self._device.objects, self._device.platform
        if not objects.knows(path) or (path[0] == FIRMWARE and self._builtin.has(path)):
            raise Lwm2mRefused(CoapCode.METHOD_NOT_ALLOWED)
        opaque = platform in self._device.table.undeclared_opaque
        other = Lwm2mCode.OPAQUE if opaque else Lwm2mCode.HEX
        form = message.uint(CoapOption.CONTENT_FORMAT)
        readings, size = unpack(path, message.payload, form, objects.codes, other)
        lines = [
            self._write_line(message.mid, path[0], reading, _flag(place, len(readings)))
            for place, reading in enumerate(readings)
        ]
        request = Lwm2mRequest(Lwm2mRequestKind.WRITE, message, path, lines, size)
        passed = path[0] == self._device.table.passed_object and platform in self._device.table.self_answered
        if passed or path[0] == DEVICE:
            self._inbox.tell(request)
            self._replies.answer(message, CoapCode.CHANGED)
            return
        self._wait(request, now)

    def _write_line(self, mid: int, number: int, reading: Lwm2mReading, flag: int) -> bytes:
        value = printed(reading)
        place = number, reading.instance, reading.resource
        return self._device.line("MIPLWRITE", mid, *place, int(reading.code), len(value), value, flag)

    def _execute(self, message: CoapMessage, path: Path, now: float) -> None:
        argument = (len(message.payload), b'"' + message.payload + b'"') if message.payload else ()
        line = self._device.line("MIPLEXECUTE", message.mid, *path, *argument)
        request = Lwm2mRequest(Lwm2mRequestKind.EXECUTE, message, path, [line], len(message.payload))
        if path == REBOOT:
            self._inbox.tell(request)
            self._replies.answer(message, CoapCode.CHANGED)
            self._reboots()
            return
        if self._is_own(path):
            raise Lwm2mRefused(CoapCode.METHOD_NOT_ALLOWED)
        self._wait(request, now)

    # Inside.

    def _wait(self, request: Lwm2mRequest, now: float) -> None:
        if (code := self._inbox.add(request, now)) is not None:
            raise Lwm2mRefused(code)

    def _require_known(self, path: Path) -> None:
        if not (self._device.objects.knows(path) or self._builtin.has(path)):
            raise Lwm2mRefused(CoapCode.NOT_FOUND)

    def _require_there(self, path: Path) -> None:
        """Refuse what the module knows not to be there; of what is the DTE's it does not know."""
        self._require_known(path)
        if self._is_own(path) and not self._builtin.readings(path):
            raise Lwm2mRefused(CoapCode.NOT_FOUND)

    def _is_own(self, path: Path) -> bool:
        """Tell whether the module answers for a path: it is of its own objects, and the DTE lists no such resource."""
        objects = self._device.objects
        listed = objects.knows(path) and len(path) == 3 and path[2] in objects.resources(path[0], path[1])
        return self._builtin.has(path) and not listed


def _flag(place: int, count: int) -> int:
    """Return <flag> of a line: 0 the last, 1 the first, 2 one between them."""
    if place == count - 1:
        return 0
    return 1 if place == 0 else 2
