"""The questions of ``record --session fidelity``: what a real module is asked that here was only decided.

Two kinds. The forms ``=?`` and ``?`` of every command that the profile has a decided value of are derived from the
profile; what takes more than that is a row of ``QUESTIONS``. None sends a message, dials, needs the network, or tries
a PIN; what one changes it names, so that it is put back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from onemo.at.grammar import Form
from onemo.at.registry import typed
from onemo.profile.layers import KeyPath
from onemo.profile.loader import LoadedProfile
from onemo.runtime.models import Model

_DECIDED = re.compile(r"\bdecided\b")
_PRIVATE = frozenset({"CGAUTH", "CGDCONT", "MDIALUPCFG", "MFWCFG", "MIPLFOTACFG"})
"""Commands whose ``?`` tells the names and passwords of their owner: it is not asked."""
_MASKED = frozenset({"MSSLKEYWR"})
"""Commands of which a transcript has asterisks alone."""


class FidelityQuestion(NamedTuple):
    """Lines that settle values of a profile.

    settles: where those values stand, as the start of their key path in dots; about: in words. lines: what is typed, as
    in a transcript, but that a command needs no mark. keeps: commands of settings, which are read first and put back at
    the end. undo: typed at the end where any of the lines was answered OK.
    """

    settles: str
    about: str
    lines: tuple[str, ...]
    keeps: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()


_FAILING = (
    "AT+MIPSTATE=99",
    "AT+MIPCLOSE=5",
    'AT+MQTTUNSUB=0,"onemo-none"',
    'AT+MFOPEN="onemo-none",0',
    'AT+MFDELETE="onemo-none"',
    "AT+MFCLOSE=9",
    "AT+MIPLUPDATE=0",
    "AT+CMGR=65535",
)
"""Each fails on a module that is at rest."""
QUESTIONS: tuple[FidelityQuestion, ...] = (
    FidelityQuestion("cme", "the number of each error", ("AT+CMEE=1", *_FAILING), ("CMEE",)),
    FidelityQuestion("cme", "the English text of each error", ("AT+CMEE=2", *_FAILING), ("CMEE",)),
    FidelityQuestion("line.max_line", "whether a line of 8202 characters is too long", ("AT" + "E0" * 4100,)),
    FidelityQuestion(
        "line.prompt", "the bytes of the prompt, and of its end by ESC", ("AT+CMGS=20", r">> \x1b"), ("CMGF",)
    ),
    FidelityQuestion("operators.names", "the names of the operators", ("AT+COPN",)),
    FidelityQuestion("bearers", "what the bearer is told to be", ("AT+CGEQOSRDP", "AT+CGEQOSRDP=1")),
    FidelityQuestion("commands.CLCK", "which locks there are", ('AT+CLCK="SC",2', 'AT+CLCK="PF",2', 'AT+CLCK="FD",2')),
    FidelityQuestion("commands.CGCLASS", "a class that is not granted", ('AT+CGCLASS="B"',), ("CGCLASS",)),
    FidelityQuestion("commands.MIPCALL", "the error of a context that cannot be", ("AT+MIPCALL=1,99",)),
    FidelityQuestion(
        "commands.MIPOPEN.params.address",
        "whether a name of 256 characters is too long",
        (f'AT+MIPOPEN=0,"TCP","{"a" * 256}",7',),
        undo=("AT+MIPCLOSE=0",),
    ),
    FidelityQuestion(
        "commands.MSSLCFG",
        "the defaults of a TLS session that nobody has set",
        ('AT+MSSLCFG="version",5', 'AT+MSSLCFG="ciphersuite",5'),
    ),
    FidelityQuestion("files.size", "the room of the file store", ("AT+MFSINFO",)),
    FidelityQuestion(
        "files.longest_path", "whether a path of 300 characters is too long", (f'AT+MFSIZE="{"a" * 300}"',)
    ),
    FidelityQuestion("commands.MFREAD", "the error of a length that cannot be", ("AT+MFREAD=9,2147483648",)),
    FidelityQuestion(
        "contexts.events",
        "what is told when the radio goes off and on again",
        ("AT+CGEREP=2,1", "AT+CFUN=4", "wait 3", "AT+CFUN=1", "wait 10"),
        ("CGEREP", "CFUN"),
    ),
)


def is_decided(source: str) -> bool:
    """Tell whether the source of a value says that it, or a part of it, was only decided."""
    return _DECIDED.search(source) is not None


def asked(models: Sequence[tuple[LoadedProfile, Model]]) -> list[FidelityQuestion]:
    """Return the questions whose answers are decided on any of these models, in order."""
    decided = [path for loaded, _ in models for path, origin in loaded.origins.items() if is_decided(origin.source)]
    names = sorted({path[1] for path in decided if path[0] == "commands"} - _MASKED)
    derived = [question for name in names if (question := _forms(name, [model for _, model in models]))]
    return [*(question for question in QUESTIONS if settled(question, decided)), *derived]


def settled(question: FidelityQuestion, decided: Iterable[KeyPath]) -> bool:
    """Tell whether any of the decided values is one that the question settles."""
    wanted = tuple(question.settles.split("."))
    return any(tuple(path[: len(wanted)]) == wanted for path in decided)


def _forms(name: str, models: Iterable[Model]) -> FidelityQuestion | None:
    """Make the question of the forms =? and ? of a command; None: no model has them."""
    bound = [command for model in models if (command := model.command(name.encode())) is not None]
    lines = tuple(f"{typed(name)}{form.value}" for form in _safe(name) if any(form in each.forms for each in bound))
    return FidelityQuestion(f"commands.{name}", f"the ranges and settings of {typed(name)}", lines) if lines else None


def _safe(name: str) -> Iterator[Form]:
    yield Form.TEST
    if name not in _PRIVATE:
        yield Form.READ
