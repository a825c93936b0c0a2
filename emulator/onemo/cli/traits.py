"""The traits that tell one series from another, read off the profiles for a reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from onemo.at.family import Family, Trait, either
from onemo.at.registry import declarations, definition, typed
from onemo.families import FAMILIES
from onemo.profile.schema import CommandSection, Profile

_FEW = 5
"""The most parts of a range that are told in full."""
_LAST_CONTEXT = {"ends": "can be deactivated", "returns": "comes back by itself", "stays": "stays active"}


Traits = Mapping[str, Trait]
"""By the question that a trait answers; two models differ where their answers do."""


def traits(profile: Profile) -> Traits:
    """Return the answers of one model, whose commands can be bound."""
    found: dict[str, Trait] = {}
    lacked = [family for family in FAMILIES if not has(profile, family)]
    rest = {name for family in lacked for name in family.commands}
    # A family with traits of its own says itself which values matter.
    themselves = {name for family in FAMILIES if definition(family).traits for name in family.commands}
    for name in declarations(FAMILIES):
        section = profile.commands[name]
        shown = typed(name)
        if section.available:
            found[name] = Trait(f"has {shown}", plain=name not in rest)
            found.update(_inert(name, section) if name in themselves else _range(name, section) | _inert(name, section))
            found[f"{name}.nv"] = either(section.nv, f"keeps {shown}", f"forgets {shown} at a restart")
        elif name not in rest:
            found[name] = Trait(f"no {shown}")
    for family in FAMILIES:
        noun = _noun(family)
        found[f"family {family.name}"] = either(family in lacked, f"no {noun.replace(' and ', ' or ')}", noun)
    for defined in (definition(family) for family in FAMILIES if family not in lacked):
        found.update(defined.traits(profile) if defined.traits else {})
    return {**found, **_behaviour(profile)}


def has(profile: Profile, family: Family) -> bool:
    """Tell whether a model has a family: any of its commands, of one that is a feature half of them."""
    available = sum(profile.commands[name].available for name in family.commands)
    return 2 * available >= len(family.commands) if family.feature else available > 0


def _noun(family: Family) -> str:
    """Return the title of a family as it stands in a sentence: "FTP client", "short messages"."""
    title = family.title.partition(" (")[0].removeprefix("The ")
    first = title.partition(" ")[0]
    ordinary = first == first.capitalize()  # and no name, like FTP or Wi-Fi
    return title[:1].lower() + title[1:] if ordinary else title


def _range(name: str, section: CommandSection) -> dict[str, Trait]:
    """Return the values of a command that has one parameter."""
    if len(section.params) != 1:
        return {}
    ((key, param),) = section.params.items()
    if param.range is None:
        return {}
    return {f"{name}.{key}": Trait(f"{typed(name)} takes {_short(param.range.text)}", plain=True)}


def _inert(name: str, section: CommandSection) -> dict[str, Trait]:
    """Return the parameters that are inert."""
    found: dict[str, Trait] = {}
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


def _behaviour(profile: Profile) -> dict[str, Trait]:
    """Return the ways of the module that no command sets."""
    contexts = profile.contexts
    echo = profile.commands["E"].params["value"].default
    late = profile.power.autobaud and not profile.commands["IPR"].params["rate"].default
    return {
        "clock": either(not profile.clock.start, "no clock until it is set", "a clock from the start"),
        "echo": Trait("echo on at start" if echo else "echo off at start"),
        "banner": either(late, "banner after the first command", "banner at start"),
        "reserved": Trait(f"cid {', '.join(map(str, contexts.reserved))} reserved", plain=not contexts.reserved),
        "call": either(contexts.needs_call, "connections need a data call", "connections need an active context"),
        "last": Trait(f"the last context {_LAST_CONTEXT[contexts.last_context]}"),
        "full": either(profile.radio.full_reboots, "CFUN from 0 to 1 restarts it", "CFUN never restarts it by itself"),
        "minimum": either(profile.radio.resets_contexts, "CFUN=0 deletes contexts", "CFUN=0 keeps contexts"),
        "sleep": either(profile.sleep.drops_tcp, "deep sleep ends TCP", "TCP outlives deep sleep"),
    }


def usual(models: Iterable[Traits]) -> dict[str, Trait]:
    """Return, for each question, the answer that most models give; without those that most have no answer to."""
    models = list(models)
    questions = dict.fromkeys(question for model in models for question in model)
    answers = {
        question: Counter(model.get(question) for model in models).most_common(1)[0][0] for question in questions
    }
    return {question: answer for question, answer in answers.items() if answer is not None}


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
