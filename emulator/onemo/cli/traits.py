"""The traits that tell one series from another, read off the profiles for a reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from onemo.at.command import is_basic
from onemo.profile.schema import CommandSection, ParamSection, Profile

_FEW = 5
"""The most parts of a range that are told in full."""


class Trait(NamedTuple):
    """A trait.

    phrase: what a reader is told; plain: nothing to tell of a whole family, only of a model that differs.
    """

    phrase: str
    plain: bool = False


Traits = Mapping[str, Trait]
"""By the question that a trait answers; two models differ where their answers do."""


def typed(name: str) -> str:
    """Return a command as it is typed: ``ATE``, ``AT+MIPOPEN``."""
    return f"AT{name}" if is_basic(name) else f"AT+{name}"


def traits(profile: Profile) -> Traits:
    """Return the answers of one model, whose commands can be bound."""
    found: dict[str, Trait] = {}
    for name, section in profile.commands.items():
        shown = typed(name)
        found[name] = Trait(f"has {shown}", plain=True) if section.available else Trait(f"no {shown}")
        if section.available:
            found.update(_parameters(name, section))
            found[f"{name}.nv"] = _either(section.nv, f"keeps {typed(name)}", f"forgets {typed(name)} at a restart")
    return {**found, **_settings(profile), **_behaviour(profile)}


def _parameters(name: str, section: CommandSection) -> dict[str, Trait]:
    """Return the values of commands that have one parameter, and the parameters that are inert."""
    found: dict[str, Trait] = {}
    if len(section.params) == 1 and not name.startswith("MIP"):
        ((key, param),) = section.params.items()
        if param.range is not None:
            found[f"{name}.{key}"] = Trait(f"{typed(name)} takes {_short(param.range.text)}", plain=True)
    offered = [section.keys[key].params for key in section.offers or ()]
    for params in (section.params, *offered):
        for key, param in params.items():
            works = not (param.inert and param.available)
            found[f"{name}.{key}.inert"] = Trait(f"{name} {key} {'works' if works else 'is inert'}", plain=works)
    return found


def _short(ranges: str) -> str:
    """Shorten a long list of ranges: ``0,4800,9600,...,921600``."""
    parts = ranges.split(",")
    return ranges if len(parts) <= _FEW else ",".join((*parts[:3], "...", parts[-1]))


def _settings(profile: Profile) -> dict[str, Trait]:
    section = profile.commands["MIPCFG"]
    offers = section.offers or ()
    found = {"offers": Trait(f"MIPCFG with {', '.join(offers)}")}
    if "timeout" in offers:
        limits = _param(profile, section.keys["timeout"].params, "send_timeout").range
        found["timeout"] = Trait(f"send timeout {limits.text} s" if limits else "no send timeout")
    return found


def _behaviour(profile: Profile) -> dict[str, Trait]:
    """Return the ways of the module that no command sets."""
    connection, contexts = profile.connection, profile.contexts
    echo = _param(profile, profile.commands["E"].params, "value").default
    cids = _param(profile, profile.commands["MIPCFG"].keys["cid"].params, "cid").range
    inline = connection.inline_data == "required"
    return {
        "clock": _either(not profile.clock.start, "no clock until it is set", "a clock from the start"),
        "echo": Trait("echo on at start" if echo else "echo off at start"),
        "banner": Trait("banner after the first command" if profile.power.autobaud else "banner at start"),
        "inline": _either(inline, "MIPSEND only with its data in the line", "MIPSEND also without data in the line"),
        "empty": _either(connection.empty_datagram, "sends empty datagrams", "no empty datagrams"),
        "close": Trait(_closing(profile)),
        "window": Trait(f"TCP window {connection.tcp_window}"),
        "packets": Trait(f"buffers {connection.packets} packets"),
        "cid": Trait(f"PDP contexts {cids.text}" if cids else "no PDP contexts"),
        "reserved": Trait(f"cid {', '.join(map(str, contexts.reserved))} reserved", plain=not contexts.reserved),
        "call": _either(contexts.needs_call, "connections need a data call", "connections need an active context"),
        "last": _either(contexts.last_stays, "one context stays active", "the last context can be deactivated"),
        "full": _either(profile.radio.full_reboots, "CFUN from 0 to 1 restarts it", "CFUN never restarts it by itself"),
        "minimum": _either(profile.radio.resets_contexts, "CFUN=0 deletes contexts", "CFUN=0 keeps contexts"),
        "sleep": _either(profile.sleep.drops_tcp, "deep sleep ends TCP", "TCP outlives deep sleep"),
    }


def _param(profile: Profile, params: Mapping[str, ParamSection], name: str) -> ParamSection:
    """Return a parameter of a command, or the one of this name that many commands share."""
    return params.get(name) or profile.params[name]


def _either(answer: bool, told: str, plain: str) -> Trait:
    return Trait(told) if answer else Trait(plain, plain=True)


def _closing(profile: Profile) -> str:
    mode = _param(profile, profile.commands["MIPCLOSE"].params, "mode")
    if mode.available and mode.range:
        return f"MIPCLOSE takes mode {mode.range.text}"
    how = profile.close_modes[str(mode.default)]
    words = {"drain": "closes once all is sent", "now": "closes without waiting for the rest", "reset": "closes by RST"}
    return words[how.way] + (", port free after 2 MSL" if how.waits else "")


def usual(models: Iterable[Traits]) -> dict[str, Trait]:
    """Return, for each question, the answer that most models give."""
    models = list(models)
    questions = dict.fromkeys(question for model in models for question in model)
    return {
        question: Counter(model[question] for model in models if question in model).most_common(1)[0][0]
        for question in questions
    }


def told(family: Traits) -> list[str]:
    """Return the phrases for a whole family, without commands that it lacks."""
    lacking = {question for question, trait in family.items() if trait.phrase == f"no {typed(question)}"}
    return gathered(
        trait.phrase
        for question, trait in family.items()
        if not trait.plain and question.partition(".")[0] not in lacking - {question}
    )


def apart(model: Traits, others: Traits) -> list[str]:
    """Return the phrases in which a model differs from others; what it lacks comes last, in one phrase."""
    return gathered(
        trait.phrase
        for question, trait in model.items()
        if others.get(question, trait if trait.plain else None) != trait
    )


def gathered(phrases: Iterable[str]) -> list[str]:
    """Join phrases: "no ATA" and "no ATB" are "no ATA, ATB", at the end, and so are "has" and "keeps"."""
    phrases = list(phrases)
    result = [phrase for phrase in phrases if not phrase.startswith(("no AT", "has AT", "keeps AT"))]
    for word in ("keeps ", "has ", "no "):
        names = [phrase.removeprefix(word) for phrase in phrases if phrase.startswith(word + "AT")]
        if names:
            result.append(word + ", ".join(names))
    return result
