"""What a user has on the card: a file in TOML, laid over the profile's [card]. Every mistake is told at once.

::

    eid = "89033023001211360000000000000001"
    k = "465B5CE8B199B49FAA5F0A2EE238A6BC"
    opc = "CD63CB71954A9F4E48A5994E37A02BAF"

    [files]
    6F3E = "0A"                     # EF_GID1
    6F07 = "084906002143658709"     # what AT+CIMI tells, too
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

from onemo.errors import Mistake, UsageError
from onemo.profile.document import read_toml
from onemo.profile.schema import CardSection, FileContent, FileId, Key128, Profile
from onemo.profile.shape import is_eid, shaped

_MESSAGES = "6F3C"
_LEAST = {_MESSAGES: 176, "6F40": 14, "6F42": 28}
"""The octets of a record that each of these has at least (31.102 4.2)."""
_DIRECTORIES = ("3F00", "7FFF")
_NUMBERS = {"imsi": "6F07", "iccid": "2FE2", "msisdn": "6F40"}


class CardDocument(NamedTuple):
    """The whole file; None: as the profile has it."""

    eid: Annotated[str, is_eid] | None = None
    k: Key128 | None = None
    opc: Key128 | None = None
    files: Mapping[FileId, FileContent] = {}


def with_card_file(profile: Profile, file: Path | CardDocument) -> Profile:
    """Lay what a file says over the card of a profile. Raises UsageError, with every mistake."""
    said = card_document(file)._asdict()
    given = {name: value for name, value in said.items() if value is not None}
    card = profile.card._replace(**{**given, "files": {**profile.card.files, **given["files"]}})
    where = "the card" if isinstance(file, CardDocument) else str(file)
    if problems := [Mistake(where, path.removeprefix("card."), what) for path, what in misfits(card)]:
        raise UsageError("\n".join(map(str, problems)))
    return profile._replace(card=card)


def card_document(file: Path | CardDocument) -> CardDocument:
    """Return what a file says. Raises UsageError, with every mistake."""
    return file if isinstance(file, CardDocument) else _read(file)


def _read(file: Path) -> CardDocument:
    """Read a file. Raises UsageError, with every mistake."""
    document, problems = shaped(CardDocument, read_toml(file))
    if document is None:
        raise UsageError("\n".join(str(Mistake(str(file), ".".join(path), what)) for path, what in problems))
    return document


def without_files_of(profile: Profile, *numbers: str) -> Profile:
    """Have numbers (imsi, iccid, msisdn) come from the identity again: who says them outright means them."""
    hidden = {_NUMBERS[name] for name in numbers}
    files = {name: content for name, content in profile.card.files.items() if name not in hidden}
    return profile._replace(card=profile.card._replace(files=files))


def misfits(card: CardSection) -> Iterator[tuple[str, str]]:
    """Yield what cannot be on a card: the key path in a profile, and the problem."""
    for name, least in _LEAST.items():
        if card.records.get(name, 0) < least:
            yield f"card.records.{name}", f"is {card.records.get(name, 'missing')}, not {least} to 255"
    if len(card.usim) not in range(10, 33):
        yield "card.usim", f"is {len(card.usim) // 2} octets, not 5 to 16"
    named: dict[tuple[bool, int], str] = {}
    for name, short in card.short.items():
        other = named.setdefault((name.startswith("2F"), short), name)
        if other != name:
            yield f"card.short.{name}", f"is {short}, as {other} has it: of one directory each file has its own"
    for name, content in card.files.items():
        size = card.records.get(name, 1)
        if name in _DIRECTORIES:
            yield f"card.files.{name}", "is a directory: give a file's identifier"
        elif name == _MESSAGES:
            yield f"card.files.{name}", "is where the messages are: have texts sent to the module instead"
        elif len(content) // 2 % size or len(content) // 2 // size > 254 * (size > 1) + 0x7FFF * (size == 1):
            told = f"is {len(content) // 2} octets, not 1 to 254 records of {size}"
            yield f"card.files.{name}", told
