"""The text of a command that may hold quotes: HEADER's, CONTENT's, a path, a field (guide fn 16 and 20)."""

from __future__ import annotations

from onemo.at.grammar import Arguments, QuoteInside, TextPlace, arguments
from onemo.at.outcome import Split
from onemo.at.payload import SendFormat
from onemo.at.reply import Cme, CommandError
from onemo.families.http.profile import HTTP_CLIENT
from onemo.families.http.settings import HTTPID, TEXT_FORMS
from onemo.modem.modem import Modem


def with_text(place: int) -> Split[Modem]:
    """Make the reading of a command whose text stands at place; its httpid is the first number before that.

    It raises CommandError: INCORRECT_PARAMETERS, a quote where the text may hold none.
    """

    def split(modem: Modem, line: bytes, position: int) -> tuple[Arguments, int]:
        ids = modem.profile.params[HTTPID].range or ()
        numbers = [each for each in line[position:].split(b",", place)[:place] if each.strip().isdigit()]
        httpid = int(numbers[0]) if numbers and len(numbers[0]) <= 3 else -1
        form = modem.settings.effective(TEXT_FORMS, httpid).input_format if httpid in ids else SendFormat.ASCII
        inner = modem.profile.table(HTTP_CLIENT).inner_quotes
        try:
            return arguments(line, position, text=TextPlace(place, form == SendFormat.ESCAPED, inner))
        except QuoteInside as error:
            raise CommandError(Cme.INCORRECT_PARAMETERS) from error

    return split
