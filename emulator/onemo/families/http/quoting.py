"""The text of a command that may hold quotes: HEADER's, CONTENT's, a path, a field (guide fn 16 and 20)."""

from __future__ import annotations

from collections.abc import Callable

from onemo.at.grammar import TextPlace
from onemo.at.payload import SendFormat
from onemo.families.http.profile import HTTP_CLIENT
from onemo.families.http.settings import HTTPID, TEXT_FORMS
from onemo.modem.modem import Modem


def text_place(place: int) -> Callable[[Modem, bytes], TextPlace]:
    """Make the rule of a command whose text stands at place; its httpid is the first number before that."""

    def rule(modem: Modem, typed: bytes) -> TextPlace:
        ids = modem.profile.params[HTTPID].range or ()
        numbers = [each for each in typed.split(b",", place)[:place] if each.strip().isdigit()]
        httpid = int(numbers[0]) if numbers and len(numbers[0]) <= 3 else -1
        form = modem.settings.effective(TEXT_FORMS, httpid).input_format if httpid in ids else SendFormat.ASCII
        inner = modem.profile.table(HTTP_CLIENT).inner_quotes
        return TextPlace(place, escapes=form == SendFormat.ESCAPED, inner=inner)

    return rule
