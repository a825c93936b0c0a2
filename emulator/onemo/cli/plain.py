"""The short way into ``run``: options as they are written nearly always, read without the CLI library.

Importing that and telling it of the options takes a fifth of a start. This way understands less, and nothing else: of
words that it does not understand in full, the library says what they are or what is wrong with them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from onemo.runtime.options import OPTIONS, ModuleOptions, OptionType

_OPTIONS = {option.flag: option for option in OPTIONS.values() if option.run}
_FLAGS = {
    word: (option.flag, value)
    for option in _OPTIONS.values()
    if option.type is OptionType.FLAG
    for word, value in ((option.flag, True), (option.short, True), (f"--no-{option.flag[2:]}", False))
    if word and (value or option.negative)
}


def plain(words: Sequence[str]) -> ModuleOptions | None:
    """Return the options that the words behind ``run`` ask for. None: the library has to read them."""
    given: dict[str, Any] = {}
    try:
        for flag, value in _read(iter(words)):
            option = _OPTIONS[flag]
            if option.several:
                given[option.name] = (*given.get(option.name, ()), value)
            elif option.name not in given:
                given[option.name] = value
            else:
                return None
    except (ValueError, LookupError):
        return None
    for option in _OPTIONS.values():
        if option.variable in os.environ and option.name not in given:
            given[option.name] = option.read(os.environ[option.variable])
    return ModuleOptions(**given)


def _read(words: Iterator[str]) -> Iterator[tuple[str, object]]:
    """Yield each option's flag and its value. Raises ValueError or LookupError for what is not plain."""
    for word in words:
        if word in _FLAGS:
            yield _FLAGS[word]
            continue
        flag, equals, text = word.partition("=") if word.startswith("-") else (OPTIONS["model"].flag, "=", word)
        text = text if equals else next(words, "-")
        if text.startswith("-") or not text.isprintable() or _OPTIONS[flag].type is OptionType.FLAG:
            raise ValueError
        yield flag, _OPTIONS[flag].read(text)
