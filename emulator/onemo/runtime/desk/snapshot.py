"""A snapshot of a module that runs, whatever it does just then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onemo.errors import UsageError
from onemo.runtime.desk.operation import DeskOperation, Values
from onemo.runtime.snapshot import FORMAT, OWN, VERSION, SnapshotDocument, TakenSnapshot

if TYPE_CHECKING:  # ctl has the declarations alone
    from onemo.modem.modem import Modem
    from onemo.runtime.controls import ModuleControls
    from onemo.runtime.spec import Spec


def take_snapshot(controls: ModuleControls) -> TakenSnapshot:
    """Return all that a module has at one moment; its connections go on."""
    return controls._do(lambda modem, now: capture(controls.spec, modem, now))


def capture(spec: Spec, modem: Modem, now: float) -> TakenSnapshot:
    """Return all that a module has now, between two steps. spec: as it was asked for."""
    from onemo.runtime.restoring import state_of

    state = state_of(modem, now)
    document = SnapshotDocument(
        format=FORMAT,
        version=VERSION,
        model=modem.profile.series,
        sub_model=modem.profile.sub_model,
        revision=modem.revision,
        options=_options(spec),
        card=_card(spec),
        **{**state._asdict(), "contents": {}},
    )
    return TakenSnapshot(document, state.contents)


def save_snapshot(controls: ModuleControls, file: Path) -> Path:
    """Write a snapshot to a file, its owner's alone; return the file. Raises UsageError: it cannot be written."""
    from onemo.runtime.files import write_own

    taken = take_snapshot(controls)
    try:
        write_own(file, taken.pieces())
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}: name a file that can be written") from error
    return file


def _options(spec: Spec) -> dict[str, Any]:
    """Return the options that make the module the one that it is, as far as they were given."""
    own = spec.overrides
    given = {name: getattr(own, name) for name in OWN if name != "no_sim"}
    said = {name: value for name, value in given.items() if value is not None}
    return said if own.sim else {**said, "no_sim": True}


def _card(spec: Spec) -> dict[str, Any]:
    """Return what is on the card, as far as it was given."""
    if spec.overrides.card is None:
        return {}
    from onemo.profile.card import card_document

    said = card_document(spec.overrides.card)._asdict()
    return {name: value for name, value in said.items() if value is not None}


def _take(controls: ModuleControls, values: Values) -> Iterator[bytes]:
    return take_snapshot(controls).pieces()


SNAPSHOT = DeskOperation(
    command="snapshot",
    about="Write all that a module has to a file, with which run --restore starts one: NV, files, certificates, card, "
    "waiting texts and settings, but no connection.",
    method="GET",
    path="/snapshot",
    keys=(),
    act=_take,
    result=SnapshotDocument,
    example="snapshot --out module.snapshot",
    saves=True,
)
