"""Writes docs/faults.md: every kind of fault with its keys, and how every error number and URC is reached.

``.venv/bin/python -m scripts.fault_pages``; a test fails while the file is not what this would write.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from onemo.families.sockets.profile import OPEN_RESULTS, OpenResultSection
from onemo.faults.kind import COMMON, SCOPES, FaultKey, FaultKind, Layer, Type
from onemo.faults.kinds import KINDS, OPEN_FAILURES
from onemo.faults.presets import PRESETS
from onemo.runtime.models import Model, load_model

FILE = Path(__file__).resolve().parent.parent / "docs" / "faults.md"
_WAYS = Path(__file__).with_name("fault_ways.toml")
_FAMILIES = {"Cat.1": "ML307R", "NB": "MN316"}
_TYPES = {
    Type.INTEGER: "number",
    Type.NUMBER: "number",
    Type.SECONDS: "time",
    Type.MOMENT: "count or time",
    Type.TEXT: "text",
    Type.CHOICE: "",
    Type.BYTES: "bytes",
}
_INTRO = """\
# Faults

To install the emulator: `pipx install './onemo-emulator[control,tls]'`, or uvx or pip ([install](install.md)).

This page is made by `python -m scripts.fault_pages` from the declarations in `emulator/onemo`; a test compares them.

A fault is said in one line, `KIND key=value …`: on the command line (`--fault`, which may be repeated), in a scenario
(`do = "…"`), or as a table of TOML with the same keys and `kind`.

```sh
onemo-emulator run --fault 'net-reset operation=send after=2'       # the network dies at the third piece sent
onemo-emulator run --fault 'sim-remove after=5s for_seconds=10'     # the card is gone for ten seconds
onemo-emulator run --fault hostile --seed 7                         # one of those ready-made
onemo-emulator run --scenario drive.toml                            # one after another
```

