"""The answers of the device: with their options, and in blocks where they are long (RFC 7959)."""

from __future__ import annotations

from collections.abc import Callable

from onemo.families.lwm2m.link import Lwm2mChannel
from onemo.families.lwm2m.profile import Lwm2mSection
from onemo.net.coap.blocks import CoapBlock, CoapUpload, cut_block, decode_block
from onemo.net.coap.message import CoapCode, CoapMalformed, CoapMessage, CoapOption, uint_option
from onemo.net.lwm2m.values import Lwm2mFormat

_KNOWN = (CoapOption.URI_HOST, CoapOption.URI_PORT, CoapOption.URI_PATH, CoapOption.URI_QUERY, CoapOption.ACCEPT,
          CoapOption.BLOCK1, CoapOption.BLOCK2)  # fmt: skip
"""The critical options that are understood; those with an odd number are critical (RFC 7252 5.4.6)."""


class Lwm2mReplies:
    """The answers of one login; the last long one is kept for the blocks that are asked for."""

    def __init__(self, link: Lwm2mChannel, table: Lwm2mSection) -> None:
        self._link = link
        self._table = table
        self._long: tuple[tuple[str, ...], bytes, Lwm2mFormat | None] | None = None

    def clear(self) -> None:
        """Forget the long answer."""
        self._long = None

    def answer(
        self,
        request: CoapMessage,
        code: CoapCode,
        *,
        form: Lwm2mFormat | None = None,
        payload: bytes = b"",
        observe: int | None = None,
        sent: Callable[[bool], None] | None = None,
    ) -> None:
        """Answer a request, whose blocks are well-formed.

        form: of the payload, told where there is one; sent: hears whether the host took it.
        """
        options = [(CoapOption.BLOCK1.value, value) for value in request.all(CoapOption.BLOCK1)[:1]]
        if observe is not None:
            options.append(uint_option(CoapOption.OBSERVE, observe))
        wanted = [decode_block(value) for value in request.all(CoapOption.BLOCK2)[:1]]
        size = min([self._table.block, *(block.size for block in wanted)])
        if code == CoapCode.CONTENT and len(payload) > (size if wanted else self._table.longest_answer):
            self._long = request.path, payload, form
            self._send_block(request, code, CoapBlock(0, more=True, size=size), options, sent)
            return
        if form is not None and payload:
            options.append(uint_option(CoapOption.CONTENT_FORMAT, form))
        self._link.answer(request, code, options, payload, sent)

    def refuse(self, request: CoapMessage, code: CoapCode) -> None:
        """Answer a request, whose options need not be well-formed, with nothing but a code."""
        self._link.answer(request, code)

    def next_block(self, request: CoapMessage) -> bool:
        """Answer a request for a later block of the long answer; return whether it was one."""
        wanted = [decode_block(value) for value in request.all(CoapOption.BLOCK2)[:1]]
        if not wanted or wanted[0].number == 0:
            return False
        if self._long is None or self._long[0] != request.path:
            self._link.answer(request, CoapCode.INCOMPLETE)
        else:
            self._send_block(request, CoapCode.CONTENT, wanted[0], [], None)
        return True

    def _send_block(
        self,
        request: CoapMessage,
        code: CoapCode,
        wanted: CoapBlock,
        options: list[tuple[int, bytes]],
        sent: Callable[[bool], None] | None,
    ) -> None:
        assert self._long is not None
        _, payload, form = self._long
        cut = cut_block(payload, wanted)
        if cut is None:
            self._link.answer(request, CoapCode.BAD_REQUEST)
            return
        data, block = cut
        if form is not None:
            options.append(uint_option(CoapOption.CONTENT_FORMAT, form))
        options.append((CoapOption.BLOCK2.value, block.encode()))
        self._link.answer(request, code, options, data, sent)


class Lwm2mUploads:
    """The requests of one server as they come, in blocks or whole. most: bytes of a payload."""

    def __init__(self, replies: Lwm2mReplies, most: int) -> None:
        self._replies = replies
        self._most = most
        self._upload: tuple[tuple[int, tuple[str, ...]], CoapUpload] | None = None

    def clear(self) -> None:
        """Forget a payload that has not come whole."""
        self._upload = None

    def whole(self, message: CoapMessage) -> CoapMessage | None:
        """Return a request with its whole payload; None: it is answered, for its options are wrong or more follows."""
        blocks = [value for number in (CoapOption.BLOCK1, CoapOption.BLOCK2) for value in message.all(number)[:1]]
        try:
            for value in blocks:
                decode_block(value)
        except CoapMalformed:
            self._replies.refuse(message, CoapCode.BAD_REQUEST)
            return None
        if any(number % 2 and number not in _KNOWN for number, _ in message.options):
            self._replies.refuse(message, CoapCode.BAD_OPTION)
            return None
        return self._with_block(message, decode_block(blocks[0])) if message.all(CoapOption.BLOCK1) else message

    def _with_block(self, message: CoapMessage, block: CoapBlock) -> CoapMessage | None:
        key = message.code, message.path
        if self._upload is None or self._upload[0] != key:
            self._upload = key, CoapUpload(self._most)
        answer = self._upload[1].take(block, message.payload)
        if answer is None:
            payload = bytes(self._upload[1].payload)
            self._upload = None
            return message._replace(payload=payload)
        if answer is not CoapCode.CONTINUE:
            self._upload = None
        self._replies.answer(message, answer)
        return None