A value with blanks stands in quotes. A time is `2.5s`, `200ms` or `2.5`; bytes are text in which `\\r`, `\\n`, `\\t`,
`\\\\` and `\\xHH` stand for others, and those of `contains` are a [pattern](transcripts.md#patterns). At the end of the
run stderr tells of each fault whether it fired, how often and when first; the trace has a `fault` event each time. Each
fault has dice of its own: with the same `--seed` and the same faults in the same order, the same matches of a fault
fire again. What counts as a match on the line is what one read or write carries, which depends on the DTE's timing.

"""
_LAYERS = {
    Layer.LINE: "The line between the DTE and the module, under everything else.",
    Layer.COMMAND: "A match is a command that is about to be carried out, also one of several in a line.",
    Layer.URC: "A match is a URC on its way to the DTE. What is late, or waits for its place, is let go\n"
    "with the fault.",
    Layer.NETWORK: "A match is an operation on the network; of a connection, each piece that is sent or received.",
    Layer.NAMES: "A match is a name that is resolved; an address is none.",
    Layer.HTTP: "A match is an answer that begins to come to the module's HTTP client, of any server; of\n"
    "`http-urc-bare` a URC that tells some of it. The faults of the network act on these connections as well.",
    Layer.MQTT: "A match is a whole packet (up to 64 KiB) that a broker sends to the module's MQTT client; of\n"
    "`mqtt-vanish` one of the client's as well. The faults of the network act on these connections as well.",
    Layer.FTP: "A match is a server's first reply to a command, or to nobody: its greeting; of `ftp-stall` what\n"
    "begins to come on a data connection. The faults of the network act on both kinds of connections as well.",
    Layer.LWM2M: "A match is a message that a server sends to the module's LwM2M client; `path` is that of the\n"
    "request which it is or answers. The faults of the network act on these messages as well.",
    Layer.TEXT: "A match is a message that the module hands to its centre, or a report or text that the\n"
    "centre has for it. A model without short messages takes none of them.",
    Layer.CARD: "A match is a command to the card: AT+CRSM, CSIM, CCHO, CGLA, and what the module reads of it itself\n"
    "(AT+CIMI, MCCID, CNUM, CPOL, CSCA).",
    Layer.EVENT: "What happens to the module: at a time, or on an occasion (`on`). On a command it happens before\n"
    "that is carried out, and one that ends the boot cycle leaves it unanswered; on anything else as soon as that is\n"
    "over. When the fault is taken out, or its `for_seconds` are over, what has a way back is undone.",
}
_SCENARIO = """\
## Scenarios

A file of TOML for `--scenario`: steps, each of which arms faults. `do` is what would follow `--fault`. `at` is the time
from when the step begins, as `after=` of the fault; `on` is the occasion of an event; `after` is the name of a step
before: this one begins when that has fired.

```toml
# drive.toml
[[step]]
name = "tunnel"
at = "2.5s"
do = "registration-lost for_seconds=3"

[[step]]
after = "tunnel"
do = "urc-drop urc=MIPOPEN times=1"

[[step]]
on = "command:MIPSEND"
do = "reboot"
```
"""


@cache
def ways() -> Mapping[str, Any]:
    """Read how every error number and URC is reached."""
    return tomllib.loads(_WAYS.read_text(encoding="utf-8"))


def page() -> str:
    """Make the whole text of docs/faults.md."""
    return "\n".join([*_parts()]) + "\n"


def _parts() -> Iterator[str]:
    yield _INTRO
    yield from _kinds()
    yield "\n## Keys of every fault\n"
    yield from _keys(COMMON)
    yield "\n## Keys that say which occasions\n"
    yield from _keys(SCOPES.values())
    for layer in Layer:
        yield f"\n## Faults of {layer.value}\n"
        yield _LAYERS[layer]
        for kind in KINDS.values():
            if kind.layer is layer:
                yield from _kind(kind)
    yield "\n## Ready-made\n"
    yield "Their keys overrule those that they stand for: `open-late seconds=30s connect_id=1`.\n"
    for name, preset in PRESETS.items():
        yield f"- `{name}`: {preset.about}"
        yield from (f"  - `{fault}`" for fault in preset.faults)
    yield f"\n{_SCENARIO}"
    yield from _reached()


def _kinds() -> Iterator[str]:
    """Yield the table of all kinds, each with a link to its section."""
    yield "## Kinds\n"
    kinds = {layer: [name for name, kind in KINDS.items() if kind.layer is layer] for layer in Layer}
    links = ((layer.value, ", ".join(f"[`{name}`](#{name})" for name in names)) for layer, names in kinds.items())
    yield from _table(("Faults of", "Kinds"), links)
    yield "\n[Ready-made](#ready-made) ones have several under one name; `hostile` has most of them."


def _keys(keys: Iterable[FaultKey]) -> Iterator[str]:
    yield from _table(("Key", "Value", "Default", ""), (_key(key) for key in keys))


def _key(key: FaultKey) -> tuple[str, ...]:
    value = _TYPES[key.type] or ", ".join(f"`{choice}`" for choice in key.choices)
    if key.type in (Type.INTEGER, Type.NUMBER):
        value = f"{key.low:g} to {key.high:g}" if key.high < float("inf") else f"{key.low:g} up"
    if key.of_index:
        value = "as the model has it"
    default = "must be given" if key.required else "" if key.default in (None, b"", "") else f"`{_shown(key)}`"
    return f"`{key.name}`", value, default, key.about


def _shown(key: FaultKey) -> str:
    return f"{key.default:g}s" if key.type is Type.SECONDS and isinstance(key.default, float) else str(key.default)


def _kind(kind: FaultKind) -> Iterator[str]:
    yield f"\n### {kind.name}\n"
    notes = [kind.about]
    if kind.once:
        notes.append("Once, unless `times` says otherwise.")
    if kind.undo:
        notes.append(f"Undone by `{kind.undo}`.")
    yield " ".join(notes) + f" Example: `{kind.example}`\n"
    if kind.scope:
        yield f"Which occasions: {', '.join(f'`{name}`' for name in kind.scope)}.\n"
    if kind.keys:
        yield from _keys(kind.keys)


def _reached() -> Iterator[str]:
    yield "## How every error number is reached\n"
    yield (
        "`command-answer command=…` with `cme=N`, `cms=N` or `cis=N` answers any command so. By itself it comes\n"
        "about so, and where nothing stands, it does not:\n"
    )
    models = {family: load_model(name) for family, name in _FAMILIES.items()}
    for result in ("CME", "CMS", "CIS"):
        errors = models["Cat.1"].whole().errors.items()
        own, numbers = ways()[result.lower()], {code.key: entry for code, entry in errors if code.result == result}
        rows = sorted((number, text, own[key]) for key, (number, text) in numbers.items())
        yield from _table((f"+{result} ERROR", "Text", "By itself"), ((str(n), text, way) for n, text, way in rows))
        yield ""
    yield "## How every result of AT+MIPOPEN is reached\n"
    yield "Any other number: `urc-replace urc=MIPOPEN text='+MIPOPEN: {id},N'`.\n"
    yield from _table(("Why", *_FAMILIES, "How"), _open_rows())
    yield "\n## How every URC is reached\n"
    yield "`urc text='…'` tells any text. The faults here bring these about, or act on them:\n"
    urcs = ways()["urc"]
    yield from _table(("URC", "By itself", "Fault"), ((f"`{u['said']}`", u["way"], f"`{u['fault']}`") for u in urcs))


def _open_rows() -> Iterator[tuple[str, ...]]:
    models = [load_model(name).whole() for name in _FAMILIES.values()]
    for failure in OpenResultSection._fields:
        if failure == "source":
            continue
        typed = failure.replace("_", "-")
        way = f"`net-refuse failure={typed}`" if typed in OPEN_FAILURES else ways()["open"][failure]
        yield failure.replace("_", " "), *(str(open_number(model, failure)) for model in models), way


def open_number(model: Model, failure: str) -> int:
    """Return the <result> of AT+MIPOPEN for a failure."""
    named = getattr(model.profile.table(OPEN_RESULTS), failure)
    numbers = {code.key: number for code, (number, _) in model.errors.items()}
    return named if isinstance(named, int) else numbers[named]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
